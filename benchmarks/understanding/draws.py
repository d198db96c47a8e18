"""Which rows train, calibrate and test: samples, few-shot draws, repartitions, the union of sets.

Pure functions of rows and seeds, called by the cases. None of them looks at a model.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from finetune.rows import Row
from index.records import OUT_OF_SCOPE
from index.seen import normalise

Kind = Literal["intent", "sentiment", "entities"]
SEED = 2026
NEW = 30  # intents by which a desk grows


def part(rows: Iterable[Row], *splits: str) -> list[Row]:
    """The rows of these splits."""
    return [row for row in rows if row.split in splits]


def inside(rows: Iterable[Row]) -> list[Row]:
    """The rows that are not out of scope."""
    return [row for row in rows if row.intent != OUT_OF_SCOPE]


def teaching(rows: Iterable[Row], *, unseen: Iterable[Row] = ()) -> list[Row]:
    """The train and valid rows of a published set, less every text that its test part has too.

    So no test row, nor its label, reaches a training. ``unseen`` are rows of other sets that shall
    not be seen either.
    """
    rows = list(rows)
    tested = {normalise(row.text) for row in [*part(rows, "test"), *unseen]}
    return [row for row in part(rows, "train", "valid") if normalise(row.text) not in tested]


def sample(rows: Sequence[Row], share: float) -> list[Row]:
    """About this share of the rows, at least one of every split and label, in their order."""
    if share >= 1:
        return list(rows)
    random = np.random.default_rng(SEED)
    strata: dict[tuple[str | None, ...], list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        strata[row.split, row.intent, row.sentiment].append(place)
    kept: set[int] = set()
    for places in strata.values():
        kept.update(random.permutation(places)[: max(1, round(share * len(places)))].tolist())
    return [row for place, row in enumerate(rows) if place in kept]


def few(rows: Iterable[Row], each: int, seed: int) -> list[Row]:
    """``each`` training rows of every intent, drawn at random; fewer where there are no more.

    They are all that there is: calibration has no others. Nothing is out of scope.
    """
    by_intent: dict[str, list[Row]] = defaultdict(list)
    for row in inside(part(rows, "train")):
        if row.intent is not None:
            by_intent[row.intent].append(row)
    random = np.random.default_rng([SEED, seed])
    return [
        members[place]
        for _, members in sorted(by_intent.items())
        for place in sorted(random.permutation(len(members))[:each])
    ]


def new_intents(rows: Iterable[Row], count: int) -> set[str]:
    """``count`` of the intents, drawn at random: those that a desk has not yet."""
    names = sorted({row.intent for row in inside(rows) if row.intent})
    random = np.random.default_rng(SEED)
    return {names[place] for place in random.permutation(len(names))[:count]}


def unite(parts: Mapping[Kind, Iterable[Row]]) -> list[Row]:
    """Rows of several sets as those of one desk: each brings the label it is named after, alone.

    ``parts`` maps "intent", "sentiment" or "entities" to rows. A label of another kind is taken
    off, because the sets name the same wish differently (SNIPS' GetWeather is CLINC150's weather),
    and a desk has one name for it. So a row without an intent is not out of scope: it says nothing
    about intents, and trains nothing there.
    """
    return [
        replace(
            row,
            intent=row.intent if kind == "intent" else None,
            sentiment=row.sentiment if kind == "sentiment" else None,
            entities=row.entities if kind == "entities" else None,
        )
        for kind, rows in parts.items()
        for row in rows
    ]


def repartition(sizes: Sequence[int], seed: int) -> list[NDArray[np.int64]]:
    """The numbers from 0 to the sum of ``sizes`` in random parts of these sizes."""
    order = np.random.default_rng([SEED, seed]).permutation(sum(sizes))
    return np.split(order, np.cumsum(sizes)[:-1])
