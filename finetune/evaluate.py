"""Evaluation of readings against labelled rows: numbers for the release, tables for people.

Called after training on the test rows, and by `frontdesk evaluate`. It judges what `Reader.read`
returns, so figures are those of the very thing that serves customers.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from finetune.rows import Row
from finetune.statistics import auroc, calibration_error
from index.reader import Reader
from index.records import OUT_OF_SCOPE, Reading, Thresholds

Metrics = dict[str, Any]
CHUNK = 256


def evaluate(
    reader: Reader, rows: Sequence[Row], progress: Callable[[int], object] | None = None
) -> Metrics:
    """What a release makes of labelled rows; parts without labelled rows are left out.

    Shares and scores are 0 to 1. Rows whose intent the release does not know count as wrong, since
    a customer would get a wrong answer. ``progress(n)`` is called after every ``n`` rows.
    """
    readings: list[Reading] = []
    for start in range(0, len(rows), CHUNK):
        chunk = rows[start : start + CHUNK]
        readings += reader.read([row.text for row in chunk])
        if progress:
            progress(len(chunk))
    pairs = list(zip(rows, readings, strict=True))
    metrics: Metrics = {"rows": len(rows)}
    labels = reader.labels
    known = [(row, seen) for row, seen in pairs if row.intent and row.intent != OUT_OF_SCOPE]
    outside = [(row, seen) for row, seen in pairs if row.intent == OUT_OF_SCOPE]
    felt = [(row, seen) for row, seen in pairs if row.sentiment]
    if labels.intents and known:
        metrics["intent"] = _judge_intents(known)
    if labels.intents and outside:
        metrics["out_of_scope"] = _judge_scope(known, outside, reader.thresholds)
    if labels.intents and (known or outside):
        metrics["promise"] = _judge_promise(known + outside, reader.thresholds)
    if labels.sentiments and felt:
        metrics["sentiment"] = _judge_sentiments(felt)
    annotated = [(row, seen) for row, seen in pairs if row.entities is not None]
    if labels.entities and annotated:
        metrics["entities"] = _judge_entities(annotated)
    return metrics


def per_class(truth: Sequence[str], guess: Sequence[str]) -> dict[str, dict[str, float]]:
    """Precision, recall, F1 and support of every label that occurs in ``truth``."""
    right = Counter(t for t, g in zip(truth, guess, strict=True) if t == g)
    support, guessed = Counter(truth), Counter(guess)
    table = {}
    for label in sorted(support):
        table[label] = {
            "precision": right[label] / guessed[label] if guessed[label] else 0.0,
            "recall": right[label] / support[label],
            "f1": 2 * right[label] / (support[label] + guessed[label]),
            "support": support[label],
        }
    return table


def _judge_intents(known: Sequence[tuple[Row, Reading]]) -> Metrics:
    truth = [row.intent or "" for row, _ in known]
    guess = [seen.intents[0].label for _, seen in known]
    right = np.array([t == g for t, g in zip(truth, guess, strict=True)])
    confidence = np.array([seen.intents[0].confidence for _, seen in known])
    near = [
        t in {s.label for s in seen.intents[:3]} for t, (_, seen) in zip(truth, known, strict=True)
    ]
    table = per_class(truth, guess)
    confused = Counter((t, g) for t, g in zip(truth, guess, strict=True) if t != g)
    return {
        "rows": len(known),
        "accuracy": float(right.mean()),
        "top3": float(np.mean(near)),
        "macro_f1": _mean_f1(table),
        "calibration_error": calibration_error(confidence, right),
        "classes": table,
        "confused": [
            {"intent": t, "read_as": g, "count": count}
            for (t, g), count in confused.most_common(20)
        ],
    }


def _judge_scope(
    known: Sequence[tuple[Row, Reading]],
    outside: Sequence[tuple[Row, Reading]],
    thresholds: Thresholds,
) -> Metrics:
    inner = np.array([seen.in_scope for _, seen in known])
    outer = np.array([seen.in_scope for _, seen in outside])
    metrics: Metrics = {
        "rows": len(outside),
        "recall": float((outer < thresholds.in_scope).mean()),
    }
    if known:
        metrics["auroc"] = auroc(inner, outer)
        metrics["known_kept"] = float((inner >= thresholds.in_scope).mean())
    return metrics


def _judge_promise(pairs: Sequence[tuple[Row, Reading]], thresholds: Thresholds) -> Metrics:
    """The share answered at the answer threshold and how many of those are right."""
    answered = [(r, s) for r, s in pairs if thresholds.allow(s)]
    right = sum(row.intent == seen.intents[0].label for row, seen in answered)
    inside = [row for row, _ in pairs if row.intent != OUT_OF_SCOPE]
    answered_inside = sum(row.intent != OUT_OF_SCOPE for row, _ in answered)
    return {
        "promise": thresholds.promise,
        "threshold": thresholds.answer,
        "rows": len(pairs),
        "answered": len(answered) / len(pairs),
        "answered_in_scope": answered_inside / len(inside) if inside else None,
        "precision": right / len(answered) if answered else None,
    }


def _judge_sentiments(felt: Sequence[tuple[Row, Reading]]) -> Metrics:
    truth = [row.sentiment or "" for row, _ in felt]
    guess = [seen.sentiments[0].label for _, seen in felt]
    right = np.array([t == g for t, g in zip(truth, guess, strict=True)])
    confidence = np.array([seen.sentiments[0].confidence for _, seen in felt])
    table = per_class(truth, guess)
    return {
        "rows": len(felt),
        "accuracy": float(right.mean()),
        "macro_f1": _mean_f1(table),
        "calibration_error": calibration_error(confidence, right),
        "classes": table,
    }


def _judge_entities(annotated: Sequence[tuple[Row, Reading]]) -> Metrics:
    """Micro F1 of exact spans with their labels, as in CoNLL-2003."""
    wanted: Counter[str] = Counter()
    found: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for row, seen in annotated:
        spans = {(s.start, s.end, s.label) for s in row.entities or ()}
        guesses = {(e.start, e.end, e.label) for e in seen.entities}
        wanted.update(label for _, _, label in spans)
        found.update(label for _, _, label in guesses)
        right.update(label for _, _, label in spans & guesses)
    return {
        "rows": len(annotated),
        "f1": _ratio(2 * right.total(), wanted.total() + found.total()),
        "precision": _ratio(right.total(), found.total()),
        "recall": _ratio(right.total(), wanted.total()),
        "classes": {
            label: {
                "f1": _ratio(2 * right[label], wanted[label] + found[label]),
                "support": wanted[label],
            }
            for label in sorted(wanted)
        },
    }


def _mean_f1(table: Mapping[str, Mapping[str, float]]) -> float:
    return float(np.mean([line["f1"] for line in table.values()])) if table else math.nan


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
