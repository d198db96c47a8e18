"""Promises: over 20 random splits of each set, and on a desk that grows.

Called by the command through `benchmarks.understanding.cases`. Twenty trainings a set are too dear,
so each set is trained on once. Its held-out rows (valid and test) are then dealt anew 20 times into
tuning, promise and test rows, the first two as many as the product set aside in the training; each
time the product's own `fit`, `judge` and `find_thresholds` (`finetune.calibrate`) calibrate on the
network's raw outputs, and the promise is held against the test rows. What the splits share: the
network, for whose stopping the training looked at its own tuning rows, and a finite pool of rows.
So they say whether the calibration holds, not how much trainings differ.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.understanding.accuracy import bitext_release, clinc_release, snips_release
from benchmarks.understanding.bench import Bench, Heard, say
from benchmarks.understanding.draws import (
    NEW,
    inside,
    new_intents,
    part,
    repartition,
    teaching,
)
from benchmarks.understanding.figures import Figure
from benchmarks.understanding.measures import Realised, realise
from finetune.batches import pick
from finetune.calibrate import find_thresholds, fit, judge
from finetune.fit import PROMISE, RISK
from finetune.prepare import prepare
from finetune.rows import Row

SPLITS = 20
KEPT = 18  # of them
OTHERS = (0.9, 0.99)  # what else a desk may promise


@dataclass(frozen=True, slots=True)
class Held:
    """A set's name, its release, the rows that may calibrate, those that test, and the goal of the
    share answered in scope, if there is one."""

    name: str
    release: Path
    calibrating: Sequence[Row]
    test: Sequence[Row]
    answered: float | None = None


def measure_promises(bench: Bench) -> list[Figure]:
    """Every set with intents; CLINC150 alone, and with out-of-scope messages mixed in.

    Mixed in are those of its valid and test parts, one message of eight. They are met both by the
    network that has never seen one and by one that was trained on the set as it was published.
    """
    clinc, bitext, snips = (bench.rows(name) for name in ("clinc150", "bitext_intents", "snips"))
    inner, whole = clinc_release(bench), bench.train("clinc-published", teaching(clinc))
    mixed, test = teaching(clinc), part(clinc, "test")
    sets = [
        Held("CLINC150 in scope", inner, inside(mixed), inside(test), 0.85),
        Held("CLINC150 mixed, none seen in training", inner, mixed, test, 0.6),
        Held("CLINC150 mixed, as published", whole, mixed, test, 0.6),
        Held("Bitext", bitext_release(bench), teaching(bitext), part(bitext, "test")),
        Held("SNIPS", snips_release(bench), teaching(snips), part(snips, "test")),
    ]
    return [figure for held in sets for figure in _over_splits(bench, held)]


def measure_growth(bench: Bench) -> list[Figure]:
    """A desk of 120 intents that gets 30 more: the promise before, between and after.

    Between, the 30 are asked for already and the desk does not know them: each answer to one is
    wrong. After, the desk was trained and calibrated anew.
    """
    rows = inside(bench.rows("clinc150"))
    fresh = new_intents(rows, NEW)
    old = [row for row in rows if row.intent not in fresh]
    before = bench.train("clinc-120", teaching(old))
    after = clinc_release(bench)
    test, unknown = part(rows, "test"), [row for row in part(rows, "test") if row.intent in fresh]
    surprised = bench.hear(before, unknown)
    noticed = np.mean([s.in_scope < surprised.thresholds.in_scope for s in surprised.readings])
    return [
        *_at_own("before, its 120 intents", bench.hear(before, part(old, "test")), goal=True),
        *_over_splits(bench, Held("before", before, teaching(old), part(old, "test"))),
        Figure("between: the 30 intents, read as out of scope", float(noticed)),
        Figure("between: answered all the same, wrongly", surprised.metrics["promise"]["answered"]),
        *_at_own("between, all 150 intents", bench.hear(before, test), goal=False),
        *_at_own("after, its 150 intents", bench.hear(after, test), goal=True),
        *_at_own("after, the 30 intents alone", bench.hear(after, unknown), goal=False),
        *_over_splits(bench, Held("after", after, teaching(rows), test)),
    ]


def _over_splits(bench: Bench, held: Held) -> list[Figure]:
    """How often each promise was kept, and how much was answered."""
    prepared = prepare(held.calibrating)
    pool = [*prepared.tuning, *prepared.promised, *held.test]
    sizes = [len(prepared.tuning), len(prepared.promised), len(held.test)]
    raw, rows = bench.pass_through(held.release, pool)
    seen: dict[float, list[Realised]] = {promise: [] for promise in (PROMISE, *OTHERS)}
    for seed in range(SPLITS):
        tuning, promised, test = repartition(sizes, seed)
        calibration = fit(pick(raw, tuning), pick(rows, tuning))
        parts = [judge(pick(raw, p), pick(rows, p), calibration) for p in (tuning, promised, test)]
        for promise, found in seen.items():
            thresholds = find_thresholds(parts[0], parts[1], promise, RISK)
            found.append(realise(parts[2], thresholds))
    say(f"{held.name}: {SPLITS} splits done")
    figures = [_kept(held.name, promise, found, sizes) for promise, found in seen.items()]
    shares = [one.answered_in_scope for one in seen[PROMISE]]
    note = f"mean over the splits; {100 * min(shares):.1f} to {100 * max(shares):.1f}"
    name = f"{held.name}: answered of what is in scope, promise {PROMISE:.0%}"
    figures.insert(1, Figure(name, float(np.mean(shares)), held.answered, note=note))
    return figures


def _kept(name: str, promise: float, found: Sequence[Realised], sizes: Sequence[int]) -> Figure:
    """In how many splits the promise held; not measured where no split could make it."""
    given = [one.precision for one in found if one.precision is not None]
    answered = 100 * float(np.mean([one.answered_in_scope for one in found]))
    note = f"{sizes[0]} tuning, {sizes[1]} promise, {sizes[2]} test rows"
    if given:
        span = f"{100 * min(given):.2f} to {100 * max(given):.2f}"
        note = f"precision {span}; {answered:.1f} % of in scope answered; {note}"
    if len(given) < len(found):
        note = f"{len(found) - len(given)} splits answer nothing; {note}"
    kept = sum(one.kept(promise) for one in found) if given else None
    return Figure(
        f"{name}: splits that keep a promise of {promise:.0%}",
        kept,
        KEPT,
        "count",
        note=note,
        whole=len(found),
        parts={
            "precision": [one.precision for one in found],
            "answered": [one.answered for one in found],
            "answered_in_scope": [one.answered_in_scope for one in found],
        },
    )


def _at_own(name: str, heard: Heard, *, goal: bool) -> list[Figure]:
    """Precision and share answered with the thresholds that are in the release."""
    found = heard.metrics["promise"]
    note = f"{found['answered_rows']} answers to {found['rows']} messages"
    return [
        Figure(
            f"{name}: right among the answers",
            found["precision"],
            PROMISE if goal else None,
            note=note,
        ),
        Figure(f"{name}: answered", found["answered"]),
    ]
