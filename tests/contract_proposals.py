"""What every store keeps of the review queue; ``test_store`` runs it on each store."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from drafts import CONTENT, draft
from service.errors import Conflict, Forbidden, InvalidInput, NotFound
from service.records.conversations import Message
from service.records.people import Operator
from service.records.proposals import Acceptance, Proposal, ProposedText
from service.store import Store

HISTORY = Proposal(
    kind="intent",
    source="history",
    texts=(ProposedText("can I pay by invoice"), ProposedText("invoice instead of card?")),
    count=40,
    value=12.5,
    name="pay_by_invoice",
    title="Pay by invoice",
    answer="Yes: choose invoice for {order}.",
    share=0.04,
)


def group(messages: Sequence[Message], value: float = 3.0) -> Proposal:
    texts = tuple(ProposedText(message.text, message.id) for message in messages)
    return Proposal("label", "review", texts, len(texts), value, intent="track", handed_over=2)


class ProposalContract:
    """A proposal waits for one decision; what was decided happens as a whole, once."""

    @pytest.fixture
    def messages(self, store: Store) -> list[Message]:
        store.replace_content(CONTENT)
        customers = [store.create_conversation(email=f"c{n}@shop.example")[0] for n in range(3)]
        return [store.record_turn(draft(customer.id)).message for customer in customers]

    def test_the_most_valuable_comes_first_and_in_pages(
        self, store: Store, messages: list[Message]
    ) -> None:
        before = store.last_event()
        small, large = store.add_proposals([group(messages), HISTORY])
        assert small.id.startswith("prp_")
        assert (small.state, small.made_at) == ("open", "2026-03-01T12:00:00.000Z")
        assert store.proposals() == [large, small]
        assert store.proposals(limit=1, offset=1) == [small]
        assert store.proposals(kind="intent") == [large]
        assert store.proposals(state="accepted") == []
        assert (store.count_proposals(), store.proposal(small.id)) == (2, small)
        told = store.events(after=before)
        assert [(event.kind, event.body) for event in told] == [("review", {"open": 2})]
        assert not told[0].public
        with pytest.raises(NotFound):
            store.proposal("prp_no")

    def test_a_new_queue_replaces_what_is_open_of_its_source(
        self, store: Store, messages: list[Message], ana: Operator
    ) -> None:
        old, done, history = store.add_proposals([group(messages), group(messages), HISTORY])
        store.dismiss_proposal(done.id, ana.id)
        (new,) = store.replace_proposals("review", [group(messages[:1])])
        assert store.proposals() == [history, new]
        assert [p.id for p in store.proposals(state="dismissed")] == [done.id]
        with pytest.raises(NotFound):
            store.accept_proposal(old.id, ana.id, Acceptance())

    def test_one_decision_corrects_every_message_but_those_left_out(
        self, store: Store, messages: list[Message], ana: Operator, ben: Operator
    ) -> None:
        store.correct_message(messages[0].id, ben.id, intent="refund")
        (proposal,) = store.add_proposals([group(messages)])
        revision = store.content_revision()
        done = store.accept_proposal(
            proposal.id,
            ana.id,
            Acceptance(intent="out_of_scope", sentiment="negative", left_out=(1,)),
        )
        assert (done.state, done.decided_by) == ("accepted", ana.id)
        assert done.decided_at
        assert store.proposal(proposal.id) == done
        found = store.corrections([message.id for message in messages])
        labels = {key: (one.intent, one.sentiment) for key, one in found.items()}
        assert labels == {  # what Ben said of the first stands
            messages[0].id: ("refund", "negative"),
            messages[2].id: ("out_of_scope", "negative"),
        }
        assert found[messages[2].id].operator_id == ana.id
        learned = [e for e in store.content().examples if e.source == "correction"]
        assert {(e.message_id, e.intent, e.sentiment) for e in learned} == {
            (key, *pair) for key, pair in labels.items()
        }
        assert store.content_revision() == revision + 1

    def test_as_proposed_means_the_suggested_intent(
        self, store: Store, messages: list[Message], ana: Operator
    ) -> None:
        (proposal,) = store.add_proposals([group(messages)])
        store.accept_proposal(proposal.id, ana.id, Acceptance())
        found = store.corrections([message.id for message in messages])
        assert [one.intent for one in found.values()] == ["track"] * 3

    def test_a_new_intent_comes_with_its_examples_and_its_answer(
        self, store: Store, messages: list[Message], ana: Operator
    ) -> None:
        texts = (*HISTORY.texts, ProposedText(messages[0].text, messages[0].id))
        (proposal,) = store.add_proposals([replace(HISTORY, texts=texts)])
        acceptance = Acceptance(name="invoice", title="Buy on account", left_out=(1,))
        store.accept_proposal(proposal.id, ana.id, acceptance)
        content = store.content()
        intent = content.intents[-1]
        assert (intent.name, intent.title, intent.group) == ("invoice", "Buy on account", "learned")
        template = content.templates[-1]
        assert (template.name, template.intent) == ("invoice", "invoice")
        assert template.text == "Yes: choose invoice for {order}."
        learned = [e for e in content.examples if e.intent == "invoice"]
        assert [(e.text, e.source, e.message_id, e.operator_id) for e in learned] == [
            ("can I pay by invoice", "review", None, ana.id),
            (messages[0].text, "correction", messages[0].id, ana.id),
        ]
        assert store.corrections([messages[0].id])[messages[0].id].intent == "invoice"

    def test_a_proposed_intent_may_be_one_that_is_there(
        self, store: Store, messages: list[Message], ana: Operator
    ) -> None:
        (proposal,) = store.add_proposals([HISTORY])
        intents = store.content().intents
        store.accept_proposal(proposal.id, ana.id, Acceptance(intent="track", answer=""))
        content = store.content()
        assert content.intents == intents
        assert content.templates == CONTENT.templates
        assert [e.intent for e in content.examples if e.source == "review"] == ["track", "track"]

    def test_a_missing_answer_becomes_a_template_and_labels_nothing(
        self, store: Store, messages: list[Message], ana: Operator
    ) -> None:
        missing = replace(group(messages), kind="answer")
        first, second = store.add_proposals([missing, missing])
        with pytest.raises(InvalidInput, match="Write the answer"):
            store.accept_proposal(first.id, ana.id, Acceptance())
        store.accept_proposal(first.id, ana.id, Acceptance(answer=" Here it is. "))
        store.accept_proposal(second.id, ana.id, Acceptance(answer="There."))
        made = [(t.name, t.intent, t.text) for t in store.content().templates[-2:]]
        assert made == [("track_2", "track", "Here it is."), ("track_3", "track", "There.")]
        assert store.corrections([message.id for message in messages]) == {}

    def test_the_first_decides_and_the_second_time_changes_nothing(
        self, store: Store, messages: list[Message], ana: Operator, ben: Operator
    ) -> None:
        taken, dropped = store.add_proposals([group(messages), group(messages)])
        done = store.accept_proposal(taken.id, ana.id, Acceptance())
        gone = store.dismiss_proposal(dropped.id, ana.id)
        events = store.last_event()
        assert store.accept_proposal(taken.id, ana.id, Acceptance(intent="refund")) == done
        assert store.dismiss_proposal(dropped.id, ana.id) == gone
        for proposal_id in (taken.id, dropped.id):
            with pytest.raises(Conflict, match="Ana has "):
                store.accept_proposal(proposal_id, ben.id, Acceptance())
        with pytest.raises(Conflict, match="Ana has accepted this already"):
            store.dismiss_proposal(taken.id, ana.id)
        assert store.last_event() == events

    @pytest.mark.parametrize(
        ("acceptance", "field"),
        [
            (Acceptance(name="track"), "name"),
            (Acceptance(name="out_of_scope"), "name"),
            (Acceptance(left_out=(0, 1)), "left_out"),
            (Acceptance(group=""), "group"),
        ],
    )
    def test_what_does_not_fit_changes_nothing(
        self,
        store: Store,
        messages: list[Message],
        ana: Operator,
        acceptance: Acceptance,
        field: str,
    ) -> None:
        (proposal,) = store.add_proposals([HISTORY])
        before, events = store.content(), store.last_event()
        with pytest.raises(InvalidInput) as error:
            store.accept_proposal(proposal.id, ana.id, acceptance)
        assert error.value.detail["field"] == field
        assert (store.content(), store.last_event()) == (before, events)
        assert store.proposal(proposal.id) == proposal

    def test_an_answer_that_does_not_fit_changes_nothing(
        self, store: Store, messages: list[Message], ana: Operator
    ) -> None:
        missing = replace(group(messages), kind="answer")
        label, answer, intent = store.add_proposals([group(messages), missing, HISTORY])
        before = store.content()
        for proposal, words in ((label, "Hello."), (answer, "Hi {no}"), (intent, "Hi {no}")):
            with pytest.raises(InvalidInput) as error:
                store.accept_proposal(proposal.id, ana.id, Acceptance(answer=words))
            assert error.value.detail["field"] == "answer"
            assert store.proposal(proposal.id) == proposal
        assert store.content() == before
        assert store.corrections([message.id for message in messages]) == {}
        store.accept_proposal(label.id, ana.id, Acceptance(answer=" "))

    def test_labels_must_be_there(
        self, store: Store, messages: list[Message], ana: Operator
    ) -> None:
        unsure = replace(group(messages), intent=None)
        (proposal,) = store.add_proposals([unsure])
        for acceptance in (
            Acceptance(),
            Acceptance(intent="nonsense"),
            Acceptance(intent="track", sentiment="mixed"),
        ):
            with pytest.raises(InvalidInput):
                store.accept_proposal(proposal.id, ana.id, acceptance)
        assert store.corrections([message.id for message in messages]) == {}

    def test_who_is_disabled_decides_nothing(
        self, store: Store, messages: list[Message], ana: Operator
    ) -> None:
        (proposal,) = store.add_proposals([group(messages)])
        store.disable_operator(ana.id)
        for decide in (
            lambda: store.accept_proposal(proposal.id, ana.id, Acceptance()),
            lambda: store.dismiss_proposal(proposal.id, ana.id),
        ):
            with pytest.raises(Forbidden):
                decide()

    def test_erased_messages_leave_the_queue(
        self, store: Store, messages: list[Message], ana: Operator
    ) -> None:
        both, own, done, history = store.add_proposals(
            [group(messages), group(messages[:1]), group(messages[:1]), HISTORY]
        )
        store.dismiss_proposal(done.id, ana.id)
        store.erase("c0@shop.example", "root")
        assert store.proposals() == [history]
        late = store.add_proposals([group(messages), group(messages[:1])])  # read before that
        for gone in (both, own, done, *late):
            with pytest.raises(NotFound):
                store.proposal(gone.id)

    def test_no_words_of_the_erased_stay_in_names(
        self, store: Store, messages: list[Message], ana: Operator
    ) -> None:
        named = replace(group(messages), kind="intent", name="bagpipes", title="Bagpipes")
        waiting, taken, dropped = store.add_proposals([named] * 3)
        store.accept_proposal(taken.id, ana.id, Acceptance(intent="refund"))
        store.dismiss_proposal(dropped.id, ana.id)
        before = store.last_event()
        store.erase("c0@shop.example", "root")
        assert [e.body for e in store.events(after=before) if e.kind == "review"] == [{"open": 0}]
        with pytest.raises(NotFound):
            store.proposal(waiting.id)
        for decided in (taken, dropped):  # what was decided of the others is still known
            left = store.proposal(decided.id)
            assert (left.name, left.title) == ("", "")
            assert [text.message_id for text in left.texts] == [m.id for m in messages[1:]]
        before = store.last_event()
        store.erase("c1@shop.example", "root")
        assert "review" not in {event.kind for event in store.events(after=before)}
