"""Slots in a real answer: what was one customer's, and no part of the answer to the next.

That is what the customer had written before, what the desk's own patterns find, what differs among
answers that are otherwise the same, and any long number that most of the others do not have. Called
by ``service.history.proposing``. Pure.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from difflib import SequenceMatcher

from index.kinds import KINDS
from index.locales import Locale
from index.recognisers import PatternRecogniser
from service.records.settings import DeskSettings
from service.transfer.pieces import name_from

TOKEN = re.compile(r"\{[a-z]\w*\}|\w+(?:[.,:/'’-]\w+)*|[^\w\s]")
WORD = re.compile(r"(?<![\w{-])\w+(?:-\w+)*")
ALIKE = 0.75  # share of words that two answers have in common from which their difference is a slot
OTHERS = 2  # answers in which it must be another value
LONGEST = 4  # words of a value
LOOKED_AT = 300  # words of an answer: comparing takes their square
CODE = 4  # figures that it has at least, and letters at most
LONG_NUMBER = 6  # digits that are hardly a price, a year or a postcode
KIND_NAMES = {"date": "date", "money": "amount"}
NO_NAMES = {"number", "code", "nummer", "the", "your", "with", "for", "von", "der", "die", "mit"}


def find_slots(
    answer: str, question: str, others: Sequence[str], settings: DeskSettings, today: date
) -> str:
    """The answer with a variable in each of its slots; ``others`` answered like questions.

    A slot has the name of the desk's own where its pattern fits, else one made of the word before
    it: ``{order_number}``; of what it is: ``{date}``, ``{amount}``; or ``{value}``.
    """
    spans: dict[tuple[int, int], str] = {}
    for slot in settings.slots:
        if slot.pattern:
            for entity in PatternRecogniser(slot.name, slot.pattern, slot.format).find(answer):
                spans[entity.start, entity.end] = slot.name
    for kind, name in KIND_NAMES.items():
        given = {value for *_, value in KINDS[kind](question, settings.locale, today)}
        for start, end, value in KINDS[kind](answer, settings.locale, today):
            if value in given:
                spans[start, end] = name
    asked = {code.group().casefold() for code in _codes(question)}
    for match in _codes(answer):
        common = 2 * sum(match.group() in other for other in others) > len(others) > 0
        long = sum(c.isdigit() for c in match.group()) >= LONG_NUMBER
        if match.group().casefold() in asked or (long and not common):
            spans[match.span()] = _name(answer, *match.span(), settings.locale, today)
    for start, end in _varying(answer, others):
        spans[start, end] = _name(answer, start, end, settings.locale, today)
    made, last = "", 0
    for (start, end), name in sorted(spans.items()):
        if start >= last and not _inside_variable(answer, start):
            made += answer[last:start] + f"{{{name}}}"
            last = end
    return made + answer[last:]


def _codes(text: str) -> Iterator[re.Match[str]]:
    """Words that are mostly figures: numbers of orders and the like."""
    for match in WORD.finditer(text):
        figures = sum(c.isdigit() for c in match.group())
        if figures >= CODE and sum(c.isalpha() for c in match.group()) <= CODE:
            yield match


def _varying(answer: str, others: Sequence[str]) -> list[tuple[int, int]]:
    """Where like answers have another value: figures, or names with a capital."""
    tokens = list(TOKEN.finditer(answer))[:LOOKED_AT]
    words = [token.group() for token in tokens]
    values: dict[tuple[int, int], set[str]] = {}
    for other in others:
        theirs = TOKEN.findall(other)[:LOOKED_AT]
        matcher = SequenceMatcher(None, words, theirs, autojunk=False)
        if other == answer or matcher.quick_ratio() < ALIKE or matcher.ratio() < ALIKE:
            continue
        for what, first, last, their_first, their_last in matcher.get_opcodes():
            value = theirs[their_first:their_last]
            if (
                what == "replace"
                and last - first <= LONGEST
                and len(value) <= LONGEST
                and _is_value(words[first:last], first and words[first - 1] not in ".!?:")
                and _is_value(value, True)
            ):
                values.setdefault((first, last), set()).add(" ".join(value))
    return [
        (tokens[first].start(), tokens[last - 1].end())
        for (first, last), found in values.items()
        if len(found) >= OTHERS
    ]


def _is_value(words: Sequence[str], inside: object) -> bool:
    """Whether words are a figure, or names within a sentence, where a capital tells."""
    return any(c.isdigit() for word in words for c in word) or (
        bool(inside) and all(word[:1].isupper() for word in words)
    )


def _name(answer: str, start: int, end: int, locale: Locale, today: date) -> str:
    value = answer[start:end]
    for kind, name in KIND_NAMES.items():
        if any(True for _ in KINDS[kind](value, locale, today)):
            return name
    if not any(c.isdigit() for c in value):
        return "value"
    before = re.findall(r"[^\W\d_]+", answer[max(0, start - 40) : start].casefold())
    word = next((w for w in reversed(before) if w not in NO_NAMES and len(w) > 2), "")
    return name_from(f"{word} number".strip(), "slot")


def _inside_variable(answer: str, place: int) -> bool:
    return answer.rfind("{", 0, place) > answer.rfind("}", 0, place)
