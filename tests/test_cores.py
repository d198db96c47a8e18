"""Web processes have a core of their own; what they start may use every one."""

import io
import os
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from live import LiveServer
from service import cores, diffs, passwords
from service.config import Config
from service.cores import everywhere, least_used, stay_on
from service.records.content import Content
from service.store import open_store
from service.uploads import receiving

pytestmark = pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2,
    reason="needs a system with cores to choose from",
)


def test_the_core_that_the_fewest_have_is_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cores, "ALLOWED", {3, 5, 9})
    taken: list[int | None] = [None]  # the owner of the model has none
    for _ in range(6):
        taken.append(least_used(taken))
    assert Counter(taken) == {None: 1, 3: 2, 5: 2, 9: 2}
    assert {least_used([]) for _ in range(200)} == {3, 5, 9}


def test_without_a_choice_nobody_has_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for allowed in (set[int](), {3}):
        monkeypatch.setattr(cores, "ALLOWED", allowed)
        assert least_used([]) is None
    before = os.sched_getaffinity(0)
    stay_on(None)
    stay_on(100_000)  # there is no such core any more
    with everywhere():  # nor any of those that there were
        pass
    assert os.sched_getaffinity(0) == before


def test_what_takes_long_may_use_every_core(
    config: Config, content: Content, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though the thread that does it has one: comparisons, scanners and passwords."""
    used: dict[str, set[int]] = {}

    def seen(name: str, result: object) -> Callable[..., Any]:
        return lambda *_, **__: (used.setdefault(name, os.sched_getaffinity(0)), result)[1]

    monkeypatch.setattr(passwords, "check_password_hash", seen("check", True))
    monkeypatch.setattr(passwords, "generate_password_hash", seen("hash", "hashed"))
    monkeypatch.setattr(receiving, "require_clean", seen("scan", None))
    child = SimpleNamespace(communicate=lambda timeout=None: (b"", b""), returncode=0)
    monkeypatch.setattr(diffs.subprocess, "Popen", seen("compare", child))
    monkeypatch.setattr(diffs, "opposite", lambda *_: "rel_a")
    config.releases.mkdir(parents=True)
    store = open_store(config)
    store.replace_content(content)
    conversation, _ = store.create_conversation()

    def work() -> None:
        stay_on(min(cores.ALLOWED))
        passwords.hash_password("a password for ana")
        passwords.password_matches("hashed", "a password for ana")
        diffs.start(config, "rel_b", "")
        note = io.BytesIO(b"hello")
        where = {"conversation_id": conversation.id, "client_id": "client"}
        receiving.Uploads(config, store).receive(note, "note.txt", **where)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    store.close()
    assert used == dict.fromkeys(("hash", "check", "compare", "scan"), cores.ALLOWED)


def test_a_program_is_started_everywhere() -> None:
    seen: list[object] = []

    def in_a_thread() -> None:
        core = min(cores.ALLOWED)
        stay_on(core)
        command = [sys.executable, "-c", "import os; print(len(os.sched_getaffinity(0)))"]
        seen.append(int(subprocess.check_output(command)))
        with everywhere():
            seen.append(int(subprocess.check_output(command)))
        seen.append(os.sched_getaffinity(0) == {core})

    before = os.sched_getaffinity(0)
    thread = threading.Thread(target=in_a_thread)  # whose affinity is its own
    thread.start()
    thread.join()
    assert seen == [1, len(cores.ALLOWED), True]
    assert os.sched_getaffinity(0) == before


def test_every_web_process_of_a_server_has_its_own(tmp_path: Path, first_database: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(first_database, home / "desk.db")
    with LiveServer(home, workers="2") as server:
        deadline = time.monotonic() + 20
        while len(set(found := affinities(server))) < 3 and time.monotonic() < deadline:
            time.sleep(0.1)  # one of them may just have been forked
    web = [used for used in found if len(used) == 1]
    assert len(web) == len(set(web)) == 2
    assert sorted(found, key=len)[2:] == [frozenset(cores.ALLOWED)]  # the owner of the model


def affinities(server: LiveServer) -> list[frozenset[int]]:
    """The cores of each process, all its threads together."""
    return [
        frozenset[int]().union(*(os.sched_getaffinity(int(task.name)) for task in tasks))
        for tasks in (Path(f"/proc/{pid}/task").iterdir() for pid in server.workers())
    ]
