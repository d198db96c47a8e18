"""Cross validation of a recipe: as many trainings as folds, each tested on rows of its own.

Called by ``train --folds``. It judges a recipe and these rows and leaves nothing behind: a release
is what a training on all of them makes. Each fold stops, calibrates and promises on held-out rows
that are not its test rows.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import fmean, stdev
from typing import Any

import numpy as np
from numpy.typing import NDArray

from finetune.clean import clean
from finetune.compare import FIGURES
from finetune.crossval import make_folds
from finetune.encoders import find_encoder
from finetune.evaluate import Metrics
from finetune.fit import PROMISE, RISK, Progress, Setup, prefixed
from finetune.prepare import arrange
from finetune.recipe import Recipe
from finetune.rows import SPLITS, Row, Split, digest
from finetune.run import measure_recipe
from finetune.split import group_rows, stratum_of
from finetune.tracking import Track, no_tracking
from index.network import choose_device
from service.errors import ContentError

HELD_OUT = 5  # of the rows that are not tested, one in so many is held out


def cross_evaluate(
    rows: Sequence[Row],
    recipe: Recipe,
    folds: int,
    *,
    promise: float = PROMISE,
    risk: float = RISK,
    device: str = "auto",
    progress: Progress | None = None,
    track: Track = no_tracking,
) -> dict[str, Any]:
    """Train and measure once for every fold, and say what the figures come to over the folds.

    Arguments are those of `finetune.run.train_release`; every fold is a run of ``track``. Raises
    ``ContentError`` when there are too few rows without a split, ``ReleaseError`` when the encoder
    or the device is missing.
    """
    tell = progress or (lambda stage, done, whole: None)
    setup = Setup(find_encoder(recipe.encoder), recipe, choose_device(device), promise, risk)
    kept, cleaning = clean(rows)
    each: list[Metrics] = []
    for number, placed in enumerate(split_folds(kept, folds), start=1):
        label = f"fold {number}/{folds}"
        told = prefixed(label, tell)
        prepared = arrange(placed, cleaning)
        with track(label, recipe) as tracking:
            metrics = measure_recipe(prepared, setup, told, tracking)
            tracking.finish(metrics)
        each.append(metrics)
    return {
        "folds": folds,
        "rows": len(kept),
        "tested": sum(metrics["splits"]["test"] for metrics in each),
        "dataset": digest(kept),
        "recipe": recipe.to_json(),
        "cleaning": cleaning.to_json(),
        "figures": summarise_folds(each),
        "each": [_sketch(metrics) for metrics in each],
    }


def split_folds(rows: Sequence[Row], folds: int) -> list[list[Row]]:
    """The rows of every fold with their splits.

    Only rows without a split are tested, each in one fold, and groups of like texts stay whole.
    Rows marked train, and support rows, only train, and so do the texts that are like them; rows
    marked valid are held out in every fold, or else a fifth of what a fold does not test; rows
    marked test stay out. The only group of an intent trains, for else nothing would know it.
    Raises ``ContentError`` when fewer groups than folds can be tested.
    """
    rows = [row for row in rows if row.split != "test"]
    fixed: dict[int, Split] = {}
    free: list[list[int]] = []
    for group in group_rows(rows):
        marks = {"train" if rows[n].support else rows[n].split for n in group}
        if marks == {None}:
            free.append(group)
        else:
            mark: Split = "train" if "train" in marks else "valid"
            fixed |= {n: "train" if rows[n].support else rows[n].split or mark for n in group}
    groups = Counter(stratum_of(rows[group[0]]) for group in free)
    for group in [group for group in free if groups[stratum_of(rows[group[0]])] == 1]:
        fixed |= dict.fromkeys(group, "train")
        free.remove(group)
    if len(free) < folds:
        raise ContentError(
            f"{folds} folds need as many groups of like texts without a split; "
            f"there are {len(free)}. Rows marked train, valid or test are not tested."
        )
    tested = _deal(rows, free, folds)
    made = []
    for fold in range(folds):
        others = [g for g, place in zip(free, tested, strict=True) if place != fold]
        held = set() if "valid" in fixed.values() else _hold_out(rows, others)
        splits: dict[int, Split] = {n: "test" for group in free for n in group}
        splits.update(fixed)
        splits.update({n: "valid" if n in held else "train" for group in others for n in group})
        made.append([replace(row, split=splits[n]) for n, row in enumerate(rows)])
    return made


def summarise_folds(each: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Mean, standard deviation and range over the folds of every figure that any fold has.

    ``folds`` says how many have it: a fold that answers nothing has no precision. The deviation,
    with Bessel's correction, is of single folds; since these share training rows, no honest
    interval of the mean follows from it (Bengio & Grandvalet 2004).
    """
    lines = []
    for title, head, name in FIGURES:
        values = [metrics.get(head, {}).get(name) for metrics in each]
        known = [float(v) for v in values if v is not None and math.isfinite(v)]
        if known:
            lines.append(
                {
                    "figure": title,
                    "name": f"{head}.{name}",
                    "mean": fmean(known),
                    "deviation": stdev(known) if len(known) > 1 else None,
                    "lowest": min(known),
                    "highest": max(known),
                    "folds": len(known),
                    "values": values,
                }
            )
    return lines


def _hold_out(rows: Sequence[Row], groups: Sequence[Sequence[int]]) -> set[int]:
    """Rows of a fifth of the groups; as in any training, an intent with few groups gives none."""
    counts = Counter(stratum_of(rows[group[0]]) for group in groups)
    many = [group for group in groups if counts[stratum_of(rows[group[0]])] > len(SPLITS)]
    dealt = _deal(rows, many, HELD_OUT)
    return {n for group, part in zip(many, dealt, strict=True) if part == 0 for n in group}


def _deal(rows: Sequence[Row], groups: Sequence[Sequence[int]], parts: int) -> NDArray[np.int64]:
    """The part of each group, so that every intent is spread evenly over the parts."""
    if not groups:
        return np.zeros(0, np.int64)
    strata = [stratum_of(rows[group[0]]) for group in groups]
    names = {name: number for number, name in enumerate(sorted(set(strata)))}
    sizes = [len(group) for group in groups]
    truth = np.repeat([names[name] for name in strata], sizes).astype(np.int64)
    numbers = np.repeat(np.arange(len(groups)), sizes)
    firsts = np.cumsum([0, *sizes[:-1]])
    dealt: NDArray[np.int64] = make_folds(truth, numbers, parts)[firsts]
    return dealt


def _sketch(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """A fold's splits, and its figures without what is behind them."""
    heads = dict.fromkeys(head for _, head, _ in FIGURES)
    return {
        "splits": metrics["splits"],
        **{
            head: {
                name: value
                for name, value in metrics[head].items()
                if isinstance(value, (int, float)) or name.endswith("_interval")
            }
            for head in heads
            if head in metrics
        },
    }
