"""Writes of the customers' side: conversations, turns, requests for a person, feedback.

Each is one transaction with its events. Called through ``SqliteStore``; never decides what the
desk says, only whether it may still say it.
"""

from collections.abc import Mapping
from dataclasses import replace

from service.errors import InvalidInput, NotFound
from service.records.conversations import Conversation, Dialogue, Message, ReplyDraft
from service.records.tickets import Ticket, TicketDraft
from service.records.turns import Turn, TurnDraft
from service.records.words import Action
from service.sqlite.base import Part
from service.sqlite.commit import Transaction
from service.sqlite.events import require_conversation
from service.sqlite.ids import hashed, new_id, new_token
from service.sqlite.label_rows import reweigh
from service.sqlite.outbox import happened
from service.sqlite.rows import MESSAGE, label_of, message_from, to_json
from service.sqlite.thread import Thread, opened
from service.sqlite.ticket_rows import active_ticket, customer_wrote, open_ticket, wake
from service.sqlite.turns import find_turn

SUBJECT_CHARACTERS = 120

NEW_CONVERSATION = """
INSERT INTO conversation (id, customer_id, token_hash, status, epoch, locale, dialogue,
  last_number, created_at, updated_at)
VALUES (?, ?, ?, 'desk', 0, ?, ?, 0, ?, ?)
"""
NEW_TURN = """
INSERT INTO turn (message_id, conversation_id, reply_id, ticket_id, action, reason, intent,
  sentiment, release, trace, at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
LAST_OF_CUSTOMER = f"""
{MESSAGE} WHERE m.conversation_id = ? AND m.author = 'customer' ORDER BY m.seq DESC LIMIT 1
"""
SAVE_FEEDBACK = """
INSERT INTO feedback (message_id, conversation_id, helpful, rating, comment, at)
VALUES (:message_id, :conversation_id, :helpful, :rating, :comment, :at)
ON CONFLICT (message_id) DO UPDATE SET helpful = ifnull(excluded.helpful, helpful),
  rating = ifnull(excluded.rating, rating), comment = ifnull(excluded.comment, comment),
  at = excluded.at
