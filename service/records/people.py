"""Who writes, who works the console, and who is there right now."""

from dataclasses import dataclass
from typing import Literal

Role = Literal["operator", "lead", "admin"]  # rising; service.roles says what each may


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
