"""From labelled rows to a release: clean, split, train, calibrate, evaluate, write, in this order.

Called by the commands and by the nightly job. The folder appears whole or not at all.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch

from finetune.batches import find_labels, number
from finetune.calibrate import find_thresholds, fit, judge
from finetune.card import write_card
from finetune.checkpoint import SECONDS, Checkpoint, identify, open_checkpoint, stamp
from finetune.clean import CleanReport, clean
from finetune.compare import compare_release, write_fingerprints
from finetune.details import count_labels
from finetune.encoders import find_encoder, save_encoder
from finetune.evaluate import CHUNK, Metrics, judge_readings, read
from finetune.learning import SHARES, measure_shares
from finetune.page import write_report
from finetune.prototypes import fit_prototypes
from finetune.recipe import Recipe
from finetune.rows import SPLITS, Row, digest
from finetune.split import set_aside, split
from finetune.state import Epoch
from finetune.train import Watch, train
from finetune.typos import with_typos
from index.calibration import Calibration
from index.errors import ReleaseError
from index.network import Network, run, save_heads
from index.reader import Reader, choose_device
from index.release import (
    ENCODER,
    HEADS,
    REPORT,
    Labels,
    Manifest,
    Release,
    draft,
    publish,
    seal,
    write_json,
)
from index.tokens import Tokenizer
from service.errors import ContentError

PROMISE = 0.95
VARIANTS = 4  # of the training rows, each with other typos
RISK = 0.1

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Trained:
    """A new release: where it is, what it is, how good it is."""

    path: Path
    manifest: Manifest
    metrics: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Prepared:
    """Cleaned rows by what they are for; ``tuning`` and ``promised`` are the parts of valid."""

    labels: Labels
    train: list[Row]
    tuning: list[Row]
    promised: list[Row]
    test: list[Row]
    cleaning: CleanReport
    digest: str


@dataclass(frozen=True, slots=True)
class Fitted:
    """A trained network, its calibration, and what every epoch came to."""

    network: Network
    calibration: Calibration
    epochs: list[Epoch]


def prepare(rows: Sequence[Row]) -> Prepared:
    """Clean and split. Raises ``ContentError`` when no training row carries a label."""
    kept, cleaning = clean(rows)
    return arrange(split(kept), cleaning)


def arrange(placed: Sequence[Row], cleaning: CleanReport) -> Prepared:
    """Rows that have their splits, by what they are for. Raises ``ContentError`` as `prepare`."""
    parts = {name: [row for row in placed if row.split == name] for name in SPLITS}
    labels = find_labels(parts["train"])
    if not (labels.intents or labels.sentiments or labels.entities):
        raise ContentError("There is nothing to train on: no training row carries a label.")
    tuning, promised = set_aside(parts["valid"])
    return Prepared(
        labels, parts["train"], tuning, promised, parts["test"], cleaning, digest(placed)
    )


def check_place(out: Path | None) -> None:
    """Raise ``ReleaseError`` when ``out`` cannot take a release, before hours go into one."""
    if out is not None and out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise ReleaseError(f"{out} exists and is not an empty folder; a release needs a new one.")


def train_release(
    rows: Sequence[Row],
    recipe: Recipe,
    *,
    out: Path | None = None,
    releases: Path | None = None,
    against: Path | None = None,
    promise: float = PROMISE,
    risk: float = RISK,
    device: str = "auto",
    progress: Progress | None = None,
    watch: Watch | None = None,
    curve: bool = False,
    notes: Mapping[str, Any] | None = None,
    fresh: bool = False,
    say: Callable[[str], None] | None = None,
    checkpoint_seconds: float = SECONDS,
) -> Trained:
    """Train a release into the folder ``out``, or into ``releases`` under its own id.

    ``promise`` is the share of answers that must be right, ``risk`` the chance that calibration
    fails to keep it. ``against`` is a release to compare with. ``progress(stage, done, whole)``
    tells how far it is, ``watch`` looks on. With ``curve`` smaller shares of the training rows are
    tried too, for the learning curve. ``notes`` are put among the metrics: how the recipe was
    found. A training that was interrupted after a checkpoint, which is written every
    ``checkpoint_seconds``, goes on by itself when the same is asked for again, unless ``fresh``;
    ``say`` is told. Raises ``ContentError`` when the rows cannot train anything and
    ``ReleaseError`` when the encoder, the device or the place for the release is missing.
    """
    if (out is None) == (releases is None):
        raise ValueError("give one of out and releases")
    check_place(out)
    tell = progress or (lambda stage, done, whole: None)
    place = choose_device(device)
    encoder = find_encoder(recipe.encoder)
    prepared = prepare(rows)
    parent = out.absolute().parent if out else releases or Path()
    training = _identify(prepared, recipe, encoder, place)
    with (
        draft(parent) as folder,
        open_checkpoint(
            parent, training, say or (lambda text: None), fresh=fresh, seconds=checkpoint_seconds
        ) as checkpoint,
    ):
        fitted = fit_network(
            prepared, encoder, recipe, promise, risk, place, tell, watch, checkpoint
        )
        calibration = fitted.calibration
        reader = _write(folder, fitted, prepared.labels, recipe, encoder, place)
        metrics = {**_measure(reader, prepared, against, tell), **(notes or {})}
        metrics["epochs"] = [asdict(epoch) for epoch in fitted.epochs]
        if curve:

            def measure(part: list[Row], label: str) -> Metrics:
                smaller = replace(prepared, train=part)
                told = prefixed(label, tell)
                return measure_recipe(smaller, encoder, recipe, promise, risk, place, told)

            metrics["learning"] = measure_shares(prepared.train, SHARES, measure, metrics)
        write_json(folder / "metrics.json", metrics)
        write_fingerprints(folder, [*prepared.train, *prepared.tuning, *prepared.promised])

        def describe(manifest: Manifest) -> None:
            release = Release(folder, manifest, prepared.labels, calibration, metrics)
            write_report(folder / REPORT, release, metrics)
            write_card(folder, release, recipe)

        manifest = seal(folder, encoder=recipe.encoder, dataset=prepared.digest, describe=describe)
        target = out if out is not None else (releases or Path()) / manifest.id
        publish(folder, target)
    return Trained(target, manifest, metrics)


def evaluate_release(
    path: Path,
    rows: Sequence[Row],
    *,
    against: Path | None = None,
    html: Path | None = None,
    device: str = "auto",
    progress: Callable[[int], object] | None = None,
) -> Metrics:
    """Metrics of the release at ``path`` on labelled rows: those marked test, if any are, else all.

    ``measured_on`` says which. ``against`` is a release to compare with, ``html`` a file for the
    report. Raises ``ReleaseError`` when the release is incomplete or damaged.
    """
    reader = Reader.load(path, device)
    marked = [row for row in rows if row.split == "test"]
    test = marked or list(rows)
    readings = read(reader, test, progress)
    metrics = {
        "release": reader.release.id,
        "measured_on": "test" if marked else "all given",
        **judge_readings(test, readings, reader.labels, reader.thresholds),
        "labels": count_labels({"rows": test}),
    }
    if against is not None:
        metrics["changes"] = compare_release(against, test, reader, readings, device)
    if html is not None:
        write_report(html, reader.release, metrics)
    return metrics


def _identify(prepared: Prepared, recipe: Recipe, encoder: Path, device: torch.device) -> str:
    """A name for this very training: all rows, those that it learns from in order, and how."""
    rows = [digest([row]) for row in [*prepared.train, *prepared.tuning]]
    return identify(prepared.digest, rows, recipe.to_json(), stamp(encoder), device.type)


def measure_recipe(
    prepared: Prepared,
    encoder: Path,
    recipe: Recipe,
    promise: float,
    risk: float,
    device: torch.device,
    tell: Progress,
    watch: Watch | None = None,
) -> Metrics:
    """The metrics of a training whose network is not kept."""
    fitted = fit_network(prepared, encoder, recipe, promise, risk, device, tell, watch)
    with TemporaryDirectory(prefix="frontdesk-") as name:
        reader = _write(Path(name), fitted, prepared.labels, recipe, encoder, device)
        return _measure(reader, prepared, None, tell)


def fit_network(
    prepared: Prepared,
    encoder: Path,
    recipe: Recipe,
    promise: float,
    risk: float,
    device: torch.device,
    tell: Progress,
    watch: Watch | None = None,
    checkpoint: Checkpoint | None = None,
) -> Fitted:
    """The trained network with everything that held-out rows say of it."""
    tokenizer = Tokenizer.load(encoder)
    network, epochs = train_network(prepared, encoder, recipe, device, tell, watch, checkpoint)
    fit_prototypes(network, number(prepared.train, prepared.labels, tokenizer), device)
    tuning, promised = (
        number(part, prepared.labels, tokenizer) for part in (prepared.tuning, prepared.promised)
    )
    raw = run(network, tuning.tokens, device)
    calibration = fit(raw, tuning)
    thresholds = find_thresholds(
        judge(raw, tuning, calibration),
        judge(run(network, promised.tokens, device), promised, calibration),
        promise,
        risk,
    )
    return Fitted(network, replace(calibration, thresholds=thresholds), epochs)


def prefixed(label: str, tell: Progress) -> Progress:
    """``tell`` with the label before every stage."""
    return lambda stage, done, whole: tell(f"{label}, {stage}", done, whole)


def train_network(
    prepared: Prepared,
    encoder: Path,
    recipe: Recipe,
    device: torch.device,
    tell: Progress,
    watch: Watch | None = None,
    checkpoint: Checkpoint | None = None,
) -> tuple[Network, list[Epoch]]:
    """The network and what its epochs came to; of the held-out rows it sees only ``tuning``."""
    tokenizer = Tokenizer.load(encoder)
    random = np.random.default_rng(recipe.seed)
    variants = [prepared.train]
    if recipe.typos:
        variants = [with_typos(prepared.train, recipe.typos, random) for _ in range(VARIANTS)]
    return train(
        [number(rows, prepared.labels, tokenizer) for rows in variants],
        number(prepared.tuning, prepared.labels, tokenizer),
        prepared.labels,
        encoder,
        recipe,
        device,
        lambda step, steps, note: tell(note, step, steps),
        watch,
        checkpoint,
    )


def _measure(reader: Reader, prepared: Prepared, against: Path | None, tell: Progress) -> Metrics:
    """Metrics on the test rows; on the valid ones, which is said, when there are no test rows."""
    valid = [*prepared.tuning, *prepared.promised]
    rows = prepared.test or valid
    done = count(CHUNK, CHUNK)
    readings = read(reader, rows, lambda _: tell("evaluate", min(next(done), len(rows)), len(rows)))
    parts = {"train": prepared.train, "valid": valid, "test": prepared.test}
    metrics = {
        "measured_on": "test" if prepared.test else "valid",
        **judge_readings(rows, readings, reader.labels, reader.thresholds),
        "splits": {name: len(part) for name, part in parts.items()},
        "cleaning": prepared.cleaning.to_json(),
        "labels": count_labels(parts),
    }
    if against is not None:
        metrics["changes"] = compare_release(against, rows, reader, readings, str(reader.device))
    return metrics


def _write(
    folder: Path,
    fitted: Fitted,
    labels: Labels,
    recipe: Recipe,
    encoder: Path,
    device: torch.device,
) -> Reader:
    """Write what was fitted into ``folder``, and read with it as a server would."""
    write_json(folder / "recipe.json", recipe.to_json())
    write_json(
        folder / "labels.json",
        {"intents": labels.intents, "sentiments": labels.sentiments, "entities": labels.entities},
    )
    write_json(folder / "calibration.json", fitted.calibration.to_json())
    save_heads(fitted.network, folder / HEADS)
    save_encoder(fitted.network, encoder, folder / ENCODER)
    return Reader.assemble(folder, fitted.network, labels, fitted.calibration, device)
