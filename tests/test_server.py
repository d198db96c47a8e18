"""The real server over HTTP: it serves, it ends when told to, and kill -9 loses nothing."""

import http.client
import itertools
import json
import os
import re
import resource
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from live import ROOT, LiveServer, free_port, surroundings
from service.cli import cli
from service.config import Config
from service.passwords import password_matches
from service.server import DeskWorker, Server, address_of
from service.store import open_store
from service.watching import Watching


@pytest.fixture
def home(tmp_path: Path, first_database: Path) -> Path:
    """A home with the small desk and no release: the desk is honest that it cannot read."""
    folder = tmp_path / "home"
    folder.mkdir()
    shutil.copy(first_database, folder / "desk.db")
    return folder


@pytest.fixture
def server(home: Path) -> Iterator[LiveServer]:
    with LiveServer(home) as server:
        yield server


def test_server_serves_and_ends_cleanly(server: LiveServer) -> None:
    path, token = server.start_conversation()
    stream = server.stream(path, token)
    message = {"client_id": "c-1", "text": "where is LC-1234"}
    status, headers, turn = server.call("POST", f"{path}/messages", message, token=token)
    assert status == 201
    assert headers["Content-Type"] == "application/json"
    assert turn["action"] == "handoff"
    assert turn["reply"]["text"] == "The assistant is away; your message is safe."
    assert server.call("POST", f"{path}/messages", message, token=token)[0] == 200
    heard: list[str] = []
    while "where is LC-1234" not in heard:
        line = stream.readline().decode()
        if line.startswith("data: "):
            heard.append(json.loads(line.removeprefix("data: "))["text"])
    assert server.call("GET", "/readyz")[0] == 503
    assert server.call("GET", f"{path}/messages", token="wrong")[0] == 401
    assert server.call("GET", "/api/v1/tickets")[0] == 401
    for page in ("/", "/console", "/widget.js", "/openapi.json", "/metrics"):
        assert server.call("GET", page)[0] == 200, page
    # SIGTERM, with event streams open: they end, and the server does within seconds.
    streams = [stream, *(server.stream(*server.start_conversation()) for _ in range(20))]
    assert server.terminate() < 6
    assert server.process.returncode == 0
    for open_stream in streams:
        open_stream.read()
    told = server.log.read_text()
    assert "Traceback" not in told
    assert "ERROR" not in told


def test_master_loads_no_model_and_answers_while_the_engine_is_away(server: LiveServer) -> None:
    for pid in (server.process.pid, *server.workers()):
        mapped = Path(f"/proc/{pid}/maps").read_text()
        assert "libtorch" not in mapped
        assert "faiss" not in mapped


def test_many_customers_may_be_connected(home: Path) -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    allowed = 65_536 if hard == resource.RLIM_INFINITY else min(65_536, hard)
    soft_before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(1024, soft_before[0]), hard))
    try:
        with LiveServer(home) as server:
            for pid in server.workers():
                limits = Path(f"/proc/{pid}/limits").read_text()
                found = re.search(r"Max open files\s+(\d+)", limits)
                assert found
                assert int(found[1]) == allowed
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, soft_before)


def test_streams_take_no_place_from_requests(home: Path) -> None:
    with LiveServer(home, threads="36") as server:
        streams = []
        for most in (8, 6):  # eight of a conversation, fourteen of all customers
            path, token = server.start_conversation()
            streams += [server.stream(path, token) for _ in range(most)]
            status, headers, problem = server.call("GET", f"{path}/events", token=token)
            assert (status, problem["code"]) == (503, "busy")
            assert headers["Retry-After"] == "5"
        message = {"client_id": "c-1", "text": "hello"}
        assert server.call("POST", f"{path}/messages", message, token=token)[0] == 201
        assert all(stream.readline() for stream in streams)


def test_bytes_that_are_no_http_are_refused(server: LiveServer) -> None:
    for raw in (b"\x16\x03\x01\x02\x00\x01\x00", b"GET / HTTP/9.9\r\n\r\n", b"\r\n" * 20):
        with socket.create_connection(("127.0.0.1", server.port), timeout=5) as wire:
            wire.sendall(raw)
            wire.shutdown(socket.SHUT_WR)
            wire.recv(1000)
    huge = b"POST /api/v1/conversations HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as wire:
        wire.sendall(huge)
        assert b" 413 " in wire.recv(1000).split(b"\r\n", maxsplit=1)[0]
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as wire:
        wire.sendall(
            b"POST /api/v1/conversations HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
            b"Content-Type: application/json\r\n\r\n"
        )
        chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
        try:
            for _ in range(20):
                wire.sendall(chunk)
            wire.sendall(b"0\r\n\r\n")
        except OSError:
            pass  # it may refuse before it has read everything
        answer = wire.recv(1000)
        assert b" 413 " in answer.split(b"\r\n", maxsplit=1)[0]
    assert server.call("GET", "/healthz")[0] == 200
    assert "Traceback" not in server.log.read_text()


