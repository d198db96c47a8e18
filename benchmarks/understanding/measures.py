"""Measures that the product's own evaluation does not have, on numpy arrays and readings alone.

Called by the cases. Accuracy, macro-F1, AUROC, calibration error and the F1 of exact spans (as
conlleval counts them) come from `finetune.evaluate`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finetune.calibrate import Judged
from index.records import Reading, Thresholds

Scores = NDArray[np.floating]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Point:
    """What refusing every message below ``threshold`` comes to.

    ``accuracy`` is the share of in-scope messages that are right and not refused, ``recall`` the
    share of out-of-scope messages that are refused.
    """

    threshold: float
    accuracy: float
    recall: float


@dataclass(frozen=True, slots=True)
class Realised:
    """What became of a promise on rows that neither made nor certified it.

    Shares of all rows and of those in scope; ``precision`` is None when nothing was answered.
    """

    precision: float | None
    answered: float
    answered_in_scope: float

    def kept(self, promise: float) -> bool:
        """Whether the promise held; a desk that answers nothing breaks none."""
        return self.precision is None or self.precision >= promise


def refuse(threshold: float, known: Scores, right: Flags, outside: Scores) -> Point:
    """The point of a threshold. ``known`` and ``right`` are ``(n,)`` of in-scope messages,
    ``outside`` ``(m,)`` holds the scores of out-of-scope ones."""
    return Point(
        threshold=threshold,
        accuracy=float((right & (known >= threshold)).mean()) if len(known) else math.nan,
        recall=float((outside < threshold).mean()) if len(outside) else math.nan,
    )


def highest_threshold(known: Scores, right: Flags, accuracy: float) -> float | None:
    """The highest threshold at which so many in-scope messages are right and not refused.

    None when not so many are right at all. No higher recall is to be had at this accuracy.
    """
    needed = math.ceil(accuracy * len(known) - 1e-9)
    scores = np.sort(known[right])[::-1]
    if not needed or len(scores) < needed:
        return None
    return float(scores[needed - 1])


def polarity(readings: Sequence[Reading]) -> tuple[list[str], Scores]:
    """The larger of positive and negative in each reading, and its share of the two."""
    labels, shares = [], []
    for reading in readings:
        scores = {scored.label: scored.confidence for scored in reading.sentiments}
        positive, negative = scores["positive"], scores["negative"]
        labels.append("positive" if positive >= negative else "negative")
        shares.append(max(positive, negative) / max(positive + negative, 1e-12))
    return labels, np.array(shares)


def realise(judged: Judged, thresholds: Thresholds) -> Realised:
    """What a release with these thresholds would have done with the rows."""
    answered = (judged.certainty >= thresholds.answer) & (judged.in_scope >= thresholds.in_scope)
    known = ~judged.outliers
    return Realised(
        precision=float(judged.right[answered].mean()) if answered.any() else None,
        answered=float(answered.mean()) if len(answered) else 0.0,
        answered_in_scope=float(answered[known].mean()) if known.any() else 0.0,
    )
