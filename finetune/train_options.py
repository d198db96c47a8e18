"""What `frontdesk train` can do around a training: folds, search, learning curve, logging.

Called by `finetune.cli` with the options that it declares. Optuna, TensorBoard and MLflow are
optional and imported only when they are asked for.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TypeVar

import click
from tqdm import tqdm

from finetune.recipe import Recipe
from finetune.rows import Row
from service.config import Config
from service.errors import Conflict

if TYPE_CHECKING:  # these import torch, which `frontdesk --help` does not wait for
    from finetune.fit import Progress
    from finetune.study import Found, Tried
    from finetune.tracking import Track

LOGS = ("tensorboard", "mlflow")
Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Bench:
    """The options, as `bench_options` declares them."""

    folds: int | None
    search: int | None
    search_minutes: float | None
    curve: bool
    log: tuple[str, ...]
    log_to: str | None
    distil: int | None


def bench_options(command: Command) -> Command:
    """Declare the options of ``Bench`` for a click command."""
    options = (
        click.option(
            "--folds",
            type=click.IntRange(2, 100),
            help="Cross-validate the recipe in so many folds; makes no release.",
        ),
        click.option(
            "--search",
            type=click.IntRange(1, 10_000),
            help="Search a better recipe first, in so many trials; goes on where it was.",
        ),
        click.option(
            "--search-minutes",
            type=click.FloatRange(0, min_open=True),
            help="End the search after so many minutes.",
        ),
        click.option(
            "--curve", is_flag=True, help="Train on 10, 25 and 50 % of the rows too, to compare."
        ),
        click.option(
            "--distil",
            type=click.IntRange(0),
            is_flag=False,
            flag_value=0,
            metavar="[LAYERS]",
            help="Release a smaller network, taught by the trained one; without a number (or 0) "
            "with half of its layers.",
        ),
        click.option(
            "--log", type=click.Choice(LOGS), multiple=True, help="Log trainings; repeatable."
        ),
        click.option(
            "--log-to", help="Folder of the logs (else in the home), or an MLflow server's URL."
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def check_options(bench: Bench, writes: bool) -> None:
    """Raise ``click.UsageError`` when options exclude each other; ``writes`` to a folder."""
    if bench.folds and (writes or bench.search or bench.curve):
        raise click.UsageError("--folds makes no release: leave out --out, --search and --curve.")
    if bench.search_minutes and not bench.search:
        raise click.UsageError("--search-minutes needs --search.")
    if bench.log_to and not bench.log:
        raise click.UsageError("--log-to needs --log.")
    if "://" in (bench.log_to or "") and "tensorboard" in bench.log:
        raise click.UsageError("TensorBoard logs into a folder; --log-to names an address.")
    if bench.search and find_spec("optuna") is None:
        raise Conflict("Optuna is not installed: run `pip install 'frontdesk[search]'`.")


def add_student(bench: Bench, recipe: Recipe) -> Recipe:
    """The recipe with the student that ``--distil`` asks for. Raises ``ReleaseError`` when the
    encoder is nowhere to be had."""
    if bench.distil is None:
        return recipe
    from finetune.crop import count_layers
    from finetune.encoders import find_encoder

    half = count_layers(find_encoder(recipe.encoder)) // 2
    return replace(recipe, distil_layers=bench.distil or max(1, half))


def open_tracker(bench: Bench, config: Config) -> "Track":
    """What logs the trainings of this command. Raises ``Conflict`` when it is not installed."""
    from finetune.tracking import Tracker

    home = config.home / "tracking"
    return Tracker({kind: bench.log_to or str(home / kind) for kind in bench.log})


def find_recipe(
    bench: Bench,
    config: Config,
    rows: Sequence[Row],
    recipe: Recipe,
    progress: "Progress",
    track: "Track",
) -> "Found | None":
    """The outcome of a search, if one is wanted; tells on stderr what every trial came to."""
    if not bench.search:
        return None
    from finetune.study import search_recipe

    def tell(tried: "Tried", best: "Tried") -> None:
        score = f"{tried.score:.4f}" if tried.score is not None else ""
        line = f"trial {tried.number + 1}: {tried.state} {score}".rstrip()
        with tqdm.external_write_mode():
            click.echo(f"{line}; best {best.score:.4f} (trial {best.number + 1})", err=True)

    return search_recipe(
        rows,
        recipe,
        bench.search,
        config.home / "studies",
        seconds=60 * bench.search_minutes if bench.search_minutes else math.inf,
        device=config.device,
        progress=progress,
        track=track,
        tell_trial=tell,
    )
