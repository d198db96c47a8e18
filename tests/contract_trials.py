"""What every store keeps of trials; ``test_store`` runs it on each store."""

from typing import Any

from drafts import Clock, draft, handoff, trace
from service.records.trials import Arm, Disagreement
from service.store import Store


def found(message_id: str, kind: str = "answer_lost") -> Disagreement:
    return Disagreement(message_id, kind, {"action": "answer"}, {"action": "handoff"})


def by(release: str | None, action: str = "answer") -> dict[str, Any]:
    return {**trace(action), "release": release}


class TrialContract:
    """Counts add up, disagreements are few and go with their messages, arms are told apart."""

    def test_counts_add_up_per_trial(self, store: Store) -> None:
        store.record_shadow("trl_1", {"same": 2, "dropped": 1}, [])
        store.record_shadow("trl_1", {"same": 3}, [])
        store.record_shadow("trl_2", {"same": 1}, [])
        assert store.shadow_counts("trl_1") == {"same": 5, "dropped": 1}
        assert store.shadow_counts("trl_none") == {}

    def test_newest_disagreements_come_with_their_message(
        self, store: Store, conversation_id: str
    ) -> None:
        one = store.record_turn(draft(conversation_id, "one")).message
        two = store.record_turn(draft(conversation_id, "two")).message
        store.record_shadow("trl_1", {}, [found(one.id), found("msg_gone"), found(two.id, "x")])
        store.record_shadow("trl_2", {}, [found(one.id)])
        told = store.disagreements("trl_1")
        assert [(d.message_id, d.kind) for d in told] == [(two.id, "x"), (one.id, "answer_lost")]
        assert (told[0].text, told[0].at, told[0].conversation_id) == (
            "question two",
            two.at,
            conversation_id,
        )
        assert told[0].challenger == {"action": "handoff"}
        assert [d.message_id for d in store.disagreements("trl_1", 1)] == [two.id]

    def test_only_so_many_disagreements_are_kept(self, store: Store, conversation_id: str) -> None:
        message = store.record_turn(draft(conversation_id)).message
        store.record_shadow("trl_1", {}, [found(message.id, f"kind {n}") for n in range(499)])
        store.record_shadow("trl_2", {}, [found(message.id, f"kind {n}") for n in range(3)])
        assert len(store.disagreements("trl_2", 1000)) == 3
        kept = store.disagreements("trl_1", 1000)
        assert (len(kept), kept[-1].kind) == (497, "kind 2")

    def test_erased_customer_is_in_no_disagreement(self, store: Store) -> None:
        hers = store.create_conversation(email="zoe@shop.example")[0]
        his = store.create_conversation(email="max@shop.example")[0]
        messages = [store.record_turn(draft(c.id)).message for c in (hers, his)]
        store.record_shadow("trl_1", {}, [found(message.id) for message in messages])
        assert store.erasable("zoe@shop.example").counts["disagreements"] == 1
        store.erase("zoe@shop.example", "root")
        assert [d.message_id for d in store.disagreements("trl_1")] == [messages[1].id]

    def test_conversation_is_of_the_release_that_read_it_first(
        self, store: Store, conversation_id: str
    ) -> None:
        assert store.first_release(conversation_id) is None
        for client_id, release in (("a", None), ("b", "rel_b"), ("c", "rel_a")):
            store.record_turn(draft(conversation_id, client_id, trace=by(release)))
        assert store.first_release(conversation_id) == "rel_b"

    def test_arms_count_conversations_begun_in_the_time(self, store: Store, clock: Clock) -> None:
        before = store.create_conversation()[0].id
        clock.move(seconds=1)
        since = clock().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        good, bad, mixed = (store.create_conversation()[0].id for _ in range(3))
        store.record_turn(draft(before, trace=by("rel_a")))
        answered = store.record_turn(draft(good, trace=by("rel_a")))
        passed = store.record_turn(handoff(bad, trace=by("rel_b", "handoff")))
        store.record_turn(draft(bad, "two", trace=by("rel_b", "none")))  # a person's by now
        store.record_turn(draft(mixed, "one", trace=by("rel_b")))
        store.record_turn(draft(mixed, "two", trace=by("rel_a")))
        for turn, helpful in ((answered, True), (passed, False)):
            assert turn.reply
            store.record_feedback(
                turn.message.conversation_id, turn.reply.id, helpful=helpful, comment="so"
            )
        clock.move(seconds=1)
        store.record_turn(draft(store.create_conversation()[0].id, trace=by("rel_a")))
        arms = store.trial_arms(since, since)
        assert arms == {
            "rel_a": Arm(1, 0, rated=1, unhelpful=0, turns=1, answered=1, stood_in=0),
            "rel_b": Arm(2, 1, rated=1, unhelpful=1, turns=3, answered=2, stood_in=1),
        }
        assert store.trial_arms(since)["rel_a"].conversations == 2

    def test_look_is_claimed_once(self, store: Store) -> None:
        assert store.last_look("trl_1") == 0
        assert store.claim_look("trl_1", 1)
        assert not store.claim_look("trl_1", 1)
        assert store.claim_look("trl_1", 2)
        assert store.claim_look("trl_2", 1)
        assert store.last_look("trl_1") == 2

    def test_past_message_is_what_was_said(self, store: Store, conversation_id: str) -> None:
        turn = store.record_turn(draft(conversation_id))
        past = store.past_message(turn.message.id)
        assert past is not None
        assert past.said is not None
        assert (past.text, past.said.reply, past.said.action, past.said.release) == (
            "question one",
            "an answer",
            "answer",
            "rel_1",
        )
        assert store.past_message("msg_none") is None
