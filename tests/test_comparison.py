"""Which replies change: kinds, groups, counts, and what people are shown of them."""

from dataclasses import replace
from typing import Any

import pytest

from service.comparison import EXAMPLES, KINDS, Comparison, kind_of
from service.comparison_page import GROUPS, as_page, as_text
from service.records.past import PastMessage, Said

TRACK = Said("answer", "certain", "track", "track", "Here it is.", (), "track", 0.9, "rel_a")
REFUND = replace(TRACK, intent="refund", template="refund", reply="Money back.", read="refund")
HANDOFF = Said("handoff", "low_confidence", None, None, "A colleague.", (), "track", 0.3, "rel_a")
CLARIFY = Said("clarify", "unclear", None, None, "Did you mean:", ("A", "B"), "track", 0.5, "rel_a")
ASK = Said("ask", "slot_missing", "track", None, "Which order?", (), "track", 0.9, "rel_a")
BARE = Said("answer", "certain", "track", None, "", (), "track", 0.9, "rel_a")

TABLE: dict[str, tuple[Said, Said, str | None]] = {
    "nothing": (TRACK, TRACK, None),
    "another confidence": (TRACK, replace(TRACK, confidence=0.8, release="rel_b"), None),
    "the same words after another reading": (HANDOFF, replace(HANDOFF, intent="track"), None),
    "another intent": (TRACK, REFUND, "other_intent"),
    "another intent without content": (BARE, replace(BARE, intent="refund"), "other_intent"),
    "a variant for a mood": (
        TRACK,
        replace(TRACK, template="sad", reply="Sorry!"),
        "other_template",
    ),
    "another slot value": (TRACK, replace(TRACK, reply="Here is 2."), "other_words"),
    "answer lost": (TRACK, HANDOFF, "answer_lost"),
    "answer lost to a question": (TRACK, ASK, "answer_lost"),
    "answer gained": (CLARIFY, TRACK, "answer_gained"),
    "asks back instead": (HANDOFF, CLARIFY, "other_action"),
    "other choices": (CLARIFY, replace(CLARIFY, suggestions=("A", "C")), "other_words"),
    "the same choices in another order": (
        CLARIFY,
        replace(CLARIFY, suggestions=("B", "A")),
        "other_words",
    ),
    "asks for another fact": (ASK, replace(ASK, reply="Which postcode?"), "other_words"),
}


@pytest.mark.parametrize(("before", "after", "kind"), TABLE.values(), ids=TABLE)
def test_kind_of_a_change(before: Said, after: Said, kind: str | None) -> None:
    assert kind_of(before, after) == kind
    assert kind is None or kind in KINDS


def message(number: int, text: str = "", **fields: Any) -> PastMessage:
    return PastMessage(f"m{number}", f"m{number}", text or f"text {number}", **fields)


def compared(pairs: list[tuple[Said, Said]]) -> Comparison:
    comparison = Comparison()
    for number, (before, after) in enumerate(pairs):
        comparison.add("c", message(number), before, after)
    return comparison


def test_report_counts_both_sides() -> None:
    pairs = [(TRACK, TRACK)] * 4 + [(TRACK, HANDOFF), (CLARIFY, TRACK), (ASK, REFUND)]
    pairs += [(TRACK, replace(TRACK, confidence=0.5)), (HANDOFF, replace(HANDOFF, intent="track"))]
    pairs += [(TRACK, replace(TRACK, confidence=0.9001))]
    comparison = compared(pairs)
    comparison.add("c", message(99, with_person=True), TRACK, HANDOFF)
    report = comparison.report()
    assert (report["messages"], report["with_person"], report["changed"]) == (10, 1, 3)
    assert report["before"]["actions"] == {"answer": 7, "clarify": 1, "ask": 1, "handoff": 1}
    assert report["after"]["answered_share"] == 0.8
    assert report["after"]["handoff_share"] == 0.2
    assert report["same_reply"] == {"count": 7, "other_intent": 1, "other_confidence": 1}
    assert report["changed_share"] == 0.3
    assert {kind: n for kind, n in report["kinds"].items() if n} == {
        "answer_lost": 1,
        "answer_gained": 2,
    }


def test_groups_come_by_what_matters_then_by_size() -> None:
    pairs = (
        [(CLARIFY, TRACK)] * 5 + [(TRACK, REFUND)] + [(TRACK, HANDOFF)] * 2 + [(REFUND, TRACK)] * 3
    )
    groups = compared(pairs).report()["groups"]
    assert [(g["kind"], g["count"], g["from"]["intent"]) for g in groups] == [
        ("other_intent", 3, "refund"),
        ("other_intent", 1, "track"),
        ("answer_lost", 2, "track"),
        ("answer_gained", 5, None),
    ]
    assert groups[0]["to"] == {"action": "answer", "intent": "track", "template": "track"}
    assert groups[2]["messages"] == ["m6", "m7"]
    assert groups[2]["share"] == round(2 / 11, 4)


def test_examples_are_few_and_differ_and_every_message_is_listed() -> None:
    comparison = Comparison()
    for number in range(40):
        comparison.add("c", message(number, f"text {number // 10}"), TRACK, HANDOFF)
    (group,) = comparison.report()["groups"]
    assert [example["text"] for example in group["examples"]] == [f"text {n}" for n in range(4)]
    assert len(group["messages"]) == 40
    for number in range(40, 80):
        comparison.add("c", message(number), TRACK, HANDOFF)
    assert len(comparison.report()["groups"][0]["examples"]) == EXAMPLES
    first = group["examples"][0]
    assert (first["before"]["reply"], first["after"]["reply"]) == ("Here it is.", "A colleague.")
    assert (first["before"]["confidence"], first["after"]["confidence"]) == (0.9, 0.3)


def test_nothing_compared_is_no_division_by_zero() -> None:
    report = Comparison().report()
    assert (report["changed_share"], report["groups"]) == (0.0, [])
    assert "0 messages" in as_text(report)


def test_text_tells_the_worst_first_and_how_much_is_left_out() -> None:
    pairs = [(CLARIFY, TRACK), (TRACK, REFUND)]
    pairs += [(replace(TRACK, intent=f"i{n}"), HANDOFF) for n in range(GROUPS)]
    text = as_text(compared(pairs).report())
    assert text.index(KINDS["other_intent"]) < text.index(KINDS["answer_lost"])
    assert "answer track → answer refund" in text
    assert "“text 1”" in text
    assert "… and 2 more groups" in text


def test_page_escapes_what_customers_wrote() -> None:
    comparison = Comparison()
    comparison.add("c", message(1, "<script>x</script>"), TRACK, replace(HANDOFF, confidence=None))
    names = {"before_release": "rel_a", "after_release": "rel_b", "since": "2026-11-01"}
    page = as_page({**comparison.report(), **names})
    assert "&lt;script&gt;x" in page
    assert "<script" not in page
    assert "A colleague." in page
    assert "No longer answered: 1" in page
