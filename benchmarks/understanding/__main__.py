"""``make bench-understanding``: accuracy and promises on public sets, and the goals they miss.

Trains on public sets, which takes hours. A finished case is remembered in the work folder, and so
is every release, so a run that was interrupted goes on. A whole run writes
benchmarks/results/understanding-<date>-<commit>, as JSON and Markdown; a part or a sample does not.
"""

import hashlib
import json
import os
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from benchmarks.understanding.figures import Outcome
from benchmarks.understanding.results import write_results
from finetune.recipe import Recipe, read_recipe
from service.errors import DeskError

if TYPE_CHECKING:
    from benchmarks.understanding.bench import Bench
    from benchmarks.understanding.cases import Case

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "benchmarks" / "results"
FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command()
@click.option("--data", type=FOLDER, default=ROOT.parent / "shared" / "data", show_default=True)
@click.option("--work", type=FOLDER, default=ROOT / "build" / "understanding", show_default=True)
@click.option("--results", type=FOLDER, help="Write results here, of a part or a sample, too.")
@click.option("--recipe", "recipe_file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--only", help="Names of cases, with commas: clinc,bitext.")
@click.option("--sample", "share", type=click.FloatRange(0, 1, min_open=True), default=1.0)
@click.option("--device", default="auto", help="auto, cpu, cuda or cuda:N.")
@click.option("--fresh", is_flag=True, help="Measure finished cases again (releases are kept).")
def main(
    data: Path,
    work: Path,
    results: Path | None,
    recipe_file: Path | None,
    only: str | None,
    share: float,
    device: str,
    fresh: bool,
) -> None:
    """Measure what the desk understands, and say which goal is missed and by how much."""
    os.environ.setdefault("GOMP_SPINCOUNT", "20000")  # as `frontdesk train`; before torch
    from benchmarks.understanding.bench import Bench
    from benchmarks.understanding.cases import CASES
    from benchmarks.understanding.machine import (
        MEASURES,
        TRAINS,
        describe_commit,
        describe_machine,
        digest_code,
    )

    try:
        recipe = read_recipe(recipe_file) if recipe_file else Recipe()
    except DeskError as error:
        raise click.ClickException(str(error)) from None
    names = _chosen(only, CASES)
    _require_sets(data, [CASES[name] for name in names])
    facts = {"recipe": recipe.to_json(), "sample": share, "machine": describe_machine(device)}
    measuring, training, commit = digest_code(MEASURES), digest_code(TRAINS), describe_commit()
    outcomes = []
    for name in names:
        place = work / "cases" / f"{name}-{_key(measuring, facts, data, CASES[name])}.json"
        if place.is_file() and not fresh:
            outcomes.append(Outcome.from_json(json.loads(place.read_bytes())))
        else:
            bench = Bench(data, work, recipe, code=training, share=share, device=device)
            outcomes.append(_run(name, CASES[name], bench))
            _remember(place, outcomes[-1])
    whole = set(names) == set(CASES) and share == 1 and not any(o.failed for o in outcomes)
    written = write_results(results or (RESULTS if whole else work), outcomes, {**commit, **facts})
    click.echo(written.read_text(encoding="utf-8"))
    click.echo(f"Written: {written} and .json", err=True)
    if any(outcome.failed for outcome in outcomes):
        raise click.exceptions.Exit(1)


def _run(name: str, case: "Case", bench: "Bench") -> Outcome:
    """Measure one case; one that fails leaves the others their turn."""
    from benchmarks.understanding.bench import say
    from benchmarks.understanding.elsewhere import is_there

    at = datetime.now(UTC).isoformat(timespec="seconds")
    if case.module and not is_there(case.module):
        return Outcome(name, case.title, at, skipped=f"{case.module} is not in this version")
    if case.whole and bench.share < 1:
        return Outcome(name, case.title, at, skipped=f"{case.module} measures no sample")
    say(f"{name}: {case.title}")
    begin = time.perf_counter()
    try:
        with redirect_stdout(sys.stderr):  # the table alone is what stdout is for
            figures = tuple(case.measure(bench))
    except Exception as error:
        traceback.print_exc()
        return Outcome(name, case.title, at, skipped=f"failed: {error}", failed=True)
    seconds = round(time.perf_counter() - begin, 1)
    return Outcome(name, case.title, at, seconds, figures, tuple(bench.trainings))


def _remember(place: Path, outcome: Outcome) -> None:
    if outcome.skipped:
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    draft = place.with_suffix(".draft")
    draft.write_text(json.dumps(outcome.to_json()), encoding="utf-8")
    draft.replace(place)


def _chosen(only: str | None, cases: Mapping[str, "Case"]) -> list[str]:
    names = [name.strip() for name in only.split(",")] if only else list(cases)
    unknown = [name for name in names if name not in cases]
    if unknown:
        known = ", ".join(cases)
        raise click.UsageError(f"There is no case {unknown[0]!r}; there are {known}.")
    return names


def _require_sets(data: Path, cases: Sequence["Case"]) -> None:
    """Say before any training what is missing."""
    files = sorted({f"{name}.jsonl" for case in cases for name in case.sets})
    missing = [name for name in files if not (data / name).is_file()]
    if missing:
        raise click.ClickException(
            f"{data} lacks {', '.join(missing)}. The public sets are no part of the product: put "
            "them there, or name their folder with --data."
        )


def _key(code: str, facts: Mapping[str, Any], data: Path, case: "Case") -> str:
    """What the figures of a case follow from: code, recipe, machine, sample, and its sets."""
    sets = {}
    for name in case.sets:
        with (data / f"{name}.jsonl").open("rb") as file:
            sets[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return hashlib.sha256(json.dumps([code, facts, sets]).encode()).hexdigest()[:16]


if __name__ == "__main__":
    main()
