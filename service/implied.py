"""What an operator's reply says of the customer's message without saying so: the intent of the
template that it is made of.

Pure functions, used by the store when a reply is written. They would rather say nothing than
something wrong: what follows from a reply weighs less than a correction, and yields to one.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from service.records.content import Template
from service.records.labels import LabelKind

LEFT = 0.5  # of a template that was taken, and then edited
NEAR = 0.75  # for own words; so much they and the template must have in common
LEAD = 0.2  # by which own words must be nearer to it than to a template of another intent
FIXED = 4  # words that a template needs beside its slots: "Hello!" is part of many replies
WORDS, LETTERS = 3, 12  # of a message that says something by itself
# What the customer wrote for another reason than to say what they want.
PASSING = ("slot_given", "slot_not_given", "asked_for_person", "chosen", "only_files")

Words = list[str]


@dataclass(frozen=True, slots=True)
class Asked:
    """A customer's message before a reply, with why the desk did what it did."""

    id: str
    text: str
    trace: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Implied:
    """The template that a reply is made of, its intent, and how that is known."""

    template: str
    intent: str
    kind: LabelKind


def implied(text: str, templates: Sequence[Template], taken: str | None = None) -> Implied | None:
    """What a reply is made of: the template that was ``taken``, if enough of it is left, or the
    only one that the operator's own words are near to."""
    said = _words(text)
    shares = {t.name: _share(_words(_fixed(t.text)), said) for t in templates}
    best: dict[str, tuple[float, str]] = {}
    for template in templates:
        found = (shares[template.name], template.name)
        best[template.intent] = max(found, best.get(template.intent, (0.0, "")))
    if taken is not None:
        intent = next((t.intent for t in templates if t.name == taken), None)
        others = max((share for i, (share, _) in best.items() if i != intent), default=0.0)
        enough = intent is not None and shares[taken] >= max(LEFT, others)
        return Implied(taken, intent, "reply") if intent and enough else None
    ranked = sorted(((share, i, name) for i, (share, name) in best.items()), reverse=True)
    if not ranked or ranked[0][0] < NEAR:
        return None
    if len(ranked) > 1 and ranked[0][0] - ranked[1][0] < LEAD:
        return None
    return Implied(ranked[0][2], ranked[0][1], "takeover")


def asked(messages: Sequence[Asked]) -> Asked | None:
    """The one message that a reply answers, of those since the conversation began anew.

    None where there are several, or where it says too little by itself.
    """
    telling = [message for message in messages if not _is_passing(message.trace)]
    return telling[0] if len(telling) == 1 and _says_something(telling[0].text) else None


def likely(message: Asked) -> list[str]:
    """The intents that the desk thought possible. A reply that is made for another one answers
    something else, or asks back: it tells nothing of the message."""
    reading = message.trace.get("reading") or {}
    return [entry["label"] for entry in reading.get("intents", ())]


def _is_passing(trace: Mapping[str, Any]) -> bool:
    return bool(trace.get("choice")) or (trace.get("route") or {}).get("reason") in PASSING


def _says_something(text: str) -> bool:
    words = [word for word in _words(text) if not any(letter.isdigit() for letter in word)]
    return len(words) >= WORDS or sum(map(len, words)) >= LETTERS


def _share(fixed: Words, said: Words) -> float:
    """What a template and a reply have in common, in order: Ratcliff and Obershelp's ratio of
    words, 0 to 1. 0 at once where it cannot come to what anybody asks for."""
    together = len(fixed) + len(said)
    if len(fixed) < FIXED or 2 * (Counter(fixed) & Counter(said)).total() < LEFT * together:
        return 0.0
    return SequenceMatcher(None, fixed, said, autojunk=False).ratio()


def _fixed(text: str) -> str:
    return re.sub(r"\{\w+\}", " ", text)


def _words(text: str) -> Words:
    return re.findall(r"[^\W_]+", text.casefold())
