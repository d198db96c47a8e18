"""Drift: do a day's messages still look like those that the desk learned from and has been getting?

Pure statistics, called by ``service.watch``. A day is told by a few figures; each has a range, from
the days before and from the first days of the release, robust against single odd days, and widened
by what so few messages tell. Weekends are held against weekends.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from service.records.alarms import ReadMessage

LEAST_MESSAGES = 50  # of a day, without which it says nothing
PAST_DAYS = 28
LEAST_DAYS = 7  # before anything is usual
LEAST_OF_KIND = 2  # weekends, before they are held against each other
FIRST_DAYS = 7  # of a release, which tell what it was like when it was new
TWO_DAYS, AT_ONCE = 3.5, 7.0  # standard deviations
CALM = 2.0  # an alarm goes on beyond this
FLOOR = 0.01  # a spread is at least so large: smaller moves are real, and of no use to anybody
SHOWN = 5
MAD = 1.4826  # of a normal distribution's standard deviation (Rousseeuw and Croux 1993)
MEDIAN_ERROR = math.sqrt(math.pi / 2)  # times that of the mean
WORD = re.compile(r"[^\W\d_]{3,}")


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing that is measured: how, and what it means when it moves.

    ``of`` gives a message's value; None leaves it out. The day's is their mean or median.
    """

    of: Callable[[ReadMessage, Collection[str]], float | None]
    words: str
    up: str
    down: str
    middle: bool = False  # the median, not the mean


@dataclass(frozen=True, slots=True)
class Measured:
    """A figure of a day, with its standard error."""

    value: float
    error: float


@dataclass(frozen=True, slots=True)
class Day:
    """A day's figures, from so many messages, most of which this release read."""

    day: date
    messages: int
    release: str | None
    figures: Mapping[str, Measured]


@dataclass(frozen=True, slots=True)
class Departure:
    """Where a figure is: ``score`` standard deviations off the middle of its range."""

    figure: str
    value: float
    usual: float
    low: float
    high: float
    score: float
    since_promotion: bool  # else, against the past weeks


def word_shares(text: str, known: Collection[str]) -> float | None:
    """The share of a text's words that are not among the known ones; None without words."""
    found = WORD.findall(text.casefold())
    return sum(word not in known for word in found) / len(found) if found else None


def words_of(texts: Sequence[str]) -> frozenset[str]:
    """Every word of the texts, as ``word_shares`` compares them."""
    return frozenset(word for text in texts for word in WORD.findall(text.casefold()))


FIGURES: dict[str, Figure] = {
    "handed_over": Figure(
        lambda m, _: float(m.action == "handoff") if m.action != "none" else None,
        "of messages were handed over to a person",
        "More messages than usual are handed over",
        "Fewer messages than usual are handed over",
    ),
    "sure": Figure(
        lambda m, _: None if m.sure is None else float(m.sure),
        "of messages were read surely enough to be answered",
        "More messages than usual are read surely",
        "Fewer messages than usual are read surely",
    ),
    "confidence": Figure(
        lambda m, _: m.confidence,
        "is the median confidence",
        "The model is surer than usual",
        "The model is less sure than usual",
        middle=True,
    ),
    "distance": Figure(
        lambda m, _: None if m.nearest is None else 1 - m.nearest,
        "is the median distance to the nearest example",
        "Messages are farther from the desk's examples than usual",
        "Messages are nearer to the desk's examples than usual",
        middle=True,
    ),
    "new_words": Figure(
        lambda m, known: word_shares(m.text, known),
        "of words occur in none of the desk's examples",
        "Customers use more words than usual that the desk's examples lack",
        "Customers use fewer words than usual that the desk's examples lack",
    ),
}


def measure(day: date, messages: Sequence[ReadMessage], known: Collection[str]) -> Day:
    """A day's figures; ``known`` are the words of the desk's examples."""
    figures = {}
    for name, figure in FIGURES.items():
        values = [v for m in messages if (v := figure.of(m, known)) is not None]
        if len(values) >= LEAST_MESSAGES:
            figures[name] = _measured(np.array(values), middle=figure.middle)
    releases = Counter(m.release for m in messages if m.release)
    release = releases.most_common(1)[0][0] if releases else None
    return Day(day, len(messages), release, figures)


