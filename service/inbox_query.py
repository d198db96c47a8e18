"""What is typed into the inbox's search box: words to find, and filters such as ``owner:me``.

Pure. Used by the API, which knows who "me" is, and by the store, which splits words the same way.
What looks like a filter and is none ("re:invoice", "12:30") is a word.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from service.errors import InvalidInput

MOST_PARTS = 20
# One part of a query: words in quotes, or a name and a value that may be in quotes, or one word.
PART = re.compile(r'-?\w+:"[^"]*"?|"[^"]*"?|\S+')
FILTER = re.compile(r'(-?)(\w+):"?([^"]*)"?', re.DOTALL)
SPAN = re.compile(r"[>≥]?\s*(\d{1,4})\s*(min|m|h|d|w)")
MINUTES = {"m": 1, "min": 1, "h": 60, "d": 24 * 60, "w": 7 * 24 * 60}

CHOICES: Mapping[str, tuple[str, ...]] = {
    "status": ("active", "open", "claimed", "returned", "resolved"),
    "sentiment": ("negative", "neutral", "positive"),
    "priority": ("low", "normal", "high", "urgent"),
    "is": ("overdue", "due", "unanswered", "snoozed", "merged"),
}
FREE = ("owner", "intent", "tag", "language")
OTHER_NAMES = {"label": "tag", "lang": "language", "mood": "sentiment"}


@dataclass(frozen=True, slots=True)
class Term:
    """One filter. ``value`` is checked; of "waiting" it is a number of minutes."""

    name: str
    value: str
    negated: bool = False


@dataclass(frozen=True, slots=True)
class InboxQuery:
    """``words`` that a ticket must all have, and ``terms`` that must all hold."""

    words: tuple[str, ...] = ()
    terms: tuple[Term, ...] = ()

    def asks(self, name: str) -> bool:
        """Whether a filter of this name is there."""
        return any(term.name == name for term in self.terms)


def parse_query(text: str) -> InboxQuery:
    """The words and filters of a text. ``InvalidInput`` names a value that a filter cannot have."""
    words: list[str] = []
    terms: list[Term] = []
    for part in PART.findall(_without_nul(text))[:MOST_PARTS]:
        term = _term(part)
        if term is not None:
            terms.append(term)
        elif word := part.strip('"').strip():
            words.append(word)
    return InboxQuery(tuple(dict.fromkeys(words)), tuple(dict.fromkeys(terms)))


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text in which nothing is a filter; what is in quotes stays together."""
    parts = re.findall(r'"[^"]*"?|\S+', _without_nul(text))[:MOST_PARTS]
    return tuple(dict.fromkeys(word for part in parts if (word := part.strip('"').strip())))


def _without_nul(text: str) -> str:
    """No text holds a NUL, and the index's own language ends at one."""
    return text.replace("\0", " ")


def _term(part: str) -> Term | None:
    match = FILTER.fullmatch(part)
    if match is None:
        return None
    name = OTHER_NAMES.get(match[2].lower(), match[2].lower())
    value, negated = match[3].strip(), bool(match[1])
    if name == "waiting" and value:
        return Term(name, str(_minutes(value)), negated)
    if name in CHOICES and value:
        if value.lower() not in CHOICES[name]:
            allowed = ", ".join(CHOICES[name])
            raise InvalidInput(f"{name}: is one of {allowed}, not {value!r}.", field="q")
        return Term(name, value.lower(), negated)
    return Term(name, value, negated) if name in FREE and value else None


def _minutes(value: str) -> int:
    match = SPAN.fullmatch(value.lower())
    if match is None:
        problem = f"waiting: is a span such as 10m, 2h or 1d, not {value!r}."
        raise InvalidInput(problem, field="q")
    return int(match[1]) * MINUTES[match[2]]
