"""``frontdesk deliver``: sends what waits for webhooks until it is told to stop."""

import fcntl
import os
import signal
import threading

import click

from service.audit import DESK, act_as
from service.cli import config_of
from service.commands.home import open_desk
from service.swap import lock

NICENESS = 10
WAIT_SECONDS = 1.0


@click.command()
@click.option("--parent", type=int, hidden=True, help="End when this is no longer the parent.")
@click.pass_context
def deliver(ctx: click.Context, parent: int | None) -> None:
    """Deliver webhooks until told to stop.

    The server does this by itself, in a process of its own; of several only one delivers, and the
    others wait for its end. See docs/webhooks.md.
    """
    from service.courier import Courier
    from service.logs import start_logging

    config = config_of(ctx)
    start_logging(config.log_level)
    act_as(DESK)  # it is not a person who switches a dead webhook off
    os.nice(NICENESS)
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())

    def wanted() -> bool:
        return not stopped.is_set() and parent in (None, os.getppid())

    store = open_desk(config)
    ctx.call_on_close(store.close)
    held = os.open(config.home / "deliver.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    ctx.call_on_close(lambda: os.close(held))
    while wanted() and not lock(held, fcntl.LOCK_EX):
        stopped.wait(WAIT_SECONDS)
    Courier(store, config.networks).run(wanted)
