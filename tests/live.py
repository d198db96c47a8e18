"""The real server as a process of its own, and a small HTTP client for it."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
START_SECONDS = 30


def free_port() -> int:
    """A port on loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def surroundings(**settings: str) -> dict[str, str]:
    """The environment with these settings and no others of the desk."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("FRONTDESK_")}
    return kept | {f"FRONTDESK_{name.upper()}": value for name, value in settings.items()}


class LiveServer:
    """``python -m service serve`` on a free port; its log is in ``log``."""

    def __init__(self, home: Path, **settings: str) -> None:
        self.port = free_port()
        self.log = home.parent / f"server-{self.port}.log"
        self.streams: list[http.client.HTTPConnection] = []
        command = [sys.executable, "-m", "service", "--home", str(home), "serve"]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*command, "--port", str(self.port)],
                cwd=ROOT,
                env=surroundings(**settings),
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,  # so that the test can kill all of it, and only it
            )
        self._await_health()

    def __enter__(self) -> "LiveServer":
        return self

    def __exit__(self, *_: object) -> None:
        for connection in self.streams:
            connection.close()
        if self.process.poll() is None:
            self.kill()

    def workers(self) -> list[int]:
        """The process ids of the workers."""
        pid = self.process.pid
        return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def kill(self) -> None:
        """``kill -9`` for master and workers at once."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=10)

    def terminate(self) -> float:
        """SIGTERM as a service manager sends it; returns the seconds until the end."""
        started = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=60)
        return time.monotonic() - started

    def connect(self, timeout: float = 10) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = None,
        connection: http.client.HTTPConnection | None = None,
    ) -> tuple[int, Mapping[str, str], Any]:
        """Status, headers and value of one call."""
        used = connection or self.connect()
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        try:
            used.request(method, path, data, headers)
            response = used.getresponse()
            raw = response.read()
        finally:
            if connection is None:
                used.close()
        told = dict(response.getheaders())
        value = json.loads(raw) if "json" in told.get("Content-Type", "") else raw
        return response.status, told, value

    def start_conversation(self) -> tuple[str, str]:
        """The path of a new conversation and its token."""
        status, _, started = self.call("POST", "/api/v1/conversations")
        assert status == 201, started
        return f"/api/v1/conversations/{started['conversation']['id']}", started["token"]

    def stream(self, path: str, token: str) -> http.client.HTTPResponse:
        """An open event stream, past its first bytes."""
        connection = self.connect()
        self.streams.append(connection)
        connection.request("GET", f"{path}/events", headers={"Authorization": f"Bearer {token}"})
        response = connection.getresponse()
        assert response.status == 200, response.read()
        assert response.readline() == b"retry: 1000\n"
        return response

    def _await_health(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise AssertionError(f"The server ended: {self.log.read_text()}")
            try:
                if self.call("GET", "/healthz")[0] == 200:
                    return
            except OSError:
                time.sleep(0.02)
        self.kill()
        raise AssertionError(f"The server did not start: {self.log.read_text()}")
