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
Role = Literal["operator", "lead", "admin"]  # rising; service.roles says what each may
LabelKind = Literal["correction", "confirmation", "reply", "takeover"]
ProposalKind = Literal["label", "intent", "answer"]
ProposalSource = Literal["review", "history"]
ProposalState = Literal["open", "accepted", "dismissed"]
ContentKind = Literal["intent", "template", "example", "article", "golden_case", "facts"]

Raised = Literal["negative", "waiting", "due", "overdue"]
TicketAction = Literal[
    "claim", "assign", "tag", "snooze", "wake", "return", "resolve", "reopen", "merge"
]

TAG_COLORS = ("grey", "red", "orange", "yellow", "green", "teal", "blue", "purple", "pink")
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
    """A labelled text. A missing label trains nothing. ``source`` says where it came from.

    ``weight`` is how much its loss counts in training. Of ``contested``, "intent" or "sentiment",
    operators do not agree what it is: that label trains nothing either until it is settled.
    """

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
    weight: float = 1.0
    contested: tuple[str, ...] = ()


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
    """A message whose intent and action must never break. The store names it; two that say the
    same are equal whatever their ids."""

    text: str
    intent: str
    action: Action
    id: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Hours:
    """When people work: by day of the week, spans such as "09:00-17:30" in the desk's time zone.
    ``closed`` are dates on which nobody does."""

    timezone: str
    days: Mapping[str, tuple[str, ...]]
    closed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sla:
    """How soon a desk promises to reply and to resolve: minutes by priority; one that is missing
    promises nothing."""

    first_reply: Mapping[Priority, int] = field(default_factory=dict)
    next_reply: Mapping[Priority, int] = field(default_factory=dict)
    resolution: Mapping[Priority, int] = field(default_factory=dict)


ContactForm = Literal["closed", "away", "never"]


@dataclass(frozen=True, slots=True)
class DeskSettings:
    """What a desk says of itself: name, promise, facts for templates, its own replies, slots.

    ``protected`` are intents that no night may make worse, each by more messages than it says.
    ``region`` and ``languages`` are what it says of its customers; ``locale`` is what follows.
    ``sla`` is what it promises them, in its ``hours`` if it states any. ``contact_form`` says
    when a customer who waits may leave an address: while the desk is closed, also while nobody is
    there ("away"), or never.
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
    protected: Mapping[str, int] = field(default_factory=dict)
    sla: Sla | None = None
    hours: Hours | None = None
    contact_form: ContactForm = "away"

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


@dataclass(frozen=True, slots=True)
class ContentChange:
    """One item of content as it was before a change and after it; None where it was not there.

    ``name`` is the item's name or id. ``operator_id`` is None for imports on the command line.
    """

    id: int
    kind: ContentKind
    name: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    at: str
    operator_id: str | None = None
    operator_name: str | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """How often replies were made of a template, and what customers thought of them."""

    used: int = 0
    helpful: int = 0
    unhelpful: int = 0


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
    two_factor: bool = False


@dataclass(frozen=True, slots=True)
class CannedReply:
    """A reply that people wrote once to use it often: an operator's own, or without an owner the
    team's. Its text may have variables, as a template's."""

    id: str
    name: str
    text: str
    owner_id: str | None
    updated_at: str


PresenceState = Literal["looking", "writing", "noting"]


@dataclass(frozen=True, slots=True)
class Presence:
    """An operator has a ticket open right now, and perhaps writes a reply or a note."""

    ticket_id: str
    conversation_id: str
    operator_id: str
    operator_name: str
    state: PresenceState


@dataclass(frozen=True, slots=True)
class Present:
    """Who is there right now; ``typing`` are conversations whose customer writes."""

    operators: tuple[Presence, ...] = ()
    typing: tuple[str, ...] = ()


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
class Closing:
    """The end of a ticket, as far as its customer is asked about it: the message to rate."""

    ticket_id: str
    message_id: str
    rated: bool


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A quick reply: ``text`` is shown and sent, ``intent`` is what choosing it means."""

    text: str
    intent: str | None = None


@dataclass(frozen=True, slots=True)
class File:
    """What somebody attached to a message; only pictures have a size in px, and a preview."""

    id: str
    name: str
    type: str
    size: int
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True)
class FileDraft:
    """A file that is on disk and waits for its message; ``operator_id`` is None for a customer."""

    id: str
    conversation_id: str
    client_id: str
    name: str
    type: str
    size: int
    width: int | None = None
    height: int | None = None
    operator_id: str | None = None


