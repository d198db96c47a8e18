"""Cleaning drops what cannot teach, joins what completes each other, and reports it all."""

from dataclasses import replace

from finetune.clean import MAX_CHARACTERS, clean
from finetune.rows import Row


def test_empty_and_too_long_are_dropped() -> None:
    rows = [
        Row("  \n", "a", place="1"),
        Row("x" * (MAX_CHARACTERS + 1), "a", place="2"),
        Row("ok", "a"),
    ]
    kept, report = clean(rows)
    assert [row.text for row in kept] == ["ok"]
    assert (report.read, report.kept) == (3, 1)
    assert [row.place for row in [*report.empty, *report.too_long]] == ["1", "2"]


def test_same_text_in_other_form_is_a_duplicate() -> None:
    kept, report = clean(
        [Row("Where is  it?", "a"), Row("where is it?", "a"), Row("ｗhere is it?", "a")]
    )
    assert [row.text for row in kept] == ["Where is  it?"]
    assert len(report.duplicates) == 2


def test_contradicting_labels_drop_all_of_them() -> None:
    rows = [
        Row("hi", "a"),
        Row("Hi", "b"),
        Row("ok", sentiment="neutral"),
        Row("OK", sentiment="positive"),
    ]
    kept, report = clean(rows)
    assert kept == []
    assert [len(group) for group in report.conflicts] == [2, 2]
    assert report.to_json()["conflicts"] == 4


def test_labels_that_complete_each_other_are_joined() -> None:
    kept, _ = clean([Row("hi", "a"), Row("hi", sentiment="neutral"), Row("hi", entities=())])
    assert kept == [Row("hi", "a", "neutral", ())]


def test_duplicate_across_splits_stays_in_test() -> None:
    kept, _ = clean([Row("hi", "a", split="train"), Row("Hi", "a", split="test")])
    assert [row.split for row in kept] == ["test"]


def test_report_names_the_rows() -> None:
    _, report = clean([Row("hi", "a", place="f:1"), Row("hi", "a", place="f:2")])
    assert report.to_json()["rows"]["duplicates"] == [{"place": "f:2", "text": "hi", "intent": "a"}]


def test_a_label_that_follows_from_a_reply_yields_and_takes_nothing_along() -> None:
    said, implied = Row("Where is it?", "track"), Row("where is it?", "refund", weight=0.5)
    kept, report = clean([implied, said])
    assert [(row.intent, row.weight, len(report.conflicts)) for row in kept] == [("track", 1.0, 0)]
    doubted = replace(implied, weight=0.75)  # somebody said it, and a customer's thumb is down
    assert clean([doubted, said])[0] == []
    assert clean([implied, replace(implied, intent="track")])[0] == []
    (joined,) = clean([implied, replace(implied, intent=None, sentiment="negative", weight=1.25)])[
        0
    ]
    assert (joined.intent, joined.sentiment, joined.weight) == (None, "negative", 1.25)


def test_a_weak_label_grows_no_stronger_beside_a_sure_one_of_another_kind() -> None:
    weak = Row("it crashed", "bug", weight=0.5)
    kept, _ = clean([weak, Row("it crashed", sentiment="negative")])
    assert [(r.intent, r.sentiment, r.weight) for r in kept] == [(None, "negative", 1.0)]
    kept, _ = clean([weak, Row("It crashed", "bug", weight=0.625)])
    assert [(r.intent, r.weight) for r in kept] == [("bug", 0.625)]
