"""Out-of-fold probabilities: what a linear classifier that never saw a row says about it.

Logistic regression on frozen vectors, in folds by group of like texts, so that a row is not judged
by its own twin. Called by the lint; it knows numbers, not labels.
"""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

FOLDS = 5
STEPS = 40
PENALTY = 30.0  # of the squared weights' half sum beside the summed loss: 1 / C in scikit-learn

Told = Callable[[int, int], None]


def make_folds(
    truth: NDArray[np.int64], groups: NDArray[np.int64], folds: int = FOLDS
) -> NDArray[np.int64]:
    """The fold of each of ``n`` rows: groups stay whole, and classes spread evenly.

    ``truth`` ``(n,)`` are class numbers, ``groups`` ``(n,)`` group numbers. The largest groups are
    dealt first, each to the fold with the fewest rows of its class.
    """
    order = np.argsort(groups, kind="stable")
    members = np.split(order, np.flatnonzero(np.diff(groups[order])) + 1)
    placed = np.zeros(len(truth), np.int64)
    held = np.zeros((int(truth.max(initial=0)) + 1, folds), np.int64)
    for rows in sorted(members, key=lambda rows: (-len(rows), rows[0])):
        fold = min(range(folds), key=lambda n: (held[truth[rows[0]], n], held[:, n].sum()))
        placed[rows] = fold
        np.add.at(held[:, fold], truth[rows], 1)
    return placed


def cross_validate(
    features: NDArray[np.float32],
    truth: NDArray[np.int64],
    folds: NDArray[np.int64],
    tell: Told = lambda done, whole: None,
) -> NDArray[np.float32]:
    """Probabilities ``(n, classes)`` of every row from the classifier of the other folds.

    ``features`` is ``(n, width)``, ``truth`` and ``folds`` are ``(n,)``. A class that the other
    folds do not have gets next to nothing.
    """
    classes = int(truth.max()) + 1
    chances = np.zeros((len(truth), classes), np.float32)
    every, labels = torch.from_numpy(features), torch.from_numpy(truth)
    numbers = np.unique(folds)
    for done, fold in enumerate(numbers, start=1):
        away = torch.from_numpy(folds == fold)
        layer = fit_logistic(every[~away], labels[~away], classes)
        with torch.inference_mode():
            chances[away.numpy()] = layer(every[away]).softmax(dim=-1).numpy()
        tell(done, len(numbers))
    return chances


def fit_logistic(features: Tensor, truth: Tensor, classes: int) -> nn.Linear:
    """Multinomial logistic regression on ``features`` ``(n, width)`` by L-BFGS, in 32-bit floats.

    ``STEPS`` are enough for the accuracy that more reach, though not for the optimum.
    """
    layer = nn.Linear(features.shape[1], classes)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    solver = torch.optim.LBFGS(
        layer.parameters(), max_iter=STEPS, history_size=10, line_search_fn="strong_wolfe"
    )

    def closure() -> Tensor:
        solver.zero_grad()
        loss = nn.functional.cross_entropy(layer(features), truth)
        loss = loss + PENALTY / (2 * len(truth)) * layer.weight.square().sum()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    solver.step(closure)  # type: ignore[no-untyped-call]
    return layer.eval()
