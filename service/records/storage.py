"""What the store says of itself: what a copy of it holds, and what was erased from it.

Of an erasure it says when, by whom and how much, and never who it was.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StoreCopy:
    """What a copy of the store holds; ``migrations`` made its schema, in their order, and ``files``
    are the ids of those that belong to it."""

    migrations: tuple[str, ...]
    conversations: int
    messages: int
    tickets: int
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Erasable:
    """What an erasure would remove, by kind; ``same_email`` counts further customers, whom it
    would not, under an e-mail address of those whom it would."""

    counts: Mapping[str, int]
    same_email: int = 0


@dataclass(frozen=True, slots=True)
class Erasure:
    """That a customer was erased: when, by whom, how much; never who it was.

    ``finished_at`` is when nothing was left to do in files and releases either.
    """

    id: str
    at: str
    by: str
    counts: Mapping[str, int]
    finished_at: str | None = None


@dataclass(frozen=True, slots=True)
class ErasedTexts:
    """The `index.seen.fingerprints` of every text of an erasure."""

    erasure_id: str
    texts: tuple[tuple[str, ...], ...]
