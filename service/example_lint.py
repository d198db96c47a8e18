"""What the lint would say of one example, told while it is written: the rules that need no other
rows than those of the desk, under the names that `frontdesk lint` has for them.

Called by the web when an example is saved. Changes nothing and refuses nothing: who writes decides.
"""

from collections.abc import Iterable
from typing import TypedDict

from index.alike import words_of
from index.seen import normalise
from service.records.content import Example

MOST_CHARACTERS = 2000  # training drops longer ones


class Doubt(TypedDict):
    """One finding: its kind in the lint, and what it is in words."""

    kind: str
    told: str


def doubts(example: Example, others: Iterable[Example]) -> list[Doubt]:
    """What speaks against an example beside the ``others`` of the desk, which may hold itself."""
    found: list[Doubt] = []
    if len(example.text) > MOST_CHARACTERS:
        told = f"It has {len(example.text)} characters; training drops what has over 2,000."
        found.append({"kind": "too_long", "told": told})
    text, words = normalise(example.text), words_of(example.text)
    same: list[Example] = []
    near: list[Example] = []
    for other in others:
        if other.id != example.id and words_of(other.text) == words:
            (same if normalise(other.text) == text else near).append(other)
    for kind, alike in (("conflict", same), ("near_conflict", near)):
        found += _conflicts(kind, example, alike)
    if any((o.intent, o.sentiment) == (example.intent, example.sentiment) for o in same):
        found.append({"kind": "duplicate", "told": "The desk has it already; training keeps one."})
    return found


def _conflicts(kind: str, example: Example, alike: list[Example]) -> Iterable[Doubt]:
    for field in ("intent", "sentiment"):
        said = getattr(example, field)
        others = {getattr(other, field) for other in alike} - {None, said}
        if said and others:
            names = " and ".join(sorted(name.replace("_", " ") for name in others))
            what = "The same text" if kind == "conflict" else "Nearly the same text"
            told = f"{what} is an example of {names}, too: training can learn neither."
            yield {"kind": kind, "told": told}
