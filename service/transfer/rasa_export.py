"""A desk as a Rasa project: nlu.yml with annotated examples, domain.yml with the responses.

Used by ``export rasa``. ``service.transfer.rasa`` reads it back.
"""

from pathlib import Path
from typing import Any

import yaml

from index.records import OUT_OF_SCOPE
from service.content_export import YamlBlocks
from service.errors import ContentError
from service.files import read_text, write_whole
from service.records.content import Content, Example
from service.transfer.left_out import left_out
from service.transfer.pieces import Note
from service.transfer.rasa_text import annotated

MARK = "# Exported by frontdesk."
FILES = ("nlu.yml", "domain.yml")
REPLIES = {"out_of_scope": "utter_out_of_scope", "clarify_open": "utter_default"}
LEFT_OUT = (
    "titles of intents",
    "groups",
    "descriptions",
    "slots that intents need",
    "intents that a person handles",
    "priorities",
    "examples without an intent",
    "examples of intents that are gone",
    "weights of examples",
    "titles of slots",
    "formats of slots",
    "kinds of slots",
    "facts",
    "suggested intents",
    "protected intents",
    "articles",
    "golden cases",
)
MOODS = "kept as metadata; Rasa itself chooses among the variants by chance"


def write(content: Content, folder: Path) -> tuple[Note, ...]:
    """Write nlu.yml and domain.yml into the folder; returns what they do not hold.

    Raises ``ContentError`` for a folder in which one of them is somebody else's.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        path = folder / name
        if path.exists() and not _is_ours(path):
            raise ContentError(f"{path} is there already, and was not exported by frontdesk.")
    lost = left_out(content, "Rasa has no place for it", LEFT_OUT)
    nlu = {"version": "3.1", "nlu": [*_intents(content, lost), *_regexes(content)]}
    domain = _domain(content, lost)
    for name, value in zip(FILES, (nlu, domain), strict=True):
        text = yaml.dump(value, Dumper=YamlBlocks, sort_keys=False, allow_unicode=True, width=100)
        write_whole(folder / name, f"{MARK}\n{text}")
    return tuple(lost)


def _is_ours(path: Path) -> bool:
    try:
        return read_text(path).startswith(MARK)
    except ContentError:
        return False


def _intents(content: Content, lost: list[Note]) -> list[dict[str, Any]]:
    entries = []
    for name in [*(intent.name for intent in content.intents), OUT_OF_SCOPE]:
        examples = []
        for example in content.examples:
            if example.intent == name:
                text = annotated(example.text, example.entities)
                if text is None:
                    why = "Rasa would read brackets or spaces in it as something else"
                    lost.append(Note(f"example {example.text[:60]!r}", name, why))
                else:
                    examples.append((text, example))
        if examples:
            entries.append({"intent": name, "examples": _listed(examples)})
    return entries


def _listed(examples: list[tuple[str, Example]]) -> str | list[dict[str, Any]]:
    """Examples as lines of one text, or as a list when one has more than its text."""
    if all(_fits_a_line(text) and not (e.sentiment or e.split) for text, e in examples):
        return "".join(f"- {text}\n" for text, _ in examples)
    entries = []
    for text, example in examples:
        labels = {"sentiment": example.sentiment, "split": example.split}
        meta = {name: value for name, value in labels.items() if value}
        entries.append({"text": text, **({"metadata": meta} if meta else {})})
    return entries


def _fits_a_line(text: str) -> bool:
    return len(text.splitlines()) == 1 and text == text.strip()


def _regexes(content: Content) -> list[dict[str, Any]]:
    return [
        {"regex": slot.name, "examples": f"- {slot.pattern}\n"}
        for slot in content.settings.slots
        if slot.pattern
    ]


def _domain(content: Content, lost: list[Note]) -> dict[str, Any]:
    labels = {str(e["label"]) for x in content.examples for e in x.entities or ()}
    slots = [slot.name for slot in content.settings.slots]
    outside = any(example.intent == OUT_OF_SCOPE for example in content.examples)
    responses: dict[str, list[dict[str, Any]]] = {}
    for template in content.templates:
        mood = {"metadata": {"sentiment": template.sentiment}} if template.sentiment else {}
        variant = {"id": template.name, "text": template.text, **mood}
        responses.setdefault(f"utter_{template.intent}", []).append(variant)
    for slot in content.settings.slots:
        responses.setdefault(f"utter_ask_{slot.name}", []).append({"text": slot.ask})
    for name, variants in content.settings.replies.items():
        if name in REPLIES:
            responses[REPLIES[name]] = [{"text": text} for text in variants]
        else:
            lost.append(Note(f"reply {name}", "desk.yml", "Rasa has no place for it"))
    moods = [t.name for t in content.templates if t.sentiment]
    if moods:
        lost.append(Note(f"moods of templates ({len(moods)})", ", ".join(moods[:5]), MOODS))
    return {
        "version": "3.1",
        "intents": [intent.name for intent in content.intents] + [OUT_OF_SCOPE] * outside,
        "entities": sorted({*labels, *slots}),
        "slots": {
            name: {"type": "text", "mappings": [{"type": "from_entity", "entity": name}]}
            for name in slots
        },
        "responses": responses,
    }
