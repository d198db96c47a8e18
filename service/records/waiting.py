"""Customers who wait for a person: what they may expect, and where they want to be reached.

What follows from these is `service.expecting`'s.
"""

from dataclasses import dataclass
from typing import Literal

from service.records.settings import Hours
from service.records.words import ContactForm, ContactKind, Priority


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
