"""From labelled rows to a release: clean, split, train, calibrate, evaluate, write, in this order.

Called by the commands and by the nightly job. The folder appears whole or not at all.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from finetune.batches import Dataset, number
from finetune.card import write_card
from finetune.checkpoint import SECONDS, Checkpoint, identify, open_checkpoint, stamp
from finetune.compare import compare_release
from finetune.compiling import compile_network
from finetune.details import count_labels
from finetune.encoders import find_encoder, save_encoder
from finetune.evaluate import CHUNK, Metrics, judge_readings, read
from finetune.fit import PROMISE, RISK, Fitted, Progress, Setup, fit_network, prefixed
from finetune.learning import SHARES, measure_shares
from finetune.page import write_report
from finetune.prepare import Prepared, prepare
from finetune.price import measure_price
from finetune.recipe import Recipe
from finetune.rows import Row, digest
from finetune.student import choose_messages, fit_student, plan_layers
from finetune.train import Watch
from index.errors import ReleaseError
from index.network import choose_device, save_heads
from index.reader import Reader
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
from index.seen import write_fingerprints
from index.tokens import Tokenizer


@dataclass(frozen=True, slots=True)
class Trained:
    """A new release: where it is, what it is, how good it is."""

    path: Path
    manifest: Manifest
    metrics: Mapping[str, Any]


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
    messages: Sequence[str] = (),
    fresh: bool = False,
    say: Callable[[str], None] | None = None,
    checkpoint_seconds: float = SECONDS,
) -> Trained:
    """Train a release into the folder ``out``, or into ``releases`` under its own id.

    ``promise`` is the share of answers that must be right, ``risk`` the chance that calibration
    fails to keep it. ``against`` is a release to compare with. ``progress(stage, done, whole)``
    tells how far it is, ``watch`` looks on. With ``curve`` smaller shares of the training rows are
    tried too, for the learning curve. ``notes`` are put among the metrics: how the recipe was
    found. ``messages`` of customers have no labels: a student reads them in training, and nothing
    else does. A training that was interrupted after a checkpoint, which is written every
    ``checkpoint_seconds``, goes on by itself when the same is asked for again, unless ``fresh``;
    ``say`` is told. Raises ``ContentError`` when the rows cannot train anything and
    ``ReleaseError`` when the encoder, the device or the place for the release is missing.
    """
    if (out is None) == (releases is None):
        raise ValueError("give one of out and releases")
    check_place(out)
    tell = progress or (lambda stage, done, whole: None)
    setup = Setup(find_encoder(recipe.encoder), recipe, choose_device(device), promise, risk)
    layers = plan_layers(setup) if recipe.distil_layers else []
    prepared = prepare(rows, 0 if layers else recipe.cross_fit)
    parent = out.absolute().parent if out else releases or Path()
    unlabelled = choose_messages(messages, prepared) if layers else []
    training = _identify(prepared, setup, unlabelled)
    talk = say or (lambda text: None)
    if prepared.parts is not None:
        talk(
            f"Few rows: none is held out; {len(set(prepared.parts))} further networks train, each "
            "without a part of them that it then reads (the recipe's cross_fit)."
        )
    with (
        draft(parent) as folder,
        open_checkpoint(
            parent, training, talk, fresh=fresh, seconds=checkpoint_seconds
        ) as checkpoint,
    ):
        fitted, teacher = _fit(prepared, setup, unlabelled, tell, watch, checkpoint)
        calibration = fitted.calibration
        reader = _write(folder, fitted, prepared.labels, setup)
        metrics = {**_measure(reader, fitted, prepared, against, tell), **(notes or {})}
        if recipe.int8:
            metrics["int8"] = _compile(folder, fitted, prepared, setup, tell)
        if teacher is not None:
            tell("teacher and student", 0, 1)
            price = measure_price(folder, fitted, teacher, *_number_unseen(prepared, setup), setup)
            tell("teacher and student", 1, 1)
            metrics["distil"] = {"layers": layers, "messages": len(unlabelled), **price}
        metrics["epochs"] = [asdict(epoch) for epoch in fitted.epochs]
        if curve:
            apart = prepared if prepared.parts is None else prepare(rows)

            def measure(part: list[Row], label: str) -> Metrics:
                return measure_recipe(replace(apart, train=part), setup, prefixed(label, tell))

            # Every point is a single training, and so is the last one.
            whole = metrics if apart is prepared else measure(apart.train, "all rows")
            metrics["learning"] = measure_shares(apart.train, SHARES, measure, whole)
        write_json(folder / "metrics.json", metrics)
        learned = [*prepared.train, *prepared.calibrating, *unlabelled]
        tested = (row.text for row in prepared.test)
        originals = (row.original for row in learned if row.original)
        write_fingerprints(folder, (row.text for row in learned), tested, originals)

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


def _identify(prepared: Prepared, setup: Setup, unlabelled: Sequence[Row]) -> str:
    """A name for this very training: all rows, those that it learns from in order, and how."""
    rows = [digest([row]) for row in [*prepared.train, *prepared.tuning, *unlabelled]]
    how = setup.recipe.to_json(), stamp(setup.encoder), setup.device.type
    return identify(prepared.digest, rows, *how)


def measure_recipe(
    prepared: Prepared, setup: Setup, tell: Progress, watch: Watch | None = None
) -> Metrics:
    """The metrics of a training whose network is not kept; a student's without messages."""
    fitted, _ = _fit(prepared, setup, [], tell, watch)
    with TemporaryDirectory(prefix="frontdesk-") as name:
        reader = _write(Path(name), fitted, prepared.labels, setup)
        return _measure(reader, fitted, prepared, None, tell)


