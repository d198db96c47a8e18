"""Splits are deterministic, by group, in every intent, and move little when rows are added."""

import random
from collections import Counter

from finetune.rows import Row
from finetune.split import group_rows, set_aside, split


def make(intents: int = 5, each: int = 40) -> list[Row]:
    words = [f"{a}{b}{c}" for a in "bdfgkl" for b in "aeiou" for c in "mnprst"]
    chooser = random.Random(1)
    return [
        Row(" ".join(chooser.sample(words, 5)), f"intent{number}")
        for number in range(intents)
        for _ in range(each)
    ]


def test_shares_hold_in_every_intent() -> None:
    counts = Counter((row.intent, row.split) for row in split(make()))
    assert {counts[f"intent{n}", "valid"] for n in range(5)} == {8}
    assert {counts[f"intent{n}", "test"] for n in range(5)} == {4}


def test_small_intents_have_some_in_each_split_and_tiny_ones_only_train() -> None:
    rows = [*make(1, 4), *(Row(text, "tiny") for text in ("pure water", "nice bread", "cold milk"))]
    placed = split(rows)
    assert {row.split for row in placed if row.intent == "intent0"} == {"train", "valid", "test"}
    assert {row.split for row in placed if row.intent == "tiny"} == {"train"}


def test_like_texts_stay_together() -> None:
    texts = [
        "where is my order now please",
        "now where is my order, please?",
        "Where is my ordr now please",
    ]
    rows = [*make(1, 30), *(Row(text, "intent0") for text in texts), Row(texts[0] + "s", "intent1")]
    groups = [group for group in group_rows(rows) if len(group) > 1]
    assert groups == [[30, 31, 32]]
    assert len({row.split for row in split(rows)[30:33]}) == 1


def test_order_of_rows_does_not_matter() -> None:
    rows = make()
    mixed = rows.copy()
    random.Random(2).shuffle(mixed)
    by_text = {row.text: row.split for row in split(mixed)}
    assert by_text == {row.text: row.split for row in split(rows)}


def test_added_rows_move_few_others() -> None:
    rows = make(5, 44)
    before = {row.text: row.split for row in split([r for i, r in enumerate(rows) if i % 11])}
    after = {row.text: row.split for row in split(rows)}
    moved = sum(after[text] != place for text, place in before.items())
    assert moved <= 0.06 * len(before)


def test_given_splits_are_kept_and_the_rest_trains() -> None:
    rows = [Row("aaa", "x", split="test"), Row("bbb", "x", split="valid"), Row("ccc", "x")]
    assert [row.split for row in split(rows)] == ["test", "valid", "train"]


def test_rows_that_only_train_leave_the_others_their_shares() -> None:
    rows = make()
    only = [Row(f"{row.text} indeed sir", row.intent, split="train") for row in make(5, 10)]
    placed = split([*rows, *only])
    assert {row.split for row in placed if row.text.endswith("sir")} == {"train"}
    counts = Counter((row.intent, row.split) for row in placed)
    assert {counts[f"intent{n}", "test"] for n in range(5)} == {4}
    assert all(counts[f"intent{n}", "valid"] >= 6 for n in range(5))


def test_valid_is_carved_from_train_when_missing() -> None:
    rows = [Row(row.text, row.intent, split="train") for row in make()]
    rows += [
        Row(f"test {n} {row.text}", row.intent, split="test") for n, row in enumerate(make(5, 5))
    ]
    counts = Counter(row.split for row in split(rows))
    assert counts["test"] == 25
    assert counts["valid"] == 45


def test_the_parts_set_aside_are_disjoint_and_cover_every_intent() -> None:
    rows = make(5, 7)
    first, second = set_aside(rows)
    assert sorted(r.text for r in [*first, *second]) == sorted(r.text for r in rows)
    assert len(first) == 14
    assert {row.intent for row in first} == {row.intent for row in second}


def test_no_rows_no_splits() -> None:
    assert split([]) == []
    assert set_aside([]) == ([], [])


def test_support_rows_always_train_and_are_no_given_split() -> None:
    rows = [*make(1, 20), *(Row(f"title {n} of it", "intent0", support=True) for n in range(20))]
    placed = split(rows)
    assert {row.split for row in placed if row.support} == {"train"}
    assert {row.split for row in placed if not row.support} == {"train", "valid", "test"}
