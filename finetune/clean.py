"""Cleaning before a split: what cannot teach anything is dropped, and every drop is reported.

Pure functions of rows. Texts are compared in normalised form; the kept row keeps its own wording.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from finetune.rows import SURE, Row
from index.seen import normalise

MAX_CHARACTERS = 2000


@dataclass(frozen=True, slots=True)
class CleanReport:
    """What was dropped and why; each list holds rows, ``conflicts`` whole groups of them."""

    read: int = 0
    kept: int = 0
    empty: list[Row] = field(default_factory=list)
    too_long: list[Row] = field(default_factory=list)
    duplicates: list[Row] = field(default_factory=list)
    conflicts: list[list[Row]] = field(default_factory=list)

    def to_json(self, shown: int = 20) -> dict[str, Any]:
        """Counts, and the places and texts of the first ``shown`` rows of each kind."""
        return {
            "read": self.read,
            "kept": self.kept,
            "empty": len(self.empty),
            "too_long": len(self.too_long),
            "duplicates": len(self.duplicates),
            "conflicts": sum(len(group) for group in self.conflicts),
            "rows": {
                "empty": [row.place for row in self.empty[:shown]],
                "too_long": [row.place for row in self.too_long[:shown]],
                "duplicates": [_sketch(row) for row in self.duplicates[:shown]],
                "conflicts": [[_sketch(row) for row in group] for group in self.conflicts[:shown]],
            },
        }


def clean(rows: Sequence[Row]) -> tuple[list[Row], CleanReport]:
    """The rows worth training on, in their order, and a report of the others.

    Rows of the same text become one: labels that complete each other are joined, equal ones are
    duplicates, and contradicting ones make a conflict, of which no row is kept; a label that weighs
    less than ``SURE`` yields instead. A row that a person put into a split stays in it; of equal
    rows in several splits the one in test is kept.
    """
    report = CleanReport()
    by_text: dict[str, list[Row]] = {}
    for row in rows:
        text = normalise(row.text)
        if not text:
            report.empty.append(row)
        elif len(row.text) > MAX_CHARACTERS:
            report.too_long.append(row)
        else:
            by_text.setdefault(text, []).append(row)
    kept = []
    for group in by_text.values():
        joined = _join(group)
        if joined is None:
            report.conflicts.append(group)
        else:
            kept.append(joined)
            report.duplicates.extend(row for row in group if row is not _first(group))
    return kept, replace(report, read=len(rows), kept=len(kept))


def _join(group: list[Row]) -> Row | None:
    """One row with the labels of all; None when they contradict each other."""
    if len(group) == 1:
        return group[0]
    told = [row for row in group if row.weight >= SURE] or group  # what nobody said yields
    intents = {row.intent for row in told} - {None}
    sentiments = {row.sentiment for row in told} - {None}
    if len(intents) > 1 or len(sentiments) > 1:
        return None
    first = _first(group)
    annotated = [row for row in group if row.entities is not None and row.text == first.text]
    return replace(
        first,
        intent=next(iter(intents), None),
        sentiment=next(iter(sentiments), None),
        entities=annotated[0].entities if annotated else first.entities,
        weight=max(row.weight for row in told),
        share=max(row.share for row in told),
    )


def _first(group: list[Row]) -> Row:
    order = {"test": 0, "valid": 1, "train": 2, None: 3}
    return min(group, key=lambda row: (row.support, order[row.split]))


def _sketch(row: Row) -> dict[str, Any]:
    text = row.text if len(row.text) <= 80 else row.text[:77] + "..."
    labels = {"intent": row.intent, "sentiment": row.sentiment}
    return {"place": row.place, "text": text, **{k: v for k, v in labels.items() if v is not None}}
