"""Drawing primitives for the report's figures: a plot with two axes, as an SVG element tree.

Called by `finetune.charts`. Trees are built, never pasted together, so what comes out is
well-formed and every label is escaped. Colours are classes; the page's stylesheet knows them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

Point = tuple[float, float]


def clean_text(text: str) -> str:
    """The text without what neither XML nor a browser can show: controls and half characters."""
    return "".join(c if c in "\t\n" or (c >= " " and not _broken(c)) else "�" for c in text)


def shape(parent: ET.Element, tag: str, kind: str = "", text: str = "", **places: object) -> None:
    """Add an element; numbers are rounded, underscores in names become hyphens, ``hint`` becomes
    the text that a pointer resting on it shows."""
    hint = str(places.pop("hint", ""))
    written = {
        name.replace("_", "-"): f"{value:.2f}".rstrip("0").rstrip(".")
        if isinstance(value, float)
        else str(value)
        for name, value in places.items()
    }
    if kind:
        written["class"] = kind
    element = ET.SubElement(parent, tag, written)
    if hint:
        ET.SubElement(element, "title").text = clean_text(hint)
    if text:
        element.text = clean_text(text)


def canvas(name: str, width: float, height: float, title: str, description: str) -> ET.Element:
    """An empty picture that screen readers read as its title and description."""
    root = ET.Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": f"0 0 {width:g} {height:g}",
            "role": "img",
            "aria-labelledby": f"{name}-title {name}-desc",
        },
    )
    ET.SubElement(root, "title", {"id": f"{name}-title"}).text = clean_text(title)
    ET.SubElement(root, "desc", {"id": f"{name}-desc"}).text = clean_text(description)
    return root


def write(root: ET.Element) -> str:
    """The picture as text, to stand inside an HTML page."""
    return ET.tostring(root, encoding="unicode")


@dataclass(frozen=True, slots=True)
class Plot:
    """A rectangle of a picture in which values have places."""

    root: ET.Element
    left: float
    top: float
    width: float
    height: float
    x_range: Point
    y_range: Point

    def x(self, value: float) -> float:
        """Where a value lies from left to right; values outside lie on the edge."""
        return self.left + self.width * _place(value, self.x_range)

    def y(self, value: float) -> float:
        """Where a value lies from the top down."""
        return self.top + self.height * (1 - _place(value, self.y_range))

    def x_axis(self, ticks: Sequence[tuple[float, str]], label: str = "") -> None:
        """The lower edge with named ticks and, below, what they mean."""
        bottom = self.top + self.height
        right = self.left + self.width
        shape(self.root, "line", "axis", x1=self.left, y1=bottom, x2=right, y2=bottom)
        for value, name in ticks:
            place = self.x(value)
            shape(self.root, "text", "tick mid", name, x=place, y=bottom + 16)
        if label:
            middle = self.left + self.width / 2
            shape(self.root, "text", "label mid", label, x=middle, y=bottom + 34)

    def y_axis(self, ticks: Sequence[tuple[float, str]], label: str = "") -> None:
        """Horizontal grid lines with their names, and above what they mean."""
        right = self.left + self.width
        for value, name in ticks:
            place = self.y(value)
            shape(self.root, "line", "grid", x1=self.left, y1=place, x2=right, y2=place)
            shape(self.root, "text", "tick end", name, x=self.left - 7, y=place + 4)
        if label:
            shape(self.root, "text", "label", label, x=2.0, y=self.top - 10)

    def line(self, points: Sequence[Point], kind: str) -> None:
        """A line through the points."""
        shape(self.root, "polyline", kind, points=self._places(points))

    def area(self, points: Sequence[Point], kind: str) -> None:
        """The area within the points."""
        shape(self.root, "polygon", kind, points=self._places(points))

    def dot(self, point: Point, radius: float, kind: str, hint: str = "") -> None:
        """A round mark."""
        shape(
            self.root, "circle", kind, cx=self.x(point[0]), cy=self.y(point[1]), r=radius, hint=hint
        )

    def bar(self, low: float, high: float, base: float, to: float, kind: str, hint: str) -> None:
        """A bar from ``low`` to ``high`` that reaches from ``base`` to ``to``."""
        left, right = self.x(low) + 0.75, self.x(high) - 0.75
        top, bottom = sorted((self.y(base), self.y(to)))
        places: dict[str, object] = {
            "x": left,
            "y": top,
            "width": max(right - left, 0.5),
            "height": bottom - top,
        }
        shape(self.root, "rect", kind, "", hint=hint, **places)

    def note(self, point: Point, text: str, kind: str, dx: float = 0.0, dy: float = 0.0) -> None:
        """Words beside a point."""
        x, y = self.x(point[0]) + dx, self.y(point[1]) + dy
        shape(self.root, "text", kind, text, x=x, y=y)

    def _places(self, points: Sequence[Point]) -> str:
        return " ".join(f"{self.x(x):.1f},{self.y(y):.1f}" for x, y in points)


def _place(value: float, span: Point) -> float:
    low, high = span
    return min(1.0, max(0.0, (value - low) / (high - low))) if high > low else 0.5


def _broken(character: str) -> bool:
    return "\x7f" <= character <= "\x9f" or "\ud800" <= character <= "\udfff" or character in "￾￿"
