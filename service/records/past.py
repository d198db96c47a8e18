"""What was said some time ago, and what became of it.

For replays, for proposals, and for an operator who wants to know a customer's past.
"""

from dataclasses import dataclass
from typing import Literal

from service.records.words import Action, Status, TicketStatus


@dataclass(frozen=True, slots=True)
class DecidedMessage:
    """A customer's message that the desk decided by its words, and what became of it.

    ``answered`` or ``handed_over``: itself, or what the customer wrote when asked back.
    ``unhelpful``: rated badly. ``intent`` is what an operator says that it was.
    """

    id: str
    conversation_id: str
    text: str
    answered: bool
    handed_over: bool
    unhelpful: bool
    intent: str | None = None


# What became of a message: answered with nothing said against it, asked back, or left to a person,
# at once or after an answer that did not help.
Outcome = Literal["answered", "asked", "person"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a customer's message comes from, the name that its writer gave, and what became of it;
    None where no model read it."""

    conversation_id: str
    at: str
    customer_name: str | None = None
    customer_id: str | None = None
    outcome: Outcome | None = None

    @property
    def writer(self) -> str:
        """Who wrote it, as far as the desk can tell customers apart."""
        return self.customer_id or self.conversation_id


@dataclass(frozen=True, slots=True)
class Said:
    """What the desk did with a customer's message, as far as it can be compared.

    ``intent`` is what the route followed, ``read`` what the message was most probably about, with
    its ``confidence``. ``suggestions`` are the texts of the quick replies.
    """

    action: Action
    reason: str
    intent: str | None = None
    template: str | None = None
    reply: str = ""
    suggestions: tuple[str, ...] = ()
    read: str | None = None
    confidence: float | None = None
    release: str | None = None


@dataclass(frozen=True, slots=True)
class PastMessage:
    """A customer's message of some time ago.

    ``key`` chooses among variants of the desk's words, as the client id does. ``with_person``: the
    desk kept silent. ``fresh``: a person gave the conversation back before, so that the desk had
    forgotten what it asked. ``counts`` unless it is here only for what it leads to. ``content`` is
    the revision of the content with which it was answered.
    """

    id: str
    key: str
    text: str
    choice: str | None = None
    at: str | None = None
    with_person: bool = False
    fresh: bool = False
    counts: bool = True
    said: Said | None = None
    content: int | None = None


@dataclass(frozen=True, slots=True)
class PastConversation:
    """What a customer wrote in one conversation, oldest first."""

    id: str
    messages: tuple[PastMessage, ...]


@dataclass(frozen=True, slots=True)
class PastTicket:
    """What became of one ticket of a customer's past."""

    id: str
    status: TicketStatus
    subject: str
    reason: str
    intent: str | None
    owner_name: str | None
    created_at: str
    resolved_at: str | None


@dataclass(frozen=True, slots=True)
class CustomerPast:
    """A conversation of a customer: how it began, how long it was, what came of it.

    ``answered`` counts the desk's own answers, ``rating`` is the last one that was given.
    """

    conversation_id: str
    status: Status
    began: str
    created_at: str
    updated_at: str
    messages: int
    answered: int
    rating: int | None
    tickets: tuple[PastTicket, ...] = ()
