"""Exact recognisers: spans that a pattern of the desk finds, or a built-in kind such as ``phone``.

The service makes one a slot that has a pattern or a kind, and one for each kind that tells of a
person, and merges what they find with the entities that the token head learned. Pure functions of
a text and a day; no model is loaded.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from datetime import date
from string import Formatter
from typing import Protocol

from index.kinds import KINDS, PERSONAL
from index.locales import Locale
from index.records import Entity


class Recogniser(Protocol):
    """Finds the spans of one label; of two that overlap, the higher ``rank`` wins."""

    @property
    def label(self) -> str: ...
    @property
    def rank(self) -> int: ...
    def find(self, text: str, today: date) -> list[Entity]:
        """Every span, in order; ``today`` is what "tomorrow" counts from."""


class PatternRecogniser:
    """Finds one kind of span by a regular expression, without regard to case.

    ``format`` makes the value: ``{0}`` is the first group, ``{1}`` the second; ``{0}`` is the whole
    match when the pattern has no groups.
    """

    rank = 1  # what the desk itself says wins over the built-in kinds

    def __init__(self, label: str, pattern: str, format: str = "{0}") -> None:  # noqa: A002
        """Raises ``ValueError`` naming the label when pattern or format are malformed."""
        self.label = label
        self.format = format
        try:
            self._pattern = re.compile(pattern, re.IGNORECASE)
        except re.error as error:
            raise ValueError(f"the pattern of {label!r} is malformed: {error}") from None
        try:
            # Widths could ask for any amount of memory; what is found is put in as it is.
            if any(spec or conversion for _, _, spec, conversion in Formatter().parse(format)):
                raise ValueError
            format.format(*[""] * max(1, self._pattern.groups))
        except (IndexError, KeyError, ValueError, AttributeError):
            raise ValueError(
                f"the format {format!r} of {label!r} does not fit its pattern"
            ) from None

    def find(self, text: str, _today: date | None = None) -> list[Entity]:
        """Every match of at least one character, in order."""
        return [
            Entity(
                start=match.start(),
                end=match.end(),
                label=self.label,
                text=match.group(),
                value=self.format.format(*([g or "" for g in match.groups()] or [match.group()])),
                exact=True,
            )
            for match in self._pattern.finditer(text)
            if match.group()
        ]


class KindRecogniser:
    """Finds a built-in kind of fact under a label of the desk's."""

    rank = 0

    def __init__(self, label: str, kind: str, locale: Locale) -> None:
        """Raises ``ValueError`` for a kind that there is not."""
        if kind not in KINDS:
            raise ValueError(f"there is no kind {kind!r}; known: {', '.join(KINDS)}")
        self.label = label
        self._find = KINDS[kind]
        self._locale = locale

    def find(self, text: str, today: date) -> list[Entity]:
        """Every span of the kind, in order; ``value`` is its normal form."""
        return [
            Entity(start, end, self.label, text[start:end], value, exact=True)
            for start, end, value in sorted(self._find(text, self._locale, today))
        ]


def personal(locale: Locale, but: Collection[str] = ()) -> list[Recogniser]:
    """Recognisers of what tells of a person (``PERSONAL``), ``but`` these kinds."""
    return [KindRecogniser(kind, kind, locale) for kind in PERSONAL if kind not in but]


def recognise(text: str, recognisers: Iterable[Recogniser], today: date) -> tuple[Entity, ...]:
    """What the recognisers find; patterns win over kinds, then the longer span, then the earlier
    recogniser.
    """
    ranked = [(-r.rank, e.start - e.end, e) for r in recognisers for e in r.find(text, today)]
    return _without_overlaps(entity for *_, entity in sorted(ranked, key=lambda rank: rank[:2]))


def merge(exact: Sequence[Entity], learned: Sequence[Entity]) -> tuple[Entity, ...]:
    """Both kinds in order of the text; where they overlap, the exact ones win."""
    return _without_overlaps([*exact, *learned])


def _without_overlaps(by_rank: Iterable[Entity]) -> tuple[Entity, ...]:
    ranked = list(by_rank)
    taken = bytearray(max((entity.end for entity in ranked), default=0))
    kept: list[Entity] = []
    for entity in ranked:
        if not any(taken[entity.start : entity.end]):
            taken[entity.start : entity.end] = b"\1" * (entity.end - entity.start)
            kept.append(entity)
    return tuple(sorted(kept, key=lambda entity: entity.start))
