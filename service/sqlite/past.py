"""Reads of what customers wrote some time ago and what the desk did, for replays and the review.

Called through ``SqliteStore``. Reads page by page and holds no connection in between, so a model
may take its time. Files without words are no messages here: no model reads them.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import orjson

from service.errors import NotFound
from service.records.past import (
    CustomerPast,
    DecidedMessage,
    PastConversation,
    PastMessage,
    PastTicket,
    Said,
)
from service.sqlite.base import Part
from service.sqlite.rows import label_of

PAGE = 200  # conversations

WRITTEN_IN = """
SELECT conversation_id FROM message WHERE author = 'customer' AND at >= ? AND text <> ''
GROUP BY conversation_id ORDER BY min(at), conversation_id
"""
NEWEST = """
SELECT at FROM message WHERE author = 'customer' AND at >= ? AND text <> ''
ORDER BY at DESC LIMIT 1 OFFSET ?
"""
TURN = """
SELECT m.conversation_id, m.id, m.seq, m.text, m.at, m.client_id, t.action, t.trace,
  r.text AS reply, r.suggestions
FROM message AS m JOIN turn AS t ON t.message_id = m.id LEFT JOIN message AS r ON r.id = t.reply_id
"""
WRITTEN = f"""
{TURN} WHERE m.conversation_id IN (SELECT value FROM json_each(?)) AND m.text <> ''
ORDER BY m.conversation_id, m.seq
"""  # noqa: S608
HANDS = """
SELECT conversation_id, number, json_extract(body, '$.status') AS status FROM event
WHERE conversation_id IN (SELECT value FROM json_each(?)) AND kind = 'conversation'
  AND number IS NOT NULL
ORDER BY conversation_id, number
"""

# What answers a question of the desk's, by words or by a click, says no wish of its own.
FACTS = ("chosen", "slot_given", "slot_not_given")
DECIDED = """
WITH decided AS (
  SELECT m.id, m.conversation_id, m.text, m.at, m.seq, t.reply_id, t.action, t.reason,
    lead(t.action, 1, '') OVER (PARTITION BY m.conversation_id ORDER BY m.seq) AS next
  FROM message AS m JOIN turn AS t ON t.message_id = m.id
  WHERE m.author = 'customer' AND m.at >= :since
)
SELECT id, conversation_id, text,
  action IN ('answer', 'ask') OR action = 'clarify' AND next IN ('answer', 'ask') AS answered,
  action = 'handoff' OR action = 'clarify' AND next = 'handoff' AS handed_over,
  EXISTS (SELECT 1 FROM feedback AS f WHERE f.message_id IN (decided.id, decided.reply_id)
    AND (f.helpful = 0 OR f.rating <= 2)) AS unhelpful,
  (SELECT c.intent FROM correction AS c WHERE c.message_id = decided.id AND c.intent IS NOT NULL
    AND c.undone_by IS NULL AND c.kind IN ('correction', 'confirmation')
    ORDER BY c.rowid DESC LIMIT 1) AS intent
FROM decided
WHERE text <> '' AND action <> 'none' AND reason NOT IN (SELECT value FROM json_each(:facts))
ORDER BY at DESC, id DESC LIMIT :limit
"""
# The conversations of a ticket's customer, this one always among them; of one who is not verified,
# only this one.
OF_CUSTOMER = """
WITH chosen AS (SELECT id, rowid AS place FROM conversation WHERE id = :id OR customer_id = (
  SELECT c.id FROM conversation AS o JOIN customer AS c ON c.id = o.customer_id
  WHERE o.id = :id AND c.verified = 1)
  ORDER BY id = :id DESC, created_at DESC, rowid DESC LIMIT :limit)
SELECT v.id AS conversation_id, v.status, v.created_at, v.updated_at,
  (SELECT count(*) FROM message WHERE conversation_id = v.id AND note = 0) AS messages,
  (SELECT count(*) FROM turn WHERE conversation_id = v.id AND action = 'answer') AS answered,
  (SELECT substr(text, 1, 200) FROM message WHERE conversation_id = v.id AND author = 'customer'
    AND text <> '' ORDER BY seq LIMIT 1) AS began,
  -- by its messages: feedback has no index by conversation
  (SELECT f.rating FROM message AS m CROSS JOIN feedback AS f ON f.message_id = m.id
    WHERE m.conversation_id = v.id AND f.rating IS NOT NULL ORDER BY f.at DESC LIMIT 1) AS rating
FROM chosen CROSS JOIN conversation AS v ON v.id = chosen.id
ORDER BY v.created_at DESC, chosen.place DESC
"""
PAST_TICKETS = """
SELECT t.id, t.conversation_id, t.status, t.subject, t.reason, t.intent, o.name AS owner_name,
  t.created_at, t.resolved_at
