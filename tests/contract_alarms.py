"""What every store keeps of alarms; ``test_store`` runs it on each store."""

from typing import Any

import pytest

from drafts import Clock, draft, trace
from service.errors import NotFound
from service.records.alarms import AlarmDraft, MoodCount
from service.records.people import Operator
from service.store import Store

SURGE = AlarmDraft("surge", "refund", "Too many.", 0.4, 0.1)
START, END = "2026-03-01T12:00:00.000Z", "2026-03-01T15:00:00.000Z"


def say(
    store: Store, conversation_id: str, client_id: str, sentiment: str, intent: str = "refund"
) -> str:
    told = trace("answer", intent, sentiment)
    return store.record_turn(draft(conversation_id, client_id, trace=told)).message.id


def full_trace(confidence: float, in_scope: float, *scores: float) -> dict[str, Any]:
    told = trace()
    told["reading"] |= {"in_scope": in_scope}
    told["reading"]["intents"][0]["confidence"] = confidence
    hits = [{"kind": "template", "score": 0.99}]
    hits += [{"kind": "example", "score": score} for score in scores]
    return {**told, "hits": hits, "thresholds": {"answer": 0.7, "in_scope": 0.5}}


class AlarmContract:
    """Counts that people cannot inflate, one alarm at a time, and nobody's words."""

    def test_a_customer_counts_once_an_hour(self, store: Store, clock: Clock) -> None:
        angry, calm = (store.create_conversation()[0].id for _ in range(2))
        for n in range(5):
            say(store, angry, f"a{n}", "negative")
        say(store, calm, "c1", "neutral")
        say(store, calm, "c2", "negative", "track")
        clock.move(hours=1)
        say(store, angry, "later", "neutral")
        counts = store.mood_counts(START, END)
        assert sorted(counts, key=str) == sorted(
            [
                MoodCount("2026-03-01T12", "refund", 2, 1),
                MoodCount("2026-03-01T12", "track", 1, 1),
                MoodCount("2026-03-01T12", None, 2, 2),
                MoodCount("2026-03-01T13", "refund", 1, 0),
                MoodCount("2026-03-01T13", None, 1, 0),
            ],
            key=str,
        )
        whole = store.mood_counts(START, END, hourly=False)
        assert {(c.intent, c.total, c.negative) for c in whole} == {
            ("refund", 2, 1),
            ("track", 1, 1),
            (None, 2, 2),
        }

    def test_what_was_read_is_told_and_sampled(self, store: Store, conversation_id: str) -> None:
        traces = [full_trace(0.9, 0.8, 0.3, 0.6), full_trace(0.9, 0.2), None]
        for n, told in enumerate(traces):
            store.record_turn(draft(conversation_id, str(n), trace=told))
        first, second, third = store.read_messages(START, END, 100)
        assert (first.confidence, first.sure, first.nearest) == (0.9, True, 0.6)
        assert (first.text, first.action, first.release) == ("question 0", "answer", "rel_1")
        assert (second.sure, second.nearest) == (False, None)
        assert (third.confidence, third.sure, third.release) == (None, None, None)
        for n in range(20):
            store.record_turn(draft(conversation_id, f"more {n}"))
        sample = store.read_messages(START, END, 6)
        assert 4 <= len(sample) <= 6
        assert store.read_messages(END, END, 6) == []

    def test_what_was_read_surely_goes_by_what_the_promise_is_made_on(
        self, store: Store, conversation_id: str
    ) -> None:
        """By the certainty, confidence times scope; computed for traces that lack it."""
        told = {"below": full_trace(0.9, 0.6), "above": full_trace(0.9, 0.8)}
        told |= {"old, below": full_trace(0.9, 0.6), "old, above": full_trace(0.9, 0.8)}
        told["below"]["reading"]["certainty"] = 0.54
        told["above"]["reading"]["certainty"] = 0.72
        for name, why in told.items():
            store.record_turn(draft(conversation_id, name, trace=why))
        messages = store.read_messages(START, END, 100)
        assert [message.sure for message in messages] == [False, True, False, True]

    def test_negative_messages_are_one_of_a_conversation(self, store: Store) -> None:
        first, second = (store.create_conversation()[0].id for _ in range(2))
        say(store, first, "1", "negative")
        say(store, first, "2", "negative")
        say(store, second, "3", "neutral")
        other = say(store, second, "4", "negative", "track")
        assert len(store.negative_messages("refund", START, END, 5)) == 1
        assert store.negative_messages("track", START, END, 5) == [other]
        assert len(store.negative_messages("", START, END, 5)) == 2

    def test_an_alarm_goes_on_until_it_ends(
        self, store: Store, conversation_id: str, clock: Clock
    ) -> None:
        message = say(store, conversation_id, "1", "negative")
        begun, new = store.sound_alarm(
            AlarmDraft("surge", "refund", "Too many.", 0.4, 0.1, (message, "msg_gone"))
        )
        assert (new, begun.value, begun.peak, begun.ended_at) == (True, 0.4, 0.4, None)
        clock.move(minutes=5)
        worse, new = store.sound_alarm(AlarmDraft("surge", "refund", "More.", 0.6, 0.1, (message,)))
        assert (new, worse.id, worse.peak, worse.words) == (False, begun.id, 0.6, "More.")
        clock.move(minutes=5)
        better, _ = store.sound_alarm(AlarmDraft("surge", "refund", "Less.", 0.3, 0.1))
        assert (better.value, better.peak, better.began_at) == (0.3, 0.6, begun.began_at)
        assert better.seen_at > worse.seen_at
        (shown,) = store.alarm_messages(begun.id)  # the peak's
        assert (shown.id, shown.text, shown.ticket_id) == (message, "question 1", None)
        ended = store.end_alarm(begun.id)
        assert ended.ended_at
        assert store.end_alarm(begun.id) == ended
        again, new = store.sound_alarm(SURGE)
        assert new
        assert again.id != begun.id
        assert [a.id for a in store.alarms()] == [again.id, begun.id]
        assert store.alarm(begun.id) == ended
        told = [e.body["alarm"]["words"] for e in store.events(after=0) if e.kind == "alarm"]
        assert told == ["Too many.", "More.", "Less.", "Less.", "Too many."]

    def test_the_first_to_acknowledge_stays(
        self, store: Store, ana: Operator, ben: Operator
    ) -> None:
        alarm, _ = store.sound_alarm(SURGE)
        mine = store.acknowledge_alarm(alarm.id, ana.id)
        assert (mine.acknowledged_name, bool(mine.acknowledged_at)) == ("Ana", True)
        assert store.acknowledge_alarm(alarm.id, ben.id) == mine
        with pytest.raises(NotFound):
            store.acknowledge_alarm("alm_none", ana.id)
        with pytest.raises(NotFound):
            store.alarm("alm_none")

    def test_whom_the_webhook_must_still_tell(self, store: Store, clock: Clock) -> None:
        alarm, _ = store.sound_alarm(SURGE)
        assert store.untold_alarms(START) == [alarm]
        store.note_told(alarm)
        assert store.untold_alarms(START) == []
        ended = store.end_alarm(alarm.id)
        assert store.untold_alarms(START) == [ended]
        assert store.untold_alarms(END) == []
        store.note_told(ended)
        assert store.untold_alarms(START) == []

    def test_erased_customers_leave_no_word_in_alarms(self, store: Store) -> None:
        conversation_id = store.create_conversation(email="zoe@shop.example")[0].id
        message = say(store, conversation_id, "quixotry", "negative")
        alarm, _ = store.sound_alarm(
            AlarmDraft("drift", "sure", "Less sure.", 0.4, 0.8, (message,))
        )
        assert len(store.alarm_messages(alarm.id)) == 1
        store.erase("zoe@shop.example", "root")
        assert store.alarm_messages(alarm.id) == []
        assert store.alarm(alarm.id) == alarm
        told = [e.body for e in store.events(after=0) if e.kind == "alarm"]
        assert message not in repr(told)
        assert "quixotry" not in repr(told)
