"""What is SQLite's own: durability, processes, locks, broken files, query plans, connections."""

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from test_store import draft, handoff

from service.config import load_config
from service.errors import NotFound, StoreError
from service.records import TicketDraft
from service.sqlite import commit, conversations, events, inbox, operators, ticket_rows, turns
from service.sqlite.store import SqliteStore
from service.store import open_store

ROOT = Path(__file__).parent.parent
PRELUDE = """
import sys, threading
from pathlib import Path
from service.records import Dialogue, ReplyDraft, TurnDraft
from service.sqlite.store import SqliteStore
store = SqliteStore.open(Path(sys.argv[1]))
def turn(conversation_id, client_id):
    reply = ReplyDraft("answer", "answer")
    return store.record_turn(
        TurnDraft(conversation_id, client_id, "question", 0, Dialogue(), reply, trace={"a": 1})
    )
def in_threads(count, work):
    threads = [threading.Thread(target=work, args=(n,)) for n in range(count)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "desk.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore.open(path)
    yield store
    store.close()


def python(script: str, *arguments: object) -> subprocess.Popen[str]:
    """A process of its own that has opened the store at its first argument as ``store``."""
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", PRELUDE + textwrap.dedent(script)]
        + [str(argument) for argument in arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


# --- durability and processes --------------------------------------------------------------------


def test_kill_9_loses_no_acknowledged_turn_and_doubles_none(path: Path, store: SqliteStore) -> None:
    ids = [store.create_conversation()[0].id for _ in range(4)]
    script = """
        import os
        def work(n):
            for k in range(100_000):
                done = turn(sys.argv[2 + n % 4], f"{n}-{k}")
                if not done.repeated:
                    line = f"{done.message.conversation_id} {n}-{k} {done.reply.id}\\n"
                    os.write(1, line.encode())
        in_threads(8, work)
    """
    acknowledged: list[list[str]] = []
    for _ in range(2):
        process = python(script, path, *ids)
        assert process.stdout is not None
        with process.stdout as output:
            acknowledged.append(output.readline().split())
            time.sleep(0.3)
            process.send_signal(signal.SIGKILL)
            acknowledged += [line.split() for line in output if line.endswith("\n")]
        process.wait()
    assert len(acknowledged) > 20
    for conversation_id, client_id, reply_id in acknowledged:
        turn = store.find_turn(conversation_id, client_id)
        assert turn is not None
        assert turn.reply is not None
        assert turn.reply.id == reply_id
    for conversation_id in ids:
        messages = store.messages(conversation_id, limit=100_000)
        assert [m.seq for m in messages] == list(range(1, len(messages) + 1))
        written = [m.client_id for m in messages if m.client_id]
        assert len(set(written)) == len(written) == len(messages) / 2
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert not db.execute("PRAGMA foreign_key_check").fetchall()


def test_processes_with_many_threads_share_one_file(path: Path, store: SqliteStore) -> None:
    ids = [store.create_conversation()[0].id for _ in range(3)]
    script = """
        import os
        in_threads(16, lambda n: [turn(sys.argv[2 + (n + k) % 3], f"{os.getpid()}-{n}-{k}")
            for k in range(6)])
        store.close()
    """
    processes = [python(script, path, *ids) for _ in range(3)]
    assert [process.communicate() and process.returncode for process in processes] == [0, 0, 0]
    assert [event.seq for event in store.events(after=0, limit=10_000)] == list(
        range(1, 3 + 2 * 3 * 16 * 6 + 1)
    )
    for conversation_id in ids:
        seqs = [message.seq for message in store.messages(conversation_id, limit=10_000)]
        assert seqs == list(range(1, len(seqs) + 1))


def test_a_busy_process_does_not_starve_another(path: Path, store: SqliteStore) -> None:
    conversation_id = store.create_conversation()[0].id
    other_id = store.create_conversation()[0].id
    script = """
        def work(n):
            for k in range(100_000):
                turn(sys.argv[2], f"{n}-{k}")
        in_threads(16, work)
    """
    process = python(script, path, other_id)
    store.wait(store.last_event(), 10)
    took = []
    for n in range(25):
        time.sleep(0.02)
        start = time.monotonic()
        store.record_turn(draft(conversation_id, str(n)))
        took.append(time.monotonic() - start)
    process.kill()
    process.communicate()
    # Without the turnstile one in ten waits for a second or more.
    assert sorted(took)[-2] < 0.4


def test_processes_may_open_a_new_file_together(path: Path) -> None:
    processes = [python("store.create_conversation(); store.close()", path) for _ in range(4)]
    assert [process.communicate() and process.returncode for process in processes] == [0] * 4
    with closing(SqliteStore.open(path)) as store:
        assert store.last_event() == 4


def test_it_is_not_used_across_a_fork(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getpid", lambda: 1)
    with pytest.raises(StoreError, match="fork"):
        store.last_event()
    with pytest.raises(StoreError, match="fork"):
        store.create_conversation()


# --- what may go wrong ---------------------------------------------------------------------------


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


# --- what it costs -------------------------------------------------------------------------------


def test_threads_that_end_leave_no_connections(store: SqliteStore) -> None:
    conversation_id = store.create_conversation()[0].id
    for _ in range(4):
        threads = [
            threading.Thread(target=store.conversation, args=(conversation_id,)) for _ in range(64)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(store._readers._free) <= 16
    assert sum("desk.db" in os.readlink(f"/proc/self/fd/{fd}") for fd in _open_files()) < 60


def _open_files() -> list[str]:
    files = []
    for fd in os.listdir("/proc/self/fd"):
        if os.path.lexists(f"/proc/self/fd/{fd}"):
            files.append(fd)
    return files


def test_a_store_that_closes_leaves_nothing_open(path: Path) -> None:
    store = SqliteStore.open(path)
    store.create_conversation()
    store.wait(store.last_event(), 0.01)
    store.close()
    assert not any(str(path) in os.readlink(f"/proc/self/fd/{fd}") for fd in _open_files())
    assert not any(thread.name == "arrivals" for thread in threading.enumerate())
    assert sorted(file.name for file in path.parent.iterdir()) == ["desk.db", "desk.db-turn"]


HOT: dict[str, tuple[str, tuple[Any, ...]]] = {
    "client id": (turns.MESSAGE_BY_CLIENT, ("c", "", "k")),
    "message": (turns.MESSAGE_BY_ID, ("m",)),
    "messages": (turns.MESSAGES, ("c", 5, 0, 9)),
    "recent": (turns.RECENT, ("c", 50)),
    "trace": (turns.TRACE, ("m",)),
    "traces": (turns.TRACES, ("c", 50)),
    "last text": (conversations.LAST_CUSTOMER_TEXT, ("c",)),
    "desk events": (events.DESK_EVENTS, (5, 9)),
    "conversation events": (events.CONVERSATION_EVENTS, ("c", 5, 9)),
    "ticket": (ticket_rows.TICKET_BY_ID, ("t",)),
    "active ticket": (ticket_rows.ACTIVE_TICKET, ("c",)),
    "session": (operators.VISITOR, ("h", "now")),
    "api token": (operators.BEARER, ("h",)),
    "last event": ("SELECT ifnull(max(seq), 0) FROM event", ()),
    "inbox": (
        f"{inbox.TICKET} WHERE t.status = 'open' ORDER BY {inbox.ORDERS['priority']} LIMIT 9",
        (),
    ),
    "newest": (f"{inbox.TICKET} ORDER BY {inbox.ORDERS['newest']} LIMIT 9", ()),
    "whole inbox": (f"{inbox.TICKET} ORDER BY {inbox.ORDERS['priority']} LIMIT 9", ()),
}
WALKS = {"newest", "whole inbox", "last event"}  # along an index, as far as the limit


@pytest.mark.parametrize("name", HOT)
def test_hot_queries_use_indexes(store: SqliteStore, name: str) -> None:
    sql, values = HOT[name]
    with store._readers.reading() as db:
        plan = [row["detail"] for row in db.execute(f"EXPLAIN QUERY PLAN {sql}", values)]
    scans = [step for step in plan if step.startswith("SCAN")]
    if name in WALKS:
        scans = [step for step in scans if "USING" not in step and name != "last event"]
    assert not scans, plan
    assert not any("TEMP B-TREE" in step for step in plan), plan


def test_a_long_conversation_costs_what_a_short_one_does(store: SqliteStore) -> None:
    short, long = (store.create_conversation()[0].id for _ in range(2))
    for conversation_id, turns_there in ((short, 3), (long, 600)):
        for n in range(0, turns_there, 100):
            with ThreadPoolExecutor(32) as pool:
                todo = [draft(conversation_id, str(k)) for k in range(n, min(n + 100, turns_there))]
                list(pool.map(store.record_turn, todo))

    def steps(conversation_id: str) -> int:
        """Tens of SQLite's own instructions: the same on any machine, busy or not."""
        count = 0

        def tick() -> int:
            nonlocal count
            count += 1
            return 0

        store.conversation(conversation_id)  # now there is a reader
        connections = [store._writer._connection, *store._readers._free]
        for connection in connections:
            connection.set_progress_handler(tick, 10)
        store.record_turn(draft(conversation_id, "probe"))
        store.find_turn(conversation_id, "probe")
        store.recent_messages(conversation_id, 5)
        store.conversation_events(conversation_id, after=store.last_event())
        store.traces(conversation_id, 3)
        for connection in connections:
            connection.set_progress_handler(None, 0)
        return count

    counts = steps(short), steps(long)
    assert counts[0] > 50
    assert counts[1] == pytest.approx(counts[0], rel=0.1)


