"""Panels with axes, lines and a legend in a picture that stands alone, on light and dark pages.

Called by what plots a benchmark's result. Built of the primitives that the report is drawn with.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from finetune.svg import Plot, Point, canvas, shape

STYLE = """
svg { --bg: #fff; --line: #e3e3dd; --axis: #9a9a93; --text: #1b1d21; --soft: #5a5e66;
  --one: #3a4fc4; --two: #c2571a; --three: #1a6b42; --four: #8a3a8f; }
@media (prefers-color-scheme: dark) { svg { --bg: #0d1117; --line: #2c2e34; --axis: #6a6d75;
  --text: #ececef; --soft: #a4a8b0; --one: #93a1f7; --two: #f0a06a; --three: #7fd0a4;
  --four: #dc9be0; } }
text { font: 13px system-ui, "Segoe UI", Roboto, "Liberation Sans", Arial, sans-serif;
  fill: var(--soft); }
.title { font-size: 15px; font-weight: 600; fill: var(--text); }
.strong { font-weight: 600; fill: var(--text); }
.mid { text-anchor: middle; } .end { text-anchor: end; }
.page { fill: var(--bg); } .grid { stroke: var(--line); } .axis { stroke: var(--axis); }
.curve { fill: none; stroke-width: 2; stroke-linejoin: round; }
.one { stroke: var(--one); } .two { stroke: var(--two); } .three { stroke: var(--three); }
.four { stroke: var(--four); }
.two.curve { stroke-dasharray: 7 4; } .three.curve { stroke-dasharray: 2 3; }
.four.curve { stroke-dasharray: 9 3 2 3; }
.dot.one, .bar.one { fill: var(--one); } .dot.two { fill: var(--two); }
.dot.three { fill: var(--three); } .dot.four { fill: var(--four); }
.bar { fill: var(--axis); stroke: none; }
"""
Lines = Mapping[str, Sequence[Point]]
KINDS = ("one", "two", "three", "four")
WIDTH, HEIGHT = 450.0, 300.0  # of a panel
LEFT, TOP, RIGHT, BOTTOM = 48.0, 78.0, 16.0, 46.0  # what a panel keeps around its plot
DOTS = 20  # points of a line that are shown as dots, too


@dataclass(frozen=True, slots=True)
class Axis:
    """What lies along an edge: its ends, its ticks by value and name, and its label."""

    ends: Point
    ticks: Sequence[tuple[float, str]]
    label: str


def picture(name: str, columns: int, rows: int, title: str, said: str) -> ET.Element:
    """An empty picture with room for panels, on a ground of its own."""
    width, height = columns * WIDTH, rows * HEIGHT
    root = canvas(name, width, height, title, said)
    root.set("width", f"{width:g}")
    root.set("height", f"{height:g}")
    ET.SubElement(root, "style").text = STYLE
    shape(root, "rect", "page", width=width, height=height, rx=6)
    return root


def panel(root: ET.Element, column: int, row: int, title: str) -> ET.Element:
    """A place of the picture with a title; what is drawn in it counts from its corner."""
    place = f"translate({column * WIDTH:g} {row * HEIGHT:g})"
    group = ET.SubElement(root, "g", {"transform": place})
    shape(group, "text", "title", title, x=14.0, y=26.0)
    return group


def curves(group: ET.Element, x: Axis, y: Axis, lines: Lines) -> None:
    """Lines by their names, which stand in a legend above; at most four."""
    width, height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    plot = Plot(group, LEFT, TOP, width, height, x.ends, y.ends)
    plot.y_axis(y.ticks)
    plot.x_axis(x.ticks, x.label)
    shape(group, "text", "", y.label, x=14.0, y=TOP - 30)
    place = WIDTH - RIGHT
    for name, kind in reversed(list(zip(lines, KINDS, strict=False))):
        place -= 42 + 8 * len(name)
        shape(group, "line", f"curve {kind}", x1=place, y1=TOP - 34, x2=place + 24, y2=TOP - 34)
        shape(group, "text", "strong", name, x=place + 28, y=TOP - 30)
    for points, kind in zip(lines.values(), KINDS, strict=False):
        plot.line(points, f"curve {kind}")
        if len(points) <= DOTS:
            for point in points:
                plot.dot(point, 3, f"dot {kind}")


def bars(group: ET.Element, top: float, label: str, values: Mapping[str, float], form: str) -> None:
    """Lying bars by name with their values, the first one marked; ``form`` formats a value."""
    shape(group, "text", "", label, x=14.0, y=top)
    most = max([*values.values(), 1e-9])
    for number, (name, value) in enumerate(values.items()):
        y = top + 8 + 21 * number
        length = (WIDTH - 150 - RIGHT - 50) * value / most
        shape(group, "text", "end" if number else "end strong", name, x=142.0, y=y + 13)
        kind = "bar" if number else "bar one"
        shape(group, "rect", kind, x=150.0, y=y, width=length, height=16, rx=2)
        shape(group, "text", "strong", f"{value:{form}}", x=156.0 + length, y=y + 13)


def even(most: float, label: str) -> Axis:
    """An axis from 0 to a round number, evenly divided."""
    rough = max(most, 1e-9) / 4
    unit = 10 ** math.floor(math.log10(rough))
    step = next(unit * factor for factor in (1, 2, 2.5, 5, 10) if unit * factor >= rough)
    count = max(1, math.ceil(most / step - 1e-9))
    ticks = [(step * number, f"{step * number:,.10g}") for number in range(count + 1)]
    return Axis((0, step * count), ticks, label)


def decades(values: Sequence[float], label: str) -> Axis:
    """A logarithmic axis around positive values, with 1, 2 and 5 of each decade; places on it are
    decimal logarithms."""
    low, high = (math.log10(end) for end in (min(values), max(values)))
    steps = [
        (exponent + math.log10(digit), f"{digit * 10.0**exponent:,g}")
        for exponent in range(math.floor(low) - 1, math.ceil(high) + 1)
        for digit in (1, 2, 5)
    ]
    first = max(place for place, _ in steps if place <= low + 1e-9)
    last = min(place for place, _ in steps if place >= high - 1e-9)
    return Axis((first, last), [step for step in steps if first <= step[0] <= last], label)
