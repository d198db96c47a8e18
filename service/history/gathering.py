"""Reads past conversations, draws some by chance, pairs and masks them.

Called by ``import FORMAT PATH --history``. Keeps as many conversations in memory as it draws;
nothing that it returns names a customer whom the files name.
"""

import random
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from index.kinds import PERSONAL
from index.masking import find_personal, names_of, put_stand_ins
from index.recognisers import Recogniser, personal
from service.history.pairing import Pair, answer_of, question_of, repeated
from service.history.threads import Thread
from service.records.settings import DeskSettings
from service.transfer.placeholders import adapt

SEED = 13
OWN = 5  # conversations in whose answers the same address stands, which then is the company's own
INTRODUCES = re.compile(
    r"\b((?i:my name is|this is|ich heiße|mein name ist|je m['’]appelle|me llamo)\s+)"
    r"[^\W\d_a-z][\w'’-]+(?:\s+[^\W\d_a-z][\w'’-]+){0,2}"  # names have capitals
)


@dataclass(frozen=True, slots=True)
class Gathered:
    """Masked pairs, and of how many conversations they come. ``seen`` were in the files, of which
    ``drawn`` were looked at; in the others of these nobody asked, or no person answered."""

    pairs: tuple[Pair, ...]
    seen: int
    drawn: int
    unasked: int
    unanswered: int
    masked: int


def gather(threads: Iterable[Thread], settings: DeskSettings, most: int) -> Gathered:
    """Pairs of ``most`` conversations, drawn by chance, the same ones each time."""
    drawn, seen = draw(threads, most)
    waiting = repeated(drawn)
    pairs: list[Pair] = []
    missing: Counter[str] = Counter()
    for thread in drawn:
        question = question_of(thread)
        answer = answer_of(thread, waiting) if question else ""
        if not question or not answer:
            missing["answer" if question else "question"] += 1
        else:
            pairs.append(Pair(thread.where, question, answer, thread.people))
    masked = mask(pairs, settings)
    changed = sum(a.question != b.question for a, b in zip(pairs, masked, strict=True))
    return Gathered(
        tuple(masked), seen, len(drawn), missing["question"], missing["answer"], changed
    )


def draw(threads: Iterable[Thread], most: int) -> tuple[list[Thread], int]:
    """``most`` of the conversations, each as likely as any other, in their order, and the number
    of all. Vitter, "Random sampling with a reservoir" (1985), algorithm R."""
    chance = random.Random(SEED)  # noqa: S311 - no secret
    kept: list[tuple[int, Thread]] = []
    seen = 0
    for thread in threads:
        if seen < most:
            kept.append((seen, thread))
        elif (place := chance.randrange(seen + 1)) < most:
            kept[place] = (seen, thread)
        seen += 1
    return [thread for _, thread in sorted(kept, key=lambda pair: pair[0])], seen


def mask(pairs: Sequence[Pair], settings: DeskSettings) -> list[Pair]:
    """The pairs without what tells of a person: stand-ins in questions, variables in answers, which
    the desk never prints unfilled. Addresses and numbers of the company's own stay in answers."""
    recognisers = personal(settings.locale)
    own = _own(pairs, recognisers)
    facts = (name for name, value in settings.facts.items() if value)
    known = frozenset((*facts, *(slot.name for slot in settings.slots)))
    named = {slot.kind: slot.name for slot in settings.slots if slot.kind in PERSONAL}
    masked = []
    for pair in pairs:
        question = put_stand_ins(pair.question, find_personal(pair.question, recognisers))
        answer = pair.answer
        for name in pair.people:
            question = put_stand_ins(question, find_personal(question, (), names_of(name)))
            answer = _replace(answer, (), names_of(name), {"name": "{contact.name}"}, frozenset())
        question = INTRODUCES.sub(r"\1Alex", question)
        labels = {kind: f"{{{named.get(kind, kind)}}}" for kind in PERSONAL}
        answer = _replace(answer, recognisers, (), labels, own)
        answer = adapt(answer, known, "answer", pair.where).text
        masked.append(replace(pair, question=question, answer=answer, people=()))
    return masked


def _replace(
    text: str,
    recognisers: Sequence[Recogniser],
    names: Sequence[str],
    variables: dict[str, str],
    own: frozenset[str],
) -> str:
    """The text with a variable in the place of each finding, as Liquid, but for the company's."""
    made, end = "", 0
    for entity in find_personal(text, recognisers, names):
        if entity.value not in own:
            made += text[end : entity.start] + "{" + variables[entity.label] + "}"
            end = entity.end
    return made + text[end:]


def _own(pairs: Sequence[Pair], recognisers: Sequence[Recogniser]) -> frozenset[str]:
    counts: Counter[str] = Counter()
    for pair in pairs:
        theirs = {entity.value for entity in find_personal(pair.question, recognisers)}
        counts.update({e.value for e in find_personal(pair.answer, recognisers)} - theirs)
    return frozenset(value for value, count in counts.items() if count >= OWN)
