"""Evaluation of readings against labelled rows: numbers for the release, tables for people.

Called after training on the test rows, and by `frontdesk evaluate`. It judges what `Reader.read`
returns, so figures are those of the very thing that serves customers.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from finetune import details
from finetune.rows import Row
from finetune.statistics import (
    auroc,
    auroc_interval,
    calibration_error,
    calibration_error_by_chance,
    macro_f1_interval,
    wilson,
)
from index.reader import Reader
from index.records import OUT_OF_SCOPE, SENTIMENTS, Reading, Thresholds
from index.release import Labels

Metrics = dict[str, Any]
Pairs = Sequence[tuple[Row, Reading]]
CHUNK = 256


def evaluate(
    reader: Reader, rows: Sequence[Row], progress: Callable[[int], object] | None = None
) -> Metrics:
    """What a release makes of labelled rows; parts without labelled rows are left out.

    Shares and scores are 0 to 1, an ``…_interval`` beside one holds it at 95 %. Rows whose intent
    the release does not know count as wrong, since a customer would get a wrong answer.
    ``progress(n)`` is called after every ``n`` rows.
    """
    return judge_readings(rows, read(reader, rows, progress), reader.labels, reader.thresholds)


def read(
    reader: Reader, rows: Sequence[Row], progress: Callable[[int], object] | None = None
) -> list[Reading]:
    """A reading of every row, in order."""
    readings: list[Reading] = []
    for start in range(0, len(rows), CHUNK):
        chunk = rows[start : start + CHUNK]
        readings += reader.read([row.text for row in chunk])
        if progress:
            progress(len(chunk))
    return readings


def judge_readings(
    rows: Sequence[Row], readings: Sequence[Reading], labels: Labels, thresholds: Thresholds
) -> Metrics:
    """The metrics of readings that a release with these labels and thresholds made of rows."""
    pairs = list(zip(rows, readings, strict=True))
    metrics: Metrics = {"rows": len(rows)}
    known = [(row, seen) for row, seen in pairs if row.intent and row.intent != OUT_OF_SCOPE]
    outside = [(row, seen) for row, seen in pairs if row.intent == OUT_OF_SCOPE]
    felt = [(row, seen) for row, seen in pairs if row.sentiment]
    if labels.intents and known:
        metrics["intent"] = _judge_intents(known)
    if labels.intents and outside:
        metrics["out_of_scope"] = _judge_scope(known, outside, thresholds)
    if labels.intents and (known or outside):
        metrics["promise"] = _judge_promise(known + outside, thresholds)
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


def _judge_intents(known: Pairs) -> Metrics:
    truth = [row.intent or "" for row, _ in known]
    guess = [seen.intents[0].label for _, seen in known]
    confidence = np.array([seen.intents[0].confidence for _, seen in known])
    near = [
        t in {s.label for s in seen.intents[:3]} for t, (_, seen) in zip(truth, known, strict=True)
    ]
    confused = Counter((t, g) for t, g in zip(truth, guess, strict=True) if t != g)
    return {
        **_judge_labels(known, truth, guess, confidence),
        "top3": float(np.mean(near)),
        "top3_interval": list(wilson(sum(near), len(near))),
        "confused": [
            {"intent": t, "read_as": g, "count": count}
            for (t, g), count in confused.most_common(20)
        ],
        "matrix": details.confused_matrix(truth, guess),
    }


def _judge_labels(
    pairs: Pairs, truth: Sequence[str], guess: Sequence[str], confidence: Any
) -> Metrics:
    """What is measured of intents and sentiments alike."""
    right = np.array([t == g for t, g in zip(truth, guess, strict=True)])
    table = per_class(truth, guess)
    return {
        "rows": len(pairs),
        "accuracy": float(right.mean()),
        "accuracy_interval": list(wilson(int(right.sum()), len(right))),
        "macro_f1": _mean_f1(table),
        "macro_f1_interval": _f1_interval(truth, guess),
        "calibration_error": calibration_error(confidence, right),
        "calibration_error_by_chance": calibration_error_by_chance(confidence),
        "classes": table,
        "reliability": details.reliability(confidence, right),
        "mistakes": details.mistakes(pairs, truth, guess, confidence, details.MISTAKES),
    }


def _judge_scope(known: Pairs, outside: Pairs, thresholds: Thresholds) -> Metrics:
    inner = np.array([seen.in_scope for _, seen in known])
    outer = np.array([seen.in_scope for _, seen in outside])
    noticed = outer < thresholds.in_scope
    metrics: Metrics = {
        "rows": len(outside),
        "recall": float(noticed.mean()),
        "recall_interval": list(wilson(int(noticed.sum()), len(noticed))),
        "threshold": thresholds.in_scope,
        "histograms": details.scope_histograms(inner, outer),
    }
    if known:
        kept = inner >= thresholds.in_scope
        metrics["auroc"] = auroc(inner, outer)
        metrics["auroc_interval"] = list(auroc_interval(metrics["auroc"], len(inner), len(outer)))
        metrics["known_kept"] = float(kept.mean())
        metrics["known_kept_interval"] = list(wilson(int(kept.sum()), len(kept)))
    return metrics


def _judge_promise(pairs: Pairs, thresholds: Thresholds) -> Metrics:
    """The share answered at the answer threshold and how many of those are right."""
    answered = [(r, s) for r, s in pairs if thresholds.allow(s)]
    right = np.array([row.intent == seen.intents[0].label for row, seen in pairs])
    hits = sum(row.intent == seen.intents[0].label for row, seen in answered)
    inside = [row for row, _ in pairs if row.intent != OUT_OF_SCOPE]
    answered_inside = sum(row.intent != OUT_OF_SCOPE for row, _ in answered)
    return {
        "promise": thresholds.promise,
        "risk": thresholds.risk,
        "threshold": thresholds.answer,
        "rows": len(pairs),
        "answered": len(answered) / len(pairs),
        "answered_interval": list(wilson(len(answered), len(pairs))),
        "answered_rows": len(answered),
        "answered_in_scope": answered_inside / len(inside) if inside else None,
        "precision": hits / len(answered) if answered else None,
        "precision_interval": list(wilson(hits, len(answered))) if answered else None,
        "wrong": details.wrong_answers(pairs, thresholds),
        "curve": details.coverage_curve(np.array([seen.certainty for _, seen in pairs]), right),
    }


def _judge_sentiments(felt: Pairs) -> Metrics:
    truth = [row.sentiment or "" for row, _ in felt]
    guess = [seen.sentiments[0].label for _, seen in felt]
    confidence = np.array([seen.sentiments[0].confidence for _, seen in felt])
    return {
        **_judge_labels(felt, truth, guess, confidence),
        "matrix": details.matrix(truth, guess, SENTIMENTS),
    }


def _judge_entities(annotated: Pairs) -> Metrics:
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
                "precision": _ratio(right[label], found[label]),
                "recall": _ratio(right[label], wanted[label]),
                "f1": _ratio(2 * right[label], wanted[label] + found[label]),
                "support": wanted[label],
            }
            for label in sorted(wanted)
        },
    }


def _mean_f1(table: Mapping[str, Mapping[str, float]]) -> float:
    return float(np.mean([line["f1"] for line in table.values()])) if table else math.nan


def _f1_interval(truth: Sequence[str], guess: Sequence[str]) -> list[float]:
    labels = {label: number for number, label in enumerate(sorted({*truth, *guess}))}
    counts = np.zeros((len(labels), len(labels)), np.int64)
    np.add.at(counts, ([labels[t] for t in truth], [labels[g] for g in guess]), 1)
    return list(macro_f1_interval(counts))


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
