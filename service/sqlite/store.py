"""The whole store on one SQLite file; opened once per process, after any fork.

Composed of parts that each tell one story. Everything else in frontdesk sees it only as
``service.store.Store``.
"""

import contextlib
import os
import sqlite3
from pathlib import Path
from typing import Self

from sqlite_utils import Database

from service.errors import Conflict, StoreError
from service.records.storage import StoreCopy
from service.sqlite.alarms import Alarms
from service.sqlite.arrivals import Arrivals
from service.sqlite.audit import Audit
from service.sqlite.base import Clock, utc_now
from service.sqlite.canned import CannedReplies
from service.sqlite.commit import Turnstile, Writer
from service.sqlite.connection import Readers, connect, explained
from service.sqlite.content import ContentPart
from service.sqlite.content_history import ContentHistory
from service.sqlite.conversations import Conversations
from service.sqlite.corrections import Corrections
from service.sqlite.erasures import Erasures
from service.sqlite.events import Events, last_event
from service.sqlite.files import Files
from service.sqlite.inbox import Inbox
from service.sqlite.migrations.order import MIGRATIONS
from service.sqlite.operators import Operators
from service.sqlite.past import Past
from service.sqlite.presence import PresencePart
from service.sqlite.proposals import Proposals
from service.sqlite.reports import Reports
from service.sqlite.resumption import Resumption
from service.sqlite.second_factor import SecondFactors
from service.sqlite.sessions import Sessions
from service.sqlite.settings import Settings
from service.sqlite.tags import Tags
from service.sqlite.tickets import Tickets
from service.sqlite.trials import Trials
from service.sqlite.turns import Turns
from service.sqlite.views import Views
from service.sqlite.waiting import WaitingPart
from service.sqlite.webhooks import Webhooks
from service.store import Store


class SqliteStore(
    Conversations,
    Resumption,
    Turns,
    Past,
    Events,
    Files,
    Tickets,
    Inbox,
    Tags,
    Views,
    Corrections,
    Proposals,
    Reports,
    ContentPart,
    ContentHistory,
    Operators,
    Sessions,
    SecondFactors,
    Audit,
    Erasures,
    Alarms,
    CannedReplies,
    PresencePart,
    WaitingPart,
    Trials,
    Webhooks,
    Settings,
):
    """Keeps the desk in one file; safe for any number of threads and processes on one machine."""

    @classmethod
    def open(cls, path: Path, *, clock: Clock = utc_now) -> Self:
        """Open the file, making it and its folder if need be, and bring its schema up to date.

        Raises ``StoreError`` when it cannot be read and written, or is no database of ours.
        """
        with explained(f"The desk's database {path}"), contextlib.ExitStack() as opened:
            path.parent.mkdir(parents=True, exist_ok=True)
            _make_file(path)
            turnstile = Turnstile(path.with_name(f"{path.name}-turn"))
            opened.callback(turnstile.close)
            with turnstile.passing():
                highest = _prepare(path)
            arrivals = Arrivals(lambda: connect(path, query_only=True), highest)
            writer = Writer(path, turnstile, arrivals.announce)
            opened.pop_all()
            return cls(path, Readers(path), writer, arrivals, clock)

    def backup(self, path: Path) -> StoreCopy:
        """A consistent copy of the database as a new file, taken while the desk runs, without the
        uploads that no message has taken along.

        Raises ``Conflict`` when the file exists and ``StoreError`` when the database is damaged; a
        copy that was cut short is not left behind.
        """
        if path.exists():
            raise Conflict(f"{path} exists already; a backup overwrites nothing.")
        partial = path.with_name(f"{path.name}.partial")
        try:
            with self._reading() as db, explained(f"The backup {path}"):
                # In one step: the copy is one commit's, and nobody waits for it.
                with contextlib.closing(sqlite3.connect(partial)) as copy:
                    os.chmod(partial, 0o600)
                    db.backup(copy)
                    found = _examine(copy)
                with partial.open("rb") as file:
                    os.fsync(file.fileno())
                partial.rename(path)
                return found
        finally:
            partial.unlink(missing_ok=True)

    def close(self) -> None:
        """Release every connection; who waits for events wakes. Twice is once."""
        self._arrivals.close()
        self._readers.close()
        self._writer.close()


def _make_file(path: Path) -> None:
    """Make an empty file for the desk's own user only: it will hold customers' words.

    One that is there is never opened beside SQLite: closing any descriptor of a file drops every
    POSIX lock that this process holds on it, and SQLite would write on without its locks.
    """
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def _prepare(path: Path) -> int:
    """Set the journal mode and apply migrations; returns the highest event.

    The caller holds the turnstile, so two processes that open a new file take turns.
    """
    with contextlib.closing(connect(path)) as connection:
        if connection.execute("PRAGMA journal_mode = WAL").fetchone()[0] != "wal":
            raise StoreError(f"The file system of {path} does not support SQLite's WAL mode.")
        database = Database(connection)
        _refuse_newer(path, database)
        if MIGRATIONS.pending(database):
            # One transaction, immediate: a plain BEGIN could not be upgraded while others write.
            connection.execute("BEGIN IMMEDIATE")
            try:
                MIGRATIONS.apply(database)
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
        return last_event(connection)


def known_migrations() -> frozenset[str]:
    """The names of all migrations, applied or not."""
    with contextlib.closing(Database(memory=True)) as empty:
        return frozenset(migration.name for migration in MIGRATIONS.pending(empty))


def _refuse_newer(path: Path, database: Database) -> None:
    applied = {migration.name for migration in MIGRATIONS.applied(database)}
    unknown = applied - known_migrations()
    if unknown:
        names = ", ".join(sorted(unknown))
        raise StoreError(f"{path} was written by a newer frontdesk ({names}); upgrade this one.")


def _examine(copy: sqlite3.Connection) -> StoreCopy:
    """What a copy holds; a damaged one must not take the place of older ones that are whole."""
    problem = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
    if problem != "ok":
        raise StoreError(f"The desk's database is damaged: {problem}.")
    # They may be gone from disk before they are packed; whoever is about to send one attaches it
    # again. What was already gone is not on the shelf that the copy will have.
    copy.executescript("DELETE FROM file WHERE message_id IS NULL; DELETE FROM file_gone;")
    applied = MIGRATIONS.applied(Database(copy))
    conversations, messages, tickets = (
        int(copy.execute(f"SELECT count(*) FROM {name}").fetchone()[0])  # noqa: S608
        for name in ("conversation", "message", "ticket")
    )
    files = tuple(str(row[0]) for row in copy.execute("SELECT id FROM file ORDER BY id"))
    names = tuple(migration.name for migration in applied)
    return StoreCopy(names, conversations, messages, tickets, files)


def _as_store(store: SqliteStore) -> Store:
    """Lets mypy prove that the contract is kept; never called."""
    return store
