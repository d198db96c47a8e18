"""Figures with their goals, and the table that says which goal is missed and by how much.

Made by the cases, shown by the command. Pure: it measures nothing itself.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Unit = Literal["share", "score", "points", "count", "times"]
Bound = Literal["least", "most"]
NEAR = 1e-9  # what floating point may lack


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number; without a ``goal`` it is only reported.

    A ``share`` is 0 to 1 and shown in per cent, ``points`` are hundredths of a share, a ``count``
    is of ``whole``, ``times`` is a ratio. ``value`` is None when nothing could be measured.
    ``bound`` says whether the value must be at least or at most the goal. ``parts`` are what the
    value was made of, for those who read the JSON.
    """

    what: str
    value: float | None
    goal: float | None = None
    unit: Unit = "share"
    bound: Bound = "least"
    note: str = ""
    whole: int | None = None
    parts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None without a goal. What was not measured meets none."""
        if self.goal is None:
            return None
        return self.value is not None and self.missing <= NEAR

    @property
    def missing(self) -> float:
        """How far the value is on the wrong side of the goal; negative on the right one."""
        assert self.goal is not None
        assert self.value is not None
        gap = self.goal - self.value
        return gap if self.bound == "least" else -gap

    def verdict(self) -> str:
        """In words: "met", "short by 0.31 points", or nothing without a goal; a miss is in bold."""
        if self.goal is None:
            return ""
        if self.value is None:
            return "not measured"
        if self.met:
            return "met"
        word = "short" if self.bound == "least" else "over"
        return f"**{word} by {_gap(self.missing, self.unit)}**"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one case came to, or why it was ``skipped``, be it because it ``failed``.

    ``seconds`` include the trainings that were not ``reused``; ``trainings`` tell of every release
    that the case used: its name, id, rows, and the seconds that its training took.
    """

    name: str
    title: str
    at: str = ""
    seconds: float = 0.0
    figures: tuple[Figure, ...] = ()
    trainings: tuple[Mapping[str, Any], ...] = ()
    skipped: str = ""
    failed: bool = False

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> "Outcome":
        """The outcome that ``to_json`` wrote. Raises ``TypeError`` or ``KeyError``."""
        figures = tuple(Figure(**figure) for figure in fields["figures"])
        return cls(**{**fields, "figures": figures, "trainings": tuple(fields["trainings"])})

    def to_json(self) -> dict[str, Any]:
        """A JSON object."""
        return asdict(self)


def show(value: float | None, unit: Unit, whole: int | None = None) -> str:
    """A value as people read it."""
    if value is None:
        return "–"
    if unit == "share":
        return f"{100 * value:.2f} %"
    if unit == "points":
        return f"{value:+.2f} points"
    if unit == "count":
        return f"{value:.0f}" + (f" of {whole}" if whole is not None else "")
    return f"{value:.2f} ×" if unit == "times" else f"{value:.4f}"


def summary(outcomes: Sequence[Outcome]) -> str:
    """How many goals are met, which are not, and by how much, as Markdown."""
    judged = [(o.name, f) for o in outcomes for f in o.figures if f.goal is not None]
    missed = [(name, figure) for name, figure in judged if not figure.met]
    lines = [f"{len(judged) - len(missed)} of {len(judged)} goals are met."]
    if missed:
        lines += ["", "Missed:", ""]
        lines += [f"- {name}: {figure.what}: {figure.verdict()}" for name, figure in missed]
    skipped = [f"- {o.name}: {o.skipped}" for o in outcomes if o.skipped]
    return "\n".join([*lines, "", "Not run:", "", *skipped] if skipped else lines)


def table(outcomes: Sequence[Outcome]) -> str:
    """A Markdown table with a line for every figure."""
    lines = ["| figure | goal | measured | | note |", "|---|---|---|---|---|"]
    return "\n".join([*lines, *(line for outcome in outcomes for line in _lines(outcome))])


def _lines(outcome: Outcome) -> Iterator[str]:
    took = f"{outcome.seconds / 60:.1f} min" if outcome.seconds else ""
    yield _line(f"**{outcome.title}**", "", "", "", outcome.skipped or took)
    for figure in outcome.figures:
        goal = ""
        if figure.goal is not None:
            sign = "≥" if figure.bound == "least" else "≤"
            goal = f"{sign} {show(figure.goal, figure.unit).lstrip('+')}"
        measured = show(figure.value, figure.unit, figure.whole)
        yield _line(figure.what, goal, measured, figure.verdict(), figure.note)


def _line(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def _gap(gap: float, unit: Unit) -> str:
    """A gap that is there is never shown as 0."""
    if unit == "count":
        return f"{gap:.0f}"
    scaled = 100 * gap if unit == "share" else gap
    digits = 4 if unit == "score" else 2
    number = f"{scaled:.{digits}f}" if scaled >= 0.5 / 10**digits else f"less than {10**-digits}"
    return number + (" points" if unit in ("share", "points") else " ×" if unit == "times" else "")
