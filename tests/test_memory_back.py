"""Freed memory goes back to the system, and after a swap it is asked to."""

import threading
from pathlib import Path
from typing import Any, cast

import pytest

from index.memory import give_memory_back
from service.engine import Watched

BLOCK, COUNT = 60_000, 2000  # small enough that the C library does not map each for itself


def resident() -> int:
    """Bytes of this process in memory."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.partition("VmRSS:")[2].split()[0])


def test_free_pages_below_one_that_is_in_use_go_back() -> None:
    blocks = [b"x" * BLOCK for _ in range(COUNT)]
    last = blocks[-1]
    blocks.clear()
    before = resident()
    give_memory_back()
    assert resident() < before - BLOCK * COUNT / 2
    assert last


class Turning(Watched):
    """A new engine at the second and third look."""

    def __init__(self) -> None:
        super().__init__()
        self.looks = 0
        self.enough = threading.Event()

    def refresh(self) -> None:
        self.looks += 1
        if self.looks <= 3:
            self.engine = cast(Any, object())
        if self.looks == 6:
            self.enough.set()
            self.stopped.set()


def test_a_look_after_each_swap_the_old_engine_is_given_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[int] = []
    engines = Turning()
    monkeypatch.setattr("service.engine.give_memory_back", lambda: asked.append(engines.looks))
    monkeypatch.setattr("service.engine.WATCH_SECONDS", 0.0)
    engines.start()
    assert engines.enough.wait(10)
    engines.close()
    assert asked == [2, 3]  # the first engine of all replaced none
