"""A training as a run of TensorBoard: event files in a folder, for ``tensorboard --logdir``.

Loaded by `finetune.tracking` when it is asked for.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch.utils.tensorboard import SummaryWriter


class TensorBoardRun:
    """A folder of event files inside ``place``, named after the run."""

    def __init__(self, place: str, name: str, recipe: Mapping[str, Any]) -> None:
        self._recipe = dict(recipe)
        folder = Path(place) / re.sub(r"[^\w.-]+", "-", name)
        self._writer = SummaryWriter(str(folder))

    def number(self, name: str, value: float, step: int) -> None:
        """A point of a curve."""
        self._writer.add_scalar(name, value, step)

    def finish(self, figures: Mapping[str, float]) -> None:
        """The recipe beside the figures, in the tab of hyperparameters."""
        measured = {f"figure/{name}": value for name, value in figures.items()}
        self._writer.add_hparams(self._recipe, measured, run_name=".")

    def close(self, complete: bool) -> None:
        """Close the file; event files know no end."""
        self._writer.close()