FROM ticket AS t LEFT JOIN operator AS o ON o.id = t.owner_id
WHERE t.conversation_id IN (SELECT value FROM json_each(?)) ORDER BY t.created_at, t.rowid
"""


class Past(Part):
    """Conversations as they were."""

    def customer_past(self, conversation_id: str, limit: int = 50) -> list[CustomerPast]:
        """This conversation and all others of the same verified customer; see the contract."""
        with self._snapshot() as db:
            rows = db.execute(OF_CUSTOMER, {"id": conversation_id, "limit": limit}).fetchall()
            if not rows:
                raise NotFound(f"There is no conversation {conversation_id}.")
            ids = orjson.dumps([row["conversation_id"] for row in rows]).decode()
            tickets: dict[str, list[PastTicket]] = {}
            for row in db.execute(PAST_TICKETS, (ids,)):
                ticket = PastTicket(**{name: row[name] for name in PastTicket.__slots__})
                tickets.setdefault(row["conversation_id"], []).append(ticket)
        names = [name for name in CustomerPast.__slots__ if name not in ("began", "tickets")]
        return [
            CustomerPast(
                **{name: row[name] for name in names},
                began=row["began"] or "",
                tickets=tuple(tickets.get(row["conversation_id"], ())),
            )
            for row in rows
        ]

    def past_conversations(
        self, since: str, limit: int | None = None
    ) -> Iterator[PastConversation]:
        """Conversations in which a customer wrote since, each from its beginning; see the
        contract."""
        with self._reading() as db:
            if limit is not None:
                row = db.execute(NEWEST, (since, limit - 1)).fetchone()
                since = row["at"] if row else since
            ids = [row["conversation_id"] for row in db.execute(WRITTEN_IN, (since,))]
        for start in range(0, len(ids), PAGE):
            yield from self._page(ids[start : start + PAGE], since)

    def decided_messages(self, since: str, limit: int) -> list[DecidedMessage]:
        """What customers wrote since and the desk decided, the newest first; see the contract."""
        named = {"since": since, "limit": limit, "facts": orjson.dumps(FACTS).decode()}
        with self._reading() as db:
            rows = db.execute(DECIDED, named).fetchall()
        return [
            DecidedMessage(
                id=row["id"],
                conversation_id=row["conversation_id"],
                text=row["text"],
                answered=bool(row["answered"]),
                handed_over=bool(row["handed_over"]),
                unhelpful=bool(row["unhelpful"]),
                intent=row["intent"],
            )
            for row in rows
        ]

    def past_message(self, message_id: str) -> PastMessage | None:
        """A customer's message with what the desk said to it; none when it is gone."""
        with self._reading() as db:
            row = db.execute(f"{TURN} WHERE m.id = ?", (message_id,)).fetchone()
        return _message(row, fresh=False, since="") if row else None

    def _page(self, ids: Sequence[str], since: str) -> list[PastConversation]:
        among = (orjson.dumps(ids).decode(),)
        with self._snapshot() as db:
            written = db.execute(WRITTEN, among).fetchall()
            returned = given_back(db, ids)
        found = {}
        for conversation_id, rows in groupby(written, key=lambda row: str(row["conversation_id"])):
            messages: list[PastMessage] = []
            before = 0
            for row in rows:
                numbers = returned.get(conversation_id, ())
                fresh = any(before < number < row["seq"] for number in numbers)
                messages.append(_message(row, fresh=fresh, since=since))
                before = row["seq"]
            found[conversation_id] = PastConversation(conversation_id, tuple(messages))
        return [found[conversation_id] for conversation_id in ids]


def given_back(db: sqlite3.Connection, ids: Sequence[str]) -> dict[str, list[int]]:
    """Where in these conversations a person gave it back, or was done with it: the numbers.

    One that a customer's message wakes goes from resolved to desk, too: that is no new beginning.
    """
    hands = db.execute(HANDS, (orjson.dumps(list(ids)).decode(),)).fetchall()
    found: dict[str, list[int]] = {}
    for conversation_id, rows in groupby(hands, key=lambda row: str(row["conversation_id"])):
        before = "desk"
        for row in rows:
            status = row["status"]
            if status == "resolved" or (status == "desk" and before != "resolved"):
                found.setdefault(conversation_id, []).append(row["number"])
            before = status
    return found


def _message(row: Any, *, fresh: bool, since: str) -> PastMessage:
    trace = orjson.loads(row["trace"]) if row["trace"] else {}
    route, reading = trace.get("route") or {}, trace.get("reading") or {}
    top = (reading.get("intents") or [{}])[0]
    offered = orjson.loads(row["suggestions"]) if row["suggestions"] else []
    said = Said(
        action=row["action"],
        reason=route.get("reason", ""),
        intent=route.get("intent"),
        template=route.get("template"),
        reply=row["reply"] or "",
        suggestions=tuple(suggestion["text"] for suggestion in offered),
        read=label_of(reading.get("intents")),
        confidence=top.get("confidence"),
        release=trace.get("release"),
    )
    return PastMessage(
        id=row["id"],
        key=row["client_id"],
        text=row["text"],
        choice=trace.get("choice"),
        at=row["at"],
        # Hands that changed while the desk was thinking kept it as silent as a person does.
        with_person=row["action"] == "none",
        fresh=fresh,
        counts=row["at"] >= since,
        said=said,
        content=trace.get("content"),
    )
