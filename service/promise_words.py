"""What promises and business hours come to, in words that whoever sets them can check.

Pure; used by the console's page of promises. Times are those of the desk's own clock on the wall.
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from service.records.settings import Hours, Sla
from service.records.words import PRIORITIES
from service.sla import DAYS, due, opening

BEFORE_CLOSING = timedelta(minutes=10)  # a ticket that comes then shows most
LOOK = timedelta(days=8)
SOON = timedelta(days=6)  # within which the name of a day is enough


def now_words(hours: Hours | None, now: datetime) -> str:
    """ "Open now, until 17:00." and the like."""
    if hours is None:
        return "Open round the clock."
    state = opening(now, hours)
    if state.changes_at is None:
        return "Open round the clock." if state.is_open else "Closed, and never open again."
    until = moment_words(state.changes_at, hours, now)
    return f"Open now, until {until}." if state.is_open else f"Closed now, until {until}."


def examples(sla: Sla | None, hours: Hours | None, now: datetime) -> list[str]:
    """For each priority that something is promised of, by when a ticket would have it that comes
    just before the desk's longest pause in the days to come."""
    if sla is None:
        return []
    comes = _before_pause(hours, now)
    told = []
    for priority in reversed(PRIORITIES):
        ends = {
            "answered": sla.first_reply.get(priority),
            "resolved": sla.resolution.get(priority),
        }
        words = [
            f"{deed} by {moment_words(by, hours, comes)}"
            for deed, minutes in ends.items()
            if minutes and (by := due(comes, minutes, hours))
        ]
        if words:
            at = moment_words(comes, hours, now, always_day=True)
            told.append(
                f"{_article(priority)} ticket that comes on {at} must be {' and '.join(words)}."
            )
    return told


def moment_words(
    at: datetime, hours: Hours | None, now: datetime, *, always_day: bool = False
) -> str:
    """ "17:00" today, "Monday 09:00" this week, "Monday 28 December 09:00" later."""
    zone = ZoneInfo(hours.timezone) if hours else UTC
    there, here = at.astimezone(zone), now.astimezone(zone)
    clock = f"{there:%H:%M}"
    if there.date() == here.date() and not always_day:
        return clock
    day = DAYS[there.weekday()].title()
    return f"{day} {clock}" if at - now < SOON else f"{day} {there.day} {there:%B} {clock}"


def _before_pause(hours: Hours | None, now: datetime) -> datetime:
    """Ten minutes before the desk closes for longest; now where it never closes."""
    longest, comes, at = timedelta(0), now, now
    while at - now < LOOK:
        state = opening(at, hours)
        if state.changes_at is None:
            break
        following = opening(state.changes_at, hours).changes_at
        if state.is_open and following and following - state.changes_at > longest:
            longest, comes = following - state.changes_at, state.changes_at - BEFORE_CLOSING
        at = state.changes_at
    return comes


def _article(priority: str) -> str:
    return f"An {priority}" if priority == "urgent" else f"A {priority}"
