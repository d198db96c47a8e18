"""From a past conversation to the customer's question and the best answer that a person gave.

Called by ``service.history.gathering``. Pure functions of words; waiting, machines and
politeness are told by phrases of four languages, and by what repeats in any.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from index.seen import normalise
from service.history.phrases import (
    GREETING,
    MACHINE,
    POLITE,
    QUOTED,
    SIGNATURE,
    THANKS,
    WAITS,
)
from service.history.threads import Line, Thread

MOST_WORDS = 80  # of a question: what comes later in a letter is seldom what it wants
LONG_ENOUGH = 40  # words from which an answer is no better for being longer
FEWEST_WORDS = 4  # of an answer
FEWEST_LETTERS = 8  # of a question that is one word
REPEATED = 20  # answers that are the same, and not the last, in so many conversations
REPEATED_SHARE = 0.05
LONGEST_ANSWER = 4_000
CHARACTERS = 8_000  # of a message that are looked at


@dataclass(frozen=True, slots=True)
class Pair:
    """A question with its answer, as they were written, and who took part."""

    where: str
    question: str
    answer: str
    people: tuple[str, ...] = ()


def question_of(thread: Thread) -> str:
    """What the customer wanted: the first messages before a person answered, without politeness;
    empty when there is none."""
    parts: list[str] = []
    for line in thread.lines:
        if line.author == "operator" and parts:
            break
        words = strip(line.text) if line.author == "customer" else ""
        if words and not is_polite(words):
            parts.append(words)
    text = "\n".join(parts)
    if not text or len(text.split()) < 3:  # "see above", and the subject says it
        text = f"{thread.subject.strip()} {text}".strip()
    text = " ".join(text.split()[:MOST_WORDS])
    enough = len(text.split()) > 1 or len(text) >= FEWEST_LETTERS
    return text if enough and not is_polite(text) else ""


def repeated(threads: Iterable[Thread]) -> frozenset[str]:
    """Operators' texts that stand in many conversations before something else: texts for waiting,
    in whatever language."""
    counts: Counter[str] = Counter()
    several = 0
    for thread in threads:
        texts = [normalise(line.text) for line in thread.lines if line.author == "operator"]
        several += len(texts) > 1
        counts.update(set(texts[:-1]))
    least = max(REPEATED, REPEATED_SHARE * several)
    return frozenset(text for text, count in counts.items() if count >= least)


def answer_of(thread: Thread, waiting: frozenset[str] = frozenset()) -> str:
    """The best answer of a person, without greeting and signature; empty when there is none.

    The most words up to ``LONG_ENOUGH`` win; one that the customer thanked for is better, one that
    only asks back or asks to wait is worse, and a machine's, or one of ``waiting``, is none.
    """
    asked, best, text = False, 0.0, ""
    for place, line in enumerate(thread.lines):
        asked = asked or line.author == "customer"
        if line.author != "operator" or not asked or normalise(line.text) in waiting:
            continue
        words = strip(line.text)
        score = _worth(words)
        score += 0.2 if score and _thanked(thread.lines, place) else 0.0
        if score > best:
            best, text = score, words
    return text[:LONGEST_ANSWER]


def strip(text: str) -> str:
    """What somebody wrote in this message: no quotes of earlier ones, no greeting, no signature."""
    lines: list[str] = []
    for line in text[:CHARACTERS].replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        if QUOTED.match(line.strip()):
            if not line.lstrip().startswith(">"):
                break
            continue
        lines.append(line.rstrip())
    bare = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
    bare, greeted = GREETING.subn("", bare)
    bare = SIGNATURE.sub("", bare).strip()
    return bare[:1].upper() + bare[1:] if greeted else bare


def is_polite(text: str) -> bool:
    """Whether there is nothing but greeting and thanks in it."""
    return all(word in POLITE for word in re.findall(r"[^\W\d_]+(?:'\w+)?|\d+", text.casefold()))


def _worth(text: str) -> float:
    words = len(text.split())
    if words < FEWEST_WORDS or MACHINE.search(text) or is_polite(text):
        return 0.0
    worth = min(words, LONG_ENOUGH) / LONG_ENOUGH
    if WAITS.search(text) and words < LONG_ENOUGH:
        return 0.0
    return worth / 3 if text.endswith("?") and words < LONG_ENOUGH else worth


def _thanked(lines: Sequence[Line], place: int) -> bool:
    following = next((line for line in lines[place + 1 :] if line.author != "desk"), None)
    return bool(
        following and following.author == "customer" and THANKS.search(following.text[:200])
    )
