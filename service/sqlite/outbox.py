"""What webhooks are to hear of, written in the transaction in which it happened.

Called by every part of the SQLite store that does something of which there is an event. A delivery
keeps ids and labels, and no word of a customer's: those are read when it is sent, from where they
are, if the webhook may have them; so an erasure has nothing to look for here.
"""

import sqlite3
from collections.abc import Mapping
from typing import Any

import orjson

from service.records.alarms import Alarm
from service.records.conversations import Message
from service.records.people import Operator
from service.records.tickets import Ticket
from service.sqlite.commit import Transaction
from service.sqlite.ids import new_id
from service.webhooks import payload

# A desk has few webhooks, and most have none: then this is a look at an empty table.
WANTING = """
SELECT id FROM webhook
WHERE active = 1 AND EXISTS (SELECT 1 FROM json_each(webhook.events) WHERE value = ?)
"""
PUT = """
INSERT INTO webhook_delivery (id, webhook_id, epoch, conversation_id, event, body, state, failures,
  created_at, begun_at, next_at)
SELECT ?, id, epoch, ?, ?, ?, 'waiting', 0, ?, ?, ? FROM webhook WHERE id = ?
"""
TICKET_LABELS = (
    *("id", "conversation_id", "status", "priority", "reason", "intent", "sentiment", "language"),
    *("created_at", "claimed_at", "resolved_at", "merged_into"),
)
ALARM = ("id", "kind", "subject", "words", "value", "peak", "usual", "began_at", "ended_at")
# By what an event is about: which id leads to words, what these are called, and where they are.
WORDS: Mapping[str, tuple[str, str, str]] = {
    "message": ("id", "text", "SELECT text FROM message WHERE id = ?"),
    "ticket": ("id", "subject", "SELECT subject FROM ticket WHERE id = ?"),
    "rating": ("message_id", "comment", "SELECT comment FROM feedback WHERE message_id = ?"),
}


def happened(
    write: Transaction,
    event: str,
    told: Mapping[str, Any],
    at: str,
    *,
    conversation_id: str | None = None,
    due_at: str = "",
) -> None:
    """Have every webhook hear of it that wants to, at once or later. What belongs to a conversation
    goes with it."""
    for row in write.connection.execute(WANTING, (event,)).fetchall():
        put(write, row["id"], event, told, at, conversation_id, due_at)


def put(
    write: Transaction,
    webhook_id: str,
    event: str,
    told: Mapping[str, Any],
    at: str,
    conversation_id: str | None = None,
    due_at: str = "",
) -> str:
    """A delivery to one webhook, due at once unless it says when; returns its id."""
    delivery_id = new_id("whd")
    body = orjson.dumps(told).decode()
    row = (delivery_id, conversation_id, event, body, at, at, due_at or at, webhook_id)
    write.connection.execute(PUT, row)
    return delivery_id


def ticket_happened(
    write: Transaction, event: str, ticket: Ticket, at: str, by: Operator | None = None
) -> None:
    """Something became of a ticket; ``by`` is who did it."""
    labels: dict[str, Any] = {name: getattr(ticket, name) for name in TICKET_LABELS}
    labels["owner"] = _person(ticket.owner_id, ticket.owner_name)
    labels["tags"] = [tag.name for tag in ticket.tags]
    told = {"ticket": labels, "by": _person(by.id, by.name) if by else None}
    happened(write, event, told, at, conversation_id=ticket.conversation_id)


def message_happened(write: Transaction, message: Message, ticket_id: str | None) -> None:
    """Somebody wrote."""
    names = ("id", "conversation_id", "seq", "author", "at", "template", "action", "reply_to")
    labels: dict[str, Any] = {name: getattr(message, name) for name in names}
    labels["operator"] = _person(message.operator_id, message.operator_name)
    told = {"message": labels, "ticket_id": ticket_id}
    conversation_id = message.conversation_id
    happened(write, "message.created", told, message.at, conversation_id=conversation_id)


def alarm_happened(write: Transaction, event: str, alarm: Alarm, at: str) -> None:
    """An alarm began or ended; it holds no customer's words."""
    happened(write, event, {"alarm": {name: getattr(alarm, name) for name in ALARM}}, at)


def composed(db: sqlite3.Connection, row: sqlite3.Row) -> bytes:
    """What is sent of a delivery now; ``row`` has ``event``, ``body``, ``created_at`` and the
    webhook's ``with_texts``. Words that are gone are null."""
    told = orjson.loads(row["body"])
    for about in WORDS.keys() & told.keys() if row["with_texts"] else ():
        key, words, sql = WORDS[about]
        found = db.execute(sql, (told[about][key],)).fetchone()
        told[about][words] = found[0] if found else None
    return payload(row["event"], row["created_at"], told)


def _person(operator_id: str | None, name: str | None) -> dict[str, Any] | None:
    return {"id": operator_id, "name": name} if operator_id else None
