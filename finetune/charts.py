"""The report's figures, each a pure function from figures in ``metrics.json`` to SVG text.

Called by `finetune.page`. 360 units wide, so that words stay readable on a phone. Every figure has
a title and a description for those who do not see it. Nothing is computed here but places.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from finetune.svg import Plot, Point, canvas, clean_text, shape, write

WIDTH = 360.0
LEFT = 48.0
RIGHT = 20.0
Details = Mapping[str, Any]
QUARTERS = [(0.0, "0"), (0.25, "25"), (0.5, "50"), (0.75, "75"), (1.0, "100 %")]
ODDS = [
    (-6.9, "0.1 %"),
    (-4.6, "1"),
    (-2.2, "10"),
    (0.0, "50"),
    (2.2, "90"),
    (4.6, "99"),
    (6.9, "99.9"),
]


def reliability(name: str, subject: str, bins: Sequence[Details]) -> str:
    """Confidence against how often it was right, with counts below."""
    rows = sum(b["rows"] for b in bins)
    words = "; ".join(
        f"{percent(b['confidence'])} sure, {percent(b['right'])} right of {b['rows']}" for b in bins
    )
    root = canvas(name, WIDTH, 342, f"Reliability of {subject}", f"On {rows} rows: {words}.")
    plot = _plot(root, 26, 210, (0, 1), (0, 1))
    plot.y_axis(QUARTERS, "how often it was right")
    plot.line([(0, 0), (1, 1)], "ideal")
    plot.line([(b["confidence"], b["right"]) for b in bins], "line one thin")
    largest = max((b["rows"] for b in bins), default=1)
    for b in bins:
        low, high = b["interval"]
        plot.line([(b["confidence"], low), (b["confidence"], high)], "whisker")
        hint = f"{percent(b['confidence'])} sure: {percent(b['right'])} right of {b['rows']} rows"
        plot.dot((b["confidence"], b["right"]), 3 + 4 * math.sqrt(b["rows"] / largest), "dot", hint)
    counts = _plot(root, 252, 46, (0, 1), (0, largest))
    for b in bins:
        hint = f"{b['rows']} rows from {percent(b['low'])} to {percent(b['high'])}"
        counts.bar(b["low"], b["high"], 0, b["rows"], "bar one", hint)
    shape(root, "text", "tick end", str(largest), x=LEFT - 7, y=260.0)
    counts.x_axis(QUARTERS, "how sure it was, and on how many rows")
    return write(root)


def coverage(promise: Details) -> str:
    """How much is right against how much is answered, with the promise and the chosen point."""
    curve, wanted = promise["curve"], promise["promise"]
    here = (promise["answered"], promise["precision"])
    said = f"The promise is {percent(wanted)}."
    if here[1] is not None:
        said = f"{percent(here[0])} answered, {percent(here[1])} of that rightly. {said}"
    root = canvas("coverage", WIDTH, 300, "Answered messages against right answers", said)
    lowest = min([wanted, *(p["low"] for p in curve if p["answered"] >= 0.1)])
    floor = max(0.0, math.floor(lowest * 10) / 10)
    plot = _plot(root, 26, 222, (0, 1), (floor, 1))
    steps = 5 if floor < 0.5 else round((1 - floor) * 10) or 1
    ticks = [floor + (1 - floor) * n / steps for n in range(steps + 1)]
    plot.y_axis(
        [(t, f"{100 * t:.0f}{' %' if t == 1 else ''}") for t in ticks], "right among the answers"
    )
    band = [(p["answered"], p["high"]) for p in curve]
    plot.area([*band, *((p["answered"], p["low"]) for p in reversed(curve))], "band")
    plot.line([(p["answered"], p["precision"]) for p in curve], "line one")
    plot.line([(0, wanted), (1, wanted)], "promise")
    plot.note((0, wanted), f"promise {percent(wanted)}", "tick good", dx=6, dy=14)
    if here[1] is not None:
        plot.line([(here[0], floor), (here[0], here[1])], "chosen")
        plot.dot((here[0], here[1]), 5.5, "dot two", said)
        side = "end" if here[0] > 0.5 else ""
        shift = -8.0 if side else 8.0
        plot.note((here[0], floor), "answers", f"strong {side}", dx=shift, dy=-26)
        plot.note(
            (here[0], floor), f"from {promise['threshold']:.3f}", f"tick {side}", dx=shift, dy=-11
        )
    plot.x_axis(QUARTERS, "share of messages that are answered")
    return write(root)


def scope(
    name: str, title: str, histogram: Details, threshold: float | None, mark: str, label: str
) -> str:
    """Known messages upwards, out-of-scope ones downwards, as shares of each.

    ``mark`` is what the threshold is called.
    """
    edges, known, outside = histogram["edges"], histogram["known"], histogram["outside"]
    up, down = (_shares(counts) for counts in (known, outside))
    said = f"{sum(known)} known messages upwards, {sum(outside)} out-of-scope ones downwards."
    root = canvas(name, WIDTH, 300, title, said)
    highest = max([0.05, *up, *down])
    plot = _plot(root, 48, 198, (edges[0], edges[-1]), (-highest, highest))
    plot.y_axis([(highest, percent(highest)), (-highest, percent(highest))])
    for kind, sign, shares, counts in (("one", 1, up, known), ("two", -1, down, outside)):
        for low, high, share, count in zip(edges, edges[1:], shares, counts, strict=False):
            if count:
                plot.bar(low, high, 0, sign * share, f"bar {kind}", f"{count} messages")
    plot.line([(edges[0], 0), (edges[-1], 0)], "axis")
    names = (("one", f"known ({sum(known)})"), ("two", f"out of scope ({sum(outside)})"))
    for number, (kind, text) in enumerate(names):
        x = LEFT + 130 * number
        shape(root, "rect", f"bar {kind}", x=x, y=6.0, width=9, height=9, rx=2)
        shape(root, "text", "label", text, x=x + 14, y=14.5)
    if threshold is not None:
        plot.line([(threshold, -highest), (threshold, highest)], "chosen")
        plot.note((threshold, highest), mark, "tick mid", dy=-6)
    plot.x_axis(ODDS if edges[0] < 0 else QUARTERS, label)
    return write(root)


def course(
    name: str,
    title: str,
    points: Sequence[Point],
    words: str,
    label: str,
    share: bool = True,
    band: Sequence[Point] = (),
) -> str:
    """A few points joined by a line: an epoch's loss or score, accuracy by share of rows.

    ``band`` has the lowest and the highest value of each point's interval.
    """
    points = [point for point in points if math.isfinite(point[1])] or [(1.0, 0.0)]
    shown = [(x, percent(y) if share else f"{y:.3f}") for x, y in points]
    said = "; ".join(f"{x:g}: {y}" for x, y in shown)
    root = canvas(name, WIDTH, 214, title, said + ".")
    values = [y for _, y in points]
    low, high = min([*values, *(b[0] for b in band)]), max([*values, *(b[1] for b in band)])
    pad = (high - low) * 0.25 or 0.05
    plot = _plot(root, 28, 132, (points[0][0], points[-1][0]), (low - pad, high + pad))
    text = percent if share else lambda value: f"{value:.2f}"
    plot.y_axis([(value, text(value)) for value in sorted({low, high})], words)
    if band:
        tops = [(x, b[1]) for (x, _), b in zip(points, band, strict=True)]
        feet = [(x, b[0]) for (x, _), b in zip(points, band, strict=True)]
        plot.area([*tops, *reversed(feet)], "band")
    plot.line(points, "line one")
    for (x, y), (_, value) in zip(points, shown, strict=True):
        plot.dot((x, y), 4, "dot", f"{x:g}: {value}")
    every = -(-len(points) // 8)
    whole = all(x == int(x) for x, _ in points)
    plot.x_axis([(x, f"{x:g}" if whole else percent(x)) for x, _ in points[::every]], label)
    return write(root)


def matrix(name: str, title: str, table: Details, numbered: bool) -> str:
    """Rows of truth, columns of what was read; the more of its row a cell holds, the darker."""
    labels, counts = table["labels"], table["counts"]
    names = [clean_text(label) for label in labels]
    cell, head = (21.0, 24.0) if numbered else (64.0, 46.0)
    left = 14 + max([6, *(min(len(n), 30) for n in names)]) * 5.9 + (18 if numbered else 0)
    width, height = left + cell * len(labels) + 4, head + cell * len(labels) + 4
    said = "; ".join(
        f"{t} read as {g}: {counts[i][j]}"
        for i, t in enumerate(names)
        for j, g in enumerate(names)
        if counts[i][j] and (i != j or not numbered)
    )
    root = canvas(name, width, height, title, said + ".")
    root.set("style", f"min-width:{min(width, 440):.0f}px;max-width:{width * 1.15:.0f}px")
    for j, label in enumerate(names):
        place = left + cell * (j + 0.5)
        text = str(j + 1) if numbered else label
        shape(root, "text", "tick mid", text, x=place, y=head - 8)
    if not numbered:
        shape(root, "text", "label mid", "read as", x=left + cell * len(names) / 2, y=14.0)
    for i, label in enumerate(names):
        whole, y = sum(counts[i]), head + cell * i
        text = f"{_cut(label)}  {i + 1}" if numbered else _cut(label)
        shape(root, "text", "tick end", text, x=left - 8, y=y + cell / 2 + 4)
        for j, count in enumerate(counts[i]):
            share = count / whole if whole else 0.0
            kind = "cell right" if i == j else "cell wrong" if count else "cell"
            places = {"x": left + cell * j + 1, "y": y + 1, "width": cell - 2, "height": cell - 2}
            shade = f"{0.12 + 0.88 * share:.2f}" if count else "1"
            hint = f"{count} of {label} read as {names[j]}"
            shape(root, "rect", kind, "", rx=3, fill_opacity=shade, hint=hint, **places)
            if count:
                ink = "count on" if share > 0.55 else "count"
                x = left + cell * (j + 0.5)
                shape(root, "text", ink, str(count), x=x, y=y + cell / 2 + 4)
    return write(root)


def percent(share: float) -> str:
    """A share as people write it; the last hundredth before a whole is never rounded up to it."""
    if not math.isfinite(share):
        return "–"
    text = f"{100 * share:.1f}"
    if text == "100.0" and share < 1:
        text = "99.9"
    return f"{text.removesuffix('.0')}\u00a0%"


def _plot(root: Any, top: float, height: float, x_range: Point, y_range: Point) -> Plot:
    return Plot(root, LEFT, float(top), WIDTH - LEFT - RIGHT, float(height), x_range, y_range)


def _shares(counts: Sequence[int]) -> list[float]:
    whole = sum(counts)
    return [count / whole if whole else 0.0 for count in counts]


def _cut(label: str) -> str:
    return label if len(label) <= 30 else label[:29] + "…"
