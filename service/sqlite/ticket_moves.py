"""What each action does to a ticket inside a transaction, whether it is asked for one or for many.

Used by the ticket part of the SQLite store. Every move checks first, and ends by telling of the
ticket; the notes that it leaves are for colleagues only.
"""

from collections.abc import Callable

from service.errors import Conflict, InvalidInput, NotFound
from service.records.conversations import Dialogue, ReplyDraft
from service.records.people import Operator
from service.records.tickets import Ticket, TicketAction, TicketChange
from service.records.words import Status, TicketStatus
from service.roles import may
from service.sqlite.commit import Transaction
from service.sqlite.contact_rows import pass_on
from service.sqlite.operators import find_operator
from service.sqlite.outbox import ticket_happened
from service.sqlite.tag_rows import retag
from service.sqlite.thread import Thread, opened
from service.sqlite.ticket_rows import (
    PUT_OFF,
    active_ticket,
    find_ticket,
    settle,
    tell_ticket,
    wake,
)
from service.urgency import UNTIL_CUSTOMER

CLAIM = """
UPDATE ticket SET status = 'claimed', owner_id = ?, claimed_at = ?, updated_at = ?,
  snoozed_until = NULL
WHERE id = ?
"""
RELEASE = """
UPDATE ticket SET status = 'open', owner_id = NULL, claimed_at = NULL, updated_at = ? WHERE id = ?
"""
CLOSE = """
UPDATE ticket SET status = ?, resolved_at = ?, resolved_by = ?, merged_into = ?, updated_at = ?,
  unanswered_since = NULL, snoozed_until = NULL
WHERE id = ?
"""
REOPEN = """
UPDATE ticket SET status = 'open', owner_id = NULL, claimed_at = NULL, resolved_at = NULL,
  resolved_by = NULL, merged_into = NULL, unanswered_since = ?, reopened_at = ?, updated_at = ?
WHERE id = ?
"""
CUSTOMER = "SELECT customer_id FROM conversation WHERE id = ?"

Move = Callable[[Transaction, Ticket, Operator, TicketChange, str], Ticket]


def move(
    write: Transaction, ticket_id: str, operator: Operator, change: TicketChange, at: str
) -> Ticket:
    """Do it; returns the ticket as it stands then."""
    ticket = find_ticket(write.connection, ticket_id)
    return MOVES[change.action](write, ticket, operator, change, at)


def tick(write: Transaction, ticket_id: str, at: str) -> None:
    """Wake it if its time has come, and settle how urgent it is; told if anything changed."""
    db = write.connection
    try:
        before = find_ticket(db, ticket_id)
    except NotFound:  # erased meanwhile
        return
    if before.snoozed_until and before.snoozed_until <= at:
        db.execute(PUT_OFF, (None, at, ticket_id))
    settle(db, ticket_id, at)
    if find_ticket(db, ticket_id) != before:
        tell_ticket(write, ticket_id, at)


def require_free(ticket: Ticket, operator: Operator) -> None:
    """``Conflict`` unless the ticket is open, or claimed by this operator."""
    _require_active(ticket)
    if ticket.status == "claimed" and ticket.owner_id != operator.id:
        raise Conflict(f"{ticket.owner_name} has this ticket.", owner=ticket.owner_name)


def take(write: Transaction, thread: Thread, ticket: Ticket, operator: Operator) -> None:
    """It is this operator's from now on, and so is the conversation."""
    write.connection.execute(CLAIM, (operator.id, thread.at, thread.at, ticket.id))
    thread.pass_to("operator", operator.name)


def _happened(
    write: Transaction, event: str, ticket: Ticket, operator: Operator, at: str
) -> Ticket:
    """Tell of the ticket as it stands now, here and to webhooks."""
    told = tell_ticket(write, ticket.id, at)
    ticket_happened(write, event, told, at, operator)
    return told


def _require_active(ticket: Ticket) -> None:
    if ticket.status in ("returned", "resolved"):
        raise Conflict(f"This ticket is {ticket.status}; reopen it first.", status=ticket.status)


def _claim(
    write: Transaction, ticket: Ticket, operator: Operator, change: TicketChange, at: str
) -> Ticket:
    if ticket.status == "claimed" and ticket.owner_id == operator.id:
        return ticket
    require_free(ticket, operator)
    with opened(write, ticket.conversation_id, at) as thread:
        take(write, thread, ticket, operator)
    return _happened(write, "ticket.claimed", ticket, operator, at)


def _assign(
    write: Transaction, ticket: Ticket, operator: Operator, change: TicketChange, at: str
) -> Ticket:
    """Leads and admins may take it from somebody; others give what is open or their own."""
    if not may(operator.role, "lead"):
        require_free(ticket, operator)
    _require_active(ticket)
    if change.to is None:
        return _unassign(write, ticket, operator, change, at)
    to = _assignee(write, change.to)
    if ticket.owner_id == to.id:
        return ticket
    with opened(write, ticket.conversation_id, at) as thread:
        take(write, thread, ticket, to)
        whom = "themselves" if to.id == operator.id else to.name
        _note(thread, ticket, operator, f"Assigned to {whom}", change.note)
    body = {"ticket_id": ticket.id, "to": to.id, "by": {"id": operator.id, "name": operator.name}}
    told = _happened(write, "ticket.claimed", ticket, operator, at)
    write.tell("assigned", body, at, conversation_id=ticket.conversation_id)
    return told