def departures(day: Day, past: Sequence[Day]) -> dict[str, Departure]:
    """How far each figure of a day is off its ranges, whichever it is further from.

    ``past`` are the days before, the oldest first; figures without enough of them are left out.
    """
    mine = [d for d in past if d.release == day.release]
    first = mine[:FIRST_DAYS] if len(mine) >= 2 * FIRST_DAYS else []
    past = past[-PAST_DAYS:]
    found = {}
    for name, measured in day.figures.items():
        before = [d for d in past if name in d.figures]
        if len(before) < LEAST_DAYS:
            continue
        against = [(False, before), (True, [d for d in first if name in d.figures])]
        compared = [
            _departure(name, measured, _middle(day, days, name), before, since)
            for since, days in against
            if len(days) >= LEAST_DAYS
        ]
        found[name] = max(compared, key=lambda departure: abs(departure.score))
    return found


def alarms(
    today: Mapping[str, Departure], yesterday: Mapping[str, Departure]
) -> dict[str, Departure]:
    """The figures that left their range: two days running on one side, or far at once."""
    found = {}
    for name, now in today.items():
        before = yesterday.get(name)
        again = before is not None and abs(before.score) > TWO_DAYS
        again = again and before is not None and before.score * now.score > 0
        if abs(now.score) > AT_ONCE or (abs(now.score) > TWO_DAYS and again):
            found[name] = now
    return found


def in_words(departure: Departure) -> str:
    """What changed, as a sentence or two."""
    figure = FIGURES[departure.figure]
    moved = figure.up if departure.score > 0 else figure.down
    when = "in the release's first days" if departure.since_promotion else "usually"
    edges = (min(1.0, max(0.0, edge)) for edge in (departure.low, departure.high))
    low, high = (_shown(departure.figure, edge) for edge in edges)
    value = _shown(departure.figure, departure.value)
    return f"{moved}: {value} {figure.words}, {when} {low} to {high}."


def telling(
    departure: Departure, messages: Sequence[ReadMessage], known: Collection[str]
) -> tuple[str, ...]:
    """Ids of the messages that show a departure best, one of a conversation."""
    figure = FIGURES[departure.figure]
    sign = 1 if departure.score > 0 else -1
    valued = [(v, m) for m in messages if (v := figure.of(m, known)) is not None]
    ordered = sorted(valued, key=lambda pair: sign * pair[0], reverse=True)
    shown = {m.conversation_id: m.id for _, m in reversed(ordered)}  # the first of each stays
    best = [m.id for _, m in ordered if shown[m.conversation_id] == m.id]
    return tuple(best[:SHOWN])


def _shown(name: str, value: float) -> str:
    return f"{value:.2f}" if FIGURES[name].middle else f"{100 * value:.3g} %"


def _measured(values: "np.ndarray[tuple[int], np.dtype[np.float64]]", *, middle: bool) -> Measured:
    """Mean or median with its standard error; no share is surer than one more message allows."""
    n = len(values)
    if not middle:
        spread = max(float(values.std()), math.sqrt(1 / n * (1 - 1 / n)))
        return Measured(float(values.mean()), spread / math.sqrt(n))
    centre = float(np.median(values))
    spread = MAD * float(np.median(np.abs(values - centre)))
    return Measured(centre, MEDIAN_ERROR * spread / math.sqrt(n))


def _departure(
    name: str, measured: Measured, centre: float, before: Sequence[Day], since: bool
) -> Departure:
    """Against a centre, with the spread that days usually have around the middle of their kind."""
    off = [abs(d.figures[name].value - _middle(d, before, name)) for d in before]
    # A median of few deviations is itself uncertain.
    between = MAD * float(np.median(off)) * (1 + 4 / len(before))
    spread = math.hypot(max(between, FLOOR), measured.error)
    score = (measured.value - centre) / spread
    low, high = centre - TWO_DAYS * spread, centre + TWO_DAYS * spread
    return Departure(name, measured.value, centre, low, high, score, since)


def _middle(day: Day, days: Sequence[Day], name: str) -> float:
    """The median of the days of the same kind, weekend or not; of all when there are too few."""
    weekend = day.day.weekday() >= 5
    kind = [d.figures[name].value for d in days if (d.day.weekday() >= 5) == weekend]
    if len(kind) < LEAST_OF_KIND:
        kind = [d.figures[name].value for d in days]
    return float(np.median(kind))
