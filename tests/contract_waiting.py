"""What every store keeps of customers who wait for a person; ``test_store`` runs it."""

from typing import Any

import pytest

from drafts import CONTENT, Clock, handoff
from service.errors import Conflict, Edited, NotFound
from service.records.people import Operator
from service.records.tickets import Ticket, TicketChange
from service.records.waiting import Contact, Queued
from service.store import Store

MAIL = "mia@shop.example"
LONG_AGO = "2026-02-01T00:00:00.000Z"


def handed_over(store: Store, **customer: Any) -> Ticket:
    ticket = store.record_turn(handoff(store.create_conversation(**customer)[0].id)).ticket
    assert ticket is not None
    return ticket


def answer(store: Store, ticket: Ticket, ana: Operator) -> None:
    store.post_operator_message(ticket.id, ana.id, client_id="a", text="Here it is.")


class QueueContract:
    """Who waits, how long others did, and who is there."""

    def test_the_queue_is_of_tickets_that_are_nobodys(
        self, store: Store, clock: Clock, ana: Operator
    ) -> None:
        first, second = handed_over(store), handed_over(store)
        assert {one.conversation_id for one in store.queue()} == {
            first.conversation_id,
            second.conversation_id,
        }
        store.claim_ticket(first.id, ana.id)
        store.change_ticket(second.id, ana.id, TicketChange("snooze"))
        at = "2026-03-01T12:00:00.000Z"
        assert store.queue() == [Queued(second.conversation_id, "normal", at, True, None)]

    def test_first_waits_are_of_tickets_that_were_answered_or_still_wait(
        self, store: Store, clock: Clock, ana: Operator
    ) -> None:
        gone, kept = handed_over(store), handed_over(store)
        clock.move(minutes=5)
        answer(store, kept, ana)
        store.resolve_ticket(gone.id, ana.id, None)
        handed_over(store)
        clock.move(minutes=2)
        waits = sorted((w.seconds, w.answered) for w in store.lately(LONG_AGO).waits)
        assert waits == [(120, False), (300, True)]
        assert store.lately("2026-03-01T12:01:00.000Z").waits[0].seconds == 120
        assert store.lately("2026-03-02T00:00:00.000Z").waits == ()

    def test_who_is_signed_in_or_answered_was_there(
        self, store: Store, clock: Clock, ana: Operator, ben: Operator
    ) -> None:
        assert store.lately(LONG_AGO).seen_at is None
        token = store.create_session(ana.id)
        clock.move(minutes=20)
        assert store.lately(LONG_AGO).seen_at == "2026-03-01T12:00:00.000Z"
        store.session_operator(token)
        assert store.lately(LONG_AGO).seen_at == "2026-03-01T12:20:00.000Z"
        store.disable_operator(ana.id)
        assert store.lately(LONG_AGO).seen_at is None
        answer(store, handed_over(store), ben)
        assert store.lately(LONG_AGO).seen_at == "2026-03-01T12:20:00.000Z"

    def test_the_desks_hours_go_along(self, store: Store) -> None:
        store.replace_content(CONTENT)
        lately = store.lately(LONG_AGO)
        assert (lately.hours, lately.contact_form) == (CONTENT.settings.hours, "away")
        store.save_promises(None, None, "never")
        assert (store.lately(LONG_AGO).hours, store.lately(LONG_AGO).contact_form) == (
            None,
            "never",
        )
        assert store.content().settings.contact_form == "never"

    def test_of_two_who_edit_promises_the_second_hears_of_the_first(self, store: Store) -> None:
        store.save_promises(None, CONTENT.settings.hours, "closed")
        with pytest.raises(Edited) as refused:
            store.save_promises(None, None, "never", seen="another")
        detail = refused.value.detail
        assert detail["current"]["contact_form"] == "closed"  # type: ignore[index]
        store.save_promises(None, None, seen=str(detail["version"]))
        assert store.content().settings.hours is None
        assert store.content().settings.contact_form == "closed"


