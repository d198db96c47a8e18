"""Readings and metrics as a release would make them, without a model."""

from pathlib import Path
from typing import Any

import numpy as np

from finetune.clean import CleanReport
from finetune.details import count_labels
from finetune.evaluate import judge_readings
from finetune.rows import Row, Span
from index.calibration import Calibration
from index.records import SENTIMENTS, Entity, Reading, Scored, Thresholds
from index.release import Labels, Manifest, Release

THRESHOLDS = Thresholds(0.9, 0.1, answer=0.5, clarify=0.2, in_scope=0.4)
EVIL = "<script>alert('x')</script> & \"quoted\" </style> {{ 7*7 }} \x00\x1b\ud800"


def make_reading(
    text: str, intent: str, confidence: float = 0.9, in_scope: float = 0.9, mood: str = "neutral"
) -> Reading:
    """A reading whose first intent and sentiment are these."""
    return Reading(
        text=text,
        vector=np.zeros(2, np.float32),
        intents=(Scored(intent, confidence), Scored("other", 1 - confidence)),
        sentiments=(Scored(mood, 0.8),),
        in_scope=in_scope,
        entities=(Entity(0, 1, "word", text[:1], text[:1]),),
        release="rel_x",
    )


def make_rows() -> tuple[list[Row], list[Reading]]:
    """Sixty rows of three intents, some misread, some out of scope, one with an evil message."""
    rows, readings = [], []
    names = ("cancel_order", "greeting", "track_order")
    for number in range(60):
        intent = names[number % 3]
        guess = names[(number + 1) % 3] if number % 10 == 3 else intent
        mood = SENTIMENTS[number % 3] if number % 4 else None
        text = EVIL if number == 3 else f"message {number}"
        rows.append(Row(text, intent, mood, (Span(0, 1, "word"),) if number % 2 else ()))
        sure = 0.95 if number == 3 else 0.4 + number / 120
        readings.append(make_reading(text, guess, sure, 0.9 - number / 100))
    for number in range(10):
        rows.append(Row(f"outside {number}", "out_of_scope"))
        readings.append(make_reading(f"outside {number}", "greeting", 0.6, number / 20))
    return rows, readings


def make_metrics(**more: Any) -> dict[str, Any]:
    """Metrics of `make_rows` as a training writes them."""
    rows, readings = make_rows()
    labels = Labels(("cancel_order", "greeting", "track_order"), SENTIMENTS, ("word",))
    return {
        "measured_on": "test",
        **judge_readings(rows, readings, labels, THRESHOLDS),
        "splits": {"train": 700, "valid": 200, "test": 70},
        "cleaning": CleanReport(
            read=3, kept=1, duplicates=[Row("twice <b>", "greeting", place="f:1")]
        ).to_json(),
        "labels": count_labels({"train": rows, "valid": rows[:20], "test": rows}),
        "epochs": [{"number": n, "loss": 1 / n, "score": 1 - 1 / (n + 3)} for n in (1, 2, 3)],
        **more,
    }


def make_release(metrics: dict[str, Any], folder: Path = Path("/nowhere")) -> Release:
    """A release of which only the pages matter."""
    manifest = Manifest(
        "rel_20260101T000000Z_abcdef01", "2026-01-01T00:00:00+00:00", "tiny/encoder", "d" * 64, {}
    )
    labels = Labels(("cancel_order", "greeting", "track_order"), SENTIMENTS, ("word",))
    return Release(folder, manifest, labels, Calibration(THRESHOLDS), metrics)
