"""The event log of the SQLite store: what happened, in order, and waiting for more."""

import sqlite3

import orjson

from service.errors import NotFound
from service.records.conversations import Event
from service.sqlite.base import Part
from service.sqlite.rows import FILES, message_from, message_json

# A message's event has the number of its message, and is read from it.
EVENT = f"""
SELECT e.seq AS event_seq, e.conversation_id AS event_conversation_id, e.number, e.kind, e.public,
  e.body, e.at AS event_at, m.*, o.name AS operator_name, {FILES}
FROM event AS e
LEFT JOIN message AS m ON e.kind = 'message'
  AND m.conversation_id = e.conversation_id AND m.seq = e.number
LEFT JOIN operator AS o ON o.id = m.operator_id
"""  # noqa: S608
DESK_EVENTS = f"{EVENT} WHERE e.seq > ? ORDER BY e.seq LIMIT ?"
CONVERSATION_EVENTS = f"""
{EVENT} WHERE e.conversation_id = ? AND e.number > ? AND e.public = 1 ORDER BY e.number LIMIT ?
"""
LEAP = "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'event'"
GAP = 1_000_000


class Events(Part):
    """Reads the log and waits for it to grow."""

    def events(self, *, after: int, limit: int = 200) -> list[Event]:
        """Events of the whole desk with ``seq`` above ``after``, oldest first."""
        with self._reading() as db:
            return [event_from(row) for row in db.execute(DESK_EVENTS, (after, limit))]

    def conversation_events(
        self, conversation_id: str, *, after: int, limit: int = 200
    ) -> list[Event]:
        """Public events of one conversation with ``number`` above ``after``, oldest first."""
        with self._reading() as db:
            rows = db.execute(CONVERSATION_EVENTS, (conversation_id, after, limit)).fetchall()
            if not rows:
                require_conversation(db, conversation_id)
        return [event_from(row) for row in rows]

    def last_event(self) -> int:
        """The highest ``seq``; 0 when there is none."""
        with self._reading() as db:
            return last_event(db)

    def leave_gap(self) -> None:
        """Go on with numbers that nobody has seen: a desk was set back, and people who listen know
        later numbers than it has. As long as it tells less than a thousand events a second, the
        time of day in milliseconds lies beyond them; a conversation is far from ``GAP``."""
        beyond = int(self._clock().timestamp() * 1000)
        with self._writing() as write:
            db = write.connection
            if not db.execute(LEAP, (beyond,)).rowcount:
                db.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('event', ?)", (beyond,))
            db.execute("UPDATE conversation SET last_number = last_number + ?", (GAP,))

    def wait(self, seen: int, timeout: float) -> int:
        """Block until an event beyond ``seen`` was committed by any process, or ``timeout`` seconds
        have passed; returns the highest ``seq``."""
        return self._arrivals.wait(seen, timeout)


def last_event(db: sqlite3.Connection) -> int:
    """The highest ``seq``; 0 when there is none."""
    return int(db.execute("SELECT ifnull(max(seq), 0) FROM event").fetchone()[0])


def event_from(row: sqlite3.Row) -> Event:
    """An event; a message's body is ``{"message": …, "ticket_id": …}``."""
    body = orjson.loads(row["body"])
    if row["kind"] == "message" and row["id"] is not None:
        body["message"] = message_json(message_from(row))
    return Event(
        seq=row["event_seq"],
        conversation_id=row["event_conversation_id"],
        number=row["number"],
        kind=row["kind"],
        public=bool(row["public"]),
        body=body,
        at=row["event_at"],
    )


def require_conversation(db: sqlite3.Connection, conversation_id: str) -> None:
    """``NotFound`` when there is no such conversation."""
    row = db.execute("SELECT 1 FROM conversation WHERE id = ?", (conversation_id,)).fetchone()
    if row is None:
        raise NotFound(f"There is no conversation {conversation_id}.")
