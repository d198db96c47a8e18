"""All that a training is in the middle of: what an interruption would lose.

Made and driven by the training loop, written and read back by `finetune.checkpoint`. It touches no
file itself.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from finetune.batches import Dataset, shuffle
from finetune.build import parameter_groups
from finetune.precision import choose_dtype, make_scaler
from finetune.recipe import Recipe
from index.errors import ReleaseError
from index.network import Network


@dataclass(frozen=True, slots=True)
class Epoch:
    """One pass over the training rows; ``score`` is measured on the stopping rows, 0 to 1, and None
    when there are none."""

    number: int
    loss: float
    score: float | None


class State:
    """A network in training, its optimizer, and how far it has come.

    ``position`` counts the batches of the epoch that are done, ``step`` all of them. ``mean`` holds
    the moving average of the trained weights, none when the recipe wants none, and ``best`` the
    weights of the best epoch, in main memory.
    """

    def __init__(
        self, network: Network, recipe: Recipe, steps: int, device: torch.device, course: int = 0
    ) -> None:
        self.network = network
        self.device = device
        self.course = course
        self.dtype = choose_dtype(recipe.precision, device)
        self.optimizer = torch.optim.AdamW(parameter_groups(network, recipe), fused=True)
        self.schedule = torch.optim.lr_scheduler.LambdaLR(
            self.optimizer, lambda step: _slope(step, steps, recipe.warmup)
        )
        self.scaler = make_scaler(self.dtype, device)
        self.random = np.random.default_rng(recipe.seed + course)
        self.epoch = 1
        self.position = 0
        self.step = 0
        self.steps = steps
        self.losses: list[Tensor] = []
        self.history: list[Epoch] = []
        self._reach = recipe.ema * steps
        self.mean = _copies(self._trained()) if self._reach > 1 else {}
        self.best: dict[str, Tensor] = {}
        self.best_epoch = 0
        self._order = self.random.bit_generator.state

    def begin_epoch(self, rows: Dataset, size: int) -> list[NDArray[np.int64]]:
        """The batches of row numbers that are still to come in this epoch."""
        self._order = self.random.bit_generator.state
        return shuffle(rows, size, self.random)[self.position :]

    def end_step(self, loss: Tensor) -> None:
        """Count a step, and let the moving average follow it: faster in the beginning, so that it
        soon forgets what the weights were at first."""
        self.losses.append(loss)
        self.position += 1
        self.step += 1
        if self.mean:
            decay = min(1 - 1 / self._reach, (1 + self.step) / (10 + self.step))
            follow = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
            follow(list(self.mean.values()), list(self._trained().values()), self.step)

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """With the moving average as the network's weights; where there is none, as it is."""
        present = _copies(self._trained()) if self.mean else {}
        self._put(self.mean)
        yield
        self._put(present)

    def end_epoch(self, score: float | None) -> None:
        """Note what the epoch came to, and keep its weights if none is known to be better."""
        loss = float(torch.stack(self.losses).mean()) if self.losses else 0.0
        self.history.append(Epoch(self.epoch, loss, score))
        if score is None or score >= max(epoch.score or 0.0 for epoch in self.history):
            self.best = {
                name: value.to("cpu", copy=True) for name, value in self._trained().items()
            }
            self.best_epoch = self.epoch
        self.epoch += 1
        self.position = 0
        self.losses = []

    def take_best(self) -> None:
        """Put the weights of the best epoch into the network."""
        self._put(self.best)

    def pack(self) -> dict[str, Any]:
        """Everything as tensors, numbers and strings, to go on from at this very step."""
        cuda = self.device.type == "cuda"
        return {
            "counts": (self.epoch, self.position, self.step, self.best_epoch),
            "losses": torch.stack(self.losses) if self.losses else torch.zeros(0),
            "history": [astuple(epoch) for epoch in self.history],
            "weights": self._trained(),
            "mean": self.mean,
            "best": self.best,
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "scaler": self.scaler.state_dict(),
            "order": self._order,
            "random": torch.get_rng_state(),
            "random_cuda": torch.cuda.get_rng_state(self.device) if cuda else None,
        }

    def unpack(self, packed: Mapping[str, Any]) -> None:
        """Go back to what ``pack`` gave. Raises ``ReleaseError`` when it is of another training."""
        weights = {name: value.shape for name, value in packed["weights"].items()}
        if weights != {name: value.shape for name, value in self._trained().items()}:
            raise ReleaseError("The checkpoint does not fit the network; start anew with --fresh.")
        self._put(packed["weights"])
        for name, value in packed["mean"].items():
            self.mean[name].copy_(value)
        self.optimizer.load_state_dict(packed["optimizer"])
        self.schedule.load_state_dict(packed["schedule"])
        self.scaler.load_state_dict(packed["scaler"])
        self.epoch, self.position, self.step, self.best_epoch = packed["counts"]
        self.losses = list(packed["losses"].to(self.device))
        self.history = [Epoch(*values) for values in packed["history"]]
        self.best = packed["best"]
        self.random.bit_generator.state = packed["order"]
        torch.set_rng_state(packed["random"])
        if self.device.type == "cuda":
            torch.cuda.set_rng_state(packed["random_cuda"], self.device)

    def _trained(self) -> dict[str, Tensor]:
        """The weights that the training changes, by name; the others come with the encoder."""
        named = self.network.named_parameters()
        return {name: value.detach() for name, value in named if value.requires_grad}

    @torch.no_grad()
    def _put(self, weights: Mapping[str, Tensor]) -> None:
        parameters = dict(self.network.named_parameters())
        for name, value in weights.items():
            parameters[name].copy_(value)


def _copies(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in weights.items()}


def trainable(network: nn.Module) -> list[nn.Parameter]:
    """The parameters that the training changes."""
    return [parameter for parameter in network.parameters() if parameter.requires_grad]


def _slope(step: int, steps: int, warmup: float) -> float:
    """Linear warm-up to 1, then linearly down to 0."""
    rise = max(1, int(warmup * steps))
    return (step + 1) / rise if step < rise else max(0.0, (steps - step) / max(1, steps - rise))
