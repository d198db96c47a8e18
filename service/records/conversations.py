"""A conversation and what is said in it: messages and files, replies, the events that tell of them.

What the desk makes of a message as a whole is a turn (`service.records.turns`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from service.records.words import Action, Author, Status


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
class ReplyDraft:
    """The desk's words, before the store has accepted them."""

    text: str
    action: Action
    template: str | None = None
    suggestions: tuple[Suggestion, ...] = ()


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
