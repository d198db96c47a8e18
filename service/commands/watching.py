"""``frontdesk watch``: one look at surges and drift, and the webhook."""

import fcntl
import os
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import click

from service.cli import config_of, emit
from service.commands.home import open_desk
from service.swap import lock

NICENESS = 15


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Report as one JSON object.")
@click.pass_context
def watch(ctx: click.Context, as_json: bool) -> None:
    """Look once for surges of negative messages and for drift.

    Begins and ends alarms, writes them to the log and tells the webhook. The server does this by
    itself every FRONTDESK_WATCH_MINUTES; two never look at once. See docs/alarms.md.
    """
    from service.alarm_hook import deliver
    from service.logs import start_logging
    from service.watch import Watch

    config = config_of(ctx)
    start_logging(config.log_level)
    os.nice(NICENESS)
    store = open_desk(config)
    ctx.call_on_close(store.close)
    held = os.open(config.home / "watch.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    ctx.call_on_close(lambda: os.close(held))
    if not lock(held, fcntl.LOCK_EX):
        emit(as_json, {"busy": True}, "Somebody else is looking.")
        return
    now = datetime.now(UTC)
    looking = Watch(config, store)
    outcome = looking.look(now)
    told = deliver(config, store, now)
    active = [alarm for alarm in store.alarms() if alarm.ended_at is None]
    report: dict[str, Any] = {
        "busy": False,
        "at": outcome.at,
        "begun": [alarm.id for alarm in outcome.begun],
        "ended": [alarm.id for alarm in outcome.ended],
        "told": told,
        "alarms": [asdict(alarm) for alarm in active],
        "subjects": outcome.subjects,
        "figures": looking.memory.figures,
        "held_out": {"sure": looking.held_out()},
    }
    lines = [f"{alarm.began_at}  {alarm.words}" for alarm in active] or ["No alarm."]
    emit(as_json, report, "\n".join(lines))
