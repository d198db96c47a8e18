"""What a search may change in a recipe, and between which bounds.

Called by `finetune.study`. Only fields that its score can judge: how hard out-of-scope messages
pull, the seed and the precision are left as they are. The given recipe always lies within.
"""

from typing import Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from finetune.recipe import RANGES, Recipe
from index.release import Labels

Space = dict[str, BaseDistribution]

SPANS = {
    "layer_decay": (0.7, 1.0),
    "weight_decay": (0.0, 0.1),
    "label_smoothing": (0.0, 0.2),
    "dropout": (0.0, 0.4),
    "encoder_dropout": (0.0, 0.2),
    "typos": (0.0, 0.3),
}
TIMES = 4.0  # so many times less or more: rates and weights, whose scale is logarithmic
DIGITS = 3


def find_space(base: Recipe, labels: Labels, rows: int) -> Space:
    """The fields to search around ``base`` for a training on so many rows with these labels.

    A length is searched in epochs, or in ``min_steps`` where rows are so few that these decide.
    """
    length = "min_steps" if base.plan(rows)[0] > base.epochs else "epochs"
    space: Space = {
        length: _halves(base, length),
        "batch_size": CategoricalDistribution(
            sorted({max(1, base.batch_size // 2), base.batch_size, base.batch_size * 2})
        ),
        **{name: _widened(base, name, *span) for name, span in SPANS.items()},
    }
    scaled = ["learning_rate", "head_learning_rate"]
    if labels.intents:
        scaled += ["sentiment_weight"] if labels.sentiments else []
        scaled += ["entity_weight"] if labels.entities else []
    for name in scaled:
        value = float(getattr(base, name))
        if value > 0:
            high = min(value * TIMES, _highest(name))
            space[name] = FloatDistribution(value / TIMES, max(value, high), log=True)
    return space


def change(base: Recipe, values: dict[str, Any]) -> Recipe:
    """``base`` with other values, those that differ rounded to a few digits for people to read."""
    fields = base.to_json()
    for name, value in values.items():
        if value != fields[name]:
            fields[name] = float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value
    return Recipe.from_json(fields)


def _halves(base: Recipe, name: str) -> IntDistribution:
    value = int(getattr(base, name))
    return IntDistribution(max(1, value // 2), max(1, value * 2))


def _widened(base: Recipe, name: str, low: float, high: float) -> FloatDistribution:
    value = float(getattr(base, name))
    return FloatDistribution(min(low, value), max(high, value))


def _highest(name: str) -> float:
    span = RANGES[name]
    assert span is not None
    return span[1]
