"""What `frontdesk review` proposes, out of what, and what it leaves alone."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from fakes import FakeEngine, FakeEngines, reading_of, vector_of
from index.records import OUT_OF_SCOPE, Reading
from service.cli import cli
from service.clusters import dense_groups, find_words, like_groups, make_name
from service.commands import reviewing
from service.config import Config
from service.desk import Desk
from service.metrics import Metrics
from service.records.content import Content, Example, Intent
from service.records.past import DecidedMessage
from service.records.proposals import Proposal, ProposedText
from service.review import propose
from service.store import Store

TENTS = [f"please can you {how} wash my tent" for how in ("do", "nicely", "also", "just", "even")]
SHOPS = [f"tell me where your {word} shop is" for word in ("new", "old", "big", "own", "next")]


def said(text: str, number: int = 0, **became: Any) -> DecidedMessage:
    fields = {"answered": False, "handed_over": False, "unhelpful": False, **became}
    return DecidedMessage(f"msg_{text}_{number}", f"cnv_{number}", text, **fields)


def engine_of(content: Content, sure: Mapping[str, float] | None = None) -> FakeEngine:
    """Reads every text as a return, as sure as ``sure`` says (0.3 by default)."""
    script: dict[str, Reading] = {}
    for text, confidence in (sure or {}).items():
        script[text] = reading_of(text, {"return_policy": confidence, "greeting": 0.01})
    return FakeEngine(content, script)


def texts(proposal: Proposal) -> list[str]:
    return [text.text for text in proposal.texts]


# --- groups and names ----------------------------------------------------------------------------


def test_like_rows_are_one_group_around_the_one_with_most_like_it() -> None:
    angles = np.radians([0, 20, 40, 120, 125])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    assert like_groups(vectors, alike=float(np.cos(np.radians(25)))) == [[1, 0, 2], [3, 4]]
    assert like_groups(vectors, alike=0.9999) == [[0], [1], [2], [3], [4]]
    assert like_groups(vectors[:0]) == []


def test_dense_places_are_found_with_the_most_typical_first() -> None:
    chance = np.random.default_rng(0)
    middles = np.eye(16, dtype=np.float32)[:2].repeat(8, axis=0)
    rows = np.concatenate(
        [middles + chance.normal(0, 0.03, (16, 16)), chance.normal(0, 1, (6, 16))]
    )
    vectors = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    groups = dense_groups(vectors)
    assert sorted(sorted(rows[:8]) for rows in groups) == [list(range(8)), list(range(8, 16))]
    assert dense_groups(vectors[:4]) == []


def test_a_group_is_named_by_the_words_that_tell_it_from_the_rest() -> None:
    others = [
        ["can you tell me", "please can you help", "where is your desk", "tell me, is your"],
        ["is my order here", "cancel my order", "my refund please", "where is my parcel", "my hat"],
    ]
    words = find_words([TENTS, SHOPS], others)
    assert {"wash", "tent"} < set(words[0])
    assert words[0].index("wash") < words[0].index("tent")
    assert "shop" in words[1]
    assert not {"please", "my"} & {*words[0], *words[1]}
    assert find_words([["zebra one", "tiger two"]], others) == [()]  # no customer's own word
    assert find_words([["1", "2"]], []) == [()]
    assert find_words([], others) == []


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (("gift", "wrap"), "gift_wrap_2"),
        (("rück", "gabe"), "ruck_gabe"),
        (("退货",), "new_intent"),
        ((), "new_intent"),
    ],
)
def test_a_name_is_one_that_an_intent_may_have(words: tuple[str, ...], name: str) -> None:
    assert make_name(words, ["gift_wrap", "greeting"]) == name


# --- what is proposed ----------------------------------------------------------------------------


def test_like_messages_are_one_decision_with_what_the_desk_thinks(content: Content) -> None:
    like = "my order came broken what now"
    engine = engine_of(content, {like: 0.4, like.upper(): 0.4, "how about shoes": 0.6})
    messages = [said(like, 1, handed_over=True), said(like, 2), said(like.upper(), 3)]
    first, second = propose([*messages, said("how about shoes")], content, engine)
    assert (first.kind, first.source, first.intent) == ("label", "review", "return_policy")
    assert [text.message_id for text in first.texts] == [message.id for message in messages]
    assert (first.count, first.handed_over, first.share) == (3, 1, 0.75)
    certainty = 0.4 * 0.99
    assert first.confidence == pytest.approx(certainty, abs=1e-3)
    assert first.value == pytest.approx((2 + 1 + 1) * (1 - certainty), abs=1e-3)
    assert (texts(second), second.value) == (
        ["how about shoes"],
        pytest.approx(1 - 0.6 * 0.99, abs=1e-3),
    )


def test_what_is_known_or_labelled_or_dismissed_is_not_asked(content: Content) -> None:
    engine = engine_of(content, {"sure": 0.95, "sure but bad": 0.95, "open question": 0.3})
    messages = [
        said("sure", answered=True),
        said("sure but bad", answered=True, unhelpful=True),
        said("open question"),
        said("labelled question", intent="greeting"),
    ]
    assert [texts(p) for p in propose(messages, content, engine)] == [
        ["open question"],
        ["sure but bad"],
    ]
    passed = Proposal("label", "review", (ProposedText("open question"),), 1, 1.0)
    assert [texts(p) for p in propose(messages, content, engine, [passed])] == [["sure but bad"]]


def test_a_cluster_that_is_like_nothing_known_is_a_new_intent(content: Content) -> None:
    engine = engine_of(content)
    messages = [said(text, at, handed_over=True) for at, text in enumerate([*TENTS, *SHOPS])]
    odd = [said(text) for text in ("qwertz", "lorem ipsum dolor", "blue moon rising")]
    found = propose([*messages, *odd], content, engine)
    fresh = {p.name: p for p in found if p.kind == "intent"}
    assert len(fresh) == 2
    name, tent = next(entry for entry in fresh.items() if "tent" in entry[0])
    assert sorted(texts(tent)) == sorted(TENTS)
    assert tent.title == name.replace("_", " ").capitalize()
    assert (tent.count, tent.handed_over, tent.intent) == (5, 5, None)
    rest = [p for p in found if p.kind == "label"]
    assert sorted(text for p in rest for text in texts(p)) == sorted(m.text for m in odd)
    assert {p.intent for p in rest} == {OUT_OF_SCOPE}


def test_one_dense_place_alone_is_found_too(content: Content) -> None:
    messages = [said(text, at) for at, text in enumerate(TENTS)]
    (found,) = propose(messages, content, engine_of(content))
    assert (found.kind, found.count) == ("intent", 5)


def test_a_cluster_near_an_example_is_that_intent_even_if_the_release_has_not_learned_it(
    content: Content,
) -> None:
    fresh = Intent("tent_wash", "tents", "Wash it")
    taught = Content(
        settings=content.settings,
        intents=(*content.intents, fresh),
        templates=content.templates,
        examples=(*content.examples, Example("exa_g", TENTS[0], "tent_wash")),
    )
    messages = [said(text, at) for at, text in enumerate(TENTS)]
    assert max(vector_of(TENTS[0]) @ vector_of(text) for text in TENTS[1:]) > 0.8
    (found,) = propose(messages, taught, engine_of(taught))
    assert (found.kind, found.intent, found.count) == ("label", "tent_wash", 5)


def test_intents_without_a_template_want_an_answer(content: Content) -> None:
    bare = Content(
        settings=content.settings,
        intents=content.intents,
        templates=tuple(t for t in content.templates if t.intent != "return_policy"),
        examples=content.examples,
    )
    engine = engine_of(bare, {"I want to return it": 0.95})
    messages = [
        said("I want to return it", handed_over=True),
        said("as the operator said", intent="return_policy"),
        said("hello", intent="greeting"),
    ]
    (found,) = propose(messages, bare, engine)
    assert (found.kind, found.intent, found.count) == ("answer", "return_policy", 2)
    assert found.value == 3.0
    passed = Proposal("answer", "review", found.texts, 2, 3.0, intent="return_policy")
    assert propose(messages, bare, engine, [passed]) == []
    assert propose(messages, content, engine) == []


def test_nothing_was_said(content: Content) -> None:
    assert propose([], content, engine_of(content)) == []


# --- the command ---------------------------------------------------------------------------------


def test_the_command_renews_what_is_open_and_keeps_what_was_decided(
    config: Config, store: Store, engines: FakeEngines, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = store.add_operator("ana@desk.example", "Ana", "operator", "hash")
    desk = Desk(store, engines, Metrics())
    for number, text in enumerate((*TENTS, "hello", "qwertz", "qwertz")):
        conversation, _ = store.create_conversation()
        desk.receive(conversation, str(number), text)
    history = Proposal("intent", "history", (ProposedText("x"),), 1, 1.0, name="x", title="X")
    store.add_proposals([history])
    monkeypatch.setattr(reviewing, "engine_with", lambda *_: engines.current())
    monkeypatch.setattr(reviewing.os, "nice", lambda _by: None)

    def run() -> dict[str, Any]:
        done = CliRunner().invoke(cli, ["--home", str(config.home), "review", "--json"])
        assert done.exit_code == 0, done.output
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    told = run()
    assert told == {
        "release": "rel_fake",
        "messages": 8,
        "covered": 7,
        "label": 1,
        "intent": 1,
        "answer": 0,
    }
    tent, qwertz, past = store.proposals()
    assert (tent.kind, texts(qwertz), past.source) == ("intent", ["qwertz"] * 2, "history")
    store.dismiss_proposal(qwertz.id, ana.id)
    store.add_proposals([replace(history, state="dismissed", value=1e6)] * 1000)
    again = run()
    assert (again["label"], again["intent"]) == (0, 1)
    assert [p.kind for p in store.proposals()] == ["intent", "intent"]
    assert store.proposals()[0].id != tent.id
    words = CliRunner().invoke(cli, ["--home", str(config.home), "review", "--days", "1"])
    assert "0 groups to label, 1 new intents" in words.stdout


def test_a_home_without_a_desk_or_a_release_says_so(tmp_path: Path, config: Config) -> None:
    done = CliRunner().invoke(cli, ["--home", str(tmp_path / "none"), "review"])
    assert "There is no desk" in str(done.exception)
