"""``make bench-load``: whole turns a second beside mosec, LitServe, three models behind Flask and
the bare encoder, in one run; medians of several rounds, and what they come to against the goals.

Loopback only; bounded in count and time. Writes benchmarks/results/load-DATE-COMMIT.json and .md.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.load.servers import frontdesk, path_of, peer, start_conversations
from benchmarks.load.wrk import Load, drive
from benchmarks.understanding.machine import ROOT, describe_commit, describe_machine
from finetune.encoders import find_encoder
from index.champion import champion
from service.commands.home import STARTER
from service.config import DEFAULT_ENCODER
from service.content import read_desk

RESULTS = ROOT / "benchmarks" / "results"
PEERS = ("mosec", "litserve", "flask")
TITLES = {
    "mosec": "mosec, embedding alone",
    "litserve": "LitServe, embedding alone",
    "flask": "three models behind Flask",
}
CONVERSATIONS = 500
LADDER = (1, 2, 4, 8, 16, 32, 64)
Figures = dict[str, Any]


def main() -> None:
    """Measure, and write what came of it."""
    options = _options()
    texts = [case.text for case in read_desk(STARTER).golden]
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(options, texts, Path(folder))
        rounds = [bench.round(number) for number in range(options.rounds)]
        ladder = bench.ladder()
    figures = _middle(rounds)
    result = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        **describe_commit(),
        "machine": describe_machine("cpu"),
        "rounds": rounds,
        "median": figures,
        "ladder": ladder,
    }
    page = _page(result)
    RESULTS.mkdir(exist_ok=True)
    place = RESULTS / f"load-{result['at'][:10]}-{result['commit']}"
    place.with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    place.with_suffix(".md").write_text(page, encoding="utf-8")
    print(page)


class Bench:
    """One desk, one set of messages, and the servers one after another."""

    def __init__(self, options: argparse.Namespace, texts: list[str], folder: Path) -> None:
        self.options = options
        self.texts = texts
        self.folder = folder
        self.port = options.port
        self.home = options.home or self._make_home()
        self.encoder = find_encoder(DEFAULT_ENCODER)

    def round(self, number: int) -> Figures:
        """Every server once, in an order that turns from round to round."""
        steps: dict[str, Callable[[], Figures]] = {"bare": self._bare, "frontdesk": self._ours}
        steps |= {name: lambda name=name: self._peer(name) for name in PEERS}  # type: ignore[misc]
        names = list(steps)
        order = names[number % len(names) :] + names[: number % len(names)]
        return {name: self._told(name, steps[name]()) for name in order}

    def ladder(self) -> list[Figures]:
        """Our server with more and more customers at once."""
        with frontdesk(self.home, self._port(), self.folder / "frontdesk.log"):
            return [
                {"customers": customers, **asdict(self._turns(connections=customers))}
                for customers in LADDER
            ]

    def _ours(self) -> Figures:
        with frontdesk(self.home, self._port(), self.folder / "frontdesk.log"):
            full = self._turns(connections=32)
            half = self._turns(connections=32, pause_ms=1000 * 32 / (full.rate / 2))
            return {"full": asdict(full), "half": asdict(half), "one": asdict(self._turns(1))}

    def _turns(self, connections: int, pause_ms: float = 0) -> Load:
        places = start_conversations(self.port, CONVERSATIONS)
        seconds = self.options.seconds
        return drive(
            self.port,
            places,
            self.texts,
            connections=connections,
            seconds=seconds,
            pause_ms=pause_ms,
        )

    def _peer(self, name: str) -> Figures:
        python = self.options.peers / "bin" / "python"
        log = self.folder / f"{name}.log"
        with peer(name, python, self.encoder, self._port(), log):
            places = [(path_of(name), "")] * 4
            loads = {
                kind: drive(
                    self.port,
                    places,
                    self.texts,
                    connections=connections,
                    seconds=self.options.seconds,
                )
                for kind, connections in (("full", 32), ("one", 1))
            }
        return {kind: asdict(load) for kind, load in loads.items()}

    def _bare(self) -> Figures:
        release = self.home / "releases" / str(champion(self.home / "releases"))
        texts = self.folder / "texts.json"
        texts.write_text(json.dumps(self.texts), encoding="utf-8")
        command = [sys.executable, "-m", "benchmarks.load.bare", str(release), str(texts)]
        done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
        said: Figures = json.loads(done.stdout.splitlines()[-1])
        return said

    def _make_home(self) -> Path:
        home = self.folder / "home"
        for command in ("init", "train"):
            arguments = [sys.executable, "-m", "service", "--home", str(home), command]
            subprocess.run(arguments, check=True, stdout=subprocess.DEVNULL, cwd=ROOT)
        return home

    def _port(self) -> int:
        """A fresh one for every server: the last one's may still be lingering."""
        self.port += 1
        return int(self.port)

    def _told(self, name: str, figures: Figures) -> Figures:
        print(name, json.dumps(figures), file=sys.stderr, flush=True)
        return figures


