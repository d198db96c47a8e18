"""What waiting, mood and promises make of a priority, and when; business hours; words for it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from service.inbox_query import InboxQuery, Term, parse_query
from service.records.settings import Hours, Sla
from service.records.tickets import Ticket
from service.sla import DAYS, check_hours, due
from service.urgency import UNTIL_CUSTOMER, Waiting, priority_words, standing

START = "2026-03-02T12:00:00.000Z"


def at(minutes: int) -> str:
    return f"2026-03-02T{12 + minutes // 60:02d}:{minutes % 60:02d}:00.000Z"


CALM = Waiting("open", "normal", "neutral", START, START, False, None)
UPSET = replace(CALM, sentiment="negative")
PROMISED = Sla({"normal": 40, "high": 20}, {"normal": 8}, {"normal": 200})


@pytest.mark.parametrize(
    ("ticket", "minutes", "sla", "priority", "raised", "look"),
    [
        (CALM, 0, None, "normal", None, 60),
        (CALM, 60, None, "high", "waiting", None),
        (UPSET, 9, None, "normal", None, 10),
        (UPSET, 10, None, "urgent", "negative", 60),
        (replace(UPSET, base="urgent"), 30, None, "urgent", None, 60),
        (replace(CALM, base="low"), 61, None, "high", "waiting", None),
        (replace(CALM, base="high"), 61, None, "high", None, None),
        (replace(UPSET, unanswered_since=None), 500, None, "normal", None, None),
        (replace(UPSET, status="resolved"), 30, None, "normal", None, None),
        (CALM, 29, PROMISED, "normal", None, 30),
        (CALM, 30, PROMISED, "high", "due", 40),
        (CALM, 40, PROMISED, "urgent", "overdue", 60),
        (replace(CALM, replied=True), 6, PROMISED, "high", "due", 8),
        (replace(CALM, base="low"), 50, PROMISED, "low", None, 60),
        (replace(CALM, unanswered_since=None), 150, PROMISED, "high", "due", 200),
        (replace(UPSET, snoozed_until=at(90)), 30, None, "normal", None, 90),
        (replace(UPSET, snoozed_until=UNTIL_CUSTOMER), 30, None, "normal", None, None),
        (replace(UPSET, snoozed_until=at(20)), 30, None, "urgent", "negative", 60),
    ],
)
def test_priority_follows_from_mood_waiting_and_promises(
    ticket: Waiting, minutes: int, sla: Sla | None, priority: str, raised: str, look: int | None
) -> None:
    stands = standing(ticket, sla, None, at(minutes))
    assert (stands.priority, stands.raised) == (priority, raised)
    assert stands.look_at == (None if look is None else at(look))
    assert standing(ticket, sla, None, at(minutes)) == stands


BERLIN = Hours(
    "Europe/Berlin",
    {
        "friday": ("09:00-12:00", "13:00-17:00"),
        "monday": ("09:00-17:00",),
        "sunday": ("00:00-24:00",),
    },
    ("2026-12-25",),
)


@pytest.mark.parametrize(
    ("start", "minutes", "ends"),
    [
        ("2026-03-06T09:00+01:00", 60, "2026-03-06T10:00+01:00"),
        ("2026-03-06T06:00+01:00", 60, "2026-03-06T10:00+01:00"),
        ("2026-03-06T11:30+01:00", 60, "2026-03-06T13:30+01:00"),
        ("2026-03-06T16:30+01:00", 60, "2026-03-08T00:30+01:00"),
        ("2026-12-24T10:00+01:00", 60, "2026-12-27T01:00+01:00"),  # Friday is a holiday
        ("2026-03-29T00:00+01:00", 24 * 60, "2026-03-30T10:00+02:00"),  # a day of 23 hours
    ],
)
def test_promises_run_while_people_work(start: str, minutes: int, ends: str) -> None:
    found = due(datetime.fromisoformat(start).astimezone(UTC), minutes, BERLIN)
    assert found == datetime.fromisoformat(ends)


def test_hours_that_are_skipped_in_spring_take_nothing_away() -> None:
    days = dict.fromkeys(DAYS, ("02:30-03:00", "09:00-10:00"))
    start = datetime(2026, 3, 28, 23, tzinfo=UTC)  # at two o'clock it is three in Berlin
    ends = due(start, 60, Hours("Europe/Berlin", days))
    assert ends == datetime(2026, 3, 29, 8, tzinfo=UTC)


def test_a_desk_that_never_opens_promises_nothing() -> None:
    closed = Hours("UTC", {"monday": ()})
    assert due(datetime(2026, 3, 1, tzinfo=UTC), 5, closed) is None
    with pytest.raises(ValueError, match="never open"):
        check_hours(closed)
    check_hours(BERLIN)


TICKET = Ticket(
    *("t", "c", "open", "high", "asked_for_person", "s", None, "negative", None, None, None),
    *(START, START),
    unanswered_since=START,
)


@pytest.mark.parametrize(
    ("ticket", "words"),
    [
        (
            replace(TICKET, priority="urgent", raised="negative"),
            "urgent: negative and waiting 12 min",
        ),
        (replace(TICKET, priority="urgent"), "urgent: negative and waiting 12 min"),
        (TICKET, "high: they asked, waiting 12 min"),
        (replace(TICKET, raised="waiting"), "high: waiting 12 min"),
        (replace(TICKET, unanswered_since=None), "high: they asked"),
        (
            replace(TICKET, priority="urgent", raised="overdue", reply_due_at=at(9)),
            "urgent: a reply is 3 min overdue and waiting 12 min",
        ),
        (
            replace(TICKET, raised="due", resolve_due_at=at(40)),
            "high: the resolution is due in 28 min and waiting 12 min",
        ),
    ],
)
def test_the_reason_is_told_in_words(ticket: Ticket, words: str) -> None:
    assert priority_words(ticket, "they asked", at(12)) == words


@pytest.mark.parametrize(
    ("text", "words", "terms"),
    [
        ("parcel late", ("parcel", "late"), ()),
        ('"parcel late" now', ("parcel late", "now"), ()),
        ('owner:me label:"big spender"', (), (("owner", "me"), ("tag", "big spender"))),
        ("IS:Overdue x", ("x",), (("is", "overdue"),)),
        ("waiting:>2h", (), (("waiting", "120"),)),
        (
            "re:invoice 12:30 http://x.example owner:",
            ("re:invoice", "12:30", "http://x.example", "owner:"),
            (),
        ),
        ('unclosed "quote here', ("unclosed", "quote here"), ()),
        ("a a a", ("a",), ()),
        ("par\0cel", ("par", "cel"), ()),
    ],
)
def test_a_query_is_words_and_filters(
    text: str, words: tuple[str, ...], terms: tuple[tuple[str, str], ...]
) -> None:
    assert parse_query(text) == InboxQuery(words, tuple(Term(*term) for term in terms))
    assert parse_query("-tag:vip").terms == (Term("tag", "vip", negated=True),)
