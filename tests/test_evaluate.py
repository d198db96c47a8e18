"""Evaluation counts what it says it counts."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from finetune.evaluate import evaluate, per_class
from finetune.report import describe, describe_cleaning
from finetune.rows import Row, Span
from index.records import Entity, Reading, Scored, Thresholds
from index.release import Labels

THRESHOLDS = Thresholds(0.9, 0.1, answer=0.5, clarify=0.2, in_scope=0.4)


class FakeReader:
    """Reads "label confidence in_scope" as just that."""

    labels = Labels(("a", "b"), ("negative", "neutral", "positive"), ("word",))
    thresholds = THRESHOLDS

    def read(self, texts: Sequence[str]) -> list[Reading]:
        return [self.read_one(text) for text in texts]

    def read_one(self, text: str) -> Reading:
        label, confidence, in_scope = text.split()
        other = "b" if label == "a" else "a"
        intents = (Scored(label, float(confidence)), Scored(other, 1 - float(confidence)))
        moods = (Scored("neutral", 1.0),)
        entities = (Entity(0, 1, "word", text[0], text[0]),)
        vector = np.zeros(2, np.float32)
        return Reading(text, vector, intents, moods, float(in_scope), entities, "rel_x")


def measure(rows: list[Row]) -> dict[str, Any]:
    return evaluate(FakeReader(), rows)  # type: ignore[arg-type]


ROWS = [
    Row("a 0.9 0.9", "a", "neutral", (Span(0, 1, "word"),)),
    Row("a 0.8 0.9", "b", "negative", ()),
    Row("b 0.7 0.9", "b"),
    Row("b 0.6 0.3", "b"),
    Row("a 0.9 0.8", "out_of_scope"),
    Row("a 0.6 0.1", "out_of_scope"),
]


def test_intents_are_judged_without_outliers() -> None:
    intent = measure(ROWS)["intent"]
    assert (intent["rows"], intent["accuracy"], intent["top3"]) == (4, 0.75, 1.0)
    assert intent["confused"] == [{"intent": "b", "read_as": "a", "count": 1}]
    assert intent["classes"]["a"] == {"precision": 0.5, "recall": 1.0, "f1": 2 / 3, "support": 1}


def test_promise_counts_answered_outliers_as_wrong() -> None:
    promise = measure(ROWS)["promise"]
    assert promise["answered"] == 4 / 6
    assert promise["answered_in_scope"] == 3 / 4
    assert promise["precision"] == 2 / 4


def test_out_of_scope_is_judged_by_in_scope() -> None:
    scope = measure(ROWS)["out_of_scope"]
    assert scope == {"rows": 2, "recall": 0.5, "known_kept": 0.75, "auroc": (3 + 4) / 8}


def test_sentiment_and_entities() -> None:
    metrics = measure(ROWS)
    assert metrics["sentiment"]["accuracy"] == 0.5
    assert metrics["sentiment"]["macro_f1"] == pytest.approx((2 / 3 + 0) / 2)
    assert metrics["entities"]["precision"] == 0.5
    assert metrics["entities"]["recall"] == 1.0


def test_rows_without_labels_leave_parts_out() -> None:
    assert measure([Row("a 1 1")]) == {"rows": 1}
    assert "intent" not in measure([Row("a 1 1", "out_of_scope")])


def test_per_class_of_a_label_never_guessed() -> None:
    assert per_class(["a"], ["b"])["a"] == {
        "precision": 0.0,
        "recall": 0.0,
        "f1": 0.0,
        "support": 1,
    }


def test_description_says_where_and_what() -> None:
    text = describe({"measured_on": "test", **measure(ROWS)})
    assert text.startswith("Measured on 6 test rows:")
    assert "75.0 %" in text
    assert "1 x b read as a" in text
    cleaning = {"read": 5, "kept": 3, "duplicates": 2, "conflicts": 0, "empty": 0, "too_long": 0}
    assert describe_cleaning(cleaning) == "3 of 5 rows kept (dropped: 2 duplicates)"
