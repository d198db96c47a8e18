"""Doubts about labels: rows that are probably wrong, intents that overlap, lonely rows.

Functions of a ``Sample``, which ``finetune.lint_model`` takes: rows with their vectors and with
out-of-fold probabilities. Confident learning is cleanlab's, from the extra ``lint``.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from finetune.findings import Finding
from finetune.rows import Row
from index.records import OUT_OF_SCOPE

Head = Literal["intent", "sentiment"]

BLOCK = 1024  # rows whose neighbours are looked for at once
NEAREST = 5
CLAIM = 0.6  # of the mean chance of a label's own rows: less does not claim a row
LONELY = 0.05  # share of the rows whose nearest of the same intent counts as far
CONFUSED = 0.1  # share of an intent's rows that are read as the other
LEAST = 4  # rows that must show it
SHOWN = 3  # of them in each direction


@dataclass(frozen=True, slots=True)
class Sample:
    """``n`` rows with a label of one head, and what the encoder and cross-validation say of them.

    ``truth`` ``(n,)`` numbers ``labels``; ``vectors`` ``(n, hidden)`` have unit length; ``groups``
    ``(n,)`` numbers groups of like texts; ``chances`` is ``(n, labels)``, out of fold.
    """

    head: Head
    rows: list[Row]
    labels: list[str]
    truth: NDArray[np.int64]
    vectors: NDArray[np.float32]
    groups: NDArray[np.int64]
    chances: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The ``NEAREST`` rows of each, ``(n, k)``, nearest first, none of its own text group, and how
    similar the nearest of its own label is, ``(n,)``, a cosine."""

    rows: NDArray[np.int64]
    own: NDArray[np.float32]


def judge(sample: Sample) -> list[Finding]:
    """The findings of one head."""
    wrong = find_wrong_labels(sample)
    if sample.head == "sentiment":
        return [_wrong(sample, row) for row in wrong]
    near = find_neighbours(sample)
    inside = [row for row in wrong if _label(sample, row) != OUT_OF_SCOPE]
    return [
        *(_wrong(sample, row) for row in inside),
        *find_overlaps(sample),
        *find_outliers(sample, near, set(wrong)),
        *find_like_intent(sample, near, set(wrong)),
    ]


def find_wrong_labels(sample: Sample) -> list[int]:
    """Rows whose label is probably wrong, the surest first, by confident learning.

    Northcutt, Jiang & Chuang 2021, "Confident Learning: Estimating Uncertainty in Dataset Labels":
    a row counts as another label's when its chance of that is above what rows of that label have
    on average. That estimates how many labels are wrong; the rows with the least chance of their
    own label are taken to be those. Rows that no other label claims, with ``CLAIM`` of the chance
    that it gives its own rows, are left out: they are unusual rather than wrong.
    """
    from cleanlab.filter import find_label_issues

    found = find_label_issues(
        sample.truth,
        sample.chances.astype(np.float64),
        filter_by="low_self_confidence",
        return_indices_ranked_by="self_confidence",
        n_jobs=1,
    )
    mean = np.array(
        [sample.chances[sample.truth == n, n].mean() for n in range(len(sample.labels))]
    )
    best = sample.chances.argmax(axis=1)
    return [int(row) for row in found if sample.chances[row, best[row]] >= CLAIM * mean[best[row]]]


def find_neighbours(sample: Sample) -> Neighbours:
    """The nearest rows of each, in blocks, so that memory grows with ``n`` only."""
    count = len(sample.rows)
    rows = np.zeros((count, min(NEAREST, count)), np.int64)
    own = np.zeros(count, np.float32)
    for start in range(0, count, BLOCK):
        block = slice(start, start + BLOCK)
        alike = sample.vectors[block] @ sample.vectors.T
        alike[sample.groups[block, None] == sample.groups[None]] = -1.0
        best = np.argpartition(-alike, rows.shape[1] - 1, axis=1)[:, : rows.shape[1]]
        order = np.argsort(-np.take_along_axis(alike, best, axis=1), axis=1)
        rows[block] = np.take_along_axis(best, order, axis=1)
        alike[sample.truth[block, None] != sample.truth[None]] = -1.0
        own[block] = alike.max(axis=1)
    return Neighbours(rows, own)


