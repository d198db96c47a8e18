"""What an edit of the content costs those who are answered meanwhile, and when it is served:
``python -m benchmarks.edits HOME [--examples N] [--passages N]``.

A desk with HOME's release, the starter's content and as many more examples (of ../shared/data) and
passages (60 words of its answers) is read from by one customer who never pauses, in the process
that owns the model. Meanwhile a template is edited, and then 5,000 examples are added. A line of
JSON for each: seconds until it is served, and the customer's reads in milliseconds.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from service.commands.home import STARTER
from service.config import Config
from service.content import read_desk
from service.engine_client import RemoteEngines
from service.engine_server import EngineServer
from service.engine_wire import unpack_state
from service.errors import EngineAway, EngineChanged
from service.records.content import Article, Example
from service.store import Store, open_store

DATA = Path(__file__).parents[1] / ".." / "shared" / "data"
ADDED = 5_000
WORDS = 60
QUIET_SECONDS = 10
EDITS = 3


class Customer:
    """Asks without a pause; ``times`` holds when each read ended and how long it took."""

    def __init__(self, engines: RemoteEngines, texts: list[str]) -> None:
        self.times: list[tuple[float, float]] = []
        self.away = 0
        self._engines, self._texts = engines, texts
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self._thread.start()

    def told(self, name: str, since: float) -> dict[str, Any]:
        """The figures of all reads that ended since then."""
        took = [1000 * seconds for at, seconds in self.times if at >= since]
        places = {"median": 50, "p90": 90, "p99": 99, "max": 100}
        spread = {
            f"{place}_ms": round(float(np.percentile(took, q)), 1) for place, q in places.items()
        }
        seconds = round(time.monotonic() - since, 2)
        return {"phase": name, "seconds": seconds, "reads": len(took), **spread, "away": self.away}

    def _ask(self) -> None:
        for number in range(sys.maxsize):
            start = time.monotonic()
            try:
                self._engines.current().read([self._texts[number % len(self._texts)]])
            except EngineAway:
                self.away += 1
            except EngineChanged:
                continue
            end = time.monotonic()
            self.times.append((end, end - start))


def main() -> None:
    options = _options()
    if options.own:
        own(Config(home=options.home), options.own)
        return
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        home.mkdir()
        (home / "releases").symlink_to(options.home.resolve() / "releases")
        if options.cache and options.cache.is_dir():
            shutil.copytree(options.cache, home / "cache")
        store = open_store(Config(home=home))
        spare = fill(store, options.data, options.examples, options.passages)
        address = Path(folder) / "model"
        command = [sys.executable, "-m", "benchmarks.edits", str(home), "--own", str(address)]
        owner = subprocess.Popen(command)
        try:
            measure(store, address, owner.pid, spare)
        finally:
            owner.terminate()
            owner.wait(30)
        if options.cache:
            shutil.copytree(home / "cache", options.cache, dirs_exist_ok=True)


def own(config: Config, address: Path) -> None:
    """Be the process that owns the model, until ended."""
    EngineServer(config, open_store(config), address).run(lambda: True, lambda: None)


def fill(store: Store, data: Path, examples: int, passages: int) -> Iterator[str]:
    """The starter's content and so many more; gives texts that are not in it yet."""
    content = read_desk(STARTER)
    texts, windows = _texts(data), _windows(data)
    intent = content.intents[0].name
    more = [Example(f"b{n}", next(texts), intent) for n in range(examples)]
    pieces = [Article(f"b{n}", f"About {n}", next(windows)) for n in range(passages)]
    articles = (*content.articles, *pieces)
    store.replace_content(replace(content, examples=(*content.examples, *more), articles=articles))
    return texts


def measure(store: Store, address: Path, owner: int, spare: Iterator[str]) -> None:
    engines = RemoteEngines(store, address)
    start = time.monotonic()
    while not _served(engines, store):
        time.sleep(0.1)
    print(json.dumps({"phase": "start", "seconds": round(time.monotonic() - start, 2)}), flush=True)
    time.sleep(5)  # shapes of batches are being met
    engines.refresh()
    asked = [case.text for case in store.content().golden]
    customer = Customer(engines, asked)
    since, cpu = time.monotonic(), _cpu(owner)
    time.sleep(QUIET_SECONDS)
    print(json.dumps({**customer.told("quiet", since), "cpu": _cpu(owner) - cpu}), flush=True)
    content = store.content()
    template, intent = content.templates[0], content.intents[0].name
    for number in range(EDITS):
        since, cpu = time.monotonic(), _cpu(owner)
        store.save_template(replace(template, text=f"{template.text} {number}"))
        _wait(engines, store)
        print(json.dumps({**customer.told("edit", since), "cpu": _cpu(owner) - cpu}), flush=True)
    fresh = [Example("", next(spare), intent) for _ in range(ADDED)]
    time.sleep(1)
    since, cpu = time.monotonic(), _cpu(owner)
    store.add_examples(fresh)
    _wait(engines, store)
    told = customer.told(f"{ADDED} examples added", since)
    print(json.dumps({**told, "cpu": _cpu(owner) - cpu, "peak_mib": _peak(owner)}), flush=True)


def _wait(engines: RemoteEngines, store: Store) -> None:
    while not _served(engines, store):
        time.sleep(0.02)
    engines.refresh()


def _served(engines: RemoteEngines, store: Store) -> bool:
    """Whether the owner answers with the content as it stands."""
    try:
        state = unpack_state(engines.ask({"state": True}, time.monotonic() + 1))
    except EngineAway:
        return False
    return state.key is not None and state.key.revision == store.content_revision()


def _cpu(process: int) -> float:
    """Processor seconds of a process."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _peak(process: int) -> int:
    """The most MiB that a process has had."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM"))


def _texts(data: Path) -> Iterator[str]:
    seen: set[str] = set()
    for path in sorted(data.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            text = json.loads(line).get("text")
            if text and text not in seen:
                seen.add(text)
                yield text


def _windows(data: Path) -> Iterator[str]:
    lines = (data / "bitext_answers.jsonl").read_text(encoding="utf-8").splitlines()
    words = " ".join(json.loads(line)["answer"] for line in lines).split()
    chance = random.Random(1)
    while True:
        start = chance.randrange(len(words) - WORDS)
        yield " ".join(words[start : start + WORDS])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path, help="a desk with a release; nothing is changed in it")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of labelled rows")
    parser.add_argument("--examples", type=int, default=0)
    parser.add_argument("--passages", type=int, default=0)
    parser.add_argument("--cache", type=Path, help="keeps vectors from one run to the next")
    parser.add_argument("--own", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
