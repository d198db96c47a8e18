"""What a customer who waits for a person may expect: how soon, in which place, or from when on.

Pure: everything follows from what the desk did lately, its hours and the time. Used by the web,
which tells it to the widget. It rather says nothing than something that it cannot stand by: a time
only in business hours, with somebody there, and after enough tickets like this one
(docs/inbox.md#what-customers-are-told).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import median
from zoneinfo import ZoneInfo

from service.records import (
    PRIORITIES,
    ContactForm,
    Expectation,
    FirstWait,
    Hours,
    Lately,
    Queued,
)
from service.sla import Opening, is_open, opening

LOOK_BACK = "14d"
AWAY = timedelta(minutes=15)  # a console that is open is heard of every five
LIKE_HOURS = 2  # of the day, before and after
LEAST = 8  # tickets that were answered, without which nothing is said
USUALLY = 0.75  # of the customers had their reply by then
TODAY = timedelta(hours=3)
LEAST_TODAY = 5
LEAST_GAPS = 5
SHORT_QUEUE = 5  # places that are told
ROUND_TO = (2, 5, 10, 15, 20, 30, 45, 60, 120, 180, 240, 360, 480, 1440)  # minutes


@dataclass(frozen=True, slots=True)
class Outlook:
    """What follows for everybody who waits at one moment: ``usual`` is in how many seconds a reply
    usually comes, None when that cannot be said, ``pace`` how many are between two."""

    opening: Opening
    is_there: bool
    usual: float | None
    pace: float
    form: ContactForm


def outlook(lately: Lately, at: datetime) -> Outlook:
    """What the desk did lately says of now."""
    hours, form = lately.hours, lately.contact_form
    is_there = lately.seen_at is not None and at - _time(lately.seen_at) <= AWAY
    now = opening(at, hours)
    if not (now.is_open and is_there):
        return Outlook(now, is_there, None, 0.0, form)
    return Outlook(now, is_there, _usual(lately.waits, hours, at), pace(lately.waits), form)


def places(queue: Sequence[Queued]) -> dict[str, tuple[Queued, int]]:
    """Whoever waits, by conversation, with how many come first: the more urgent, and of those who
    are as urgent whoever waits longer, as in the inbox. What is put off keeps nobody waiting."""
    waiting = [one for one in queue if one.since and not one.put_off]
    waiting.sort(key=lambda one: (-PRIORITIES.index(one.priority), one.since or ""))
    before = {one.conversation_id: at for at, one in enumerate(waiting)}
    return {one.conversation_id: (one, before.get(one.conversation_id, 0)) for one in queue}


def expectation(own: Queued, before: int, ahead: Outlook, at: datetime) -> Expectation:
    """For a customer with so many before him."""
    changes_at, form = ahead.opening.changes_at, ahead.form
    if not ahead.opening.is_open:
        opens_at = _text(changes_at) if changes_at else None
        return Expectation("closed", opens_at=opens_at, form=form != "never", contact=own.contact)
    if not ahead.is_there:
        return Expectation("away", form=form == "away", contact=own.contact)
    is_queued = own.since is not None and not own.put_off
    within = _within(own, before, ahead, at) if is_queued else None
    late = within is not None and at - _time(own.since or "") > timedelta(minutes=within)
    place = before + 1 if is_queued and before < SHORT_QUEUE else None
    return Expectation("open", place=place, within=within, late=late, contact=own.contact)


def _within(own: Queued, before: int, ahead: Outlook, at: datetime) -> int | None:
    """Minutes since he asked within which a reply usually comes, rounded up; none when that cannot
    be said, and when the desk closes before."""
    if ahead.usual is None or own.since is None:
        return None
    seconds = max(ahead.usual, (before + 1) * ahead.pace if before else 0)
    minutes = next((step for step in ROUND_TO if 60 * step >= seconds), None)
    if minutes is None:
        return None
    closes = ahead.opening.changes_at
    ends = max(at, _time(own.since) + timedelta(minutes=minutes))
    return None if closes and ends > closes else minutes


def _usual(waits: Sequence[FirstWait], hours: Hours | None, at: datetime) -> float | None:
    """Seconds within which a reply usually came; on a slow day, within which it comes today."""
    like = _like(waits, hours, at)
    usual = quantile(like, USUALLY)
    if usual is None:
        return None
    today = [wait for wait in waits if at - _time(wait.asked_at) <= TODAY]
    late = sum(wait.seconds > usual for wait in today)
    if len(today) >= LEAST_TODAY and 2 * late > len(today):
        slow = quantile(today, USUALLY)  # None: so slow that nobody knows
        return slow and max(usual, slow)
    return usual


def _like(waits: Sequence[FirstWait], hours: Hours | None, at: datetime) -> list[FirstWait]:
    """Tickets that came in business hours, at this time of the day if these are enough; without
    enough that were answered, none."""
    zone = ZoneInfo(hours.timezone) if hours else at.tzinfo
    came = [wait for wait in waits if is_open(_time(wait.asked_at), hours)]
    now = at.astimezone(zone).hour
    near = [w for w in came if _apart(_time(w.asked_at).astimezone(zone).hour, now) <= LIKE_HOURS]
    enough = (some for some in (near, came) if sum(w.answered for w in some) >= LEAST)
    return next(enough, [])


def _apart(one: int, two: int) -> int:
    """Hours between two hours of the day, round the clock."""
    return min((one - two) % 24, (two - one) % 24)


def quantile(waits: Sequence[FirstWait], share: float) -> float | None:
    """Seconds after which ``share`` had their reply, counting who still waits: the estimator of
    Kaplan and Meier (1958). None when so many never had one yet."""
    left, waiting = len(waits), 1.0
    for wait in sorted(waits, key=lambda one: (one.seconds, not one.answered)):
        if wait.answered:
            waiting *= 1 - 1 / left
            if waiting <= 1 - share + 1e-9:
                return wait.seconds
        left -= 1
    return None


def pace(waits: Sequence[FirstWait]) -> float:
    """Seconds from one first reply to the next while somebody waited for it; 0 when too few."""
    replied = [
        (_time(wait.asked_at) + timedelta(seconds=wait.seconds), _time(wait.asked_at))
        for wait in waits
        if wait.answered
    ]
    gaps = [
        (after - before).total_seconds()
        for (before, _), (after, asked) in pairwise(sorted(replied))
        if asked <= before
    ]
    return median(gaps) if len(gaps) >= LEAST_GAPS else 0.0


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