def find_overlaps(sample: Sample) -> Iterator[Finding]:
    """Pairs of intents that cross-validation takes for each other and whose centres lie close."""
    read = sample.chances.argmax(axis=1)
    kinds = len(sample.labels)
    counts = np.zeros((kinds, kinds), np.int64)
    np.add.at(counts, (sample.truth, read), 1)
    sizes = counts.sum(axis=1)
    close = _close_centres(sample)
    for first, second in zip(*np.triu_indices(kinds, 1), strict=True):
        there, back = int(counts[first, second]), int(counts[second, first])
        share = max(there / sizes[first], back / sizes[second])
        names = sample.labels[first], sample.labels[second]
        if there + back < LEAST or share < CONFUSED or not close[first, second]:
            continue
        if OUT_OF_SCOPE in names:
            continue
        message = (
            f"{names[0]} and {names[1]}: {there} of {sizes[first]} read as the second, "
            f"{back} of {sizes[second]} as the first"
        )
        shown = [
            *_misread(sample, read, int(first), int(second)),
            *_misread(sample, read, int(second), int(first)),
        ]
        yield Finding("overlap", message, tuple(sample.rows[row] for row in shown), float(share))


def find_outliers(sample: Sample, near: Neighbours, known: set[int]) -> Iterator[Finding]:
    """Rows far from their intent, with neighbours of others only, that are read as another, too.

    ``known`` rows are told already. Distance alone finds every row that names a product.
    """
    inside = [row for row in range(len(near.own)) if _label(sample, row) != OUT_OF_SCOPE]
    far = np.quantile(near.own[inside], LONELY) if inside else 0.0
    for row in inside:
        own = near.own[row]
        strangers = (sample.truth[near.rows[row]] != sample.truth[row]).all()
        misread = sample.chances[row].argmax() != sample.truth[row]
        if row in known or own > far or not (strangers and misread):
            continue
        nearest = int(near.rows[row, 0])
        message = (
            f"{_label(sample, row)}: nothing nearer than {own:.2f}; "
            f'nearest is {_label(sample, nearest)} "{sample.rows[nearest].text[:60]}"'
        )
        yield Finding("outlier", message, (sample.rows[row],), 1 - float(own))


def find_like_intent(sample: Sample, near: Neighbours, wrong: set[int]) -> Iterator[Finding]:
    """Out-of-scope rows that confident learning or all of the nearest three take for one intent."""
    if OUT_OF_SCOPE not in sample.labels:
        return
    outside = sample.labels.index(OUT_OF_SCOPE)
    for row in np.flatnonzero(sample.truth == outside):
        best = int(sample.chances[row].argmax())
        around = sample.truth[near.rows[row, :3]]
        if best == outside or not (int(row) in wrong or (around == best).all()):
            continue
        alike = [int(other) for other in near.rows[row] if sample.truth[other] == best]
        example = f', as "{sample.rows[alike[0]].text[:60]}"' if alike else ""
        chance = float(sample.chances[row, best])
        message = f"looks like {sample.labels[best]} ({chance:.2f}){example}"
        yield Finding("out_of_scope_like", message, (sample.rows[row],), chance)


def _wrong(sample: Sample, row: int) -> Finding:
    chances = sample.chances[row]
    best, given = int(chances.argmax()), int(sample.truth[row])
    message = (
        f"{sample.labels[given]} ({chances[given]:.2f}), "
        f"more likely {sample.labels[best]} ({chances[best]:.2f})"
    )
    return Finding(f"{sample.head}_label", message, (sample.rows[row],), 1 - float(chances[given]))


def _label(sample: Sample, row: int) -> str:
    return sample.labels[int(sample.truth[row])]


def _misread(sample: Sample, read: NDArray[np.int64], given: int, other: int) -> list[int]:
    """Rows of one label that are read as another, the surest first."""
    rows = np.flatnonzero((sample.truth == given) & (read == other))
    order = np.argsort(-sample.chances[rows, other], kind="stable")
    return [int(row) for row in rows[order[:SHOWN]]]


def _close_centres(sample: Sample) -> NDArray[np.bool_]:
    """Which labels ``(labels, labels)`` are among the ``NEAREST`` of each other, either way."""
    centres = np.stack(
        [sample.vectors[sample.truth == kind].mean(axis=0) for kind in range(len(sample.labels))]
    )
    centres /= np.maximum(np.linalg.norm(centres, axis=1, keepdims=True), 1e-9)
    alike = centres @ centres.T
    np.fill_diagonal(alike, -1.0)
    least = np.sort(alike, axis=1)[:, -min(NEAREST, len(alike) - 1)]
    close = alike >= least[:, None]
    return np.asarray(close | close.T)
