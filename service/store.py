"""What the desk needs from storage: one contract, kept by every store and tested on each.

Every method that writes does so in one transaction that also appends the events telling of it, and
returns after the commit is durable. Unknown ids raise ``NotFound``. No method holds a
transaction across a call that it did not make itself. Stores never call a model or the network.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from service.accounts import ApiToken, SecondFactor, Session
from service.audit import AuditEntry, AuditQuery
from service.errors import DeskError
from service.inbox_query import InboxQuery
from service.records import (
    Acceptance,
    Alarm,
    AlarmDraft,
    AlarmMessage,
    Arm,
    Article,
    CannedReply,
    Closing,
    Contact,
    ContactForm,
    ContactKind,
    Content,
    ContentChange,
    ContentKind,
    Conversation,
    Correction,
    Customer,
    CustomerPast,
    DecidedMessage,
    Disagreement,
    Erasable,
    ErasedTexts,
    Erasure,
    Event,
    Example,
    File,
    FileDraft,
    FileLimits,
    Found,
    GoldenCase,
    Hours,
    Intent,
    Label,
    Lately,
    Message,
    MoodCount,
    Operator,
    Origin,
    Outcome,
    PastConversation,
    PastMessage,
    PresenceState,
    Present,
    Proposal,
    ProposalKind,
    ProposalSource,
    ProposalState,
    Queued,
    ReadMessage,
    ReplyDraft,
    Role,
    SavedView,
    Sla,
    StoreCopy,
    Tag,
    Template,
    Ticket,
    TicketChange,
    TicketDraft,
    Turn,
    TurnDraft,
    Usage,
)
from service.webhooks import Delivery, Outgoing, Try, Webhook, WebhookChange

if TYPE_CHECKING:
    from service.config import Config

LAST_SEQ = 2**53  # beyond every message: as far as JavaScript counts


class ConversationStore(Protocol):
    """Customers, conversations, their messages and the events that tell of them."""

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

    def resume_conversation(
        self, identifier: str, *, since: str, name: str | None = None, email: str | None = None
    ) -> tuple[Conversation, str] | None:
        """A further token for the latest conversation of the verified customer of that identifier;
        none when nothing was said in any since. The tokens of twenty such devices stay good."""

    def conversation(self, conversation_id: str) -> Conversation:
        """The conversation as it stands."""

    def authorized_conversation(self, conversation_id: str, token: str) -> Conversation:
        """The conversation, if ``token`` is one of its own; ``Unauthorized`` for any other, also
        for unknown ids, so that ids cannot be probed."""

    def customer(self, customer_id: str) -> Customer:
        """Who writes in a conversation."""

    def find_turn(self, conversation_id: str, client_id: str) -> Turn | None:
        """The turn posted under this client id, marked repeated; none if there is none."""

    def record_turn(self, draft: TurnDraft) -> Turn:
        """Write a turn: message, trace, reply, dialogue, ticket, events.

        Idempotent by client id: a second draft with the same id writes nothing and returns the
        first turn, marked repeated. When a person owns the conversation, the reply is dropped
        (action "none"). So it is when ``draft.epoch`` is no longer the conversation's; nobody
        may own it by now, so then a ticket opens, with the reason "owner_changed". A ticket draft
        opens a ticket and moves the conversation to "waiting" with a new epoch; with one open it
        only raises its priority. A message in a resolved conversation moves it back to "desk",
        in the same epoch. ``draft.files`` are uploads of this customer to this conversation, which
        no message has yet; ``InvalidInput`` for any other.
        """

    def record_handoff(
        self, conversation_id: str, draft: TicketDraft, reply: ReplyDraft | None
    ) -> Ticket:
        """A person, please: opens a ticket without a customer message; returns the ticket. With one
        open already, returns that one, put off no longer."""

    def messages(
        self, conversation_id: str, *, after: int = 0, limit: int = 200, notes: bool = False
    ) -> list[Message]:
        """Messages with ``seq`` above ``after``, oldest first; notes only when asked for."""

    def recent_messages(
        self, conversation_id: str, limit: int = 50, before: int = LAST_SEQ
    ) -> list[Message]:
        """The last ``limit`` messages with ``seq`` below ``before``, notes included, oldest
        first."""

    def customer_texts(self, limit: int) -> list[str]:
        """The texts of the last ``limit`` messages that customers wrote, the newest first."""

    def origins(self, message_ids: Sequence[str]) -> dict[str, Origin]:
        """Where these messages come from, by message id; those that are gone are left out."""

    def outcomes(self, since: str) -> dict[Outcome, int]:
        """What became of the messages that the desk has read since then, and how often."""

    def past_conversations(
        self, since: str, limit: int | None = None
    ) -> Iterator[PastConversation]:
        """Conversations in which a customer wrote since, the first to do so first, each from its
        beginning; messages before ``since`` do not count, nor do any but the newest ``limit``."""

    def decided_messages(self, since: str, limit: int) -> list[DecidedMessage]:
        """The newest messages that customers wrote since and that the desk decided, the newest
        first: not those to a person, nor what only answers a question of the desk's."""

    def past_message(self, message_id: str) -> PastMessage | None:
        """A customer's message with what the desk said to it; none when it is gone."""

    def customer_past(self, conversation_id: str, limit: int = 50) -> list[CustomerPast]:
        """This conversation and all others of the same customer, the newest first. Only a verified
        customer has others: anybody can claim to be somebody."""

    def message(self, message_id: str) -> Message:
        """One message."""

    def record_feedback(
        self,
        conversation_id: str,
        message_id: str,
        *,
        helpful: bool | None = None,
        rating: int | None = None,
        comment: str | None = None,
    ) -> None:
        """Keep a thumb or a satisfaction rating; the message must belong to the conversation. A
        thumb for the desk's answer changes what a label of the question weighs, nothing else."""

    def trace(self, message_id: str) -> Mapping[str, Any]:
        """Why the desk replied so to this customer message; also by the id of the reply."""

    def traces(self, conversation_id: str, limit: int = 50) -> dict[str, Mapping[str, Any]]:
        """Traces of the last messages by customer message id."""

    def message_traces(self, message_ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        """Traces of these messages, by id; those without one are left out."""

    def feedback(self, message_ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        """What customers thought of these messages: ``{helpful, rating, comment, at}`` each."""

    def closing(self, conversation_id: str) -> Closing | None:
        """What the customer can be asked about after a person has resolved the last ticket, and
        whether he has rated it; none while it is open, and where there was no person."""

    def events(self, *, after: int, limit: int = 200) -> list[Event]:
        """Events of the whole desk with ``seq`` above ``after``, oldest first."""

    def conversation_events(
        self, conversation_id: str, *, after: int, limit: int = 200
    ) -> list[Event]:
        """Public events of one conversation with ``number`` above ``after``, oldest first."""

    def last_event(self) -> int:
        """The highest ``seq``; 0 when there is none."""

    def leave_gap(self) -> None:
        """Let events and messages go on with numbers that nobody has seen: after a desk was set
        back, so that who listened before hears what is new, and nothing twice."""

    def wait(self, seen: int, timeout: float, conversation_id: str | None = None) -> int:
        """Block until an event beyond ``seen`` was committed by any process, or ``timeout`` seconds
        have passed; returns the highest ``seq``. With a conversation, wake only for its events (now
        and then in vain): hundreds of streams may wait at little cost. Take ``seen`` before
        reading events, or an event between the two is missed."""


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

    def report(self, since: str, until: str, zone: tzinfo | None = None) -> dict[str, Any]:
        """Volumes, answered share, sentiment, response times, per intent, between two times; with a
        ``zone``, in its days and hours, also over time, per operator and per template."""


class InboxStore(Protocol):
    """What operators keep to find their way: tags and saved views. A change of a tag tells "tags",
    of a shared view "views"."""

    def tags(self) -> list[tuple[Tag, int]]:
        """All of them by name, each with how many active tickets have it."""

    def change_tag(self, tag_id: str, *, name: str | None = None, color: str | None = None) -> Tag:
        """Rename or colour it; ``Conflict`` when another one has this name."""

    def remove_tag(self, tag_id: str) -> None:
        """Take it off every ticket, for good."""

    def views(self, operator_id: str) -> list[SavedView]:
        """The shared ones and the operator's own, each in their order."""

    def add_view(
        self, operator_id: str, *, name: str, q: str, sort: str, shared: bool
    ) -> SavedView:
        """Keep a search, last in its list. What is shared is for leads and admins, here and below:
        ``Forbidden`` for others."""

    def change_view(
        self,
        view_id: str,
        operator_id: str,
        *,
        name: str | None = None,
        q: str | None = None,
        sort: str | None = None,
        shared: bool | None = None,
    ) -> SavedView:
        """Change what is given; ``NotFound`` for another's own."""

    def remove_view(self, view_id: str, operator_id: str) -> None:
        """Keep it no longer."""

    def order_views(self, view_ids: Sequence[str], operator_id: str) -> list[SavedView]:
        """Put these in this order, before others of their list."""


class ReviewStore(Protocol):
    """The queue of what waits for one decision of a person. Every change tells "review" with the
    number of those that are open."""

    def proposals(
        self,
        *,
        state: ProposalState = "open",
        kind: ProposalKind | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[Proposal]:
        """Proposals of a state, the most valuable first; all of them without a ``limit``."""

    def count_proposals(self, state: ProposalState = "open") -> int:
        """How many proposals stand in a state."""

    def proposal(self, proposal_id: str) -> Proposal:
        """One proposal."""

    def add_proposals(self, proposals: Sequence[Proposal]) -> list[Proposal]:
        """Put these into the queue; ids, places and times are filled in. A message's text goes when
        the message goes; a proposal whose last text goes is gone, too."""

    def replace_proposals(
        self, source: ProposalSource, proposals: Sequence[Proposal]
    ) -> list[Proposal]:
        """The same, in the place of the open ones of this source."""

    def accept_proposal(
        self, proposal_id: str, operator_id: str, acceptance: Acceptance
    ) -> Proposal:
        """Do what an operator decided, in one transaction. By the proposal's kind:

        "label": every message is corrected, as ``correct_message`` does, but for what somebody has
        corrected already; a text without a message becomes an example with the source "review".
        "intent": the same, and before that the intent is made, unless one that is there was chosen.
        "answer": labels nothing. An answer becomes a template of the intent; a label has none.

        ``Conflict`` when somebody else was first or it was dismissed; the second time by the same
        operator changes nothing. ``InvalidInput`` for labels that are not there, an intent that is
        there already, an answer that does not fit, and when nothing is left.
        """

    def dismiss_proposal(self, proposal_id: str, operator_id: str) -> Proposal:
        """Take it out of the queue; rules as for accepting."""


class ContentStore(Protocol):
    """What people write for the desk. Every write raises the content revision."""

    def content(self) -> Content:
        """Everything, as one snapshot."""

    def content_revision(self) -> int:
        """The number that grows with every change of content."""

    def replace_content(self, content: Content) -> None:
        """Make the desk's content equal to this; ``ContentError`` when it does not fit together.
        Examples from corrections stay as they are: an equal one comes in no second time, and those
        of ``content`` are passed over. ``Conflict`` when ``content`` is a snapshot of this store
        that is no longer its newest."""

    def save_promises(
        self,
        sla: Sla | None,
        hours: Hours | None,
        contact_form: ContactForm | None = None,
        *,
        seen: str | None = None,
    ) -> None:
        """How soon the desk replies and resolves; the clocks of active tickets follow. Without a
        ``contact_form`` that stays. With ``seen`` as for every write of one item below."""

    def save_intent(
        self, intent: Intent, *, by: str | None = None, seen: str | None = None
    ) -> None:
        """Add it, or replace the one of its name. Of this and every write of one item below: ``by``
        is the operator, for the history; with ``seen``, the version that was edited
        (`service.versions`), ``Edited`` when it is another one by now."""

    def delete_intent(self, name: str, *, by: str | None = None, seen: str | None = None) -> None:
        """Remove it; ``Conflict`` naming what uses it: a template, an example, an article, a golden
        case, or the desk's suggested or protected intents."""

    def save_template(
        self, template: Template, *, by: str | None = None, seen: str | None = None
    ) -> None: ...

    def delete_template(
        self, name: str, *, by: str | None = None, seen: str | None = None
    ) -> None: ...

    def add_examples(self, examples: Sequence[Example], *, by: str | None = None) -> list[Example]:
        """Add; an empty id is filled in."""

    def save_example(
        self, example: Example, *, by: str | None = None, seen: str | None = None
    ) -> None:
        """Add it, or replace the one of its id, but for ``weight`` and ``contested``: these follow
        from labels, which may have changed since it was read. One that is not there is added only
        if its message still is, ``NotFound``, and has no other example, ``Conflict``."""

    def delete_example(
        self, example_id: str, *, by: str | None = None, seen: str | None = None
    ) -> None: ...

    def save_article(
        self, article: Article, *, by: str | None = None, seen: str | None = None
    ) -> None: ...

    def delete_article(
        self, article_id: str, *, by: str | None = None, seen: str | None = None
    ) -> None: ...

    def save_golden(
        self, case: GoldenCase, *, by: str | None = None, seen: str | None = None
    ) -> GoldenCase:
        """Add it, with an id, or replace the one of its id."""

    def delete_golden(
        self, case_id: str, *, by: str | None = None, seen: str | None = None
    ) -> None: ...

    def save_facts(
        self, facts: Mapping[str, str], *, by: str | None = None, seen: str | None = None
    ) -> None:
        """Replace the desk's facts, all of them; their item is "facts", its name too."""

    def content_changes(
        self,
        kind: ContentKind | None = None,
        name: str | None = None,
        *,
        before: int | None = None,
        limit: int = 50,
    ) -> list[ContentChange]:
        """What changed in content by editing, accepting proposals and imports, the newest first.
        What follows from labels is not among it: labels have a history of their own. Erasing a
        message removes the changes of the example that it made, and of what was typed in its very
        words."""

    def content_change(self, change_id: int) -> ContentChange:
        """One of them."""

    def template_usage(self, since: str = "") -> dict[str, Usage]:
        """How often each template was sent since then, by the desk or an operator."""


class OperatorStore(Protocol):
    """People who work the console. Every change is noted in the audit log; ``deed`` is as what."""

    def add_operator(self, email: str, name: str, role: Role, password_hash: str) -> Operator:
        """``Conflict`` when the address is taken (compared without case)."""

    def operators(self) -> list[Operator]: ...

    def last_seen(self) -> dict[str, str]:
        """When operators who are signed in were there last, by operator."""

    def operator(self, operator_id: str) -> Operator: ...

    def operator_by_email(self, email: str) -> Operator: ...

    def password_hash(self, operator_id: str) -> str: ...

    def set_password_hash(
        self,
        operator_id: str,
        password_hash: str,
        *,
        deed: str = "operator.password",
        instead_of: str | None = None,
    ) -> None:
        """Every session of the operator ends. With ``instead_of``, the hash that was checked,
        ``Forbidden`` when it is another one by now."""

    def rename_operator(
        self, operator_id: str, name: str, *, deed: str = "operator.name"
    ) -> Operator: ...

    def set_role(self, operator_id: str, role: Role) -> Operator:
        """``Conflict`` for the last admin who can sign in."""

    def disable_operator(self, operator_id: str) -> None:
        """No more sign-in; sessions and tokens end at once. Claimed tickets become open again.
        ``Conflict`` for the last admin."""

    def enable_operator(self, operator_id: str) -> Operator: ...


class SessionStore(Protocol):
    """Sessions of operators and tokens of programs, kept only hashed; when each was used last is
    known to a few minutes."""

    def create_session(
        self,
        operator_id: str,
        *,
        days: int = 14,
        device: str = "",
        address: str = "",
        password_hash: str | None = None,
    ) -> str:
        """A session token. ``device`` is what the browser says of itself. With ``password_hash``,
        the one that was checked, ``Forbidden`` when it is another one by now."""

    def session_operator(self, token: str, *, address: str = "") -> Operator | None:
        """Whose session it is; none when unknown, expired or disabled."""

    def delete_session(self, token: str) -> None: ...

    def sessions(self, operator_id: str, current: str = "") -> list[Session]:
        """Those of an operator, that of the token ``current`` first."""

    def end_session(self, operator_id: str, session_id: str) -> None:
        """``NotFound`` for one that is not the operator's."""

    def end_sessions(
        self, operator_id: str, *, but: str = "", deed: str = "operator.sign_out"
    ) -> int:
        """All but that of the token ``but``; how many it were."""

    def knows_address(self, operator_id: str, address: str) -> bool:
        """Whether the operator has a session from this address."""

    def create_api_token(self, operator_id: str, name: str = "") -> str:
        """A token ``fdk_…`` for programs."""

    def api_token_operator(self, token: str) -> Operator | None: ...

    def api_tokens(self, operator_id: str = "") -> list[ApiToken]:
        """Those of an operator, or of all, the newest first."""

    def revoke_api_token(self, token_id: str, operator_id: str = "") -> None:
        """With an operator only if it is that one's, else ``NotFound``."""


class SecondFactorStore(Protocol):
    """Two-factor sign-in. What was used once is used up, whoever asks at the same moment."""

    def second_factor(self, operator_id: str) -> SecondFactor | None:
        """Confirmed or not; none when none was begun."""

    def begin_totp(self, operator_id: str, secret: str) -> None:
        """Keep a secret that waits for its first code; ``Conflict`` when one is in use."""

    def confirm_totp(
        self, operator_id: str, secret: str, step: int, recovery_codes: Sequence[str]
    ) -> None:
        """A sign-in takes a code from now on; the codes are kept hashed."""

    def use_totp(self, operator_id: str, step: int) -> bool:
        """Use the code of a time step up; false when it, or a later one, was used before."""

    def use_recovery_code(self, operator_id: str, code: str) -> bool:
        """Use one up; false when there is none such."""

    def replace_recovery_codes(self, operator_id: str, recovery_codes: Sequence[str]) -> None:
        """``Conflict`` without a second factor."""

    def drop_totp(self, operator_id: str, *, deed: str = "operator.totp_reset") -> None:
        """A password is enough again."""


class AuditStore(Protocol):
    """Who did what. Deeds of the store note themselves, in their own transaction."""

    def note(self, deed: str, subject: str = "", detail: str = "") -> None:
        """Note a deed that is not the store's, of whoever acts now (`service.audit`)."""

    def promoted(self, release: str, detail: str = "", *, rollback: bool = False) -> None:
        """Note that a release was made the champion by whoever acts now, and have webhooks hear of
        it. Called right after the swap, which is not the store's."""

    def audit(self, query: AuditQuery, limit: int) -> list[AuditEntry]:
        """The entries that are asked for, the newest first."""


class ErasureStore(Protocol):
    """Forgetting customers. ``customer`` is an e-mail address, an identifier, a customer's id, or
    the id of one conversation. ``NotFound`` when it means nobody, ``Conflict`` when it means
    several customers whom the site has identified."""

    def erasable(self, customer: str) -> Erasable:
        """What ``erase`` would remove."""

    def erase(self, customer: str, by: str) -> Erasure:
        """Remove customers with their conversations and all that belongs to these, the examples
        that came from them, and quotes of those examples in others' traces. Tells "erased" with the
        ids of the conversations and tickets that are gone, and of each ticket that only loses where
        its customer wanted to be reached: at the address or number that was named, or at the
        erased customers' addresses. What is a customer's id or identifier is no phone number."""

    def wipe(self) -> None:
        """See to it that the storage holds nothing any more of what was removed. Writers wait."""

    def erasures(self) -> list[Erasure]:
        """Every erasure, the newest first."""

    def erased_texts(self) -> list[ErasedTexts]:
        """Fingerprints of what was erased, as long as they are kept."""

    def finish_erasures(self, erasure_ids: Sequence[str], forget_before: str) -> None:
        """Note that these are done in files and releases, too; fingerprints of those that are done
        and older than ``forget_before`` are dropped."""


class AlarmStore(Protocol):
    """What alarms go by, and the alarms. Times are the store's own; ``since`` until just before
    ``until``."""

    def mood_counts(self, since: str, until: str, *, hourly: bool = True) -> list[MoodCount]:
        """Customers by hour and intent, and by hour alone; not ``hourly``, of the whole span."""

    def read_messages(self, since: str, until: str, most: int) -> list[ReadMessage]:
        """How messages were read, the oldest first; a sample, evenly drawn, where it was more."""

    def negative_messages(self, intent: str, since: str, until: str, most: int) -> list[str]:
        """Ids of the newest negative messages, one of a conversation; without intent, of all."""

    def sound_alarm(self, draft: AlarmDraft) -> tuple[Alarm, bool]:
        """Begin an alarm, or go on with the one of this kind and subject; and whether it is new.
        Keeps the messages of the peak. Tells "alarm" when it is new or its words change."""

    def end_alarm(self, alarm_id: str) -> Alarm:
        """It is over; a second time changes nothing. Tells "alarm"."""

    def acknowledge_alarm(self, alarm_id: str, operator_id: str) -> Alarm:
        """Somebody looks after it; the first one stays. Tells "alarm"."""

    def alarm(self, alarm_id: str) -> Alarm:
        """One alarm."""

    def alarms(self, limit: int = 50) -> list[Alarm]:
        """Active ones first, the newest first among equals."""

    def alarm_messages(self, alarm_id: str) -> list[AlarmMessage]:
        """The messages that show it, as far as they are still there; newest first."""

    def untold_alarms(self, since: str) -> list[Alarm]:
        """Those that began or ended since, and of which the webhook has not heard."""

    def note_told(self, alarm: Alarm) -> None:
        """The webhook has heard of the alarm as it stands in this record."""


class CannedReplyStore(Protocol):
    """Replies that operators wrote once to use often. Every write tells "canned", without words:
    an operator's own are nobody else's business, and so are ``NotFound`` for all others."""

    def canned_replies(self, operator_id: str) -> list[CannedReply]:
        """The team's and this operator's own, by name."""

    def add_canned_reply(self, operator_id: str, *, name: str, text: str, own: bool) -> CannedReply:
        """``Conflict`` when the team, or this operator, has one of that name (without case), or
        has very many."""

    def change_canned_reply(
        self, reply_id: str, operator_id: str, *, name: str, text: str, own: bool
    ) -> CannedReply:
        """Replace it; ``own`` may change, too."""

    def delete_canned_reply(self, reply_id: str, operator_id: str) -> None: ...


class PresenceStore(Protocol):
    """Who is there right now. Nothing is kept: what is not renewed ends within seconds."""

    def note_presence(
        self, operator_id: str, tab: str, ticket_id: str, state: PresenceState, seconds: float
    ) -> None:
        """One tab of an operator's has this ticket open, for so many seconds from now on."""

    def forget_presence(self, operator_id: str, tab: str) -> None:
        """That tab has no ticket open any more."""

    def note_typing(self, conversation_id: str, seconds: float) -> None:
        """The customer writes, for so many seconds from now on."""

    def forget_typing(self, conversation_id: str) -> None:
        """The customer writes no more."""

    def present(self) -> Present:
        """Who is there; each operator once a ticket, as what is most of writing and looking."""

    def forget_absent(self) -> None:
        """Remove what has ended."""


class WaitingStore(Protocol):
    """Customers who wait for a person. A contact goes with its conversation, and is in no event."""

    def queue(self) -> list[Queued]:
        """Whoever waits for a person: all tickets that are open and nobody's."""

    def lately(self, since: str) -> Lately:
        """First waits of the latest tickets that came since then and were answered or still wait,
        when an operator who is signed in, or answered, was there last, and the desk's hours."""

    def save_contact(
        self, conversation_id: str, kind: ContactKind, value: str, about: str
    ) -> Ticket:
        """Where the customer wants to be reached about his open ticket, in place of what he left
        before; ``Conflict`` when he has none, or it is somebody's by now, and where the desk never
        takes addresses and he left none yet. Tells of the ticket, with the kind alone."""

    def contact(self, ticket_id: str) -> Contact | None:
        """What its customer left there last, or in a ticket that was merged into it; none if
        nothing."""


class TrialStore(Protocol):
    """What trials of releases found. A disagreement goes with the message that it is about."""

    def first_release(self, conversation_id: str) -> str | None:
        """The release that read a conversation's first turn; none when none did yet."""

    def record_shadow(
        self, trial_id: str, counts: Mapping[str, int], disagreements: Sequence[Disagreement]
    ) -> None:
        """Add to a trial's counts, and keep the newest 500 disagreements of all trials; those about
        messages that are gone are passed over."""

    def shadow_counts(self, trial_id: str) -> dict[str, int]:
        """What was counted, by name."""

    def disagreements(self, trial_id: str, limit: int = 50) -> list[Disagreement]:
        """The newest first."""

    def trial_arms(self, since: str, until: str | None = None) -> dict[str, Arm]:
        """What became of the conversations that began then, by the release of their first turn."""

    def last_look(self, trial_id: str) -> int:
        """How often a trial was looked at; 0 when never."""

    def claim_look(self, trial_id: str, number: int) -> bool:
        """Whether this is the first to look at a trial for the ``number``-th time."""


class WebhookStore(Protocol):
    """Who outside hears of events, and what is on its way to them. Whatever happens is put into
    their outbox in its own transaction, without a customer's words. Changes are noted in the audit
    log."""

    def webhooks(self) -> list[Webhook]:
        """All of them, the oldest first."""

    def webhook(self, webhook_id: str) -> Webhook:
        """One webhook."""

    def add_webhook(
        self,
        address: str,
        events: Sequence[str],
        *,
        description: str = "",
        with_texts: bool = False,
        active: bool = True,
    ) -> tuple[Webhook, str]:
        """Have an address hear of events from now on; returns it with its secret. ``Conflict`` when
        there are very many."""

    def change_webhook(self, webhook_id: str, change: WebhookChange) -> Webhook:
        """Change what is given. Switched off, it gives up what waits, and always what waits of
        events that are chosen no more, but for tests; with another address, or
        switched on, it counts as one that never failed."""

    def rotate_webhook_secret(self, webhook_id: str) -> tuple[Webhook, str]:
        """Another secret; the one so far signs, too, for a day."""

    def remove_webhook(self, webhook_id: str) -> None:
        """It hears of nothing more; its log goes with it, a long one bit by bit."""

    def switch_webhooks_off(self) -> int:
        """Switch off every one and give up what waits: this desk is a copy, or was set back.
        Returns how many were on."""

    def clear_webhooks(self) -> bool:
        """Write down some of what was given up, and remove some of the logs of those that are
        gone; whether there may be more."""

    def test_webhook(self, webhook_id: str) -> str:
        """Send it a test; returns the delivery's id. ``Conflict`` when it is off."""

    def has_webhooks(self) -> bool:
        """Whether there is anything to deliver, or to forget."""

    def due_webhooks(self) -> list[tuple[str, int, bool]]:
        """Active ones that have deliveries which are due: how many, and whether they fail. Not
        those that are left alone because nothing was taken several times in a row."""

    def next_delivery(self, webhook_id: str, but: Sequence[str] = ()) -> Outgoing | None:
        """The delivery that is due longest, without these, which are under way. Texts are in it if
        the webhook may have them now."""

    def note_try(
        self,
        outgoing: Outgoing,
        tried: Try,
        *,
        taken: bool,
        again_at: str | None = None,
        gone: bool = False,
        failing_before: str = "",
    ) -> None:
        """Keep how a try went. Not taken, it is due again at ``again_at``; without that, given up.
        The webhook is switched off when it is ``gone``, and when all has failed since
        ``failing_before``. Was the delivery given up or begun anew meanwhile, or goes it to another
        address by now, only the try is kept. Of a delivery that is gone nothing is kept."""

    def deliveries(
        self, webhook_id: str, *, failed: bool = False, before: str = "", limit: int = 50
    ) -> list[Delivery]:
        """The log of a webhook, the newest first, from before a delivery on; ``failed``: only those
        that were given up, and those of which the last try failed."""

    def delivery(self, webhook_id: str, delivery_id: str) -> Delivery:
        """One of them, with what would be sent now."""

    def deliver_again(self, webhook_id: str, delivery_id: str) -> None:
        """Send it now, with all tries anew, under the same id. ``Conflict`` when the webhook is
        off."""

    def forget_deliveries(self, before: str) -> bool:
        """Remove some of those from before a time that are over, and secrets that are no longer
        good; whether there may be more."""


class FileStore(Protocol):
    """What is known of files; their bytes are on the shelf (`service.uploads.shelf`). One is made
    known when it is there, judged and clean, and can be read when a message has taken it along."""

    def find_file(
        self, conversation_id: str, client_id: str, operator_id: str | None = None
    ) -> File | None:
        """What this operator, or the customer, has uploaded under a client id."""

    def require_room(self, conversation_id: str, limits: FileLimits) -> None:
        """``ConversationFull`` or ``TooMany`` when customers' files have come to a limit."""

    def add_file(self, draft: FileDraft, limits: FileLimits | None = None) -> File:
        """Make a file known, within the limits; under a client id that is taken, returns the file
        that has it."""

    def sent_file(self, file_id: str, conversation_id: str | None = None) -> File:
        """A file of a message; with a conversation only of one that its customer may see. Else
        ``NotFound``, as for a file that was not sent yet."""

    def drop_unsent_files(self, before: str) -> int:
        """Forget what came before that time and no message took along; returns how many."""

    def gone_files(self, limit: int) -> list[str]:
        """Ids of files that are known no more, however that came, and whose bytes may still lie on
        the shelf."""

    def forget_gone_files(self, file_ids: Sequence[str]) -> None:
        """These are off the shelf."""

    def known_files(self, file_ids: Sequence[str]) -> set[str]:
        """Which of these are known."""


class Store(
    ConversationStore,
    FileStore,
    TicketStore,
    InboxStore,
    ReviewStore,
    ContentStore,
    OperatorStore,
    SessionStore,
    SecondFactorStore,
    AuditStore,
    ErasureStore,
    AlarmStore,
    CannedReplyStore,
    PresenceStore,
    WaitingStore,
    TrialStore,
    WebhookStore,
    Protocol,
):
    """All of it; ``service.sqlite`` is the one that ships."""

    def setting(self, name: str) -> str | None:
        """A value of the desk's own (site secret and the like)."""

    def ensure_setting(self, name: str, value: str) -> str:
        """Write it unless it is there; returns what stands."""

    def save_site(
        self,
        *,
        name: str,
        welcome: Sequence[str],
        suggested: Sequence[str],
        own: Mapping[str, str],
        seen: str | None = None,
    ) -> None:
        """The site's settings: three of the content's, and values by the names of ``setting``.
        ``InvalidInput`` when an intent that is suggested is not there; with ``seen``, the version
        that was edited, ``Edited`` when it is another one by now."""

    def check(self) -> None:
        """Raise when the storage cannot be read and written."""

    def backup(self, path: Path) -> StoreCopy:
        """A consistent copy as a new file, taken while the desk runs, without uploads that were
        not sent; ``Conflict`` when there is one already."""

    def close(self) -> None:
        """Release every connection; a second time does nothing."""


def open_store(config: "Config") -> Store:
    """The store of this configuration, its schema up to date; ``StoreError`` when it is away.

    Open one in each process, after any fork.
    """
    from service.sqlite.store import SqliteStore

    return SqliteStore.open(config.database)


def known_migrations() -> frozenset[str]:
    """The names of the migrations that this version of the store applies."""
    from service.sqlite.store import known_migrations as known

    return known()
