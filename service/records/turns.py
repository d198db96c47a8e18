"""A turn: a customer's message and what the desk makes of it, written in one transaction.

The desk writes a draft; the store, which knows who owns the conversation by then, makes it a turn.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from service.records.conversations import Dialogue, Message, ReplyDraft
from service.records.tickets import Ticket, TicketDraft
from service.records.words import Action


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
