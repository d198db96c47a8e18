"""Prototypes of the intents: fitted on the training rows once the network is trained.

Called by `finetune.fit`. The network measures with them how far a message lies from everything
that the desk knows. It never trains a weight, and sees only rows that its network was trained on.
"""

import numpy as np
import torch
from numpy.typing import NDArray

from finetune.batches import Dataset
from index.network import Network, run

SHRINKAGE = 0.1  # of the mean variance, added to every direction's
ENOUGH = 20  # rows of one intent; with more, nothing that was measured became better


def fit_prototypes(network: Network, rows: Dataset, device: torch.device) -> None:
    """Set the network's centres and whitening from rows; those without an intent do not count.

    The covariance of the vectors around their intents' means is shrunk towards a sphere, since few
    rows say little about most directions. Every intent needs a row. Nothing to do without intents.
    """
    if network.prototypes is None:
        return
    numbers = range(len(network.prototypes.centres))
    chosen = np.concatenate([_spread_out(np.flatnonzero(rows.intents == n)) for n in numbers])
    intents = rows.intents[chosen]
    vectors = run(network, [rows.tokens[row] for row in chosen], device).vectors
    vectors = vectors.astype(np.float64)
    centres = np.stack([vectors[intents == number].mean(axis=0) for number in numbers])
    apart = vectors - centres[intents]
    covariance = apart.T @ apart / len(apart)
    width = len(covariance)
    sphere = max(float(np.trace(covariance)) / width, 1e-9) * np.eye(width)
    whitening = np.linalg.cholesky(np.linalg.inv(covariance + SHRINKAGE * sphere))
    prototypes = network.prototypes
    prototypes.whitening.copy_(torch.from_numpy(whitening))
    prototypes.centres.copy_(torch.from_numpy(centres @ whitening))


def _spread_out(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """At most ``ENOUGH`` of the rows, from the first to the last at equal steps."""
    places = np.linspace(0, len(rows) - 1, min(len(rows), ENOUGH)).round().astype(int)
    chosen: NDArray[np.int64] = rows[places]
    return chosen
