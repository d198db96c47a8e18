"""From prepared rows to a network that is trained and calibrated: the heart of every training.

Called by `finetune.run`; the search calls only the training. It never splits rows, and writes
nothing but checkpoints.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from finetune.batches import Dataset, join, number, pick
from finetune.calibrate import find_thresholds, fit, judge, judge_strangers
from finetune.checkpoint import Checkpoint
from finetune.lesson import Lesson
from finetune.prepare import Prepared, without
from finetune.prototypes import estrange, fit_prototypes
from finetune.recipe import Recipe
from finetune.soup import stir_in
from finetune.state import Epoch
from finetune.train import Watch, train
from finetune.typos import with_typos
from index.backend import Raw
from index.calibration import Calibration
from index.network import Network, run
from index.tokens import Tokenizer

PROMISE = 0.95
RISK = 0.05
VARIANTS = 4  # of the training rows, each with other typos
STUDENT = 1000  # added to the course of a student's training, which is none of its teacher's

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
    """A trained network, its calibration, what every epoch of its first training came to, and
    ``raw``: what was read in the rows that calibrate, in their order."""

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
    lesson: Lesson | None = None,
) -> Fitted:
    """The trained network, a student if it has a ``lesson``, with all that held-out rows say of it.

    Where the rows have parts, a further network trains without each and reads it: cross-fitting (as
    in the CV+ of Barber, Candès, Ramdas & Tibshirani 2021, "Predictive Inference with the
    Jackknife+"). The network that is kept has the mean of the weights of all. What calibrates it is
    read by networks that have seen fewer rows, which should make the promise cautious; but unlike
    with rows held out for good, its risk is an estimate and not proven.
    """
    soup = setup.recipe.soup
    told = prefixed(f"training 1/{soup}", tell) if soup > 1 else tell
    network, epochs = train_network(prepared, setup, told, watch, checkpoint, 0, lesson)
    for course in range(1, soup):
        told = prefixed(f"training {course + 1}/{soup}", tell)
        other, _ = train_network(prepared, setup, told, None, checkpoint, course, lesson)
        stir_in(network, other, course + 1)
    tokenizer = Tokenizer.load(setup.encoder)
    held = number(prepared.calibrating, prepared.labels, tokenizer)
    crossed = None
    if prepared.parts is not None:
        crossed = _cross_read(network, prepared, held, setup, tell, checkpoint)
    fit_prototypes(network, number(prepared.train, prepared.labels, tokenizer), setup.device)
    raw = crossed[0] if crossed else run(network, held.tokens, setup.device)
    rows = np.arange(len(held))
    tuning, promised = rows[: len(prepared.tuning)], rows[len(prepared.tuning) :]
    calibration = fit(pick(raw, tuning), pick(held, tuning))
    if crossed is not None:  # too few to spare any
        strangers = judge_strangers(crossed[1], held, calibration)
        judged = judge(raw, held, calibration)
        thresholds = find_thresholds(judged, None, setup.promise, setup.risk, strangers)
    else:
        judged = judge(pick(raw, tuning), pick(held, tuning), calibration)
        certifying = judge(pick(raw, promised), pick(held, promised), calibration)
        thresholds = find_thresholds(judged, certifying, setup.promise, setup.risk)
    return Fitted(network, replace(calibration, thresholds=thresholds), epochs, raw)


def train_network(
    prepared: Prepared,
    setup: Setup,
    tell: Progress,
    watch: Watch | None = None,
    checkpoint: Checkpoint | None = None,
    course: int = 0,
    lesson: Lesson | None = None,
) -> tuple[Network, list[Epoch]]:
    """The network, without prototypes yet, and what its epochs came to; ``course`` as in `train`.

    Of the rows that calibrate it sees only those for tuning, and all where they have parts.
    """
    recipe = setup.recipe
    course += STUDENT if lesson else 0
    tokenizer = Tokenizer.load(setup.encoder)
    random = np.random.default_rng(recipe.seed + course)
    rows = [*prepared.train, *(lesson.rows if lesson else ())]
    variants = [rows]
    if recipe.typos:
        variants = [with_typos(rows, recipe.typos, random) for _ in range(VARIANTS)]
    stopping = prepared.tuning if prepared.parts is None else []
    network, epochs = train(
        [number(rows, prepared.labels, tokenizer) for rows in variants],
        number(stopping, prepared.labels, tokenizer),
        prepared.labels,
        lesson.encoder if lesson else setup.encoder,
        recipe,
        setup.device,
        lambda step, steps, note: tell(note, step, steps),
        watch,
        checkpoint,
        course,
        lesson.teacher if lesson else None,
    )
    return network, epochs


def prefixed(label: str, tell: Progress) -> Progress:
    """``tell`` with the label before every stage."""
    return lambda stage, done, whole: tell(f"{label}, {stage}", done, whole)


def _cross_read(
    kept: Network,
    prepared: Prepared,
    held: Dataset,
    setup: Setup,
    tell: Progress,
    checkpoint: Checkpoint | None,
) -> tuple[Raw, Raw]:
    """What networks that did without a row read in it, for all ``held`` rows in their order, and
    what they would if they did not know its intent.

    Their weights are stirred into ``kept``.
    """
    assert prepared.parts is not None
    tokenizer, soup = Tokenizer.load(setup.encoder), setup.recipe.soup
    names = np.unique(prepared.parts)
    pieces, strange, places = [], [], []
    for done, part in enumerate(names, start=1):
        rest, told = without(prepared, int(part)), prefixed(f"part {done}/{len(names)}", tell)
        network, _ = train_network(rest, setup, told, None, checkpoint, soup + done - 1)
        fit_prototypes(network, number(rest.train, rest.labels, tokenizer), setup.device)
        places.append(np.flatnonzero(prepared.parts == part))
        theirs = pick(held, places[-1])
        pieces.append(run(network, theirs.tokens, setup.device))
        strange.append(estrange(network, pieces[-1], theirs.intents))
        stir_in(kept, network, soup + done)
        del network
    order = np.argsort(np.concatenate(places), kind="stable")
    return pick(join(pieces), order), pick(join(strange), order)
