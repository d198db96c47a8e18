"""What the desk needs from storage: one contract, kept by every store and tested on each.

Every method that writes does so in one transaction that also appends the events telling of it, and
returns after the commit is durable. Unknown ids raise ``NotFound``. No method holds a
transaction across a call that it did not make itself. Stores never call a model or the network.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from service.records import (
    Article,
    Content,
    Conversation,
    Correction,
    Customer,
    Event,
    Example,
    Intent,
    Message,
    Operator,
    ReplyDraft,
    Role,
    Template,
    Ticket,
    TicketDraft,
    Turn,
    TurnDraft,
)

if TYPE_CHECKING:
    from service.config import Config


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

    def conversation(self, conversation_id: str) -> Conversation:
        """The conversation as it stands."""

    def authorized_conversation(self, conversation_id: str, token: str) -> Conversation:
        """The conversation, if ``token`` is its own; ``Unauthorized`` for any other, also for
        unknown ids, so that ids cannot be probed."""

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
        in the same epoch.
        """

    def record_handoff(
        self, conversation_id: str, draft: TicketDraft, reply: ReplyDraft | None
    ) -> Ticket:
        """A person, please: opens a ticket without a customer message; returns the ticket. With one
        open already, returns that one and writes nothing."""

    def messages(
        self, conversation_id: str, *, after: int = 0, limit: int = 200, notes: bool = False
    ) -> list[Message]:
        """Messages with ``seq`` above ``after``, oldest first; notes only when asked for."""

    def recent_messages(self, conversation_id: str, limit: int = 50) -> list[Message]:
        """The last ``limit`` messages, notes included, oldest first."""

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
        """Keep a thumb or a satisfaction rating; the message must belong to the conversation."""

    def trace(self, message_id: str) -> Mapping[str, Any]:
        """Why the desk replied so to this customer message; also by the id of the reply."""

    def traces(self, conversation_id: str, limit: int = 50) -> dict[str, Mapping[str, Any]]:
        """Traces of the last messages by customer message id."""

    def feedback(self, message_ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        """What customers thought of these messages: ``{helpful, rating, comment, at}`` each."""

    def events(self, *, after: int, limit: int = 200) -> list[Event]:
        """Events of the whole desk with ``seq`` above ``after``, oldest first."""

    def conversation_events(
        self, conversation_id: str, *, after: int, limit: int = 200
    ) -> list[Event]:
        """Public events of one conversation with ``number`` above ``after``, oldest first."""

    def last_event(self) -> int:
        """The highest ``seq``; 0 when there is none."""

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

    def ticket(self, ticket_id: str) -> Ticket:
        """One ticket."""

    def ticket_counts(self) -> dict[str, int]:
        """How many tickets stand in each status."""

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
        needs the ticket claimed by this operator; replying claims an open one. Notes are free.
        ``InvalidInput`` when there is no such template."""

    def correct_message(
        self,
        message_id: str,
        operator_id: str,
        *,
        intent: str | None = None,
        sentiment: str | None = None,
        template: str | None = None,
    ) -> Correction:
        """What a customer message really was. Writes the correction and makes or updates the
        example that training reads (source "correction"); the last correction of a message counts.
        A field that is not given stays as it was corrected before; a template alone means its
        intent too, and beside an intent must be one of it."""

    def corrections(self, message_ids: Sequence[str]) -> dict[str, Correction]:
        """The counting corrections of these messages."""

    def report(self, since: str, until: str) -> dict[str, Any]:
        """Volumes, answered share, sentiment, response times, per intent, between two times."""


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

    def save_intent(self, intent: Intent) -> None: ...

    def delete_intent(self, name: str) -> None:
        """Remove it; ``Conflict`` naming what uses it: a template, an example, an article, a golden
        case, or the desk's suggested intents."""

    def save_template(self, template: Template) -> None: ...

    def delete_template(self, name: str) -> None: ...

    def add_examples(self, examples: Sequence[Example]) -> list[Example]:
        """Add; an empty id is filled in."""

    def save_example(self, example: Example) -> None: ...

    def delete_example(self, example_id: str) -> None: ...

    def save_article(self, article: Article) -> None: ...

    def delete_article(self, article_id: str) -> None: ...


class OperatorStore(Protocol):
    """People who work the console, their sessions and tokens."""

    def add_operator(self, email: str, name: str, role: Role, password_hash: str) -> Operator:
        """``Conflict`` when the address is taken (compared without case)."""

    def operators(self) -> list[Operator]: ...

    def operator(self, operator_id: str) -> Operator: ...

    def operator_by_email(self, email: str) -> Operator: ...

    def password_hash(self, operator_id: str) -> str: ...

    def set_password_hash(self, operator_id: str, password_hash: str) -> None: ...

    def disable_operator(self, operator_id: str) -> None:
        """No more sign-in; sessions and tokens end at once. Claimed tickets become open again."""

    def create_session(self, operator_id: str, *, days: int = 14) -> str:
        """A session token, kept only hashed."""

    def session_operator(self, token: str) -> Operator | None:
        """Whose session it is; none when unknown, expired or disabled."""

    def delete_session(self, token: str) -> None: ...

    def create_api_token(self, operator_id: str) -> str:
        """A token ``fdk_…`` for programs, kept only hashed."""

    def api_token_operator(self, token: str) -> Operator | None: ...


class Store(ConversationStore, TicketStore, ContentStore, OperatorStore, Protocol):
    """All of it; ``service.sqlite`` is the one that ships."""

    def setting(self, name: str) -> str | None:
        """A value of the desk's own (site secret and the like)."""

    def ensure_setting(self, name: str, value: str) -> str:
        """Write it unless it is there; returns what stands."""

    def check(self) -> None:
        """Raise when the storage cannot be read and written."""

    def backup(self, path: Path) -> None:
        """A consistent copy as a new file, taken while the desk runs; ``Conflict`` when there is
        one already."""

    def close(self) -> None:
        """Release every connection; a second time does nothing."""


def open_store(config: "Config") -> Store:
    """The store of this configuration, its schema up to date; ``StoreError`` when it is away.

    Open one in each process, after any fork.
    """
    from service.sqlite.store import SqliteStore

    return SqliteStore.open(config.database)
