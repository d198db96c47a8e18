"""A run's figures as a picture: load against throughput and latency, and the servers compared."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.plotting import Axis, Lines, bars, curves, decades, even, panel, picture
from finetune.svg import write

TIMES = {"median": "median_ms", "p90": "p90_ms", "p99": "p99_ms"}
NAMES = {
    "frontdesk": "frontdesk",
    "mosec": "mosec",
    "litserve": "LitServe",
    "flask": "Flask, 3 models",
}
Figures = Mapping[str, Any]


def plot(result: Figures) -> str:
    """The picture as SVG text."""
    found, ladder = result["median"], result["ladder"]
    said = "; ".join(
        f"{step['customers']} customers: {step['rate']:.0f} turns/s, p99 {step['p99_ms']:.0f} ms"
        for step in ladder
    )
    root = picture("load", 2, 2, "Load: throughput and latency", said)
    customers = [(math.log2(step["customers"]), str(step["customers"])) for step in ladder]
    x = Axis((customers[0][0], customers[-1][0]), customers, "customers at once, without a pause")
    places = [place for place, _ in customers]
    group = panel(root, 0, 0, "Throughput against concurrent customers")
    rates = [step["rate"] for step in ladder]
    lines = {"frontdesk": list(zip(places, rates, strict=True))}
    curves(group, x, even(max(rates), "whole turns/s"), lines)
    group = panel(root, 1, 0, "Latency against concurrent customers")
    curves(group, x, *_times(places, ladder))
    offered = found["frontdesk"]["offered"]
    shares = [float(share) for share in offered]
    x = Axis((0, 100), [(s, f"{s:g} %") for s in shares], "offered load, of the peak")
    group = panel(root, 0, 1, "Latency against offered load")
    curves(group, x, *_times(shares, list(offered.values())))
    full = {title: found[name]["full"]["rate"] for name, title in NAMES.items()}
    alone = {title: found[name]["one"]["median_ms"] for name, title in NAMES.items()}
    group = panel(root, 1, 1, "Our whole turns, others' model alone")
    bars(group, 54, "messages/s, 32 connections: more is better", full, ".0f")
    bars(group, 176, "one customer, median ms: less is better", alone, ".1f")
    return write(root)


def _times(places: Sequence[float], loads: Sequence[Figures]) -> tuple[Axis, Lines]:
    """The axis of latencies, and a line each for median, p90 and p99."""
    times = {name: [max(load[key], 0.01) for load in loads] for name, key in TIMES.items()}
    lines = {
        name: [(place, math.log10(time)) for place, time in zip(places, line, strict=True)]
        for name, line in times.items()
    }
    return decades([time for line in times.values() for time in line], "ms a turn"), lines
