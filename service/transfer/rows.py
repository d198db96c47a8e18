"""Labelled rows as examples, and back: what the CSV and JSONL files of the contract hold.

Used by ``service.transfer.csv_files`` and ``service.transfer.jsonl``.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from index.records import OUT_OF_SCOPE
from service.content_schema import LineEntry, Words
from service.files import parse
from service.records.content import Content, Example, Intent
from service.transfer.left_out import left_out
from service.transfer.pieces import (
    Found,
    Imported,
    Names,
    Note,
    is_outside,
    new_intent,
    valid_names,
)

FIELDS = ("text", "intent", "sentiment", "entities", "split", "weight")
NOT_ROWS = (
    "intents without examples",
    "titles of intents",
    "groups",
    "descriptions",
    "slots that intents need",
    "intents that a person handles",
    "priorities",
    "templates",
    "slots",
    "facts",
    "replies",
    "suggested intents",
    "protected intents",
    "articles",
    "golden cases",
)


class RowEntry(LineEntry):
    """A labelled row; ``text`` is meant literally."""

    intent: Words | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A row's fields as they are in the file, and its line."""

    number: int
    fields: Mapping[str, Any]


def read_rows(path: Path, lines: Iterable[Line]) -> Imported:
    """The rows as examples; labels that are no names of the desk's are changed, with a note."""
    lost: dict[str, list[int]] = {}
    rows: list[tuple[int, RowEntry]] = []
    for line in lines:
        for name in line.fields:
            if name not in FIELDS:
                lost.setdefault(name, []).append(line.number)
        fields = {name: line.fields[name] for name in FIELDS if name in line.fields}
        if isinstance(fields.get("sentiment"), str):
            fields["sentiment"] = fields["sentiment"].strip().lower()
        rows.append((line.number, parse(RowEntry, fields, path, line.number)))
    notes = [
        Note(f"field {name!r} ({len(numbers)} rows)", f"{path}:{numbers[0]}", "rows have no such")
        for name, numbers in lost.items()
    ]
    labels = {row.intent.strip() for _, row in rows if row.intent}
    names = Names("intent", valid_names(labels))
    intents: dict[str, Found[Intent]] = {}
    examples = []
    for number, row in rows:
        where = f"{path}:{number}"
        if row.intent is None and row.sentiment is None and row.entities is None:
            notes.append(Note(f"row {row.text[:60]!r}", where, "it has no label"))
            continue
        intent = None if row.intent is None else _intent(row.intent.strip(), names, where)
        if intent is not None and intent != OUT_OF_SCOPE and intent not in intents:
            intents[intent] = Found(new_intent(intent, str(row.intent).strip()), where)
        entities = None if row.entities is None else tuple(e.model_dump() for e in row.entities)
        example = Example("", row.text, intent, row.sentiment, entities, row.split)
        example = replace(example, weight=1.0 if row.weight is None else row.weight)
        examples.append(Found(example, where))
    return Imported(
        intents=tuple(intents.values()),
        examples=tuple(examples),
        not_carried_over=tuple(notes),
        notes=tuple(names.notes),
    )


def _intent(label: str, names: Names, where: str) -> str:
    return OUT_OF_SCOPE if is_outside(label) else names.of(label, where)


def rows_of(content: Content) -> Iterator[dict[str, Any]]:
    """A row for every example, with the labels that it has."""
    for example in content.examples:
        row: dict[str, Any] = {"text": example.text}
        for name in ("intent", "sentiment"):
            row |= {name: value} if (value := getattr(example, name)) else {}
        if example.entities is not None:
            row["entities"] = [
                {key: entity[key] for key in ("start", "end", "label")}
                for entity in example.entities
            ]
        row |= {"split": example.split} if example.split else {}
        row |= {"weight": example.weight} if example.weight != 1 else {}
        yield row


def not_rows(content: Content) -> tuple[Note, ...]:
    """What a file of labelled rows does not hold of this desk."""
    return tuple(left_out(content, "labelled rows hold examples only", NOT_ROWS))
