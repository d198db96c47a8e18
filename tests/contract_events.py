"""What every store tells of changes; ``test_store`` runs it on each store."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from drafts import draft, handoff
from service.errors import StoreError
from service.records.conversations import Event
from service.records.people import Operator
from service.records.tickets import Ticket
from service.store import Store


class EventContract:
    """The log: complete, in order, and discreet."""

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


class WaitingContract:
    """Waiting for more."""

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

        def wait() -> None:
            woken.append((store.wait(seen, 5), time.monotonic()))

        waiters = [threading.Thread(target=wait) for _ in range(2)]
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
