"""What operators do with tickets: claim, answer, give back, resolve, reopen.

Each is one transaction with its events; the first to come wins, the second gets ``Conflict``.
"""

import sqlite3

import orjson

from index.alike import alike_key
from service.errors import Conflict
from service.implied import Asked, asked, implied, likely
from service.records import (
    Dialogue,
    Message,
    Operator,
    ReplyDraft,
    Status,
    Ticket,
    TicketStatus,
)
from service.sqlite.base import Part
from service.sqlite.commit import Transaction
from service.sqlite.content_rows import raise_revision, template_intent
from service.sqlite.label_rows import add_label, contest
from service.sqlite.operators import working_operator
from service.sqlite.past import given_back
from service.sqlite.rows import template_from
from service.sqlite.thread import Thread, opened
from service.sqlite.ticket_rows import active_ticket, find_ticket, preview, tell_ticket
from service.sqlite.turns import find_message, find_posted

CLAIM = """
UPDATE ticket SET status = 'claimed', owner_id = ?, claimed_at = ?, updated_at = ? WHERE id = ?
"""
CLOSE = """
UPDATE ticket SET status = ?, resolved_at = ?, unanswered_since = NULL, updated_at = ?
WHERE id = ?
"""
REOPEN = """
UPDATE ticket SET status = 'open', owner_id = NULL, claimed_at = NULL, resolved_at = NULL,
  unanswered_since = ?, updated_at = ?
WHERE id = ?
"""
ANSWERED = """
UPDATE ticket SET last_text = ?, last_author = 'operator', unanswered_since = NULL,
  first_reply_at = ifnull(first_reply_at, ?), updated_at = ?
WHERE id = ?
"""
TEMPLATES = "SELECT * FROM template WHERE intent IN (SELECT value FROM json_each(?))"
SPOKEN = """
SELECT m.id, m.author, m.text, t.trace FROM message AS m LEFT JOIN turn AS t ON t.message_id = m.id
WHERE m.conversation_id = ? AND m.seq > ? AND m.seq < ? AND m.note = 0 AND m.author <> 'desk'
ORDER BY m.seq
"""


class Tickets(Part):
    """Moves tickets, and with them the conversations, between desk and people."""

    def claim_ticket(self, ticket_id: str, operator_id: str) -> Ticket:
        """Take an open ticket; ``Conflict`` when somebody else has it. Claiming one's own again
        changes nothing. The conversation becomes "operator" with a new epoch."""
        at = self._now()
        with self._writing() as write:
            operator = working_operator(write.connection, operator_id)
            ticket = find_ticket(write.connection, ticket_id)
            if ticket.status == "claimed" and ticket.owner_id == operator_id:
                return ticket
            _require_free(ticket, operator_id)
            with opened(write, ticket.conversation_id, at) as thread:
                _take(write, thread, ticket, operator)
            return tell_ticket(write, ticket_id, at)

    def return_ticket(self, ticket_id: str, operator_id: str, reply: ReplyDraft | None) -> Ticket:
        """Give the conversation back to the desk: status "desk", new epoch, fresh dialogue. The
        owner may, or anybody while it is open; else ``Conflict``."""
        return self._close(ticket_id, operator_id, reply, "returned", "desk")

    def resolve_ticket(self, ticket_id: str, operator_id: str, reply: ReplyDraft | None) -> Ticket:
        """Close it; the conversation becomes "resolved". Rules as for return."""
        return self._close(ticket_id, operator_id, reply, "resolved", "resolved")

    def reopen_ticket(self, ticket_id: str, operator_id: str) -> Ticket:
        """Open a closed one again; ``Conflict`` when it is not closed or the conversation has
        another open ticket."""
        at = self._now()
        with self._writing() as write:
            working_operator(write.connection, operator_id)
            ticket = find_ticket(write.connection, ticket_id)
            if ticket.status in ("open", "claimed"):
                raise Conflict("This ticket is not closed.", status=ticket.status)
            other = active_ticket(write.connection, ticket.conversation_id)
            if other is not None:
                raise Conflict("This conversation has another open ticket.", ticket_id=other.id)
            waiting = at if ticket.last_author == "customer" else None
            write.connection.execute(REOPEN, (waiting, at, ticket_id))
            with opened(write, ticket.conversation_id, at) as thread:
                thread.pass_to("waiting")
            return tell_ticket(write, ticket_id, at)

    def post_operator_message(
        self,
        ticket_id: str,
        operator_id: str,
        *,
        client_id: str,
        text: str,
        note: bool = False,
        template: str | None = None,
    ) -> tuple[Message, bool]:
        """A reply to the customer or a note; idempotent by client id (True = repeated). A reply
        needs the ticket claimed by this operator; replying claims an open one. Notes are free. A
        reply that is made of a template labels what it answers; see `service.implied`."""
        at = self._now()
        with self._writing() as write:
            operator = working_operator(write.connection, operator_id)
            ticket = find_ticket(write.connection, ticket_id)
            known = find_posted(write.connection, ticket.conversation_id, client_id, operator_id)
            if known is not None:
                return known, True
            if not note:
                _require_free(ticket, operator_id)
            if template is not None:
                template_intent(write.connection, template)
            with opened(write, ticket.conversation_id, at) as thread:
                if not note and ticket.status == "open":
                    _take(write, thread, ticket, operator)
                message = thread.say(
                    "operator",
                    text,
                    ticket_id=ticket_id,
                    note=note,
                    client_id=client_id,
                    operator_id=operator_id,
                    operator_name=operator.name,
                    template=template,
                )
            if note:
                sql, values = "UPDATE ticket SET updated_at = ? WHERE id = ?", (at, ticket_id)
                write.connection.execute(sql, values)
            else:
                write.connection.execute(ANSWERED, (preview(text), at, at, ticket_id))
            tell_ticket(write, ticket_id, at)
            if not note:
                _label(write, message, operator_id)
        return message, False

    def _close(
        self,
        ticket_id: str,
        operator_id: str,
        reply: ReplyDraft | None,
        status: TicketStatus,
        conversation_status: Status,
    ) -> Ticket:
        at = self._now()
        with self._writing() as write:
            working_operator(write.connection, operator_id)
            ticket = find_ticket(write.connection, ticket_id)
            _require_free(ticket, operator_id)
            with opened(write, ticket.conversation_id, at) as thread:
                if reply is not None:
                    thread.reply(reply, ticket_id=ticket_id)
                thread.remember(Dialogue())
                thread.pass_to(conversation_status)
            resolved_at = at if status == "resolved" else None
            write.connection.execute(CLOSE, (status, resolved_at, at, ticket_id))
            return tell_ticket(write, ticket_id, at)


