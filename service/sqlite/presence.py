"""Who looks at a ticket and who writes right now, in the SQLite store.

Called through ``SqliteStore``. It is kept here, and not in a process's memory, because the streams
of a desk are spread over several processes. A row lives for seconds and holds nobody's words;
nothing of it comes into the event log.
"""

import sqlite3
from datetime import timedelta

from service.errors import NotFound
from service.records.people import Presence, PresenceState, Present
from service.sqlite.base import Part, iso
from service.sqlite.commit import Transaction

MOST_TABS = 20  # of one operator, so that nobody fills the table

LOOK = """
INSERT INTO presence (operator_id, tab, ticket_id, state, until) VALUES (?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET ticket_id = excluded.ticket_id, state = excluded.state,
  until = excluded.until
"""
TOO_MANY = """
DELETE FROM presence WHERE operator_id = :operator AND tab IN (
  SELECT tab FROM presence WHERE operator_id = :operator ORDER BY until DESC LIMIT -1 OFFSET :most)
"""
TYPE = """
INSERT INTO typing (conversation_id, until) VALUES (?, ?)
ON CONFLICT DO UPDATE SET until = excluded.until
"""
# Writing says more than looking, and a reply more than a note: it may cross a colleague's.
LOOKING = """
SELECT p.ticket_id, t.conversation_id, p.operator_id, o.name AS operator_name,
  CASE max(CASE p.state WHEN 'writing' THEN 2 WHEN 'noting' THEN 1 ELSE 0 END)
    WHEN 2 THEN 'writing' WHEN 1 THEN 'noting' ELSE 'looking' END AS state
FROM presence AS p JOIN ticket AS t ON t.id = p.ticket_id JOIN operator AS o ON o.id = p.operator_id
WHERE p.until > ? AND o.disabled = 0 GROUP BY p.ticket_id, p.operator_id
ORDER BY p.ticket_id, o.name, p.operator_id
"""
TYPING = "SELECT conversation_id FROM typing WHERE until > ? ORDER BY conversation_id"
ENDED = (
    "SELECT EXISTS (SELECT 1 FROM presence WHERE until <= :now)"
    " OR EXISTS (SELECT 1 FROM typing WHERE until <= :now)"
)


class PresencePart(Part):
    """Notes presence, and forgets it; see the contract."""

    def note_presence(
        self, operator_id: str, tab: str, ticket_id: str, state: PresenceState, seconds: float
    ) -> None:
        """One tab of an operator's has this ticket open for the next seconds."""
        until = iso(self._clock() + timedelta(seconds=seconds))
        with self._writing() as write:
            _forget_ended(write, self._now())
            if not _is_there(write.connection, "ticket", ticket_id):
                raise NotFound(f"There is no ticket {ticket_id}.")
            write.connection.execute(LOOK, (operator_id, tab, ticket_id, state, until))
            write.connection.execute(TOO_MANY, {"operator": operator_id, "most": MOST_TABS})

    def forget_presence(self, operator_id: str, tab: str) -> None:
        """That tab has no ticket open any more."""
        with self._writing() as write:
            _forget_ended(write, self._now())
            sql = "DELETE FROM presence WHERE operator_id = ? AND tab = ?"
            write.connection.execute(sql, (operator_id, tab))

    def note_typing(self, conversation_id: str, seconds: float) -> None:
        """The customer writes."""
        until = iso(self._clock() + timedelta(seconds=seconds))
        with self._writing() as write:
            _forget_ended(write, self._now())
            if not _is_there(write.connection, "conversation", conversation_id):
                raise NotFound(f"There is no conversation {conversation_id}.")
            write.connection.execute(TYPE, (conversation_id, until))

    def forget_typing(self, conversation_id: str) -> None:
        """The customer writes no more."""
        with self._writing() as write:
            sql = "DELETE FROM typing WHERE conversation_id = ?"
            write.connection.execute(sql, (conversation_id,))

    def present(self) -> Present:
        """Who is there."""
        now = self._now()
        with self._snapshot() as db:
            names = Presence.__slots__
            looking = [
                Presence(**{n: row[n] for n in names}) for row in db.execute(LOOKING, (now,))
            ]
            typing = [str(row["conversation_id"]) for row in db.execute(TYPING, (now,))]
        return Present(tuple(looking), tuple(typing))

    def forget_absent(self) -> None:
        """Remove what has ended, if anything has."""
        now = self._now()
        with self._reading() as db:
            if not db.execute(ENDED, {"now": now}).fetchone()[0]:
                return
        with self._writing() as write:
            _forget_ended(write, now)


def _forget_ended(write: Transaction, now: str) -> None:
    for table in ("presence", "typing"):
        write.connection.execute(f"DELETE FROM {table} WHERE until <= ?", (now,))  # noqa: S608


def _is_there(db: sqlite3.Connection, table: str, id_: str) -> bool:
    return db.execute(f"SELECT 1 FROM {table} WHERE id = ?", (id_,)).fetchone() is not None  # noqa: S608
