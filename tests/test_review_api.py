"""The operators' API for the review queue."""

from dataclasses import replace
from typing import Any

import pytest

from calls import Caller, start
from service.records.people import Operator
from service.records.proposals import Proposal, ProposedText
from service.store import Store

API = "/api/v1"


@pytest.fixture
def group(client: Caller, store: Store) -> Proposal:
    """Three messages of three customers that want one label."""
    said = [start(client).say(f"blue widgets {n}")["message"] for n in range(3)]
    texts = tuple(ProposedText(message["text"], message["id"]) for message in said)
    proposal = Proposal("label", "review", texts, 3, 3.0, intent="greeting", confidence=0.41)
    return store.add_proposals([proposal])[0]


@pytest.fixture
def fresh(store: Store) -> Proposal:
    """A new intent out of history."""
    texts = (ProposedText("do you gift-wrap"), ProposedText("wrap it as a present"))
    proposal = Proposal(
        "intent", "history", texts, 9, 9.0, name="gift_wrap", title="Gift wrap", answer="We do."
    )
    return store.add_proposals([proposal])[0]


def accept(caller: Caller, proposal: Proposal, **body: Any) -> Any:
    return caller.post(f"{API}/review/{proposal.id}/accept", body)


def queue(caller: Caller, query: str = "") -> tuple[list[str], int]:
    body = caller.get(f"{API}/review{query}").json or {}
    return [proposal["id"] for proposal in body["proposals"]], body["open"]


def test_the_queue_comes_in_pages_with_texts(
    operator: Caller, group: Proposal, fresh: Proposal
) -> None:
    assert queue(operator) == ([fresh.id, group.id], 2)
    assert queue(operator, "?limit=1&offset=1") == ([group.id], 2)
    assert queue(operator, "?kind=label") == ([group.id], 2)
    shown = (operator.get(f"{API}/review?kind=label").json or {})["proposals"][0]
    assert shown["texts"][0]["text"] == "blue widgets 0"
    assert shown["confidence"] == 0.41
    for query in ("?kind=x", "?limit=101", "?offset=-1"):
        assert operator.get(f"{API}/review{query}").status_code == 422


def test_one_call_labels_the_group_but_what_was_left_out(
    operator: Caller, olga: Operator, group: Proposal, store: Store
) -> None:
    done = accept(operator, group, intent="return_policy", left_out=[1])
    assert done.status_code == 200
    assert done.json["proposal"]["state"] == "accepted"
    assert done.json["proposal"]["decided_by"] == olga.id
    ids = [text.message_id or "" for text in group.texts]
    found = store.corrections(ids)
    assert {key: one.intent for key, one in found.items()} == {
        ids[0]: "return_policy",
        ids[2]: "return_policy",
    }
    assert queue(operator) == ([], 0)


def test_the_second_is_told_who_was_first(
    operator: Caller, colleague: Caller, group: Proposal
) -> None:
    first = accept(operator, group)
    assert accept(operator, group).json == first.json
    for late in (accept(colleague, group), colleague.post(f"{API}/review/{group.id}/dismiss")):
        assert late.status_code == 409
        assert "Olga has accepted this already" in late.json["detail"]


def test_a_dismissed_one_is_gone(operator: Caller, group: Proposal, store: Store) -> None:
    gone = operator.post(f"{API}/review/{group.id}/dismiss")
    assert (gone.json or {})["proposal"]["state"] == "dismissed"
    assert queue(operator) == ([], 0)
    assert store.corrections([text.message_id or "" for text in group.texts]) == {}
    assert accept(operator, group).status_code == 409


def test_a_new_intent_is_made_as_edited(operator: Caller, fresh: Proposal, store: Store) -> None:
    done = accept(operator, fresh, title="Wrap it", group="gifts", answer="From {shop_name}: yes.")
    assert done.status_code == 200, done.text
    intent = store.content().intents[-1]
    assert (intent.name, intent.title, intent.group) == ("gift_wrap", "Wrap it", "gifts")
    assert store.content().templates[-1].text == "From {shop_name}: yes."


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"name": "greeting"}, "There is an intent greeting already"),
        ({"name": "Gift Wrap"}, "name: "),
        ({"answer": "Call {nobody}."}, "unknown variable {nobody}"),
        ({"left_out": [0, 1]}, "Nothing is left"),
        ({"nonsense": 1}, "nonsense: "),
    ],
)
def test_what_does_not_fit_is_told_and_changes_nothing(
    operator: Caller, fresh: Proposal, store: Store, body: dict[str, Any], told: str
) -> None:
    before = store.content()
    refused = accept(operator, fresh, **body)
    assert refused.status_code == 422
    assert told in refused.json["detail"]
    assert store.content() == before
    assert queue(operator) == ([fresh.id], 1)


def test_a_label_takes_no_answer(operator: Caller, group: Proposal, store: Store) -> None:
    before = store.content()
    refused = accept(operator, group, answer="Hi {nope}")
    assert refused.status_code == 422
    assert "without an answer" in refused.json["detail"]
    assert store.content() == before
    article = {"id": "tents", "title": "Tents", "text": "They are tall."}
    assert operator.post(f"{API}/articles", article).status_code == 201


def test_a_missing_answer_needs_one(operator: Caller, group: Proposal, store: Store) -> None:
    (missing,) = store.add_proposals([replace(group, id="", kind="answer")])
    assert accept(operator, missing).status_code == 422
    assert accept(operator, missing, answer="Hi there.").status_code == 200
    assert store.content().templates[-1].text == "Hi there."


def test_only_operators_decide(client: Caller, operator: Caller, group: Proposal) -> None:
    assert client.get(f"{API}/review").status_code == 401
    assert accept(client, group).status_code == 401
    assert client.post(f"{API}/review/{group.id}/dismiss").status_code == 401
    assert operator.post(f"{API}/review/prp_no/dismiss").status_code == 404
    assert operator.post(f"{API}/review/prp_no/accept", {}).status_code == 404
