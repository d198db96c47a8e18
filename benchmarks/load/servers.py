"""Starts the servers that are measured, on loopback, and ends them by their process group."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.load.wrk import Place

HERE = Path(__file__).parent
START_SECONDS = 120
WARM_SECONDS = 5  # until it has met every shape of a batch
BEGINNERS = 4  # who start conversations at once
ACTIONS = ("answer", "clarify", "ask", "handoff", "none")
JSON = {"Content-Type": "application/json"}


class NotReady(RuntimeError):
    """A server ended, or did not get ready in its time."""


@contextmanager
def frontdesk(
    home: Path, port: int, log: Path, start_seconds: float = START_SECONDS
) -> Iterator["subprocess.Popen[bytes]"]:
    """Our server on a home, ready to read; ``NotReady`` when it takes longer than that."""
    command = [sys.executable, "-m", "service", "--home", str(home), "serve", "--port", str(port)]
    with _running(command, log, {}) as process:
        _await(process, port, "GET", "/readyz", None, start_seconds)
        time.sleep(WARM_SECONDS)
        yield process


@contextmanager
def peer(
    name: str, python: Path, encoder: Path, port: int, log: Path
) -> Iterator["subprocess.Popen[bytes]"]:
    """One of the servers in ``peers``, answering at ``path_of(name)``."""
    command = [str(python), str(HERE / "peers" / f"{name}_peer.py"), "--port", str(port)]
    with _running(command, log, {"PEER_ENCODER": str(encoder)}) as process:
        _await(process, port, "POST", path_of(name), {"text": "hello"})
        yield process


def path_of(name: str) -> str:
    """Where a peer takes messages."""
    return "/predict" if name == "litserve" else "/inference"


def start_conversations(port: int, count: int) -> list[Place]:
    """New conversations, by the place of their messages."""
    with ThreadPoolExecutor(BEGINNERS) as pool:
        parts = pool.map(lambda k: _start(port, (count + k) // BEGINNERS), range(BEGINNERS))
        return [place for part in parts for place in part]


def _start(port: int, count: int) -> list[Place]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    places = []
    for _ in range(count):
        made = call(connection, "POST", "/api/v1/conversations", {})
        path = f"/api/v1/conversations/{made['conversation']['id']}/messages"
        places.append((path, made["token"]))
    connection.close()
    return places


def call(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    body: object = None,
    token: str = "",
) -> Any:
    """What our API says; ``RuntimeError`` unless it went well."""
    headers = {**JSON, "Authorization": f"Bearer {token}"} if token else JSON
    connection.request(method, path, None if body is None else json.dumps(body), headers)
    response = connection.getresponse()
    said = response.read()
    if response.status >= 300:
        raise RuntimeError(f"{method} {path}: {response.status} {said[:200]!r}")
    return json.loads(said) if said else None


def count_actions(port: int) -> dict[str, float]:
    """How many turns the server has seen, by what it did."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as response:
        page = response.read().decode()
    found = dict(re.findall(r'^frontdesk_turns_total\{action="(\w+)"\} (\S+)$', page, re.M))
    return {action: float(found.get(action, 0)) for action in ACTIONS}


@contextmanager
def _running(
    command: Sequence[str], log: Path, environment: Mapping[str, str]
) -> Iterator["subprocess.Popen[bytes]"]:
    with log.open("ab") as out:
        process = subprocess.Popen(
            command,
            stdout=out,
            stderr=out,
            env={**os.environ, **environment},
            start_new_session=True,
        )
    try:
        yield process
    finally:
        for kind in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(process.pid, kind)
                process.wait(timeout=20)
                time.sleep(0.5)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                continue


def _await(
    process: "subprocess.Popen[bytes]",
    port: int,
    method: str,
    path: str,
    body: object,
    seconds: float = START_SECONDS,
) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            connection.request(method, path, json.dumps(body) if body else None, JSON)
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        finally:
            connection.close()
        time.sleep(0.1)
    raise NotReady(f"{process.args!r} did not get ready")
