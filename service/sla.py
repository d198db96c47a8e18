"""How soon a desk promises to reply and to resolve, and when that is by its business hours.

Pure. Used by the store, which keeps for every ticket when its clocks turn amber and red, and by
`service.expecting`, which says when the desk is open. A desk that promises nothing has no clocks;
one that states no hours works round the clock. A span belongs to the day on which it begins, also
where it ends after midnight.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from service.records.settings import Hours

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
LOOK_DAYS = 400  # further ahead nothing is due: the desk is closed
WARN_SHARE = 0.75  # of the time, after which a clock is amber
DAY = 24 * 60  # minutes


@dataclass(frozen=True, slots=True)
class Opening:
    """Whether people work now, and when that changes, in UTC; None if it never does."""

    is_open: bool
    changes_at: datetime | None = None


def check_hours(hours: Hours | None) -> None:
    """``ValueError`` for a time zone that is not known, and for spans and dates that are none."""
    if hours is None:
        return
    try:
        ZoneInfo(hours.timezone)
    except (OSError, ValueError, KeyError):
        raise ValueError(f"there is no time zone {hours.timezone!r}") from None
    for day, spans in hours.days.items():
        if day not in DAYS:
            raise ValueError(f"{day!r} is no day; known: {', '.join(DAYS)}")
        ends = [_span(text) for text in spans]
        if any(later[0] < earlier[1] for earlier, later in pairwise(ends)):
            raise ValueError(f"the hours of {day} overlap or are out of order")
    for day, after in zip(DAYS, (*DAYS[1:], DAYS[0]), strict=True):
        one, two = hours.days.get(day, ()), hours.days.get(after, ())
        if one and two and _span(one[-1])[1] - DAY > _span(two[0])[0]:
            raise ValueError(f"the hours of {day} run into those of {after}")
    for text in hours.closed:
        _date(text)
    if not any(hours.days.values()):
        raise ValueError("the desk is never open")


def due(start: datetime, minutes: float, hours: Hours | None) -> datetime | None:
    """When ``minutes`` of work after ``start`` are over, in UTC; none if the desk never opens."""
    if hours is None:
        return start + timedelta(minutes=minutes)
    left = timedelta(minutes=minutes)
    for opens, closes in _open(start, hours):
        if opens + left <= closes:
            return opens + left
        left -= closes - opens
    return None


def is_open(at: datetime, hours: Hours | None) -> bool:
    """Whether people work at that moment; cheaper than to say until when."""
    first = None if hours is None else next(_open(at, hours), None)
    return hours is None or (first is not None and first[0] <= at)


def worked(start: datetime, end: datetime, hours: Hours | None) -> float:
    """Seconds of business hours between two moments."""
    if hours is None:
        return (end - start).total_seconds()
    seconds = 0.0
    for opens, closes in _open(start, hours):
        if opens >= end:
            break
        seconds += (min(closes, end) - opens).total_seconds()
    return seconds


def opening(now: datetime, hours: Hours | None) -> Opening:
    """Whether people work at ``now``; spans that meet, at midnight say, are one."""
    if hours is None or _never_closes(hours):
        return Opening(True)
    works, until = False, now
    for opens, closes in _open(now, hours):
        if opens > until:
            return Opening(works, until if works else opens)
        works, until = True, closes
    # Open to the end of what is looked at: it never closes.
    never = until - now > timedelta(days=LOOK_DAYS - 2)
    return Opening(works, until if works and not never else None)


def _never_closes(hours: Hours) -> bool:
    """Whether the week has no gap and no day is left out, which saves looking far ahead."""
    week = [
        (at * DAY + start, at * DAY + end)
        for at, day in enumerate(DAYS)
        for start, end in map(_span, hours.days.get(day, ()))
    ]
    if hours.closed or not week:
        return False
    again = (week[0][0] + 7 * DAY, week[0][1] + 7 * DAY)
    return all(later[0] <= earlier[1] for earlier, later in pairwise([*week, again]))


def _open(start: datetime, hours: Hours) -> Iterator[tuple[datetime, datetime]]:
    """The spans in which people work from ``start`` on, in UTC: a night of daylight saving may be
    an hour shorter than its clock says."""
    zone = ZoneInfo(hours.timezone)
    day = start.astimezone(zone).date() - timedelta(days=1)  # whose last span may go on
    for _ in range(LOOK_DAYS + 1):
        if day.isoformat() not in hours.closed:
            for text in hours.days.get(DAYS[day.weekday()], ()):
                opens, closes = (_moment(day, minute, zone) for minute in _span(text))
                if closes > max(opens, start):  # what is skipped in spring may end before it begins
                    yield max(opens, start), closes
        day += timedelta(days=1)


def _moment(day: date, minute: int, zone: ZoneInfo) -> datetime:
    whole_day, rest = divmod(minute, DAY)
    at = datetime.combine(day + timedelta(days=whole_day), time(rest // 60, rest % 60), zone)
    return at.astimezone(UTC)


def _date(text: str) -> None:
    """``ValueError`` for what is none as `_open` looks for it: 20261225 would be passed over."""
    try:
        is_date = date.fromisoformat(text).isoformat() == text
    except ValueError:
        is_date = False
    if not is_date:
        raise ValueError(f"{text!r} is no date such as 2026-12-25")


def _span(text: str) -> tuple[int, int]:
    """Minutes of the day; "24:00" is its end, and an end before the start is on the next day."""
    try:
        (hour, minute), (end_hour, end_minute) = (
            [int(part) for part in side.strip().split(":")] for side in text.split("-")
        )
    except ValueError:
        raise ValueError(f"{text!r} is no span of hours such as 09:00-17:30") from None
    start, end = 60 * hour + minute, 60 * end_hour + end_minute
    is_time = 0 <= start < DAY and 0 <= end <= DAY
    if not is_time or start == end or not (0 <= minute < 60 and 0 <= end_minute < 60):
        raise ValueError(f"{text!r} is no span of hours such as 09:00-17:30")
    return start, end + (DAY if end < start else 0)
