"""``serve`` starts the server; ``run`` first makes whatever is missing for it."""

import subprocess
import sys
from collections.abc import Callable

import click

from index.champion import champion
from service.cli import config_of
from service.commands.home import has_desk, make_home
from service.commands.operators import add_operator
from service.config import Config
from service.errors import DeskError
from service.store import open_store
from service.swap import sharing

FIRST_OPERATOR = "admin@desk.example"


@click.command()
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on.")
@click.option("--workers", type=click.IntRange(1, 64), help="Web processes.")
@click.pass_context
def serve(ctx: click.Context, host: str | None, port: int | None, workers: int | None) -> None:
    """Start the server."""
    start_server(with_options(config_of(ctx), host, port, workers))


@click.command()
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on.")
@click.option("--workers", type=click.IntRange(1, 64), help="Web processes.")
@click.pass_context
def run(ctx: click.Context, host: str | None, port: int | None, workers: int | None) -> None:
    """Make what is missing (desk, release, first operator), then serve."""
    config = with_options(config_of(ctx), host, port, workers)
    from service.server import check_address

    check_address(config.host, config.port)
    if not has_desk(config):
        click.echo(f"Making a desk with the starter content in {config.home} …", err=True)
        make_home(config)
    if champion(config.releases) is None:
        click.echo("Training its first release; this takes a minute or two.", err=True)
        _train(config)
    # Made and shown before the server forks: a worker must not open the store a second time, and a
    # password that nobody saw helps nobody.
    _greet(config, _first_operator(config))
    click.echo("Starting …", err=True)
    start_server(config, on_ready=_tell_ready)


def with_options(config: Config, host: str | None, port: int | None, workers: int | None) -> Config:
    """The configuration with the options that were given."""
    given = {"host": host, "port": port, "workers": workers}
    return config.model_copy(update={k: v for k, v in given.items() if v is not None})


def start_server(config: Config, on_ready: Callable[[str], None] | None = None) -> None:
    """Serve a desk; ``DeskError`` when there is none in the home."""
    from service.server import serve as serve_forever

    if not has_desk(config):
        raise DeskError(f"There is no desk in {config.home}. Make one: frontdesk init.")
    with sharing(config.home):  # again, for `run` may have made it
        serve_forever(config, on_ready)


def _train(config: Config) -> None:
    """Train in a process of its own, so that the server starts without the trainer's memory."""
    command = [sys.executable, "-m", "service", "--home", str(config.home), "train"]
    done = subprocess.run(command, check=False, stdout=sys.stderr)  # noqa: S603 - our own command
    if done.returncode:
        raise DeskError("The training failed; see above.")


def _first_operator(config: Config) -> tuple[str, str] | None:
    store = open_store(config)
    try:
        if store.operators():
            return None
        made, password = add_operator(store, FIRST_OPERATOR, "admin", "Admin")
        return made.email, password
    finally:
        store.close()


def _greet(config: Config, credentials: tuple[str, str] | None) -> None:
    from service.server import address_of

    shown = "localhost" if config.host in ("127.0.0.1", "0.0.0.0", "::") else config.host  # noqa: S104
    address = config.public_url or f"http://{address_of(shown, config.port)}"
    click.echo(f"\n  Demo page with the widget   {address}/")
    click.echo(f"  Operators' console          {address}/console")
    if credentials:
        click.echo(f"  First operator              {credentials[0]}")
        click.echo(f"  Password (shown only now)   {credentials[1]}")
    click.echo("")
    sys.stdout.flush()


def _tell_ready(release: str) -> None:
    click.echo(f"Ready: the desk reads with release {release}.")
    sys.stdout.flush()
