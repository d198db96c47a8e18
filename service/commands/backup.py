"""The whole desk as one file: ``backup PATH`` while it runs, ``restore PATH`` while it does not."""

from pathlib import Path
from typing import Any

import click

from service.backup import back_up
from service.backup_manifest import Manifest
from service.cli import config_of, emit
from service.commands.home import open_desk
from service.restore import restore as restore_desk


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--all-releases", is_flag=True, help="Not only the champion and the one before it.")
@click.option("--overwrite", is_flag=True, help="Replace the file if there is one.")
@click.option("--json", "as_json", is_flag=True, help="Report as one JSON object.")
@click.pass_context
def backup(
    ctx: click.Context, path: Path, all_releases: bool, overwrite: bool, as_json: bool
) -> None:
    """Write the whole desk to one file, also while it is served.

    PATH is a file, or a folder, where it gets a name with the time. It holds what customers wrote,
    the site secret and the hashes of passwords: only its owner can read it.
    """
    config = config_of(ctx)
    store = open_desk(config)
    ctx.call_on_close(store.close)
    file, manifest = back_up(config, store, path, all_releases=all_releases, overwrite=overwrite)
    size = file.stat().st_size
    text = f"{file}, {size / 1e6:.1f} MB: {_words(manifest)}."
    emit(as_json, {"path": str(file), "bytes": size, **_told(manifest)}, text)
    if manifest.missing:  # said where cron and the journal look, also with --json
        names = ", ".join(manifest.missing)
        click.echo(f"Lost from {config.files}, so not in the backup: {names}", err=True)


@click.command()
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--replace", is_flag=True, help="Also if there is a desk, which is kept aside.")
@click.option("--json", "as_json", is_flag=True, help="Report as one JSON object.")
@click.pass_context
def restore(ctx: click.Context, path: Path, replace: bool, as_json: bool) -> None:
    """Put the desk of a backup into the home; no server may be running on it.

    Everything is checked first; a file that is damaged changes nothing.
    """
    config = config_of(ctx)
    done = restore_desk(config, path, replace=replace)
    aside = str(done.kept_aside) if done.kept_aside else None
    lines = [f"The desk in {config.home} is the one of {done.manifest.created_at}:"]
    lines += [f"{_words(done.manifest)}."]
    lines += [f"The one before is kept in {aside}."] if aside else []
    off = done.webhooks_off
    switch_on = "switch on what shall hear of this desk under Settings, Webhooks."
    lines += [f"{_off(off)}; {switch_on}"] if off else []
    report = {"home": str(config.home), "kept_aside": aside, "webhooks_off": off}
    report |= _told(done.manifest)
    emit(as_json, report, "\n".join(lines))


def _told(manifest: Manifest) -> dict[str, Any]:
    return manifest.model_dump(exclude={"members"})


def _off(count: int) -> str:
    return "1 webhook is off" if count == 1 else f"{count} webhooks are off"


def _words(manifest: Manifest) -> str:
    releases = ", ".join(manifest.releases) or "no release"
    return (
        f"{manifest.conversations} conversations, {manifest.messages} messages,"
        f" {manifest.tickets} tickets, {releases}"
    )
