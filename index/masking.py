"""Masks what tells of a person in a text: stand-ins for addresses, numbers and known names.

Used before anything is frozen for a training, and before past conversations are stored. What it
takes to find a name is the name: unknown ones stay. Pure functions of a text.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from index.recognisers import Recogniser, recognise
from index.records import Entity

# In place of what was there: of the same form, so that a message stays the message it was.
STAND_INS = {
    "email": "name@example.com",
    "phone": "+49 30 901820",
    "iban": "DE89 3704 0044 0532 0130 00",
    "card": "4111 1111 1111 1111",
    "name": "Alex",
}
SHORTEST_NAME = 3  # letters of a part of a name that is looked for
PARTICLES = {
    "von",
    "vom",
    "van",
    "der",
    "den",
    "dem",
    "des",
    "del",
    "della",
    "dos",
    "das",
    "the",
    "and",
}


def find_personal(
    text: str, recognisers: Iterable[Recogniser], names: Sequence[str] = ()
) -> list[Entity]:
    """What is to be masked, in order and apart; names come from ``names_of``, and have the label
    "name"."""
    exact = recognise(text, recognisers, datetime.now(UTC).date())
    found = sorted([*exact, *find_names(text, names)], key=lambda e: (e.start, -e.end))
    apart: list[Entity] = []
    for entity in found:
        if not apart or entity.start >= apart[-1].end:
            apart.append(entity)
    return apart


def put_stand_ins(text: str, found: Iterable[Entity]) -> str:
    """The text with a stand-in for each of these."""
    made, end = "", 0
    for entity in found:
        made += text[end : entity.start] + STAND_INS[entity.label]
        end = entity.end
    return made + text[end:]


def names_of(whole: str | None) -> list[str]:
    """A person's whole name and, apart from particles, its parts."""
    whole = (whole or "").strip()
    parts = [part for part in re.split(r"[^\w']+", whole) if len(part) >= SHORTEST_NAME]
    names = [part for part in parts if part.casefold() not in PARTICLES]
    return [whole, *names] if whole else []


def find_names(text: str, names: Sequence[str]) -> list[Entity]:
    """Where a name stands as words of their own, whatever their accents: a whole name in any case,
    a part of one only with a capital, for many are words, too ("Will", "Rose")."""
    if not names:
        return []
    folded, places = _fold(text)
    found = []
    for number, name in enumerate(names):
        wanted, _ = _fold(name)
        for match in re.finditer(rf"(?<!\w){re.escape(wanted)}(?!\w)", folded):
            start, end = places[match.start()], places[match.end() - 1] + 1
            if number == 0 or text[start] != text[start].lower():
                found.append(Entity(start, end, "name", text[start:end], name))
    return found


def _fold(text: str) -> tuple[str, list[int]]:
    """The text without case and accents, and the place in it that each letter comes from."""
    folded, places = [], []
    for place, letter in enumerate(text):
        for part in unicodedata.normalize("NFKD", letter).casefold():
            if not unicodedata.combining(part):
                folded.append(part)
                places.append(place)
    return "".join(folded), places
