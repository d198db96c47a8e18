"""The contract of ``service.store.Store``, run on every store that there is."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from service.errors import Conflict, Forbidden, InvalidInput, NotFound, StoreError, Unauthorized
from service.records import (
    Article,
    Content,
    DeskSettings,
    Dialogue,
    Event,
    Example,
    GoldenCase,
    Intent,
    Operator,
    ReplyDraft,
    Slot,
    Suggestion,
    Template,
    Ticket,
    TicketDraft,
    TurnDraft,
)
from service.sqlite.store import SqliteStore
from service.store import Store

CONTENT = Content(
    settings=DeskSettings(
        name="Kestrel & Moor",
        facts={"shop": "Kestrel"},
        slots=(Slot("order", "Order", "Which order?", "Which one?", r"KM-\d+", "KM-{0}"),),
        replies={"welcome": ("Hello!", "Hi!")},
        suggested=("track",),
    ),
    intents=(
        Intent("track", "orders", "Where is it?", "Parcels.", ("order",)),
        Intent("refund", "money", "My money back", action="handoff", priority="high"),
    ),
    templates=(
        Template("track", "track", "Follow {order} here."),
        Template("track_upset", "track", "Sorry! Follow {order}.", "negative"),
    ),
    examples=(
        Example("exa_1", "where is it", "track", "neutral", ({"start": 0, "end": 5},), "train"),
        Example("exa_2", "nice weather", "out_of_scope"),
    ),
    articles=(Article("delivery", "Delivery", "# Delivery", ("track",), "2026-01-01T00:00:00Z"),),
    golden=(GoldenCase("where's my parcel", "track", "ask"),),
)


def trace(
    action: str = "answer", intent: str = "track", sentiment: str = "neutral"
) -> dict[str, Any]:
    return {
        "release": "rel_1",
        "reading": {
            "intents": [{"label": intent, "confidence": 0.9}],
            "sentiments": [{"label": sentiment, "confidence": 0.8}],
        },
        "route": {"action": action, "reason": "sure", "intent": intent},
    }


def draft(conversation_id: str, client_id: str = "one", **changes: Any) -> TurnDraft:
    values: dict[str, Any] = {
        "text": f"question {client_id}",
        "epoch": 0,
        "dialogue": Dialogue(asked=1),
        "reply": ReplyDraft("an answer", "answer", "track", (Suggestion("More?", "track"),)),
        "trace": trace(),
    }
    return TurnDraft(conversation_id, client_id, **{**values, **changes})


def handoff(conversation_id: str, client_id: str = "one", **changes: Any) -> TurnDraft:
    ticket = TicketDraft("normal", "low_confidence", "Subject", "refund", "negative")
    reply = ReplyDraft("A person will answer.", "handoff")
    values = {"reply": reply, "ticket": ticket, "trace": trace("handoff", "refund", "negative")}
    return draft(conversation_id, client_id, **{**values, **changes})


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.time = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def move(self, **delta: float) -> None:
        self.time += timedelta(**delta)


class StoreContract:
    """What every store keeps. A subclass gives ``open_store``, which opens the same data again."""

    @pytest.fixture
    def clock(self) -> Clock:
        return Clock()

    @pytest.fixture
    def open_store(self, tmp_path: Path, clock: Clock) -> Callable[[], Store]:
        raise NotImplementedError

    @pytest.fixture
    def store(self, open_store: Callable[[], Store]) -> Iterator[Store]:
        store = open_store()
        yield store
        store.close()

    @pytest.fixture
    def conversation_id(self, store: Store) -> str:
        return store.create_conversation()[0].id

    @pytest.fixture
    def ana(self, store: Store) -> Operator:
        return store.add_operator("ana@example.com", "Ana", "operator", "hash")

    @pytest.fixture
    def ben(self, store: Store) -> Operator:
        return store.add_operator("ben@example.com", "Ben", "admin", "hash")

    @pytest.fixture
    def ticket(self, store: Store, conversation_id: str) -> Ticket:
        ticket = store.record_turn(handoff(conversation_id)).ticket
        assert ticket is not None
        return ticket

    # --- conversations ---------------------------------------------------------------------------

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

    # --- turns -----------------------------------------------------------------------------------

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

    def test_a_reply_from_before_a_takeover_and_a_return_is_dropped(
        self, store: Store, conversation_id: str, ticket: Ticket, ana: Operator
    ) -> None:
        store.return_ticket(ticket.id, ana.id, None)
        turn = store.record_turn(handoff(conversation_id, "late", epoch=1))
        assert (turn.action, turn.reply, turn.ticket) == ("none", None, None)
        assert store.conversation(conversation_id).status == "desk"

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
        assert (now.status, now.epoch) == ("desk", resolved.epoch + 1)

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
        assert store.messages(conversation_id, after=seqs[-1]) == []
        assert list(store.traces(conversation_id, 2)) == [
            message.id for message in everything[-4:] if message.author == "customer"
        ]

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

    # --- events ----------------------------------------------------------------------------------

    def test_every_change_is_told_in_order(
        self, store: Store, conversation_id: str, ana: Operator
    ) -> None:
        ticket = store.record_turn(handoff(conversation_id)).ticket
        assert ticket is not None
        store.claim_ticket(ticket.id, ana.id)
        store.post_operator_message(ticket.id, ana.id, client_id="n", text="hm", note=True)
        reply, _ = store.post_operator_message(ticket.id, ana.id, client_id="r", text="Hello")
        store.resolve_ticket(ticket.id, ana.id, None)
        events = store.events(after=0)
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        assert store.last_event() == len(events)
        numbers = [event.number for event in events if event.number]
        assert numbers == list(range(1, len(numbers) + 1))
        kinds = [event.kind for event in events if event.number]
        assert kinds == [
            *("message", "message", "conversation", "conversation"),
            *("message", "message", "conversation"),
        ]
        heard = [event for event in events if event.kind == "message"][-1]
        assert heard.body["ticket_id"] == ticket.id
        assert heard.body["message"]["id"] == reply.id
        assert heard.body["message"]["operator_name"] == "Ana"
        assert heard.number == reply.seq
        told = [event.body for event in events if event.kind == "ticket"]
        assert [body["status"] for body in told] == [
            "open",
            "claimed",
            "claimed",
            "claimed",
            "resolved",
        ]
        assert told[1]["owner_name"] == "Ana"

    def test_customers_hear_neither_notes_nor_tickets(
        self, store: Store, ticket: Ticket, ana: Operator
    ) -> None:
        conversation_id = ticket.conversation_id
        store.post_operator_message(ticket.id, ana.id, client_id="n", text="secret", note=True)
        store.post_operator_message(ticket.id, ana.id, client_id="r", text="Hello")
        message_id = store.messages(conversation_id)[0].id
        store.correct_message(message_id, ana.id, sentiment="neutral")
        store.record_feedback(conversation_id, message_id, helpful=True)
        public = store.conversation_events(conversation_id, after=0)
        assert {event.kind for event in public} == {"message", "conversation"}
        assert all(event.public for event in public)
        assert "secret" not in repr(public)
        assert "secret" not in repr(store.messages(conversation_id))
        assert "secret" in repr(store.messages(conversation_id, notes=True))
        assert "secret" in repr(store.recent_messages(conversation_id))
        private = {event.kind for event in store.events(after=0) if not event.public}
        assert private >= {"message", "ticket", "correction", "content", "feedback"}
        claim = next(event for event in public if event.body.get("status") == "operator")
        assert claim.body == {"id": conversation_id, "status": "operator", "operator": "Ana"}

    def test_events_are_paged_without_gap_or_repetition(
        self, store: Store, conversation_id: str
    ) -> None:
        for n in range(6):
            store.record_turn(draft(conversation_id, str(n)))
        for read in (
            lambda after: store.events(after=after, limit=5),
            lambda after: store.conversation_events(conversation_id, after=after, limit=5),
        ):
            key = "seq" if read(0)[0].number is None else "number"
            seen: list[Event] = []
            while page := read(getattr(seen[-1], key) if seen else 0):
                seen += page
            places = [getattr(event, key) for event in seen]
            assert places == list(range(1, len(places) + 1))
            assert sum(event.kind == "message" for event in seen) == 12

    def test_many_writers_leave_no_gap(self, store: Store) -> None:
        conversations = [store.create_conversation()[0].id for _ in range(4)]
        seen: list[Event] = []
        done = threading.Event()

        def follow() -> None:
            while not done.is_set() or store.last_event() > len(seen):
                seen.extend(store.events(after=seen[-1].seq if seen else 0, limit=50))
                store.wait(seen[-1].seq if seen else 0, 0.05)

        reader = threading.Thread(target=follow)
        reader.start()
        with ThreadPoolExecutor(32) as pool:
            list(
                pool.map(
                    lambda n: store.record_turn(draft(conversations[n % 4], str(n))), range(128)
                )
            )
        done.set()
        reader.join()
        assert [event.seq for event in seen] == list(range(1, 4 + 256 + 1))
        for conversation_id in conversations:
            assert [m.seq for m in store.messages(conversation_id)] == list(range(1, 65))

    # --- waiting ---------------------------------------------------------------------------------

    def test_waiting_ends_at_once_when_there_is_more(
        self, store: Store, conversation_id: str
    ) -> None:
        seen = store.last_event()
        assert store.wait(seen - 1, 10) == seen
        start = time.monotonic()
        assert store.wait(seen, 0.05) == seen
        assert time.monotonic() - start >= 0.04

    @pytest.mark.parametrize("process", ["own", "other"])
    def test_a_commit_wakes_who_waits(
        self, store: Store, open_store: Callable[[], Store], conversation_id: str, process: str
    ) -> None:
        writer = store if process == "own" else open_store()
        seen = store.last_event()
        woken: list[tuple[int, float]] = []

        def wait(of: str | None) -> None:
            woken.append((store.wait(seen, 5, of), time.monotonic()))

        waiters = [threading.Thread(target=wait, args=(of,)) for of in (None, conversation_id)]
        for waiter in waiters:
            waiter.start()
        time.sleep(0.02)
        writer.record_turn(draft(conversation_id))
        written = time.monotonic()
        for waiter in waiters:
            waiter.join()
        assert all(highest > seen for highest, _ in woken)
        # Generous for a busy machine; a second is far from the five of a timeout.
        assert max(at for _, at in woken) - written < 1
        if writer is not store:
            writer.close()

    def test_a_conversation_waits_only_for_itself(self, store: Store, conversation_id: str) -> None:
        seen = store.last_event()
        woken = threading.Event()

        def wait() -> None:
            store.wait(seen, 5, conversation_id)
            woken.set()

        waiter = threading.Thread(target=wait)
        waiter.start()
        time.sleep(0.02)
        store.create_conversation()
        assert not woken.wait(0.2)
        store.record_turn(draft(conversation_id))
        assert woken.wait(1)
        waiter.join()

    def test_closing_wakes_who_waits(self, open_store: Callable[[], Store]) -> None:
        store = open_store()
        seen = store.last_event()

        def wait() -> None:
            with suppress(StoreError):
                store.wait(seen, 30)

        waiters = [threading.Thread(target=wait) for _ in range(20)]
        for waiter in waiters:
            waiter.start()
        time.sleep(0.02)
        store.close()
        for waiter in waiters:
            waiter.join(2)
            assert not waiter.is_alive()
        with pytest.raises(StoreError):
            store.last_event()
        with pytest.raises(StoreError):
            store.create_conversation()
        with pytest.raises(StoreError):
            store.wait(0, 1)

    # --- tickets ---------------------------------------------------------------------------------

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
        assert listed(status="active") == [1, 2, 0]
        assert listed(status="open") == [1, 2]
        assert listed(status="resolved") == [3]
        assert listed(owner=ana.id) == [0]
        assert listed(owner="none", status="open") == [1, 2]
        assert listed(intent="intent2") == [2]
        assert listed(sentiment="positive") == []
        assert listed(q="SUBJECT 2") == [2]
        assert listed(q="customer 1") == [1]
        assert listed(q="c3@e") == [3]
        assert listed(q="100%") == [0]
        assert listed(q="%") == [0]
        assert listed(q="_") == []
        assert listed(q="'; DROP TABLE ticket") == []
        assert store.ticket_counts() == {"open": 2, "claimed": 1, "returned": 0, "resolved": 1}
        for wrong in ({"status": "gone"}, {"order": "random"}):
            with pytest.raises(InvalidInput):
                store.tickets(**wrong)

    # --- corrections and reports -----------------------------------------------------------------

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
            "answered_share": 0.6667,
            "negative": 0,
        }
        assert report["handoff_reasons"] == {"low_confidence": 1}
        assert report["first_response_seconds"] == pytest.approx(90, abs=0.01)
        assert report["resolution_seconds"] == pytest.approx(120, abs=0.01)
        assert report["tickets"] == {"opened": 1, "resolved": 1, "returned": 0, "active": 0}
        assert report["ratings"] == {"count": 1, "average": 5.0, "helpful": 1, "unhelpful": 0}
        assert store.report("2026-03-02", "2026-03-03")["turns"]["total"] == 0
        with pytest.raises(InvalidInput):
            store.report("yesterday", "2026-03-02")

    # --- content ---------------------------------------------------------------------------------

    def test_content_comes_back_as_it_was_written(self, store: Store) -> None:
        assert store.content() == Content()
        store.replace_content(CONTENT)
        content = store.content()
        examples = tuple(replace(example, at="") for example in content.examples)
        assert replace(content, examples=examples, revision=0) == CONTENT
        assert content.revision == store.content_revision() == 1
        assert all(example.at for example in content.examples)
        store.replace_content(Content())
        assert replace(store.content(), revision=0) == Content()
        assert store.events(after=0)[-1].body == {"revision": 2}

    def test_broken_content_changes_nothing(self, store: Store) -> None:
        store.replace_content(CONTENT)
        before = store.content()
        for broken in (
            replace(CONTENT, templates=(Template("t", "nonsense", "x"),)),
            replace(CONTENT, intents=CONTENT.intents * 2),
            replace(CONTENT, templates=CONTENT.templates * 2),
            replace(CONTENT, examples=CONTENT.examples * 2),
            replace(CONTENT, examples=(Example("", "x", "nonsense"),)),
            replace(CONTENT, examples=(Example("", "x", sentiment="furious"),)),
        ):
            with pytest.raises(InvalidInput):
                store.replace_content(broken)
        assert store.content() == before

    def test_each_write_of_content_raises_the_revision(self, store: Store) -> None:
        store.replace_content(CONTENT)
        track = replace(CONTENT.intents[0], title="Where?")
        writes: list[Callable[[], object]] = [
            lambda: store.save_settings(DeskSettings("Other")),
            lambda: store.save_intent(track),
            lambda: store.save_intent(Intent("new", "g", "New")),
            lambda: store.save_template(Template("new", "new", "text")),
            lambda: store.delete_template("new"),
            lambda: store.delete_intent("new"),
            lambda: store.add_examples([Example("", "one"), Example("", "two", "track")]),
            lambda: store.save_example(Example("exa_1", "changed", "track")),
            lambda: store.delete_example("exa_2"),
            lambda: store.save_article(Article("faq", "FAQ", "text")),
            lambda: store.delete_article("faq"),
        ]
        for place, write in enumerate(writes, start=2):
            write()
            assert store.content_revision() == place
            assert store.events(after=store.last_event() - 1)[0].body == {"revision": place}
        content = store.content()
        assert content.settings == DeskSettings("Other")
        assert content.intents == (track, CONTENT.intents[1])
        assert [e.text for e in content.examples] == ["changed", "one", "two"]
        assert all(e.id and e.at for e in content.examples)

    def test_content_that_is_used_or_unknown_is_refused(self, store: Store) -> None:
        store.replace_content(CONTENT)
        before = store.content_revision()
        with pytest.raises(Conflict):
            store.delete_intent("track")
        for attempt in (
            lambda: store.save_template(Template("t", "nonsense", "x")),
            lambda: store.save_template(Template("t", "track", "x", "furious")),
            lambda: store.save_template(Template("", "track", "x")),
            lambda: store.add_examples([Example("", "fine"), Example("", "x", "nonsense")]),
            lambda: store.save_example(Example("exa_1", "x", sentiment="furious")),
            lambda: store.save_article(Article("", "t", "x")),
        ):
            with pytest.raises(InvalidInput):
                attempt()
        with pytest.raises(Conflict):
            store.add_examples([Example("exa_1", "taken")])
        assert store.content_revision() == before
        assert len(store.content().examples) == 2

    # --- people ----------------------------------------------------------------------------------

    def test_an_address_is_taken_in_any_case(self, store: Store, ana: Operator) -> None:
        assert ana.id.startswith("opr_")
        with pytest.raises(Conflict):
            store.add_operator("ANA@Example.com", "Other", "admin", "hash")
        assert store.operator_by_email(" Ana@EXAMPLE.com") == store.operator(ana.id) == ana
        assert store.operators() == [ana]
        store.set_password_hash(ana.id, "new")
        assert store.password_hash(ana.id) == "new"

    def test_sessions_and_tokens_are_their_operators(
        self, store: Store, ana: Operator, clock: Clock
    ) -> None:
        session, token = store.create_session(ana.id, days=1), store.create_api_token(ana.id)
        assert session.startswith("fds_")
        assert token.startswith("fdk_")
        assert store.session_operator(session) == store.api_token_operator(token) == ana
        assert store.session_operator(token) is None
        assert store.api_token_operator(session) is None
        assert store.session_operator("") is None
        clock.move(days=1, seconds=1)
        assert store.session_operator(session) is None
        assert store.api_token_operator(token) == ana
        other = store.create_session(ana.id)
        store.delete_session(other)
        store.delete_session(other)
        assert store.session_operator(other) is None

    def test_a_disabled_operator_is_out_at_once(
        self, store: Store, ticket: Ticket, ana: Operator
    ) -> None:
        session, token = store.create_session(ana.id), store.create_api_token(ana.id)
        store.claim_ticket(ticket.id, ana.id)
        store.disable_operator(ana.id)
        assert store.session_operator(session) is None
        assert store.api_token_operator(token) is None
        assert store.operator(ana.id).disabled
        now = store.ticket(ticket.id)
        assert (now.status, now.owner_id) == ("open", None)
        assert store.conversation(ticket.conversation_id).status == "waiting"
        for attempt in (
            lambda: store.claim_ticket(ticket.id, ana.id),
            lambda: store.create_session(ana.id),
            lambda: store.create_api_token(ana.id),
            lambda: store.post_operator_message(ticket.id, ana.id, client_id="x", text="hi"),
        ):
            with pytest.raises(Forbidden):
                attempt()

    # --- the desk's own --------------------------------------------------------------------------

    def test_a_setting_is_written_once(self, store: Store) -> None:
        assert store.setting("site_secret") is None
        assert store.ensure_setting("site_secret", "a") == "a"
        assert store.ensure_setting("site_secret", "b") == "a"
        assert store.setting("site_secret") == "a"
        store.check()

    def test_everything_is_there_after_a_restart(
        self, open_store: Callable[[], Store], ticket: Ticket, store: Store, tmp_path: Path
    ) -> None:
        store.replace_content(CONTENT)
        other = open_store()
        assert other.ticket(ticket.id) == ticket
        assert other.content() == store.content()
        assert other.events(after=0) == store.events(after=0)
        other.close()

    def test_a_backup_overwrites_nothing(self, store: Store, tmp_path: Path) -> None:
        target = tmp_path / "copy.db"
        store.backup(target)
        assert target.exists()
        with pytest.raises(Conflict):
            store.backup(target)
        assert [path.name for path in tmp_path.glob("copy*")] == ["copy.db"]


class TestSqliteStore(StoreContract):
    """The store that ships."""

    @pytest.fixture
    def open_store(self, tmp_path: Path, clock: Clock) -> Callable[[], Store]:
        return lambda: SqliteStore.open(tmp_path / "home" / "desk.db", clock=clock)
