"""The commands `frontdesk lint`, `frontdesk train` and `frontdesk evaluate`.

Thin: they read arguments, call `finetune.run`, and print. torch is imported when they run, so that
`frontdesk --help` stays quick.
"""

import json
import os
import shlex
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from tqdm import tqdm

from finetune.findings import SEVERITIES, Finding, ordered
from finetune.freeze import freeze_desk
from finetune.lint import find_by_rules
from finetune.recipe import Recipe, read_recipe
from finetune.report import (
    describe,
    describe_cleaning,
    describe_curve,
    describe_findings,
    describe_folds,
    describe_search,
    headline,
    summarise,
)
from finetune.rows import Row, from_content, read_rows
from finetune.train_options import (
    Bench,
    add_student,
    bench_options,
    check_options,
    find_recipe,
    open_tracker,
)
from index.champion import champion, promote
from index.errors import ReleaseError
from index.release import REPORT
from service.config import Config
from service.errors import ConfigError, Conflict, ContentError, NotFound
from service.store import open_store

if TYPE_CHECKING:
    from finetune.tracking import Track

MESSAGES = 10_000  # of customers, the newest, for a student to read
FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.option("--data", type=FILE, multiple=True, help="Labelled rows, JSONL or CSV; repeatable.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder for the release.")
@click.option("--recipe", "recipe_file", type=FILE, help="Hyperparameters, YAML or JSON.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), help="Seed, instead of the recipe's.")
@click.option("--fresh", is_flag=True, help="Start anew, even if such a training was interrupted.")
@bench_options
@click.option("--json", "as_json", is_flag=True, help="Report as one JSON object.")
@click.pass_context
def train(
    ctx: click.Context,
    /,
    data: tuple[Path, ...],
    out: Path | None,
    recipe_file: Path | None,
    seed: int | None,
    fresh: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Train a release on labelled rows.

    Without --data on the desk's content and corrections; without --out the release goes into the
    desk's home and becomes its champion. An interrupted training goes on where it was when the
    same command is given again, with the same rows and recipe.
    """
    bench = Bench(**options)
    check_options(bench, writes=out is not None)
    config = _config(ctx)
    recipe = read_recipe(recipe_file) if recipe_file else Recipe(encoder=config.encoder)
    if seed is not None:
        recipe = replace(recipe, seed=seed)
    # Threads that wait for each other spin shortly and then sleep: beside a running server, those
    # that only spin take several times as long.
    os.environ.setdefault("GOMP_SPINCOUNT", "20000")
    with _plain_errors():
        recipe = add_student(bench, recipe)
    rows, promise, messages = (
        _rows_of_desk(config, held_out=False) if not data else (read_rows(data), None, [])
    )
    _warn(config, data, rows)
    from finetune.fit import PROMISE
    from finetune.run import check_place, train_release

    track = open_tracker(bench, config)
    if bench.folds:
        _cross_validate(config, bench.folds, rows, recipe, promise or PROMISE, track, as_json)
        return
    with _plain_errors(), ProgressBar() as bar:
        check_place(out)
        found = find_recipe(bench, config, rows, recipe, bar, track)
        recipe = found.recipe if found else recipe
        with track("release", recipe) as tracking:
            trained = train_release(
                rows,
                recipe,
                out=out,
                releases=None if out else config.releases,
                against=None if out else _champion(config),
                promise=promise or PROMISE,
                device=config.device,
                progress=bar,
                fresh=fresh,
                say=lambda text: click.echo(text, err=True),
                watch=tracking,
                curve=bench.curve,
                notes={"search": found.to_json()} if found else None,
                messages=messages,
            )
            tracking.finish(trained.metrics)
        if out is None:
            _crown(config, trained.manifest.id)
    is_champion = out is None
    made = {"release": trained.manifest.id, "path": str(trained.path), "champion": is_champion}
    made |= {"report": str(trained.path / REPORT)} | ({"recipe": str(found.file)} if found else {})
    lines = [describe_search(found.to_json(), str(found.file)), ""] if found else []
    lines += [describe_cleaning(trained.metrics["cleaning"]), describe(trained.metrics)]
    if bench.curve:
        lines += ["", describe_curve(trained.metrics["learning"])]
    place = "the champion" if is_champion else f"in {trained.path}"
    lines += ["", f"{trained.manifest.id} is {place}: {headline(trained.metrics)}"]
    lines += [f"Report: {made['report']}"]
    _print(as_json, {**made, "metrics": trained.metrics}, "\n".join(lines))


@click.command()
@click.option("--data", type=FILE, multiple=True, required=True, help="Labelled rows; repeatable.")
@click.option("--release", help="Id or folder of a release; else the champion.")
@click.option("--against", help="Id or folder of a release to compare with.")
@click.option("--html", type=FILE, help="Write the report, one HTML file, here.")
@click.option("--json", "as_json", is_flag=True, help="Report as one JSON object.")
@click.pass_context
def evaluate(
    ctx: click.Context,
    data: tuple[Path, ...],
    release: str | None,
    against: str | None,
    html: Path | None,
    as_json: bool,
) -> None:
    """Measure a release on labelled rows.

    If any row is marked as test, only those are measured.
    """
    config = _config(ctx)
    path = _find_release(config, release)
    before = _find_release(config, against) if against else None
    if html is not None and not html.absolute().parent.is_dir():
        raise NotFound(f"There is no folder {html.absolute().parent} for the report.")
    rows = read_rows(data)
    from finetune.run import evaluate_release

    with _plain_errors(), tqdm(total=len(rows), unit="rows", leave=False) as bar:
        metrics = evaluate_release(
            path, rows, against=before, html=html, device=config.device, progress=bar.update
        )
    text = f"Release {metrics['release']}\n{describe(metrics)}"
    _print(as_json, metrics, text + (f"\n\nReport: {html}" if html else ""))


@click.command()
@click.option("--data", type=FILE, multiple=True, help="Labelled rows, JSONL or CSV; repeatable.")
@click.option("--release", help="Look with the encoder of this release (id or folder).")
@click.option("--quick", is_flag=True, help="Only what rules find, without an encoder.")
@click.option(
    "--limit", type=click.IntRange(0), help="Findings shown of each kind: 10, with --json all."
)
@click.option("--json", "as_json", is_flag=True, help="Report as one JSON object.")
@click.pass_context
def lint(
    ctx: click.Context,
    data: tuple[Path, ...],
    release: str | None,
    quick: bool,
    limit: int | None,
    as_json: bool,
) -> None:
    """Find what is wrong with labelled rows before training on them.

    Without --data in the desk's content and corrections. It changes nothing. The exit code is 1
    when there are errors, which rules find for sure; warnings alone are for people and leave it 0.
    """
    config = _config(ctx)
    rows = read_rows(data) if data else _rows_of_desk(config)[0]
    findings = find_by_rules(rows)
    if not quick:
        findings = ordered([*findings, *_look(config, release, rows)])
    counts = {s: sum(found.rule.severity == s for found in findings) for s in SEVERITIES}
    kinds = Counter(found.kind for found in findings)
    shown = [f for kind in kinds for f in [f for f in findings if f.kind == kind][:limit]]
    report = {
        "rows": len(rows),
        "counts": counts,
        "kinds": dict(kinds),
        "findings": [finding.to_json() for finding in shown],
    }
    limit = 10 if limit is None else limit
    _print(as_json, report, describe_findings(findings, len(rows), limit))
    ctx.exit(1 if counts["error"] else 0)


class ProgressBar:
    """A bar on stderr for each stage of a training."""

    def __init__(self) -> None:
        self._bar: tqdm[Any] | None = None
        self._whole = 0

    def __enter__(self) -> "ProgressBar":
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def __call__(self, stage: str, done: int, whole: int) -> None:
        """Show that ``done`` of ``whole`` steps of a stage are done."""
        if self._bar is None or whole != self._whole:
            if self._bar is not None:
                self._bar.close()
            self._bar, self._whole = tqdm(total=whole, file=sys.stderr, mininterval=0.5), whole
        self._bar.set_description(stage, refresh=False)
        self._bar.update(done - self._bar.n)


def _cross_validate(
    config: Config,
    folds: int,
    rows: Sequence[Row],
    recipe: Recipe,
    promise: float,
    track: "Track",
    as_json: bool,
) -> None:
    from finetune.folds import cross_evaluate

    with _plain_errors(), ProgressBar() as bar:
        found = cross_evaluate(
            rows,
            recipe,
            folds,
            promise=promise,
            device=config.device,
            progress=bar,
            track=track,
        )
    _print(as_json, found, f"{describe_cleaning(found['cleaning'])}\n{describe_folds(found)}")


def _rows_of_desk(config: Config, *, held_out: bool = True) -> tuple[list[Row], float, list[str]]:
    """The desk's examples, corrections among them, the precision that it promises, and the newest
    of what customers wrote, which nobody labelled; without ``held_out`` ones as a night trains."""
    store = open_store(config)
    try:
        content = store.content()
        messages = store.customer_texts(MESSAGES)
        rows = (
            from_content(content) if held_out else freeze_desk(store, content, config.releases).rows
        )
    finally:
        store.close()
    if not content.examples:
        raise ContentError("The desk has no examples to train on: run `frontdesk init`, or import.")
    return rows, content.settings.promise, messages


def _crown(config: Config, release: str) -> None:
    """Make a new release the champion, its vectors ready for the server; what learned from
    customers who were erased since the rows were read is marked."""
    if config.database.exists():
        from finetune.forget import forget
        from service.engine import prepare_release

        store = open_store(config)
        try:
            prepare_release(config, store, release)
            marked = forget(store, config).learned
            promote(config.releases, release)
            store.promoted(release, "trained")
        finally:
            store.close()
        for name in marked:
            click.echo(f"{name} learned from messages erased meanwhile; train again.", err=True)
        return
    promote(config.releases, release)


def _champion(config: Config) -> Path | None:
    """The champion's folder, if the desk has one."""
    with _plain_errors():
        name = champion(config.releases)
    return config.releases / name if name else None


def _look(config: Config, release: str | None, rows: Sequence[Row]) -> list[Finding]:
    """What it takes an encoder to find: that of a release, else the one that trainings start from.

    Raises ``Conflict`` when what it needs is not installed.
    """
    if find_spec("cleanlab") is None:
        raise Conflict(
            "cleanlab is not installed: run `pip install 'frontdesk[lint]'`, or ask for --quick."
        )
    path = _find_release(config, release) if release else None
    from finetune.encoders import find_encoder
    from finetune.lint_model import find_with_model
    from index.network import choose_device
    from index.release import ENCODER

    with _plain_errors(), ProgressBar() as bar:
        encoder = path / ENCODER if path else find_encoder(config.encoder)
        return find_with_model(rows, encoder, choose_device(config.device), bar)


def _warn(config: Config, data: Sequence[Path], rows: Sequence[Row]) -> None:
    """Say in short, on stderr, what rules find in the rows, and how to see it."""
    found = [finding for finding in find_by_rules(rows) if finding.rule.severity != "note"]
    if found:
        named = [word for path in data for word in ("--data", str(path))]
        home = [] if data else ["--home", str(config.home)]
        command = shlex.join(["frontdesk", *home, "lint", *named])
        click.echo(f"Lint: {summarise(found)}. See all: {command}", err=True)


def _find_release(config: Config, name: str | None) -> Path:
    """A folder, an id in the home's releases, or without a name the champion."""
    if name is None:
        name = champion(config.releases)
        if name is None:
            raise NotFound(
                "The desk has no champion yet: run `frontdesk train`, or give --release."
            )
    for path in (config.releases / name, Path(name)):
        if path.is_dir():
            return path
    raise NotFound(f"There is no release {name!r}, neither in {config.releases} nor as a folder.")


def _config(ctx: click.Context) -> Config:
    config = ctx.find_object(Config)
    if config is None:
        raise ConfigError("The command was called without its group.")
    return config


@contextmanager
def _plain_errors() -> Iterator[None]:
    """Errors of the index as errors that the command line explains."""
    try:
        yield
    except ReleaseError as error:
        raise Conflict(str(error)) from None


def _print(as_json: bool, value: Mapping[str, Any], text: str) -> None:
    click.echo(json.dumps(value) if as_json else text)