@dataclass(frozen=True, slots=True)
class FileLimits:
    """Bytes that customers' files may have, in a conversation and in 24 hours."""

    conversation: int
    day: int


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
    files: tuple[File, ...] = ()

    @property
    def gist(self) -> str:
        """Its text, or where there is none, what its files are called."""
        return self.text or ", ".join(file.name for file in self.files)


@dataclass(frozen=True, slots=True)
class Tag:
    """A word that operators put on tickets, in one of a few colours."""

    id: str
    name: str
    color: str


ContactKind = Literal["email", "phone"]


@dataclass(frozen=True, slots=True)
class Contact:
    """Where a customer wants to be reached, and about what; nobody has verified it."""

    kind: ContactKind
    value: str
    about: str
    at: str


@dataclass(frozen=True, slots=True)
class FirstWait:
    """How long a customer waited for the first reply of a person, or has waited so far."""

    asked_at: str
    seconds: float
    answered: bool


@dataclass(frozen=True, slots=True)
class Queued:
    """A customer who waits for a person; ``since`` is None when the last word was the desk's.
    ``put_off`` is a ticket that somebody has snoozed."""

    conversation_id: str
    priority: Priority
    since: str | None
    put_off: bool
    contact: ContactKind | None


@dataclass(frozen=True, slots=True)
class Lately:
    """What the desk did lately: first waits, and when an operator was last there; and what it says
    of its hours and of the form for addresses."""

    waits: tuple[FirstWait, ...] = ()
    seen_at: str | None = None
    hours: Hours | None = None
    contact_form: ContactForm = "away"


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a waiting customer may expect. ``within`` are minutes since he asked; ``late`` when they
    are over. ``form``: he may leave an address; ``contact`` is of which kind he left one."""

    state: Literal["open", "away", "closed"]
    place: int | None = None
    within: int | None = None
    late: bool = False
    opens_at: str | None = None
    form: bool = False
    contact: ContactKind | None = None


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
    reply: "ReplyDraft | None" = None


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
    """What a message really was, according to operators: the labels of it that count, as one.

    Who, when, of which kind and with which weight is that of the last of them.
    """

    id: str
    message_id: str
    operator_id: str
    intent: str | None
    sentiment: str | None
    template: str | None
    at: str
    kind: LabelKind = "correction"
    weight: float = 1.0
    operator_name: str = ""


@dataclass(frozen=True, slots=True)
class Label:
    """One thing that one operator said of one message, or that follows from a reply.

    ``text`` is the message's, and ``alike`` is the same for messages that say the same.
    ``settles`` what operators had said differently before. One that was undone counts no more.
    """

    id: str
    message_id: str
    conversation_id: str
    text: str
    alike: str
    operator_id: str
    operator_name: str
    kind: LabelKind
    weight: float
    intent: str | None
    sentiment: str | None
    template: str | None
    at: str
    settles: bool = False
    undone_by: str | None = None

    @property
    def explicit(self) -> bool:
        """Whether somebody said it, rather than that it follows from a reply."""
        return self.kind in ("correction", "confirmation")


@dataclass(frozen=True, slots=True)
class LabelConflict:
    """Operators said different things of one message, or of messages that say the same.

    ``fields`` are what they differ in, ``said`` what each of them says of each message.
    """

    fields: tuple[str, ...]
    said: tuple[Label, ...]

    @property
    def message_ids(self) -> tuple[str, ...]:
        """The messages, the first that was labelled first."""
        return tuple(dict.fromkeys(label.message_id for label in self.said))


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


@dataclass(frozen=True, slots=True)
class ProposedText:
    """What a customer wrote, and its message where the desk has it. ``place`` is its lasting number
    within the proposal."""

    text: str
    message_id: str | None = None
    place: int = 0


@dataclass(frozen=True, slots=True)
class Proposal:
    """What waits for one decision of a person. By its kind:

    - "label": like messages that want one label; ``intent`` is what the desk thinks.
    - "intent": a new intent ``name`` with its ``title``, and perhaps an ``answer``.
    - "answer": messages of an ``intent`` that has no fitting answer.

    It stands for ``count`` messages, ``share`` (0 to 1) of the traffic, and holds up to a few
    hundred ``texts`` of them, the most typical first. ``handed_over`` of them went to a person,
    ``unhelpful`` were rated badly, and ``confidence`` is the mean of how sure the desk was. The
    highest ``value`` comes first: roughly, how many messages a decision would help.
    """

    kind: ProposalKind
    source: ProposalSource
    texts: tuple[ProposedText, ...]
    count: int
    value: float
    name: str = ""
    title: str = ""
    answer: str = ""
    intent: str | None = None
    share: float = 0.0
    handed_over: int = 0
    unhelpful: int = 0
    confidence: float | None = None
    id: str = ""
    state: ProposalState = "open"
    made_at: str = ""
    decided_at: str | None = None
    decided_by: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Questions of past conversations that want the same, by their places in a list, the most
    typical first; and the places of the answers to them, the most central one first."""

    questions: tuple[int, ...]
    answers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What a person makes of a proposal; what is None is as proposed.

    ``left_out`` are the places of texts that do not belong. An empty ``answer`` is none.
    """

    intent: str | None = None
    sentiment: str | None = None
    name: str | None = None
    title: str | None = None
    group: str = "learned"
    answer: str | None = None
    left_out: tuple[int, ...] = ()


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


# --- what alarms go by ---------------------------------------------------------------------------

AlarmKind = Literal["surge", "drift"]


@dataclass(frozen=True, slots=True)
class MoodCount:
    """Customers who wrote in a span, and how many of them something negative; each counts once.

    ``hour`` is the hour's beginning ("2026-03-01T12"); ``intent`` None means all of them.
    """

    hour: str
    intent: str | None
    total: int
    negative: int


@dataclass(frozen=True, slots=True)
class ReadMessage:
    """How a customer's message was read. ``sure``: enough to be answered, by the release's own
    thresholds; ``nearest`` is the cosine of the nearest example that was found."""

    id: str
    conversation_id: str
    text: str
    action: Action
    release: str | None = None
    confidence: float | None = None
    sure: bool | None = None
    nearest: float | None = None


@dataclass(frozen=True, slots=True)
class AlarmDraft:
    """What an alarm tells now; ``messages`` are ids of those that show it."""

    kind: AlarmKind
    subject: str
    words: str
    value: float
    usual: float
    messages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that people should look at, from ``began_at`` until ``ended_at``.

    ``subject`` is an intent (empty: the whole desk) or a figure. ``peak`` is the value that was
    furthest from ``usual``; ``seen_at`` when it was last found. Holds no customer's words.
    """

    id: str
    kind: AlarmKind
    subject: str
    words: str
    value: float
    peak: float
    usual: float
    began_at: str
    seen_at: str
    ended_at: str | None = None
    acknowledged_by: str | None = None
    acknowledged_name: str | None = None
    acknowledged_at: str | None = None