def _fit(
    prepared: Prepared,
    setup: Setup,
    unlabelled: list[Row],
    tell: Progress,
    watch: Watch | None = None,
    checkpoint: Checkpoint | None = None,
) -> tuple[Fitted, Fitted | None]:
    """What is released, and its teacher if the recipe has one; a student is what is watched."""
    if not setup.recipe.distil_layers:
        return fit_network(prepared, setup, tell, watch, checkpoint), None
    teacher = fit_network(prepared, setup, prefixed("teacher", tell), None, checkpoint)
    student = fit_student(prepared, setup, teacher.network, unlabelled, tell, watch, checkpoint)
    return student, teacher


def _measure(
    reader: Reader, fitted: Fitted, prepared: Prepared, against: Path | None, tell: Progress
) -> Metrics:
    """Metrics on the test rows, or on the held-out ones, which is said, if there are none."""
    held, crossed = prepared.calibrating, prepared.parts is not None
    rows = prepared.test or held
    if crossed and not prepared.test:
        readings = reader.interpret([row.text for row in rows], fitted.raw)
    else:
        done = count(CHUNK, CHUNK)
        readings = read(
            reader, rows, lambda _: tell("evaluate", min(next(done), len(rows)), len(rows))
        )
    parts = {"train": prepared.train, "valid": [] if crossed else held, "test": prepared.test}
    metrics = {
        "measured_on": "test" if prepared.test else "crossed" if crossed else "valid",
        **judge_readings(rows, readings, reader.labels, reader.thresholds),
        "splits": {name: len(part) for name, part in parts.items()},
        "crossed": len(held) if crossed else 0,
        "cleaning": prepared.cleaning.to_json(),
        "labels": count_labels(parts),
    }
    if against is not None and metrics["measured_on"] != "crossed":
        metrics["changes"] = compare_release(against, rows, reader, readings, str(reader.device))
    return metrics


def _compile(
    folder: Path, fitted: Fitted, prepared: Prepared, setup: Setup, tell: Progress
) -> Metrics:
    """The twin in 8-bit integers, checked with every row that did not train."""
    tell("8-bit integers", 0, 1)
    train, held = _number_unseen(prepared, setup)
    made = compile_network(folder, fitted.network, train, held, fitted.calibration)
    tell("8-bit integers", 1, 1)
    return made


def _number_unseen(prepared: Prepared, setup: Setup) -> tuple[Dataset, Dataset]:
    """The training rows, and those that no network was trained on, as numbers."""
    tokenizer = Tokenizer.load(setup.encoder)
    unseen = [*([] if prepared.parts is not None else prepared.calibrating), *prepared.test]
    return (
        number(prepared.train, prepared.labels, tokenizer),
        number(unseen, prepared.labels, tokenizer),
    )


def _write(folder: Path, fitted: Fitted, labels: Labels, setup: Setup) -> Reader:
    """Write what was fitted into ``folder``, and read with it as a server would."""
    write_json(folder / "recipe.json", setup.recipe.to_json())
    write_json(
        folder / "labels.json",
        {"intents": labels.intents, "sentiments": labels.sentiments, "entities": labels.entities},
    )
    write_json(folder / "calibration.json", fitted.calibration.to_json())
    save_heads(fitted.network, folder / HEADS)
    save_encoder(fitted.network, setup.encoder, folder / ENCODER)
    return Reader.assemble(folder, fitted.network, labels, fitted.calibration, setup.device)
