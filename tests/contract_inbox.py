"""What every store keeps of the inbox: search, filters, tags, moves, clocks, saved views.

``test_store`` runs it on each store.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from drafts import CONTENT, Clock, draft, handoff
from service.errors import Conflict, DeskError, Forbidden, InvalidInput, NotFound
from service.inbox_query import parse_query
from service.records.people import Operator
from service.records.settings import Hours, Sla
from service.records.tickets import Ticket, TicketChange, TicketDraft
from service.store import Store


def opened(store: Store, text: str = "question one", **customer: Any) -> Ticket:
    """A new conversation with a ticket."""
    conversation, _ = store.create_conversation(**customer)
    ticket = store.record_turn(handoff(conversation.id, text=text)).ticket
    assert ticket
    return ticket


def found(store: Store, q: str) -> list[str]:
    return [ticket.id for ticket, _ in store.find_tickets(parse_query(q), order="oldest")]


def tag(store: Store, ticket: Ticket, who: Operator, *names: str) -> Ticket:
    return store.change_ticket(ticket.id, who.id, TicketChange("tag", add=names))


class SearchContract:
    """Words are found wherever they stand, and gone when they are gone."""

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("Wo bleibt meine Expresslieferung?", ("lieferung", "EXPRESS", "bleib")),
            ("我要退款，商品坏了", ("退款", "商品坏", "坏")),
            ("Order KM-482913, please", ("km-48", "482913", '"482913, please"', "please order")),
            ("Größe und Maß", ("größe", "MAß", "öß")),
            ("50 % off_now \\ ok", ("%", "f_n", "\\ o", "50 ok")),
            ('she said "no way"', ('way"', "said no")),
        ],
    )
    def test_words_are_found_anywhere(
        self, store: Store, text: str, words: Sequence[str], ana: Operator
    ) -> None:
        ticket = opened(store, text)
        opened(store, "something else entirely")
        for word in words:
            assert found(store, word) == [ticket.id], word

    def test_all_that_is_said_of_a_ticket_is_searched(self, store: Store, ana: Operator) -> None:
        other = opened(store)
        ticket = opened(
            store, "hello", name="Zoë Quill", email="zoe@shop.example", identifier="K-77"
        )
        note = {"client_id": "n", "text": "a regular, careful", "note": True}
        store.post_operator_message(ticket.id, ana.id, **note)
        store.post_operator_message(ticket.id, ana.id, client_id="r", text="Parcels fly")
        store.record_turn(draft(ticket.conversation_id, "later", text="thank you kindly", epoch=2))
        tag(store, ticket, ana, "Big Spender")
        for word, where in {
            "zoë": "customer",
            "shop.example": "customer",
            "k-77": "customer",
            "careful": "note",
            "parcels": "message",
            "kindly": "message",
            "spender": "tag",
        }.items():
            ((listed, hit),) = store.find_tickets(parse_query(word))
            assert (listed.id, hit.where if hit else None) == (ticket.id, where), word
            assert hit
            assert [text.lower() for text, marked in hit.pieces if marked] == [word]
        assert found(store, "quill parcels spender") == [ticket.id]
        assert found(store, "quill nothing") == []
        assert found(store, "subject") == [other.id, ticket.id]

    def test_a_long_text_is_shown_around_the_hit(self, store: Store) -> None:
        opened(store, "word " * 200 + "needle " + "word " * 200)
        ((_, hit),) = store.find_tickets(parse_query("needle"))
        assert hit
        assert hit.pieces[0] == hit.pieces[-1] == ("…", False)
        assert ("needle", True) in hit.pieces
        assert sum(len(text) for text, _ in hit.pieces) < 200

    @pytest.mark.parametrize(
        "q",
        ['"', '""', "NEAR(a b)", "text:x", "a* OR b", "^abc", "{abc}", "'; DROP TABLE ticket", "-"],
    )
    def test_nothing_typed_is_a_command(self, store: Store, ticket: Ticket, q: str) -> None:
        assert len(store.find_tickets(parse_query(q))) in (0, 1)
        assert store.tickets(q=q) is not None
        assert store.ticket(ticket.id) == ticket

    def test_what_changes_is_found_by_its_new_words_only(self, store: Store, ana: Operator) -> None:
        identity: dict[str, Any] = {"identifier": "u7", "verified": True}
        ticket = tag(store, opened(store, name="Old Name", **identity), ana, "wip")
        store.create_conversation(name="New Name", **identity)
        store.change_tag(ticket.tags[0].id, name="finished")
        assert found(store, "old name") == []
        assert found(store, "wip") == []
        assert found(store, "new finished") == [ticket.id]
        store.remove_tag(ticket.tags[0].id)
        assert found(store, "finished") == []

    def test_an_erased_customers_words_are_found_no_more(self, store: Store) -> None:
        opened(store, "my quixotry is broken", name="Zoe", email="zoe@shop.example")
        other = opened(store, "another quixotry")
        store.erase("zoe@shop.example", "root")
        assert found(store, "zoe") == []
        assert found(store, "quixotry") == [other.id]
        store.wipe()
        assert found(store, "quixotry another") == [other.id]


class FilterContract:
    """Filters narrow, words and filters together."""

    def test_filters_narrow(self, store: Store, clock: Clock, ana: Operator, ben: Operator) -> None:
        first = tag(store, opened(store, locale="de-AT"), ana, "VIP", "late")
        clock.move(minutes=30)
        second = opened(store, "furious parcel", locale="zh")
        store.post_operator_message(second.id, ben.id, client_id="r", text="Hello")
        third = opened(store, locale="de")
        store.change_ticket(third.id, ana.id, TicketChange("snooze"))
        one, two, three = first.id, second.id, third.id
        for q, expected in {
            "status:open": [one, three],
            "status:open status:claimed": [one, two, three],
            "status:active -status:claimed": [one, three],
            f"owner:{ben.id}": [two],
            "owner:none": [one, three],
            "intent:refund": [one, two, three],
            "sentiment:negative -owner:none": [two],
            "tag:vip": [one],
            "label:vip tag:late": [one],
            "tag:vip tag:no": [],
            "tag:none": [two, three],
            "-tag:vip": [two, three],
            "waiting:20m": [one],
            "waiting:>1h": [],
            "is:unanswered": [one, three],
            "is:snoozed": [three],
            "-is:snoozed": [one, two],
            "language:de": [one, three],
            "lang:de-AT": [one],
            "priority:urgent": [one],
            "parcel status:claimed": [two],
            "is:overdue": [],
        }.items():
            store.tick_tickets()
            assert found(store, q) == expected, q
            assert store.count_tickets(parse_query(q)) == len(expected), q
        counts = store.inbox_counts(ben.id)
        assert counts == {
            "open": 2,
            "claimed": 1,
            "returned": 0,
            "resolved": 0,
            "active": 2,
            "mine": 1,
            "unassigned": 1,
            "snoozed": 1,
        }


class MoveContract:
    """Tickets are assigned, tagged, put off and merged."""

    def test_assigned_tickets_are_the_assignees(
        self, store: Store, ticket: Ticket, ana: Operator, ben: Operator
    ) -> None:
        before = store.last_event()
        change = TicketChange("assign", to=ben.id, note="you know her")
        given = store.change_ticket(ticket.id, ana.id, change)
        assert (given.status, given.owner_name) == ("claimed", "Ben")
        note = store.recent_messages(ticket.conversation_id, 1)[0]
        assert (note.text, note.note) == ("Assigned to Ben: you know her", True)
        assert note.operator_name == "Ana"
        told = [event for event in store.events(after=before) if event.kind == "assigned"]
        assert [event.body["to"] for event in told] == [ben.id]
        assert not any(event.public for event in told)
        with pytest.raises(Conflict, match="Ben"):  # no longer hers to give
            store.change_ticket(ticket.id, ana.id, TicketChange("assign", to=ana.id))
        store.change_ticket(ticket.id, ben.id, TicketChange("assign", to=ana.id))
        freed = store.change_ticket(ticket.id, ben.id, TicketChange("assign"))  # an admin may
        assert (freed.status, freed.owner_id) == ("open", None)
        assert store.conversation(ticket.conversation_id).status == "waiting"
        store.disable_operator(ana.id)
        for nobody in (ana.id, "opr_none"):
            with pytest.raises(InvalidInput) as error:
                store.change_ticket(ticket.id, ben.id, TicketChange("assign", to=nobody))
            assert error.value.detail["field"] == "to"

    def test_tags_are_one_whatever_their_case(
        self, store: Store, ticket: Ticket, ana: Operator
    ) -> None:
        assert [t.name for t in tag(store, ticket, ana, "VIP", " Big   Spender ").tags] == [
            "Big Spender",
            "VIP",
        ]
        before = store.last_event()
        assert len(tag(store, ticket, ana, "vip").tags) == 2
        assert store.last_event() == before
        (spender, count), (vip, _) = store.tags()
        assert (spender.name, vip.name, count) == ("Big Spender", "VIP", 1)
        assert store.change_tag(vip.id, color="pink").color == "pink"
        with pytest.raises(Conflict):
            store.change_tag(vip.id, name="big spender")
        with pytest.raises(InvalidInput):
            store.change_tag(vip.id, color="url(evil)")
        with pytest.raises(InvalidInput, match="at most"):
            tag(store, ticket, ana, *(f"tag {n}" for n in range(20)))
        assert len(store.ticket(ticket.id).tags) == 2
        change = TicketChange("tag", remove=("VIP",))
        assert [t.name for t in store.change_ticket(ticket.id, ana.id, change).tags] == [
            "Big Spender"
        ]
        store.remove_tag(spender.id)
        assert store.ticket(ticket.id).tags == ()
        with pytest.raises(NotFound):
            store.remove_tag(spender.id)

    def test_a_snoozed_ticket_comes_back_by_itself(
        self, store: Store, ticket: Ticket, ana: Operator, clock: Clock
    ) -> None:
        until = TicketChange("snooze", until="2026-03-01T13:00:00.000Z")
        snoozed = store.change_ticket(ticket.id, ana.id, until)
        assert snoozed.snoozed_until == until.until
        clock.move(minutes=59)
        assert store.tick_tickets() == 0
        clock.move(minutes=1)
        before = store.last_event()
        assert store.tick_tickets() == 1
        assert store.ticket(ticket.id).snoozed_until is None
        assert [event.kind for event in store.events(after=before)] == ["ticket"]
        assert store.tick_tickets() == 0
        with pytest.raises(InvalidInput):
            store.change_ticket(ticket.id, ana.id, until)

    def test_a_snoozed_ticket_comes_back_when_the_customer_writes(
        self, store: Store, ticket: Ticket, ana: Operator, ben: Operator, clock: Clock
    ) -> None:
        store.claim_ticket(ticket.id, ana.id)
        with pytest.raises(Conflict):
            store.change_ticket(ticket.id, ben.id, TicketChange("snooze"))
        store.change_ticket(ticket.id, ana.id, TicketChange("snooze"))
        clock.move(days=400)
        store.tick_tickets()
        assert store.ticket(ticket.id).snoozed_until
        store.record_turn(draft(ticket.conversation_id, "again", epoch=2))
        assert store.ticket(ticket.id).snoozed_until is None
        store.change_ticket(ticket.id, ana.id, TicketChange("snooze"))
        assert store.change_ticket(ticket.id, ben.id, TicketChange("wake")).snoozed_until is None

    def test_a_snoozed_ticket_comes_back_when_the_customer_asks_for_a_person(
        self, store: Store, ticket: Ticket, ana: Operator
    ) -> None:
        store.change_ticket(ticket.id, ana.id, TicketChange("snooze"))
        asked = TicketDraft("normal", "asked_for_person", "s", None, None)
        again = store.record_handoff(ticket.conversation_id, asked, None)
        assert (again.id, again.snoozed_until) == (ticket.id, None)
        told = store.events(after=0, limit=1000)[-1]
        assert told.kind == "ticket"
        assert store.record_handoff(ticket.conversation_id, asked, None) == again
        assert store.events(after=told.seq) == []

    def test_a_duplicate_points_to_the_ticket_that_goes_on(
        self, store: Store, ana: Operator, ben: Operator
    ) -> None:
        identity: dict[str, Any] = {"identifier": "u7", "verified": True}
        one, two = (opened(store, **identity) for _ in range(2))
        stranger = opened(store)
        before = [store.messages(t.conversation_id) for t in (one, two)]
        assert [t.id for t in store.mergeable_tickets(one.id)] == [two.id]
        assert store.mergeable_tickets(stranger.id) == []
        merge = TicketChange("merge", to=two.id)
        for ticket, to in ((stranger, two.id), (one, stranger.id), (one, one.id)):
            with pytest.raises(InvalidInput):
                store.change_ticket(ticket.id, ana.id, TicketChange("merge", to=to))
        merged = store.change_ticket(one.id, ana.id, merge)
        assert (merged.status, merged.merged_into) == ("resolved", two.id)
        assert [store.messages(t.conversation_id) for t in (one, two)] == before  # notes apart
        assert store.recent_messages(two.conversation_id, 1)[0].note
        with pytest.raises(Conflict):
            store.change_ticket(two.id, ana.id, TicketChange("merge", to=one.id))
        assert found(store, "is:merged") == [one.id]
        assert store.reopen_ticket(one.id, ana.id).merged_into is None
        store.change_ticket(one.id, ana.id, merge)
        store.erase(two.conversation_id, "root")
        assert store.ticket(one.id).merged_into is None

    def test_of_many_each_has_its_own_result(
        self, store: Store, ana: Operator, ben: Operator
    ) -> None:
        mine, theirs, closed = (opened(store) for _ in range(3))
        store.claim_ticket(theirs.id, ben.id)
        store.resolve_ticket(closed.id, ben.id, None)
        before = store.last_event()
        ids = [mine.id, theirs.id, "tkt_none", closed.id]
        results = store.change_tickets(ids, ana.id, TicketChange("claim"))
        assert [getattr(r, "status", None) for r in results] == ["claimed", 409, 404, 409]
        told = [event.body["id"] for event in store.events(after=before) if event.kind == "ticket"]
        assert told == [mine.id]
        assert store.ticket(theirs.id).owner_id == ben.id

    def test_two_who_claim_the_same_many_share_them(
        self, store: Store, ana: Operator, ben: Operator
    ) -> None:
        ids = [opened(store).id for _ in range(30)]

        def claim(operator: Operator) -> int:
            results = store.change_tickets(ids, operator.id, TicketChange("claim"))
            return sum(not isinstance(result, DeskError) for result in results)

        with ThreadPoolExecutor(2) as pool:
            assert sum(pool.map(claim, (ana, ben))) == 30
        assert all(store.ticket(ticket_id).owner_id for ticket_id in ids)


class ClockContract:
    """Waiting and promises raise a ticket, an answer lowers it again."""

    def test_waiting_raises_until_somebody_answers(
        self, store: Store, ana: Operator, clock: Clock
    ) -> None:
        ticket = opened(store)  # normal, and negative
        clock.move(minutes=9)
        assert store.tick_tickets() == 0
        clock.move(minutes=1)
        before = store.last_event()
        store.tick_tickets()
        raised = store.ticket(ticket.id)
        assert (raised.priority, raised.raised) == ("urgent", "negative")
        assert raised.updated_at == ticket.updated_at  # nothing that somebody must read
        assert [event.kind for event in store.events(after=before)] == ["ticket"]
        store.post_operator_message(ticket.id, ana.id, client_id="r", text="Hello")
        answered = store.ticket(ticket.id)
        assert (answered.priority, answered.raised) == ("normal", None)

    def test_promises_set_clocks_in_business_hours(
        self, store: Store, ana: Operator, clock: Clock
    ) -> None:
        hours = Hours("UTC", {"monday": ("09:00-17:00",)})
        store.save_promises(Sla({"normal": 60}, {"normal": 30}, {"normal": 600}), hours)
        calm = TicketDraft("normal", "r", "s", "track", "neutral")  # on a Sunday
        conversation, _ = store.create_conversation()
        ticket = store.record_turn(handoff(conversation.id, ticket=calm)).ticket
        assert ticket
        assert ticket.reply_warn_at == "2026-03-02T09:45:00.000Z"
        assert ticket.reply_due_at == "2026-03-02T10:00:00.000Z"
        assert ticket.resolve_due_at == "2026-03-09T11:00:00.000Z"
        clock.time = clock.time.replace(day=2, hour=9, minute=50)
        store.tick_tickets()  # an hour of waiting raised it before; the promise is the same step
        assert store.ticket(ticket.id).priority == "high"
        assert found(store, "is:due") == [ticket.id]
        clock.move(minutes=10)
        store.tick_tickets()
        late = store.ticket(ticket.id)
        assert (late.priority, late.raised) == ("urgent", "overdue")
        assert found(store, "is:overdue") == [ticket.id]
        store.post_operator_message(ticket.id, ana.id, client_id="r", text="Hello")
        answered = store.ticket(ticket.id)
        assert (answered.priority, answered.reply_due_at) == ("normal", None)
        store.record_turn(draft(ticket.conversation_id, "more", epoch=2))
        assert store.ticket(ticket.id).reply_due_at == "2026-03-02T10:30:00.000Z"
        store.save_promises(None, None)
        store.tick_tickets()
        free = store.ticket(ticket.id)
        assert (free.reply_due_at, free.resolve_due_at) == (None, None)

    def test_promises_come_with_the_desks_content(self, store: Store) -> None:
        ticket = opened(store)
        assert ticket.reply_due_at is None
        store.replace_content(CONTENT)
        assert store.content().settings.sla == CONTENT.settings.sla
        assert store.content().settings.hours == CONTENT.settings.hours
        store.tick_tickets()
        assert store.ticket(ticket.id).reply_due_at


class ViewContract:
    """Saved views are one's own, or everybody's by the hand of an admin."""

    def test_views_are_kept_in_order(self, store: Store, ana: Operator, ben: Operator) -> None:
        def names(operator: Operator) -> list[str]:
            return [view.name for view in store.views(operator.id)]

        one, two = (
            store.add_view(ana.id, name=name, q="owner:me", sort="newest", shared=False)
            for name in ("One", "Two")
        )
        shared = store.add_view(ben.id, name="All", q="tag:vip", sort="priority", shared=True)
        assert names(ana) == ["All", "One", "Two"]
        assert names(ben) == ["All"]
        store.order_views([two.id, one.id], ana.id)
        assert names(ana) == ["All", "Two", "One"]
        changed = store.change_view(one.id, ana.id, name="First", q="")
        assert (changed.name, changed.q, changed.sort) == ("First", "", "newest")
        for forbidden in (
            lambda: store.add_view(ana.id, name="x", q="", sort="newest", shared=True),
            lambda: store.change_view(shared.id, ana.id, name="x"),
            lambda: store.change_view(one.id, ana.id, shared=True),
            lambda: store.remove_view(shared.id, ana.id),
            lambda: store.order_views([shared.id], ana.id),
        ):
            with pytest.raises(Forbidden):
                forbidden()
        for gone in (
            lambda: store.change_view(one.id, ben.id, name="x"),
            lambda: store.remove_view(one.id, ben.id),
            lambda: store.order_views([one.id], ben.id),
        ):
            with pytest.raises(NotFound):
                gone()
        store.change_view(shared.id, ben.id, shared=False)
        assert names(ana) == ["Two", "First"]
        store.order_views([one.id], ana.id)  # before all others, also of those put in order before
        assert names(ana) == ["First", "Two"]
        store.remove_view(two.id, ana.id)
        assert names(ana) == ["First"]

    def test_a_list_of_views_has_an_end(self, store: Store, ben: Operator) -> None:
        for number in range(30):
            shared = store.add_view(ben.id, name=f"{number}", q="", sort="newest", shared=True)
        own = store.add_view(ben.id, name="Own", q="", sort="newest", shared=False)
        for one_more in (
            lambda: store.add_view(ben.id, name="x", q="", sort="newest", shared=True),
            lambda: store.change_view(own.id, ben.id, shared=True),
        ):
            with pytest.raises(InvalidInput, match="30 views"):
                one_more()
        store.change_view(shared.id, ben.id, name="Renamed", shared=True)  # it is one of the 30
        store.change_view(shared.id, ben.id, shared=False)
        store.change_view(own.id, ben.id, shared=True)
