"""What every part of the SQLite store shares: its connections and its clock."""

import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path

from service.sqlite.arrivals import Arrivals
from service.sqlite.commit import Transaction, Writer
from service.sqlite.connection import Readers

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The time of day; tests put their own clock in its place."""
    return datetime.now(UTC)


def iso(time: datetime) -> str:
    """UTC ISO 8601 in milliseconds, always of the same width, so that it compares as text."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Part:
    """The base of the store's parts; ``SqliteStore`` is made of all of them."""

    def __init__(
        self, path: Path, readers: Readers, writer: Writer, arrivals: Arrivals, clock: Clock
    ) -> None:
        self.path = path
        self._readers = readers
        self._writer = writer
        self._arrivals = arrivals
        self._clock = clock

    def _now(self) -> str:
        return iso(self._clock())

    def _reading(self) -> AbstractContextManager[sqlite3.Connection]:
        return self._readers.reading()

    def _snapshot(self) -> AbstractContextManager[sqlite3.Connection]:
        return self._readers.snapshot()

    def _writing(self) -> AbstractContextManager[Transaction]:
        return self._writer.writing()
