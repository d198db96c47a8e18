"""The search index in the file itself: filled for old databases, always whole, rid of words."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from drafts import handoff
from service.inbox_query import parse_query
from service.sqlite.migrations.order import MIGRATIONS
from service.sqlite.store import SqliteStore

RARE = "鷺鷥鷺鷥"
OLD = """
INSERT INTO operator (id, email, email_key, name, role, password_hash, created_at)
  VALUES ('opr_a', 'a@x.example', 'a@x.example', 'Ana', 'operator', 'h', '2026');
INSERT INTO customer VALUES ('cus_1', NULL, 'Zoe Quill', NULL, 0, '2026-03-01T12:00:00.000Z');
INSERT INTO conversation VALUES
  ('cnv_1', 'cus_1', 'h', 'operator', 1, 'en', '{}', 3, '2026-03-01', '2026-03-01'),
  ('cnv_2', NULL, 'h', 'desk', 0, 'en', '{}', 1, '2026-03-01', '2026-03-01');
INSERT INTO message (id, conversation_id, seq, author, text, at) VALUES
  ('msg_1', 'cnv_1', 1, 'customer', 'my Expresslieferung is late', '2026-03-01T12:00:00.000Z'),
  ('msg_2', 'cnv_2', 1, 'customer', 'Expresslieferung answered', '2026-03-01T12:00:00.000Z');
INSERT INTO ticket (id, conversation_id, status, priority, reason, subject, owner_id, created_at,
  updated_at, last_text, last_author, unanswered_since) VALUES
  ('tkt_1', 'cnv_1', 'claimed', 'high', 'r', 'An old subject', 'opr_a', '2026-03-01T12:00:00.000Z',
   '2026-03-01T12:00:00.000Z', 'my Expresslieferung is late', 'customer',
   '2026-03-01T12:00:00.000Z');
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "desk.db"


def found(store: SqliteStore, words: str) -> list[str]:
    return [ticket.id for ticket, _ in store.find_tickets(parse_query(words))]


def undone(store: SqliteStore) -> Callable[[str], None]:
    """Runs a statement whose transaction fails."""

    def write(sql: str) -> None:
        with store._writing() as transaction:
            transaction.connection.execute(sql)
            raise ZeroDivisionError

    return write


def check(path: Path) -> None:
    """The index has what the texts have, no more and no less."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("INSERT INTO search (search) VALUES ('integrity-check')")
        indexed = db.execute("SELECT count(*) FROM search").fetchone()[0]
        texts = """SELECT (SELECT count(*) FROM search_place) + (SELECT count(*) FROM message
          WHERE conversation_id IN (SELECT conversation_id FROM search_place))"""
        assert indexed == db.execute(texts).fetchone()[0]


def test_an_old_database_is_filled(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        database = Database(db)
        MIGRATIONS.apply(database, stop_before="m009_inbox")
        db.executescript(OLD)
    with closing(SqliteStore.open(path)) as store:
        for words in ("lieferung", "quill", "old subject"):
            assert found(store, words) == ["tkt_1"], words
        assert found(store, "answered") == []  # nobody handles it: it is in no inbox
        store.tick_tickets()  # the clock looks at what was there before there was a clock
        old = store.ticket("tkt_1")
        assert (old.priority, old.raised, old.tags) == ("high", None, ())
    check(path)


def test_a_conversation_is_searched_from_its_first_ticket_on(path: Path) -> None:
    with closing(SqliteStore.open(path)) as store:
        conversation, _ = store.create_conversation()
        check(path)
        ticket = store.record_turn(handoff(conversation.id, text="quixotry")).ticket
        assert ticket
        assert found(store, "quixotry person") == [ticket.id]
    check(path)


def test_what_is_undone_is_not_indexed(path: Path) -> None:
    with closing(SqliteStore.open(path)) as store:
        conversation, _ = store.create_conversation()
        store.record_turn(handoff(conversation.id))
        write = undone(store)
        with pytest.raises(ZeroDivisionError):
            write("UPDATE message SET text = 'quixotry'")
        assert found(store, "quixotry") == []
    check(path)


def test_erased_words_leave_the_file_and_its_index(path: Path) -> None:
    with closing(SqliteStore.open(path)) as store:
        conversation, _ = store.create_conversation()
        store.record_turn(handoff(conversation.id, text=f"{RARE} is lost"))
        for n in range(20):  # so that segments of the index are merged, some with it
            other, _ = store.create_conversation(name=f"Other {n}")
            store.record_turn(handoff(other.id, text=f"another {n} text"))
        assert RARE[1].encode() in _bytes(path)
        store.erase(conversation.id, "root")
        store.wipe()
        assert RARE[1].encode() not in _bytes(path)
        assert len(found(store, "another")) == 20
    check(path)


def test_a_backup_finds_the_same(path: Path, tmp_path: Path) -> None:
    with closing(SqliteStore.open(path)) as store:
        conversation, _ = store.create_conversation()
        ticket = store.record_turn(handoff(conversation.id, text=RARE)).ticket
        assert ticket
        store.backup(tmp_path / "copy.db")
    with closing(SqliteStore.open(tmp_path / "copy.db")) as copy:
        assert found(copy, RARE) == [ticket.id]
    check(tmp_path / "copy.db")


def _bytes(path: Path) -> bytes:
    return b"".join(file.read_bytes() for file in path.parent.glob("desk.db*"))
