"""Reads of the customers' side: conversations, messages, turns and traces.

Every read costs the same in a long conversation as in a short one. Called through
``SqliteStore``; the web may ask for all of it, and decides itself who may see it.
"""

import hmac
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from service.contract.conversations import LAST_SEQ
from service.errors import NotFound, Unauthorized
from service.records.conversations import Closing, Conversation, Message
from service.records.past import Origin, Outcome
from service.records.people import Customer
from service.records.turns import Turn
from service.sqlite.base import Part
from service.sqlite.events import require_conversation
from service.sqlite.ids import hashed
from service.sqlite.resumption import opened_by
from service.sqlite.rows import MESSAGE, conversation_from, customer_from, message_from
from service.sqlite.ticket_rows import find_ticket

MESSAGE_BY_ID = f"{MESSAGE} WHERE m.id = ?"
# The operator's part of the key is empty for customers.
MESSAGE_BY_CLIENT = f"""
{MESSAGE} WHERE m.conversation_id = ? AND ifnull(m.operator_id, '') = ? AND m.client_id = ?
"""
MESSAGES = f"""
{MESSAGE} WHERE m.conversation_id = ? AND m.seq > ? AND m.note <= ? ORDER BY m.seq LIMIT ?
"""
RECENT = f"{MESSAGE} WHERE m.conversation_id = ? AND m.seq < ? ORDER BY m.seq DESC LIMIT ?"
CUSTOMER_TEXTS = """
SELECT text FROM message WHERE author = 'customer' AND text <> ''
ORDER BY at DESC, rowid DESC LIMIT ?
"""
TRACE = """
SELECT t.trace FROM message AS m JOIN turn AS t ON t.message_id = ifnull(m.reply_to, m.id)
WHERE m.id = ?
"""
TRACES = """
SELECT message_id, trace FROM turn WHERE conversation_id = ? AND trace IS NOT NULL
ORDER BY rowid DESC LIMIT ?
"""
TRACES_OF = """
SELECT message_id, trace FROM turn
WHERE message_id IN (SELECT value FROM json_each(?)) AND trace IS NOT NULL
"""
FEEDBACK = """
SELECT message_id, helpful, rating, comment, at FROM feedback
WHERE message_id IN (SELECT value FROM json_each(?))
"""
LAST_TICKET = """
SELECT id, status, created_at FROM ticket WHERE conversation_id = ?
ORDER BY created_at DESC, rowid DESC LIMIT 1
"""
# What a person said last is what is rated; else the closing words, but no reply of the desk's,
# whose ratings tell of its answers.
CLOSING = """
SELECT m.id, EXISTS (
  SELECT 1 FROM message AS r JOIN feedback AS f ON f.message_id = r.id
  WHERE r.conversation_id = :conversation_id AND f.rating IS NOT NULL AND f.at >= :since
) AS rated
FROM message AS m
WHERE m.conversation_id = :conversation_id AND m.at >= :since AND m.note = 0
  AND (m.author = 'operator' OR m.author = 'desk' AND m.reply_to IS NULL)
ORDER BY m.author = 'operator' DESC, m.seq DESC LIMIT 1
"""
OUTCOME = """
CASE WHEN t.message_id IS NULL OR t.action = 'none' THEN NULL
  WHEN t.action = 'handoff'
    OR EXISTS (SELECT 1 FROM ticket AS k
      WHERE k.conversation_id = t.conversation_id AND k.created_at >= t.at)
    OR EXISTS (SELECT 1 FROM feedback AS f WHERE f.message_id = t.reply_id AND f.helpful = 0)
  THEN 'person'
  WHEN t.action = 'answer' THEN 'answered' ELSE 'asked' END
"""
ORIGINS = f"""
SELECT m.id, m.conversation_id, m.at, c.name, v.customer_id, {OUTCOME} AS outcome
FROM message AS m JOIN conversation AS v ON v.id = m.conversation_id
LEFT JOIN customer AS c ON c.id = v.customer_id LEFT JOIN turn AS t ON t.message_id = m.id
WHERE m.id IN (SELECT value FROM json_each(?))
"""  # noqa: S608
OUTCOMES = f"""
SELECT {OUTCOME} AS outcome, count(*) FROM turn AS t WHERE t.at >= ? AND t.action <> 'none'
GROUP BY 1
"""  # noqa: S608


