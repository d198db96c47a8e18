"""What an importer found in files, and the names that it may have in a desk.

Every format's ``read(path, options)`` returns an ``Imported``; ``service.transfer.merging`` makes
content of it. Pure records and functions.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from index.records import OUT_OF_SCOPE
from service.content_schema import NAME
from service.records.content import Example, Intent, Template
from service.records.settings import Slot

R = TypeVar("R")

GROUP = "imported"
LONGEST_NAME = 48
# Letters that do not come apart into a base letter and an accent.
LETTERS = str.maketrans({"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d"})


@dataclass(frozen=True, slots=True)
class Note:
    """Something of a file that people should know of: what, where (``file:line``), and why."""

    what: str
    where: str
    why: str


class Tally:
    """Notes of the same thing in many places as one, with the first place and the count."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], list[str]] = {}

    def add(self, what: str, where: str, why: str) -> None:
        """Count one more."""
        self._seen.setdefault((what, why), []).append(where)

    def notes(self) -> list[Note]:
        """One note for each thing, in the order of their first places."""
        return [
            Note(what if len(places) == 1 else f"{what} ({len(places)} times)", places[0], why)
            for (what, why), places in self._seen.items()
        ]


@dataclass(frozen=True, slots=True)
class Found(Generic[R]):
    """A record and the place that it was read from."""

    record: R
    where: str


@dataclass(frozen=True, slots=True)
class Options:
    """What an importer may be told.

    ``variables`` are the slots, and the facts that have a value; ``columns`` says which column of a
    CSV file is which field.
    """

    variables: frozenset[str] = frozenset()
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Imported:
    """The pieces of content in a file or folder; ``replies`` are the desk's own words.

    ``not_carried_over`` has no place in a desk; ``notes`` tell what was carried over changed.
    """

    intents: tuple[Found[Intent], ...] = ()
    templates: tuple[Found[Template], ...] = ()
    examples: tuple[Found[Example], ...] = ()
    slots: tuple[Found[Slot], ...] = ()
    replies: tuple[Found[tuple[str, tuple[str, ...]]], ...] = ()
    not_carried_over: tuple[Note, ...] = ()
    notes: tuple[Note, ...] = ()


def name_from(words: str, kind: str = "intent") -> str:
    """A name that a desk allows, made of words in any script; the same words give the same name.

    "Où est mon colis ?" becomes ``ou_est_mon_colis``; what has no Latin letters becomes its kind
    and a hash.
    """
    if re.fullmatch(NAME, words):
        return words
    folded = unicodedata.normalize("NFKD", words.casefold().translate(LETTERS))
    latin = "".join(c for c in folded if not unicodedata.combining(c)).replace("'", "")
    name = re.sub(r"[^a-z0-9]+", "_", latin).strip("_")
    letters = sum(c.isalnum() for c in words)
    if not name or 2 * sum(c.isalnum() for c in name) < letters:  # too little would be left
        return f"{kind}_{hashlib.sha256(words.encode()).hexdigest()[:8]}"
    if not name[0].isalpha():
        name = f"{kind}_{name}"
    if len(name) <= LONGEST_NAME:
        return name
    cut = name[: LONGEST_NAME + 1].rpartition("_")[0]
    return cut or name[:LONGEST_NAME]


def title_from(label: str) -> str:
    """The title of an intent of which only the label is known: "Track order" of ``track_order``."""
    words = re.sub(r"[_\-./\s]+", " ", label).strip()
    return words[:1].upper() + words[1:] or label


def new_intent(name: str, label: str, group: str = GROUP) -> Intent:
    """An intent of which only the label is known."""
    return Intent(name, group, title_from(label))


def is_outside(label: str) -> bool:
    """Whether a label stands for what the desk should not answer: "Out of scope"."""
    return name_from(label) == OUT_OF_SCOPE


def valid_names(originals: Iterable[str]) -> set[str]:
    """Those that a desk takes as they are."""
    return {name for name in originals if re.fullmatch(NAME, name) and name != OUT_OF_SCOPE}


class Names:
    """Valid names for a file's own ones: valid ones stay, the others are changed, none are doubled.

    ``valid`` tells beforehand which of the file's names need no change.
    """

    def __init__(self, kind: str, valid: Iterable[str] = ()) -> None:
        self.kind = kind
        self.notes: list[Note] = []
        self._given = {name: name for name in valid}
        self._taken = {*self._given, OUT_OF_SCOPE}  # never the name of an intent

    def of(self, original: str, where: str = "") -> str:
        """The name of an original; the same original has the same name again."""
        if original not in self._given:
            self._given[original] = self.new(original, where)
        return self._given[original]

    def new(self, original: str, where: str = "") -> str:
        """A name that is not taken, made of an original that may come more than once.

        A changed name is noted if there is a place to name; words that never were a name have none.
        """
        stem = name = name_from(original, self.kind)
        number = 1
        while name in self._taken:
            number += 1
            name = f"{stem}_{number}"
        self._taken.add(name)
        if where and name != original:
            self.notes.append(Note(f"{self.kind} {original!r}", where, f"is named {name} here"))
        return name
