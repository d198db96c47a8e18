"""``python -m benchmarks.swaps --home H``: releases in turn under customers who never rest.

The real server on a copy of the home; its champion and a copy of that with another calibration are
promoted in turn. Afterwards every turn is looked at: answered once, in order, and read and
decided by one and the same release. Prints a line of JSON for each swap, and what came of all.
"""

import argparse
import hashlib
import http.client
import itertools
import json
import shutil
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.load.homes import copy_home, opened
from benchmarks.load.servers import call, frontdesk
from benchmarks.soak.processes import measure
from index.champion import champion
from index.reader import Reader
from service.commands.home import STARTER
from service.content import read_desk

API = "/api/v1"
OTHER = "rel_other"
HOTTER = 2.0  # the other's temperature, as a multiple: its confidences differ
APART = 0.1  # by so much at least, for the texts that are written
NEAR = 0.04  # and those of one release by so much at most: 8 bits in other company
CUSTOMERS = 8
PAUSE_SECONDS = 0.2
FIRST = 2  # swaps until everything has been loaded once


class Customer(threading.Thread):
    """Writes, again and again, in a new conversation when a person has one; keeps what came."""

    def __init__(self, port: int, texts: Sequence[str]) -> None:
        super().__init__(daemon=True)
        self.port, self.texts = port, texts
        self.stopped = threading.Event()
        self.turns: list[tuple[str, str, Any]] = []  # conversation, text, turn
        self.tokens: dict[str, str] = {}  # by conversation
        self.problems: list[str] = []

    def run(self) -> None:
        """Until it is stopped."""
        path, token, number = "", "", itertools.count()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        while not self.stopped.wait(PAUSE_SECONDS):
            text = self.texts[next(number) % len(self.texts)]
            try:
                if not path:
                    made = call(connection, "POST", f"{API}/conversations", {})
                    path, token = f"{API}/conversations/{made['conversation']['id']}", made["token"]
                message = {"client_id": f"c{len(self.turns)}", "text": text}
                turn = call(connection, "POST", f"{path}/messages", message, token)
            except (RuntimeError, OSError, http.client.HTTPException) as error:
                self.problems.append(repr(error))
                connection.close()
                continue
            self.turns.append((path, text, turn))
            self.tokens[path] = token
            if turn["action"] != "answer":
                path = ""
        connection.close()


def main() -> None:
    """Swap, and look at every turn."""
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        home = _make_home(options.home, Path(folder) / "home")
        with opened(home) as store:
            admin = store.add_operator("swaps@example.com", "Swaps", "admin", "!")
            token = store.create_api_token(admin.id)
        expected = _expect(home)
        texts = [text for text in expected[OTHER] if _apart(expected, text)]
        with frontdesk(home, options.port, Path(folder) / "server.log") as server:
            customers = [Customer(options.port, texts[k:] + texts[:k]) for k in range(CUSTOMERS)]
            for customer in customers:
                customer.start()
            swaps = [
                _swap(options, token, name, server.pid)
                for _, name in zip(
                    range(FIRST + options.swaps), itertools.cycle(sorted(expected, reverse=True))
                )
            ]
            for customer in customers:
                customer.stopped.set()
                customer.join()
            found = _judge(options.port, token, customers, expected)
    memory = [swap["memory_mib"] for swap in swaps[FIRST:]]
    early, late = median(memory[:3]), median(memory[-3:])
    seconds = [swap["seconds"] for swap in swaps]
    told = {"swaps": len(swaps), "seconds": [median(seconds), max(seconds)], **found}
    print(json.dumps({**told, "memory_mib": [early, late], "growth": late / early - 1}))


def _make_home(home: Path, to: Path) -> Path:
    """A copy of the home with a second release."""
    copy_home(home, to)
    (to / "releases").unlink()
    shutil.copytree(home / "releases", to / "releases")
    name = champion(to / "releases")
    assert name is not None
    place = to / "releases" / OTHER
    shutil.copytree(to / "releases" / name, place)
    calibration = json.loads((place / "calibration.json").read_text())
    calibration["temperature"] *= HOTTER
    calibration["thresholds"]["answer"] *= 0.5
    (place / "calibration.json").write_text(json.dumps(calibration))
    manifest = json.loads((place / "manifest.json").read_text())
    digest = hashlib.sha256((place / "calibration.json").read_bytes()).hexdigest()
    manifest |= {"id": OTHER, "files": manifest["files"] | {"calibration.json": digest}}
    (place / "manifest.json").write_text(json.dumps(manifest))
    return to


