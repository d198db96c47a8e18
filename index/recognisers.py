"""Exact recognisers: spans that a pattern of the desk finds, such as order numbers.

The service makes one a slot that has a pattern and merges what they find with the entities that
the token head learned. Pure functions of a text; nothing is loaded.
"""

import re
from collections.abc import Iterable, Sequence

from index.records import Entity


class Recogniser:
    """Finds one kind of span by a regular expression, without regard to case.

    ``format`` makes the value: ``{0}`` is the first group, ``{1}`` the second; ``{0}`` is the whole
    match when the pattern has no groups.
    """

    def __init__(self, label: str, pattern: str, format: str = "{0}") -> None:  # noqa: A002
        """Raises ``ValueError`` naming the label when pattern or format are malformed."""
        self.label = label
        self.format = format
        try:
            self._pattern = re.compile(pattern, re.IGNORECASE)
        except re.error as error:
            raise ValueError(f"the pattern of {label!r} is malformed: {error}") from None
        try:
            format.format(*[""] * max(1, self._pattern.groups))
        except (IndexError, KeyError, ValueError, AttributeError):
            raise ValueError(
                f"the format {format!r} of {label!r} does not fit its pattern"
            ) from None

    def find(self, text: str) -> list[Entity]:
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


def recognise(text: str, recognisers: Iterable[Recogniser]) -> tuple[Entity, ...]:
    """What the recognisers find; of two that overlap the longer wins, then the earlier one."""
    found = [entity for recogniser in recognisers for entity in recogniser.find(text)]
    return _without_overlaps(sorted(found, key=lambda entity: entity.start - entity.end))


def merge(exact: Sequence[Entity], learned: Sequence[Entity]) -> tuple[Entity, ...]:
    """Both kinds in order of the text; where they overlap, the exact ones win."""
    return _without_overlaps([*exact, *learned])


def _without_overlaps(by_rank: Iterable[Entity]) -> tuple[Entity, ...]:
    kept: list[Entity] = []
    for entity in by_rank:
        if all(entity.end <= other.start or other.end <= entity.start for other in kept):
            kept.append(entity)
    return tuple(sorted(kept, key=lambda entity: entity.start))
