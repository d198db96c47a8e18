"""Web processes have a core of their own; what they start may use every one."""

import os
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from live import LiveServer
from service import cores
from service.cores import everywhere, least_used, stay_on

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
    stay_on(None)
    stay_on(100_000)  # there is no such core any more
    assert os.sched_getaffinity(0) == cores._allowed()


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
