"""The one writer of a process: short write transactions, committed together where they meet.

A flush to disk costs more than a turn's statements. Threads that want to write while another
one commits join one transaction, each behind its own savepoint; the last of them commits for
all, and none returns before that commit is durable. Between processes a turnstile makes the
order fair, which SQLite's own lock, polled by everybody, is not: a busy process would starve
the others.
"""

import contextlib
import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import orjson
from sqlite_utils import Database

from service.errors import StoreError
from service.sqlite.connection import BUSY_SECONDS, connect, explained

TURN_SECONDS = 0.0005
MOST_TOGETHER = 64


class Turnstile:
    """A lock between processes that is held only while waiting to begin a transaction.

    Who holds it is next. A process that has just committed must pass it again, so it cannot
    overtake the one that waits. The kernel releases it when its holder dies.
    """

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    @contextlib.contextmanager
    def passing(self) -> Iterator[None]:
        """Wait for one's turn; ``StoreError`` when it does not come."""
        deadline = time.monotonic() + BUSY_SECONDS
        while not self._try():
            if time.monotonic() > deadline:
                raise StoreError("Another process keeps the desk's database locked.")
            time.sleep(TURN_SECONDS)
        try:
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Let go of the file; it stays, for others may hold it."""
        os.close(self._file)

    def _try(self) -> bool:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


class Transaction:
    """What a write sees: the connection, and the events that it tells."""

    def __init__(self, connection: sqlite3.Connection, database: Database) -> None:
        self.connection = connection
        self.database = database
        self.told: list[int] = []  # by their ``seq``

    def tell(
        self,
        kind: str,
        body: object,
        at: str,
        *,
        conversation_id: str | None = None,
        number: int | None = None,
        public: bool = False,
    ) -> None:
        """Append an event; ``body`` is anything that orjson writes as an object."""
        cursor = self.connection.execute(
            "INSERT INTO event (conversation_id, number, kind, public, body, at)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (conversation_id, number, kind, public, orjson.dumps(body).decode(), at),
        )
        self.told.append(cursor.lastrowid or 0)


class _Batch:
    """The writes that one commit makes durable."""

    def __init__(self) -> None:
        self.told = 0  # the last event's ``seq``
        self.writes = 0
        self.done = threading.Event()
        self.error: sqlite3.Error | None = None

    def finish(self, error: sqlite3.Error | None = None) -> None:
        self.error = error
        self.done.set()


class Writer:
    """Lends the writing connection to one thread at a time and commits for several."""

    def __init__(self, path: Path, turnstile: Turnstile, announce: Callable[[int], None]) -> None:
        self.path = path
        self._pid = os.getpid()
        self._turnstile = turnstile
        self._announce = announce
        self._connection = connect(path)
        self._connection.execute("PRAGMA busy_timeout = 0")  # see _begin
        self._database = Database(self._connection)
        self._mutex = threading.Lock()
        self._count = threading.Lock()
        self._queued = 0
        self._batch: _Batch | None = None
        self._closed = False

    @contextlib.contextmanager
    def writing(self) -> Iterator[Transaction]:
        """A write transaction; returns once it is durable. An exception undoes all of it.

        Keep it short and call nothing slow inside: every writer of the desk waits behind it.
        """
        with explained():
            self._enter()
            try:
                batch = self._join()
                transaction = Transaction(self._connection, self._database)
                with self._savepoint(batch):
                    yield transaction
                batch.told = max(batch.told, *transaction.told, 0)
                batch.writes += 1
            finally:
                self._leave()
            batch.done.wait()
            if batch.error is not None:
                raise batch.error

    def close(self) -> None:
        """Commit what is under way and close the connection."""
        with self._mutex:
            if self._closed:  # the turnstile's descriptor may be another file's by now
                return
            batch, self._batch = self._batch, None
            if batch:
                self._commit(batch)
            self._closed = True
            self._connection.close()
            self._turnstile.close()

    def _enter(self) -> None:
        if os.getpid() != self._pid:
            raise StoreError("The store was opened before a fork; open one in each process.")
        started = time.monotonic()
        with self._count:
            self._queued += 1
        self._mutex.acquire()
        with self._count:
            self._queued -= 1
        problem = None
        if self._closed:
            problem = "The store is closed."
        elif self._batch is None and time.monotonic() - started > BUSY_SECONDS:
            # Those ahead waited in vain already: do not add another wait to theirs.
            problem = "The desk's database is locked by another process."
        if problem:
            self._leave()
            raise StoreError(problem)

    def _join(self) -> _Batch:
        if self._batch is None:
            with self._turnstile.passing():
                self._begin()
            self._batch = _Batch()
        return self._batch

    def _begin(self) -> None:
        # SQLite's own waiting sleeps up to 100 ms at a time. Only the one who is next waits
        # here, so looking often costs little and wastes none of the time between two commits.
        deadline = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                    raise
                if time.monotonic() > deadline:
                    raise
            time.sleep(TURN_SECONDS)

    @contextlib.contextmanager
    def _savepoint(self, batch: _Batch) -> Iterator[None]:
        self._connection.execute("SAVEPOINT one")
        try:
            yield
        except BaseException as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK TO one")
                self._connection.execute("RELEASE one")
            else:  # a full disk, say, makes SQLite undo the whole transaction at once
                self._batch = None
                batch.finish(sqlite3.OperationalError(f"rolled back: {error}"))
            raise
        self._connection.execute("RELEASE one")

    def _leave(self) -> None:
        """Commit unless somebody who waits will do it, then let the next one in."""
        try:
            batch = self._batch
            if batch and (not self._queued or batch.writes >= MOST_TOGETHER):
                self._batch = None
                self._commit(batch)
        finally:
            self._mutex.release()

    def _commit(self, batch: _Batch) -> None:
        try:
            self._connection.execute("COMMIT" if batch.writes else "ROLLBACK")
        except sqlite3.Error as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            batch.finish(error)
            return
        # Before the writers return: nobody hears of a turn later than who wrote it.
        if batch.told:
            self._announce(batch.told)
        batch.finish()
