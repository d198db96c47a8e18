"""The command `frontdesk retrain`: one night, told in words or JSON.

Thin: it reads arguments, calls `finetune.night`, and prints.
"""

import json
import os
from dataclasses import asdict
from pathlib import Path

import click

from finetune.cli import FILE, ProgressBar
from finetune.recipe import Recipe, read_recipe
from service.cli import config_of
from service.commands.home import open_desk

CHAMPION_STAYS = 3


@click.command()
@click.option("--recipe", "recipe_file", type=FILE, help="Hyperparameters, YAML or JSON.")
@click.option("--minutes", type=click.FloatRange(0), default=0.0, help="Time limit; 0 is none.")
@click.option("--memory", type=click.FloatRange(0), default=0.0, help="GiB limit; 0 is none.")
@click.option(
    "--trust-all", is_flag=True, help="Learn from operators who contradict all others, too."
)
@click.option("--json", "as_json", is_flag=True, help="Report as one JSON object.")
@click.pass_context
def retrain(
    ctx: click.Context,
    recipe_file: Path | None,
    minutes: float,
    memory: float,
    trust_all: bool,
    as_json: bool,
) -> None:
    """Learn from what was corrected: freeze, train, judge, promote or keep.

    The nightly job. A night that was cut off goes on where it was. The exit code is 3 when the
    champion stays because the new release is not proven better, 1 when the night failed.
    """
    config = config_of(ctx)
    recipe = read_recipe(recipe_file) if recipe_file else Recipe(encoder=config.encoder)
    os.environ.setdefault("GOMP_SPINCOUNT", "20000")  # see finetune.cli.train
    from finetune.night import Limits, run_night

    store = open_desk(config)
    try:
        with ProgressBar() as bar:
            night, verdict = run_night(
                config,
                store,
                recipe,
                Limits(minutes, memory),
                bar,
                lambda text: click.echo(text, err=True),
                trusting=trust_all,
            )
    finally:
        store.close()
    if as_json:
        click.echo(json.dumps({"night": asdict(night), "verdict": verdict and verdict.to_json()}))
    else:
        for check in verdict.checks if verdict else []:
            click.echo(f"{'yes' if check.passed else 'NO '}  {check.name:12} {check.told}")
        stays = f"{night.champion} stays the champion" if night.champion else "There is no champion"
        who = f"{night.release} is the champion" if night.stage == "promoted" else stays
        click.echo(f"{who}. {night.reason}")
    ctx.exit(0 if night.stage == "promoted" else CHAMPION_STAYS)