class Turns(Part):
    """Reads conversations and what was said in them."""

    def conversation(self, conversation_id: str) -> Conversation:
        """The conversation as it stands."""
        with self._reading() as db:
            row = _conversation_row(db, conversation_id)
        if row is None:
            raise NotFound(f"There is no conversation {conversation_id}.")
        return conversation_from(row)

    def authorized_conversation(self, conversation_id: str, token: str) -> Conversation:
        """The conversation, if ``token`` is one of its own; ``Unauthorized`` for any other, also
        for unknown ids, so that ids cannot be probed."""
        with self._reading() as db:
            row, given = _conversation_row(db, conversation_id), hashed(token)
            first = hmac.compare_digest(row["token_hash"] if row else "", given)
            known = first or opened_by(db, conversation_id, given)
        if row is None or not known:
            raise Unauthorized("This token is not the conversation's.")
        return conversation_from(row)

    def customer(self, customer_id: str) -> Customer:
        """Who writes in a conversation."""
        with self._reading() as db:
            row = db.execute("SELECT * FROM customer WHERE id = ?", (customer_id,)).fetchone()
        if row is None:
            raise NotFound(f"There is no customer {customer_id}.")
        return customer_from(row)

    def find_turn(self, conversation_id: str, client_id: str) -> Turn | None:
        """The turn posted under this client id, marked repeated; none if there is none."""
        with self._reading() as db:
            if find_posted(db, conversation_id, client_id) is None:  # as nearly always
                require_conversation(db, conversation_id)
                return None
        with self._snapshot() as db:
            return find_turn(db, conversation_id, client_id)

    def messages(
        self, conversation_id: str, *, after: int = 0, limit: int = 200, notes: bool = False
    ) -> list[Message]:
        """Messages with ``seq`` above ``after``, oldest first; notes only when asked for."""
        with self._reading() as db:
            rows = db.execute(MESSAGES, (conversation_id, after, notes, limit)).fetchall()
            if not rows:
                require_conversation(db, conversation_id)
        return [message_from(row) for row in rows]

    def recent_messages(
        self, conversation_id: str, limit: int = 50, before: int = LAST_SEQ
    ) -> list[Message]:
        """The last ``limit`` messages with ``seq`` below ``before``, notes included, oldest
        first."""
        with self._reading() as db:
            rows = db.execute(RECENT, (conversation_id, before, limit)).fetchall()
            if not rows:
                require_conversation(db, conversation_id)
        return [message_from(row) for row in reversed(rows)]

    def customer_texts(self, limit: int) -> list[str]:
        """The texts of the last ``limit`` messages that customers wrote, the newest first."""
        with self._reading() as db:
            return [str(row["text"]) for row in db.execute(CUSTOMER_TEXTS, (limit,))]

    def origins(self, message_ids: Sequence[str]) -> dict[str, Origin]:
        """Where these messages come from, by message id; those that are gone are left out."""
        with self._reading() as db:
            rows = db.execute(ORIGINS, (orjson.dumps(list(message_ids)).decode(),)).fetchall()
        return {
            row["id"]: Origin(
                row["conversation_id"], row["at"], row["name"], row["customer_id"], row["outcome"]
            )
            for row in rows
        }

    def outcomes(self, since: str) -> dict[Outcome, int]:
        """What became of the messages that the desk has read since then, and how often."""
        with self._reading() as db:
            return {row[0]: row[1] for row in db.execute(OUTCOMES, (since,))}

    def message(self, message_id: str) -> Message:
        """One message."""
        with self._reading() as db:
            return find_message(db, message_id)

    def trace(self, message_id: str) -> Mapping[str, Any]:
        """Why the desk replied so to this customer message; also by the id of the reply."""
        with self._reading() as db:
            row = db.execute(TRACE, (message_id,)).fetchone()
        if row is None or row["trace"] is None:
            raise NotFound(f"There is no trace of message {message_id}.")
        return _object(row["trace"])

    def traces(self, conversation_id: str, limit: int = 50) -> dict[str, Mapping[str, Any]]:
        """Traces of the last messages by customer message id, oldest first."""
        with self._reading() as db:
            rows = db.execute(TRACES, (conversation_id, limit)).fetchall()
            if not rows:
                require_conversation(db, conversation_id)
        return {row["message_id"]: _object(row["trace"]) for row in reversed(rows)}

    def message_traces(self, message_ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        """Traces of these messages, by id; those without one are left out."""
        with self._reading() as db:
            rows = db.execute(TRACES_OF, (orjson.dumps(list(message_ids)).decode(),)).fetchall()
        return {row["message_id"]: _object(row["trace"]) for row in rows}

    def feedback(self, message_ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        """What customers thought of these messages: helpful, rating, comment, at."""
        with self._reading() as db:
            rows = db.execute(FEEDBACK, (orjson.dumps(list(message_ids)).decode(),)).fetchall()
        return {
            row["message_id"]: {
                "helpful": None if row["helpful"] is None else bool(row["helpful"]),
                "rating": row["rating"],
                "comment": row["comment"],
                "at": row["at"],
            }
            for row in rows
        }

    def closing(self, conversation_id: str) -> Closing | None:
        """What the customer of a resolved conversation can be asked about; see the contract."""
        with self._snapshot() as db:
            ticket = db.execute(LAST_TICKET, (conversation_id,)).fetchone()
            if ticket is None or ticket["status"] != "resolved":
                return None
            named = {"conversation_id": conversation_id, "since": ticket["created_at"]}
            row = db.execute(CLOSING, named).fetchone()
        return Closing(ticket["id"], row["id"], bool(row["rated"])) if row else None


def find_message(db: sqlite3.Connection, message_id: str) -> Message:
    """One message; ``NotFound`` when there is none."""
    row = db.execute(MESSAGE_BY_ID, (message_id,)).fetchone()
    if row is None:
        raise NotFound(f"There is no message {message_id}.")
    return message_from(row)


def find_posted(
    db: sqlite3.Connection, conversation_id: str, client_id: str, operator_id: str = ""
) -> Message | None:
    """What this operator, or the customer, has posted under a client id."""
    row = db.execute(MESSAGE_BY_CLIENT, (conversation_id, operator_id, client_id)).fetchone()
    return message_from(row) if row else None


def find_turn(db: sqlite3.Connection, conversation_id: str, client_id: str) -> Turn | None:
    """The turn posted under this client id, marked repeated, with its ticket as it is now."""
    message = find_posted(db, conversation_id, client_id)
    if message is None:
        return None
    turn = db.execute(
        "SELECT reply_id, ticket_id, action FROM turn WHERE message_id = ?", (message.id,)
    ).fetchone()
    return Turn(
        message=message,
        reply=find_message(db, turn["reply_id"]) if turn["reply_id"] else None,
        action=turn["action"],
        ticket=find_ticket(db, turn["ticket_id"]) if turn["ticket_id"] else None,
        repeated=True,
    )


def _conversation_row(db: sqlite3.Connection, conversation_id: str) -> sqlite3.Row | None:
    row: sqlite3.Row | None = db.execute(
        "SELECT * FROM conversation WHERE id = ?", (conversation_id,)
    ).fetchone()
    return row


def _object(text: str) -> Mapping[str, Any]:
    value: dict[str, Any] = orjson.loads(text)
    return value
