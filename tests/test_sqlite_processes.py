"""SQLite between processes: durability under kill -9, no lock errors, no starvation, forks."""

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from drafts import draft
from service.errors import StoreError
from service.sqlite.store import SqliteStore

ROOT = Path(__file__).parent.parent
PRELUDE = """
import sys, threading
from pathlib import Path
from service.records.conversations import Dialogue, ReplyDraft
from service.records.turns import TurnDraft
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


def test_a_second_store_in_a_process_costs_no_locks(path: Path) -> None:
    """Or else a command that ends takes the log away that the server still writes to."""
    SqliteStore.open(path).close()
    script = """
        import os, signal, subprocess
        again = SqliteStore.open(Path(sys.argv[1]))
        command = "from pathlib import Path; from service.sqlite.store import SqliteStore;"
        command += f"SqliteStore.open(Path({sys.argv[1]!r})).close()"
        subprocess.run([sys.executable, "-c", command], check=True)
        for n in range(5):
            print(store.create_conversation()[0].id, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    ids = python(script, path).communicate()[0].split()
    assert len(ids) == 5
    with closing(SqliteStore.open(path)) as store:
        assert [store.conversation(one).id for one in ids] == ids


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
    # Without the turnstile, one in ten or twenty waits for one to two seconds.
    assert sorted(took)[-2] < 1


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