def _unassign(
    write: Transaction, ticket: Ticket, operator: Operator, change: TicketChange, at: str
) -> Ticket:
    if ticket.status == "open":
        return ticket
    write.connection.execute(RELEASE, (at, ticket.id))
    with opened(write, ticket.conversation_id, at) as thread:
        thread.pass_to("waiting")
        _note(thread, ticket, operator, "Assigned to nobody", change.note)
    return _happened(write, "ticket.released", ticket, operator, at)


def _assignee(write: Transaction, operator_id: str) -> Operator:
    try:
        operator = find_operator(write.connection, operator_id)
    except NotFound:
        raise InvalidInput("There is no such operator.", field="to") from None
    if operator.disabled:
        raise InvalidInput(f"{operator.name} no longer works here.", field="to")
    return operator


def _note(
    thread: Thread, ticket: Ticket, operator: Operator, what: str, words: str | None = None
) -> None:
    """Leave it in the conversation, for colleagues only."""
    thread.say(
        "operator",
        f"{what}: {words}" if words else f"{what}.",
        ticket_id=ticket.id,
        note=True,
        operator_id=operator.id,
        operator_name=operator.name,
    )


def _tag(
    write: Transaction, ticket: Ticket, operator: Operator, change: TicketChange, at: str
) -> Ticket:
    """Anybody may, whoever's the ticket is, and also when it is closed."""
    if not retag(write, ticket, change.add, change.remove, at):
        return ticket
    return tell_ticket(write, ticket.id, at)


def _snooze(
    write: Transaction, ticket: Ticket, operator: Operator, change: TicketChange, at: str
) -> Ticket:
    require_free(ticket, operator)
    until = change.until or UNTIL_CUSTOMER
    if until <= at:
        raise InvalidInput("until: must be in the future.", field="until")
    write.connection.execute(PUT_OFF, (until, at, ticket.id))
    return tell_ticket(write, ticket.id, at)


def _wake(
    write: Transaction, ticket: Ticket, operator: Operator, change: TicketChange, at: str
) -> Ticket:
    return wake(write, ticket, at)


def _return(
    write: Transaction, ticket: Ticket, operator: Operator, change: TicketChange, at: str
) -> Ticket:
    return _close(write, ticket, operator, change.reply, "returned", "desk", at)


def _resolve(
    write: Transaction, ticket: Ticket, operator: Operator, change: TicketChange, at: str
) -> Ticket:
    return _close(write, ticket, operator, change.reply, "resolved", "resolved", at)


def _close(
    write: Transaction,
    ticket: Ticket,
    operator: Operator,
    reply: ReplyDraft | None,
    status: TicketStatus,
    conversation_status: Status,
    at: str,
    merged_into: str | None = None,
) -> Ticket:
    require_free(ticket, operator)
    with opened(write, ticket.conversation_id, at) as thread:
        if reply is not None:
            thread.reply(reply, ticket_id=ticket.id)
        thread.remember(Dialogue())
        thread.pass_to(conversation_status)
    resolved = (at, operator.id) if status == "resolved" else (None, None)
    write.connection.execute(CLOSE, (status, *resolved, merged_into, at, ticket.id))
    return _happened(write, f"ticket.{status}", ticket, operator, at)


def _reopen(
    write: Transaction, ticket: Ticket, operator: Operator, change: TicketChange, at: str
) -> Ticket:
    if ticket.status in ("open", "claimed"):
        raise Conflict("This ticket is not closed.", status=ticket.status)
    other = active_ticket(write.connection, ticket.conversation_id)
    if other is not None:
        raise Conflict("This conversation has another open ticket.", ticket_id=other.id)
    waiting = at if ticket.last_author == "customer" else None
    write.connection.execute(REOPEN, (waiting, at, at, ticket.id))
    with opened(write, ticket.conversation_id, at) as thread:
        thread.pass_to("waiting")
    return _happened(write, "ticket.reopened", ticket, operator, at)


def _merge(
    write: Transaction, ticket: Ticket, operator: Operator, change: TicketChange, at: str
) -> Ticket:
    """The messages stay where they are: the customer goes on in either conversation. The notes
    quote nothing, for one conversation may be erased without the other."""
    other = find_ticket(write.connection, change.to or "")
    if other.id == ticket.id:
        raise InvalidInput("A ticket cannot be merged into itself.", field="to")
    whose = {
        write.connection.execute(CUSTOMER, (t.conversation_id,)).fetchone()["customer_id"]
        for t in (ticket, other)
    }
    if len(whose) > 1 or None in whose:
        raise InvalidInput("Both tickets must be of the same customer.", field="to")
    _require_active(other)
    require_free(ticket, operator)
    with opened(write, ticket.conversation_id, at) as thread:
        _note(thread, ticket, operator, "Merged into another ticket of this customer", change.note)
    with opened(write, other.conversation_id, at) as thread:
        _note(
            thread,
            other,
            operator,
            "Another ticket of this customer was merged into this",
            change.note,
        )
    pass_on(write.connection, ticket.id, other.id)
    tell_ticket(write, other.id, at)
    return _close(write, ticket, operator, None, "resolved", "resolved", at, other.id)


MOVES: dict[TicketAction, Move] = {
    "claim": _claim,
    "assign": _assign,
    "tag": _tag,
    "snooze": _snooze,
    "wake": _wake,
    "return": _return,
    "resolve": _resolve,
    "reopen": _reopen,
    "merge": _merge,
}
