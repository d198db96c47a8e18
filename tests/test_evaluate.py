"""Evaluation counts what it says it counts."""

import json
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
    found = {name: scope[name] for name in ("rows", "recall", "known_kept", "auroc")}
    assert found == {"rows": 2, "recall": 0.5, "known_kept": 0.75, "auroc": (3 + 4) / 8}
    assert sum(scope["histograms"]["in_scope"]["known"]) == 4
    assert sum(scope["histograms"]["log_odds"]["outside"]) == 2


def test_mistakes_and_wrong_answers_are_told_with_their_messages() -> None:
    metrics = measure(ROWS)
    assert metrics["intent"]["mistakes"] == {
        "count": 1,
        "shown": [{"text": "a 0.8 0.9", "truth": "b", "read_as": "a", "confidence": 0.8}],
    }
    assert metrics["intent"]["matrix"] == {
        "labels": ["a", "b"],
        "counts": [[1, 0], [1, 2]],
        "left_out": 0,
    }
    wrong = metrics["promise"]["wrong"]
    assert (wrong["count"], wrong["outside"]) == (2, 1)
    assert [line["text"] for line in wrong["shown"]] == ["a 0.8 0.9", "a 0.9 0.8"]


def test_intervals_hold_their_figures() -> None:
    metrics = measure(ROWS)
    for part in ("intent", "sentiment", "out_of_scope", "promise"):
        for name, value in metrics[part].items():
            if name.endswith("_interval") and value is not None:
                figure = metrics[part][name.removesuffix("_interval")]
                assert 0 <= value[0] <= figure <= value[1] <= 1, name


def test_curve_ends_with_everything_answered_and_ties_stand_together() -> None:
    curve = measure([*ROWS, *ROWS])["promise"]["curve"]
    assert curve[0]["answered"] == round(2 / 12, 4)
    assert curve[-1]["answered"] == 1
    assert curve[-1]["precision"] == 0.5


def test_details_are_bounded_and_metrics_are_json() -> None:
    rows = [Row(f"a {n % 97 / 100} 0.9", f"label {n % 150}", "negative") for n in range(20_000)]
    metrics = measure(rows)
    assert metrics["intent"]["mistakes"]["count"] == 20_000
    assert json.loads(json.dumps(metrics)) == metrics
    assert len(json.dumps(metrics)) < 300_000


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
