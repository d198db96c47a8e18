"""The few statistics that calibration and evaluation share, on numpy arrays alone."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.floating]
Flags = NDArray[np.bool_]
Interval = tuple[float, float]

Z = 1.959964  # of a 95 % interval
DRAWS = 400
SEED = 5  # of resampling: the same rows give the same interval


@dataclass(frozen=True, slots=True)
class Bin:
    """Rows whose confidence lies from ``low`` to ``high``: how many, how sure, how often right."""

    low: float
    high: float
    rows: int
    confidence: float
    right: float


def binomial_tail(failures: int, trials: int, rate: float) -> float:
    """The chance of at most ``failures`` in ``trials`` when each fails with chance ``rate``.

    It is the p-value of the hypothesis "the true rate is ``rate`` or more", and below ``delta``
    exactly when the Clopper-Pearson upper bound at level ``delta`` lies below ``rate``.
    """
    if failures >= trials:
        return 1.0
    if rate <= 0:
        return 1.0
    if rate >= 1:
        return 0.0
    count = np.arange(failures + 1)
    log_choose = np.array(
        [math.lgamma(trials + 1) - math.lgamma(k + 1) - math.lgamma(trials - k + 1) for k in count]
    )
    logs = log_choose + count * math.log(rate) + (trials - count) * math.log1p(-rate)
    return min(1.0, float(np.exp(logs - logs.max()).sum() * math.exp(logs.max())))


def effective_size(counts: ArrayLike) -> float:
    """How many even rows these are worth, that count unevenly: the square of the sum over the sum
    of the squares (Kish 1965, "Survey Sampling"). 0 when nothing counts."""
    each = np.asarray(counts, np.float64)
    whole = float(each.sum())
    return whole**2 / float(np.square(each).sum()) if whole else 0.0


def auroc(higher: Floats, lower: Floats) -> float:
    """The chance that a score of ``higher`` beats one of ``lower``; ties count half.

    Mann-Whitney's U over both counts. Not a number when either is empty.
    """
    if not len(higher) or not len(lower):
        return math.nan
    both = np.concatenate([higher, lower])
    _, inverse, counts = np.unique(both, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    wins = ranks[: len(higher)].sum() - len(higher) * (len(higher) + 1) / 2
    return float(wins / (len(higher) * len(lower)))


def wilson(part: int, rows: int) -> Interval:
    """The 95 % interval of a share (Wilson 1927); from 0 to 1 when there are no rows."""
    if not rows:
        return 0.0, 1.0
    share, square = part / rows, Z * Z
    middle = (share + square / (2 * rows)) / (1 + square / rows)
    reach = Z * math.sqrt(share * (1 - share) / rows + square / (4 * rows * rows))
    reach /= 1 + square / rows
    return max(0.0, min(share, middle - reach)), min(1.0, max(share, middle + reach))


def auroc_interval(area: float, higher: int, lower: int) -> Interval:
    """The 95 % interval of an AUROC from so many rows of both kinds.

    Newcombe 2006, "Confidence intervals for an effect size measure based on the Mann-Whitney
    statistic", method 5: Wilson's idea for Hanley and McNeil's variance, with a width at 1 too.
    """

    def reach(true: float) -> float:
        spread = ((higher + lower) / 2 - 1) * ((1 - true) / (2 - true) + true / (1 + true))
        return Z * math.sqrt(true * (1 - true) * (1 + spread) / (higher * lower))

    if not higher or not lower:
        return 0.0, 1.0
    ends = []
    for end in (0.0, 1.0):
        inside, outside = area, end
        for _ in range(50):
            middle = (inside + outside) / 2
            if abs(area - middle) <= reach(middle):
                inside = middle
            else:
                outside = middle
        ends.append(inside)
    return ends[0], ends[1]


def macro_f1_interval(counts: NDArray[np.int64]) -> Interval:
    """The 95 % percentile bootstrap interval (Efron 1979) of macro-F1 over the labels that occur.

    ``counts[t][g]`` rows of label ``t`` were read as ``g``. Rows are drawn within each true label,
    so that none disappears.
    """
    random = np.random.default_rng(SEED)
    support = counts.sum(axis=1)
    there = np.flatnonzero(support)
    guessed = np.zeros((DRAWS, len(counts)))
    right = np.zeros((DRAWS, len(counts)))
    for label in there:
        drawn = random.multinomial(support[label], counts[label] / support[label], size=DRAWS)
        guessed += drawn
        right[:, label] = drawn[:, label]
    scores = (2 * right / np.maximum(support + guessed, 1))[:, there].mean(axis=1)
    low, high = np.quantile(scores, [0.025, 0.975])
    return float(low), float(high)


def calibration_bins(confidence: Floats, right: Flags, bins: int = 15) -> list[Bin]:
    """The bins of equal width that hold any row, from the least confident up."""
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    found = []
    for number in range(bins):
        inside = place == number
        if inside.any():
            found.append(
                Bin(
                    low=number / bins,
                    high=(number + 1) / bins,
                    rows=int(inside.sum()),
                    confidence=float(confidence[inside].mean()),
                    right=float(right[inside].mean()),
                )
            )
    return found


def calibration_error(confidence: Floats, right: Flags, bins: int = 15) -> float:
    """Expected calibration error over bins of equal width (Naeini et al. 2015; Guo et al. 2017)."""
    if not len(confidence):
        return math.nan
    found = calibration_bins(confidence, right, bins)
    return sum(b.rows * abs(b.confidence - b.right) for b in found) / len(confidence)


def calibration_error_by_chance(confidence: Floats, bins: int = 15) -> float:
    """The calibration error that a perfectly calibrated model would show on these rows.

    The mean over draws in which each row is right with its own confidence (consistency resampling,
    Bröcker & Smith 2007): few rows never show 0.
    """
    if not len(confidence):
        return math.nan
    random = np.random.default_rng(SEED)
    draws = [
        calibration_error(confidence, random.random(len(confidence)) < confidence, bins)
        for _ in range(DRAWS // 4)
    ]
    return float(np.mean(draws))


def sign_test(better: int, worse: int) -> float:
    """The two-sided p-value of "as many rows get better as worse" (McNemar's test, exact)."""
    if not better + worse:
        return 1.0
    return min(1.0, 2 * binomial_tail(min(better, worse), better + worse, 0.5))
