"""How urgent a ticket is by now, and when that next changes: mood, waiting time and the policy.

Pure and deterministic: the same ticket at the same moment has the same priority. The store calls it
whenever a ticket changes, and when the clock reaches what it said to look at next. Waiting only
raises what was read; an answer takes that back.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from service.records.settings import Hours, Sla
from service.records.tickets import Raised, Ticket
from service.records.words import PRIORITIES, Priority, TicketStatus
from service.sla import WARN_SHARE, due

NEGATIVE_WAIT = timedelta(minutes=10)  # who is upset and waits so long is urgent
LONG_WAIT = timedelta(hours=1)  # the inbox shows such a wait as late
Clock = tuple[str | None, str | None]  # when it turns amber, and when it is over
NO_CLOCK: Clock = (None, None)
UNTIL_CUSTOMER = "9999-12-31T23:59:59.999Z"  # put off until the customer writes


@dataclass(frozen=True, slots=True)
class Waiting:
    """What of a ticket the rules go by."""

    status: TicketStatus
    base: Priority
    sentiment: str | None
    opened_at: str
    unanswered_since: str | None
    replied: bool
    snoozed_until: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    """What follows. ``look_at`` is when something changes without anybody doing anything."""

    priority: Priority
    raised: Raised | None = None
    reply_warn_at: str | None = None
    reply_due_at: str | None = None
    resolve_warn_at: str | None = None
    resolve_due_at: str | None = None
    look_at: str | None = None


def standing(ticket: Waiting, sla: Sla | None, hours: Hours | None, now: str) -> Standing:
    """How a ticket stands at ``now``."""
    if ticket.status not in ("open", "claimed"):
        return Standing(ticket.base)
    reply = resolve = NO_CLOCK
    if sla is not None:
        promised = sla.next_reply if ticket.replied else sla.first_reply
        reply = _clock(ticket.unanswered_since, promised.get(ticket.base), hours)
        resolve = _clock(ticket.opened_at, sla.resolution.get(ticket.base), hours)
    steps: list[tuple[str, Priority, Raised]] = []
    for warn_at, due_at in (reply, resolve):
        steps += [(due_at, "urgent", "overdue")] if due_at else []
        steps += [(warn_at, "high", "due")] if warn_at else []
    if ticket.unanswered_since:
        if ticket.sentiment == "negative":
            steps.append((_after(ticket.unanswered_since, NEGATIVE_WAIT), "urgent", "negative"))
        steps.append((_after(ticket.unanswered_since, LONG_WAIT), "high", "waiting"))
    if ticket.snoozed_until and ticket.snoozed_until > now:
        woken = ticket.snoozed_until
        return Standing(
            ticket.base, None, *reply, *resolve, None if woken == UNTIL_CUSTOMER else woken
        )
    priority, raised = ticket.base, None
    for at, higher, why in steps:
        if at <= now and PRIORITIES.index(higher) > PRIORITIES.index(priority):
            priority, raised = higher, why
    ahead = [at for at, _, _ in steps if at > now]
    return Standing(priority, raised, *reply, *resolve, min(ahead, default=None))


def priority_words(ticket: Ticket, reason: str, now: str) -> str:
    """The priority with its reason, as people say it: "urgent: negative and waiting 12 min"."""
    waits = ticket.unanswered_since if ticket.status in ("open", "claimed") else None
    waiting = f"waiting {span(waits, now)}" if waits and span(waits, now) else ""
    told = ""
    if ticket.raised in ("due", "overdue"):
        told = _clock_words(ticket, now)
    elif ticket.raised == "negative" or (ticket.priority == "urgent" and _upset(ticket)):
        told = "negative"
    elif ticket.raised is None:
        told = reason
    parts = [part for part in (told, waiting) if part]
    joined = (", " if told == reason else " and ").join(parts)
    return f"{ticket.priority}: {joined}" if joined else ticket.priority


def span(since: str, until: str) -> str:
    """ "12 min", "1 h 05", "3 d"; nothing for less than a minute."""
    seconds = max(0, int((_time(until) - _time(since)).total_seconds()))
    if seconds < 60:
        return ""
    if seconds < 3600:
        return f"{seconds // 60} min"
    if seconds < 24 * 3600:
        return f"{seconds // 3600} h {seconds % 3600 // 60:02d}"
    return f"{seconds // (24 * 3600)} d"


def _upset(ticket: Ticket) -> bool:
    return ticket.sentiment == "negative"


def _clock_words(ticket: Ticket, now: str) -> str:
    clocks = [(ticket.reply_due_at, "a reply"), (ticket.resolve_due_at, "the resolution")]
    due_at, what = min((at, name) for at, name in clocks if at)
    if due_at <= now:
        return f"{what} is {span(due_at, now) or 'just'} overdue"
    return f"{what} is due in {span(now, due_at) or 'a moment'}"


def _clock(start: str | None, minutes: int | None, hours: Hours | None) -> Clock:
    if start is None or minutes is None:
        return NO_CLOCK
    begun = _time(start)
    ends = due(begun, minutes, hours)
    warns = due(begun, WARN_SHARE * minutes, hours)
    return (_text(warns) if warns else None), (_text(ends) if ends else None)


def _after(at: str, wait: timedelta) -> str:
    return _text(_time(at) + wait)


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
