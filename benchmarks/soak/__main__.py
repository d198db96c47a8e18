"""``python -m benchmarks.soak``: the real server under steady load, and what it holds meanwhile.

Customers come, write twice or so, and go; some listen to their event stream; once a minute somebody
edits a template and closes tickets. Bounded in time, loopback only, on a copy of the home. Writes
benchmarks/results/soak-DATE-COMMIT.json, .md and .svg.
"""

import argparse
import contextlib
import http.client
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.load.homes import copy_home
from benchmarks.load.servers import count_actions, frontdesk, start_conversations
from benchmarks.load.wrk import Place, drive
from benchmarks.soak.console import Console, make_token
from benchmarks.soak.page import page, plot
from benchmarks.soak.processes import measure
from benchmarks.understanding.machine import ROOT, describe_commit, describe_machine
from service.commands.home import STARTER
from service.content import read_desk

RESULTS = ROOT / "benchmarks" / "results"
TURNS_EACH = 2  # of a customer, on average
LISTENERS = 20  # customers whose widget holds an event stream
CONNECTIONS = 32
Figures = dict[str, Any]


def main() -> None:
    """Measure, and write what came of it."""
    options = _options()
    texts = [case.text for case in read_desk(STARTER).golden]
    with tempfile.TemporaryDirectory() as folder:
        home = copy_home(options.home, Path(folder) / "home")
        token, log = make_token(home), Path(folder) / "frontdesk.log"
        with frontdesk(home, options.port, log) as server:
            console = Console(options.port, token)
            console.start()
            samples = list(_samples(options, texts, server.pid))
            console.stop()
            actions = count_actions(options.port)
    result = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        **describe_commit(),
        "machine": describe_machine("cpu"),
        "minutes": options.minutes,
        "rate": options.rate,
        "edits": console.edits,
        "console_failed": console.failed,
        "actions": actions,
        "samples": samples,
    }
    print(write(result, options.out))


def write(result: Figures, folder: Path) -> str:
    """Write the result as JSON, page and picture; returns the page."""
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / f"soak-{result['at'][:10]}-{result['commit']}"
    text = page(result, f"{place.name}.svg")
    place.with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    place.with_suffix(".md").write_text(text, encoding="utf-8")
    place.with_suffix(".svg").write_text(plot(result), encoding="utf-8")
    return text


def _samples(options: argparse.Namespace, texts: Sequence[str], master: int) -> Iterator[Figures]:
    """One after every stretch of load, with other customers in each."""
    start = time.monotonic()
    while time.monotonic() - start < 60 * options.minutes:
        begun = time.monotonic()
        customers = int(options.rate * options.every / TURNS_EACH) + 2
        places = start_conversations(options.port, customers)
        with _listening(options.port, places[:: max(1, customers // LISTENERS)]):
            load = drive(
                options.port,
                places,
                texts,
                connections=CONNECTIONS,
                seconds=max(1, round(options.every - (time.monotonic() - begun))),
                pause_ms=1000 * CONNECTIONS / options.rate,
            )
        sample = {
            "minute": (time.monotonic() - start) / 60,
            "rate": load.rate,
            "failed": load.failed,
            "median_ms": load.median_ms,
            "p99_ms": load.p99_ms,
            "roles": measure(master),
        }
        print(json.dumps(sample), file=sys.stderr, flush=True)
        yield sample


@contextlib.contextmanager
def _listening(port: int, places: Sequence[Place]) -> Iterator[None]:
    """Event streams of these conversations, open for as long as the context."""
    with contextlib.ExitStack() as streams:
        for path, token in places:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            streams.callback(connection.close)
            events = f"{path.removesuffix('messages')}events"
            connection.request("GET", events, headers={"Authorization": f"Bearer {token}"})
            streams.callback(connection.getresponse().close)
        yield


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.soak", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="a trained home, only read")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--rate", type=float, default=20, help="turns a second")
    parser.add_argument("--every", type=int, default=30, help="seconds between two samples")
    parser.add_argument("--port", type=int, default=8780)
    parser.add_argument("--out", type=Path, default=RESULTS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
