"""The results of a run as files: a page for people and the same as JSON.

Called by the command at the end of a run.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.understanding.figures import Outcome, summary, table
from index.release import write_json


def write_results(folder: Path, outcomes: Sequence[Outcome], facts: Mapping[str, Any]) -> Path:
    """Write understanding-<date>-<commit>.md and .json into ``folder``; the path of the page.

    ``facts`` are commit, machine, recipe and sample. The file of a sample says so in its name.
    """
    at = datetime.now(UTC)
    mark = "-sample" if facts["sample"] < 1 else ""
    page = folder / f"understanding-{at:%Y-%m-%d}-{facts['commit']}{mark}.md"
    folder.mkdir(parents=True, exist_ok=True)
    result = {
        "at": at.isoformat(timespec="seconds"),
        **facts,
        "summary": summary(outcomes),
        "cases": [outcome.to_json() for outcome in outcomes],
    }
    write_json(page.with_suffix(".json"), result)
    page.write_text("\n".join(_page(result, outcomes)) + "\n", encoding="utf-8")
    return page


def _page(result: Mapping[str, Any], outcomes: Sequence[Outcome]) -> Iterator[str]:
    machine = result["machine"]
    dirty = " with changes that are not committed" if result["dirty"] else ""
    yield f"# What the desk understands, {result['at'][:10]}"
    yield ""
    if result["sample"] < 1:
        share = f"{100 * result['sample']:g} %"
        yield f"**A sample, {share} of the rows: it shows that the bench runs, and no more.**"
        yield ""
    yield summary(outcomes)
    yield ""
    yield (
        f"Commit {result['commit']}{dirty}. {machine['processor']}, {machine['cores']} cores, "
        f"{machine['memory_gib']} GiB, {machine['threads']} threads, device {machine['device']}, "
        f"torch {machine['torch']}, Python {machine['python']}. ECE is the expected calibration "
        "error. Rows of a test part are never trained or calibrated on."
    )
    yield ""
    yield table(outcomes)
    yield ""
    yield from _trainings(outcomes)


def _trainings(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Every training once, however many cases used its release."""
    every = {one["key"]: one for outcome in outcomes for one in outcome.trainings}
    if not every:
        return
    yield "| training | rows | seconds | begun | release |"
    yield "|---|---|---|---|---|"
    for one in every.values():
        told = [one["name"], f"{one['rows']:,}", f"{one['seconds']:.0f}", one["at"], one["release"]]
        yield f"| {' | '.join(told)} |"
