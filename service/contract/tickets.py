"""The operators' side of the store: tickets, replies, labels of messages, and the report.

Each method that changes a ticket says who may. The first to come wins, the second gets
``Conflict``.
"""

from collections.abc import Sequence
from datetime import tzinfo
from typing import Any, Protocol

from service.errors import DeskError
from service.inbox_query import InboxQuery
from service.records.conversations import Message, ReplyDraft
from service.records.labels import Correction, Label, ReadAs
from service.records.tickets import Found, Ticket, TicketChange


class TicketStore(Protocol):
    """The operators' side: tickets, replies, corrections."""

    def tickets(
        self,
        *,
        status: str | None = None,
        intent: str | None = None,
        sentiment: str | None = None,
        owner: str | None = None,
        q: str | None = None,
        order: str = "priority",
        limit: int = 100,
        offset: int = 0,
    ) -> list[Ticket]:
        """The inbox. ``status`` "active" means open or claimed. ``order``: "priority" (urgent
        first, longest waiting first among equals, closed ones after all others), "newest",
        "oldest". ``q`` searches texts and names; ``owner`` is an operator's id, or "none"."""

    def find_tickets(
        self, query: InboxQuery, *, order: str = "priority", limit: int = 100, offset: int = 0
    ) -> list[tuple[Ticket, Found | None]]:
        """The tickets of which all filters hold and that have all words, each anywhere in a
        message, a note, the subject, a tag, or the customer's name, address or identifier, without
        regard to case; with where they were found. Of filters of one name any will do, except
        "tag", "is", "waiting" and what is negated. ``order`` as above."""

    def count_tickets(self, query: InboxQuery, most: int = 1000) -> int:
        """How many tickets a query finds, counted up to ``most``."""

    def ticket(self, ticket_id: str) -> Ticket:
        """One ticket."""

    def mergeable_tickets(self, ticket_id: str) -> list[Ticket]:
        """Other active tickets of the same customer, the newest first."""

    def ticket_counts(self) -> dict[str, int]:
        """How many tickets stand in each status."""

    def inbox_counts(self, operator_id: str) -> dict[str, int]:
        """The same, and for an operator's side bar: "active", "mine" and "unassigned" without,
        "snoozed" with only what is put off."""

    def claim_ticket(self, ticket_id: str, operator_id: str) -> Ticket:
        """Take an open ticket; ``Conflict`` when somebody else has it. Claiming one's own again
        changes nothing. The conversation becomes "operator" with a new epoch."""

    def return_ticket(self, ticket_id: str, operator_id: str, reply: ReplyDraft | None) -> Ticket:
        """Give the conversation back to the desk: status "desk", new epoch, fresh dialogue. The
        owner may, or anybody while it is open; else ``Conflict``."""

    def resolve_ticket(self, ticket_id: str, operator_id: str, reply: ReplyDraft | None) -> Ticket:
        """Close it; the conversation becomes "resolved". Rules as for return."""

    def reopen_ticket(self, ticket_id: str, operator_id: str) -> Ticket:
        """Open a closed one again; ``Conflict`` when it is not closed or the conversation has
        another open ticket."""

    def change_ticket(self, ticket_id: str, operator_id: str, change: TicketChange) -> Ticket:
        """Do what ``change`` says, in one transaction. Beside the four above:

        "assign": it is ``to``'s, claimed or not, or nobody's; with a note. Operators may give away
        what is open or their own, else ``Conflict``; leads and admins anything. Tells "assigned".
        "tag": puts tags on, which are made if need be, and takes tags off; anybody may.
        "snooze": put off until a time, or until the customer writes, which ends any snooze; rules
        as for closing. "wake" ends it; anybody may.
        "merge": resolved as a duplicate of another active ticket of the same customer, to which it
        points, with a note in both; no message is moved.
        """

    def change_tickets(
        self, ticket_ids: Sequence[str], operator_id: str, change: TicketChange
    ) -> list[Ticket | DeskError]:
        """The same for many, in one transaction: a ticket that cannot be changed stays as it is and
        gets its error, the others change all the same."""

    def tick_tickets(self, most: int = 200) -> int:
        """Wake what was put off until now and raise what has waited too long (`service.urgency`);
        returns how many tickets were looked at. Called every second by whoever keeps the clock; a
        moment that was missed is made up for by the next call."""

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
        needs the ticket claimed by this operator; replying claims an open one. Notes are free.
        ``files`` are uploads of this operator's, rules as for ``record_turn``.
        ``InvalidInput`` when there is no such template. A reply that is made of a template labels
        the message that it answers, where nobody has (`service.implied`)."""

    def correct_message(
        self,
        message_id: str,
        operator_id: str,
        *,
        intent: str | None = None,
        sentiment: str | None = None,
        template: str | None = None,
    ) -> Correction:
        """What a customer message really was. Writes a label, a confirmation where the desk had
        read the same, and makes or updates the example that training reads (source "correction");
        the last label of a message counts. A field that is not given stays as it was said before; a
        template alone means its intent too, and beside an intent must be one of it. The same said
        again by the same operator writes nothing."""

    def settle_labels(
        self,
        message_ids: Sequence[str],
        operator_id: str,
        *,
        intent: str | None = None,
        sentiment: str | None = None,
    ) -> list[Correction]:
        """What messages that say the same were in the end, whoever said what of them before; with
        these all others of their conflict, if that is about what is said. Theirs follow in the
        list. ``InvalidInput`` when they do not say the same."""

    def undo_label(
        self, message_id: str, operator_id: str, label_id: str | None = None
    ) -> Correction | None:
        """Take the last label of a message back, whoever's it is; the example follows. Returns what
        counts then. ``NotFound`` when there is none. With ``label_id`` only that one: a second time
        does nothing, and ``Conflict`` when another one followed."""

    def corrections(self, message_ids: Sequence[str]) -> dict[str, Correction]:
        """What the labels of these messages come to; those without one are left out."""

    def labels(
        self, message_ids: Sequence[str] | None = None, limit: int | None = None
    ) -> list[Label]:
        """Labels, oldest first, those that were undone among them: the newest ``limit`` of all, or
        every one of these messages and of all that say the same (`index.alike`)."""

    def read_as(self, message_ids: Sequence[str]) -> dict[str, ReadAs]:
        """What the desk took these messages for when they came, by message id; without those that
        no model read."""

    def report(self, since: str, until: str, zone: tzinfo | None = None) -> dict[str, Any]:
        """Volumes, answered share, sentiment, response times, per intent, between two times; with a
        ``zone``, in its days and hours, also over time, per operator and per template."""