def test_a_backup_is_one_moment_of_a_busy_desk(store: SqliteStore, tmp_path: Path) -> None:
    ids = [store.create_conversation()[0].id for _ in range(4)]
    stop = threading.Event()

    def write(n: int) -> None:
        k = 0
        while not stop.is_set():
            store.record_turn(draft(ids[n], str(k := k + 1)))

    with ThreadPoolExecutor(4) as pool:
        for n in range(4):
            pool.submit(write, n)
        store.wait(store.last_event() + 20, 5)
        store.backup(tmp_path / "copy.db")
        stop.set()
    with closing(SqliteStore.open(tmp_path / "copy.db")) as copy:
        told = [event.seq for event in copy.events(after=0, limit=100_000)]
        assert told == list(range(1, len(told) + 1))
        for conversation_id in ids:
            assert len(copy.messages(conversation_id, limit=100_000)) % 2 == 0


def test_removing_a_customer_removes_what_was_said(store: SqliteStore, path: Path) -> None:
    operator = store.add_operator("a@example.com", "A", "operator", "hash")
    conversation, _ = store.create_conversation(name="Cleo")
    turn = store.record_turn(handoff(conversation.id))
    store.correct_message(turn.message.id, operator.id, sentiment="neutral")
    store.record_feedback(conversation.id, turn.message.id, helpful=True)
    store.record_handoff(store.create_conversation()[0].id, TicketDraft("low", "r", "s"), None)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("PRAGMA foreign_keys = ON")
        db.execute("DELETE FROM customer WHERE id = ?", (conversation.customer_id,))
        for table in ("message", "turn", "feedback", "correction", "customer"):
            assert db.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), table
        for table in ("event", "ticket"):
            query = f"SELECT count(*) FROM {table} WHERE conversation_id = ?"
            assert db.execute(query, (conversation.id,)).fetchone() == (0,), table
    with pytest.raises(NotFound):
        store.conversation(conversation.id)
