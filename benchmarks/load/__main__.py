"""``python -m benchmarks.load``: whole turns a second beside mosec, LitServe, three models behind
Flask and the bare encoder, in one run, and what they cost with load, templates and messages.

Loopback only; bounded in count and time. Writes benchmarks/results/load-DATE-COMMIT.json, .md and
.svg.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.load.bench import Bench, Figures
from benchmarks.load.costs import against_length, against_templates
from benchmarks.load.page import page
from benchmarks.load.plot import plot
from benchmarks.understanding.machine import ROOT, describe_commit, describe_machine
from service.commands.home import STARTER
from service.content import read_desk

RESULTS = ROOT / "benchmarks" / "results"


def main() -> None:
    """Measure, and write what came of it."""
    options = _options()
    texts = [case.text for case in read_desk(STARTER).golden]
    busy = busy_cores()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(options, texts, Path(folder))
        rounds = [bench.round(number) for number in range(options.rounds)]
        result = {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            **describe_commit(),
            "machine": describe_machine("cpu"),
            "busy_cores": busy,
            "seconds": options.seconds,
            "rounds": rounds,
            "median": middle(rounds),
            "ladder": bench.ladder(),
            "templates": against_templates(bench),
            "lengths": against_length(bench),
        }
    print(write(result, options.out))


def busy_cores(seconds: float = 2.0) -> float:
    """How many of the machine's cores somebody keeps busy just now (proc_stat(5))."""

    def idle() -> float:
        ticks = Path("/proc/stat").read_text(encoding="utf-8").split("\n", 1)[0].split()
        return (int(ticks[4]) + int(ticks[5])) / os.sysconf("SC_CLK_TCK")

    start, before = time.monotonic(), idle()
    time.sleep(seconds)
    return (os.cpu_count() or 1) - (idle() - before) / (time.monotonic() - start)


def write(result: Figures, folder: Path) -> str:
    """Write the result as JSON, page and picture; returns the page."""
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / f"load-{result['at'][:10]}-{result['commit']}"
    text = page(result, f"{place.name}.svg")
    place.with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    place.with_suffix(".md").write_text(text, encoding="utf-8")
    place.with_suffix(".svg").write_text(plot(result), encoding="utf-8")
    return text


def middle(rounds: Sequence[Any]) -> Any:
    """The median of each number over the rounds."""
    first = rounds[0]
    if isinstance(first, dict):
        return {name: middle([each[name] for each in rounds]) for name in first}
    return median(rounds) if isinstance(first, int | float) else first


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.load", description=__doc__)
    parser.add_argument("--home", type=Path, help="a trained home, only read; else one is made")
    parser.add_argument("--peers", type=Path, default=ROOT / "build" / "peers")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=6, help="of each load")
    parser.add_argument("--port", type=int, default=8790)
    parser.add_argument("--out", type=Path, default=RESULTS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
