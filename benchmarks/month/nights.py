"""The nights of the month: the real ``frontdesk retrain``, and what its champions are worth.

Called by the command at the end of a day, while the server runs.
"""

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.month.world import Line
from finetune.statistics import sign_test
from index.champion import champion
from index.reader import Reader
from index.records import OUT_OF_SCOPE

LONGEST = 3600  # seconds of a night
CHANGES_OVER = 120  # seconds until the server must read with a new champion
CHAMPION_STAYS = 3


@dataclass(frozen=True, slots=True)
class Marks:
    """What a champion makes of the test lines: for each the intent that it reads first."""

    release: str
    read: Sequence[str]


def run(home: Path, *words: str) -> Any:
    """A command of frontdesk with ``--json``; its report. ``RuntimeError`` when it failed."""
    command = [sys.executable, "-m", "service", "--home", str(home), *words, "--json"]
    done = subprocess.run(command, capture_output=True, timeout=LONGEST, check=False)
    if done.returncode not in (0, CHAMPION_STAYS):
        raise RuntimeError(f"{' '.join(words)}: {done.stderr[-2000:].decode()}")
    return json.loads(done.stdout.splitlines()[-1])


def sleep_over(home: Path, port: int, recipe: Path | None) -> dict[str, Any]:
    """One night, until the server reads with what came of it."""
    start = time.monotonic()
    named = ["--recipe", str(recipe)] if recipe else []
    report = run(home, "retrain", *named)
    took = time.monotonic() - start
    night, verdict = report["night"], report["verdict"] or {"checks": []}
    return {
        "promoted": night["stage"] == "promoted",
        "reason": night["reason"],
        "rows": night["rows"],
        "held_out": night["held_out"],
        "night_seconds": took,
        "training_seconds": night["training_seconds"],
        "swap_seconds": _await_release(port, champion(home / "releases")),
        "failed_checks": [check["name"] for check in verdict["checks"] if not check["passed"]],
    }


def look_at(home: Path, test: Sequence[Line]) -> Marks:
    """What the champion makes of the test lines."""
    name = champion(home / "releases")
    assert name is not None
    reader = Reader.load(home / "releases" / name, "cpu")
    readings = reader.read([line.text for line in test])
    inside = reader.thresholds.in_scope
    read = [
        reading.intents[0].label if reading.in_scope >= inside else OUT_OF_SCOPE
        for reading in readings
    ]
    return Marks(name, read)


def compare(before: Marks, after: Marks, test: Sequence[Line], known: set[str]) -> dict[str, Any]:
    """How many lines of known intents the later champion reads better and worse, with the chance
    of so uneven a change if both were equally good (sign test)."""
    pairs = [
        (one == line.intent, other == line.intent)
        for one, other, line in zip(before.read, after.read, test, strict=True)
        if line.intent in known
    ]
    better = sum(other and not one for one, other in pairs)
    worse = sum(one and not other for one, other in pairs)
    return {"better": better, "worse": worse, "chance": sign_test(better, worse)}


def accuracy(marks: Marks, test: Sequence[Line], known: set[str]) -> float:
    """The share of the lines of known intents that are read rightly."""
    right = [
        read == line.intent
        for read, line in zip(marks.read, test, strict=True)
        if line.intent in known
    ]
    return sum(right) / len(right)


def _await_release(port: int, name: str | None) -> float:
    """Seconds until the server reads with this release. Raises ``TimeoutError``."""
    start = time.monotonic()
    while time.monotonic() < start + CHANGES_OVER:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=60) as response:
            if json.load(response)["release"] == name:
                return time.monotonic() - start
        time.sleep(0.05)
    raise TimeoutError(f"The server has not changed over to {name}.")
