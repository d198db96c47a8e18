"""A release that is damaged on disk, under the real server: refused, told, and nobody is without
an answer for it."""

import json
import os
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from index.champion import champion, promote
from live import LiveServer
from starter_desk import Starter, frontdesk
from test_engine_process import owner_of

pytestmark = [pytest.mark.model, pytest.mark.slow]

SECONDS = 120  # with room for a machine that others use, too


def twin(home: Path) -> str:
    """Another release that reads as the champion does; its id."""
    releases, name = home / "releases", "rel_20270101T000000Z_00000001"
    shutil.copytree(releases / str(champion(releases)), releases / name)
    manifest = releases / name / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"id": name}))
    return name


def cut(folder: Path) -> None:
    """Cut its largest files, in place, as a full disk or a broken copy leaves them."""
    for name in ("compiled/network.bin", "encoder/model.safetensors", "heads.safetensors"):
        os.truncate(folder / name, 1000)


def ready(server: LiveServer, when: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """What /readyz says, as soon as every process says so."""
    deadline, since = time.monotonic() + SECONDS, 0
    while since < 20:
        assert time.monotonic() < deadline, server.call("GET", "/readyz")
        told: dict[str, Any] = server.call("GET", "/readyz")[2]
        since = since + 1 if when(told) else 0
        time.sleep(0.05)
    return told


def answer(server: LiveServer) -> str:
    path, token = server.start_conversation()
    message = {"client_id": "1", "text": "where is my order KM-482913?"}
    return str(server.call("POST", f"{path}/messages", message, token=token)[2]["action"])


def test_release_that_is_damaged_after_its_promotion_is_refused_and_the_old_one_serves_on(
    starter: Starter, tmp_path: Path
) -> None:
    home = starter.copy(tmp_path / "home")
    releases, old, new = home / "releases", champion(home / "releases"), twin(home)
    frontdesk(home, "operator", "add", "ana@desk.example", "--role", "admin")
    token = frontdesk(home, "operator", "token", "ana@desk.example")["token"]
    with LiveServer(home, workers="2") as server:
        ready(server, lambda told: told["release"] == old)
        owner = owner_of(server)
        os.kill(owner, signal.SIGSTOP)  # so that it cannot be faster than the damage
        try:
            promote(releases, new)
            cut(releases / new)
        finally:
            os.kill(owner, signal.SIGCONT)
        told = ready(server, lambda told: "problem" in told)
        assert (told["status"], told["release"]) == ("ready", old)
        assert f"{new} cannot be loaded" in told["problem"]
        assert "is not what was written" in told["problem"]
        assert answer(server) == "answer"
        shown = server.call("GET", "/api/v1/releases", token=token)[2]
        assert (shown["champion"], shown["serving"]) == (new, old)
        assert shown["problem"] == told["problem"]
        assert f"ERROR frontdesk.engine: Release {new} cannot be loaded" in server.log.read_text()
        assert server.call("POST", "/api/v1/releases/rollback", token=token)[0] == 200
        assert ready(server, lambda told: "problem" not in told)["release"] == old
        assert owner_of(server) == owner


def test_champion_that_is_damaged_in_use_serves_on_and_after_a_restart_the_one_before(
    starter: Starter, tmp_path: Path
) -> None:
    home = starter.copy(tmp_path / "home")
    releases, old, new = home / "releases", champion(home / "releases"), twin(home)
    promote(releases, new)
    with LiveServer(home) as server:
        ready(server, lambda told: told["release"] == new)
        owner = owner_of(server)
        cut(releases / new)
        assert [answer(server) for _ in range(5)] == ["answer"] * 5
        assert owner_of(server) == owner  # what it reads with lies in memory, not in the files
    with LiveServer(home) as server:
        told = ready(server, lambda told: told["release"] == old)
        assert f"{new} cannot be loaded" in told["problem"]
        assert answer(server) == "answer"