def _require_free(ticket: Ticket, operator_id: str) -> None:
    """``Conflict`` unless the ticket is open, or claimed by this operator."""
    if ticket.status in ("returned", "resolved"):
        raise Conflict(f"This ticket is {ticket.status}; reopen it first.", status=ticket.status)
    if ticket.status == "claimed" and ticket.owner_id != operator_id:
        raise Conflict(f"{ticket.owner_name} has this ticket.", owner=ticket.owner_name)


def _take(write: Transaction, thread: Thread, ticket: Ticket, operator: Operator) -> None:
    write.connection.execute(CLAIM, (operator.id, thread.at, thread.at, ticket.id))
    thread.pass_to("operator", operator.name)


def _label(write: Transaction, reply: Message, operator_id: str) -> None:
    """Label the message that an operator's first reply answers, if it is made of a template; unless
    that is in doubt, or somebody has said what the message is, or has taken that back."""
    db = write.connection
    spoken = _spoken(db, reply)
    if any(row["author"] == "operator" for row in spoken):
        return
    found = asked([Asked(r["id"], r["text"], orjson.loads(r["trace"] or "{}")) for r in spoken])
    known = "SELECT 1 FROM correction WHERE message_id = ?"
    if found is None or db.execute(known, (found.id,)).fetchone():
        return
    rows = db.execute(TEMPLATES, (orjson.dumps(likely(found)).decode(),)).fetchall()
    made_of = implied(reply.text, [template_from(row) for row in rows], reply.template)
    if made_of is not None:
        said = (made_of.intent, None, made_of.template)
        message, kind = find_message(db, found.id), made_of.kind
        add_label(write, message, operator_id, said, reply.at, kind, reply_id=reply.id)
        contest(db, [alike_key(message.text)])
        raise_revision(write, reply.at)


def _spoken(db: sqlite3.Connection, reply: Message) -> list[sqlite3.Row]:
    """What people wrote before a reply, since the conversation began or was last given back."""
    began = max(given_back(db, [reply.conversation_id]).get(reply.conversation_id, [0]))
    return db.execute(SPOKEN, (reply.conversation_id, began, reply.seq)).fetchall()
