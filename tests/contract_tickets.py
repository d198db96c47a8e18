"""What every store keeps of tickets and corrections; ``test_store`` runs it on each store."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from drafts import CONTENT, Clock, draft, handoff, trace
from service.errors import Conflict, InvalidInput
from service.records.content import Example
from service.records.conversations import Closing, Dialogue, ReplyDraft
from service.records.people import Operator
from service.records.tickets import Ticket, TicketDraft
from service.store import Store


class TicketContract:
    """Tickets and who has them."""

    def test_the_first_to_claim_has_it(
        self, store: Store, ticket: Ticket, ana: Operator, ben: Operator
    ) -> None:
        claimed = store.claim_ticket(ticket.id, ana.id)
        assert (claimed.status, claimed.owner_id, claimed.owner_name) == ("claimed", ana.id, "Ana")
        assert claimed.claimed_at
        conversation = store.conversation(ticket.conversation_id)
        assert (conversation.status, conversation.epoch) == ("operator", 2)
        events = store.last_event()
        assert store.claim_ticket(ticket.id, ana.id) == claimed
        assert store.last_event() == events
        for attempt in (
            lambda: store.claim_ticket(ticket.id, ben.id),
            lambda: store.return_ticket(ticket.id, ben.id, None),
            lambda: store.resolve_ticket(ticket.id, ben.id, None),
            lambda: store.post_operator_message(ticket.id, ben.id, client_id="x", text="hi"),
        ):
            with pytest.raises(Conflict, match="Ana"):
                attempt()
        assert store.last_event() == events

    def test_a_race_to_claim_has_one_winner(self, store: Store, ticket: Ticket) -> None:
        people = [store.add_operator(f"{n}@example.com", str(n), "operator", "h") for n in range(8)]

        def claim(operator: Operator) -> bool:
            with suppress(Conflict):
                store.claim_ticket(ticket.id, operator.id)
                return True
            return False

        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(claim, people)) == 1

    def test_replying_claims_and_answers(
        self, store: Store, ticket: Ticket, ana: Operator, clock: Clock
    ) -> None:
        store.replace_content(CONTENT)
        clock.move(minutes=2)
        message, repeated = store.post_operator_message(
            ticket.id, ana.id, client_id="r", text="Hello", template="track"
        )
        assert not repeated
        assert (message.author, message.operator_name) == ("operator", "Ana")
        assert message.template == "track"
        now = store.ticket(ticket.id)
        assert (now.status, now.owner_id) == ("claimed", ana.id)
        assert (now.last_text, now.last_author, now.unanswered_since) == ("Hello", "operator", None)
        events = store.last_event()
        assert store.post_operator_message(ticket.id, ana.id, client_id="r", text="Hello") == (
            message,
            True,
        )
        store.resolve_ticket(ticket.id, ana.id, None)
        again = store.post_operator_message(ticket.id, ana.id, client_id="r", text="Hello")
        assert again == (message, True)
        assert store.last_event() == events + 2
        store.record_turn(draft(ticket.conversation_id, "r", epoch=3))
        assert store.find_turn(ticket.conversation_id, "r") is not None

    def test_a_reply_names_a_template_that_is_there(
        self, store: Store, ticket: Ticket, ana: Operator
    ) -> None:
        before = store.last_event()
        with pytest.raises(InvalidInput) as error:
            store.post_operator_message(
                ticket.id, ana.id, client_id="r", text="Hello", template="nonsense"
            )
        assert error.value.detail["field"] == "template"
        assert store.last_event() == before
        assert store.ticket(ticket.id) == ticket

    def test_notes_are_free(
        self, store: Store, ticket: Ticket, ana: Operator, ben: Operator
    ) -> None:
        store.claim_ticket(ticket.id, ana.id)
        note, _ = store.post_operator_message(
            ticket.id, ben.id, client_id="n", text="psst", note=True
        )
        assert note.note
        now = store.ticket(ticket.id)
        assert (now.owner_id, now.last_text) == (ana.id, "question one")
        assert now.unanswered_since
        store.resolve_ticket(ticket.id, ana.id, None)
        store.post_operator_message(ticket.id, ben.id, client_id="m", text="after", note=True)
        assert store.conversation(ticket.conversation_id).status == "resolved"

    def test_a_returned_conversation_is_the_desks_again(
        self, store: Store, ticket: Ticket, ana: Operator
    ) -> None:
        store.claim_ticket(ticket.id, ana.id)
        returned = store.return_ticket(ticket.id, ana.id, ReplyDraft("I am back.", "answer"))
        assert (returned.status, returned.resolved_at) == ("returned", None)
        conversation = store.conversation(ticket.conversation_id)
        assert (conversation.status, conversation.epoch) == ("desk", 3)
        assert conversation.dialogue == Dialogue()
        assert store.recent_messages(ticket.conversation_id, 1)[0].text == "I am back."
        turn = store.record_turn(draft(ticket.conversation_id, "two", epoch=3))
        assert turn.action == "answer"
        with pytest.raises(Conflict):
            store.post_operator_message(ticket.id, ana.id, client_id="late", text="wait")

    def test_a_closed_ticket_opens_again(
        self, store: Store, ticket: Ticket, ana: Operator, ben: Operator
    ) -> None:
        with pytest.raises(Conflict):
            store.reopen_ticket(ticket.id, ana.id)
        resolved = store.resolve_ticket(ticket.id, ana.id, None)
        assert (resolved.status, resolved.unanswered_since) == ("resolved", None)
        assert resolved.resolved_at
        with pytest.raises(Conflict):
            store.resolve_ticket(ticket.id, ana.id, None)
        opened = store.reopen_ticket(ticket.id, ben.id)
        assert (opened.status, opened.owner_id, opened.resolved_at) == ("open", None, None)
        assert opened.unanswered_since
        assert store.conversation(ticket.conversation_id).status == "waiting"
        store.resolve_ticket(ticket.id, ben.id, None)
        epoch = store.conversation(ticket.conversation_id).epoch
        store.record_turn(handoff(ticket.conversation_id, "new", epoch=epoch))
        with pytest.raises(Conflict):
            store.reopen_ticket(ticket.id, ben.id)

    def test_a_resolved_ticket_can_be_rated_once(
        self, store: Store, ticket: Ticket, ana: Operator, clock: Clock
    ) -> None:
        conversation_id = ticket.conversation_id
        clock.move(minutes=1)
        assert store.closing(conversation_id) is None
        said, _ = store.post_operator_message(ticket.id, ana.id, client_id="r", text="Done.")
        store.post_operator_message(ticket.id, ana.id, client_id="n", text="phew", note=True)
        store.resolve_ticket(ticket.id, ana.id, ReplyDraft("Closed.", "answer"))
        asked = Closing(ticket.id, said.id, rated=False)
        assert store.closing(conversation_id) == asked
        store.record_feedback(conversation_id, said.id, helpful=True)
        assert store.closing(conversation_id) == asked
        store.record_feedback(conversation_id, said.id, rating=5)
        assert store.closing(conversation_id) == replace(asked, rated=True)

        store.reopen_ticket(ticket.id, ana.id)
        assert store.closing(conversation_id) is None
        clock.move(minutes=1)
        more, _ = store.post_operator_message(ticket.id, ana.id, client_id="m", text="Again.")
        store.resolve_ticket(ticket.id, ana.id, None)
        assert store.closing(conversation_id) == Closing(ticket.id, more.id, rated=True)

        clock.move(minutes=1)
        epoch = store.conversation(conversation_id).epoch
        second = store.record_turn(handoff(conversation_id, "two", epoch=epoch)).ticket
        assert second
        store.resolve_ticket(second.id, ana.id, ReplyDraft("Closed.", "answer"))
        closing = store.closing(conversation_id)
        assert closing
        assert (closing.ticket_id, closing.rated) == (second.id, False)
        assert store.message(closing.message_id).text == "Closed."

    def test_what_the_desk_closed_itself_is_not_rated(
        self, store: Store, ticket: Ticket, ana: Operator
    ) -> None:
        assert store.closing(store.create_conversation()[0].id) is None
        store.return_ticket(ticket.id, ana.id, None)
        assert store.closing(ticket.conversation_id) is None

    def test_the_inbox_orders_and_filters(
        self, store: Store, clock: Clock, ana: Operator, ben: Operator
    ) -> None:
        tickets = []
        for n, priority in enumerate(["normal", "urgent", "normal", "low"]):
            clock.move(minutes=1)
            conversation, _ = store.create_conversation(name=f"Customer {n}", email=f"c{n}@e.com")
            opened = TicketDraft(priority, "r", f"Subject {n}", f"intent{n}", "negative")
            ticket = store.record_turn(handoff(conversation.id, ticket=opened)).ticket
            assert ticket is not None
            assert ticket.customer_name == f"Customer {n}"
            tickets.append(ticket.id)

        def listed(**filters: Any) -> list[int]:
            return [tickets.index(ticket.id) for ticket in store.tickets(**filters)]

        assert listed() == [1, 0, 2, 3]
        assert listed(order="newest") == [3, 2, 1, 0]
        assert listed(order="oldest", limit=2, offset=1) == [1, 2]
        store.post_operator_message(tickets[0], ana.id, client_id="a", text="Hello 100%")
        assert listed() == [1, 2, 0, 3]
        store.resolve_ticket(tickets[3], ben.id, None)
        store.resolve_ticket(tickets[1], ben.id, None)
        assert listed() == [2, 0, 1, 3]
        assert listed(order="newest") == [3, 2, 1, 0]
        store.reopen_ticket(tickets[1], ben.id)
        assert listed(status="active") == [1, 2, 0]
        assert listed(status="open") == [1, 2]
        assert listed(status="resolved") == [3]
        assert listed(owner=ana.id) == [0]
        assert listed(owner="none", status="open") == [1, 2]
        assert listed(intent="intent2") == [2]
        assert listed(sentiment="positive") == []
        assert listed(q="SUBJECT 2") == [2]
        assert listed(q='"customer 1"') == [1]
        assert set(listed(q="1 customer")) == {0, 1}  # "100%" has a 1, too
        assert listed(q="c3@e") == [3]
        assert listed(q="100%") == [0]
        assert listed(q="%") == [0]
        assert listed(q="_") == []
        assert listed(q="'; DROP TABLE ticket") == []
        assert store.ticket_counts() == {"open": 2, "claimed": 1, "returned": 0, "resolved": 1}
        for wrong in ({"status": "gone"}, {"order": "random"}):
            with pytest.raises(InvalidInput):
                store.tickets(**wrong)


class LearningContract:
    """Corrections and reports."""

    def test_a_correction_becomes_an_example(
        self, store: Store, conversation_id: str, ana: Operator, ben: Operator
    ) -> None:
        store.replace_content(CONTENT)
        message = store.record_turn(draft(conversation_id)).message
        revision = store.content_revision()
        first = store.correct_message(message.id, ana.id, intent="refund", sentiment="negative")
        assert store.content_revision() == revision + 1
        assert store.corrections([message.id, "msg_x"]) == {message.id: first}
        last = store.correct_message(message.id, ben.id, intent="out_of_scope")
        assert (last.intent, last.sentiment) == ("out_of_scope", "negative")
        assert store.corrections([message.id]) == {message.id: last}
        learned = [e for e in store.content().examples if e.source == "correction"]
        assert [(e.text, e.intent, e.sentiment) for e in learned] == [
            (message.text, "out_of_scope", "negative")
        ]
        assert (learned[0].message_id, learned[0].operator_id) == (message.id, ben.id)
        by_template = store.correct_message(message.id, ana.id, template="track")
        assert (by_template.intent, by_template.template) == ("track", "track")
        store.replace_content(CONTENT)
        kept = [e for e in store.content().examples if e.source == "correction"]
        assert [e.intent for e in kept] == ["track"]
        store.replace_content(store.content())
        assert [e for e in store.content().examples if e.source == "correction"] == kept

    def test_a_correction_that_comes_back_from_files_is_not_doubled(
        self, store: Store, conversation_id: str, ana: Operator
    ) -> None:
        store.replace_content(CONTENT)
        message = store.record_turn(draft(conversation_id)).message
        store.correct_message(message.id, ana.id, intent="refund")
        (taught,) = [e for e in store.content().examples if e.source == "correction"]
        again = Example("", taught.text, "refund")
        for other in (replace(again, sentiment="neutral"), replace(again, split="test")):
            store.replace_content(replace(CONTENT, examples=(again, other)))
            kept = [(e.source, e.text, e.sentiment, e.split) for e in store.content().examples]
            assert kept == [
                ("correction", taught.text, None, None),
                ("import", taught.text, other.sentiment, other.split),
            ]

    def test_a_wrong_correction_names_its_field(
        self, store: Store, conversation_id: str, ana: Operator
    ) -> None:
        store.replace_content(CONTENT)
        turn = store.record_turn(draft(conversation_id))
        assert turn.reply is not None
        before = store.last_event()
        for field, values in {
            "intent": {"intent": "nonsense"},
            "sentiment": {"sentiment": "furious"},
            "template": {"template": "nonsense", "intent": "track"},
        }.items():
            with pytest.raises(InvalidInput) as error:
                store.correct_message(turn.message.id, ana.id, **values)
            assert error.value.detail["field"] == field
        with pytest.raises(InvalidInput, match="answers track, not refund"):
            store.correct_message(turn.message.id, ana.id, intent="refund", template="track")
        with pytest.raises(InvalidInput):
            store.correct_message(turn.message.id, ana.id)
        with pytest.raises(InvalidInput):
            store.correct_message(turn.reply.id, ana.id, sentiment="neutral")
        assert store.last_event() == before

    def test_the_report_counts_a_span(
        self, store: Store, conversation_id: str, ana: Operator, clock: Clock
    ) -> None:
        empty = store.report("2026-03-01", "2026-03-02T00:00:00Z")
        assert empty["answered_share"] is None
        assert empty["first_response_seconds"] is None
        assert empty["conversations"] == 1
        reply = store.record_turn(draft(conversation_id, "a")).reply
        assert reply is not None
        clarify = ReplyDraft("Did you mean?", "clarify")
        store.record_turn(draft(conversation_id, "b", reply=clarify, trace=trace("clarify")))
        store.record_turn(draft(conversation_id, "c"))
        ticket = store.record_turn(handoff(conversation_id, "d")).ticket
        assert ticket is not None
        clock.move(seconds=90)
        store.post_operator_message(ticket.id, ana.id, client_id="r", text="Hello")
        clock.move(seconds=30)
        store.resolve_ticket(ticket.id, ana.id, None)
        store.record_feedback(conversation_id, reply.id, helpful=True, rating=5)
        report = store.report("2026-03-01T00:00:00+01:00", "2026-03-02")
        assert report["since"] == "2026-02-28T23:00:00.000Z"
        assert report["messages"] == {"customer": 4, "desk": 4, "operator": 1}
        turns = {"total": 4, "answer": 2, "clarify": 1, "ask": 0, "handoff": 1, "none": 0}
        assert report["turns"] == turns
        assert report["answered_share"] == 0.5
        assert report["sentiments"] == {"negative": 1, "neutral": 3, "positive": 0}
        assert report["intents"][0] == {
            "intent": "track",
            "turns": 3,
            "answered": 2,
            "asked": 1,
            "handed_over": 0,
            "answered_share": 0.6667,
            "negative": 0,
            "neutral": 3,
            "positive": 0,
        }
        assert report["handoff_reasons"] == {"low_confidence": 1}
        assert report["first_response_seconds"] == pytest.approx(90, abs=0.01)
        assert report["resolution_seconds"] == pytest.approx(120, abs=0.01)
        assert report["tickets"] == {
            "opened": 1,
            "resolved": 1,
            "merged": 0,
            "returned": 0,
            "active": 0,
        }
        ratings = {"count": 1, "average": 5.0, "helpful": 1, "unhelpful": 0}
        assert report["ratings"] == ratings | {"stars": [0, 0, 0, 0, 1]}
        assert store.report("2026-03-02", "2026-03-03")["turns"]["total"] == 0
        with pytest.raises(InvalidInput):
            store.report("yesterday", "2026-03-02")
