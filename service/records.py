"""The desk's records: what the store keeps and the rest of the service speaks of.

Plain frozen dataclasses; times are UTC ISO 8601 strings. They hold no behaviour beyond small
derived properties, and never touch storage or HTTP.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from index.locales import Locale

Author = Literal["customer", "desk", "operator"]
Action = Literal["answer", "clarify", "ask", "handoff", "none"]
Status = Literal["desk", "waiting", "operator", "resolved"]
TicketStatus = Literal["open", "claimed", "returned", "resolved"]
Priority = Literal["low", "normal", "high", "urgent"]
Role = Literal["operator", "admin"]

PRIORITIES: tuple[Priority, ...] = ("low", "normal", "high", "urgent")


# --- content -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Slot:
    """A fact that a reply may need from the customer, and how to recognise it.

    By a ``pattern``, whose value has the ``format``, or as a built-in ``kind``; with neither, only
    by what is learned from annotated examples.
    """

    name: str
    title: str
    ask: str
    ask_again: str
    pattern: str | None = None
    format: str = "{0}"
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class Intent:
    """What a customer may want. ``title`` is the text of its "did you mean" choice."""

    name: str
    group: str
    title: str
    description: str = ""
    slots: tuple[str, ...] = ()
    action: Literal["answer", "handoff"] = "answer"
    priority: Priority = "normal"


@dataclass(frozen=True, slots=True)
class Template:
    """An answer to an intent; one with a ``sentiment`` is the variant for that mood."""

    name: str
    intent: str
    text: str
    sentiment: str | None = None


@dataclass(frozen=True, slots=True)
class Example:
    """A labelled text. A missing label trains nothing. ``source`` says where it came from."""

    id: str
    text: str
    intent: str | None = None
    sentiment: str | None = None
    entities: tuple[Mapping[str, Any], ...] | None = None
    split: str | None = None
    source: str = "import"
    message_id: str | None = None
    operator_id: str | None = None
    at: str = ""


@dataclass(frozen=True, slots=True)
class Article:
    """A help article in Markdown."""

    id: str
    title: str
    text: str
    intents: tuple[str, ...] = ()
    updated_at: str = ""


@dataclass(frozen=True, slots=True)
class GoldenCase:
    """A message whose intent and action must never break."""

    text: str
    intent: str
    action: Action


@dataclass(frozen=True, slots=True)
class DeskSettings:
    """What a desk says of itself: name, promise, facts for templates, its own replies, slots.

    ``region`` and ``languages`` are what it says of its customers; ``locale`` is what follows.
    """

    name: str = "frontdesk"
    language: str = "en"
    region: str = ""
    languages: tuple[str, ...] = ()
    promise: float = 0.95
    facts: Mapping[str, str] = field(default_factory=dict)
    slots: tuple[Slot, ...] = ()
    replies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    suggested: tuple[str, ...] = ()

    def slot(self, name: str) -> Slot | None:
        """The slot of that name, if the desk defines it."""
        return next((slot for slot in self.slots if slot.name == name), None)

    @property
    def locale(self) -> Locale:
        """Where customers are: the country of ``language`` ("en-GB") unless ``region`` says it,
        and its language and English unless ``languages`` does.
        """
        language, _, country = self.language.replace("_", "-").partition("-")
        own = country.upper() if len(country) == 2 else ""
        spoken = self.languages or tuple(dict.fromkeys((language.lower(), "en")))
        return Locale(self.region or own, spoken)


@dataclass(frozen=True, slots=True)
class Content:
    """Everything that people write for a desk, as one consistent snapshot."""

    settings: DeskSettings = field(default_factory=DeskSettings)
    intents: tuple[Intent, ...] = ()
    templates: tuple[Template, ...] = ()
    examples: tuple[Example, ...] = ()
    articles: tuple[Article, ...] = ()
    golden: tuple[GoldenCase, ...] = ()
    revision: int = 0


# --- people --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Customer:
    """Who writes. ``verified`` when the site signed the identifier."""

    id: str
    identifier: str | None
    name: str | None
    email: str | None
    verified: bool
    created_at: str


@dataclass(frozen=True, slots=True)
class Operator:
    """A person who works the console."""

    id: str
    email: str
    name: str
    role: Role
    disabled: bool
    created_at: str


# --- conversations -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Dialogue:
    """What the router remembers between two turns of one conversation.

    ``slots`` are the facts gathered so far. ``pending_intent`` waits for ``pending_slot``;
    ``choices`` are the intents last offered; ``asked`` counts questions back in a row, and
    ``upset`` upset messages in a row.
    """

    slots: Mapping[str, str] = field(default_factory=dict)
    pending_intent: str | None = None
    pending_slot: str | None = None
    choices: tuple[str, ...] = ()
    asked: int = 0
    upset: int = 0


@dataclass(frozen=True, slots=True)
class Conversation:
    """One customer's thread. ``epoch`` changes whenever the speaker changes hands."""

    id: str
    customer_id: str | None
    status: Status
    epoch: int
    locale: str
    dialogue: Dialogue
    created_at: str
    updated_at: str

    @property
    def owned_by_person(self) -> bool:
        """Whether the desk must keep silent."""
        return self.status in ("waiting", "operator")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A quick reply: ``text`` is shown and sent, ``intent`` is what choosing it means."""

    text: str
    intent: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One message. ``seq`` grows within its conversation and is the id of its event there."""

    id: str
    conversation_id: str
    seq: int
    author: Author
    text: str
    at: str
    note: bool = False
    client_id: str | None = None
    operator_id: str | None = None
    operator_name: str | None = None
    template: str | None = None
    action: Action | None = None
    reply_to: str | None = None
    suggestions: tuple[Suggestion, ...] = ()


@dataclass(frozen=True, slots=True)
class Ticket:
    """What an operator handles: one stretch of a conversation that a person owns."""

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


@dataclass(frozen=True, slots=True)
class Event:
    """A line of the append-only log. ``number`` counts within its conversation."""

    seq: int
    conversation_id: str | None
    number: int | None
    kind: str
    public: bool
    body: Mapping[str, Any]
    at: str


@dataclass(frozen=True, slots=True)
class Correction:
    """What a message really was, according to an operator."""

    id: str
    message_id: str
    operator_id: str
    intent: str | None
    sentiment: str | None
    template: str | None
    at: str


# --- what the desk asks the store to write ------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReplyDraft:
    """The desk's words, before the store has accepted them."""

    text: str
    action: Action
    template: str | None = None
    suggestions: tuple[Suggestion, ...] = ()


@dataclass(frozen=True, slots=True)
class TicketDraft:
    """A ticket to open, or whose priority to raise when the conversation has an open one."""

    priority: Priority
    reason: str
    subject: str
    intent: str | None = None
    sentiment: str | None = None


@dataclass(frozen=True, slots=True)
class TurnDraft:
    """One turn to write in one transaction.

    ``epoch`` is the conversation's when the desk began to think. If a person has taken over
    since, the store keeps the customer's message and the trace and drops the rest.
    """

    conversation_id: str
    client_id: str
    text: str
    epoch: int
    dialogue: Dialogue
    reply: ReplyDraft | None = None
    ticket: TicketDraft | None = None
    trace: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn as written. ``repeated`` when this client id had been written before."""

    message: Message
    reply: Message | None
    action: Action
    ticket: Ticket | None
    repeated: bool = False
