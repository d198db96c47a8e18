"""What operators do with tickets, and what the clock does: one transaction each, with its events.

The first to come wins, the second gets ``Conflict``. What an action does is in
`service.sqlite.ticket_moves`.
"""

import sqlite3
from collections.abc import Sequence

import orjson

from index.alike import alike_key
from service.errors import Conflict, DeskError, Forbidden, InvalidInput, NotFound
from service.implied import Asked, asked, implied, likely
from service.records.conversations import Message, ReplyDraft
from service.records.people import Operator
from service.records.tickets import Ticket, TicketChange
from service.sqlite.base import Part
from service.sqlite.commit import Transaction
from service.sqlite.content_rows import raise_revision, template_intent
from service.sqlite.label_rows import add_label, contest
from service.sqlite.operators import working_operator
from service.sqlite.outbox import ticket_happened
from service.sqlite.past import given_back
from service.sqlite.rows import template_from
from service.sqlite.thread import opened
from service.sqlite.ticket_moves import move, require_free, take, tick
from service.sqlite.ticket_rows import find_ticket, preview, tell_ticket
from service.sqlite.turns import find_message, find_posted

ANSWERED = """
UPDATE ticket SET last_text = ?, last_author = 'operator', unanswered_since = NULL,
  first_reply_at = ifnull(first_reply_at, ?), updated_at = ?
WHERE id = ?
"""
DUE = "SELECT id FROM ticket WHERE look_at <= ? ORDER BY look_at LIMIT ?"
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
        return self.change_ticket(ticket_id, operator_id, TicketChange("claim"))

    def return_ticket(self, ticket_id: str, operator_id: str, reply: ReplyDraft | None) -> Ticket:
        """Give the conversation back to the desk: status "desk", new epoch, fresh dialogue. The
        owner may, or anybody while it is open; else ``Conflict``."""
        return self.change_ticket(ticket_id, operator_id, TicketChange("return", reply=reply))

    def resolve_ticket(self, ticket_id: str, operator_id: str, reply: ReplyDraft | None) -> Ticket:
        """Close it; the conversation becomes "resolved". Rules as for return."""
        return self.change_ticket(ticket_id, operator_id, TicketChange("resolve", reply=reply))

    def reopen_ticket(self, ticket_id: str, operator_id: str) -> Ticket:
        """Open a closed one again; ``Conflict`` when it is not closed or the conversation has
        another open ticket."""
        return self.change_ticket(ticket_id, operator_id, TicketChange("reopen"))

    def change_ticket(self, ticket_id: str, operator_id: str, change: TicketChange) -> Ticket:
        """Do one of the actions; see the contract."""
        at = self._now()
        with self._writing() as write:
            operator = working_operator(write.connection, operator_id)
            return move(write, ticket_id, operator, change, at)

    def change_tickets(
        self, ticket_ids: Sequence[str], operator_id: str, change: TicketChange
    ) -> list[Ticket | DeskError]:
        """The same for many, in one transaction: a ticket that cannot be changed stays as it is and
        gets its error, the others change all the same."""
        at = self._now()
        with self._writing() as write:
            operator = working_operator(write.connection, operator_id)
            return [_attempt(write, ticket_id, operator, change, at) for ticket_id in ticket_ids]

    def tick_tickets(self, most: int = 200) -> int:
        """Wake what was put off until now and raise what has waited too long; returns how many
        tickets were looked at. Tells only of those that changed."""
        at = self._now()
        with self._reading() as db:
            found = [row["id"] for row in db.execute(DUE, (at, most))]
        if found:
            with self._writing() as write:
                for ticket_id in found:
                    tick(write, ticket_id, at)
        return len(found)

    def post_operator_message(
        self,
        ticket_id: str,
        operator_id: str,
        *,
        client_id: str,
        text: str,
        note: bool = False,
        template: str | None = None,
        files: Sequence[str] = (),
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
                require_free(ticket, operator)
            if template is not None:
                template_intent(write.connection, template)
            takes = not note and ticket.status == "open"
            with opened(write, ticket.conversation_id, at) as thread:
                if takes:
                    take(write, thread, ticket, operator)
                message = thread.say(
                    "operator",
                    text,
                    ticket_id=ticket_id,
                    note=note,
                    client_id=client_id,
                    operator_id=operator_id,
                    operator_name=operator.name,
                    template=template,
                    files=files,
                )
            if note:
                sql, values = "UPDATE ticket SET updated_at = ? WHERE id = ?", (at, ticket_id)
                write.connection.execute(sql, values)
            else:
                write.connection.execute(ANSWERED, (preview(message.gist), at, at, ticket_id))
            told = tell_ticket(write, ticket_id, at)
            if takes:
                ticket_happened(write, "ticket.claimed", told, at, operator)
            if text and not note:
                _label(write, message, operator_id)
        return message, False


def _attempt(
    write: Transaction, ticket_id: str, operator: Operator, change: TicketChange, at: str
) -> Ticket | DeskError:
    """One of many: what it did before it failed is undone, and not told."""
    told = len(write.told)
    write.connection.execute("SAVEPOINT ticket")
    try:
        ticket: Ticket | DeskError = move(write, ticket_id, operator, change, at)
    except (Conflict, Forbidden, NotFound, InvalidInput) as error:
        write.connection.execute("ROLLBACK TO ticket")
        del write.told[told:]
        ticket = error
    write.connection.execute("RELEASE ticket")
    return ticket


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
