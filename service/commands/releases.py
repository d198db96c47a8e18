"""Releases of this desk: list, show, compare, promote, roll back."""

from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from index.champion import champion, list_releases, promote, rollback
from index.errors import ReleaseError
from index.release import REPORT, load_release
from index.seen import read_marks
from service.cli import config_of, emit
from service.commands.replaying import diff
from service.commands.trials import canary, shadow, trial
from service.config import Config
from service.errors import Conflict, NotFound
from service.store import open_store


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Report as one JSON object.")
@click.pass_context
def releases(ctx: click.Context, as_json: bool) -> None:
    """Releases of this desk; without a subcommand, list them."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_all, as_json=as_json)
    elif as_json:
        raise click.UsageError(f"Give --json after {ctx.invoked_subcommand}.")


for command in (diff, shadow, canary, trial):
    releases.add_command(command)


@releases.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Report as one JSON object.")
@click.pass_context
def list_all(ctx: click.Context, as_json: bool) -> None:
    """List the releases, newest first."""
    folder = config_of(ctx).releases
    current = champion(folder)
    found = list_releases(folder)
    marks = read_marks(folder)
    rows = [
        {
            "id": m.id,
            "created_at": m.created_at,
            "encoder": m.encoder,
            "champion": m.id == current,
            "erased": marks[m.id].to_json() if m.id in marks else None,
        }
        for m in found
    ]
    lines = [
        f"{m.id}  {m.created_at}{'  champion' if m.id == current else ''}{_remark(folder, m.id)}"
        for m in found
    ]
    text = "\n".join(lines) or "There are no releases yet: run `frontdesk train`."
    emit(as_json, {"releases": rows, "champion": current}, text)


@releases.command()
@click.argument("release")
@click.option("--json", "as_json", is_flag=True, help="Report as one JSON object.")
@click.pass_context
def show(ctx: click.Context, release: str, as_json: bool) -> None:
    """Show one release: manifest, labels, thresholds, metrics, report."""
    folder = config_of(ctx).releases / release
    if not folder.is_dir():
        raise NotFound(f"There is no release {release!r}.")
    try:
        found = load_release(folder)
    except ReleaseError as error:
        raise Conflict(str(error)) from None
    report = str(folder / REPORT) if (folder / REPORT).is_file() else None
    value: dict[str, Any] = {
        "manifest": asdict(found.manifest),
        "labels": asdict(found.labels),
        "thresholds": asdict(found.calibration.thresholds),
        "metrics": dict(found.metrics),
        "report": report,
    }
    lines = [f"{name}: {text}" for name, text in value["manifest"].items() if name != "files"]
    lines += [f"{name}: {number:.4f}" for name, number in value["thresholds"].items()]
    lines += [f"report: {report}"] if report else []
    mark = read_marks(folder.parent).get(release)
    value["erased"] = mark.to_json() if mark else None
    lines += [f"erased: {mark.describe()}"] if mark else []
    emit(as_json, value, "\n".join(lines))


@releases.command(name="promote")
@click.argument("release")
@click.option("--json", "as_json", is_flag=True, help="Report as one JSON object.")
@click.pass_context
def promote_release(ctx: click.Context, release: str, as_json: bool) -> None:
    """Make a release the champion."""
    folder = config_of(ctx).releases
    if not (folder / release).is_dir():
        raise NotFound(f"There is no release {release!r}.")
    try:
        promote(folder, release)
    except ReleaseError as error:
        raise Conflict(str(error)) from None
    _tell(config_of(ctx), release)
    emit(as_json, {"champion": release}, f"{release} is the champion.{_remark(folder, release)}")


@releases.command(name="rollback")
@click.option("--json", "as_json", is_flag=True, help="Report as one JSON object.")
@click.pass_context
def roll_back(ctx: click.Context, as_json: bool) -> None:
    """Make the previous champion the champion again."""
    folder = config_of(ctx).releases
    try:
        restored = rollback(folder)
    except ReleaseError as error:
        raise Conflict(str(error)) from None
    _tell(config_of(ctx), restored, rollback=True)
    text = f"{restored} is the champion again.{_remark(folder, restored)}"
    emit(as_json, {"champion": restored}, text)


def _tell(config: Config, release: str, *, rollback: bool = False) -> None:
    """Tell the audit log and webhooks, where there is a desk."""
    if config.database.exists():
        with closing(open_store(config)) as store:
            store.promoted(release, rollback=rollback)


def _remark(releases: Path, release: str) -> str:
    """That the release learned from what was erased, if it did."""
    mark = read_marks(releases).get(release)
    return f"  ({mark.describe()})" if mark else ""