def _expect(home: Path) -> dict[str, dict[str, tuple[float, float]]]:
    """By release and text: how sure it is of the first intent, and its threshold."""
    name = champion(home / "releases")
    texts = [case.text for case in read_desk(STARTER).golden]
    found = {}
    for release in (str(name), OTHER):
        reader = Reader.load(home / "releases" / release, "cpu")
        readings, threshold = reader.read(texts), reader.thresholds.answer
        found[release] = {
            text: (reading.intents[0].confidence, threshold)
            for text, reading in zip(texts, readings, strict=True)
        }
    return found


def _apart(expected: Mapping[str, Mapping[str, tuple[float, float]]], text: str) -> bool:
    one, other = (sure[text][0] for sure in expected.values())
    return abs(one - other) > APART


def _swap(options: argparse.Namespace, token: str, name: str, master: int) -> dict[str, Any]:
    """Promote a release, wait until the server reads with it, and a while longer."""
    start = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", options.port, timeout=60)
    call(connection, "POST", f"{API}/releases/{name}/promote", {}, token)
    connection.close()
    while _serving(options.port) != name:
        time.sleep(0.02)
    seconds = time.monotonic() - start
    time.sleep(max(0.0, options.every - seconds))
    memory = sum(role["memory_mib"] for role in measure(master).values())
    told = {"release": name, "seconds": round(seconds, 2), "memory_mib": round(memory)}
    print(json.dumps(told), file=sys.stderr, flush=True)
    return told


def _serving(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=60) as response:
        return str(json.load(response)["release"])


def _judge(
    port: int,
    token: str,
    customers: Sequence[Customer],
    expected: Mapping[str, Mapping[str, tuple[float, float]]],
) -> dict[str, Any]:
    """Every turn of every customer: how many there were, and what was wrong with them."""
    turns = [turn for customer in customers for turn in customer.turns]
    wrong: Counter[str] = Counter()
    wrong["failed"] = sum(len(customer.problems) for customer in customers)
    tokens = {path: token for customer in customers for path, token in customer.tokens.items()}
    heard: dict[str, list[str]] = {}
    for path, _, turn in turns:
        both = [said["id"] for said in (turn["message"], turn["reply"]) if said is not None]
        heard.setdefault(path, []).extend(both)

    def is_kept(path: str) -> bool:
        """Whether the server has what the customer saw after the welcome, no more and no less."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        kept: list[Any] = []
        while page := call(
            connection,
            "GET",
            f"{path}/messages?after={kept[-1]['seq'] if kept else 0}",
            token=tokens[path],
        )["messages"]:
            kept += page
        connection.close()
        first = next(n for n, said in enumerate(kept) if said["author"] == "customer")
        return [said["id"] for said in kept[first:]] == heard[path]

    with ThreadPoolExecutor(4) as pool:
        wrong["lost, doubled or out of order"] = sum(not k for k in pool.map(is_kept, heard))

    def look(turn: tuple[str, str, Any]) -> str:
        _, text, said = turn
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        place = f"{API}/messages/{said['message']['id']}/trace"
        trace = call(connection, "GET", place, token=token)
        connection.close()
        if not trace.get("reading"):
            return "not read"
        sure, threshold = expected[trace["release"]][text]
        read = abs(trace["reading"]["intents"][0]["confidence"] - sure) < NEAR
        decided = abs(trace["thresholds"]["answer"] - threshold) < 1e-6
        return f"by {trace['release']}" if read and decided else "mixed"

    with ThreadPoolExecutor(4) as pool:
        counts = Counter(pool.map(look, turns))
    wrong["not read"], wrong["mixed"] = counts.pop("not read", 0), counts.pop("mixed", 0)
    return {"turns": len(turns), "wrong": dict(wrong), "read": dict(counts)}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.swaps", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="a trained home, only read")
    parser.add_argument("--swaps", type=int, default=20)
    parser.add_argument("--every", type=float, default=10, help="seconds between two swaps")
    parser.add_argument("--port", type=int, default=8790)
    return parser.parse_args()


if __name__ == "__main__":
    main()
