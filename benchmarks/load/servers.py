"""Starts the servers that are measured, on loopback, and ends them by their process group."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.load.wrk import Place

HERE = Path(__file__).parent
START_SECONDS = 120
JSON = {"Content-Type": "application/json"}


@contextmanager
def frontdesk(home: Path, port: int, log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Our server on a home, ready to read."""
    command = [sys.executable, "-m", "service", "--home", str(home), "serve", "--port", str(port)]
    with _running(command, log, {}) as process:
        _await(process, port, "GET", "/readyz", None)
        time.sleep(5)  # until it has met every shape of a batch
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
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    places = []
    for _ in range(count):
        connection.request("POST", "/api/v1/conversations", b"{}", JSON)
        made: dict[str, Any] = json.loads(connection.getresponse().read())
        path = f"/api/v1/conversations/{made['conversation']['id']}/messages"
        places.append((path, made["token"]))
    connection.close()
    return places


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
    process: "subprocess.Popen[bytes]", port: int, method: str, path: str, body: object
) -> None:
    end = time.monotonic() + START_SECONDS
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
    raise RuntimeError(f"{process.args!r} did not get ready")
