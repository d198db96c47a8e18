"""``import FORMAT PATH --history``: past conversations into the review queue.

Reading, pairing and masking are the service's; an encoder groups them, in the room of training.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import click

from service.cli import config_of, emit, load_named
from service.commands.home import open_desk
from service.config import Config
from service.errors import ContentError
from service.history.gathering import Gathered, gather
from service.history.proposing import make_proposals
from service.history.threads import read_threads
from service.records.proposals import Group, Proposal

SHOWN = 20
GROUPING = "finetune.history:group_pairs"
Grouping = Callable[[Config, Sequence[str], Sequence[str]], list[Group]]


def import_history(
    ctx: click.Context,
    format: str,  # noqa: A002
    path: Path,
    columns: Mapping[str, str],
    *,
    sample: int,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Read, pair, mask, group, and put the proposals in the place of the open ones of before."""
    config = config_of(ctx)
    store = open_desk(config)
    ctx.call_on_close(store.close)
    content = store.content()
    gathered = gather(read_threads(format, path, columns), content.settings, sample)
    if not gathered.pairs:
        raise ContentError(
            f"{path}: in {gathered.seen} conversations there is no question that a person answered."
        )
    group = cast(Grouping, load_named(GROUPING))
    questions = [pair.question for pair in gathered.pairs]
    groups = group(config, questions, [pair.answer for pair in gathered.pairs])
    decided = [
        text.text
        for state in ("accepted", "dismissed")
        for proposal in store.proposals(state=state, kind="intent")
        for text in proposal.texts
        if proposal.source == "history"
    ]
    proposals = make_proposals(gathered, groups, content, decided)
    if proposals and not dry_run:
        proposals = store.replace_proposals("history", proposals)
    emit(as_json, _report(gathered, proposals, dry_run), _text(gathered, proposals, dry_run))


def _report(gathered: Gathered, proposals: Sequence[Proposal], dry_run: bool) -> dict[str, Any]:
    return {
        "conversations": gathered.seen,
        "looked_at": gathered.drawn,
        "without_question": gathered.unasked,
        "without_answer": gathered.unanswered,
        "pairs": len(gathered.pairs),
        "masked": gathered.masked,
        "dry_run": dry_run,
        "covered": round(sum(p.share for p in proposals), 4),
        "covered_by_20": round(sum(p.share for p in proposals[:SHOWN]), 4),
        "proposals": [
            {
                "id": proposal.id,
                "name": proposal.name,
                "title": proposal.title,
                "count": proposal.count,
                "share": round(proposal.share, 4),
                "answer": proposal.answer,
                "questions": [text.text for text in proposal.texts[:3]],
            }
            for proposal in proposals
        ],
    }


def _text(gathered: Gathered, proposals: Sequence[Proposal], dry_run: bool) -> str:
    drawn = "" if gathered.drawn == gathered.seen else f", {gathered.drawn} drawn by chance"
    lines = [
        f"{gathered.seen} conversations{drawn}: {len(gathered.pairs)} questions that a person "
        f"answered, in {gathered.masked} of which somebody was masked; {gathered.unanswered} "
        f"without an answer, {gathered.unasked} without a question.",
        f"{len(proposals)} proposals{' (not kept)' if dry_run else ''}; the first {SHOWN} would "
        f"cover {sum(p.share for p in proposals[:SHOWN]):.0%} of what was asked, all of them "
        f"{sum(p.share for p in proposals):.0%}.",
        "",
        *(f"{p.share:6.1%}  {p.name}: {p.texts[0].text[:60]}" for p in proposals[:SHOWN]),
    ]
    if not proposals:
        return f"{lines[0]}\nToo few of them are alike, or decided by now: nothing is proposed."
    if not dry_run:
        lines += ["", "Accept or dismiss them in the console, under Review; then: frontdesk train."]
    return "\n".join(lines)
