"""The learning curve: what a training on fewer rows comes to, and so what more rows may bring.

Called by `finetune.run` for ``train --curve``. It chooses the rows of each share; the training and
the measuring, always on the same test rows, are the caller's. It never takes a row of its own
making away: an intent's title and the answers' openings are there before the first example.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from finetune.rows import Row
from finetune.split import group_rows, place_of, stratum_of

SHARES = (0.1, 0.25, 0.5)

Metrics = Mapping[str, Any]
Measure = Callable[[list[Row], str], Metrics]


def measure_shares(
    rows: Sequence[Row], shares: Sequence[float], measure: Measure, whole: Metrics
) -> list[dict[str, Any]]:
    """Points of the curve, from the fewest rows to all of ``rows``, whose metrics are ``whole``.

    ``measure(part, label)`` trains on a part and measures it. A share that comes to the same rows
    as the one before is left out. ``share`` of a point is the true one, of the rows that can be
    left out.
    """
    free = sum(not row.own for row in rows)
    points: list[dict[str, Any]] = []
    for share in shares:
        part = take_share(rows, share)
        kept = sum(not row.own for row in part)
        if kept == free or (points and points[-1]["rows"] == kept):
            continue
        metrics = measure(part, f"{kept} of {free} rows")
        points.append({"share": kept / free, "rows": kept, **_figures(metrics)})
    return [*points, {"share": 1.0, "rows": free, **_figures(whole)}]


def take_share(rows: Sequence[Row], share: float) -> list[Row]:
    """A share of the groups of like texts of every intent, at least one, and the desk's own rows.

    Which ones follows from their texts, so that a larger share holds all of a smaller one.
    """
    strata: dict[str, list[tuple[str, list[int]]]] = defaultdict(list)
    free = [number for number, row in enumerate(rows) if not row.own]
    for group in group_rows([rows[number] for number in free]):
        numbers = [free[place] for place in group]
        key = min(place_of(rows[number]) for number in numbers)
        strata[stratum_of(rows[numbers[0]])].append((key, numbers))
    chosen = {number for number, row in enumerate(rows) if row.own}
    for keyed in strata.values():
        take = math.ceil(share * len(keyed))
        for _, numbers in sorted(keyed)[:take]:
            chosen.update(numbers)
    return [row for number, row in enumerate(rows) if number in chosen]


def _figures(metrics: Metrics) -> dict[str, Any]:
    """What the report draws of a training: the intents, or what else it has."""
    found: dict[str, Any] = {}
    if "intent" in metrics:
        found["accuracy"] = metrics["intent"]["accuracy"]
        found["accuracy_interval"] = metrics["intent"]["accuracy_interval"]
        found["macro_f1"] = metrics["intent"]["macro_f1"]
    if "sentiment" in metrics:
        found["sentiment_macro_f1"] = metrics["sentiment"]["macro_f1"]
    if "entities" in metrics:
        found["entity_f1"] = metrics["entities"]["f1"]
    if "auroc" in metrics.get("out_of_scope", {}):
        found["out_of_scope_auroc"] = metrics["out_of_scope"]["auroc"]
    return found
