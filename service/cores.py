"""A core for each web process. Used by the server, and by what takes long within a request.

The threads of a Python process take turns anyway. On one core the next is woken within two
microseconds; on another one that takes up to 35 (in a virtual machine), of which 27 are spent.
Knows no worker and no request, and never what else runs on a core.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress


def _allowed() -> set[int]:
    """The cores that this thread may use; none where the system does not tell (macOS)."""
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()


ALLOWED = _allowed()  # as the server started: of a container, those that it has


def least_used(taken: Iterable[int | None]) -> int | None:
    """One of the cores that the fewest have ``taken``; none when there is no choice."""
    used = list(taken)
    # By chance, so that several desks on one machine do not all take the same.
    order = sorted(ALLOWED, key=lambda core: (used.count(core), os.urandom(1)))
    return order[0] if len(order) > 1 else None


def stay_on(core: int | None) -> None:
    """Use this core alone, in this thread and those that it starts; any when there is none."""
    if core is not None:
        with suppress(OSError):  # taken away from the container meanwhile
            os.sched_setaffinity(0, {core})


@contextmanager
def everywhere() -> Iterator[None]:
    """Let this thread, and programs that it starts meanwhile, use every core: for what takes long
    and does not hold Python's lock."""
    own = _allowed()
    if own == ALLOWED:
        yield
        return
    with suppress(OSError):
        os.sched_setaffinity(0, ALLOWED)
    try:
        yield
    finally:
        with suppress(OSError):
            os.sched_setaffinity(0, own)