def test_port_in_use_is_told(home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "service", "--home", str(home), "serve", "--port", port]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=surroundings(),
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
    assert done.returncode == 1
    assert f"127.0.0.1:{port}" in done.stderr
    assert "Traceback" not in done.stderr


def test_address_of_another_machine_is_told(home: Path) -> None:
    command = [sys.executable, "-m", "service", "--home", str(home), "serve"]
    command += ["--host", "192.0.2.1", "--port", str(free_port())]
    done = subprocess.run(
        command, cwd=ROOT, env=surroundings(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "192.0.2.1" in done.stderr
    assert "Traceback" not in done.stderr


def test_worker_that_cannot_start_is_a_failure_and_not_the_gates_no(home: Path) -> None:
    program = (
        "import sys; import service.server as server\n"
        "def fail(*_, **__): raise RuntimeError('no application')\n"
        "server.create_app = fail\n"
        f"sys.argv = ['frontdesk', '--home', {str(home)!r}, 'serve', '--port', '{free_port()}']\n"
        "from service.cli import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=surroundings(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert "no application" in done.stderr
    assert "frontdesk: No worker could be started" in done.stderr


@pytest.mark.parametrize(
    ("host", "bound"), [("127.0.0.1", "127.0.0.1:80"), ("desk", "desk:80"), ("::1", "[::1]:80")]
)
def test_ipv6_address_is_bracketed(host: str, bound: str) -> None:
    assert address_of(host, 80) == bound
    server = Server(Config(host=host, port=80), Path("model"), None)
    assert server.cfg.settings["bind"].get() == [bound]


def test_the_end_gives_up_a_look_before_it_waits_for_customers(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    class Looking(Watching):
        def start(self) -> None:
            done.append("start")

        def close(self) -> None:
            done.append("close")

    class Answering:
        def __init__(self, *_: Any) -> None: ...

        def run(self, wanted: Callable[[], bool], *_: Any, **__: Any) -> None:
            assert wanted()
            worker.alive = False
            assert not wanted()
            done.append("customers hang up")

    monkeypatch.setattr("service.server.Watching", Looking)
    monkeypatch.setattr("service.server.EngineServer", Answering)
    server = Server(Config(home=home), Path("model"), None)
    worker = DeskWorker(0, os.getppid(), [], server, 1, server.cfg, None)
    worker.alive = worker.owns_model = True
    worker.run()
    worker.tmp.close()
    assert done == ["start", "close", "customers hang up", "close"]


# --- run -----------------------------------------------------------------------------------------


def test_run_shows_the_password_before_it_serves_and_opens_one_store(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A second store in the worker would drop the locks of the first when it is closed."""
    (home / "releases").mkdir()
    (home / "releases" / "champion").write_text("rel_a\n")
    shown: list[str] = []
    port = free_port()

    def serve(_config: Config, on_ready: Callable[[str], None]) -> None:
        shown.append(capsys.readouterr().out)
        monkeypatch.setattr(sqlite3, "connect", None)  # from here on this is a worker
        on_ready("rel_a")

    monkeypatch.setattr("service.server.serve", serve)
    arguments = ["--home", str(home), "run", "--host", "::1", "--port", str(port)]
    cli.main(arguments, standalone_mode=False)
    (greeting,) = shown
    for words in (f"http://[::1]:{port}/console", "admin@desk.example", "Password"):
        assert words in greeting
    assert capsys.readouterr().out == "Ready: the desk reads with release rel_a.\n"
    monkeypatch.undo()
    capsys.readouterr()
    store = open_store(Config(home=home))
    (first,) = store.operators()
    password = re.search(r"Password .*?(\S+)\n", greeting)
    assert password
    assert password_matches(store.password_hash(first.id), password[1])
    store.close()


# --- kill -9 -------------------------------------------------------------------------------------


@dataclass
class Writer:
    """A client that posts one message after the other and remembers what was acknowledged."""

    name: str
    path: str
    token: str
    acknowledged: dict[str, Any] = field(default_factory=dict)
    pending: str | None = None

    def run(self, server: LiveServer) -> None:
        """Post until the server is gone."""
        connection = server.connect(timeout=5)
        try:
            for number in itertools.count():
                self.pending = f"{self.name}-{number}"
                self.post(server, connection)
        except (OSError, http.client.HTTPException):
            return
        finally:
            connection.close()

    def post(self, server: LiveServer, connection: http.client.HTTPConnection | None = None) -> int:
        """Post what is pending; returns the status."""
        assert self.pending
        body = {"client_id": self.pending, "text": f"message {self.pending}"}
        status, _, turn = server.call(
            "POST", f"{self.path}/messages", body, token=self.token, connection=connection
        )
        assert status in (200, 201), turn
        self.acknowledged[self.pending] = turn
        self.pending = None
        return status

    def run_stubbornly(self, server: LiveServer, until: float) -> None:
        """Post as the widget does: the same message again until it is acknowledged."""
        for number in itertools.count():
            if time.monotonic() > until:
                return
            self.pending = f"{self.name}-{number}"
            while self.pending:
                try:
                    self.post(server)
                except (OSError, http.client.HTTPException):
                    time.sleep(0.02)


def written(server: LiveServer, writer: Writer) -> list[dict[str, Any]]:
    """Every message of the writer's conversation."""
    found: list[dict[str, Any]] = []
    after = 0
    while True:
        path = f"{writer.path}/messages?after={after}&limit=500"
        page = server.call("GET", path, token=writer.token)[2]["messages"]
        if not page:
            return found
        found += page
        after = page[-1]["seq"]


def writers_of(server: LiveServer) -> list[Writer]:
    """Four with a conversation each, and four that share one."""
    own = [Writer(f"own{n}", *server.start_conversation()) for n in range(4)]
    shared = server.start_conversation()
    return own + [Writer(f"shared{n}", *shared) for n in range(4)]


def check_nothing_lost_or_doubled(server: LiveServer, writers: list[Writer]) -> None:
    for path in {writer.path for writer in writers}:
        here = [writer for writer in writers if writer.path == path]
        messages = written(server, here[0])
        seqs = [message["seq"] for message in messages]
        assert seqs == sorted(set(seqs))
        said = [m["client_id"] for m in messages if m["author"] == "customer"]
        assert len(said) == len(set(said)), "doubled"
        assert set(said) == {name for w in here for name in w.acknowledged}, "lost or unasked"
        by_id = {m["client_id"]: m for m in messages if m["author"] == "customer"}
        for writer in here:
            mine = [name for name in said if name.startswith(f"{writer.name}-")]
            assert mine == [f"{writer.name}-{n}" for n in range(len(mine))], "order"
            for name, turn in writer.acknowledged.items():
                assert by_id[name] == turn["message"]
        # One customer, one cry for help: not a ticket for every retry.
        handed = [t for w in here for t in w.acknowledged.values() if t["reply"]]
        assert len(handed) == 1


@pytest.mark.slow
def test_kill_9_under_load_loses_and_doubles_nothing(home: Path) -> None:
    with LiveServer(home, workers="2", threads="64") as server:
        writers = writers_of(server)
        threads = [threading.Thread(target=w.run, args=(server,), daemon=True) for w in writers]
        for thread in threads:
            thread.start()
        time.sleep(3)
        server.kill()
        for thread in threads:
            thread.join(timeout=20)
    assert all(w.acknowledged for w in writers), "no load"
    cut = [writer for writer in writers if writer.pending]
    assert cut, "nothing was under way when the server was killed"
    with LiveServer(home, workers="2", threads="64") as server:
        for writer in cut:
            writer.post(server)
        for writer in writers:
            for name in list(writer.acknowledged)[-20:]:
                before = writer.acknowledged[name]
                writer.pending = name
                assert writer.post(server) == 200
                assert writer.acknowledged[name] == before
        check_nothing_lost_or_doubled(server, writers)
        assert server.terminate() < 6


@pytest.mark.slow
def test_killed_worker_is_replaced_and_nothing_is_lost(home: Path) -> None:
    with LiveServer(home, workers="2", threads="64") as server:
        writers = writers_of(server)
        until = time.monotonic() + 3
        threads = [
            threading.Thread(target=w.run_stubbornly, args=(server, until), daemon=True)
            for w in writers
        ]
        for thread in threads:
            thread.start()
        for place in (0, -1):  # the oldest, which owns the model, and a web process
            time.sleep(0.8)
            before = server.workers()
            subprocess.run(["kill", "-9", str(before[place])], check=True)
        for thread in threads:
            thread.join(timeout=60)
            assert not thread.is_alive()
        assert set(server.workers()) != set(before)
        assert len(server.workers()) == 3
        check_nothing_lost_or_doubled(server, writers)
