"""Counts failed sign-ins, so that guessing is slow.

Kept in the process; nobody is locked out for longer than the window, and only the address that
guessed.
"""

import threading
import time
from collections import deque

from service.errors import TooMany


class Attempts:
    """Failed attempts by (e-mail, address), of the last ``window`` seconds."""

    def __init__(self, most: int = 10, window: float = 300.0) -> None:
        self.most = most
        self.window = window
        self.failed: dict[tuple[str, str], deque[float]] = {}
        self.lock = threading.Lock()

    def begin(self, key: tuple[str, str]) -> None:
        """Count an attempt, before it is known how it ends: many at once must not slip through.

        Raises ``TooMany`` when there were too many.
        """
        with self.lock:
            times = self._recent(key)
            if len(times) >= self.most:
                wait = int(self.window - (time.monotonic() - times[0])) + 1
                raise TooMany("Too many failed attempts. Try again later.", retry_after=wait)
            self.failed.setdefault(key, deque()).append(time.monotonic())
            for known in [k for k in self.failed if not self._recent(k)]:
                del self.failed[known]

    def take_back(self, key: tuple[str, str]) -> None:
        """The last attempt was none: its password was not looked at."""
        with self.lock:
            times = self._recent(key)
            if times:
                times.pop()

    def forget(self, key: tuple[str, str]) -> None:
        """A right password clears the account."""
        with self.lock:
            self.failed.pop(key, None)

    def _recent(self, key: tuple[str, str]) -> deque[float]:
        times = self.failed.get(key, deque())
        while times and time.monotonic() - times[0] > self.window:
            times.popleft()
        return times
