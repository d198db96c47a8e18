"""``releases shadow`` and ``releases canary`` put a release on trial; ``releases trial`` tells."""

from collections.abc import Callable
from contextlib import closing
from typing import Any, TypeVar

import click

from index.errors import ReleaseError
from index.trial import Mode, end_trial
from service.cli import config_of, emit
from service.commands.home import open_desk
from service.comparison import KINDS
from service.errors import Conflict, NotFound
from service.trials import STOPPED, put_on_trial, trial_json

C = TypeVar("C", bound=Callable[..., Any])
SHOWN = 10
JSON = click.option("--json", "as_json", is_flag=True, help="Report as one JSON object.")


def _share(default: float, most: float) -> Callable[[C], C]:
    return click.option(
        "--share",
        type=click.FloatRange(0, most, min_open=True),
        default=default,
        show_default=True,
        help="Of the conversations.",
    )


@click.command()
@click.argument("release")
@_share(0.2, 1)
@JSON
@click.pass_context
def shadow(ctx: click.Context, release: str, share: float, as_json: bool) -> None:
    """Let a release read a share of the conversations without answering.

    The running server loads it beside the champion; `releases trial` tells where the two disagree.
    """
    _begin(ctx, release, "shadow", share, as_json)


@click.command()
@click.argument("release")
@_share(0.05, 0.5)
@JSON
@click.pass_context
def canary(ctx: click.Context, release: str, share: float, as_json: bool) -> None:
    """Let a release answer a share of the new conversations.

    It is stopped when it hands over, or is rated unhelpful, significantly more often.
    """
    _begin(ctx, release, "canary", share, as_json)


@click.command()
@click.option("--stop", is_flag=True, help="End it: the champion answers, and nobody else reads.")
@JSON
@click.pass_context
def trial(ctx: click.Context, stop: bool, as_json: bool) -> None:
    """Show the trial, its figures and the newest disagreements, which hold customers' words."""
    config = config_of(ctx)
    store = open_desk(config)
    try:
        if stop:
            ended = end_trial(config.releases, STOPPED)
            if ended is None:
                raise NotFound("There is no trial.")
            store.note("trial.stop", ended.release)
        value = trial_json(store, config.releases)
    except ReleaseError as error:
        raise Conflict(str(error)) from None
    finally:
        store.close()
    emit(as_json, value, "\n".join(_lines(value)))


def _begin(ctx: click.Context, release: str, mode: Mode, share: float, as_json: bool) -> None:
    try:
        begun = put_on_trial(config_of(ctx).releases, release, mode, share)
    except ReleaseError as error:
        raise Conflict(str(error)) from None
    if config_of(ctx).database.exists():
        with closing(open_desk(config_of(ctx))) as store:
            store.note("trial.begin", release, f"{mode}, share {share}")
    does = "reads" if mode == "shadow" else "answers"
    text = f"{release} {does} {share:.1%} of the conversations beside {begun.champion}."
    emit(as_json, {"trial": begun.to_json()}, text)


def _lines(value: dict[str, Any]) -> list[str]:
    trial = value["trial"]
    if trial is None:
        return ["There was no trial yet."]
    state = "runs" if value["running"] else f"ended: {trial['reason']}"
    lines = [
        f"{trial['mode']} {trial['release']} beside {trial['champion']}, "
        f"share {trial['share']:.1%}, since {trial['started_at']}: {state}"
    ]
    if "shadow" in value:
        lines += _shadow_lines(value["shadow"])
        lines += [_disagreement_line(one) for one in value["disagreements"][:SHOWN]]
    else:
        canary = value["canary"]
        for side in ("challenger", "champion"):
            lines += _arm_lines(trial[side if side == "champion" else "release"], canary[side])
        if value["running"]:
            lines.append(f"The next look is due at {canary['next_look']:,} of its conversations.")
    return lines


def _shadow_lines(shadow: dict[str, Any]) -> list[str]:
    read = f"{shadow['compared']:,} messages read"
    left = f"{shadow['dropped']:,} dropped, {shadow['failed']:,} failed"
    kinds = [(count, KINDS[kind]) for kind, count in shadow["kinds"].items() if count]
    return [
        f"{read} ({left}); another reply: {_percent(shadow['changed'])}",
        *(f"  {count:>6,}  {words}" for count, words in kinds),
    ]


def _arm_lines(release: str, arm: dict[str, Any]) -> list[str]:
    stood_in = f", {arm['stood_in']:,} by another release" if arm["stood_in"] else ""
    return [
        f"{release}: {arm['conversations']:,} conversations, {arm['turns']:,} turns{stood_in}",
        f"  handed over      {_percent(arm['handed_over'])}",
        f"  turns answered   {_percent(arm['answered'])}",
        f"  rated unhelpful  {_percent(arm['unhelpful'])}",
    ]


def _percent(share: dict[str, Any]) -> str:
    if share["share"] is None:
        return "–"
    between = f"{share['low']:.1%} to {share['high']:.1%}"
    return f"{share['share']:.1%} ({between}; {share['count']:,} of {share['of']:,})"


def _disagreement_line(one: dict[str, Any]) -> str:
    sides = [f"{s['action']} {s['intent'] or '–'}" for s in (one["champion"], one["challenger"])]
    return f"  {one['at']}  {' → '.join(sides)}: {' '.join(one['text'].split())[:100]}"
