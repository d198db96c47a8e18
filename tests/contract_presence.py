"""What every store knows of who is there, and of customers' past; ``test_store`` runs it."""

import pytest

from drafts import Clock, draft, handoff
from service.errors import NotFound
from service.records.people import Operator, Present
from service.records.tickets import Ticket
from service.store import Store


def seen(store: Store) -> list[tuple[str, str]]:
    return [(one.operator_name, one.state) for one in store.present().operators]


class PresenceContract:
    """Who is there, for as long as it is renewed, and not a trace of it afterwards."""

    def test_presence_ends_by_itself(
        self, store: Store, clock: Clock, ticket: Ticket, ana: Operator
    ) -> None:
        store.note_presence(ana.id, "tab", ticket.id, "looking", 12)
        (one,) = store.present().operators
        assert (one.ticket_id, one.conversation_id) == (ticket.id, ticket.conversation_id)
        clock.move(seconds=11)
        assert seen(store) == [("Ana", "looking")]
        clock.move(seconds=2)
        assert store.present() == Present()

    def test_presence_is_an_operators_once_a_ticket_whatever_the_tabs(
        self, store: Store, ticket: Ticket, ana: Operator, ben: Operator
    ) -> None:
        store.note_presence(ana.id, "one", ticket.id, "looking", 12)
        store.note_presence(ana.id, "two", ticket.id, "writing", 12)
        store.note_presence(ben.id, "one", ticket.id, "noting", 12)
        assert seen(store) == [("Ana", "writing"), ("Ben", "noting")]
        store.forget_presence(ana.id, "two")
        assert seen(store) == [("Ana", "looking"), ("Ben", "noting")]
        store.forget_presence(ana.id, "one")
        assert seen(store) == [("Ben", "noting")]

    def test_a_tab_is_at_one_ticket_and_tabs_are_few(
        self, store: Store, ticket: Ticket, ana: Operator
    ) -> None:
        other = store.record_turn(handoff(store.create_conversation()[0].id)).ticket
        assert other is not None
        for ticket_id in (ticket.id, other.id):
            store.note_presence(ana.id, "tab", ticket_id, "looking", 12)
        assert [one.ticket_id for one in store.present().operators] == [other.id]
        for n in range(40):
            store.note_presence(ana.id, f"tab {n}", ticket.id, "looking", 12 + n)
        for n in range(20, 40):
            store.forget_presence(ana.id, f"tab {n}")
        assert store.present() == Present()

    def test_who_is_disabled_is_not_there(
        self, store: Store, ticket: Ticket, ana: Operator
    ) -> None:
        store.note_presence(ana.id, "tab", ticket.id, "looking", 12)
        store.disable_operator(ana.id)
        assert seen(store) == []

    def test_a_customer_types_for_seconds(
        self, store: Store, clock: Clock, conversation_id: str
    ) -> None:
        store.note_typing(conversation_id, 6)
        assert store.present().typing == (conversation_id,)
        clock.move(seconds=7)
        assert store.present().typing == ()
        store.note_typing(conversation_id, 6)
        store.forget_typing(conversation_id)
        assert store.present().typing == ()

    def test_presence_at_nothing_is_refused(self, store: Store, ana: Operator) -> None:
        with pytest.raises(NotFound):
            store.note_presence(ana.id, "tab", "tkt_x", "looking", 12)
        with pytest.raises(NotFound):
            store.note_typing("cnv_x", 6)

    def test_presence_is_no_event(self, store: Store, ticket: Ticket, ana: Operator) -> None:
        before = store.last_event()
        store.note_presence(ana.id, "tab", ticket.id, "writing", 12)
        store.note_typing(ticket.conversation_id, 6)
        store.forget_presence(ana.id, "tab")
        store.forget_absent()
        assert store.last_event() == before


class PastContract:
    """A customer's past is that of one whom the site has vouched for."""

    def test_a_verified_customer_has_a_past(
        self, store: Store, clock: Clock, ana: Operator
    ) -> None:
        told = {"identifier": "u1", "name": "Mia", "verified": True}
        first = store.create_conversation(**told)[0].id
        said = store.record_turn(draft(first, text="where is it"))
        assert said.reply is not None
        store.record_feedback(first, said.reply.id, rating=4)
        clock.move(days=1)
        second = store.create_conversation(**told)[0].id
        ticket = store.record_turn(handoff(second, text="my money back")).ticket
        assert ticket is not None
        store.claim_ticket(ticket.id, ana.id)
        store.resolve_ticket(ticket.id, ana.id, None)
        clock.move(days=1)
        store.create_conversation(identifier="u2", verified=True)
        newer, older = store.customer_past(first)
        assert [newer.conversation_id, older.conversation_id] == [second, first]
        assert (older.began, older.messages, older.answered) == ("where is it", 2, 1)
        assert (older.rating, older.tickets, newer.rating) == (4, (), None)
        (came,) = newer.tickets
        assert (came.id, came.status, came.owner_name) == (ticket.id, "resolved", "Ana")
        assert store.customer_past(second) == [newer, older]
        assert store.customer_past(second, limit=1) == [newer]

    def test_a_claim_leads_to_nobodys_past(self, store: Store) -> None:
        told = {"identifier": "u1", "email": "mia@example.com"}
        store.create_conversation(**told, verified=True)
        claims = [store.create_conversation(**told)[0].id for _ in range(2)]
        (only,) = store.customer_past(claims[0])
        assert only.conversation_id == claims[0]
        nobody = store.create_conversation()[0].id
        store.create_conversation()
        assert [past.conversation_id for past in store.customer_past(nobody)] == [nobody]
        with pytest.raises(NotFound):
            store.customer_past("cnv_x")
