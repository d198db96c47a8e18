"""Wakes those who wait for events: at once for this process's commits, soon for others'.

A few threads wait here, each for whatever comes next. One more looks, only while somebody waits,
whether another process has committed. Never reads more than the highest of the events' keys.
"""

import contextlib
import logging
import sqlite3
import threading
from collections.abc import Callable

from service.errors import StoreError

POLL_SECONDS = 0.1
HIGHEST = "SELECT ifnull(max(seq), 0) FROM event"
LOG = logging.getLogger("frontdesk")


class Arrivals:
    """The highest event known here, and who waits for a higher one."""

    def __init__(self, connect: Callable[[], sqlite3.Connection], highest: int) -> None:
        self._connect = connect
        self._changed = threading.Condition()
        self._highest = highest
        self._waiting = 0
        self._closed = threading.Event()
        self._poller: threading.Thread | None = None

    def announce(self, seq: int) -> None:
        """This event was committed: wake those who wait for it."""
        with self._changed:
            if seq > self._highest:
                self._highest = seq
                self._changed.notify_all()

    def wait(self, seen: int, timeout: float) -> int:
        """Block until an event beyond ``seen``, or so many seconds; returns the highest ``seq``."""
        with self._changed:
            self._waiting += 1
            self._start_polling()
            self._changed.wait_for(
                lambda: self._highest > seen or self._closed.is_set(), max(0.0, timeout)
            )
            self._waiting -= 1
            if self._closed.is_set():
                raise StoreError("The store is closed.")
            return max(self._highest, seen)

    def close(self) -> None:
        """Wake everybody and end the poller."""
        with self._changed:
            self._closed.set()
            self._changed.notify_all()
            poller = self._poller
        if poller:
            poller.join()

    def _start_polling(self) -> None:
        if self._poller is None and not self._closed.is_set():
            self._poller = threading.Thread(target=self._poll, name="arrivals", daemon=True)
            self._poller.start()
        elif self._waiting == 1:
            self._changed.notify_all()

    def _poll(self) -> None:
        while not self._closed.is_set():
            try:
                with contextlib.closing(self._connect()) as connection:
                    self._follow(connection)
            except sqlite3.Error as error:
                LOG.warning("Cannot look for new events: %s", error)
                self._closed.wait(1.0)

    def _follow(self, connection: sqlite3.Connection) -> None:
        version = -1
        while not self._closed.is_set():
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closed.is_set())
            newest = connection.execute("PRAGMA data_version").fetchone()[0]
            if newest != version:
                version = newest
                self.announce(connection.execute(HIGHEST).fetchone()[0])
            self._closed.wait(POLL_SECONDS)
