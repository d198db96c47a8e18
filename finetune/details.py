"""What stands behind the figures of an evaluation, bounded in size: mistakes, matrices, curves.

Called by `finetune.evaluate`. Everything is plain JSON for `metrics.json`, from which the report
draws. However many rows there are, lists and texts end somewhere and say how much they left out.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from finetune.rows import Row
from finetune.statistics import Flags, Floats, calibration_bins, wilson
from index.records import OUT_OF_SCOPE, Reading, Thresholds

Pairs = Sequence[tuple[Row, Reading]]
Details = dict[str, Any]

TEXT = 280  # characters shown of a message
MISTAKES = 100
WRONG_ANSWERS = 50
MATRIX = 16  # labels in the matrix of the intents that are confused at all
POINTS = 120  # of the curve
LOWEST, HIGHEST, STEP = -8.0, 8.0, 0.5  # log-odds in the second histogram


def shorten(text: str, longest: int = TEXT) -> str:
    """The text's beginning, marked when that is not all."""
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def mistakes(
    pairs: Pairs, truth: Sequence[str], guess: Sequence[str], confidence: Floats, most: int
) -> Details:
    """How many rows were misread, and the ``most`` confident of them with their messages."""
    wrong = [n for n, (t, g) in enumerate(zip(truth, guess, strict=True)) if t != g]
    wrong.sort(key=lambda number: -float(confidence[number]))
    return {
        "count": len(wrong),
        "shown": [
            {
                "text": shorten(pairs[n][0].text),
                "truth": truth[n],
                "read_as": guess[n],
                "confidence": _short(confidence[n]),
            }
            for n in wrong[:most]
        ],
    }


def matrix(truth: Sequence[str], guess: Sequence[str], labels: Sequence[str]) -> Details:
    """``counts[t][g]``: how many rows of the label ``t`` were read as ``g``."""
    found = Counter(zip(truth, guess, strict=True))
    return {"labels": list(labels), "counts": [[found[t, g] for g in labels] for t in labels]}


def confused_matrix(truth: Sequence[str], guess: Sequence[str]) -> Details:
    """The matrix of the labels that are confused most; ``left_out`` counts the other confused ones.

    Pairs come in by their number of mistakes and, where that is equal, those first that need the
    fewest further labels.
    """
    pairs = Counter((t, g) for t, g in zip(truth, guess, strict=True) if t != g)
    open_pairs = sorted(pairs, key=lambda pair: (-pairs[pair], pair))[: 4 * MATRIX]
    chosen: set[str] = set()
    while open_pairs:
        best = min(open_pairs, key=lambda pair: (-pairs[pair], len({*pair} - chosen)))
        open_pairs.remove(best)
        if len(chosen | {*best}) <= MATRIX:
            chosen |= {*best}
    part = {label for pair in pairs for label in pair}
    return {**matrix(truth, guess, sorted(chosen)), "left_out": len(part) - len(chosen)}


def reliability(confidence: Floats, right: Flags) -> list[Details]:
    """Calibration bins, each with the 95 % interval of its share of right rows."""
    bins = []
    for found in calibration_bins(confidence, right):
        interval = wilson(round(found.right * found.rows), found.rows)
        bins.append({**asdict(found), "interval": list(interval)})
    return bins


def coverage_curve(certainty: Floats, right: Flags) -> list[Details]:
    """What share would be answered, and how much of it rightly, for thresholds from high to low."""
    order = np.argsort(-certainty, kind="stable")
    sure, hits = certainty[order], np.cumsum(right[order])
    # Rows of the same certainty are answered together, so a threshold takes the last of them.
    ends = np.flatnonzero(np.append(np.diff(sure) != 0, True))
    kept = ends[np.unique(np.linspace(0, len(ends) - 1, POINTS).round().astype(int))]
    curve = []
    for end in kept:
        rows = int(end) + 1
        low, high = wilson(int(hits[end]), rows)
        curve.append(
            {
                "threshold": _short(sure[end]),
                "answered": _short(rows / len(order)),
                "precision": _short(hits[end] / rows),
                "low": _short(low),
                "high": _short(high),
            }
        )
    return curve


def wrong_answers(pairs: Pairs, thresholds: Thresholds) -> Details:
    """Answers that a customer would have got and should not have, the most certain first."""
    wrong = [
        (row, seen)
        for row, seen in pairs
        if thresholds.allow(seen) and row.intent != seen.intents[0].label
    ]
    wrong.sort(key=lambda pair: -pair[1].certainty)
    return {
        "count": len(wrong),
        "outside": sum(row.intent == OUT_OF_SCOPE for row, _ in wrong),
        "shown": [
            {
                "text": shorten(row.text),
                "truth": row.intent,
                "read_as": seen.intents[0].label,
                "confidence": _short(seen.certainty),
            }
            for row, seen in wrong[:WRONG_ANSWERS]
        ],
    }


def scope_histograms(known: Floats, outside: Floats) -> Details:
    """How ``in_scope`` is spread over known and other messages, and the same in log-odds.

    Log-odds are the scope score of `index.calibration` on a straight scale: they pull apart what
    crowds near 0 and 1.
    """
    shares = np.linspace(0, 1, 21)
    odds = np.linspace(LOWEST, HIGHEST, round((HIGHEST - LOWEST) / STEP) + 1)
    return {
        "in_scope": _histogram(known, outside, shares),
        "log_odds": _histogram(_log_odds(known), _log_odds(outside), odds),
    }


def count_labels(parts: Mapping[str, Sequence[Row]]) -> Details:
    """Rows of every intent and sentiment in each part of the data."""

    def table(name: str) -> dict[str, dict[str, int]]:
        counted = {part: Counter(_labels(rows, name)) for part, rows in parts.items()}
        labels = sorted(set().union(*counted.values())) if counted else []
        return {label: {part: counted[part][label] for part in parts} for label in labels}

    return {"intents": table("intent"), "sentiments": table("sentiment")}


def _labels(rows: Sequence[Row], name: str) -> Iterable[str]:
    return (label for row in rows if (label := getattr(row, name)) is not None)


def _log_odds(share: Floats) -> Floats:
    safe = np.clip(share.astype(np.float64), 1e-9, 1 - 1e-9)
    odds: Floats = np.clip(np.log(safe / (1 - safe)), LOWEST, HIGHEST)
    return odds


def _histogram(known: Floats, outside: Floats, edges: Floats) -> Details:
    return {
        "edges": [round(float(edge), 4) for edge in edges],
        "known": np.histogram(known, edges)[0].tolist(),
        "outside": np.histogram(outside, edges)[0].tolist(),
    }


def _short(share: float) -> float:
    return round(float(share), 4)
