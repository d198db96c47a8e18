"""Figures of a report that are more than a count: shares, quantiles, the viewer's days and hours.

Pure; called by the store, which counts, and by the web, which compares. Never sees a text.
"""

import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Literal
from zoneinfo import ZoneInfo

from service.errors import InvalidInput
from service.proportions import wilson

Unit = Literal["hour", "day", "month"]
Quarter = tuple[Any, ...]  # hour in UTC, quarter of it, then the counts below

COUNTED = ("turns", "answered", "asked", "handed_over", "negative", "neutral", "positive")
HOURS_UNTIL = timedelta(days=2)
DAYS_UNTIL = timedelta(days=120)
DAY = timedelta(days=1)
MOST_POINTS = 1500
FIRST, LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def zone_of(name: str) -> tzinfo:
    """The time zone of an IANA name; ``InvalidInput`` for any other."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # a path, a folder, or nothing of that name
        message = "zone: must be the name of a time zone, such as Europe/Berlin."
        raise InvalidInput(message, field="zone") from None


def before(since: datetime, until: datetime) -> tuple[datetime, datetime]:
    """The span to compare with: earlier by whole days, so that a morning meets a morning."""
    days = timedelta(days=max(1, math.ceil((until - since) / DAY)))
    return since - days, until - days


def share(part: int, whole: int) -> float | None:
    """A share of something; None of nothing."""
    return round(part / whole, 4) if whole else None


def share_within(part: int, whole: int) -> dict[str, Any]:
    """A share with its 95 % interval."""
    low, high = wilson(part, whole)
    bounds = {"low": round(low, 4), "high": round(high, 4)}
    return {"count": part, "of": whole, "share": share(part, whole), **bounds}


def quantiles(seconds: Sequence[float]) -> dict[str, Any]:
    """Median and 90th percentile (nearest rank) in seconds; None of nothing."""
    ordered = sorted(seconds)
    count = len(ordered)
    if not count:
        return {"count": 0, "median": None, "p90": None}
    middle = (ordered[(count - 1) // 2] + ordered[count // 2]) / 2
    high = ordered[math.ceil(0.9 * count) - 1]
    return {"count": count, "median": round(middle, 3), "p90": round(high, 3)}


def unit_of(length: timedelta) -> Unit:
    """What one point of a series stands for."""
    if length <= HOURS_UNTIL:
        return "hour"
    return "day" if length <= DAYS_UNTIL else "month"


def per_time(quarters: Iterable[Quarter], since: str, until: str, zone: tzinfo) -> dict[str, Any]:
    """Counts by the viewer's hours, days or months; those without a message are 0, not missing."""
    moments = (datetime.fromisoformat(time) for time in (since, until))
    start, end = (min(max(moment, FIRST), LAST).astimezone(zone) for moment in moments)
    unit = unit_of(end - start)
    points = {name: [0] * len(COUNTED) for name in _names(start, end, unit)}
    for hour, quarter, *counts in quarters:
        name = _name(_local(hour, quarter, zone), unit)
        sums = points.setdefault(name, [0] * len(COUNTED))
        for place, count in enumerate(counts):
            sums[place] += count
    return {
        "unit": unit,
        "points": [
            {"at": name, **dict(zip(COUNTED, sums, strict=True))} for name, sums in points.items()
        ],
    }


def by_hour(quarters: Iterable[Quarter], zone: tzinfo) -> list[list[int]]:
    """Messages of customers by weekday, Monday first, and hour."""
    table = [[0] * 24 for _ in range(7)]
    for hour, quarter, turns, *_ in quarters:
        local = _local(hour, quarter, zone)
        table[local.weekday()][local.hour] += turns
    return table


def _local(hour: str, quarter: int, zone: tzinfo) -> datetime:
    moment = datetime.fromisoformat(f"{hour}:00:00").replace(tzinfo=UTC)
    return (moment + timedelta(minutes=15 * quarter)).astimezone(zone)


def _name(moment: datetime, unit: Unit) -> str:
    return moment.strftime({"hour": "%Y-%m-%dT%H", "day": "%Y-%m-%d", "month": "%Y-%m"}[unit])


def _names(start: datetime, end: datetime, unit: Unit) -> list[str]:
    """Every point of the span in its order, at most ``MOST_POINTS``. Steps in UTC, for a local day
    may have 23 hours; half of the least step meets every point of a day."""
    step = timedelta(hours=1) if unit == "hour" else timedelta(hours=12)
    names: dict[str, None] = {}
    moment, last = start.astimezone(UTC), end.astimezone(UTC)
    while moment < last and len(names) < MOST_POINTS:
        names.setdefault(_name(moment.astimezone(start.tzinfo), unit))
        moment += step
    if start < end and len(names) < MOST_POINTS:  # the last step may have passed its beginning
        names.setdefault(_name(end - timedelta(milliseconds=1), unit))
    return list(names)