class ContactContract:
    """Where customers want to be reached: kept with the ticket, gone with them, and in no event."""

    def test_a_contact_is_kept_with_the_ticket_and_another_replaces_it(
        self, store: Store, clock: Clock
    ) -> None:
        ticket = handed_over(store)
        assert (ticket.contact, store.contact(ticket.id)) == (None, None)
        store.save_contact(ticket.conversation_id, "phone", "+44 20 7946 0958", "")
        clock.move(minutes=1)
        saved = store.save_contact(ticket.conversation_id, "email", MAIL, "My parcel.")
        assert (saved.contact, store.ticket(ticket.id).contact) == ("email", "email")
        at = "2026-03-01T12:01:00.000Z"
        assert store.contact(ticket.id) == Contact("email", MAIL, "My parcel.", at)
        assert store.queue()[0].contact == "email"

    def test_who_waits_for_nobody_leaves_none(self, store: Store, ana: Operator) -> None:
        ticket = handed_over(store)
        store.resolve_ticket(ticket.id, ana.id, None)
        with pytest.raises(Conflict):
            store.save_contact(ticket.conversation_id, "email", MAIL, "")
        with pytest.raises(Conflict):
            store.save_contact(store.create_conversation()[0].id, "email", MAIL, "")
        taken = handed_over(store)
        store.claim_ticket(taken.id, ana.id)
        with pytest.raises(Conflict):
            store.save_contact(taken.conversation_id, "email", MAIL, "")

    def test_no_event_and_no_search_has_it(self, store: Store) -> None:
        ticket = handed_over(store)
        store.save_contact(ticket.conversation_id, "email", MAIL, "quixotry")
        told = repr(store.events(after=0))
        assert MAIL not in told
        assert "quixotry" not in told
        assert "'contact': 'email'" in told

    def test_a_merged_tickets_contact_is_the_others(self, store: Store, ana: Operator) -> None:
        who: dict[str, Any] = {"identifier": "zoe", "verified": True}
        one, other = (handed_over(store, **who) for _ in range(2))
        store.save_contact(one.conversation_id, "email", MAIL, "")
        store.change_ticket(one.id, ana.id, TicketChange("merge", to=other.id))
        found = store.contact(other.id)
        assert found is not None
        assert found.value == MAIL
        assert store.ticket(other.id).contact == "email"  # and so says the list
        last = handed_over(store, **who)
        store.change_ticket(other.id, ana.id, TicketChange("merge", to=last.id))
        assert store.contact(last.id) == found
        store.erase(one.conversation_id, "root")  # where it was said
        assert store.ticket(last.id).contact is None

    def test_of_two_merged_contacts_the_later_stands(
        self, store: Store, clock: Clock, ana: Operator
    ) -> None:
        who: dict[str, Any] = {"identifier": "zoe", "verified": True}
        old, kept, late = (handed_over(store, **who) for _ in range(3))
        for ticket, value in ((old, "old@shop.example"), (kept, MAIL), (late, "late@shop.example")):
            store.save_contact(ticket.conversation_id, "email", value, "")
            clock.move(minutes=1)
        for ticket, value in ((old, MAIL), (late, "late@shop.example")):
            store.change_ticket(ticket.id, ana.id, TicketChange("merge", to=kept.id))
            found = store.contact(kept.id)
            assert found is not None
            assert found.value == value
        store.save_contact(kept.conversation_id, "email", MAIL, "")
        store.erase(late.conversation_id, "root")
        assert store.ticket(kept.id).contact == "email"

    def test_the_same_contact_again_changes_nothing(self, store: Store, clock: Clock) -> None:
        ticket = handed_over(store)
        first = store.save_contact(ticket.conversation_id, "email", MAIL, "My parcel.")
        last = store.last_event()
        clock.move(minutes=1)
        assert store.save_contact(ticket.conversation_id, "email", MAIL, "My parcel.") == first
        assert store.last_event() == last

    def test_a_desk_that_takes_no_addresses_keeps_none(self, store: Store) -> None:
        ticket, asked = handed_over(store), handed_over(store)
        store.save_contact(ticket.conversation_id, "email", "mia@shop", "")
        store.save_promises(None, None, "never")
        with pytest.raises(Conflict):
            store.save_contact(asked.conversation_id, "email", MAIL, "")
        store.save_contact(ticket.conversation_id, "email", MAIL, "")  # a slip is put right

    def test_it_is_erased_with_its_customer(self, store: Store) -> None:
        ticket = handed_over(store, identifier="zoe", verified=True)
        store.save_contact(ticket.conversation_id, "email", MAIL, "")
        assert store.erase("zoe", "root").counts["contacts"] == 1
        assert store.contact(ticket.id) is None
        with pytest.raises(NotFound):
            store.erasable(MAIL)

    def test_an_address_names_who_left_it_and_nothing_else(self, store: Store) -> None:
        """Of a customer who is known otherwise only the address goes: anybody can type any."""
        nameless, known = handed_over(store), handed_over(store, identifier="max", verified=True)
        for ticket in (nameless, known):
            store.save_contact(ticket.conversation_id, "email", MAIL, "")
        planned, before = store.erasable(MAIL.upper()).counts, store.last_event()
        counts = store.erase(MAIL.upper(), "root").counts
        assert {**counts, "quotes": 0} == {**planned, "quotes": 0}
        assert (counts["customers"], counts["conversations"], counts["contacts"]) == (0, 1, 2)
        assert store.ticket(known.id).contact is None
        told = [e.body for e in store.events(after=before) if e.kind == "ticket"]
        assert [(body["id"], body["contact"]) for body in told] == [(known.id, None)]
        with pytest.raises(NotFound):
            store.ticket(nameless.id)
        store.save_contact(known.conversation_id, "email", MAIL, "")
        assert store.erase(MAIL, "root").counts["conversations"] == 0
        assert store.contact(known.id) is None

    def test_a_customer_number_is_nobodys_phone_number(self, store: Store) -> None:
        """Whoever typed the digits of another's number keeps his conversation."""
        stranger, hers = handed_over(store), handed_over(store, identifier="442079", verified=True)
        store.save_contact(stranger.conversation_id, "phone", "44 20 79", "")
        planned = store.erasable("442079").counts
        assert (planned["conversations"], planned["contacts"]) == (1, 0)
        assert store.erase("442079", "root").counts["conversations"] == 1
        assert store.ticket(stranger.id).contact == "phone"
        with pytest.raises(NotFound):
            store.ticket(hers.id)
        assert store.erase("442079", "root").counts["conversations"] == 1  # by now it is one

    @pytest.mark.parametrize(
        "name", ["+44 20 7946 0958", "+442079460958", "0044 (20) 7946-0958", "+44 (0)20/7946.0958"]
    )
    def test_a_number_is_found_in_whichever_way_it_is_written(
        self, store: Store, name: str
    ) -> None:
        ticket = handed_over(store)
        store.save_contact(ticket.conversation_id, "phone", "+44 (0)20 7946-0958", "")
        with pytest.raises(NotFound):
            store.erasable("+44 20 7946 0959")
        assert store.erase(name, "root").counts["contacts"] == 1
        with pytest.raises(NotFound):
            store.ticket(ticket.id)

    def test_a_customers_own_address_is_forgotten_wherever_it_was_left(self, store: Store) -> None:
        """Not in the conversation of somebody else who gives it as his own."""
        zoe = handed_over(store, identifier="zoe", verified=True, email=MAIL)
        elsewhere, known = handed_over(store), handed_over(store, identifier="max", verified=True)
        family = handed_over(store, identifier="ben", verified=True, email=MAIL)
        for ticket in (zoe, elsewhere, known, family):
            store.save_contact(ticket.conversation_id, "email", MAIL.upper(), "")
        counts = store.erase("zoe", "root").counts
        assert (counts["conversations"], counts["contacts"]) == (1, 3)
        assert [store.ticket(t.id).contact for t in (elsewhere, known, family)] == [
            None,
            None,
            "email",
        ]
