"""Calibration on held-out rows: temperatures, in-scope probability, and thresholds that promise.

Called after training. Two fifths of the held-out rows (the "tuning" ones, which also stopped the
training) fit the scores; the others (the "promise" ones) have no part in that and certify the
answer threshold, which is what makes the guarantee valid. Where rows are few, all are readings by
networks that were trained without them, and all say what the thresholds are: then that the promise
is kept is an estimate (`finetune.fit`). It never trains or reads a text.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from finetune.batches import Dataset, join, pick
from finetune.statistics import binomial_tail, effective_size
from index.backend import Raw
from index.calibration import Calibration, Scores, scope_score, softmax
from index.records import Thresholds
from index.spans import IGNORED

OUTSIDE = 0.1  # share of the traffic that is expected to be out of scope
NEVER = 1.01  # an answer threshold that no certainty reaches
KEPT = 0.98  # share of known messages above the in-scope threshold
CLARIFY = 0.8  # share of messages whose intent stands among the offered choices
CHOICES = 3


@dataclass(frozen=True, slots=True)
class Judged:
    """Rows that either carry an intent or are out of scope, as the calibrated model sees them.

    All of shape ``(n,)``: ``certainty`` as in ``Reading.certainty``, ``in_scope``, whether the
    first intent is ``right``, whether the right one is among the first ``CHOICES`` (``near``; both
    False for outliers), which rows are ``outliers``, and for how many rows each ``counts``.
    """

    certainty: Scores
    in_scope: Scores
    right: NDArray[np.bool_]
    near: NDArray[np.bool_]
    outliers: NDArray[np.bool_]
    counts: NDArray[np.float32]

    def above(self, in_scope: float) -> "Judged":
        """The rows that are at least so probably in scope."""
        return pick(self, np.flatnonzero(self.in_scope >= in_scope))


def fit(raw: Raw, rows: Dataset) -> Calibration:
    """Temperatures and the in-scope function from tuning rows; thresholds that answer nothing."""
    known = rows.intents != IGNORED
    felt = rows.sentiments != IGNORED
    slope, offset, spreads = 1.0, 0.0, (1.0, 1.0)
    if raw.intents.shape[1] and known.any():
        spreads = _spread(raw.intents[known].max(axis=1)), _spread(raw.distances[known])
        score = scope_score(raw.intents, raw.distances, *spreads)
        slope, offset = fit_scope(score[known], score[rows.outliers])
    return Calibration(
        thresholds=Thresholds(0.0, 1.0, NEVER, NEVER, 0.0),
        temperature=fit_temperature(raw.intents[known], rows.intents[known]),
        sentiment_temperature=fit_temperature(raw.sentiments[felt], rows.sentiments[felt]),
        scope_slope=slope,
        scope_offset=offset,
        logit_spread=spreads[0],
        distance_spread=spreads[1],
    )


def fit_temperature(logits: Scores, truth: NDArray[np.int64]) -> float:
    """The temperature with the lowest negative log likelihood on these rows (Guo et al. 2017).

    Few rows pull it towards 1: as if 10 more rows had been seen that fit there best.
    """
    if not len(truth) or logits.shape[1] < 2:
        return 1.0
    grid = np.geomspace(0.05, 5.0, 200)
    rows = np.arange(len(truth))
    losses = [
        -np.log(np.maximum(softmax(logits, t)[rows, truth], 1e-12)).sum() + 5 * math.log(t) ** 2
        for t in grid
    ]
    return float(grid[int(np.argmin(losses))])


def fit_scope(known: Scores, outliers: Scores) -> tuple[float, float]:
    """Slope and offset of the logistic function from a scope score to a probability.

    With outliers it is logistic regression (Platt 1999) in which they weigh ``OUTSIDE`` of the sum,
    because a desk's rows do not tell how much of its traffic is out of scope.
    Without any, the score that 2 of 100 known messages fall below gets 1/2, and the one that 20 of
    100 fall below gets 0.9: nothing is known of the other side but that it lies below.
    """
    if len(outliers) < 5:
        low, high = np.quantile(known, [0.02, 0.2])
        slope = math.log(9.0) / max(float(high - low), 1e-3)
        return slope, -slope * float(low)
    score = np.concatenate([known, outliers]).astype(np.float64)
    truth = np.concatenate([np.ones(len(known)), np.zeros(len(outliers))])
    weight = np.where(truth == 1, (1 - OUTSIDE) / len(known), OUTSIDE / len(outliers))
    middle, spread = score.mean(), max(score.std(), 1e-6)
    design = np.stack([(score - middle) / spread, np.ones_like(score)], axis=1)
    slope, offset = _fit_logistic(design, truth, weight, penalty=1.0 / len(score))
    return slope / spread, offset - slope * middle / spread


def judge(raw: Raw, rows: Dataset, calibration: Calibration) -> Judged:
    """The rows that carry an intent or are out of scope, with calibrated scores.

    One of an intent that the desk did not know when the message came stands for what is new to it,
    tomorrow as then: it has the scores of then, and whatever is answered is wrong.
    """
    chosen = (rows.intents != IGNORED) | rows.outliers
    if not raw.intents.shape[1] or not chosen.any():
        nothing = np.zeros(0, np.float32)
        no = np.zeros(0, np.bool_)
        return Judged(nothing, nothing, no, no, no, nothing)
    logits, truth = raw.intents[chosen], rows.intents[chosen]
    in_scope = calibration.in_scope(logits, raw.distances[chosen])
    order = np.argsort(-logits, axis=1, kind="stable")
    certainty = softmax(logits, calibration.temperature).max(axis=1) * in_scope
    then = rows.then[chosen]
    new = ~np.isnan(then[:, 0])
    return Judged(
        certainty=np.where(new, then[:, 0], certainty),
        in_scope=np.where(new, then[:, 1], in_scope),
        right=(order[:, 0] == truth) & ~new,
        near=(order[:, :CHOICES] == truth[:, None]).any(axis=1) & ~new,
        outliers=rows.outliers[chosen] | new,
        counts=rows.counts[chosen],
    )


def judge_strangers(strange: Raw, rows: Dataset, calibration: Calibration) -> Judged:
    """The rows with an intent once more, as messages that are out of scope: ``strange`` is what is
    read in them where their intent is not known (`finetune.prototypes.estrange`).

    They count for as much as the rows lack of messages that are out of scope, which are ``OUTSIDE``
    of the traffic: a new desk has examples of what it answers, and none of what it does not.
    """
    new = ~np.isnan(rows.then[:, 0])
    known = np.flatnonzero((rows.intents != IGNORED) & ~new)
    whole = float(rows.counts[known].sum())
    lacking = OUTSIDE / (1 - OUTSIDE) * whole - float(rows.counts[rows.outliers | new].sum())
    if strange.intents.shape[1] < 2 or lacking <= 0:
        known = known[:0]
    # Not all of them at a fraction of their count: that would look like more than there is.
    some = known[:: max(1, round(whole / lacking))] if len(known) else known
    chosen = pick(rows, some)
    outside = replace(
        chosen,
        intents=np.full(len(some), IGNORED, np.int64),
        outliers=np.ones(len(some), np.bool_),
        then=np.full((len(some), 2), np.nan, np.float32),
        counts=chosen.counts * np.float32(lacking / max(float(chosen.counts.sum()), 1e-9)),
    )
    return judge(pick(strange, some), outside, calibration)


def find_thresholds(
    tuning: Judged,
    promised: Judged | None,
    promise: float,
    risk: float,
    strangers: Judged | None = None,
) -> Thresholds:
    """Thresholds for a promise; ``answer`` is ``NEVER`` when these rows cannot carry it.

    What lies below ``in_scope`` is never answered, so it has no part in the others. Without
    ``promised`` rows those for tuning, and ``strangers``, say what may be answered, and that the
    promise is kept is an estimate.
    """
    in_scope = _quantile(tuning, 1 - KEPT)
    asked = tuning = tuning.above(in_scope)
    if promised is None:
        everybody = join([tuning, strangers.above(in_scope)]) if strangers else tuning
        answer = estimate_answer_threshold(everybody, promise, risk)
    else:
        promised = promised.above(in_scope)
        answer = find_answer_threshold(tuning, promised, promise, risk)
        asked = join([tuning, promised])
    return Thresholds(
        promise=promise,
        risk=risk,
        answer=answer,
        clarify=min(find_clarify_threshold(asked), answer),
        in_scope=in_scope,
    )


def find_answer_threshold(tuning: Judged, promised: Judged, promise: float, risk: float) -> float:
    """The lowest certainty from which at least ``promise`` of the answers are right.

    Learn-then-test with split fixed-sequence testing (Angelopoulos, Bates, Candès, Jordan & Lei
    2021, "Learn then Test: Calibrating Predictive Algorithms to Achieve Risk Control"): the tuning
    rows propose thresholds and where to begin; on the promise rows each is tested from there
    downwards with an exact binomial p-value, until one fails. The chance that the returned one
    breaks the promise is at most ``risk``, for messages like the promise rows, whatever the
    model. An answered out-of-scope row counts as wrong.
    """
    if not len(tuning.certainty) or not len(promised.certainty):
        return NEVER
    grid = _grid(tuning)
    scale = len(promised.certainty) / len(tuning.certainty)
    expected = [_p_value(tuning, t, promise, scale) for t in grid]
    begin = int(np.argmin(expected))
    accepted = NEVER
    for threshold in grid[begin::-1]:
        if _p_value(promised, threshold, promise, 1.0) > risk:
            break
        accepted = float(threshold)
    return accepted


def estimate_answer_threshold(rows: Judged, promise: float, risk: float) -> float:
    """The lowest certainty from which the answers to these rows agree with a kept promise.

    The same exact test, at every certainty by itself. In sequence it ends at the first one that
    fails; that may be close to the top, where few rows are, for a single wrong label that stands
    for many messages, and then the desk asks nearly everybody back.
    """
    if not len(rows.certainty):
        return NEVER
    kept = (float(t) for t in _grid(rows) if _p_value(rows, t, promise, 1.0) <= risk)
    return next(kept, NEVER)


def find_clarify_threshold(rows: Judged) -> float:
    """The lowest certainty around which the right intent is usually among the choices.

    Rows are taken in order of certainty; a window of a tenth of them (20 at least) slides down, and
    stops where less than ``CLARIFY`` of what its rows count for is near.
    """
    count = len(rows.certainty)
    if not count:
        return NEVER
    order = np.argsort(-rows.certainty, kind="stable")
    width = min(count, max(20, count // 10))
    counts = rows.counts[order].astype(np.float64)
    whole, near = (
        np.concatenate([[0.0], np.cumsum(each)]) for each in (counts, counts * rows.near[order])
    )
    failing = np.flatnonzero(
        near[width:] - near[:-width] < CLARIFY * (whole[width:] - whole[:-width])
    )
    last = count - 1 if not len(failing) else int(failing[0]) + width // 2
    return float(rows.certainty[order[last]])


def _grid(rows: Judged) -> NDArray[np.float64]:
    """Certainties worth a test, from the lowest up."""
    return np.unique([0.0, *np.quantile(rows.certainty, np.linspace(0, 1, 101))])


def _p_value(judged: Judged, threshold: float, promise: float, scale: float) -> float:
    """How well the answers from ``threshold`` on agree with a promise that is broken.

    ``scale`` extrapolates from these rows to so many times as many. Rows that count unevenly are
    worth fewer even ones (Korn & Graubard 1998, "Confidence Intervals for Proportions With Small
    Expected Number of Positive Counts Estimated From Survey Data").
    """
    answered = judged.certainty >= threshold
    counts = judged.counts[answered].astype(np.float64)
    trials = effective_size(counts) * scale
    if not trials:
        return 1.0
    wrong = counts[~judged.right[answered]].sum() / counts.sum() * trials
    return binomial_tail(round(float(wrong)), round(float(trials)), 1 - promise)


def _quantile(judged: Judged, share: float) -> float:
    """The probability to be in scope below which this share of the known rows lies."""
    known = ~judged.outliers
    scores, counts = judged.in_scope[known], judged.counts[known]
    if not len(scores):
        return 0.0
    if (counts == counts[0]).all():
        return float(np.quantile(scores, share))
    return float(np.quantile(scores, share, weights=counts, method="inverted_cdf"))


def _spread(scores: Scores) -> float:
    """The standard deviation of the scores; 1 where they do not differ."""
    spread = float(scores.std())
    return spread if spread > 1e-6 else 1.0


def _fit_logistic(
    design: NDArray[np.float64],
    truth: NDArray[np.float64],
    weight: NDArray[np.float64],
    penalty: float,
) -> tuple[float, float]:
    """Two coefficients by Newton's method; ``penalty`` on the first keeps it finite."""
    beta = np.zeros(2)
    ridge = np.diag([penalty, 1e-9])
    for _ in range(50):
        chance = 1 / (1 + np.exp(-np.clip(design @ beta, -30, 30)))
        slope = design.T @ (weight * (chance - truth)) + ridge @ beta
        curve = (design * (weight * chance * (1 - chance))[:, None]).T @ design + ridge
        step = np.linalg.solve(curve + 1e-9 * np.eye(2), slope)
        beta = beta - step
        if np.abs(step).max() < 1e-8:
            break
    return float(beta[0]), float(beta[1])
