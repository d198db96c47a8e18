"""What every store keeps of forgetting customers; ``test_store`` runs it on each store."""

from typing import Any

import pytest

from drafts import CONTENT, draft, handoff, trace
from index.seen import fingerprint
from service.errors import Conflict, NotFound, Unauthorized
from service.records.people import Operator
from service.store import Store

BY = "root"
TEXT = "my quixotry is broken"


def quoting(example_id: str) -> dict[str, Any]:
    hits = [
        {"kind": "example", "id": example_id, "text": TEXT},
        {"kind": "template", "id": "track", "text": "Follow"},
    ]
    return {**trace(), "hits": hits}


class ErasureContract:
    """All of a customer goes, nothing of others, and nothing that tells whose it was stays."""

    def test_everything_of_a_customer_goes_and_nothing_of_others(
        self, store: Store, ana: Operator
    ) -> None:
        store.replace_content(CONTENT)
        hers, token = store.create_conversation(name="Zoe", email="zoe@shop.example")
        his = store.create_conversation(email="max@shop.example")[0]
        turn = store.record_turn(handoff(hers.id, text=TEXT))
        assert turn.ticket
        assert turn.reply
        store.record_feedback(hers.id, turn.reply.id, helpful=False, comment="no")
        store.correct_message(turn.message.id, ana.id, intent="refund")
        learned = next(e for e in store.content().examples if e.source == "correction")
        other = store.record_turn(draft(his.id, trace=quoting(learned.id)))
        revision = store.content_revision()
        planned = store.erasable("ZOE@shop.example")
        before = store.last_event()
        erasure = store.erase("ZOE@shop.example", BY)
        counts = dict(erasure.counts)
        assert counts.pop("quotes") == 1
        assert counts == planned.counts
        assert counts.pop("events") >= 6
        assert counts == {
            "customers": 1,
            "conversations": 1,
            "messages": 2,
            "turns": 1,
            "files": 0,
            "feedback": 1,
            "tickets": 1,
            "contacts": 0,
            "corrections": 1,
            "examples": 1,
            "disagreements": 0,
            "deliveries": 0,
        }
        with pytest.raises(Unauthorized):
            store.authorized_conversation(hers.id, token)
        for gone in (
            lambda: store.conversation(hers.id),
            lambda: store.conversation_events(hers.id, after=0),
            lambda: store.ticket(turn.ticket.id if turn.ticket else ""),
            lambda: store.message(turn.message.id),
            lambda: store.record_turn(draft(hers.id, "late")),
            lambda: store.erasable("zoe@shop.example"),
        ):
            with pytest.raises(NotFound):
                gone()
        content = store.content()
        assert [example.id for example in content.examples] == ["exa_1", "exa_2"]
        assert store.content_revision() == content.revision > revision
        hits = store.trace(other.message.id)["hits"]
        assert [hit["text"] for hit in hits] == ["(erased)", "Follow"]
        assert [m.text for m in store.messages(his.id)] == ["question one", "an answer"]
        told = [event for event in store.events(after=before) if event.kind == "erased"]
        assert [event.body for event in told] == [
            {"tickets": [turn.ticket.id], "conversations": [hers.id]}
        ]
        assert not any(event.public for event in told)
        assert "quixotry" not in repr(store.events(after=0))
        assert [kept.id for kept in store.erasures()] == [erasure.id]

    def test_an_identifier_means_its_customer_and_one_conversation_means_itself(
        self, store: Store
    ) -> None:
        ways = {"identifier": "u7", "verified": True}
        first = store.create_conversation(**ways)[0]  # type: ignore[arg-type]
        second = store.create_conversation(**ways)[0]  # type: ignore[arg-type]
        alone = store.create_conversation()[0]
        assert store.erase(first.id, BY).counts["conversations"] == 1
        assert store.conversation(second.id).id == second.id
        assert store.erase(alone.id, BY).counts["customers"] == 0
        assert store.erase("u7", BY).counts["customers"] == 1
        with pytest.raises(NotFound):
            store.conversation(second.id)
        assert len({erasure.id for erasure in store.erasures()}) == 3

    @pytest.mark.parametrize("name", ["nobody@shop.example", "cnv_no", "cus_no", "", " ", "%", "'"])
    def test_nobody_is_not_found(self, name: str, store: Store) -> None:
        store.create_conversation(email="zoe@shop.example")
        for ask in (lambda: store.erasable(name), lambda: store.erase(name, BY)):
            with pytest.raises(NotFound, match="There is no customer"):
                ask()

    def test_two_people_of_one_address_are_told_apart_by_ids(self, store: Store) -> None:
        shared = "desk@shop.example"
        hers = store.create_conversation(identifier="u1", verified=True, email=shared)[0]
        his = store.create_conversation(identifier="u2", verified=True, email=shared)[0]
        with pytest.raises(Conflict, match="2 customers") as caught:
            store.erasable(shared)
        assert hers.customer_id
        assert hers.customer_id in caught.value.message
        planned = store.erasable(hers.customer_id)
        assert (planned.counts["conversations"], planned.same_email) == (1, 1)
        store.erase(hers.customer_id, BY)
        assert store.conversation(his.id).id == his.id

    def test_all_that_claimed_an_address_goes_with_it(self, store: Store) -> None:
        store.create_conversation(identifier="u1", verified=True, email="zoe@shop.example")
        store.create_conversation(email="Zoe@Shop.example")
        store.create_conversation(email="zoe@shop.example", name="Zoe")
        assert store.erasable("u1").same_email == 2
        assert store.erase("zoe@shop.example", BY).counts["customers"] == 3

    def test_fingerprints_stay_until_the_work_is_done_and_a_week_is_over(
        self, store: Store, conversation_id: str
    ) -> None:
        store.record_turn(draft(conversation_id, text=TEXT))
        store.record_turn(draft(conversation_id, "two", text=TEXT + " x" * 200))
        erasure = store.erase(conversation_id, BY)
        found = store.erased_texts()[0]
        assert found.erasure_id == erasure.id
        assert sorted(len(text) for text in found.texts) == [1, 5]
        assert fingerprint(TEXT) in [text[0] for text in found.texts]
        later = "9999"
        store.finish_erasures([], later)
        assert store.erased_texts() == [found]
        store.finish_erasures([erasure.id], erasure.at)
        assert store.erased_texts() == [found]
        assert store.erasures()[0].finished_at
        store.finish_erasures([], later)
        assert store.erased_texts() == []
