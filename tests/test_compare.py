"""Two releases on the same rows: what got better, what got worse, and which rows are fair."""

from dataclasses import replace

import pytest

from finetune.compare import (
    CHANGES,
    compare_figures,
    compare_readings,
)
from finetune.rows import Row
from finetune.statistics import sign_test
from made_readings import make_reading

ROWS = [
    Row("one", "a", "neutral"),
    Row("two", "a", "negative"),
    Row("three", "b"),
    Row("four", "out_of_scope"),
    Row("five"),
]


def test_rows_that_changed_are_told_apart() -> None:
    before = [make_reading(row.text, "a") for row in ROWS]
    after = [make_reading(row.text, "b", 0.6, mood="negative") for row in ROWS]
    found = compare_readings(ROWS, before, after)
    assert found["intent"]["mended"]["count"] == 1
    assert found["intent"]["mended"]["shown"] == [
        {
            "text": "three",
            "truth": "b",
            "before": "a",
            "after": "b",
            "confidence_before": 0.9,
            "confidence_after": 0.6,
        }
    ]
    assert [row["text"] for row in found["intent"]["broken"]["shown"]] == ["one", "two"]
    assert found["intent"]["chance"] == 1.0
    assert [row["text"] for row in found["sentiment"]["mended"]["shown"]] == ["two"]
    assert [row["text"] for row in found["sentiment"]["broken"]["shown"]] == ["one"]


def test_heads_that_one_release_lacks_are_left_out() -> None:
    before = [replace(make_reading(row.text, "a"), intents=(), sentiments=()) for row in ROWS]
    after = [make_reading(row.text, "a") for row in ROWS]
    found = compare_readings(ROWS, before, after)
    assert all(found[head][way]["count"] == 0 for head in found for way in ("mended", "broken"))


def test_lists_end_but_counts_do_not() -> None:
    rows = [Row(f"row {number}", "a") for number in range(CHANGES + 40)]
    wrong = [make_reading(row.text, "b") for row in rows]
    right = [make_reading(row.text, "a") for row in rows]
    mended = compare_readings(rows, wrong, right)["intent"]["mended"]
    assert (mended["count"], len(mended["shown"])) == (CHANGES + 40, CHANGES)


def test_a_figure_is_better_in_its_own_direction() -> None:
    before = {"intent": {"accuracy": 0.8, "calibration_error": 0.1}, "promise": {"precision": None}}
    after = {"intent": {"accuracy": 0.9, "calibration_error": 0.2}, "promise": {"precision": 1.0}}
    lines = {line["figure"]: line for line in compare_figures(before, after)}
    assert lines["Intent accuracy"]["difference"] == pytest.approx(0.1)
    assert lines["Intent accuracy"]["better"] is True
    assert lines["Intent calibration error"]["better"] is False
    assert set(lines) == {"Intent accuracy", "Intent calibration error"}
    assert compare_figures(after, after)[0]["better"] is None


def test_sign_test_is_that_of_a_fair_coin() -> None:
    assert sign_test(0, 0) == sign_test(3, 3) == 1.0
    assert sign_test(5, 0) == sign_test(0, 5) == pytest.approx(2 / 32)
