"""Rasa projects: ``import rasa PATH`` reads a file or folder, ``export rasa FOLDER`` writes one.

Reads the NLU examples with their entities, the responses and which intents they answer, and from
domain and regexes the slots that the desk can ask for. Everything else is listed.
"""

from pathlib import Path
from typing import Any

from index.records import OUT_OF_SCOPE, SENTIMENTS
from service.records.content import Example, Intent
from service.transfer.pieces import (
    GROUP,
    Found,
    Imported,
    Names,
    Options,
    is_outside,
    name_from,
    new_intent,
    valid_names,
)
from service.transfer.placed import Fields, Text, wrong_kind
from service.transfer.rasa_export import write
from service.transfer.rasa_files import read_project
from service.transfer.rasa_nlu import Nlu, read_nlu
from service.transfer.rasa_responses import Responses, read_responses
from service.transfer.rasa_slots import read_slots
from service.transfer.rasa_text import annotations

__all__ = ["read", "write"]

FALLBACK = "nlu_fallback"
OWN = ("session_start", "restart", "back", FALLBACK)  # intents that every Rasa bot has
SPLITS = ("train", "valid", "test")


def read(path: Path, options: Options) -> Imported:
    """Content of the project; ``ContentError`` names file, line and field of a mistake."""
    project = read_project(path)
    nlu = read_nlu(project)
    originals = dict(nlu.intents)
    for file, entry, line in project.lists("intents"):
        name = _name_in(file, entry, line, "intents")
        originals.setdefault(name, f"{file}:{line}")
        if isinstance(entry, Fields):
            nlu.tally.add(f"options of intent {name}", f"{file}:{line}", "the desk has none")
    inside = _inside(originals, nlu)
    names = Names("intent", valid_names(inside))
    labels = Names("entity", valid_names(_labels(nlu)))
    intents = [_intent(name, names, where) for name, where in inside.items()]
    examples = _examples(nlu, names, labels)
    by_name = {name: names.of(name) for name in inside}
    by_name |= {name: OUT_OF_SCOPE for name in originals if _is_outside(name)}
    by_name |= {OUT_OF_SCOPE: OUT_OF_SCOPE, FALLBACK: FALLBACK}
    slots = read_slots(project, nlu.regexes, set(_labels(nlu)), set(originals))
    known = options.variables | {found.record.name for found in slots.slots}
    found = read_responses(project, Responses(by_name, frozenset(known), slots.questions))
    return Imported(
        intents=tuple(intents),
        templates=tuple(found.templates),
        examples=tuple(examples),
        slots=tuple(slots.slots),
        replies=tuple(found.replies),
        not_carried_over=(*project.lost, *nlu.tally.notes(), *slots.lost, *found.lost),
        notes=(*names.notes, *labels.notes, *slots.notes, *found.notes),
    )


def _is_outside(name: str) -> bool:
    """Whether an intent stands for what the bot should not answer."""
    base = name.partition("/")[0]
    return is_outside(base) or base == FALLBACK


def _inside(originals: dict[str, str], nlu: Nlu) -> dict[str, str]:
    """The names that become intents: not Rasa's own, nor the first halves of retrieval intents."""
    halves = {name.partition("/")[0] for name in originals if "/" in name}
    return {
        name: where
        for name, where in originals.items()
        if not _is_outside(name) and (name in nlu.intents or name not in (*OWN, *halves))
    }


def _intent(original: str, names: Names, where: str) -> Found[Intent]:
    base, _, inner = original.partition("/")
    group = name_from(base, "group") if inner else GROUP
    return Found(new_intent(names.of(original, where), inner or original, group), where)


def _labels(nlu: Nlu) -> set[str]:
    return {
        annotation.label
        for row in nlu.examples
        for annotation in annotations(row.text, row.place)[1]
    }


def _examples(nlu: Nlu, names: Names, labels: Names) -> list[Found[Example]]:
    found = []
    for row in nlu.examples:
        plain, spans = annotations(row.text, row.place)
        entities = []
        for span in spans:
            label = labels.of(span.label, row.where)
            entities.append({"start": span.start, "end": span.end, "label": label})
            for extra in span.more:
                what = f"{extra} of entity {span.label}"
                nlu.tally.add(
                    what, row.where, "the desk keeps the words of the message, and a label"
                )
        intent = OUT_OF_SCOPE if _is_outside(row.name) else names.of(row.name)
        known = _metadata(nlu, row.meta, row.where)
        spanned = tuple(entities) or None
        example = Example("", plain, intent, known.get("sentiment"), spanned, known.get("split"))
        found.append(Found(example, row.where))
    return found


def _metadata(nlu: Nlu, meta: Any, where: str) -> dict[str, str]:
    """The sentiment and the split that an example's metadata may hold; the rest is listed."""
    known = {}
    for name, value in (meta if isinstance(meta, Fields) else {}).items():
        allowed = {"sentiment": SENTIMENTS, "split": SPLITS}.get(name, ())
        if value in allowed:
            known[name] = str(value)
        else:
            nlu.tally.add(f"metadata {name!r}", where, "the desk has no place for it")
    if meta is not None and not isinstance(meta, Fields):
        nlu.tally.add("metadata", where, "the desk has no place for it")
    return known


def _name_in(file: Path, entry: Any, line: int, key: str) -> str:
    """The name of a domain's entry: a text, or the one field that holds its options."""
    if isinstance(entry, Text):
        return str(entry)
    if isinstance(entry, Fields) and len(entry) == 1:
        return str(next(iter(entry)))
    raise wrong_kind(file, line, key, "names", entry)
