"""How new content is encoded and indexed beside customers: they go first.

Used by `service.engine` in the process that owns the model. Knows no model and no index.
"""

import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

Encode = Callable[[Sequence[str]], NDArray[np.float32]]

STEP = 600  # characters that are encoded at once: a customer waits for no more
PATIENCE = 2  # times as long as a step took, the pause after it may last
LOOK_SECONDS = 0.001
SWITCH_SECONDS = 0.0005  # until who computes in Python lets others do so, too


class Superseded(Exception):
    """What is being loaded is no longer wanted."""


def giving_way(
    encode: Encode, busy: Callable[[], bool], superseded: Callable[[], bool] = lambda: False
) -> Encode:
    """An ``encode`` that works in small steps, short texts on one core, and pauses while ``busy``.

    A pause is bounded, so that it ends even if customers never do. Between two steps it raises
    ``Superseded`` when it is: a rollback must not wait for a large import.
    """

    def encode_slowly(texts: Sequence[str]) -> NDArray[np.float32]:
        vectors = np.zeros((len(texts), encode([]).shape[1]), np.float32)
        for rows in _steps(texts):
            if superseded():
                raise Superseded
            start = time.monotonic()
            vectors[rows] = encode([texts[row] for row in rows])
            end = time.monotonic()
            while busy() and time.monotonic() < end + PATIENCE * (end - start):
                time.sleep(LOOK_SECONDS)
        return vectors

    return encode_slowly


class _Sharing:
    """How many threads share at the moment: the interval is the whole process's."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._usual = 0.0

    def enter(self) -> None:
        with self._lock:
            if not self._inside:
                self._usual = sys.getswitchinterval()
                sys.setswitchinterval(SWITCH_SECONDS)
            self._inside += 1

    def leave(self) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                sys.setswitchinterval(self._usual)


_sharing = _Sharing()


@contextmanager
def sharing_python() -> Iterator[None]:
    """Let Python's threads take turns ten times as often as they do by default, until the last of
    those who share is done: champion and challenger may load at once.

    A customer's thread asks for Python's lock several times, and waits as long each time while
    another one computes.
    """
    _sharing.enter()
    try:
        yield
    finally:
        _sharing.leave()


def _steps(texts: Sequence[str]) -> Iterator[list[int]]:
    """The texts' places in parts of similar length, the shortest first."""
    part: list[int] = []
    size = 0
    for row in sorted(range(len(texts)), key=lambda row: len(texts[row])):
        if part and size + len(texts[row]) > STEP:
            yield part
            part, size = [], 0
        part.append(row)
        size += len(texts[row])
    if part:
        yield part