"""


class Conversations(Part):
    """Starts conversations and writes what happens in them."""

    def create_conversation(
        self,
        *,
        identifier: str | None = None,
        verified: bool = False,
        name: str | None = None,
        email: str | None = None,
        locale: str = "en",
        welcome: ReplyDraft | None = None,
    ) -> tuple[Conversation, str]:
        """Start a conversation; returns it with its bearer token, which is kept only hashed."""
        at, conversation_id, token = self._now(), new_id("cnv"), new_token("fdc")
        with self._writing() as write:
            customer_id = _customer(write, identifier, verified, name, email, at)
            write.connection.execute(
                NEW_CONVERSATION,
                (conversation_id, customer_id, hashed(token), locale, to_json(Dialogue()), at, at),
            )
            # Unnumbered and for the console: the widget knows, and the first message has seq 1.
            body = {"id": conversation_id, "status": "desk", "operator": None}
            write.tell("conversation", body, at, conversation_id=conversation_id)
            with opened(write, conversation_id, at) as thread:
                if welcome is not None:
                    thread.reply(welcome)
        return thread.conversation, token

    def record_turn(self, draft: TurnDraft) -> Turn:
        """Write a turn: message, trace, reply, dialogue, ticket, events; see the contract."""
        at = self._now()
        with self._writing() as write:
            known = find_turn(write.connection, draft.conversation_id, draft.client_id)
            if known is not None:
                return known
            with opened(write, draft.conversation_id, at) as thread:
                if thread.conversation.owned_by_person:
                    turn = _leave_to_person(write, thread, draft)
                else:
                    turn = _answer(write, thread, draft)
            _keep_turn(write, turn, draft.trace)
        return turn

    def record_handoff(
        self, conversation_id: str, draft: TicketDraft, reply: ReplyDraft | None
    ) -> Ticket:
        """A person, please: opens a ticket without a customer message; returns the ticket. With one
        open already, returns that one, put off no longer."""
        at = self._now()
        with self._writing() as write:
            active = active_ticket(write.connection, conversation_id)
            if active is not None:
                return wake(write, active, at)
            with opened(write, conversation_id, at) as thread:
                last = write.connection.execute(LAST_OF_CUSTOMER, (conversation_id,)).fetchone()
                ticket_id = new_id("tkt")
                if reply is not None:
                    thread.reply(reply, ticket_id=ticket_id)
                thread.pass_to("waiting")
                text = message_from(last).gist if last else ""
                return open_ticket(write, ticket_id, conversation_id, draft, text, at)

    def record_feedback(
        self,
        conversation_id: str,
        message_id: str,
        *,
        helpful: bool | None = None,
        rating: int | None = None,
        comment: str | None = None,
    ) -> None:
        """Keep a thumb or a satisfaction rating; the message must belong to the conversation."""
        if helpful is None and rating is None and comment is None:
            raise InvalidInput("Give helpful, rating or comment.", field="helpful")
        if rating is not None and rating not in range(1, 6):
            raise InvalidInput("A rating is a whole number from 1 to 5.", field="rating")
        at = self._now()
        with self._writing() as write:
            require_conversation(write.connection, conversation_id)
            visible = write.connection.execute(
                "SELECT reply_to FROM message WHERE id = ? AND conversation_id = ? AND note = 0",
                (message_id, conversation_id),
            ).fetchone()
            if visible is None:
                raise NotFound(f"There is no message {message_id} in this conversation.")
            feedback: dict[str, object] = {"helpful": helpful, "rating": rating, "comment": comment}
            feedback |= {"message_id": message_id, "conversation_id": conversation_id, "at": at}
            write.connection.execute(SAVE_FEEDBACK, feedback)
            if visible["reply_to"] is not None:
                reweigh(write.connection, visible["reply_to"])
            write.tell("feedback", feedback, at, conversation_id=conversation_id)
            given = {name: value for name, value in feedback.items() if name != "comment"}
            happened(write, "rating.given", {"rating": given}, at, conversation_id=conversation_id)


def _customer(
    write: Transaction,
    identifier: str | None,
    verified: bool,
    name: str | None,
    email: str | None,
    at: str,
) -> str | None:
    """The id of the customer; none when nothing is known of them.

    Only a verified identifier finds an earlier customer again: anybody can claim any other.
    """
    if identifier is None and name is None and email is None:
        return None
    db, is_verified = write.connection, verified and identifier is not None
    if is_verified:
        row = db.execute(
            "UPDATE customer SET name = ifnull(?, name), email = ifnull(?, email)"
            " WHERE identifier = ? AND verified = 1 RETURNING id",
            (name, email, identifier),
        ).fetchall()
        if row:
            return str(row[0]["id"])
    customer_id = new_id("cus")
    db.execute(
        "INSERT INTO customer (id, identifier, name, email, verified, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (customer_id, identifier, name, email, is_verified, at),
    )
    return customer_id


def _leave_to_person(write: Transaction, thread: Thread, draft: TurnDraft) -> Turn:
    """A person owns the conversation: keep the message and tell the ticket."""
    ticket = active_ticket(write.connection, draft.conversation_id)
    ticket_id = ticket.id if ticket else None
    message = _said(thread, draft, ticket_id)
    if ticket is not None:
        ticket = customer_wrote(write, ticket, message, draft.ticket)
    return Turn(message, None, "none", ticket)


def _answer(write: Transaction, thread: Thread, draft: TurnDraft) -> Turn:
    """The desk owns the conversation: it speaks, unless hands changed while it thought.

    Then its words are dropped, and a person is asked for: somebody must answer this.
    """
    conversation = thread.conversation
    outdated = draft.epoch != conversation.epoch
    ticket_draft = _owner_changed(draft) if outdated else draft.ticket
    ticket_id = new_id("tkt") if ticket_draft else None
    message = _said(thread, draft, ticket_id)
    if conversation.status == "resolved" and ticket_draft is None:
        thread.pass_to("desk")
    reply: Message | None = None
    action: Action = "handoff" if ticket_draft and not outdated else "none"
    if not outdated:
        thread.remember(draft.dialogue)
    if draft.reply is not None and not outdated:
        action = draft.reply.action
        reply = thread.reply(draft.reply, reply_to=message.id, ticket_id=ticket_id)
    ticket = None
    if ticket_draft is not None and ticket_id is not None:
        thread.pass_to("waiting")
        ticket = open_ticket(
            write, ticket_id, conversation.id, ticket_draft, message.gist, message.at
        )
    return Turn(message, reply, action, ticket)


def _said(thread: Thread, draft: TurnDraft, ticket_id: str | None) -> Message:
    return thread.say(
        "customer",
        draft.text,
        client_id=draft.client_id,
        ticket_id=ticket_id,
        files=draft.files,
    )


def _owner_changed(draft: TurnDraft) -> TicketDraft:
    ticket = draft.ticket or TicketDraft("normal", "", draft.text[:SUBJECT_CHARACTERS])
    return replace(ticket, reason="owner_changed")


def _keep_turn(write: Transaction, turn: Turn, trace: Mapping[str, object] | None) -> None:
    """Keep why, and apart from it what reports count."""
    reading, route = (trace or {}).get("reading"), (trace or {}).get("route")
    reading = reading if isinstance(reading, Mapping) else {}
    route = route if isinstance(route, Mapping) else {}
    write.connection.execute(
        NEW_TURN,
        (
            turn.message.id,
            turn.message.conversation_id,
            turn.reply.id if turn.reply else None,
            turn.ticket.id if turn.ticket else None,
            turn.action,
            route.get("reason"),
            route.get("intent") or label_of(reading.get("intents")),
            label_of(reading.get("sentiments")),
            (trace or {}).get("release"),
            None if trace is None else to_json(trace),
            turn.message.at,
        ),
    )
