"""What may go wrong with an SQLite file, and that it never takes an acknowledged turn along."""

import re
import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from drafts import draft
from service.config import load_config
from service.errors import NotFound, StoreError
from service.sqlite import commit, migrations
from service.sqlite.store import SqliteStore
from service.store import known_migrations, open_store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "desk.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore.open(path)
    yield store
    store.close()


def test_what_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    garbage = tmp_path / "garbage.db"
    garbage.write_bytes(b"this is no database, " * 100)
    folder = tmp_path / "folder.db"
    folder.mkdir()
    for path in (
        garbage,
        folder,
        garbage / "desk.db",
        Path("/proc/frontdesk/desk.db"),
    ):
        with pytest.raises(StoreError, match=str(path)):
            SqliteStore.open(path)
    assert garbage.read_bytes() == b"this is no database, " * 100


def test_anothers_database_is_refused(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE message (text)")
    with pytest.raises(StoreError, match="message"):
        SqliteStore.open(path)
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT name FROM sqlite_master").fetchall() == [("message",)]


def test_a_newer_schema_is_refused(path: Path) -> None:
    SqliteStore.open(path).close()
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
            " VALUES ('frontdesk', 'm999_future', 'tomorrow')"
        )
    with pytest.raises(StoreError, match="m999_future"):
        SqliteStore.open(path)


def test_migrations_are_applied_in_the_order_of_their_release(path: Path) -> None:
    SqliteStore.open(path).close()
    with closing(sqlite3.connect(path)) as db:
        names = [name for (name,) in db.execute("SELECT name FROM _sqlite_migrations ORDER BY id")]
    released = [int(name[1:4]) for name in names]
    assert released[:16] == [*range(1, 15), 16, 15]
    assert released[16:] == sorted(released[16:])


def test_every_migration_that_is_written_is_applied() -> None:
    written = {
        name
        for file in Path(migrations.__path__[0]).glob("m*.py")
        for name in re.findall(r"^def (m\d\d\d_\w+)", file.read_text(encoding="utf-8"), re.M)
    }
    assert len(written) >= 16
    assert known_migrations() == written


def test_a_file_that_vanished_is_an_error_not_an_empty_desk(tmp_path: Path) -> None:
    config = load_config({"FRONTDESK_HOME": str(tmp_path / "home")})
    with closing(open_store(config)) as store:
        config.database.rename(tmp_path / "elsewhere.db")
        with pytest.raises(StoreError):
            store.last_event()
    assert not config.database.exists()


def test_only_the_desks_own_user_reads_the_file(store: SqliteStore, tmp_path: Path) -> None:
    store.backup(tmp_path / "copy.db")
    for file in tmp_path.iterdir():
        assert file.stat().st_mode & 0o077 == 0, file


def test_a_lock_that_is_never_released_ends_in_an_error(
    path: Path, store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commit, "BUSY_SECONDS", 0.1)
    with closing(sqlite3.connect(path, isolation_level=None)) as intruder:
        intruder.execute("BEGIN IMMEDIATE")
        start = time.monotonic()
        with ThreadPoolExecutor(8) as pool:
            attempts = [pool.submit(store.create_conversation) for _ in range(8)]
        assert time.monotonic() - start < 2
        for attempt in attempts:
            with pytest.raises(StoreError, match="lock"):
                attempt.result()
    store.create_conversation()


def test_a_full_disk_fails_whole_turns_and_heals(store: SqliteStore) -> None:
    conversation_id = store.create_conversation()[0].id
    writer = store._writer._connection
    pages = writer.execute("PRAGMA page_count").fetchone()[0]
    writer.execute(f"PRAGMA max_page_count = {pages + 12}")

    def write(n: int) -> str:
        try:
            store.record_turn(draft(conversation_id, str(n), text="x" * 10_000))
        except StoreError as error:
            return error.message
        return ""

    with ThreadPoolExecutor(8) as pool:
        complaints = list(pool.map(write, range(16)))
    written = [n for n, complaint in enumerate(complaints) if not complaint]
    assert len(written) < 16
    assert all("full" in complaint for complaint in complaints if complaint)
    writer.execute("PRAGMA max_page_count = 1000000")
    posted = [m.client_id for m in store.messages(conversation_id) if m.client_id]
    assert sorted(posted, key=int) == [str(n) for n in written]
    assert all(store.record_turn(draft(conversation_id, str(n))) for n in range(16))
    seqs = [message.seq for message in store.messages(conversation_id)]
    assert seqs == list(range(1, 33))


def test_a_failing_write_undoes_only_itself(store: SqliteStore) -> None:
    conversation_id = store.create_conversation()[0].id

    def write(n: int) -> None:
        if n % 2:
            with pytest.raises(NotFound):
                store.correct_message("msg_x", operator.id, sentiment="neutral")
        else:
            store.record_turn(draft(conversation_id, str(n)))

    operator = store.add_operator("a@example.com", "A", "operator", "hash")
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(write, range(64)))
    messages = store.messages(conversation_id)
    assert [message.seq for message in messages] == list(range(1, 65))


def test_a_failing_commit_fails_everybody_in_it(store: SqliteStore) -> None:
    writer, told = store._writer, []
    inside = threading.Event()

    def first() -> None:
        with writer.writing() as write:
            write.tell("content", {}, "now")
            inside.set()
            while not writer._queued:  # the second waits, and will commit for both
                time.sleep(0.001)

    def second() -> None:
        inside.wait()
        with writer.writing() as write:
            write.tell("content", {}, "now")
            write.connection.execute("ROLLBACK")  # as SQLite does when the disk is full
            write.connection.execute("INSERT INTO nowhere VALUES (1)")

    def guarded(work: Any) -> None:
        try:
            work()
        except StoreError as error:
            told.append(error.message)

    threads = [threading.Thread(target=guarded, args=(work,)) for work in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told) == 2
    assert store.last_event() == 0
    store.create_conversation()
    assert store.last_event() == 1
