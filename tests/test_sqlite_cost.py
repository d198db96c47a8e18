"""What the SQLite store costs: connections, query plans, long conversations; and its copies."""

import os
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from drafts import CONTENT, draft, handoff
from service.contract.conversations import LAST_SEQ
from service.errors import NotFound
from service.records.content import GoldenCase
from service.records.tickets import TicketDraft
from service.sqlite import (
    alarms,
    conversations,
    deliveries,
    events,
    inbox,
    outbox,
    sessions,
    ticket_rows,
    turns,
)
from service.sqlite.content_history import forget_changes
from service.sqlite.store import SqliteStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "desk.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore.open(path)
    yield store
    store.close()


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


def test_a_label_of_a_popular_wording_costs_no_more_statements(store: SqliteStore) -> None:
    store.replace_content(CONTENT)
    people = [store.add_operator(f"{n}@example.com", n, "operator", "x").id for n in ("Ana", "Ben")]

    def label(intent: str, who: str) -> str:
        conversation, _ = store.create_conversation()
        message = store.record_turn(draft(conversation.id, text="where is it")).message.id
        ran.clear()
        store.correct_message(message, who, intent=intent)
        return message

    ran: list[str] = []
    store._writer._connection.set_trace_callback(ran.append)
    counts = []
    for _ in range(2):
        message = label("track", people[0])
        counts.append(len(ran))
        for _ in range(20):
            label("refund", people[1])
    assert counts[1] <= counts[0] + 2  # one more thing is said of like messages by then
    ran.clear()
    assert len(store.settle_labels([message], people[0], intent="track")) == 42
    assert sum("SET contested" in sql for sql in ran) == 2
    assert len(ran) < 42 * 12


HOT: dict[str, tuple[str, tuple[Any, ...] | dict[str, Any]]] = {
    "client id": (turns.MESSAGE_BY_CLIENT, ("c", "", "k")),
    "message": (turns.MESSAGE_BY_ID, ("m",)),
    "messages": (turns.MESSAGES, ("c", 5, 0, 9)),
    "recent": (turns.RECENT, ("c", LAST_SEQ, 50)),
    "trace": (turns.TRACE, ("m",)),
    "traces": (turns.TRACES, ("c", 50)),
    "last text": (conversations.LAST_OF_CUSTOMER, ("c",)),
    "desk events": (events.DESK_EVENTS, (5, 9)),
    "conversation events": (events.CONVERSATION_EVENTS, ("c", 5, 9)),
    "ticket": (ticket_rows.TICKET_BY_ID, ("t",)),
    "active ticket": (ticket_rows.ACTIVE_TICKET, ("c",)),
    "session": (sessions.VISITOR, ("h", "now")),
    "api token": (sessions.BEARER, ("h",)),
    "active alarm": (alarms.ACTIVE, ("surge", "refund")),
    "alarms": (alarms.ALARMS, (50,)),
    "messages of an alarm": (alarms.SHOWN, ("a",)),
    "who wants to hear": (outbox.WANTING, ("ticket.opened",)),
    "due webhooks": (deliveries.DUE_WEBHOOKS, {"now": "now"}),
    "next delivery": (deliveries.NEXT, {"now": "now", "webhook_id": "w", "but": "[]"}),
    "deliveries": (deliveries.LOG, {"webhook_id": "w", "before": "", "limit": 9}),
    "failed deliveries": (deliveries.FAILED, {"webhook_id": "w", "before": "", "limit": 9}),
    "what was given up": (deliveries.STALE, {"most": 500}),
    "what waits in vain": (deliveries.UNWANTED, ("w", "webhook.test")),
    "logs of the removed": (deliveries.REMOVE_LOG, (500,)),
    "old deliveries": (deliveries.FORGET, ("then", 500)),
    "last event": ("SELECT ifnull(max(seq), 0) FROM event", ()),
    "inbox": (
        f"{inbox.TICKET} WHERE t.status = 'open' ORDER BY {inbox.ORDERS['priority']} LIMIT 9",
        (),
    ),
    "newest": (f"{inbox.TICKET} ORDER BY {inbox.ORDERS['newest']} LIMIT 9", ()),
    "whole inbox": (f"{inbox.TICKET} ORDER BY {inbox._order('priority', None)} LIMIT 9", ()),
}
WALKS = {"newest", "whole inbox", "alarms", "last event"}  # along an index, as far as the limit
FEW = {"webhook", "w", "json_each"}  # at most a hundred rows


@pytest.mark.parametrize("name", HOT)
def test_hot_queries_use_indexes(store: SqliteStore, name: str) -> None:
    sql, values = HOT[name]
    with store._readers.reading() as db:
        plan = [row["detail"] for row in db.execute(f"EXPLAIN QUERY PLAN {sql}", values)]
    scans = [step for step in plan if step.startswith("SCAN") and not _is_small(step)]
    if name in WALKS:
        scans = [step for step in scans if "USING" not in step and name != "last event"]
    assert not scans, plan
    assert not any("TEMP B-TREE" in step for step in plan), plan


def _is_small(step: str) -> bool:
    of = step.split()[1]
    return of in FEW or of.startswith("(subquery")


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
        page = store.recent_messages(conversation_id, 5, before=4)
        store.message_traces([message.id for message in page])
        for connection in connections:
            connection.set_progress_handler(None, 0)
        return count

    counts = steps(short), steps(long)
    assert counts[0] > 50
    assert counts[1] == pytest.approx(counts[0], rel=0.1)


def test_a_long_history_is_read_once_however_much_an_erased_customer_wrote(
    store: SqliteStore,
) -> None:
    store.replace_content(CONTENT)
    for number in range(300):
        store.save_golden(GoldenCase(f"case {number}", "track", "ask", "gld_1"))
    steps = []

    def tick() -> int:
        steps[-1] += 1
        return 0

    for messages in (10, 100):
        zoe, _ = store.create_conversation(email="zoe@shop.example")
        for number in range(messages):
            store.record_turn(draft(zoe.id, f"{number}"))
        steps.append(0)
        with store._writing() as write:
            write.connection.set_progress_handler(tick, 10)
            forget_changes(write.connection, f'["{zoe.id}"]')
            write.connection.set_progress_handler(None, 0)
    assert steps[1] < 2 * steps[0]


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