def _middle(rounds: list[Figures]) -> Figures:
    """The median of each number over the rounds."""
    first = rounds[0]
    if isinstance(first, dict):
        return {name: _middle([each[name] for each in rounds]) for name in first}
    return median(rounds) if isinstance(first, int | float) else first  # type: ignore[type-var, return-value]


def _page(result: Figures) -> str:
    found, machine, bare = result["median"], result["machine"], result["median"]["bare"]
    changed = " + changes" if result["dirty"] else ""
    where = f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gib']} GiB"
    alone = f"{bare['rate']:.0f} messages/s in bulk, {bare['one_ms']:.2f} ms for one"
    lines = [
        f"# Load, {result['at'][:10]}, commit {result['commit']}{changed}",
        "",
        f"{where}; {len(result['rounds'])} rounds, medians; {bare['tokens']:.1f} tokens a message.",
        f"The bare encoder ({bare['how']}): {alone}.",
        "",
        "| server | messages/s, 32 connections | median ms | p99 ms | one customer: median ms |",
        "|---|---|---|---|---|",
        _row("**frontdesk, whole turns**", found["frontdesk"]),
        *(_row(title, found[name]) for name, title in TITLES.items()),
        "",
        "| goal | wanted | found | |",
        "|---|---|---|---|",
        *_goals(found),
        "",
        "| customers at once | turns/s | median ms | p90 ms | p99 ms |",
        "|---|---|---|---|---|",
    ]
    for step in result["ladder"]:
        times = " | ".join(f"{step[name]:.1f}" for name in ("median_ms", "p90_ms", "p99_ms"))
        lines.append(f"| {step['customers']} | {step['rate']:.0f} | {times} |")
    return "\n".join([*lines, ""])


def _goals(found: Figures) -> list[str]:
    ours, bare = found["frontdesk"], found["bare"]
    rate, one = ours["full"]["rate"], bare["one_ms"]
    least = [
        ("turns, of mosec's embeddings", rate / found["mosec"]["full"]["rate"], 2.5),
        ("turns, of the Flask server's messages", rate / found["flask"]["full"]["rate"], 30),
        ("turns, of the bare encoder's messages", rate / bare["rate"], 0.6),
    ]
    most = [
        ("one customer: median, in bare passes", ours["one"]["median_ms"] / one, 1.6),
        ("half the peak rate: p99, in bare passes", ours["half"]["p99_ms"] / one, 4),
    ]
    verdict = {True: "met", False: "missed"}
    return [
        *(
            f"| {name} | ≥ {goal} | {is_:.2f} | {verdict[is_ >= goal]} |"
            for name, is_, goal in least
        ),
        *(
            f"| {name} | ≤ {goal} | {is_:.2f} | {verdict[is_ <= goal]} |"
            for name, is_, goal in most
        ),
    ]


def _row(title: str, found: Figures) -> str:
    full, one = found["full"], found["one"]
    if full["failed"] + one["failed"]:
        title = f"{title} ({full['failed'] + one['failed']:.0f} failed)"
    times = f"{full['median_ms']:.1f} | {full['p99_ms']:.1f} | {one['median_ms']:.1f}"
    return f"| {title} | {full['rate']:.1f} | {times} |"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.load", description=__doc__)
    parser.add_argument("--home", type=Path, help="a trained home; else one is made")
    parser.add_argument("--peers", type=Path, default=ROOT / "build" / "peers")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=8)
    parser.add_argument("--port", type=int, default=8790)
    return parser.parse_args()


if __name__ == "__main__":
    main()
