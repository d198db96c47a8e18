"""What a training logs for TensorBoard or MLflow, when it is asked to and they are installed.

Called by `train`, its folds and its search through the commands: every training is a run of its
own, with its recipe, the course of its loss, rate and score, and what it came to. It sends nothing
anywhere unless it is given the address of a server.
"""

import importlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import UTC, datetime
from importlib.util import find_spec
from typing import Any, Protocol

from torch import Tensor

from finetune.compare import FIGURES
from finetune.recipe import Recipe
from finetune.state import Epoch
from service.errors import Conflict

EVERY = 10  # steps between two losses that are logged: reading one waits for the device

# Name -> the packages that it needs, and the run that uses them.
TRACKERS = {
    "tensorboard": (("tensorboard",), "finetune.track_tensorboard:TensorBoardRun"),
    "mlflow": (("mlflow", "sqlalchemy", "alembic"), "finetune.track_mlflow:MlflowRun"),
}


class TrackerRun(Protocol):
    """One training as a tracker sees it; made of a place, a name and the recipe's fields."""

    def __init__(self, place: str, name: str, recipe: Mapping[str, Any]) -> None: ...

    def number(self, name: str, value: float, step: int) -> None:
        """Note a number at a step."""

    def finish(self, figures: Mapping[str, float]) -> None:
        """Note what the training came to."""

    def close(self, complete: bool) -> None:
        """Write what is left; nothing follows."""


class Tracking:
    """A `finetune.train.Watch` that tells any number of runs, or none."""

    def __init__(self, runs: Sequence[TrackerRun] = ()) -> None:
        self._runs = runs

    def step(self, step: int, loss: Tensor, rate: float) -> None:
        """Note loss and learning rate of the first step and of every tenth."""
        if self._runs and (step == 1 or step % EVERY == 0):
            self._note({"train/loss": float(loss), "train/learning_rate": rate}, step)

    def epoch(self, epoch: Epoch, step: int) -> None:
        """Note an epoch's mean loss and its score on the held-out rows that stop the training."""
        scored = {} if epoch.score is None else {"epoch/score": epoch.score}
        self._note({"epoch/loss": epoch.loss, **scored}, step)

    def finish(self, metrics: Mapping[str, Any]) -> None:
        """Note the figures of `finetune.evaluate` metrics, or those given as plain numbers."""
        found = {f"{head}/{name}": metrics.get(head, {}).get(name) for _, head, name in FIGURES}
        found |= {name: value for name, value in metrics.items() if isinstance(value, float)}
        known = {n: float(v) for n, v in found.items() if v is not None and math.isfinite(v)}
        for run in self._runs:
            run.finish(known)

    def _note(self, numbers: Mapping[str, float], step: int) -> None:
        for run in self._runs:
            for name, value in numbers.items():
                run.number(name, value, step)


Track = Callable[[str, Recipe], AbstractContextManager[Tracking]]


@contextmanager
def no_tracking(name: str, recipe: Recipe) -> Iterator[Tracking]:
    """A training that nobody logs."""
    yield Tracking()


class Tracker:
    """Opens the runs of one command: ``tracker(name, recipe)`` is a context for one training."""

    def __init__(self, places: Mapping[str, str]) -> None:
        """``places``: names of ``TRACKERS`` and where each writes, a folder or a server's address.

        Raises ``Conflict`` when what one needs is not installed.
        """
        self._places = places
        self._started = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        for kind in places:
            if any(find_spec(package) is None for package in TRACKERS[kind][0]):
                raise Conflict(f"{kind} is not installed: run `pip install 'frontdesk[{kind}]'`.")

    @contextmanager
    def __call__(self, name: str, recipe: Recipe) -> Iterator[Tracking]:
        """The run of one training; not complete when that raises, as a pruned trial does."""
        with ExitStack() as stack:
            runs: list[TrackerRun] = []
            for kind, place in self._places.items():
                module, _, attribute = TRACKERS[kind][1].partition(":")
                make = getattr(importlib.import_module(module), attribute)
                runs.append(make(place, f"{self._started} {name}", recipe.to_json()))
                stack.push(_closing(runs[-1]))
            yield Tracking(runs)


def _closing(run: TrackerRun) -> Any:
    def close(kind: type[BaseException] | None, *_: object) -> None:
        run.close(complete=kind is None)

    return close
