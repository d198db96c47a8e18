"""``review`` puts together what people should decide next, for the console's review queue."""

import os
from collections import Counter
from typing import Any

import click

from service.cli import config_of, emit
from service.commands.home import open_desk
from service.commands.talking import engine_with
from service.records.proposals import Proposal
from service.times import since as time_of

MOST_MESSAGES = 10_000
NICENESS = 10  # beside a server that answers customers


@click.command()
@click.option(
    "--days",
    type=click.IntRange(1, 365),
    default=14,
    show_default=True,
    help="How far back messages count.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=MOST_MESSAGES,
    show_default=True,
    help="Only the newest messages.",
)
@click.option("--json", "as_json", is_flag=True, help="Report as one JSON object.")
@click.pass_context
def review(ctx: click.Context, days: int, limit: int, as_json: bool) -> None:
    """Put together what people should label, and what intents and answers are missing.

    Reads the messages of the last days with the champion. The open proposals of the console's
    review queue are replaced; what was decided stays decided.
    """
    from service.review import propose

    config = config_of(ctx)
    os.nice(NICENESS)
    store = open_desk(config)
    try:
        messages = store.decided_messages(time_of(f"{days}d"), limit)
        content = store.content()
        engine = engine_with(config, None, content)
        found = propose(messages, content, engine, store.proposals(state="dismissed"))
        kept = store.replace_proposals("review", found)
    finally:
        store.close()
    value = {"release": engine.release, "messages": len(messages), **_counts(kept)}
    emit(as_json, value, _words(value))


def _counts(proposals: list[Proposal]) -> dict[str, Any]:
    kinds = Counter(proposal.kind for proposal in proposals)
    covered = sum(proposal.count for proposal in proposals)
    return {"covered": covered, **{kind: kinds[kind] for kind in ("label", "intent", "answer")}}


def _words(value: dict[str, Any]) -> str:
    return (
        f"{value['release']} read {value['messages']:,} messages. To decide: {value['label']} "
        f"groups to label, {value['intent']} new intents, {value['answer']} missing answers; they "
        f"stand for {value['covered']:,} messages."
    )
