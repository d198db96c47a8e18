"""Tickets inside a transaction: found, opened, moved on, and told of.

Shared by the conversations', the operators' and the tickets' parts of the SQLite store.
"""

import sqlite3
from dataclasses import asdict

from service.errors import NotFound
from service.records.conversations import Message
from service.records.tickets import Ticket, TicketDraft
from service.records.words import PRIORITIES
from service.sqlite.commit import Transaction
from service.sqlite.content_rows import promises
from service.sqlite.outbox import ticket_happened
from service.sqlite.rows import TICKET, ticket_from
from service.urgency import Waiting, standing

PREVIEW_CHARACTERS = 300

TICKET_BY_ID = f"{TICKET} WHERE t.id = ?"
ACTIVE_TICKET = f"{TICKET} WHERE t.conversation_id = ? AND t.status IN ('open', 'claimed')"
NEW_TICKET = """
INSERT INTO ticket (id, conversation_id, status, priority, base, reason, subject, intent, sentiment,
  created_at, updated_at, last_text, last_author, unanswered_since)
VALUES (?, ?, 'open', ?, ?, ?, ?, ?, ?, ?, ?, ?, 'customer', ?)
"""
# Whoever put it off waited for this, or for a time that no longer matters.
CUSTOMER_WROTE = """
UPDATE ticket SET base = ?, last_text = ?, last_author = 'customer', updated_at = ?,
  unanswered_since = ifnull(unanswered_since, ?), snoozed_until = NULL
WHERE id = ?
"""
PUT_OFF = "UPDATE ticket SET snoozed_until = ?, updated_at = ? WHERE id = ?"
STANDING = """
SELECT status, base, sentiment, ifnull(reopened_at, created_at) AS opened_at, unanswered_since,
  first_reply_at IS NOT NULL AS replied, snoozed_until FROM ticket WHERE id = ?
"""
STAND = """
UPDATE ticket SET priority = :priority, raised = :raised, reply_warn_at = :reply_warn_at,
  reply_due_at = :reply_due_at, resolve_warn_at = :resolve_warn_at,
  resolve_due_at = :resolve_due_at, look_at = :look_at
WHERE id = :id
"""


def preview(text: str) -> str:
    """The beginning of a text; the whole of it is in its message."""
    return text[:PREVIEW_CHARACTERS]


def find_ticket(db: sqlite3.Connection, ticket_id: str) -> Ticket:
    """One ticket; ``NotFound`` when there is none."""
    row = db.execute(TICKET_BY_ID, (ticket_id,)).fetchone()
    if row is None:
        raise NotFound(f"There is no ticket {ticket_id}.")
    return ticket_from(row)


def active_ticket(db: sqlite3.Connection, conversation_id: str) -> Ticket | None:
    """The ticket that is open or claimed; a conversation has at most one."""
    row = db.execute(ACTIVE_TICKET, (conversation_id,)).fetchone()
    return ticket_from(row) if row else None


def open_ticket(
    write: Transaction,
    ticket_id: str,
    conversation_id: str,
    draft: TicketDraft,
    last_text: str,
    at: str,
) -> Ticket:
    """A new ticket, waiting from now on."""
    write.connection.execute(
        NEW_TICKET,
        (
            *(ticket_id, conversation_id, draft.priority, draft.priority, draft.reason),
            draft.subject,
            *(draft.intent, draft.sentiment, at, at, preview(last_text), at),
        ),
    )
    ticket = tell_ticket(write, ticket_id, at)
    ticket_happened(write, "ticket.opened", ticket, at)
    return ticket


def customer_wrote(
    write: Transaction, ticket: Ticket, message: Message, draft: TicketDraft | None
) -> Ticket:
    """The customer wrote again; a draft can only raise the priority."""
    db = write.connection
    base = db.execute("SELECT base FROM ticket WHERE id = ?", (ticket.id,)).fetchone()["base"]
    candidates = [base, draft.priority] if draft else [base]
    base = max(candidates, key=PRIORITIES.index)
    db.execute(CUSTOMER_WROTE, (base, preview(message.gist), message.at, message.at, ticket.id))
    return tell_ticket(write, ticket.id, message.at)


def wake(write: Transaction, ticket: Ticket, at: str) -> Ticket:
    """Put it off no longer; one that is awake stays as it is."""
    if ticket.snoozed_until is None:
        return ticket
    write.connection.execute(PUT_OFF, (None, at, ticket.id))
    return tell_ticket(write, ticket.id, at)


def tell_ticket(write: Transaction, ticket_id: str, at: str) -> Ticket:
    """Settle how urgent it is by now, and append the event with the ticket as it stands; returns
    it. Every change of a ticket ends here."""
    settle(write.connection, ticket_id, at)
    ticket = find_ticket(write.connection, ticket_id)
    write.tell("ticket", ticket, at, conversation_id=ticket.conversation_id)
    return ticket


def settle(db: sqlite3.Connection, ticket_id: str, at: str) -> None:
    """Work out priority and clocks of a ticket anew."""
    row = db.execute(STANDING, (ticket_id,)).fetchone()
    if row is None:
        raise NotFound(f"There is no ticket {ticket_id}.")
    waiting = Waiting(**{**dict(row), "replied": bool(row["replied"])})
    stands = standing(waiting, *promises(db), at)
    db.execute(STAND, {**asdict(stands), "id": ticket_id})
