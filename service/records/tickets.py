"""What operators handle: tickets, what can be done with them, and how they are found again."""

from dataclasses import dataclass
from typing import Literal

from service.records.conversations import ReplyDraft
from service.records.words import Author, ContactKind, Priority, TicketStatus

Raised = Literal["negative", "waiting", "due", "overdue"]
TicketAction = Literal[
    "claim", "assign", "tag", "snooze", "wake", "return", "resolve", "reopen", "merge"
]

TAG_COLORS = ("grey", "red", "orange", "yellow", "green", "teal", "blue", "purple", "pink")


@dataclass(frozen=True, slots=True)
class Tag:
    """A word that operators put on tickets, in one of a few colours."""

    id: str
    name: str
    color: str


@dataclass(frozen=True, slots=True)
class Ticket:
    """What an operator handles: one stretch of a conversation that a person owns.

    ``raised`` is why ``priority`` is higher than what was read. The clocks of the desk's promises
    turn amber at ``…_warn_at`` and are over at ``…_due_at``. One that is merged is resolved, and
    points to the one that goes on. ``contact`` is how its customer wants to be reached, if he said.
    """

    id: str
    conversation_id: str
    status: TicketStatus
    priority: Priority
    reason: str
    subject: str
    intent: str | None
    sentiment: str | None
    owner_id: str | None
    owner_name: str | None
    customer_name: str | None
    created_at: str
    updated_at: str
    claimed_at: str | None = None
    resolved_at: str | None = None
    last_text: str = ""
    last_author: Author = "customer"
    unanswered_since: str | None = None
    raised: Raised | None = None
    language: str = ""
    snoozed_until: str | None = None
    merged_into: str | None = None
    reply_warn_at: str | None = None
    reply_due_at: str | None = None
    resolve_warn_at: str | None = None
    resolve_due_at: str | None = None
    contact: ContactKind | None = None
    tags: tuple[Tag, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """Where the words of a search are in a ticket: a message or note, its subject, a tag, or what
    is known of the customer. ``pieces`` are text in order; the second of a pair says whether it is
    a hit."""

    where: Literal["message", "note", "subject", "tag", "customer"]
    pieces: tuple[tuple[str, bool], ...]
    author: Author | None = None
    at: str | None = None


@dataclass(frozen=True, slots=True)
class TicketChange:
    """What to do with a ticket, one or many. ``to`` is an operator for "assign" (None: nobody) and
    a ticket for "merge"; "tag" puts on and takes off by name; "snooze" is ``until`` a time, or
    until the customer writes."""

    action: TicketAction
    to: str | None = None
    note: str | None = None
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    until: str | None = None
    reply: ReplyDraft | None = None


@dataclass(frozen=True, slots=True)
class TicketDraft:
    """A ticket to open, or whose priority to raise when the conversation has an open one."""

    priority: Priority
    reason: str
    subject: str
    intent: str | None = None
    sentiment: str | None = None


@dataclass(frozen=True, slots=True)
class SavedView:
    """A search that an operator keeps in the side bar; a shared one is everybody's."""

    id: str
    operator_id: str
    operator_name: str
    shared: bool
    name: str
    q: str
    sort: str
