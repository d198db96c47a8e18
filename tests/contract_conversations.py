"""What every store keeps of conversations and turns; ``test_store`` runs it on each store."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from drafts import CONTENT, Clock, draft, handoff, trace
from service.errors import InvalidInput, NotFound, Unauthorized
from service.records.conversations import Dialogue, ReplyDraft, Suggestion
from service.records.past import Origin
from service.records.people import Operator
from service.records.tickets import Ticket, TicketDraft
from service.records.turns import Turn, TurnDraft
from service.store import Store


class ConversationContract:
    """Conversations, their customers, and what is not there."""

    def test_a_conversation_starts_with_the_desk_and_its_welcome(self, store: Store) -> None:
        suggestions = (Suggestion("Where is it?", "track"),)
        welcome = ReplyDraft("Hello!", "answer", suggestions=suggestions)
        conversation, token = store.create_conversation(locale="de", welcome=welcome)
        assert conversation.id.startswith("cnv_")
        assert token.startswith("fdc_")
        assert (conversation.status, conversation.epoch) == ("desk", 0)
        assert conversation.locale == "de"
        assert not conversation.owned_by_person
        assert store.conversation(conversation.id) == conversation
        (message,) = store.messages(conversation.id)
        assert (message.author, message.text, message.seq) == ("desk", "Hello!", 1)
        assert message.suggestions == suggestions

    def test_only_its_own_token_opens_a_conversation(self, store: Store) -> None:
        first, token = store.create_conversation()
        second, other = store.create_conversation()
        assert store.authorized_conversation(first.id, token) == first
        for conversation_id, wrong in [
            (first.id, other),
            (first.id, ""),
            (first.id, "\ud800é"),
            ("cnv_unknown", token),
            (second.id, token),
        ]:
            with pytest.raises(Unauthorized):
                store.authorized_conversation(conversation_id, wrong)

    def test_a_verified_identifier_finds_its_customer_again(self, store: Store) -> None:
        first, _ = store.create_conversation(identifier="7", verified=True, name="Cleo")
        again, _ = store.create_conversation(identifier="7", verified=True, email="c@example.com")
        assert first.customer_id == again.customer_id
        customer = store.customer(again.customer_id or "")
        assert (customer.name, customer.email, customer.verified) == ("Cleo", "c@example.com", True)

    def test_an_unverified_identifier_is_nobody_elses(self, store: Store) -> None:
        verified, _ = store.create_conversation(identifier="7", verified=True)
        claimed, _ = store.create_conversation(identifier="7", name="Mallory")
        assert claimed.customer_id != verified.customer_id
        assert store.customer(claimed.customer_id or "").verified is False
        assert store.customer(verified.customer_id or "").name is None
        assert store.create_conversation(verified=True)[0].customer_id is None

    def test_a_resumed_conversation_has_a_token_for_each_device(self, store: Store) -> None:
        store.create_conversation(identifier="7", verified=True)
        first, phone = store.create_conversation(identifier="7", verified=True, name="Cleo")
        for claimed in ({"identifier": "7"}, {"identifier": "8", "verified": True}, {}):
            store.create_conversation(**claimed)
        resumed = store.resume_conversation("7", since="2020", email="c@example.com")
        assert resumed
        conversation, laptop = resumed
        assert conversation == first
        assert phone != laptop
        for token in (phone, laptop):
            assert store.authorized_conversation(first.id, token) == first
        customer = store.customer(first.customer_id or "")
        assert (customer.name, customer.email) == ("Cleo", "c@example.com")
        other, _ = store.create_conversation()
        with pytest.raises(Unauthorized):
            store.authorized_conversation(other.id, laptop)
        assert store.resume_conversation("nobody", since="2020") is None
        assert store.resume_conversation("7", since="2999") is None

    def test_a_resumed_conversation_is_the_one_written_in_last(
        self, store: Store, clock: Clock
    ) -> None:
        first, _ = store.create_conversation(identifier="7", verified=True)
        second, _ = store.create_conversation(identifier="7", verified=True)
        clock.move(minutes=2)
        store.record_turn(draft(first.id))
        resumed = store.resume_conversation("7", since="2020")
        assert resumed
        assert resumed[0].id == first.id != second.id

    def test_many_devices_end_the_oldest_but_never_the_first(self, store: Store) -> None:
        conversation, first = store.create_conversation(identifier="7", verified=True)
        resumed = [store.resume_conversation("7", since="2020") for _ in range(22)]
        tokens = [one[1] for one in resumed if one]
        with pytest.raises(Unauthorized):
            store.authorized_conversation(conversation.id, tokens[0])
        for token in (first, *tokens[-20:]):
            assert store.authorized_conversation(conversation.id, token)

    def test_unknown_ids_are_not_found(self, store: Store, ana: Operator) -> None:
        attempts: list[Callable[[], object]] = [
            lambda: store.conversation("cnv_x"),
            lambda: store.customer("cus_x"),
            lambda: store.find_turn("cnv_x", "one"),
            lambda: store.record_turn(draft("cnv_x")),
            lambda: store.record_handoff("cnv_x", TicketDraft("low", "r", "s"), None),
            lambda: store.messages("cnv_x"),
            lambda: store.recent_messages("cnv_x"),
            lambda: store.message("msg_x"),
            lambda: store.record_feedback("cnv_x", "msg_x", helpful=True),
            lambda: store.trace("msg_x"),
            lambda: store.traces("cnv_x"),
            lambda: store.conversation_events("cnv_x", after=0),
            lambda: store.ticket("tkt_x"),
            lambda: store.claim_ticket("tkt_x", ana.id),
            lambda: store.return_ticket("tkt_x", ana.id, None),
            lambda: store.resolve_ticket("tkt_x", ana.id, None),
            lambda: store.reopen_ticket("tkt_x", ana.id),
            lambda: store.post_operator_message("tkt_x", ana.id, client_id="a", text="b"),
            lambda: store.correct_message("msg_x", ana.id, sentiment="neutral"),
            lambda: store.delete_intent("x"),
            lambda: store.delete_template("x"),
            lambda: store.delete_example("x"),
            lambda: store.delete_article("x"),
            lambda: store.operator("opr_x"),
            lambda: store.operator_by_email("x@example.com"),
            lambda: store.password_hash("opr_x"),
            lambda: store.set_password_hash("opr_x", "h"),
            lambda: store.disable_operator("opr_x"),
            lambda: store.create_session("opr_x"),
            lambda: store.create_api_token("opr_x"),
        ]
        before = store.last_event()
        for attempt in attempts:
            with pytest.raises(NotFound):
                attempt()
        assert store.last_event() == before


class TurnContract:
    """Turns, requests for a person, feedback."""

    def test_a_turn_is_written_whole(self, store: Store, conversation_id: str) -> None:
        turn = store.record_turn(draft(conversation_id))
        assert (turn.action, turn.ticket, turn.repeated) == ("answer", None, False)
        assert turn.message.client_id == "one"
        assert turn.reply is not None
        assert turn.reply.reply_to == turn.message.id
        assert (turn.reply.template, turn.reply.action) == ("track", "answer")
        assert turn.reply.suggestions == (Suggestion("More?", "track"),)
        assert store.messages(conversation_id) == [turn.message, turn.reply]
        assert store.message(turn.reply.id) == turn.reply
        assert store.conversation(conversation_id).dialogue == Dialogue(asked=1)
        assert store.trace(turn.message.id) == store.trace(turn.reply.id) == trace()
        assert store.traces(conversation_id) == {turn.message.id: trace()}

    def test_a_repeated_turn_writes_nothing(self, store: Store, conversation_id: str) -> None:
        assert store.find_turn(conversation_id, "one") is None
        first = store.record_turn(draft(conversation_id))
        events = store.last_event()
        again = store.record_turn(draft(conversation_id, text="something else"))
        assert again == replace(first, repeated=True)
        assert store.find_turn(conversation_id, "one") == again
        assert store.last_event() == events
        assert len(store.messages(conversation_id)) == 2

    def test_the_same_client_id_in_another_conversation_is_new(self, store: Store) -> None:
        for _ in range(2):
            conversation, _ = store.create_conversation()
            assert not store.record_turn(draft(conversation.id)).repeated

    def test_a_race_of_one_client_id_has_one_winner(
        self, store: Store, conversation_id: str
    ) -> None:
        with ThreadPoolExecutor(16) as pool:
            turns = list(
                pool.map(
                    lambda n: store.record_turn(draft(conversation_id, text=str(n))), range(16)
                )
            )
        assert len({turn.message.id for turn in turns}) == 1
        assert sum(not turn.repeated for turn in turns) == 1
        assert len(store.messages(conversation_id)) == 2

    def test_a_reply_from_before_a_takeover_is_dropped(
        self, store: Store, conversation_id: str, ana: Operator
    ) -> None:
        asked = TicketDraft("normal", "requested", "Please")
        ticket = store.record_handoff(conversation_id, asked, None)
        store.claim_ticket(ticket.id, ana.id)
        turn = store.record_turn(draft(conversation_id))  # thought out at epoch 0
        assert (turn.action, turn.reply) == ("none", None)
        assert turn.ticket is not None
        assert turn.ticket.id == ticket.id
        assert store.trace(turn.message.id) == trace()
        assert store.conversation(conversation_id).dialogue == Dialogue()
        assert store.find_turn(conversation_id, "one") == replace(turn, repeated=True)

    @pytest.mark.parametrize("thought_of_a_person", [False, True])
    def test_a_reply_from_before_a_takeover_and_a_return_goes_to_a_person(
        self,
        store: Store,
        conversation_id: str,
        ticket: Ticket,
        ana: Operator,
        thought_of_a_person: bool,
    ) -> None:
        store.return_ticket(ticket.id, ana.id, None)
        thought = handoff if thought_of_a_person else draft
        turn = store.record_turn(thought(conversation_id, "late", epoch=1, text="late " * 50))
        assert (turn.action, turn.reply) == ("none", None)
        assert turn.ticket is not None
        assert (turn.ticket.status, turn.ticket.reason) == ("open", "owner_changed")
        if thought_of_a_person:
            assert (turn.ticket.subject, turn.ticket.intent) == ("Subject", "refund")
        else:
            assert turn.ticket.subject == ("late " * 50)[:120]
        assert store.messages(conversation_id)[-1] == turn.message
        now = store.conversation(conversation_id)
        assert (now.status, now.epoch, now.dialogue) == ("waiting", 3, Dialogue())
        assert store.find_turn(conversation_id, "late") == replace(turn, repeated=True)

    def test_a_handoff_opens_a_ticket(self, store: Store, conversation_id: str) -> None:
        turn = store.record_turn(handoff(conversation_id))
        ticket = turn.ticket
        assert ticket is not None
        assert turn.action == "handoff"
        assert (ticket.status, ticket.priority, ticket.reason) == (
            "open",
            "normal",
            "low_confidence",
        )
        assert (ticket.intent, ticket.sentiment) == ("refund", "negative")
        assert (ticket.last_text, ticket.last_author) == ("question one", "customer")
        assert ticket.unanswered_since == ticket.created_at
        conversation = store.conversation(conversation_id)
        assert (conversation.status, conversation.epoch) == ("waiting", 1)
        assert store.ticket(ticket.id) == ticket
        assert store.find_turn(conversation_id, "one") == replace(turn, repeated=True)

    def test_a_handoff_without_words_is_still_a_handoff(
        self, store: Store, conversation_id: str
    ) -> None:
        turn = store.record_turn(handoff(conversation_id, reply=None))
        assert (turn.action, turn.reply) == ("handoff", None)
        assert turn.ticket is not None

    def test_while_a_person_owns_it_the_ticket_only_gets_more_urgent(
        self, store: Store, conversation_id: str, ticket: Ticket, clock: Clock
    ) -> None:
        clock.move(minutes=1)
        urgent = TicketDraft("urgent", "upset", "Now!")
        raised = store.record_turn(handoff(conversation_id, "two", epoch=1, ticket=urgent)).ticket
        clock.move(minutes=1)
        low = TicketDraft("low", "meh", "Whenever")
        kept = store.record_turn(handoff(conversation_id, "three", epoch=1, ticket=low)).ticket
        plain = store.record_turn(draft(conversation_id, "four", epoch=1)).ticket
        assert raised is not None
        assert kept is not None
        assert plain is not None
        assert {raised.id, kept.id, plain.id} == {ticket.id}
        assert [raised.priority, kept.priority, plain.priority] == ["urgent"] * 3
        assert kept.reason == "low_confidence"
        assert plain.last_text == "question four"
        assert plain.unanswered_since == ticket.created_at < plain.updated_at
        assert store.ticket_counts()["open"] == 1

    def test_a_message_after_the_end_returns_to_the_desk(
        self, store: Store, conversation_id: str, ticket: Ticket, ana: Operator
    ) -> None:
        store.resolve_ticket(ticket.id, ana.id, ReplyDraft("Closed.", "answer"))
        resolved = store.conversation(conversation_id)
        assert (resolved.status, resolved.dialogue) == ("resolved", Dialogue())
        turn = store.record_turn(draft(conversation_id, "again", epoch=resolved.epoch))
        assert turn.action == "answer"
        assert turn.reply is not None
        now = store.conversation(conversation_id)
        assert (now.status, now.epoch) == ("desk", resolved.epoch)
        both = store.record_turn(draft(conversation_id, "at once", epoch=resolved.epoch))
        assert (both.action, both.ticket) == ("answer", None)

    def test_a_handoff_after_the_end_waits_with_one_new_epoch(
        self, store: Store, conversation_id: str, ticket: Ticket, ana: Operator
    ) -> None:
        store.resolve_ticket(ticket.id, ana.id, None)
        epoch = store.conversation(conversation_id).epoch
        turn = store.record_turn(handoff(conversation_id, "again", epoch=epoch))
        assert turn.ticket is not None
        assert turn.ticket.id != ticket.id
        now = store.conversation(conversation_id)
        assert (now.status, now.epoch) == ("waiting", epoch + 1)

    def test_asking_for_a_person_opens_one_ticket(self, store: Store, conversation_id: str) -> None:
        store.record_turn(draft(conversation_id))
        asked = TicketDraft("high", "requested", "A person, please")
        reply = ReplyDraft("I am passing this on.", "handoff")
        ticket = store.record_handoff(conversation_id, asked, reply)
        assert (ticket.priority, ticket.last_text) == ("high", "question one")
        assert store.messages(conversation_id)[-1].text == "I am passing this on."
        before = store.last_event()
        assert store.record_handoff(conversation_id, asked, reply) == ticket
        assert store.last_event() == before

    def test_messages_are_read_from_either_end(
        self, store: Store, conversation_id: str, ana: Operator
    ) -> None:
        for n in range(5):
            store.record_turn(draft(conversation_id, str(n)))
        everything = store.messages(conversation_id)
        seqs = [message.seq for message in everything]
        assert seqs == sorted(set(seqs))
        assert store.messages(conversation_id, after=seqs[3]) == everything[4:]
        assert store.messages(conversation_id, limit=3) == everything[:3]
        assert store.recent_messages(conversation_id, 4) == everything[-4:]
        assert store.recent_messages(conversation_id, 3, before=seqs[-4]) == everything[-7:-4]
        assert store.messages(conversation_id, after=seqs[-1]) == []
        ids = [message.id for message in everything]
        assert store.message_traces(["msg_x", *ids]) == store.traces(conversation_id, 99)
        assert list(store.traces(conversation_id, 2)) == [
            message.id for message in everything[-4:] if message.author == "customer"
        ]

    def test_newest_words_of_customers_come_without_those_of_the_desk(
        self, store: Store, conversation_id: str, ana: Operator
    ) -> None:
        assert store.customer_texts(9) == []
        for text in ("first", "again", "again"):
            store.record_turn(
                draft(conversation_id, text=text, client_id=f"{text}{store.last_event()}")
            )
        other, _ = store.create_conversation()
        store.record_turn(draft(other.id, text="last"))
        assert store.customer_texts(9) == ["last", "again", "again", "first"]
        assert store.customer_texts(2) == ["last", "again"]

    def test_origins_of_messages_tell_where_and_who(self, store: Store) -> None:
        conversation, _ = store.create_conversation(name="Ana Lima")
        unknown, _ = store.create_conversation()
        draft = TurnDraft(conversation.id, "c-1", "hello", 0, Dialogue(), None, None, None)
        named = store.record_turn(draft).message
        other = store.record_turn(replace(draft, conversation_id=unknown.id)).message
        found = store.origins([named.id, other.id, "msg_gone"])
        assert found == {
            named.id: Origin(conversation.id, named.at, "Ana Lima", found[named.id].customer_id),
            other.id: Origin(unknown.id, other.at, None, found[other.id].customer_id),
        }
        assert len({origin.writer for origin in found.values()}) == 2

    def test_what_became_of_messages_is_counted_and_told_of_each(
        self, store: Store, clock: Clock, ana: Operator
    ) -> None:
        def written(**changes: Any) -> Turn:
            conversation, _ = store.create_conversation()
            clock.move(seconds=1)
            return store.record_turn(draft(conversation.id, **changes))

        start = clock.time.isoformat().replace("+00:00", "Z")
        answered, objected, later = written(), written(), written()
        asked = written(reply=ReplyDraft("Which?", "ask"))
        unread = written(reply=None)
        handed = store.record_turn(handoff(store.create_conversation()[0].id))
        assert objected.reply
        store.record_feedback(objected.message.conversation_id, objected.reply.id, helpful=False)
        clock.move(seconds=5)
        helped = TicketDraft("normal", "asked_for_person", "s", None, None)
        store.record_handoff(later.message.conversation_id, helped, None)
        wanted = {
            answered: "answered",
            objected: "person",
            later: "person",
            asked: "asked",
            handed: "person",
            unread: None,
        }
        found = store.origins([turn.message.id for turn in wanted])
        told = {turn.message.id: outcome for turn, outcome in wanted.items()}
        assert {place: origin.outcome for place, origin in found.items()} == told
        assert store.outcomes(start) == {"answered": 1, "asked": 1, "person": 3}
        clock.move(seconds=5)
        assert store.outcomes(clock.time.isoformat().replace("+00:00", "Z")) == {}

    def test_what_the_desk_decided_comes_with_what_became_of_it(
        self, store: Store, clock: Clock, conversation_id: str, ana: Operator
    ) -> None:
        store.replace_content(CONTENT)
        store.record_turn(draft(conversation_id, "old"))
        clock.move(days=1)
        since = clock().strftime("%Y-%m-%dT%H:%M:%S.000Z")
        asks = ReplyDraft("Which?", "clarify")
        chosen = trace()
        chosen["route"]["reason"] = "chosen"
        drafts = {
            "unclear": draft(conversation_id, "unclear", reply=asks, trace=trace("clarify")),
            "click": draft(conversation_id, "click", trace=chosen),
            "again": draft(conversation_id, "again", reply=asks, trace=trace("clarify")),
            "person": handoff(conversation_id, "person"),
            "more": draft(conversation_id, "more"),  # to the person
        }
        turns = {}
        for name, written in drafts.items():
            clock.move(seconds=1)
            turns[name] = store.record_turn(written)
        reply = turns["unclear"].reply
        assert reply
        store.record_feedback(conversation_id, reply.id, rating=2)
        store.correct_message(turns["person"].message.id, ana.id, intent="refund")
        store.correct_message(turns["again"].message.id, ana.id, sentiment="negative")
        found = store.decided_messages(since, 10)
        ids = {turn.message.id: name for name, turn in turns.items()}
        assert [(ids[m.id], m.answered, m.handed_over, m.unhelpful, m.intent) for m in found] == [
            ("person", False, True, False, "refund"),
            ("again", False, True, False, None),
            ("unclear", True, False, True, None),
        ]
        assert found[2].text == "question unclear"
        assert {message.conversation_id for message in found} == {conversation_id}
        assert store.decided_messages(since, 1) == found[:1]
        store.undo_label(turns["person"].message.id, ana.id)
        assert store.decided_messages(since, 1)[0].intent is None

    def test_feedback_is_kept_with_its_message(self, store: Store, conversation_id: str) -> None:
        reply = store.record_turn(draft(conversation_id)).reply
        assert reply is not None
        store.record_feedback(conversation_id, reply.id, helpful=False, comment="no")
        store.record_feedback(conversation_id, reply.id, rating=4)
        kept = store.feedback([reply.id, "msg_x"])
        assert list(kept) == [reply.id]
        assert (kept[reply.id]["helpful"], kept[reply.id]["rating"]) == (False, 4)
        assert kept[reply.id]["comment"] == "no"
        other, _ = store.create_conversation()
        with pytest.raises(NotFound):
            store.record_feedback(other.id, reply.id, helpful=True)
        for wrong in ({}, {"rating": 0}, {"rating": 6}):
            with pytest.raises(InvalidInput):
                store.record_feedback(conversation_id, reply.id, **wrong)

    def test_text_that_is_no_unicode_changes_nothing(
        self, store: Store, conversation_id: str
    ) -> None:
        before = store.last_event()
        with pytest.raises(InvalidInput):
            store.record_turn(draft(conversation_id, text="\ud800"))
        assert store.last_event() == before
        store.record_turn(draft(conversation_id, text="𝄞 \u202e ' \" \\ \n"))
        assert store.messages(conversation_id)[0].text == "𝄞 \u202e ' \" \\ \n"
