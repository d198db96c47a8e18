"""The few statistics that calibration and evaluation share, on numpy arrays alone."""

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]


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


def calibration_error(confidence: Floats, right: NDArray[np.bool_], bins: int = 15) -> float:
    """Expected calibration error over bins of equal width (Naeini et al. 2015; Guo et al. 2017)."""
    if not len(confidence):
        return math.nan
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    error = 0.0
    for number in range(bins):
        inside = place == number
        if inside.any():
            error += inside.mean() * abs(confidence[inside].mean() - right[inside].mean())
    return float(error)
