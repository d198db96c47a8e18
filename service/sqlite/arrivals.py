"""Wakes those who wait for events: at once for this process's commits, soon for others'.

Hundreds of event streams wait here. Each wakes only for what it waits for, and one thread looks,
only while somebody waits, whether another process has committed. Never reads more than the
event table's keys.
"""

import contextlib
import logging
import sqlite3
import threading
from collections.abc import Callable, Sequence

from service.errors import StoreError
from service.sqlite.commit import Told

POLL_SECONDS = 0.1
POLL_ROWS = 1000
LOG = logging.getLogger("frontdesk")


class _Waiter:
    __slots__ = ("rung", "seen")

    def __init__(self, seen: int) -> None:
        self.seen = seen
        self.rung = threading.Event()


class Arrivals:
    """The highest event known here, and who waits for a higher one."""

    def __init__(self, connect: Callable[[], sqlite3.Connection], highest: int) -> None:
        self._connect = connect
        self._lock = threading.Lock()
        self._waiters: dict[str | None, set[_Waiter]] = {}
        self._highest = highest
        self._polled = highest  # every event up to here was announced
        self._wanted = threading.Event()  # somebody waits, or the store closes
        self._closed = threading.Event()
        self._poller: threading.Thread | None = None

    def announce(self, told: Sequence[Told]) -> None:
        """Wake those whom these committed events, in order of ``seq``, concern."""
        with self._lock:
            if told[0][0] == self._polled + 1:
                self._polled = told[-1][0]
            self._highest = max(self._highest, told[-1][0])
            concerned: dict[str | None, int] = {None: told[-1][0]}
            for seq, conversation_id in told:
                if conversation_id is not None:
                    concerned[conversation_id] = seq
            for conversation_id, seq in concerned.items():
                for waiter in self._waiters.get(conversation_id, ()):
                    if seq > waiter.seen:
                        waiter.rung.set()

    def wait(self, seen: int, timeout: float, conversation_id: str | None) -> int:
        """Block until an event beyond ``seen``, of the conversation if one is named; returns the
        highest ``seq``. May return early when other conversations moved on meanwhile."""
        if self._closed.is_set():
            raise StoreError("The store is closed.")
        waiter = _Waiter(seen)
        with self._lock:
            if self._highest > seen:
                return self._highest
            self._waiters.setdefault(conversation_id, set()).add(waiter)
            self._start_polling()
        try:
            waiter.rung.wait(max(0.0, timeout))
        finally:
            with self._lock:
                self._forget(conversation_id, waiter)
        return max(self._highest, seen)

    def close(self) -> None:
        """Wake everybody and end the poller."""
        self._closed.set()
        with self._lock:
            self._wanted.set()
            poller = self._poller
            for waiters in self._waiters.values():
                for waiter in waiters:
                    waiter.rung.set()
        if poller:
            poller.join()

    def _forget(self, conversation_id: str | None, waiter: _Waiter) -> None:
        waiters = self._waiters[conversation_id]
        waiters.discard(waiter)
        if not waiters:
            del self._waiters[conversation_id]
        if not self._waiters and not self._closed.is_set():
            self._wanted.clear()

    def _start_polling(self) -> None:
        self._wanted.set()
        if self._poller is None:
            self._poller = threading.Thread(target=self._poll, name="arrivals", daemon=True)
            self._poller.start()

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
            self._wanted.wait()
            newest = connection.execute("PRAGMA data_version").fetchone()[0]
            if newest != version:
                version = newest
                self._announce_others(connection)
            self._closed.wait(POLL_SECONDS)

    def _announce_others(self, connection: sqlite3.Connection) -> None:
        while True:
            told = connection.execute(
                "SELECT seq, conversation_id FROM event WHERE seq > ? ORDER BY seq LIMIT ?",
                (self._polled, POLL_ROWS),
            ).fetchall()
            if not told:
                return
            with self._lock:
                self._polled = max(self._polled, told[-1][0])
            self.announce(told)
