"""From prepared rows to a network that is trained and calibrated: the heart of every training.

Called by `finetune.run`; the search calls only the training. It writes nothing but checkpoints.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from finetune.batches import Dataset, join, number, pick
from finetune.calibrate import find_thresholds, fit, judge
from finetune.checkpoint import Checkpoint
from finetune.prepare import Prepared, without
from finetune.prototypes import fit_prototypes
from finetune.recipe import Recipe
from finetune.soup import Soup
from finetune.state import Epoch
from finetune.train import Watch, train
from finetune.typos import with_typos
from index.calibration import Calibration
from index.network import Network, Raw, run
from index.tokens import Tokenizer

PROMISE = 0.95
RISK = 0.05
VARIANTS = 4  # of the training rows, each with other typos

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Setup:
    """How to train: from the encoder in a folder, by a recipe, on a device.

    ``promise`` is the share of answers that must be right, ``risk`` the chance that calibration
    fails to keep it.
    """

    encoder: Path
    recipe: Recipe
    device: torch.device
    promise: float = PROMISE
    risk: float = RISK


@dataclass(frozen=True, slots=True)
class Fitted:
    """A trained network, its calibration, what every epoch came to, and ``raw``: what was read in
    the held-out rows before calibration, in their order."""

    network: Network
    calibration: Calibration
    epochs: list[Epoch]
    raw: Raw


def fit_network(
    prepared: Prepared,
    setup: Setup,
    tell: Progress,
    watch: Watch | None = None,
    checkpoint: Checkpoint | None = None,
) -> Fitted:
    """The trained network with everything that held-out rows say of it.

    Where the rows have parts, a further network trains without each and reads it: cross-fitting (as
    in the CV+ of Barber, Candès, Ramdas & Tibshirani 2021, "Predictive Inference with the
    Jackknife+"). The network that is kept has the mean of the weights of all (Wortsman et al. 2022,
    "Model soups"). The readings that calibrate are of networks that have seen fewer rows, so the
    promise is rather cautious; but unlike with rows held out for good, its risk is not proven.
    """
    network, epochs = train_network(prepared, setup, tell, watch, checkpoint)
    soup = Soup(network)
    for member in range(1, setup.recipe.soup):
        told = prefixed(f"training {member + 1}/{setup.recipe.soup}", tell)
        soup.add(train_network(prepared, setup, told, member=member)[0])
    held = number(prepared.held, prepared.labels, Tokenizer.load(setup.encoder))
    crossed = None if prepared.parts is None else _cross_read(prepared, held, setup, tell, soup)
    if soup.count > 1:
        soup.pour()
        _place_prototypes(network, prepared, setup)
    raw = crossed or run(network, held.tokens, setup.device)
    rows = np.arange(len(held))
    tuning, promised = rows[: len(prepared.tuning)], rows[len(prepared.tuning) :]
    calibration = fit(pick(raw, tuning), pick(held, tuning))
    thresholds = find_thresholds(
        judge(pick(raw, tuning), pick(held, tuning), calibration),
        judge(pick(raw, promised), pick(held, promised), calibration),
        setup.promise,
        setup.risk,
    )
    return Fitted(network, replace(calibration, thresholds=thresholds), epochs, raw)


def train_network(
    prepared: Prepared,
    setup: Setup,
    tell: Progress,
    watch: Watch | None = None,
    checkpoint: Checkpoint | None = None,
    member: int = 0,
) -> tuple[Network, list[Epoch]]:
    """The network with its prototypes, and what its epochs came to; ``member`` as in `train`.

    Of the held-out rows it sees only those for tuning, and all of them where they have parts.
    """
    recipe = setup.recipe
    tokenizer = Tokenizer.load(setup.encoder)
    random = np.random.default_rng(recipe.seed + member)
    variants = [prepared.train]
    if recipe.typos:
        variants = [with_typos(prepared.train, recipe.typos, random) for _ in range(VARIANTS)]
    stopping = prepared.tuning if prepared.parts is None else []
    network, epochs = train(
        [number(rows, prepared.labels, tokenizer) for rows in variants],
        number(stopping, prepared.labels, tokenizer),
        prepared.labels,
        setup.encoder,
        recipe,
        setup.device,
        lambda step, steps, note: tell(note, step, steps),
        watch,
        checkpoint,
        member,
    )
    _place_prototypes(network, prepared, setup)
    return network, epochs


def prefixed(label: str, tell: Progress) -> Progress:
    """``tell`` with the label before every stage."""
    return lambda stage, done, whole: tell(f"{label}, {stage}", done, whole)


def _place_prototypes(network: Network, prepared: Prepared, setup: Setup) -> None:
    rows = number(prepared.train, prepared.labels, Tokenizer.load(setup.encoder))
    fit_prototypes(network, rows, setup.device)


def _cross_read(prepared: Prepared, held: Dataset, setup: Setup, tell: Progress, soup: Soup) -> Raw:
    """What networks that did without a row read in it, for all held rows in their order."""
    assert prepared.parts is not None
    names = np.unique(prepared.parts)
    pieces, places = [], []
    for done, part in enumerate(names, start=1):
        told = prefixed(f"part {done}/{len(names)}", tell)
        rest = without(prepared, int(part))
        network, _ = train_network(rest, setup, told, member=setup.recipe.soup + int(part))
        soup.add(network)
        places.append(np.flatnonzero(prepared.parts == part))
        pieces.append(run(network, pick(held, places[-1]).tokens, setup.device))
    return pick(join(pieces), np.argsort(np.concatenate(places), kind="stable"))
