"""``python -m benchmarks.month``: a desk's first month, against the real server over HTTP.

Customers write messages of a public data set; operators look after what is handed over, and label
it; every night the real ``frontdesk retrain`` runs. Loopback only, in a home of its own. Writes
benchmarks/results/month-DATE-COMMIT[-NAME].json, .md and .svg after every day. With ``--folder`` an
interrupted month goes on where it was: in the night, if the day was over, else with the day anew.
"""

import argparse
import json
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.load.homes import opened
from benchmarks.load.servers import frontdesk
from benchmarks.month.diary import Diary
from benchmarks.month.nights import Marks, accuracy, compare, look_at, run, sleep_over
from benchmarks.month.page import page, plot
from benchmarks.month.people import Month, Operator, Told
from benchmarks.month.world import World, make_world, starting_content
from benchmarks.soak.processes import measure
from benchmarks.understanding.machine import ROOT, describe_commit, describe_machine
from finetune.rows import read_rows
from index.records import OUT_OF_SCOPE

RESULTS = ROOT / "benchmarks" / "results"
SHARED = ROOT.parent / "shared" / "data"
NAMES, LEAD = ("Ana", "Ben", "Cleo"), "Lead"
DIARY = "diary.json"
Figures = dict[str, Any]


def main() -> None:
    """Play the month, and write what came of it."""
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the server ends with it
    files = [SHARED / f"{name}.jsonl" for name in options.rows.split(",")]
    if missing := [str(file) for file in files if not file.is_file()]:
        sys.exit(f"The data is not here: {', '.join(missing)}")
    world = make_world(
        read_rows(files), options.intents, options.days, options.messages, options.seed
    )
    if options.folder:
        options.folder.mkdir(parents=True, exist_ok=True)
        _play(options.folder, options, world)
        return
    with tempfile.TemporaryDirectory() as folder:
        _play(Path(folder), options, world)


def write(result: Figures, folder: Path, name: str) -> str:
    """Write the result as JSON, page and picture; returns the page."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = ["month", result["at"][:10], result["commit"], *([name] if name else [])]
    place = folder / "-".join(parts)
    text = page(result, f"{place.name}.svg")
    place.with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    place.with_suffix(".md").write_text(text, encoding="utf-8")
    place.with_suffix(".svg").write_text(plot(result), encoding="utf-8")
    return text


def _play(folder: Path, options: argparse.Namespace, world: World) -> None:
    """The days and nights, each of them kept as soon as it is over."""
    home, place = folder / "home", folder / DIARY
    diary = Diary.load(place) or Diary(_begin(home, options, world), look_at(home, world.test))
    result = diary.result
    operators, admin = _hire(home, options)
    with frontdesk(home, options.port, folder / "server.log") as server:
        month = Month(options.port, operators, admin, world.known)
        if place.is_file():
            diary.recall(month.floor)
            result["resumed"].append(len(result["days"]) + 1)
        else:
            diary.failing = sorted(month.ask(world.golden))
        for day in range(len(result["days"]) + 1, len(world.days) + 1):
            if not diary.today:
                start, known = time.monotonic(), set(month.floor.intents)
                told = month.play(day, world.days[day - 1], options.seed)
                took = time.monotonic() - start
                diary.today = {"day": day, "day_seconds": took, **count(told, known)}
                diary.known = sorted(known)
                diary.save(place, month.floor)
            night = sleep_over(home, options.port, options.recipe)
            diary.marks, worth = _look(home, world, diary.marks, set(diary.known))
            failing = month.ask(world.golden)
            worth |= {"golden_failing": len(failing)}
            worth |= {"golden_broken": sorted(failing - set(diary.failing))}
            use = measure(server.pid)
            memory = sum(role["memory_mib"] for role in use.values())
            result["days"].append({**diary.today, **night, **worth, "memory_mib": memory})
            diary.failing, diary.today = sorted(failing), {}
            diary.save(place, month.floor)
            print(json.dumps(result["days"][-1]), file=sys.stderr, flush=True)
            written = write(result, options.out, options.name)
    print(written)


def _begin(home: Path, options: argparse.Namespace, world: World) -> Figures:
    """A desk with its first release, and what is written of it so far."""
    home.mkdir()
    with opened(home) as store:
        store.replace_content(starting_content(world, options.promise))
    named = ["--recipe", str(options.recipe)] if options.recipe else []
    start = time.monotonic()
    run(home, "train", *named)
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        **describe_commit(),
        "machine": describe_machine("cpu"),
        "options": {name: str(value) for name, value in vars(options).items()},
        "intents": [len(world.known), len(world.fresh)],
        "first_training_seconds": time.monotonic() - start,
        "resumed": [],
        "days": [],
    }


def _look(home: Path, world: World, before: Marks, known: set[str]) -> tuple[Marks, Figures]:
    """The champion's marks after a night, and what they say."""
    marks = look_at(home, world.test)
    changed = compare(before, marks, world.test, known) if marks.release != before.release else None
    return marks, {"accuracy": accuracy(marks, world.test, known), "changed": changed}


def count(told: Sequence[Told], known: set[str]) -> Figures:
    """How many messages became what. ``inside`` are those that an intent fits, also one that the
    desk has still to learn of."""
    inside = [each for each in told if each.line.intent != OUT_OF_SCOPE]
    answers = [each for each in told if each.right is not None]
    return {
        "messages": len(told),
        "inside": len(inside),
        "unknown": sum(each.line.intent not in known for each in inside),
        "outcomes": dict(Counter(each.outcome for each in inside)),
        "answered_right": sum(each.right is True for each in inside),
        "answers": len(answers),
        "right": sum(each.right is True for each in answers),
        "at_once": sum(each.outcome == "answered" for each in answers),
        "at_once_right": sum(e.outcome == "answered" and e.right is True for e in answers),
        "escalations": sum(each.outcome == "handed_over" for each in told),
    }


def _hire(home: Path, options: argparse.Namespace) -> tuple[list[Operator], str]:
    """The operators, the last of whom may be a bad one, and a token of an admin."""
    errors = [options.errs] * (len(NAMES) - 1) + [options.bad or options.errs]
    with opened(home) as store:
        there = {person.name: person.id for person in store.operators()}
        for name in NAMES:
            if name not in there:
                made = store.add_operator(f"{name}@example.com", name, "operator", "!")
                there[name] = made.id
        if LEAD not in there:
            there[LEAD] = store.add_operator("lead@example.com", LEAD, "admin", "!").id
        tokens = {name: store.create_api_token(person) for name, person in there.items()}
    operators = [Operator(name, tokens[name], err) for name, err in zip(NAMES, errors, strict=True)]
    return operators, tokens[LEAD]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.month", description=__doc__)
    parser.add_argument("--rows", default="clinc150", help="data sets, by name, with commas")
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--messages", type=int, default=333, help="a day")
    parser.add_argument("--intents", type=int, default=0, help="so many of them; 0 is all")
    parser.add_argument("--errs", type=float, default=0.03, help="share of wrong labels")
    parser.add_argument("--bad", type=float, default=0, help="the same, of the last operator")
    parser.add_argument("--promise", type=float, default=0.95)
    parser.add_argument("--recipe", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--port", type=int, default=8785)
    parser.add_argument("--name", default="", help="of the result's files")
    parser.add_argument("--folder", type=Path, help="kept, so that the month can be resumed")
    parser.add_argument("--out", type=Path, default=RESULTS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
