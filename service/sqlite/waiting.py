"""Customers who wait for a person, in the SQLite store: the queue, and where they can be reached.

Called through ``SqliteStore``. Contacts are their customers' personal data: they go with the
conversation, come into no message, event or search index, and are shown to operators only.
"""

import sqlite3
from datetime import datetime, timedelta

from service.errors import Conflict
from service.records import Contact, ContactKind, FirstWait, Lately, Queued, Ticket
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
ON CONFLICT (ticket_id) DO UPDATE SET kind = excluded.kind, value = excluded.value,
  about = excluded.about, at = excluded.at
"""
# Of a ticket that others were merged into, also what was left in one of those.
CONTACT = """
SELECT kind, value, about, at FROM contact
WHERE ticket_id = :ticket OR ticket_id IN (SELECT id FROM ticket WHERE merged_into = :ticket)
ORDER BY at DESC LIMIT 1
"""


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
        """Where the customer wants to be reached about his active ticket; another replaces it."""
        at = self._now()
        with self._writing() as write:
            ticket = active_ticket(write.connection, conversation_id)
            if ticket is None:
                raise Conflict("Nobody was asked to get back to you.")
            values = (ticket.id, conversation_id, kind, value, about, at)
            write.connection.execute(SAVE, values)
            touch = "UPDATE ticket SET updated_at = ? WHERE id = ?"
            write.connection.execute(touch, (at, ticket.id))
            return tell_ticket(write, ticket.id, at)

    def contact(self, ticket_id: str) -> Contact | None:
        """What its customer left; none when he left nothing."""
        with self._reading() as db:
            row = db.execute(CONTACT, {"ticket": ticket_id}).fetchone()
        return Contact(**dict(row)) if row else None


def _queued(row: sqlite3.Row) -> Queued:
    return Queued(**{**dict(row), "put_off": bool(row["put_off"])})


def _wait(row: sqlite3.Row, now: datetime) -> FirstWait:
    ended = datetime.fromisoformat(row["first_reply_at"]) if row["first_reply_at"] else now
    waited = (ended - datetime.fromisoformat(row["created_at"])).total_seconds()
    return FirstWait(row["created_at"], max(0.0, waited), row["first_reply_at"] is not None)
