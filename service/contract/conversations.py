"""The customers' side of the store: conversations, their messages and the events that tell of them.

The desk calls it for every turn; the streams, replays and reviews read what was said.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from service.records.conversations import Closing, Conversation, Event, Message, ReplyDraft
from service.records.past import (
    CustomerPast,
    DecidedMessage,
    Origin,
    Outcome,
    PastConversation,
    PastMessage,
)
from service.records.people import Customer
from service.records.tickets import Ticket, TicketDraft
from service.records.turns import Turn, TurnDraft

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

    def wait(self, seen: int, timeout: float) -> int:
        """Block until an event beyond ``seen`` was committed by any process, or ``timeout`` seconds
        have passed; returns the highest ``seq``. Take ``seen`` before reading events, or an event
        between the two is missed."""
