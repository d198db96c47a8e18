"""What happens in the month: who writes what on which day, drawn from a public data set.

Called by the command before it starts. The desk knows two thirds of the intents at first, with a
few examples each; the others turn up on a day of the first two thirds of the month. Every message
is written once. Pure: the same seed makes the same month.
"""

import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from finetune.rows import Row
from index.records import OUT_OF_SCOPE
from service.records.content import Content, Example, GoldenCase, Intent, Template
from service.records.settings import DeskSettings

EXAMPLES = 5  # of an intent that the desk starts with
OUTSIDE = 0.1  # of the messages that no intent fits
GOLDEN = 40
TESTED = 10  # messages of an intent that measure every champion, and that nobody ever writes
TESTED_OUTSIDE = 200


@dataclass(frozen=True, slots=True)
class Line:
    """A message and what it really means."""

    text: str
    intent: str


@dataclass(frozen=True, slots=True)
class World:
    """``known`` intents with ``examples`` and ``golden`` ones; ``days`` of messages; ``fresh``
    intents by the day from which they are written about; ``test`` lines that stay unseen."""

    known: Sequence[str]
    fresh: Mapping[str, int]
    examples: Sequence[Line]
    golden: Sequence[Line]
    days: Sequence[Sequence[Line]]
    test: Sequence[Line]


def make_world(rows: Iterable[Row], intents: int, days: int, messages: int, seed: int) -> World:
    """A month of ``days`` with so many ``messages`` each about so many ``intents``; 0 is all."""
    chance = random.Random(seed)
    pools = _pools(rows, chance)
    outside = pools.pop(OUT_OF_SCOPE, [])
    names = sorted(pools)
    chance.shuffle(names)
    names = names[: intents or None]
    known = names[: len(names) * 2 // 3]
    fresh = {
        name: 2 + place * (days * 2 // 3) // max(1, len(names) - len(known))
        for place, name in enumerate(names[len(known) :])
    }
    test = [Line(pools[name].pop(), name) for name in names for _ in range(TESTED)]
    test += [Line(outside.pop(), OUT_OF_SCOPE) for _ in range(min(TESTED_OUTSIDE, len(outside)))]
    examples = [Line(pools[name].pop(), name) for name in known for _ in range(EXAMPLES)]
    golden = [Line(pools[name].pop(), name) for name in known[:GOLDEN]]
    written = []
    for day in range(1, days + 1):
        open_now = [*known, *(name for name, first in fresh.items() if first <= day)]
        written.append(_draw(pools, outside, open_now, messages, chance))
    return World(known, fresh, examples, golden, written, test)


def starting_content(world: World, promise: float) -> Content:
    """The desk on its first morning."""
    return Content(
        settings=DeskSettings(name="Month", promise=promise),
        intents=tuple(Intent(name, "month", title_of(name)) for name in world.known),
        templates=tuple(Template(f"{name}_answer", name, answer_to(name)) for name in world.known),
        examples=tuple(
            Example(f"exa_{number}", line.text, line.intent)
            for number, line in enumerate(world.examples)
        ),
        golden=tuple(GoldenCase(line.text, line.intent, "answer") for line in world.golden),
    )


def title_of(intent: str) -> str:
    """What the desk calls an intent."""
    return intent.replace("_", " ").capitalize()


def answer_to(intent: str) -> str:
    """The answer to an intent, which no other has."""
    return f"This is how we help you with “{title_of(intent)}”."


def _pools(rows: Iterable[Row], chance: random.Random) -> dict[str, list[str]]:
    """The different texts of each intent, shuffled."""
    pools: dict[str, list[str]] = defaultdict(list)
    seen: set[str] = set()
    for row in rows:
        if row.intent is not None and row.text.casefold() not in seen:
            seen.add(row.text.casefold())
            pools[row.intent].append(row.text)
    for name in sorted(pools):
        chance.shuffle(pools[name])
    return dict(pools)


def _draw(
    pools: Mapping[str, list[str]],
    outside: list[str],
    names: Sequence[str],
    messages: int,
    chance: random.Random,
) -> list[Line]:
    """One day's messages; of an intent that ran out nobody writes any more."""
    lines = []
    for _ in range(messages):
        left = [name for name in names if pools[name]]
        if outside and (chance.random() < OUTSIDE or not left):
            lines.append(Line(outside.pop(), OUT_OF_SCOPE))
        elif left:
            name = chance.choice(left)
            lines.append(Line(pools[name].pop(), name))
    return lines
