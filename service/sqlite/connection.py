"""Opens connections to the desk's SQLite file, lends readers, and names what goes wrong.

Used by the parts of the SQLite store only. Readers are lent for a moment and given back, not
kept per thread: a server with hundreds of threads, which come and go, holds a handful of
connections. A reader can never write.
"""

import contextlib
import logging
import os
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

from service.errors import InvalidInput, StoreError

BUSY_SECONDS = 10.0
READERS = 16
STATEMENTS = 256
WAL_BYTES = 64 * 1024 * 1024
LOG = logging.getLogger("frontdesk")


def connect(path: Path, *, query_only: bool = False) -> sqlite3.Connection:
    """A connection to an existing file, with the durability that the desk promises.

    ``synchronous=FULL`` flushes the log at every commit: what was acknowledged survives a
    loss of power. The caller sees to it that one thread at a time uses the connection.
    """
    # mode=rw: a file that vanished is an error, never replaced by an empty one.
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw",
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=STATEMENTS,
    )
    connection.row_factory = sqlite3.Row
    try:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA journal_size_limit = {WAL_BYTES}")
        if query_only:
            connection.execute("PRAGMA query_only = ON")
    except BaseException:
        connection.close()
        raise
    return connection


@contextlib.contextmanager
def explained(what: str = "The desk's database") -> Iterator[None]:
    """Turns what SQLite and the file system complain of into ``StoreError``.

    Broken constraints and wrong SQL pass: they are defects of ours, not of the storage. Name
    the file only to people who run the desk: what happens in a request, customers may read.
    """
    try:
        yield
    except (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.DataError):
        raise
    except (sqlite3.Error, OSError) as error:
        LOG.warning("%s cannot be used: %s", what, error)
        raise StoreError(f"{what} cannot be used: {error}.") from error
    except UnicodeEncodeError:
        raise InvalidInput("The text is not valid Unicode.", field="text") from None
    except OverflowError:
        raise InvalidInput("A number is too large.") from None


class Readers:
    """A bounded set of read-only connections; more threads than that wait for their moment.

    Never take a second one while holding one: with all lent, that would wait for ever.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._pid = os.getpid()
        self._free: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        self._places = threading.BoundedSemaphore(READERS)
        self._closed = False

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection whose every statement sees the newest commit."""
        with explained(), self._places:
            connection = self._take()
            try:
                yield connection
            finally:
                self._give_back(connection)

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """A connection whose statements all see the same commit."""
        with self.reading() as connection:
            connection.execute("BEGIN")
            yield connection
            connection.execute("COMMIT")

    def close(self) -> None:
        """Close all; those that are lent, as they come back."""
        with self._lock:
            self._closed = True
            free, self._free = self._free, []
        for connection in free:
            connection.close()

    def _take(self) -> sqlite3.Connection:
        if os.getpid() != self._pid:
            raise StoreError("The store was opened before a fork; open one in each process.")
        with self._lock:
            if self._closed:
                raise StoreError("The store is closed.")
            if self._free:
                return self._free.pop()
        return connect(self.path, query_only=True)

    def _give_back(self, connection: sqlite3.Connection) -> None:
        if connection.in_transaction:
            connection.rollback()
        with self._lock:
            if not self._closed:
                self._free.append(connection)
                return
        connection.close()
