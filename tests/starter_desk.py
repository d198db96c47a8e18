"""The starter desk as `make run` makes it: content, a trained release, the real server."""

import fcntl
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

READY_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Starter:
    """A home with the starter desk and its first release; do not write to it, copy it."""

    home: Path
    metrics: Mapping[str, Any]

    def copy(self, to: Path) -> Path:
        """A home of one's own."""
        shutil.copytree(self.home, to)
        return to


def frontdesk(home: Path, *arguments: str) -> dict[str, Any]:
    """Run a command of the installed product with ``--json``; its report."""
    done = subprocess.run(
        [sys.executable, "-m", "service", "--home", str(home), *arguments, "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="session")
def starter(tmp_path_factory: pytest.TempPathFactory) -> Starter:
    """The starter desk, trained once for all tests, also where several processes share them.

    TEST_STARTER_HOME names a home that is trained already, for working on the tests.
    """
    ready = os.environ.get("TEST_STARTER_HOME")
    if ready:
        home = Path(ready)
        release = (home / "releases" / "champion").read_text().strip()
        metrics = json.loads((home / "releases" / release / "metrics.json").read_text())
        return Starter(home, metrics)
    place = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        place = place.parent
    home, report = place / "starter", place / "starter.json"
    with (place / "starter.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not report.exists():
            frontdesk(home, "init")
            report.write_text(json.dumps(frontdesk(home, "train")))
    return Starter(home, json.loads(report.read_text())["metrics"])


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


@contextmanager
def running_server(home: Path, *, log: Path) -> Iterator[str]:
    """The real server on a home; its address, once it can read."""
    port = free_port()
    command = [sys.executable, "-m", "service", "--home", str(home), "serve", "--port", str(port)]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        address = f"http://127.0.0.1:{port}"
        try:
            wait_until_ready(address, process, log)
            yield address
        finally:
            process.terminate()
            process.wait(timeout=30)


def wait_until_ready(address: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Return when ``/readyz`` says 200; fail with the server's log after a while."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/readyz", timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"The server did not get ready:\n{log.read_text(errors='replace')}")
