"""From raw scores to probabilities that can be trusted: applied here, fitted in `finetune`.

Called by the reader. Numpy only. The formulas are temperature scaling (Guo et al. 2017, "On
Calibration of Modern Neural Networks") and the energy score (Liu et al. 2020, "Energy-based
Out-of-distribution Detection").
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
    ``scope_slope * score + scope_offset``, where the score is ``scope_score`` of the raw logits.
    """

    thresholds: Thresholds
    temperature: float = 1.0
    sentiment_temperature: float = 1.0
    scope_slope: float = 1.0
    scope_offset: float = 0.0

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> "Calibration":
        """The calibration that ``to_json`` wrote. Raises ``KeyError`` or ``TypeError``."""
        return cls(**{**fields, "thresholds": Thresholds(**fields["thresholds"])})

    def to_json(self) -> dict[str, Any]:
        """A JSON object."""
        return asdict(self)

    def in_scope(self, logits: Scores) -> Scores:
        """How probable it is, ``(batch,)``, that the desk knows messages with these logits."""
        raised = self.scope_slope * scope_score(logits) + self.scope_offset
        return np.asarray(1 / (1 + np.exp(-np.clip(raised, -60, 60))), np.float32)


def softmax(logits: Scores, temperature: float = 1.0) -> Scores:
    """Probabilities over the last axis, which may be empty."""
    if not logits.shape[-1]:
        return logits
    scaled = logits.astype(np.float64) / temperature
    raised = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True), np.float32)


def scope_score(logits: Scores) -> Scores:
    """The negative energy, ``logsumexp`` over ``(batch, intents)``: higher for known messages."""
    top = logits.max(axis=-1, keepdims=True)
    return np.asarray(top[:, 0] + np.log(np.exp(logits - top).sum(axis=-1)), np.float32)
