"""What it costs the chat that many are connected: ``python -m benchmarks.crowd --home HOME``.

The real server on a copy of a trained home, driven by wrk as fast as it answers, in turns without
and with 300 widgets and 20 consoles, all in one run. The widgets' customers are those who write, so
each stream tells what its customer said and got; every console is told everything. Who listens is a
process of its own, which shares the machine with the server, as wrk does. Loopback only, bounded in
time. Writes benchmarks/results/crowd-DATE-COMMIT.json and .md.
"""

import argparse
import json
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.load.homes import copy_home
from benchmarks.load.servers import frontdesk, start_conversations
from benchmarks.load.wrk import Load, Place, drive
from benchmarks.soak.console import make_token
from benchmarks.understanding.machine import ROOT, describe_commit, describe_machine
from service.commands.home import STARTER
from service.content import read_desk

RESULTS = ROOT / "benchmarks" / "results"
GOAL = 0.9
NAMES = ("quiet", "crowded")
LOOK_SECONDS = 0.05
LISTEN = "listen"  # the one argument of the child
Figures = dict[str, Any]


def main() -> None:
    """Measure, and write what came of it."""
    if sys.argv[1:2] == [LISTEN]:
        _listen(**json.loads(sys.stdin.readline()))
        return
    options = _options()
    texts = [case.text for case in read_desk(STARTER).golden]
    with tempfile.TemporaryDirectory() as folder:
        home = copy_home(options.home, Path(folder) / "home")
        token = make_token(home)
        with frontdesk(home, options.port, Path(folder) / "frontdesk.log"):
            rounds = [_round(options, texts, token) for _ in range(options.rounds)]
    quiet, crowded = (statistics.median(r[name]["rate"] for r in rounds) for name in NAMES)
    result = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        **describe_commit(),
        "machine": describe_machine("cpu"),
        "widgets": options.widgets,
        "consoles": options.consoles,
        "seconds": options.seconds,
        "rounds": rounds,
        "share": statistics.median(r["crowded"]["rate"] / r["quiet"]["rate"] for r in rounds),
        "rates": {"quiet": quiet, "crowded": crowded},
    }
    print(write(result, options.out))


def write(result: Figures, folder: Path) -> str:
    """Write the result as JSON and as a page; returns the page."""
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / f"crowd-{result['at'][:10]}-{result['commit']}"
    place.with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    text = page(result)
    place.with_suffix(".md").write_text(text, encoding="utf-8")
    return text


def page(result: Figures) -> str:
    """The result in Markdown."""
    machine = result["machine"]
    lines = [
        f"# {result['widgets']} widgets and {result['consoles']} consoles connected",
        "",
        f"{result['at']}, commit {result['commit']}, {machine['processor']}, "
        f"{machine['cores']} cores. "
        f"32 connections that never pause, {result['seconds']} s each, in turns.",
        "",
        "| round | turns/s alone | connected | share | slowest hundredth | connected | events/s |",
        "|---|---|---|---|---|---|---|",
    ]
    for number, both in enumerate(result["rounds"], start=1):
        quiet, crowded = both["quiet"], both["crowded"]
        lines.append(
            f"| {number} | {quiet['rate']:.0f} | {crowded['rate']:.0f} "
            f"| {crowded['rate'] / quiet['rate']:.2f} | {quiet['p99_ms']:.0f} ms "
            f"| {crowded['p99_ms']:.0f} ms | {both['heard'] / result['seconds']:.0f} |"
        )
    failed = sum(both[name]["failed"] for both in result["rounds"] for name in NAMES)
    lines += ["", f"Median of the shares: {result['share']:.2f} (goal {GOAL}); failed: {failed}."]
    return "\n".join(lines) + "\n"


def _round(options: argparse.Namespace, texts: Sequence[str], token: str) -> Figures:
    """Both halves, with other customers in each."""

    def load(places: Sequence[Place]) -> Figures:
        came: Load = drive(options.port, places, texts, seconds=options.seconds)
        return {"rate": came.rate, "failed": came.failed, "p99_ms": came.p99_ms}

    quiet = load(start_conversations(options.port, options.widgets))
    places = start_conversations(options.port, options.widgets)
    with _listening(options, places, token) as heard:
        crowded = load(places)
    figures = {"quiet": quiet, "crowded": crowded, "heard": heard[0]}
    print(json.dumps(figures), file=sys.stderr, flush=True)
    return figures


@contextmanager
def _listening(
    options: argparse.Namespace, places: Sequence[Place], token: str
) -> Iterator[list[int]]:
    """Streams of these conversations and of consoles, open for as long as the context; what it
    gives holds, afterwards, how many events they heard."""
    asked = {
        "port": options.port,
        "streams": [
            *((f"{path.removesuffix('messages')}events", own) for path, own in places),
            *(("/api/v1/events", token) for _ in range(options.consoles)),
        ],
    }
    command = [sys.executable, "-m", "benchmarks.crowd", LISTEN]
    heard = [0]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin
        assert child.stdout
        child.stdin.write(json.dumps(asked).encode() + b"\n")
        child.stdin.flush()
        try:
            if child.stdout.readline() != b"ready\n":
                raise RuntimeError("not all streams opened")
            yield heard
        finally:
            child.stdin.close()
            heard[0] = int(child.stdout.readline() or 0)
            if not heard[0]:
                raise RuntimeError("nobody heard anything")


def _listen(port: int, streams: Sequence[Place]) -> None:
    """Open the streams, say so, read them until standard input ends, and say how many events came
    after all were open. It looks twenty times a second: customers' own machines would read, and
    this one is to have its time for the server."""
    opened = selectors.DefaultSelector()
    for path, token in streams:
        opened.register(_open_stream(port, path, token), selectors.EVENT_READ)
    _read(opened, time.monotonic() + 2)  # what was said before is told first
    print("ready", flush=True)
    threading.Thread(target=sys.stdin.read, daemon=True, name="end").start()
    heard = 0
    while any(thread.name == "end" for thread in threading.enumerate()):
        heard += _read(opened, time.monotonic())
        time.sleep(LOOK_SECONDS)
    print(heard, flush=True)


def _open_stream(port: int, path: str, token: str) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=60)
    head = f"GET {path} HTTP/1.1\r\nHost: desk\r\nAuthorization: Bearer {token}\r\n\r\n"
    connection.sendall(head.encode())
    answer = connection.recv(65536)
    if not answer.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(answer.decode())
    connection.setblocking(False)
    return connection


def _read(opened: selectors.BaseSelector, until: float) -> int:
    """Read whatever has come, at least once and until then; how many events it was."""
    heard = 0
    while True:
        for key, _ in opened.select(timeout=0.01):
            assert isinstance(key.fileobj, socket.socket)
            piece = key.fileobj.recv(1 << 20)
            if not piece:
                raise RuntimeError("a stream ended")
            heard += piece.count(b"\nevent: ")
        if time.monotonic() >= until:
            return heard


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.crowd", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="a trained home, only read")
    parser.add_argument("--widgets", type=int, default=300)
    parser.add_argument("--consoles", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=8, help="of each half of a round")
    parser.add_argument("--port", type=int, default=8791)
    parser.add_argument("--out", type=Path, default=RESULTS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
