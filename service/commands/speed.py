"""What this machine carries: the real server on a copy of the desk, driven for a few seconds.

Called by ``frontdesk doctor --speed``. The desk itself is only read; the copy lies in its home, so
that the same disk commits, and goes when the measurement ends.
"""

import contextlib
import http.client
import itertools
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from service.config import Config
from service.errors import DeskError
from service.store import open_store

READY_SECONDS = 120.0
WARM_SECONDS = 4.0  # in which the model meets every size of a batch
MEASURE_SECONDS = 5.0
CUSTOMERS = 16  # at once, for the most that the machine carries
TURNS = 20  # of a customer, who then begins a conversation anew


@dataclass(frozen=True, slots=True)
class Speed:
    """What came of it; times in milliseconds, ``memory_mb`` of all the server's processes."""

    turns_per_second: float
    median_ms: float
    p99_ms: float
    alone_ms: float
    ready_seconds: float
    memory_mb: float


def measure_speed(config: Config) -> Speed:
    """Serve a copy of the desk and write to it. Raises ``DeskError`` when it cannot be served."""
    with tempfile.TemporaryDirectory(prefix=".speed-", dir=config.home) as folder:
        home = Path(folder)
        texts = _copy_desk(config, home)
        started = time.monotonic()
        with _serving(home) as (port, pid):
            ready = time.monotonic() - started
            time.sleep(WARM_SECONDS)
            alone = _drive(port, texts, 1)
            together = sorted(_drive(port, texts, CUSTOMERS))
            return Speed(
                turns_per_second=len(together) / MEASURE_SECONDS,
                median_ms=1000 * median(together),
                p99_ms=1000 * together[int(0.99 * (len(together) - 1))],
                alone_ms=1000 * median(alone),
                ready_seconds=ready,
                memory_mb=_memory(pid),
            )


def _copy_desk(config: Config, home: Path) -> list[str]:
    """A home with the same desk; returns messages to write to it."""
    store = open_store(config)
    try:
        store.backup(home / "desk.db")
        texts = [e.text for e in store.content().examples if len(e.text) <= config.max_text]
    finally:
        store.close()
    if not texts:
        raise DeskError("The desk has no examples to measure with.")
    (home / "releases").symlink_to(config.releases.absolute())
    if (config.cache).is_dir():
        shutil.copytree(config.cache, home / "cache")
    return texts


@contextlib.contextmanager
def _serving(home: Path) -> Iterator[tuple[int, int]]:
    """The server on a free port: the port and the process id of its master."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [sys.executable, "-m", "service", "--home", str(home), "serve"]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    silent: Any = subprocess.DEVNULL
    process = subprocess.Popen(  # noqa: S603 - our own command
        command, stdout=silent, stderr=silent, start_new_session=True
    )
    try:
        _await_ready(process, port)
        yield port, process.pid
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _await_ready(process: "subprocess.Popen[bytes]", port: int) -> None:
    end = time.monotonic() + READY_SECONDS
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError, http.client.HTTPException):
            if _call(port, "GET", "/readyz")[0] == 200:
                return
        time.sleep(0.05)
    raise DeskError("The desk's copy cannot be served; `frontdesk serve` says why.")


def _drive(port: int, texts: list[str], customers: int) -> list[float]:
    """Seconds of each turn that so many customers, who never pause, were answered in time."""
    took: list[float] = []
    start = threading.Barrier(customers)

    def talk(number: int) -> None:
        words = itertools.cycle(texts[number * 31 % len(texts) :] + texts)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        start.wait()
        end = time.monotonic() + MEASURE_SECONDS
        while True:
            status, made = _call(port, "POST", "/api/v1/conversations", {}, connection=connection)
            if status != 201:
                raise DeskError(f"The desk's copy began no conversation: status {status}.")
            path = f"/api/v1/conversations/{made['conversation']['id']}/messages"
            for turn in range(TURNS):
                message = {"client_id": f"c{turn}", "text": next(words)}
                began = time.monotonic()
                status, _ = _call(port, "POST", path, message, made["token"], connection)
                if status != 201:  # its share of those handed over is the desk's own affair
                    raise DeskError(f"The desk's copy answered a message with status {status}.")
                if time.monotonic() > end:
                    connection.close()
                    return
                took.append(time.monotonic() - began)

    with ThreadPoolExecutor(customers) as pool:
        list(pool.map(talk, range(customers)))
    if not took:
        raise DeskError("The desk's copy answered nothing in time.")
    return took


def _call(
    port: int,
    method: str,
    path: str,
    body: object = None,
    token: str = "",
    connection: http.client.HTTPConnection | None = None,
) -> tuple[int, Any]:
    used = connection or http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    used.request(method, path, None if body is None else json.dumps(body), headers)
    response = used.getresponse()
    value = json.loads(response.read() or b"null")
    if connection is None:
        used.close()
    return response.status, value


def _memory(master: int) -> float:
    """Megabytes of the process and its children that are theirs alone, shared pages by share; NaN
    where the system does not tell."""
    try:
        children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
        lines = [
            line
            for pid in (str(master), *children)
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            if line.startswith("Pss:")
        ]
    except OSError:
        return float("nan")
    return sum(int(line.split()[1]) for line in lines) / 1024
