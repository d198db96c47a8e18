"""The recipe: every hyperparameter of a training, frozen into the release that it made.

Read by the `train` command and the nightly job. The defaults suit any desk; what was measured for
them stands in docs/decisions.md.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal

import yaml

from service.errors import ContentError

DEFAULT_ENCODER = "sentence-transformers/all-MiniLM-L6-v2"
Precision = Literal["auto", "fp32", "bf16", "fp16"]
PRECISIONS: tuple[Precision, ...] = ("auto", "fp32", "bf16", "fp16")


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to train. Learning rates are peaks; ``warmup`` is a share of all steps.

    ``layer_decay`` multiplies the encoder's rate once a layer from the top down; the lowest
    ``freeze_layers`` and, with ``freeze_words``, the word embeddings stay as they are. ``patience``
    counts epochs without a better result on held-out rows. A training on few rows takes more
    epochs to come to ``min_steps``, up to ten times as many; ``max_steps`` bounds one on many rows
    (0 does not). ``…_weight`` weigh the losses against each other. What is kept is the exponential
    moving average of the weights, which reaches back over the share ``ema`` of all steps (0 keeps
    the last weights). The weights of ``soup`` trainings are averaged. With few rows none is held
    out: they are dealt into ``cross_fit`` parts, and for each a further network trains without it
    (0 and 1 always hold rows out). With ``int8`` the release gets a compiled network for CPUs, if
    that reads as well.

    For big encoders: ``accumulate`` takes each batch in so many parts, and
    ``gradient_checkpointing`` computes the layers once more in the backward pass; both need less
    memory for the same gradients. ``lora_rank`` above 0 trains low-rank adapters, which count
    ``lora_alpha / lora_rank`` times, instead of the encoder's weights.
    """

    encoder: str = DEFAULT_ENCODER
    seed: int = 13
    epochs: int = 3
    batch_size: int = 32
    learning_rate: float = 2.5e-4
    head_learning_rate: float = 2e-3
    layer_decay: float = 0.9
    weight_decay: float = 0.01
    warmup: float = 0.1
    label_smoothing: float = 0.05
    dropout: float = 0.1
    encoder_dropout: float = 0.1
    freeze_layers: int = 1
    freeze_words: bool = True
    precision: Precision = "auto"
    accumulate: int = 1
    gradient_checkpointing: bool = False
    lora_rank: int = 0
    lora_alpha: int = 32
    lora_dropout: float = 0.05
    typos: float = 0.12
    patience: int = 4
    min_steps: int = 400
    max_steps: int = 0
    intent_weight: float = 1.0
    sentiment_weight: float = 1.0
    entity_weight: float = 3.0
    outlier_weight: float = 0.5
    proxy_weight: float = 0.5
    ema: float = 0.2
    soup: int = 1
    cross_fit: int = 4
    int8: bool = True
    distil_layers: int = 0
    distil_temperature: float = 2.0
    distil_weight: float = 1.0
    distil_vector_weight: float = 10.0

    def to_json(self) -> dict[str, Any]:
        """A JSON object that ``from_json`` reads."""
        return asdict(self)

    def plan(self, rows: int) -> tuple[int, int]:
        """Epochs and steps for so many training rows."""
        each = -(-rows // self.batch_size)
        epochs = max(self.epochs, min(-(-self.min_steps // each), 10 * self.epochs))
        steps = epochs * each
        return epochs, min(steps, self.max_steps or steps)

    @classmethod
    def from_json(cls, content: Mapping[str, Any], place: str = "recipe") -> "Recipe":
        """A recipe with the given fields, and defaults for the others.

        Raises ``ContentError`` naming ``place`` and the field that is unknown or out of range.
        """
        default = cls()
        values: dict[str, Any] = {}
        for name, value in content.items():
            if name not in RANGES:
                known = ", ".join(RANGES)
                raise ContentError(f"{place}: unknown field {name!r}; a recipe has {known}.")
            values[name] = _checked(name, value, type(getattr(default, name)), place)
        return replace(default, **values)


# Lowest and highest value of each number; None for what is no number.
RANGES: dict[str, tuple[float, float] | None] = {
    "encoder": None,
    "seed": (0, 2**32 - 1),
    "epochs": (1, 1000),
    "batch_size": (1, 4096),
    "learning_rate": (0, 1),
    "head_learning_rate": (0, 1),
    "layer_decay": (0.01, 1),
    "weight_decay": (0, 1),
    "warmup": (0, 1),
    "label_smoothing": (0, 0.9),
    "dropout": (0, 0.9),
    "encoder_dropout": (0, 0.9),
    "freeze_layers": (0, 1000),
    "freeze_words": None,
    "precision": None,
    "accumulate": (1, 4096),
    "gradient_checkpointing": None,
    "lora_rank": (0, 1024),
    "lora_alpha": (1, 4096),
    "lora_dropout": (0, 0.9),
    "typos": (0, 1),
    "patience": (1, 1000),
    "min_steps": (0, 10**9),
    "max_steps": (0, 10**9),
    "intent_weight": (0, 100),
    "sentiment_weight": (0, 100),
    "entity_weight": (0, 100),
    "outlier_weight": (0, 100),
    "proxy_weight": (0, 100),
    "ema": (0, 1),
    "soup": (1, 100),
    "cross_fit": (0, 100),
    "int8": None,
    "distil_layers": (0, 1000),
    "distil_temperature": (0.1, 100),
    "distil_weight": (0, 100),
    "distil_vector_weight": (0, 100),
}
assert set(RANGES) == {field.name for field in fields(Recipe)}


def read_recipe(path: Path) -> Recipe:
    """The recipe in a YAML or JSON file. Raises ``ContentError`` naming the file and the field."""
    try:
        text = path.read_text(encoding="utf-8")
        content = json.loads(text) if path.suffix.lower() == ".json" else yaml.safe_load(text)
    except OSError as error:
        raise ContentError(f"{path} cannot be read: {error.strerror}.") from None
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        raise ContentError(f"{path} is not a valid recipe file: {error}") from None
    if content is None:
        content = {}
    if not isinstance(content, dict):
        raise ContentError(f"{path}: a recipe must be a mapping of fields.")
    return Recipe.from_json({str(name): value for name, value in content.items()}, str(path))


def write_recipe(path: Path, recipe: Recipe, remark: str) -> None:
    """Write a file that `read_recipe` reads, headed by a remark of one line. Raises ``OSError``."""
    text = yaml.safe_dump(recipe.to_json(), sort_keys=False, allow_unicode=True)
    new = path.with_suffix(".new")
    new.write_text(f"# {remark}\n{text}", encoding="utf-8")
    new.replace(path)


def _checked(name: str, value: Any, kind: type[Any], place: str) -> Any:
    if kind is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not kind:
        words = {int: "a whole number", float: "a number", bool: "true or false", str: "a string"}
        raise ContentError(f"{place}: {name!r} must be {words[kind]}, not {value!r}.")
    span = RANGES[name]
    if span is not None and not span[0] <= value <= span[1]:
        raise ContentError(f"{place}: {name!r} must be from {span[0]:g} to {span[1]:g}.")
    if name == "precision" and value not in PRECISIONS:
        raise ContentError(f"{place}: 'precision' must be one of {', '.join(PRECISIONS)}.")
    if name == "encoder" and not value.strip():
        raise ContentError(f"{place}: 'encoder' must not be empty.")
    return value
