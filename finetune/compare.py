"""A new release against the one before it, on the same rows: figures, and the rows that changed.

Called by training and by `frontdesk evaluate --against`. A comparison is fair only on rows that
neither release has learned from, so a release keeps fingerprints of the texts that it has seen, and
rows that the earlier one knows are set aside and counted. It judges nothing: that is the gate's.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from finetune.details import shorten
from finetune.evaluate import Metrics, judge_readings, read
from finetune.rows import Row
from finetune.statistics import sign_test
from index.compiled import CompiledBackend
from index.errors import ReleaseError
from index.reader import Reader
from index.records import OUT_OF_SCOPE, Reading
from index.seen import fingerprint, read_fingerprints

CHANGES = 60
FIGURES = (
    ("Intent accuracy", "intent", "accuracy"),
    ("Right intent among the first three", "intent", "top3"),
    ("Intent macro-F1", "intent", "macro_f1"),
    ("Intent calibration error", "intent", "calibration_error"),
    ("Sentiment accuracy", "sentiment", "accuracy"),
    ("Sentiment macro-F1", "sentiment", "macro_f1"),
    ("Entity F1", "entities", "f1"),
    ("Out-of-scope AUROC", "out_of_scope", "auroc"),
    ("Out-of-scope recall", "out_of_scope", "recall"),
    ("Known messages kept", "out_of_scope", "known_kept"),
    ("Answered", "promise", "answered"),
    ("Right among the answers", "promise", "precision"),
)
LOWER_IS_BETTER = ("calibration_error",)


def compare_release(
    earlier: Path, rows: Sequence[Row], reader: Reader, readings: Sequence[Reading], device: str
) -> Metrics:
    """What ``reader``, who made ``readings`` of ``rows``, changes against the release ``earlier``.

    ``unseen`` is False when that release keeps no fingerprints: then nobody can tell whether it
    learned from some of these rows, which flatters it. A release that cannot be read is an
    ``error``, not an exception: a training does not fail for it.
    """
    try:
        alike = isinstance(reader.backend, CompiledBackend)
        before = Reader.load(earlier, device, compiled=alike)
        seen = read_fingerprints(earlier)
    except ReleaseError as error:
        return {"against": earlier.name, "error": str(error)}
    fresh = [n for n, row in enumerate(rows) if seen is None or fingerprint(row.text) not in seen]
    kept = [rows[n] for n in fresh]
    now, then = [readings[n] for n in fresh], read(before, kept)
    return {
        "against": before.release.id,
        "rows": len(kept),
        "set_aside": len(rows) - len(kept),
        "unseen": seen is not None,
        "figures": compare_figures(
            judge_readings(kept, then, before.labels, before.thresholds),
            judge_readings(kept, now, reader.labels, reader.thresholds),
        ),
        **compare_readings(kept, then, now),
    }


def compare_figures(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Metrics]:
    """The figures that both metrics have, with their difference and whether that is good."""
    lines = []
    for title, part, name in FIGURES:
        then, now = before.get(part, {}).get(name), after.get(part, {}).get(name)
        if then is None or now is None:
            continue
        difference = now - then
        better = difference < 0 if name in LOWER_IS_BETTER else difference > 0
        line = {"figure": title, "before": then, "after": now, "difference": difference}
        lines.append({**line, "better": better if difference else None})
    return lines


def compare_readings(
    rows: Sequence[Row], before: Sequence[Reading], after: Sequence[Reading]
) -> Metrics:
    """Rows that went from wrong to right (``mended``) and from right to wrong (``broken``).

    Both lists of readings are of the same rows. Each head is counted by itself, out-of-scope rows
    are in the figures only. ``chance`` is the p-value of the sign test: how easily so uneven a
    change comes from two releases that are equally good.
    """
    found: Metrics = {}
    for head in ("intent", "sentiment"):
        mended: list[Metrics] = []
        broken: list[Metrics] = []
        for row, then, now in zip(rows, before, after, strict=True):
            truth, old, new = getattr(row, head), getattr(then, head), getattr(now, head)
            if truth in (None, OUT_OF_SCOPE) or old is None or new is None:
                continue
            if (old.label == truth) == (new.label == truth):
                continue
            change = {
                "text": shorten(row.text),
                "truth": truth,
                "before": old.label,
                "after": new.label,
                "confidence_before": round(old.confidence, 4),
                "confidence_after": round(new.confidence, 4),
            }
            (mended if new.label == truth else broken).append(change)
        mended.sort(key=lambda change: -change["confidence_after"])
        broken.sort(key=lambda change: -change["confidence_after"])
        found[head] = {
            "mended": {"count": len(mended), "shown": mended[:CHANGES]},
            "broken": {"count": len(broken), "shown": broken[:CHANGES]},
            "chance": sign_test(len(mended), len(broken)),
        }
    return found
