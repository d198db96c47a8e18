"""Prototypes of the intents: fitted on the training rows once the network is trained.

Called by `finetune.fit`. The network measures with them how far a message lies from everything
that the desk knows. It never trains a weight.
"""

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from finetune.batches import Dataset
from index.backend import Raw
from index.network import Network, run
from index.spans import IGNORED

SHRINKAGE = 0.1  # of the mean variance, added to every direction's
UNKNOWN = -1e4  # the logit of an intent that is not there
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


def estrange(network: Network, raw: Raw, intents: NDArray[np.int64]) -> Raw:
    """What the network would say of rows, whose intents these numbers are, ``(n,)``, if it had no
    such intents: their logits are gone, and the distances are to the nearest other one. Rows
    without an intent stay as they are."""
    if network.prototypes is None or len(network.prototypes.centres) < 2:
        return raw
    own = (intents != IGNORED).nonzero()[0], intents[intents != IGNORED]
    vectors = torch.from_numpy(raw.vectors)
    with torch.no_grad():
        whitening, centres = (each.cpu() for each in network.prototypes.buffers())
        apart = torch.cdist(vectors @ whitening, centres).numpy()
    logits = raw.intents.copy()
    logits[own], apart[own] = UNKNOWN, np.inf
    return replace(raw, intents=logits, distances=apart.min(axis=1))


def _spread_out(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """At most ``ENOUGH`` of the rows, from the first to the last at equal steps."""
    places = np.linspace(0, len(rows) - 1, min(len(rows), ENOUGH)).round().astype(int)
    chosen: NDArray[np.int64] = rows[places]
    return chosen
