"""From raw scores to probabilities that can be trusted: applied here, fitted in `finetune`.

Called by the reader. Numpy only. The formulas are temperature scaling (Guo et al. 2017, "On
Calibration of Modern Neural Networks"), the maximum logit (Hendrycks et al. 2022, "Scaling
Out-of-Distribution Detection for Real-World Settings") and the Mahalanobis distance (Lee et al.
2018), added up after each is divided by its spread.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.records import Thresholds

Scores = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Calibration:
    """What was fitted on held-out rows.

    Logits are divided by a temperature before the softmax. ``in_scope`` is the logistic function of
    ``scope_slope * score + scope_offset``, where the score is ``scope_score`` of the raw logits and
    distances; their spreads over known messages are ``logit_spread`` and ``distance_spread``.
    """

    thresholds: Thresholds
    temperature: float = 1.0
    sentiment_temperature: float = 1.0
    scope_slope: float = 1.0
    scope_offset: float = 0.0
    logit_spread: float = 1.0
    distance_spread: float = 1.0

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> "Calibration":
        """The calibration that ``to_json`` wrote. Raises ``KeyError`` or ``TypeError``."""
        return cls(**{**fields, "thresholds": Thresholds(**fields["thresholds"])})

    def to_json(self) -> dict[str, Any]:
        """A JSON object."""
        return asdict(self)

    def in_scope(self, logits: Scores, distances: Scores) -> Scores:
        """How probable it is, ``(batch,)``, that the desk knows messages with these logits,
        ``(batch, intents)``, and these distances to the nearest intent, ``(batch,)``."""
        score = scope_score(logits, distances, self.logit_spread, self.distance_spread)
        raised = self.scope_slope * score + self.scope_offset
        return np.asarray(1 / (1 + np.exp(-np.clip(raised, -60, 60))), np.float32)


def softmax(logits: Scores, temperature: float = 1.0) -> Scores:
    """Probabilities over the last axis, which may be empty."""
    if not logits.shape[-1]:
        return logits
    scaled = logits.astype(np.float64) / temperature
    raised = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True), np.float32)


def scope_score(
    logits: Scores, distances: Scores, logit_spread: float, distance_spread: float
) -> Scores:
    """The highest logit less the distance, each in units of its spread: higher for known ones."""
    top = logits.max(axis=-1) / logit_spread
    return np.asarray(top - distances / distance_spread, np.float32)
