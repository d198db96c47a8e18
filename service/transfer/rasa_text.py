"""Rasa's annotated texts, as ``to [NYC]{"entity": "city", "value": "New York"}``, both ways."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from service.errors import ContentError

ANNOTATION = re.compile(
    r"\[(?P<text>[^\]]+?)\]"
    r"(?:\((?P<label>[^:)]+?)(?::(?P<value>[^)]+))?\)|(?P<one>\{[^}]+?\})|(?P<many>\[\{.+?\}\]))"
)


@dataclass(frozen=True, slots=True)
class Annotation:
    """A labelled span; ``more`` are the fields that a desk has no place for."""

    start: int
    end: int
    label: str
    more: Mapping[str, str]


def annotations(text: str, where: str) -> tuple[str, list[Annotation]]:
    """The plain text and its annotations; ``ContentError`` for one that is broken."""
    plain, found, last = "", [], 0
    for match in ANNOTATION.finditer(text):
        plain += text[last : match.start()]
        words, start = match["text"], len(plain)
        plain += words
        last = match.end()
        fields = _fields(match, where)
        label = fields.pop("entity", None)
        if not isinstance(label, str) or not label.strip():
            raise ContentError(f"{where}: {match.group()}: the annotation names no entity.")
        more = {name: str(value) for name, value in fields.items() if value != words}
        found.append(Annotation(start, len(plain), label.strip(), more))
    return plain + text[last:], found


def annotated(text: str, entities: Sequence[Mapping[str, Any]] | None) -> str | None:
    """The text with annotations; None when Rasa would read it as something else."""
    marked = text
    for entity in sorted(entities or (), key=lambda e: -int(e["start"])):
        start, end, label = int(entity["start"]), int(entity["end"]), str(entity["label"])
        simple = not re.search(r"[:()\[\]{}]", label)
        mark = f"({label})" if simple else json.dumps({"entity": label}, ensure_ascii=False)
        marked = f"{marked[:start]}[{marked[start:end]}]{mark}{marked[end:]}"
    try:
        plain, found = annotations(marked, "")
    except ContentError:
        return None
    spans = [(a.start, a.end, a.label) for a in found if not a.more]
    wanted = sorted((e["start"], e["end"], e["label"]) for e in entities or ())
    same = plain == text and spans == wanted and len(spans) == len(found)
    return marked if same and text == text.strip("\n\r ") else None


def _fields(match: re.Match[str], where: str) -> dict[str, Any]:
    if match["label"]:
        value = {"value": match["value"]} if match["value"] else {}
        return {"entity": match["label"], **value}
    shown = f"{where}: the annotation {match.group()[:80]}"
    try:
        value = orjson.loads(match["one"] or match["many"])
    except orjson.JSONDecodeError:
        raise ContentError(f"{shown} is not JSON.") from None
    first, *others = value if isinstance(value, list) else [value]
    if not all(isinstance(entry, dict) for entry in (first, *others)):
        raise ContentError(f"{shown} lists something that is no entity.")
    more = ", ".join(str(entry.get("entity")) for entry in others)
    return {**first, **({"second entity": more} if others else {})}