@dataclass(frozen=True, slots=True)
class AlarmMessage:
    """A message that shows why there is an alarm."""

    id: str
    conversation_id: str
    ticket_id: str | None
    text: str
    at: str


# --- what a replay goes by ----------------------------------------------------------------------


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


# --- trials of releases -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Disagreement:
    """What a challenger would have done with a message, and the champion did.

    ``kind`` is one of `service.comparison.KINDS`. The last three are the message's own, which the
    store knows.
    """

    message_id: str
    kind: str
    champion: Mapping[str, Any]
    challenger: Mapping[str, Any]
    conversation_id: str = ""
    text: str = ""
    at: str = ""


@dataclass(frozen=True, slots=True)
class Arm:
    """What became of the conversations that a release began.

    ``handed_over`` counts conversations with a ticket; ``rated`` those with a thumb, and
    ``unhelpful`` those with one down. Of the ``turns`` that the desk decided so many were
    ``answered``, and ``stood_in`` were decided by another release.
    """

    conversations: int = 0
    handed_over: int = 0
    rated: int = 0
    unhelpful: int = 0
    turns: int = 0
    answered: int = 0
    stood_in: int = 0


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
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn as written. ``repeated`` when this client id had been written before."""

    message: Message
    reply: Message | None
    action: Action
    ticket: Ticket | None
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class StoreCopy:
    """What a copy of the store holds; ``migrations`` made its schema, in their order, and ``files``
    are the ids of those that belong to it."""

    migrations: tuple[str, ...]
    conversations: int
    messages: int
    tickets: int
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Erasable:
    """What an erasure would remove, by kind; ``same_email`` counts further customers, whom it
    would not, under an e-mail address of those whom it would."""

    counts: Mapping[str, int]
    same_email: int = 0


@dataclass(frozen=True, slots=True)
class Erasure:
    """That a customer was erased: when, by whom, how much; never who it was.

    ``finished_at`` is when nothing was left to do in files and releases either.
    """

    id: str
    at: str
    by: str
    counts: Mapping[str, int]
    finished_at: str | None = None


@dataclass(frozen=True, slots=True)
class ErasedTexts:
    """The `index.seen.fingerprints` of every text of an erasure."""

    erasure_id: str
    texts: tuple[tuple[str, ...], ...]
