"""``replay`` runs past conversations through a release; ``releases diff`` through two.

What they print holds customers' words. Neither changes anything in the desk.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import orjson

from index.champion import champion, list_releases
from service.cli import CONTROL, config_of, emit
from service.commands.home import open_desk
from service.commands.talking import engine_with, open_engine
from service.comparison import Comparison
from service.comparison_page import as_page, as_text
from service.config import Config
from service.diffs import keep, opposite
from service.errors import ContentError, InvalidInput, NotFound
from service.files import write_whole
from service.records.content import Content
from service.records.past import PastConversation, Said
from service.replay import conversations_of, replay, replayed_json
from service.times import since as time_of

MOST_MESSAGES = 10_000
NICENESS = 10  # beside a server that answers customers


def _time(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """A time, or a span before now."""
    try:
        return None if value is None else time_of(value)
    except InvalidInput as error:
        raise click.BadParameter(error.message, ctx, param) from None


@click.command(name="replay")
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--since",
    metavar="TIME",
    callback=_time,
    help="Conversations of the desk since 7d, 12h or a time.",
)
@click.option("--release", help="Id of a release or its folder; the champion by default.")
@click.option("--json", "as_json", is_flag=True, help="Only the summary, as one JSON object.")
@click.pass_context
def replay_conversations(
    ctx: click.Context, file: Path | None, since: str | None, release: str | None, as_json: bool
) -> None:
    """Run past conversations through a release: what would it say now?

    Writes one JSON object a line for each message, as `read` does, with the reply; then, on
    stderr, a summary. Conversations of the desk are compared with what it said then. FILE is JSON
    lines, a conversation each: {"conversation", "messages": [{"text", "choice", "at",
    "with_person"}]}, or one message: {"text"}.
    """
    if (file is None) == (since is None):
        raise click.UsageError("Give either FILE or --since.")
    config = config_of(ctx)
    engine = open_engine(config, release)
    comparison = Comparison()
    for replayed in replay(_conversations(config, file, since, ctx), engine):
        message, now = replayed.message, replayed.said
        change = comparison.add(replayed.conversation_id, message, message.said or now, now)
        if not as_json:
            line = {**replayed_json(replayed), **({"change": change} if message.said else {})}
            sys.stdout.buffer.write(orjson.dumps(line) + b"\n")
    sys.stdout.buffer.flush()
    report = comparison.report()
    value = {"release": engine.release, "messages": report["messages"], **report["after"]}
    if since:
        value |= {"since": since, "changes": report}
    if as_json:
        emit(True, value, "")
    else:
        counts = ", ".join(f"{action} {count:,}" for action, count in value["actions"].items())
        changes = f"\n\nThen → now:\n{as_text(report)}" if since else ""
        text = f"{engine.release}, {value['messages']:,} messages: {counts}{changes}"
        click.echo(CONTROL.sub("�", text), err=True)


@click.command()
@click.argument("before", required=False)
@click.argument("after", required=False)
@click.option(
    "--since",
    metavar="TIME",
    callback=_time,
    default="7d",
    help="7d (the default), 12h, 2w or a time.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=MOST_MESSAGES,
    show_default=True,
    help="Only the newest messages.",
)
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Write a page here.")
@click.option("--keep", "keeps", is_flag=True, help="Keep it for the console; customers go first.")
@click.option("--json", "as_json", is_flag=True, help="Report as one JSON object.")
@click.pass_context
def diff(
    ctx: click.Context,
    before: str | None,
    after: str | None,
    since: str,
    limit: int,
    html: Path | None,
    keeps: bool,
    as_json: bool,
) -> None:
    """Show which replies to real messages would change from one release to another.

    BEFORE is the champion by default, AFTER the newest release; where that one is the champion,
    BEFORE is the champion before it. Both read the same conversations with today's content. What
    is told holds customers' words.
    """
    config = config_of(ctx)
    if keeps and before is None and len(list_releases(config.releases)) < 2:
        emit(as_json, {"compared": False}, "There are no two releases to compare yet.")
        return
    before, after = _two_releases(config, before, after)
    if keeps:
        os.nice(NICENESS)
    content, past = _desk(config, since, limit)
    before, said_before = _run(config, before, content, past)
    after, said_after = _run(config, after, content, past)
    value = {
        "before_release": before,
        "after_release": after,
        "since": since,
        "at": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        **_compare(past, said_before, said_after),
    }
    if html:
        try:
            write_whole(html, as_page(value), private=True)
        except OSError as error:
            raise ContentError(f"{html} cannot be written: {error.strerror}.") from None
    if keeps:
        keep(config, after, value)
    emit(as_json, value, f"{before} → {after}, since {since}\n{as_text(value)}")


def _conversations(
    config: Config, file: Path | None, since: str | None, ctx: click.Context
) -> Iterator[PastConversation]:
    if file is not None:
        return conversations_of(file)
    store = open_desk(config)
    ctx.call_on_close(store.close)
    return store.past_conversations(since or "")


def _two_releases(config: Config, before: str | None, after: str | None) -> tuple[str, str]:
    known = [manifest.id for manifest in list_releases(config.releases)]
    if before is None and known:  # the newest is a challenger, or what a night has promoted
        beside = opposite(config, known[0])
        before, after = (beside, known[0]) if beside in known else (champion(config.releases), None)
    if before is None:
        raise NotFound("There is no champion yet: run `frontdesk train`.")
    after = after or next((one for one in known if one != before), None)
    if after is None:
        raise NotFound(f"There is no release but {before}.")
    if before == after:
        raise click.UsageError("Give two different releases.")
    return before, after


def _desk(config: Config, since: str, limit: int) -> tuple[Content, list[PastConversation]]:
    store = open_desk(config)
    try:
        return store.content(), list(store.past_conversations(since, limit))
    finally:
        store.close()


def _run(
    config: Config, release: str, content: Content, past: Sequence[PastConversation]
) -> tuple[str, list[Said]]:
    """The release's id and what it says to every message that counts. Its model is gone then."""
    engine = engine_with(config, release, content)
    return engine.release, [replayed.said for replayed in replay(past, engine)]


def _compare(
    past: Sequence[PastConversation], before: Sequence[Said], after: Sequence[Said]
) -> dict[str, Any]:
    comparison = Comparison()
    counted = [(one.id, message) for one in past for message in one.messages if message.counts]
    for (conversation_id, message), *said in zip(counted, before, after, strict=True):
        comparison.add(conversation_id, message, *said)
    return comparison.report()
