"""What waiting customers are told: the estimate, the queue, opening hours, and when nothing is."""

from datetime import UTC, datetime, timedelta

import pytest

from service.expecting import expectation, outlook, pace, places, quantile
from service.records.settings import Hours
from service.records.waiting import Expectation, FirstWait, Lately, Queued
from service.records.words import ContactForm, Priority
from service.sla import Opening, check_hours, due, is_open, opening, worked

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)  # a Tuesday
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")
WEEK = (*DAYS, "saturday", "sunday")
NINE_TO_FIVE = Hours("UTC", dict.fromkeys(DAYS, ("09:00-17:00",)))


def text(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def wait(ago: timedelta, minutes: float, answered: bool = True) -> FirstWait:
    return FirstWait(text(NOON - ago), 60 * minutes, answered)


def days(*minutes: float) -> list[FirstWait]:
    """A ticket a day at this time, the latest yesterday."""
    return [wait(timedelta(days=1 + n), taken) for n, taken in enumerate(minutes)]


def queued(name: str, since: int, priority: Priority = "normal", off: bool = False) -> Queued:
    return Queued(name, priority, text(NOON - timedelta(minutes=since)), off, None)


def told(
    waits: list[FirstWait],
    queue: list[Queued] | None = None,
    *,
    hours: Hours | None = None,
    seen: timedelta | None = timedelta(0),
    at: datetime = NOON,
) -> Expectation:
    lately = Lately(tuple(waits), None if seen is None else text(at - seen), hours)
    queue = [queued("cnv_mia", 0)] if queue is None else queue
    return expectation(*places(queue)["cnv_mia"], outlook(lately, at), at)


USUAL = days(*[3, 4, 5, 5, 6, 8, 9, 40])


def test_three_of_four_customers_had_their_reply_by_then() -> None:
    assert told(USUAL).within == 10
    assert told(days(*[61] * 8)).within == 120  # rounded up, never down


def test_too_little_to_go_by_says_nothing() -> None:
    found = told(USUAL[:7])
    assert (found.state, found.within, found.place) == ("open", None, 1)
    unanswered = [wait(timedelta(days=1), 60 * 24, answered=False)] * 5
    assert told([*USUAL[:7], *unanswered]).within is None


def test_who_never_had_a_reply_counts_as_still_waiting() -> None:
    forgotten = [wait(timedelta(days=2), 2880, answered=False)] * 2
    assert told([*USUAL, *forgotten]).within == 45
    assert told([*USUAL, *forgotten * 3]).within is None


def test_estimator_of_kaplan_and_meier_by_hand() -> None:
    waits = [wait(timedelta(0), m, a) for m, a in ((1, True), (2, False), (3, True), (4, True))]
    assert quantile(waits, 0.25) == 60
    assert quantile(waits, 0.5) == 180  # 3/4 * 1/2 = 0.375 still wait
    assert quantile(waits, 0.75) == 240
    assert quantile(waits[:2], 0.75) is None
    assert quantile([], 0.5) is None


def test_only_tickets_of_business_hours_count_and_of_this_time_of_day_first() -> None:
    night = [wait(timedelta(days=n, hours=9), 500) for n in range(1, 12)]  # came at three at night
    assert told([*USUAL, *night], hours=NINE_TO_FIVE).within is None  # two of USUAL were Sundays'
    week = [wait(timedelta(days=n), 8) for n in (1, 4, 5, 6, 7, 8, 11, 12)]
    assert told([*week, *night], hours=NINE_TO_FIVE).within == 10
    mornings = [wait(timedelta(days=n, hours=3), 100) for n in (1, 4, 5, 6, 7, 8, 11, 12)]
    assert told([*week, *mornings], hours=NINE_TO_FIVE).within == 10
    assert told(mornings, hours=NINE_TO_FIVE).within == 120  # better than nothing


def test_a_slow_day_is_told_as_it_is() -> None:
    busy = [wait(timedelta(minutes=170 - n), 50) for n in range(6)]
    assert told([*USUAL, *busy]).within == 60
    stuck = [wait(timedelta(minutes=90 - n), 90 - n, answered=False) for n in range(6)]
    assert told([*USUAL, *stuck]).within is None
    fresh = [wait(timedelta(minutes=n), n, answered=False) for n in range(6)]
    assert told([*USUAL, *fresh]).within == 10  # nobody waits longer than usual yet


def test_who_is_more_urgent_or_waits_longer_comes_first() -> None:
    queue = [
        queued("cnv_a", 9),
        queued("cnv_mia", 5),
        queued("cnv_b", 1),
        queued("cnv_c", 1, "urgent"),
        queued("cnv_d", 99, "low"),
        queued("cnv_e", 50, off=True),
    ]
    assert told(USUAL, queue).place == 3
    assert told(USUAL, [queued("cnv_mia", 1, off=True)]).place is None
    long = [queued(f"cnv_{n}", 20 + n) for n in range(5)]
    assert told(USUAL, [*long, queued("cnv_mia", 5)]).place is None


def test_a_queue_takes_its_time() -> None:
    """Six tickets came at once a week ago, and one was answered every eight minutes."""
    rush = [wait(timedelta(days=7, minutes=1), 8 * n) for n in range(1, 7)]
    assert pace(rush) == 8 * 60
    queue = [*(queued(f"cnv_{n}", 5) for n in range(4)), queued("cnv_mia", 0)]
    assert told([*days(*[3] * 30), *rush], queue).within == 45
    assert told([*days(*[3] * 30)], queue).within == 5  # no rush was seen


def test_who_waits_longer_than_was_told_hears_so() -> None:
    assert told(USUAL, [queued("cnv_mia", 9)]).late is False
    assert told(USUAL, [queued("cnv_mia", 11)]).late is True


def test_a_queue_that_moves_as_was_said_makes_nobody_late() -> None:
    rush = [wait(timedelta(days=7, minutes=1), 8 * n) for n in range(1, 7)]
    waits = [*days(*[3] * 30), *rush]
    now = outlook(Lately(tuple(waits), text(NOON)), NOON)
    for waited, before in ((0, 4), (8, 3), (16, 2), (24, 1)):  # by a process that told him nothing
        found = expectation(queued("cnv_mia", waited), before, now, NOON)
        assert (found.within, found.late) == (45, False)
    for waited, late in ((40, False), (46, True)):
        found = expectation(queued("cnv_mia", waited), 0, now, NOON, told=45)
        assert (found.within, found.late) == (45, late)


def test_nobody_waits_while_the_desk_is_closed() -> None:
    """Who asked at night is not late in the morning, nor do nights make a day slow."""
    week = [wait(timedelta(days=n, hours=2.5), 8) for n in (1, 4, 5, 6, 7, 8, 11, 12)]
    open_at = NOON.replace(hour=9)
    asked = Queued("cnv_mia", "normal", text(open_at - timedelta(hours=2)), False, None)
    at_night = [
        FirstWait(text(open_at - timedelta(hours=2, minutes=n)), 7200, False) for n in range(6)
    ]
    for minutes, late in ((1, False), (10, False), (11, True)):
        now = open_at + timedelta(minutes=minutes)
        found = told([*week, *at_night], [asked], hours=NINE_TO_FIVE, at=now)
        assert (found.within, found.late) == (10, late)


def test_the_queue_takes_business_hours() -> None:
    rush = [wait(timedelta(days=7, minutes=1), 8 * n) for n in range(1, 7)]
    days_ago = (1, 4, 5, 6, 7, 8, 11, 12)
    week = [wait(timedelta(days=n, minutes=m), 3) for n in days_ago for m in (30, 60, 90)]
    asked = Queued("cnv_mia", "normal", text(NOON - timedelta(hours=5)), False, None)  # at seven
    first = Queued("cnv_a", "normal", text(NOON - timedelta(hours=6)), False, None)
    at = NOON.replace(hour=9, minute=4)
    found = told([*week, *rush], [asked, first], hours=NINE_TO_FIVE, at=at)
    assert (found.place, found.within) == (2, 20)  # 4 minutes, and twice 8


def test_nobody_there_is_not_within_minutes() -> None:
    for seen in (None, timedelta(minutes=16)):
        found = told(USUAL, seen=seen)
        assert (found.state, found.within, found.place) == ("away", None, None)
    assert told(USUAL, seen=timedelta(minutes=14)).state == "open"


def test_closed_tells_when_it_opens_and_close_to_the_end_no_minutes() -> None:
    evening = NOON + timedelta(hours=6)
    found = told(USUAL, hours=NINE_TO_FIVE, at=evening)
    assert (found.state, found.opens_at) == ("closed", "2026-11-25T09:00:00.000Z")
    week = [wait(timedelta(days=n), 9) for n in (1, 4, 5, 6, 7, 8, 11, 12)]
    late = NOON.replace(hour=16, minute=55)
    queue = [Queued("cnv_mia", "normal", text(late), False, None)]
    found = told(week, queue, hours=NINE_TO_FIVE, at=late)
    assert (found.state, found.within) == ("open", None)


@pytest.mark.parametrize(
    ("form", "offered"), [("closed", (True, False)), ("away", (True, True)), ("never", (0, 0))]
)
def test_the_form_is_offered_as_configured(form: ContactForm, offered: tuple[bool, bool]) -> None:
    seen = text(NOON - timedelta(hours=1))
    hours = (Hours("UTC", {"sunday": ("09:00-10:00",)}), None)
    nows = [outlook(Lately((), seen, each, form), NOON) for each in hours]
    found = [expectation(queued("cnv_mia", 0), 0, now, NOON) for now in nows]
    assert tuple(one.form for one in found) == offered


# --- opening hours -------------------------------------------------------------------------------

AT = datetime.fromisoformat
BERLIN = Hours(
    "Europe/Berlin", dict.fromkeys(DAYS, ("09:00-12:00", "13:00-17:00")), ("2026-12-25",)
)
NIGHT = Hours("Europe/Berlin", {"friday": ("22:00-06:00",), "saturday": ("20:00-24:00",),
    "sunday": ("00:00-02:00",)})  # fmt: skip


@pytest.mark.parametrize(
    ("hours", "now", "open_now", "changes_at"),
    [
        (BERLIN, "2026-11-24T08:30:00Z", True, "2026-11-24T11:00:00Z"),
        (BERLIN, "2026-11-24T11:30:00Z", False, "2026-11-24T12:00:00Z"),
        (BERLIN, "2026-11-27T17:00:00Z", False, "2026-11-30T08:00:00Z"),  # the weekend
        (BERLIN, "2026-12-24T17:00:00Z", False, "2026-12-28T08:00:00Z"),  # a holiday before it
        # Summer time ends on 25 October, and begins on 28 March: the clock on the wall counts.
        (BERLIN, "2026-10-23T16:00:00Z", False, "2026-10-26T08:00:00Z"),
        (BERLIN, "2027-03-26T17:00:00Z", False, "2027-03-29T07:00:00Z"),
        (NIGHT, "2026-11-27T20:59:00Z", False, "2026-11-27T21:00:00Z"),
        (NIGHT, "2026-11-28T04:00:00Z", True, "2026-11-28T05:00:00Z"),  # it began on Friday
        (NIGHT, "2026-11-28T20:00:00Z", True, "2026-11-29T01:00:00Z"),  # spans that meet are one
        (None, "2026-11-28T20:00:00Z", True, None),
        (Hours("UTC", dict.fromkeys((*DAYS, "saturday", "sunday"), ("00:00-24:00",))),
            "2026-11-28T20:00:00Z", True, None),
    ],
)  # fmt: skip
def test_open_until_and_closed_until(
    hours: Hours | None, now: str, open_now: bool, changes_at: str | None
) -> None:
    check_hours(hours)
    assert opening(AT(now), hours) == Opening(open_now, AT(changes_at) if changes_at else None)
    assert is_open(AT(now), hours) == open_now


def test_who_works_round_the_clock_is_closed_on_holidays_only() -> None:
    always: dict[str, tuple[str, ...]] = dict.fromkeys(WEEK, ("00:00-24:00",))
    always |= {"friday": ("00:00-22:00", "22:00-06:00"), "saturday": ("06:00-24:00",)}
    assert opening(NOON, Hours("UTC", always)) == Opening(True)
    eve = Hours("UTC", always, ("2026-12-24",))
    assert opening(NOON, eve) == Opening(True, AT("2026-12-24T00:00:00Z"))
    gap = Hours("UTC", {**always, "monday": ("00:01-24:00",)})
    assert opening(NOON, gap) == Opening(True, AT("2026-11-30T00:00:00Z"))


def test_time_that_was_worked_is_of_business_hours() -> None:
    friday = AT("2026-11-27T16:30:00Z")
    assert worked(friday, AT("2026-11-30T09:10:00Z"), NINE_TO_FIVE) == 40 * 60
    assert worked(friday, AT("2026-11-27T16:31:00Z"), NINE_TO_FIVE) == 60
    assert worked(friday, AT("2026-11-27T16:31:00Z"), None) == 60


@pytest.mark.parametrize("date", ["20261225", "2026-W52-5", "2026-13-01", "Christmas"])
def test_a_holiday_in_another_spelling_is_refused(date: str) -> None:
    with pytest.raises(ValueError, match="is no date such as 2026-12-25"):
        check_hours(Hours("UTC", NINE_TO_FIVE.days, (date,)))


def test_a_night_shift_is_an_hour_longer_when_summer_time_ends() -> None:
    nightly = Hours("Europe/Berlin", {"saturday": ("22:00-06:00",)})
    start = AT("2026-10-24T20:00:00Z")  # 22:00 in Berlin
    assert due(start, 9 * 60, nightly) == AT("2026-10-25T05:00:00Z")
    spring = AT("2027-03-27T21:00:00Z")
    assert due(spring, 7 * 60, nightly) == AT("2027-03-28T04:00:00Z")


@pytest.mark.parametrize(
    ("days_", "told_"),
    [
        ({"monday": ("09:00-09:00",)}, "no span"),
        ({"monday": ("24:00-25:00",)}, "no span"),
        ({"monday": ("22:00-06:00", "23:00-23:30")}, "overlap"),
        ({"sunday": ("22:00-06:00",), "monday": ("05:00-09:00",)}, "sunday run into"),
        ({"monday": ()}, "never open"),
    ],
)
def test_hours_that_make_no_sense_are_refused(
    days_: dict[str, tuple[str, ...]], told_: str
) -> None:
    with pytest.raises(ValueError, match=told_):
        check_hours(Hours("UTC", days_))
