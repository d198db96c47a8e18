"""Requests that are still being read, and whom not to wait for.

A request occupies a thread from its first byte on, so that whoever sends a few hundred of them a
byte at a time would have all threads. Used by every web process of ``service.server``; knows
sockets and the time, and nothing of HTTP.
"""

import contextlib
import socket
import threading
import time
from collections.abc import Callable

LONGEST_SECONDS = 120.0  # for a request to arrive: a slow line's largest body
HURRY_SECONDS = 2.0  # that anybody may take, however many there are


class Arriving:
    """The connections whose request is not whole yet.

    A quarter of the threads may wait for slow ones. When there are more, those that take longest
    are hung up on, whoever they are: to count by address would shut out an office behind one.
    """

    def __init__(self, threads: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.most = max(1, threads // 4)
        self._clock = clock
        self._lock = threading.Lock()
        self._since: dict[socket.socket, float] = {}  # the oldest first

    def begin(self, line: socket.socket) -> None:
        """A thread reads from it now."""
        with self._lock:
            self._since[line] = self._clock()

    def end(self, line: socket.socket) -> None:
        """The request is whole, or gone."""
        with self._lock:
            self._since.pop(line, None)

    def hurry(self) -> int:
        """Hang up on those who take too long; returns how many. Called once a second or so."""
        now = self._clock()
        with self._lock:
            excess = len(self._since) - self.most
            late = [
                line
                for place, (line, since) in enumerate(self._since.items())
                if now - since > (HURRY_SECONDS if place < excess else LONGEST_SECONDS)
            ]
            for line in late:
                del self._since[line]
                # Only what still comes: who waits in vain reads the end, and can still answer.
                with contextlib.suppress(OSError):
                    line.shutdown(socket.SHUT_RD)
        return len(late)
