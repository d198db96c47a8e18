"""Customers who wait for a person, in the SQLite store: the queue, and where they can be reached.

Called through ``SqliteStore``. Contacts are their customers' personal data: they go with the
conversation, come into no message, event or search index, and are shown to operators only.
"""

import sqlite3
from datetime import datetime, timedelta

from service.errors import Conflict
from service.records.tickets import Ticket
from service.records.waiting import Contact, FirstWait, Lately, Queued
from service.records.words import ContactKind
from service.sqlite.base import Part, iso
from service.sqlite.content_rows import contact_form, promises
from service.sqlite.ticket_rows import active_ticket, tell_ticket

MOST_WAITS = 400  # the latest: enough for a quantile, and soon read
REPLIED_WITHIN = timedelta(hours=1)

QUEUE = """
SELECT t.conversation_id, t.priority, t.unanswered_since AS since,
  t.snoozed_until IS NOT NULL AS put_off, c.kind AS contact
FROM ticket AS t LEFT JOIN contact AS c ON c.ticket_id = t.id WHERE t.status = 'open'
"""
WAITS = """
SELECT created_at, first_reply_at FROM ticket
WHERE created_at >= ? AND (first_reply_at IS NOT NULL OR status IN ('open', 'claimed'))
ORDER BY created_at DESC LIMIT ?
"""
# A console that is open renews its session every few minutes; who answers by a program is there.
SEEN = """
SELECT max(at) FROM (
  SELECT max(s.seen_at) AS at FROM session AS s JOIN operator AS o ON o.id = s.operator_id
  WHERE s.expires_at > :now AND o.disabled = 0
  UNION ALL SELECT max(at) FROM message WHERE at >= :since AND author = 'operator')
"""
SAVE = """
INSERT INTO contact (ticket_id, conversation_id, kind, value, about, at) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (ticket_id) DO UPDATE SET conversation_id = excluded.conversation_id,
  kind = excluded.kind, value = excluded.value, about = excluded.about, at = excluded.at
"""
CONTACT = "SELECT kind, value, about, at FROM contact WHERE ticket_id = ?"


class WaitingPart(Part):
    """Reads the queue and what the desk did lately; keeps contacts. See the contract."""

    def queue(self) -> list[Queued]:
        """Whoever waits for a person."""
        with self._reading() as db:
            return [_queued(row) for row in db.execute(QUEUE)]

    def lately(self, since: str) -> Lately:
        """First waits of tickets that came since then, when an operator was there last, and what
        the desk says of its hours."""
        now = self._clock()
        asked = {"now": iso(now), "since": iso(now - REPLIED_WITHIN)}
        with self._snapshot() as db:
            rows = db.execute(WAITS, (since, MOST_WAITS)).fetchall()
            seen_at = db.execute(SEEN, asked).fetchone()[0]
            hours, form = promises(db)[1], contact_form(db)
        return Lately(tuple(_wait(row, now) for row in rows), seen_at, hours, form)

    def save_contact(
        self, conversation_id: str, kind: ContactKind, value: str, about: str
    ) -> Ticket:
        """Where the customer wants to be reached about his ticket; another replaces it, the same
        changes nothing."""
        at = self._now()
        with self._writing() as write:
            db = write.connection
            ticket = active_ticket(db, conversation_id)
            if ticket is None or ticket.status != "open":
                raise Conflict("You wait for nobody who could get back to you.")
            before = _contact(db, ticket.id)
            if before is None and contact_form(db) == "never":
                raise Conflict("This desk takes no addresses.")
            if before == Contact(kind, value, about, before.at if before else at):
                return ticket
            db.execute(SAVE, (ticket.id, conversation_id, kind, value, about, at))
            db.execute("UPDATE ticket SET updated_at = ? WHERE id = ?", (at, ticket.id))
            return tell_ticket(write, ticket.id, at)

    def contact(self, ticket_id: str) -> Contact | None:
        """What its customer left; none when he left nothing."""
        with self._reading() as db:
            return _contact(db, ticket_id)


def _contact(db: sqlite3.Connection, ticket_id: str) -> Contact | None:
    row = db.execute(CONTACT, (ticket_id,)).fetchone()
    return Contact(**dict(row)) if row else None


def _queued(row: sqlite3.Row) -> Queued:
    return Queued(**{**dict(row), "put_off": bool(row["put_off"])})


def _wait(row: sqlite3.Row, now: datetime) -> FirstWait:
    ended = datetime.fromisoformat(row["first_reply_at"]) if row["first_reply_at"] else now
    waited = (ended - datetime.fromisoformat(row["created_at"])).total_seconds()
    return FirstWait(row["created_at"], max(0.0, waited), row["first_reply_at"] is not None)
