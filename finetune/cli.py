"""The commands `frontdesk train` and `frontdesk evaluate`.

Thin: they read arguments, call `finetune.run`, and print. torch is imported when they run, so that
`frontdesk --help` stays quick.
"""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from tqdm import tqdm

from finetune.recipe import Recipe, read_recipe
from finetune.report import describe, describe_cleaning, headline
from finetune.rows import Row, from_content, read_rows
from index.champion import champion, promote
from index.errors import ReleaseError
from index.release import REPORT
from service.config import Config
from service.errors import ConfigError, Conflict, ContentError, NotFound
from service.store import open_store

FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.option("--data", type=FILE, multiple=True, help="Labelled rows, JSONL or CSV; repeatable.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder for the release.")
@click.option("--recipe", "recipe_file", type=FILE, help="Hyperparameters, YAML or JSON.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), help="Seed, instead of the recipe's.")
@click.option("--json", "as_json", is_flag=True, help="Report as one JSON object.")
@click.pass_context
def train(
    ctx: click.Context,
    data: tuple[Path, ...],
    out: Path | None,
    recipe_file: Path | None,
    seed: int | None,
    as_json: bool,
) -> None:
    """Train a release on labelled rows.

    Without --data on the desk's content and corrections; without --out the release goes into the
    desk's home and becomes its champion.
    """
    config = _config(ctx)
    recipe = read_recipe(recipe_file) if recipe_file else Recipe(encoder=config.encoder)
    if seed is not None:
        recipe = replace(recipe, seed=seed)
    # Threads that wait for each other spin shortly and then sleep: beside a running server, those
    # that only spin take several times as long.
    os.environ.setdefault("GOMP_SPINCOUNT", "20000")
    rows, promise = _rows_of_desk(config) if not data else (read_rows(data), None)
    from finetune.run import PROMISE, train_release

    with _plain_errors(), ProgressBar() as bar:
        trained = train_release(
            rows,
            recipe,
            out=out,
            releases=None if out else config.releases,
            against=None if out else _champion(config),
            promise=promise or PROMISE,
            device=config.device,
            progress=bar,
        )
        if out is None:
            promote(config.releases, trained.manifest.id)
    report = trained.path / REPORT
    is_champion = out is None
    found = {"release": trained.manifest.id, "path": str(trained.path), "champion": is_champion}
    found["report"] = str(report)
    lines = [
        describe_cleaning(trained.metrics["cleaning"]),
        describe(trained.metrics),
        "",
        f"{trained.manifest.id} is {'the champion' if is_champion else f'in {trained.path}'}: "
        + headline(trained.metrics),
        f"Report: {report}",
    ]
    _print(as_json, {**found, "metrics": trained.metrics}, "\n".join(lines))


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


def _rows_of_desk(config: Config) -> tuple[list[Row], float]:
    """The desk's examples, corrections among them, and the precision that it promises."""
    store = open_store(config)
    try:
        content = store.content()
    finally:
        store.close()
    if not content.examples:
        raise ContentError("The desk has no examples to train on: run `frontdesk init`, or import.")
    return from_content(content), content.settings.promise


def _champion(config: Config) -> Path | None:
    """The champion's folder, if the desk has one."""
    with _plain_errors():
        name = champion(config.releases)
    return config.releases / name if name else None


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
