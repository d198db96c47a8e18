"""What is measured on each server: the peak, one customer, and more and more of them.

Called by the command, which puts it together; `benchmarks.load.costs` goes on from here.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.load.homes import copy_home
from benchmarks.load.servers import (
    count_actions,
    frontdesk,
    path_of,
    peer,
    start_conversations,
)
from benchmarks.load.wrk import drive
from benchmarks.understanding.machine import ROOT
from finetune.encoders import find_encoder
from index.champion import champion
from service.config import DEFAULT_ENCODER

PEERS = ("mosec", "litserve", "flask")
LADDER = (1, 2, 4, 8, 16, 32, 64)
OFFERED = (10, 25, 50, 75, 90)  # % of the peak
FULL = 32  # connections, for the peak
WAITING = 100  # connections that pause; more of them would look like a flood
TURNS_EACH = 2  # of a conversation, so that few belong to a person by then
MOST_RATE = 700  # turns/s for which there are conversations enough
ONE_RATE = 150  # the same of one customer
Figures = dict[str, Any]


class Bench:
    """One desk, one set of messages, and the servers one after another."""

    def __init__(self, options: argparse.Namespace, texts: Sequence[str], folder: Path) -> None:
        self.seconds: int = options.seconds
        self.peers: Path = options.peers
        self.texts = texts
        self.folder = folder
        self.home = copy_home(options.home or self._make_home(), folder / "home")
        self.encoder = find_encoder(DEFAULT_ENCODER)
        self._last_port: int = options.port

    def round(self, number: int) -> Figures:
        """Every server once, in an order that turns from round to round."""
        steps: dict[str, Callable[[], Figures]] = {"bare": self._bare, "frontdesk": self._ours}
        steps |= {name: lambda name=name: self._peer(name) for name in PEERS}  # type: ignore[misc]
        names = list(steps)
        order = names[number % len(names) :] + names[: number % len(names)]
        return {name: tell(name, steps[name]()) for name in order}

    def ladder(self) -> list[Figures]:
        """Our server with more and more customers at once."""
        port = self.port()
        with frontdesk(self.home, port, self.log):
            return [{"customers": customers, **self.turns(port, customers)} for customers in LADDER]

    def turns(self, port: int, connections: int, rate: float | None = None) -> Figures:
        """Drive our server, by so many connections that never pause, or at about that rate."""
        expected = rate or min(ONE_RATE * connections, MOST_RATE)
        places = start_conversations(port, int(expected * self.seconds / TURNS_EACH) + 8)
        before = count_actions(port)
        load = drive(
            port,
            places,
            self.texts,
            connections=connections,
            seconds=self.seconds,
            pause_ms=1000 * connections / rate if rate else 0,
        )
        done = {action: n - before[action] for action, n in count_actions(port).items()}
        total = sum(done.values()) or 1
        return {**asdict(load), "actions": {action: n / total for action, n in done.items()}}

    def port(self) -> int:
        """A fresh one for every server: the last one's may still be lingering."""
        self._last_port += 1
        return self._last_port

    @property
    def log(self) -> Path:
        """Where our server writes."""
        return self.folder / "frontdesk.log"

    def _ours(self) -> Figures:
        port = self.port()
        with frontdesk(self.home, port, self.log):
            full = self.turns(port, FULL)
            offered = {
                str(share): self.turns(port, WAITING, full["rate"] * share / 100)
                for share in OFFERED
            }
            return {"full": full, "offered": offered, "one": self.turns(port, 1)}

    def _peer(self, name: str) -> Figures:
        python, port = self.peers / "bin" / "python", self.port()
        with peer(name, python, self.encoder, port, self.folder / f"{name}.log"):
            places = [(path_of(name), "")] * 4
            loads = {
                kind: drive(port, places, self.texts, connections=connections, seconds=self.seconds)
                for kind, connections in (("full", FULL), ("one", 1))
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
        home = self.folder / "made"
        for command in ("init", "train"):
            arguments = [sys.executable, "-m", "service", "--home", str(home), command]
            subprocess.run(arguments, check=True, stdout=subprocess.DEVNULL, cwd=ROOT)
        return home


def tell(name: str, figures: Figures) -> Figures:
    """Say on stderr what was just measured, and pass it on."""
    print(name, json.dumps(figures), file=sys.stderr, flush=True)
    return figures
