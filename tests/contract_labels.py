"""What every store keeps of labels beside corrections; ``test_store`` runs it on each store."""

import random
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from drafts import CONTENT, draft, handoff, trace
from service.errors import Conflict, InvalidInput, NotFound
from service.labels import conflicts, contested, counting
from service.records.content import Content, Example, Intent, Template
from service.records.conversations import ReplyDraft
from service.records.labels import ReadAs
from service.records.people import Operator
from service.store import Store

ANSWER = "Follow {order} on the page of the carrier, which knows more than we do."
SENT = ANSWER.replace("{order}", "KM-1")
LONG: Content = replace(
    CONTENT,
    templates=(
        Template("track", "track", ANSWER),
        Template("refund", "refund", "Your money is on its way back and arrives within ten days."),
    ),
)


def ask(store: Store, text: str = "when does my parcel come", **changes: Any) -> str:
    """A customer's message in a conversation of its own, as the desk reads it: its id."""
    conversation, _ = store.create_conversation()
    return store.record_turn(draft(conversation.id, text=text, **changes)).message.id


def taught(store: Store) -> list[Example]:
    return [e for e in store.content().examples if e.source == "correction"]


class LabelContract:
    """Kinds and weights, undo, conflicts, and what customers think."""

    def test_a_confirmed_reading_is_no_correction(self, store: Store, ana: Operator) -> None:
        store.replace_content(CONTENT)
        said = [
            ({"intent": "track", "sentiment": "neutral"}, "confirmation"),
            ({"intent": "track", "sentiment": "negative"}, "correction"),
            ({"sentiment": "neutral"}, "confirmation"),
            ({"template": "track"}, "correction"),  # it says which answer would have been right
            ({"intent": "refund"}, "correction"),
        ]
        for labels, kind in said:
            made = store.correct_message(ask(store), ana.id, **labels)
            assert (made.kind, made.weight, made.operator_name) == (kind, 1.0, "Ana"), labels
        unread = ask(store, trace=None)
        assert store.correct_message(unread, ana.id, intent="track").kind == "correction"

    def test_an_undone_label_gives_way_to_the_one_before(
        self, store: Store, ana: Operator, ben: Operator
    ) -> None:
        store.replace_content(CONTENT)
        message = ask(store)
        first = store.correct_message(message, ana.id, intent="refund", sentiment="negative")
        last = store.correct_message(message, ana.id, intent="track")
        revision, seen = store.content_revision(), store.last_event()
        assert store.undo_label(message, ben.id, last.id) == first
        assert store.corrections([message]) == {message: first}
        assert [(e.intent, e.sentiment) for e in taught(store)] == [("refund", "negative")]
        assert store.content_revision() == revision + 1
        told = next(e for e in store.events(after=seen) if e.kind == "correction")
        assert (told.body["undone"], told.body["operator_name"]) == (last.id, "Ben")
        assert told.body["correction"]["id"] == first.id

        events = store.last_event()
        assert store.undo_label(message, ben.id, last.id) == first  # the answer was lost
        assert store.last_event() == events
        assert store.undo_label(message, ana.id) is None
        assert store.corrections([message]) == {}
        assert taught(store) == []
        with pytest.raises(NotFound, match="Nobody"):
            store.undo_label(message, ana.id)
        kept = [(label.id, label.undone_by) for label in store.labels([message])]
        assert kept == [(first.id, ana.id), (last.id, ben.id)]

    def test_what_the_desk_read_is_there_beside_what_people_say(self, store: Store) -> None:
        store.replace_content(CONTENT)
        known = trace()
        sure = {"certainty": 0.87, "in_scope": 0.97}
        scores = [{"label": "track", "confidence": 0.9}, {"label": "refund", "confidence": 0.06}]
        known["reading"] |= {**sure, "intents": scores}
        foreign = {**known, "reading": {**known["reading"], "in_scope": 0.2, "certainty": 0.18}}
        unread = {"reading": None, "route": {"action": "handoff", "reason": "engine_away"}}
        messages = [ask(store, f"{n}", trace=t) for n, t in enumerate((known, foreign, unread))]
        assert store.read_as([*messages, "msg_unknown"]) == {
            messages[0]: ReadAs("track", 0.87, 0.97, ("track", "refund"), "rel_1"),
            messages[1]: ReadAs("track", 0.18, 0.2, ("track", "refund"), "rel_1"),
        }
        verdicts = [read.verdict for read in store.read_as(messages).values()]
        assert verdicts == [("track", 0.87), ("out_of_scope", 0.8)]

    def test_the_same_said_again_is_one_label(
        self, store: Store, ana: Operator, ben: Operator
    ) -> None:
        store.replace_content(CONTENT)
        message = ask(store)
        said = store.correct_message(message, ana.id, intent="refund")
        events = store.last_event()
        assert store.correct_message(message, ana.id, intent="refund") == said
        assert store.last_event() == events
        store.correct_message(message, ben.id, intent="refund")
        settled = store.settle_labels([message, message], ben.id, intent="refund")
        assert store.settle_labels([message], ben.id, intent="refund") == settled
        assert [label.operator_name for label in store.labels()] == ["Ana", "Ben", "Ben"]

    def test_an_undo_means_one_label(self, store: Store, ana: Operator, ben: Operator) -> None:
        store.replace_content(CONTENT)
        message = ask(store)
        mine = store.correct_message(message, ana.id, intent="refund")
        store.correct_message(message, ben.id, intent="track")
        with pytest.raises(Conflict, match="since"):
            store.undo_label(message, ana.id, mine.id)
        with pytest.raises(NotFound):
            store.undo_label(message, ana.id, "cor_x")
        with pytest.raises(NotFound):
            store.undo_label("msg_x", ana.id)
        assert store.corrections([message])[message].intent == "track"

    def test_contradicting_operators_are_both_kept_and_train_nothing_until_it_is_settled(
        self, store: Store, ana: Operator, ben: Operator
    ) -> None:
        store.replace_content(CONTENT)
        message = ask(store)
        store.correct_message(message, ana.id, intent="refund", sentiment="negative")
        store.correct_message(message, ben.id, intent="track")
        (conflict,) = conflicts(store.labels([message]))
        assert conflict.fields == ("intent",)
        said = [(label.operator_name, label.intent) for label in conflict.said]
        assert said == [("Ana", "refund"), ("Ben", "track")]
        assert store.corrections([message])[message].intent == "track"
        assert [(e.intent, e.contested) for e in taught(store)] == [("track", ("intent",))]

        (settled,) = store.settle_labels([message], ana.id, intent="refund")
        assert (settled.intent, settled.sentiment) == ("refund", "negative")
        assert conflicts(store.labels()) == []
        assert [(e.intent, e.contested) for e in taught(store)] == [("refund", ())]
        store.undo_label(message, ana.id)
        assert len(conflicts(store.labels())) == 1
        store.undo_label(message, ben.id)
        assert conflicts(store.labels()) == []
        assert [(e.intent, e.contested) for e in taught(store)] == [("refund", ())]

    def test_an_operator_who_comes_to_agree_ends_the_conflict(
        self, store: Store, ana: Operator, ben: Operator
    ) -> None:
        store.replace_content(CONTENT)
        message = ask(store)
        store.correct_message(message, ana.id, intent="refund")
        store.correct_message(message, ben.id, intent="track")
        store.correct_message(message, ana.id, intent="track")
        assert conflicts(store.labels()) == []
        store.correct_message(message, ana.id, intent="out_of_scope")
        assert len(conflicts(store.labels())) == 1

    def test_messages_that_say_the_same_are_in_conflict_together(
        self, store: Store, ana: Operator, ben: Operator
    ) -> None:
        store.replace_content(CONTENT)
        one = ask(store, "Where are my parcels KM-1?")
        two = ask(store, "where are my parcel  km-22")
        other = ask(store, "where are my boots")
        store.correct_message(one, ana.id, intent="refund")
        store.correct_message(other, ben.id, intent="track")
        assert conflicts(store.labels()) == []
        store.correct_message(two, ben.id, intent="track")
        (conflict,) = conflicts(store.labels([one]))
        assert conflict.message_ids == (one, two)
        assert [e.contested for e in taught(store)] == [("intent",), (), ("intent",)]
        with pytest.raises(InvalidInput, match="same"):
            store.settle_labels([one, other], ana.id, intent="track")
        store.settle_labels([one, two], ben.id, intent="track")
        assert conflicts(store.labels()) == []
        assert [(e.intent, e.contested) for e in taught(store)] == [("track", ())] * 3

    def test_a_settled_message_takes_the_rest_of_its_conflict_with_it(
        self, store: Store, ana: Operator, ben: Operator
    ) -> None:
        store.replace_content(CONTENT)
        one, two, three = (ask(store, "where is it all" + end) for end in ("", "?", "!"))
        agreed = ask(store, "where is my money")
        store.correct_message(one, ana.id, intent="refund", sentiment="negative")
        for message in (two, three):
            store.correct_message(message, ben.id, intent="track")
        store.correct_message(agreed, ben.id, intent="refund")
        settled = store.settle_labels([two], ana.id, sentiment="neutral")  # not in conflict
        assert [label.message_id for label in settled] == [two]
        revision = store.content_revision()
        settled = store.settle_labels([two], ana.id, intent="track")
        assert [label.message_id for label in settled] == [two, one, three]
        assert store.content_revision() == revision + 1
        assert {(e.intent, e.message_id) for e in taught(store) if e.message_id != agreed} == {
            ("track", one),
            ("track", two),
            ("track", three),
        }
        left = conflicts(store.labels())
        assert [conflict.fields for conflict in left] == [("sentiment",)] * len(left)

    def test_an_intent_that_was_removed_is_not_brought_back(
        self, store: Store, ana: Operator, ben: Operator
    ) -> None:
        store.replace_content(CONTENT)
        store.save_intent(Intent("late", "orders", "Late"))
        one, two, like = (ask(store, text) for text in ("it is late", "so late", "so late!"))
        for message in (one, two):
            store.correct_message(message, ana.id, intent="late")
        store.correct_message(two, ana.id, sentiment="negative")
        for message in (one, two, like):
            store.correct_message(message, ben.id, intent="track")
        assert len(conflicts(store.labels())) == 2
        store.delete_intent("late")
        assert conflicts(store.labels()) == []
        assert {e.contested for e in taught(store)} == {()}
        for message in (one, two):
            assert (store.undo_label(message, ben.id) is None) == (message == one)
        found = {e.message_id: (e.intent, e.sentiment) for e in taught(store)}
        assert found == {two: (None, "negative"), like: ("track", None)}
        assert list(store.corrections([one, two])) == [two]

    def test_an_example_that_is_changed_stays_as_contested_as_it_is_by_now(
        self, store: Store, ana: Operator, ben: Operator
    ) -> None:
        store.replace_content(CONTENT)
        message = ask(store)
        store.correct_message(message, ana.id, intent="track")
        (read,) = taught(store)
        store.correct_message(message, ben.id, intent="refund")
        store.save_example(replace(read, text="where is it", weight=0.5))
        (saved,) = taught(store)
        assert (saved.text, saved.weight, saved.contested) == ("where is it", 1.0, ("intent",))

    @pytest.mark.parametrize("seed", range(3))
    def test_whatever_was_said_examples_are_what_labels_come_to(
        self, store: Store, seed: int
    ) -> None:
        store.replace_content(CONTENT)
        chance = random.Random(seed)
        people = [store.add_operator(f"{n}@e.com", n, "operator", "h").id for n in "abc"]
        texts = ("where is it", "Where is it?", "my money please")
        messages = [ask(store, chance.choice(texts)) for _ in range(8)]
        words: tuple[dict[str, str], ...] = (
            {"intent": "track"},
            {"intent": "refund", "sentiment": "neutral"},
            {"sentiment": "negative"},
            {"template": "track"},
        )
        for _ in range(60):
            message, who = chance.choice(messages), chance.choice(people)
            act = chance.choice(["say", "say", "say", "undo", "undo", "settle"])
            if act == "say":
                store.correct_message(message, who, **chance.choice(words))
            elif act == "undo":
                with suppress(NotFound):
                    store.undo_label(message, who)
            for conflict in conflicts(store.labels())[:1] if act == "settle" else ():
                store.settle_labels(conflict.message_ids, who, intent="track", sentiment="neutral")
        labels = store.labels()
        marks: dict[str, tuple[str, ...]] = {}
        for key in {label.alike for label in labels}:
            marks |= contested([label for label in labels if label.alike == key])
        expected = {}
        for message in messages:
            now = counting([label for label in labels if label.message_id == message])
            if now:
                expected[message] = (now.intent, now.sentiment, marks.get(message, ()))
        found = {e.message_id: (e.intent, e.sentiment, e.contested) for e in taught(store)}
        assert found == expected

    def test_an_erased_customer_contradicts_nobody(
        self, store: Store, ana: Operator, ben: Operator
    ) -> None:
        store.replace_content(CONTENT)
        one, two = ask(store, "where is it all"), ask(store, "where is it all?")
        store.correct_message(one, ana.id, intent="refund")
        store.correct_message(two, ben.id, intent="track")
        store.erase(store.message(two).conversation_id, "root")
        assert [(e.message_id, e.contested) for e in taught(store)] == [(one, ())]

    def test_a_thumb_changes_a_weight_and_nothing_else(self, store: Store, ana: Operator) -> None:
        store.replace_content(CONTENT)
        conversation, _ = store.create_conversation()
        turn = store.record_turn(draft(conversation.id))
        assert turn.reply is not None

        def thumb(helpful: bool) -> tuple[float, str | None]:
            assert turn.reply is not None
            store.record_feedback(conversation.id, turn.reply.id, helpful=helpful)
            found = taught(store)
            return (found[0].weight, found[0].intent) if found else (0, None)

        assert thumb(True) == (0, None)  # it makes no label
        store.correct_message(turn.message.id, ana.id, intent="track")  # as the desk answered
        assert taught(store)[0].weight == 1.25
        revision = store.content_revision()
        assert thumb(False) == (0.75, "track")
        assert thumb(False) == (0.75, "track")
        store.correct_message(turn.message.id, ana.id, intent="refund")
        assert thumb(False) == (1.25, "refund")  # they did not like the other answer
        assert thumb(True) == (0.75, "refund")
        assert store.content_revision() == revision + 1
        store.record_feedback(conversation.id, turn.message.id, helpful=False)
        assert taught(store)[0].weight == 0.75
        assert store.labels()[-1].weight == 1.0

    def test_a_reply_made_of_a_template_labels_what_it_answers(
        self, store: Store, ana: Operator, ben: Operator
    ) -> None:
        store.replace_content(LONG)
        replies: list[tuple[str, str | None, str | None]] = [
            (SENT, "track", "reply"),
            (f"Hello! {SENT} Best, Ana", "track", "reply"),
            ("I will look into it and come back to you.", "track", None),
            (SENT, "refund", None),
            (SENT, None, "takeover"),
            ("Follow it there.", None, None),
        ]
        for text, template, kind in replies:
            message, ticket = self._asked(store)
            store.post_operator_message(ticket, ana.id, client_id="r", text=text, template=template)
            found = store.corrections([message]).get(message)
            assert (found.kind if found else None) == kind, text
            if found:
                assert (found.intent, found.sentiment, found.weight) == ("track", None, 0.5)
                assert (found.operator_id, found.template) == (ana.id, "track")
        made = [(e.intent, e.weight, e.operator_id) for e in taught(store)]
        assert made == [("track", 0.5, ana.id)] * 3

        corrected = store.correct_message(message, ben.id, intent="refund")
        assert (corrected.intent, corrected.template, corrected.weight) == ("refund", None, 1.0)

    def test_what_somebody_said_counts_before_what_follows_from_a_reply(
        self, store: Store, ana: Operator, ben: Operator
    ) -> None:
        store.replace_content(LONG)
        message, ticket = self._asked(store)
        store.post_operator_message(ticket, ana.id, client_id="r", text=SENT, template="track")
        store.correct_message(message, ben.id, sentiment="negative")
        assert store.corrections([message])[message].intent is None
        store.undo_label(message, ben.id)
        assert store.corrections([message])[message].kind == "reply"
        store.undo_label(message, ana.id)
        assert taught(store) == []

        like, _ = self._asked(store)
        store.correct_message(like, ben.id, intent="refund")
        again, ticket = self._asked(store)
        store.post_operator_message(ticket, ana.id, client_id="r", text=SENT, template="track")
        assert conflicts(store.labels()) == []
        marks = {e.message_id: (e.intent, e.contested) for e in taught(store)}
        assert marks == {like: ("refund", ()), again: ("track", ("intent",))}

    def test_a_reply_in_doubt_labels_nothing(self, store: Store, ana: Operator) -> None:
        store.replace_content(LONG)
        other = trace("handoff", "greeting")
        chosen = {**trace("handoff"), "choice": "track"}
        cases: dict[str, tuple[tuple[str, Any], ...]] = {
            "too short": (("my order?", trace("handoff")),),
            "the desk thought it impossible": (("when does my parcel come", other),),
            "no model has read it": (("when does my parcel come", None),),
            "a button": (("when does my parcel come", chosen),),
            "two messages": (
                ("when does my parcel come", trace()),
                ("and what about my money", trace("handoff")),
            ),
        }
        for name, messages in cases.items():
            ticket = self._ticket(store, messages)
            store.post_operator_message(ticket, ana.id, client_id="r", text=SENT, template="track")
            assert taught(store) == [], name

    def test_only_the_first_reply_since_a_conversation_began_labels(
        self, store: Store, ana: Operator
    ) -> None:
        store.replace_content(LONG)
        message, ticket = self._asked(store)
        conversation_id = store.ticket(ticket).conversation_id
        store.post_operator_message(ticket, ana.id, client_id="1", text="Hello, one moment please.")
        store.post_operator_message(ticket, ana.id, client_id="2", text=SENT, template="track")
        assert taught(store) == []
        store.resolve_ticket(ticket, ana.id, ReplyDraft("Bye.", "answer"))
        epoch = store.conversation(conversation_id).epoch
        text = "how can I follow the other parcel"
        later = handoff(conversation_id, "x", text=text, trace=trace("handoff"), epoch=epoch)
        turn = store.record_turn(later)
        assert turn.ticket
        note = {"client_id": "3", "text": SENT, "note": True}
        store.post_operator_message(turn.ticket.id, ana.id, **note)
        assert taught(store) == []
        store.post_operator_message(
            turn.ticket.id, ana.id, client_id="4", text=SENT, template="track"
        )
        assert [e.message_id for e in taught(store)] == [turn.message.id]
        store.undo_label(turn.message.id, ana.id)
        assert store.corrections([message, turn.message.id]) == {}

    def _asked(self, store: Store) -> tuple[str, str]:
        """A message that was handed over, and its ticket."""
        ticket = self._ticket(store, (("when does my parcel come", trace("handoff")),))
        said = store.messages(store.ticket(ticket).conversation_id)
        return next(m.id for m in said if m.author == "customer"), ticket

    def _ticket(self, store: Store, messages: tuple[tuple[str, Any], ...]) -> str:
        conversation, _ = store.create_conversation()
        *before, (text, last) = messages
        for number, (said, why) in enumerate(before):
            store.record_turn(draft(conversation.id, str(number), text=said, trace=why))
        turn = store.record_turn(handoff(conversation.id, "last", text=text, trace=last))
        assert turn.ticket is not None
        return turn.ticket.id
