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

from service.records.settings import Hours
from service.records.waiting import Expectation, FirstWait, Lately, Queued
from service.records.words import PRIORITIES, ContactForm
from service.sla import Opening, due, is_open, opening, worked

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
    usually comes, None when that cannot be said, ``pace`` how many are between two. Both are of
    business hours, and so is a customer's wait: nobody waits while the desk is closed."""

    opening: Opening
    is_there: bool
    usual: float | None
    pace: float
    form: ContactForm
    hours: Hours | None = None


def outlook(lately: Lately, at: datetime) -> Outlook:
    """What the desk did lately says of now."""
    hours, form = lately.hours, lately.contact_form
    is_there = lately.seen_at is not None and at - _time(lately.seen_at) <= AWAY
    now = opening(at, hours)
    if not (now.is_open and is_there):
        return Outlook(now, is_there, None, 0.0, form, hours)
    usual = _usual(lately.waits, hours, at)
    return Outlook(now, is_there, usual, pace(lately.waits), form, hours)


def places(queue: Sequence[Queued]) -> dict[str, tuple[Queued, int]]:
    """Whoever waits, by conversation, with how many come first: the more urgent, and of those who
    are as urgent whoever waits longer, as in the inbox. What is put off keeps nobody waiting."""
    waiting = [one for one in queue if one.since and not one.put_off]
    waiting.sort(key=lambda one: (-PRIORITIES.index(one.priority), one.since or ""))
    before = {one.conversation_id: at for at, one in enumerate(waiting)}
    return {one.conversation_id: (one, before.get(one.conversation_id, 0)) for one in queue}


def expectation(
    own: Queued, before: int, ahead: Outlook, at: datetime, told: int | None = None
) -> Expectation:
    """For a customer with so many before him; ``told`` is the ``within`` that he was told first."""
    changes_at, form = ahead.opening.changes_at, ahead.form
    if not ahead.opening.is_open:
        opens_at = _text(changes_at) if changes_at else None
        return Expectation("closed", opens_at=opens_at, form=form != "never", contact=own.contact)
    if not ahead.is_there:
        return Expectation("away", form=form == "away", contact=own.contact)
    is_queued = own.since is not None and not own.put_off
    within, late = None, False
    if is_queued and own.since is not None and ahead.usual is not None:
        since = _time(own.since)
        within = told or _within(since, before, ahead, at)
        ends = due(since, within, ahead.hours) if within else None
        late = ends is not None and at > ends
        if ends is None or (changes_at and ends > changes_at):
            within = None  # nothing is promised beyond closing time
    place = before + 1 if is_queued and before < SHORT_QUEUE else None
    return Expectation("open", place=place, within=within, late=late, contact=own.contact)


def _within(since: datetime, before: int, ahead: Outlook, at: datetime) -> int | None:
    """Minutes of business hours since he asked within which a reply usually comes, rounded up; none
    beyond a day. The queue takes its time from now on."""
    seconds = ahead.usual or 0.0
    if before and ahead.pace:
        seconds = max(seconds, worked(since, at, ahead.hours) + (before + 1) * ahead.pace)
    return next((step for step in ROUND_TO if 60 * step >= seconds), None)


def _usual(waits: Sequence[FirstWait], hours: Hours | None, at: datetime) -> float | None:
    """Seconds within which a reply usually came; on a slow day, within which it comes today."""
    came = [wait for wait in waits if is_open(_time(wait.asked_at), hours)]
    usual = quantile(_like(came, hours, at), USUALLY)
    if usual is None:
        return None
    today = [wait for wait in came if at - _time(wait.asked_at) <= TODAY]
    late = sum(wait.seconds > usual for wait in today)
    if len(today) >= LEAST_TODAY and 2 * late > len(today):
        slow = quantile(today, USUALLY)  # None: so slow that nobody knows
        return slow and max(usual, slow)
    return usual


def _like(came: Sequence[FirstWait], hours: Hours | None, at: datetime) -> Sequence[FirstWait]:
    """Of tickets that came in business hours, those of this time of the day if they are enough;
    without enough that were answered, none."""
    zone = ZoneInfo(hours.timezone) if hours else at.tzinfo
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
