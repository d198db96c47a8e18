"""Customers who wait for a person: the queue, and where they can be reached."""

from typing import Protocol

from service.records.tickets import Ticket
from service.records.waiting import Contact, Lately, Queued
from service.records.words import ContactKind


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
