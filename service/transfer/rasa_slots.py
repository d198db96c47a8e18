"""The slots of a Rasa project that a desk can ask for or recognise.

Used by ``service.transfer.rasa``. A slot needs a question (``utter_ask_…``) or a regex that is safe
to run on every message; all others are listed.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from service.records.settings import Slot
from service.replies import variables
from service.transfer.patterns import unsafe
from service.transfer.pieces import Found, Names, Note, title_from, valid_names
from service.transfer.placed import Fields, Items, Text, wrong_kind
from service.transfer.rasa_files import Project
from service.transfer.rasa_nlu import Row

ASK = "utter_ask_"
PLAIN = ("type", "mappings", "influence_conversation", "auto_fill")
OWN = ("requested_slot", "session_started_metadata")


@dataclass
class Slots:
    """The slots, and the responses that became their questions."""

    slots: list[Found[Slot]] = field(default_factory=list)
    questions: set[str] = field(default_factory=set)
    lost: list[Note] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


def read_slots(
    project: Project, regexes: Sequence[Row], labels: set[str], intents: set[str]
) -> Slots:
    """A slot for everything that has a question or a safe pattern."""
    found = Slots()
    places = _places(project, found.lost)
    entities = _entities(project, found.lost)
    known = {*places, *labels, *entities, *_required(project)}
    questions = _questions(project, known, intents, found.lost)
    found.questions = {name for _, name, _ in questions.values()}
    patterns = _patterns(regexes, known, found.lost)
    names = Names("slot", valid_names(known))
    for original in sorted({*questions, *patterns}, key=lambda name: places.get(name, name)):
        text, _, where = questions.get(original, (None, "", ""))
        pattern, place = patterns.get(original, (None, where))
        name = names.of(original, where or place)
        title = title_from(original)
        if text is None or variables(text):
            why = f"there is no question {ASK}{original} without variables; it is made of the name"
            found.notes.append(Note(f"question of slot {name}", where or place, why))
            text = f"{title}?"
        found.slots.append(Found(Slot(name, title, text, "", pattern), where or place))
    made = {*questions, *patterns}
    why = f"the desk needs a question ({ASK}…) or a safe pattern"
    found.lost += [Note(f"slot {n}", place, why) for n, place in places.items() if n not in made]
    why = "no example has it, and no slot is made of it"
    unused = [name for name in entities if name not in {*made, *labels, *places}]
    found.lost += [Note(f"entity {name}", entities[name], why) for name in unused]
    found.notes += names.notes
    return found


def _places(project: Project, lost: list[Note]) -> dict[str, str]:
    """The slots of the domain and their places; what a desk's slot cannot be is listed."""
    places = {}
    for path, name, options, line in project.fields("slots"):
        if name in OWN:
            continue
        places[name] = f"{path}:{line}"
        given = options if isinstance(options, Fields) else {}
        more = [key for key in given if key not in PLAIN]
        more += ["type"] if given.get("type", "text") not in ("text", "any") else []
        if more:
            what = f"{', '.join(more)} of slot {name}"
            lost.append(Note(what, places[name], "a slot of the desk's is a text"))
    return places


def _questions(
    project: Project, known: set[str], intents: set[str], lost: list[Note]
) -> dict[str, tuple[str | None, str, str]]:
    """By slot: the text of its question, the response's name and place."""
    forms = [name for _, name, _, _ in project.fields("forms")]
    asked: dict[str, tuple[str | None, str, str]] = {}
    for path, response, variants, line in project.fields("responses"):
        name = response.removeprefix(ASK)
        if name == response or response.removeprefix("utter_") in intents:
            continue
        of_form = (name.removeprefix(f"{form}_") for form in forms)
        slot = next((n for n in (name, *of_form) if n in known), None)
        if slot is not None and slot not in asked:
            where = f"{path}:{line}"
            asked[slot] = (_first_text(variants), response, where)
            if isinstance(variants, Items) and len(variants) > 1:
                what = f"response {response}, all variants but the first text"
                lost.append(Note(what, where, "a slot has one question"))
    return asked


def _first_text(variants: Any) -> str | None:
    for variant in variants if isinstance(variants, Items) else ():
        text = variant.get("text") if isinstance(variant, Fields) else variant
        if isinstance(text, Text) and text.strip():
            return text.strip()
    return None


def _patterns(
    regexes: Sequence[Row], known: set[str], lost: list[Note]
) -> dict[str, tuple[str, str]]:
    """By slot: one pattern for all its regexes, whose whole match is the value, and its place."""
    by_name: dict[str, list[tuple[str, str]]] = {}
    for row in regexes:
        why = "no entity or slot has its name" if row.name not in known else unsafe(row.text)
        if why is None:
            by_name.setdefault(row.name, []).append((row.text, row.where))
        else:
            lost.append(Note(f"regex {row.name}: {row.text[:80]}", row.where, why))
    return {name: (_joined(p for p, _ in found), found[0][1]) for name, found in by_name.items()}


def _joined(patterns: Iterable[str]) -> str:
    every = list(patterns)
    pattern = every[0] if len(every) == 1 else "|".join(f"(?:{p})" for p in every)
    return f"({pattern})" if re.compile(pattern).groups else pattern


def _entities(project: Project, lost: list[Note]) -> dict[str, str]:
    """The entities of the domain and their places; roles, groups and the like are listed."""
    places = {}
    for path, entry, line in project.lists("entities"):
        where = f"{path}:{line}"
        if not isinstance(entry, Text | Fields):
            raise wrong_kind(path, line, "entities", "names", entry)
        name = str(entry) if isinstance(entry, Text) else str(next(iter(entry), ""))
        places[name] = where
        if isinstance(entry, Fields):
            lost.append(Note(f"options of entity {name}", where, "the desk keeps a label only"))
    return places


def _required(project: Project) -> set[str]:
    """The slots that forms ask for, in the forms of Rasa 2 and 3."""
    found: set[str] = set()
    for _, _, form, _ in project.fields("forms"):
        wanted = form.get("required_slots", form) if isinstance(form, Fields) else ()
        found |= {str(name) for name in wanted or () if isinstance(name, Text)}
    return found
