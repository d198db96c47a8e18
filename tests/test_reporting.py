"""Reports: the viewer's days and hours, shares, quantiles, and what erasure leaves."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from calls import Caller, start
from conftest import add_person
from drafts import CONTENT, Clock, draft, handoff
from service.errors import InvalidInput
from service.records.conversations import ReplyDraft
from service.records.people import Operator
from service.records.tickets import TicketChange
from service.reporting import before, by_hour, per_time, quantiles, share_within, zone_of
from service.sqlite.store import SqliteStore
from service.store import Store
from test_content_api import API, ok

NO_COUNTS = (0, 0, 0, 0, 0, 0)


def quarters(*times: str) -> list[tuple[Any, ...]]:
    """One message at each of these times (UTC)."""
    return [(time[:13], int(time[14:16]) // 15, 1, *NO_COUNTS) for time in times]


# --- pure ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "weekday", "hour"),
    [
        ("UTC", 5, 23),
        ("Europe/Berlin", 6, 0),
        ("America/New_York", 5, 18),
        ("Asia/Kathmandu", 6, 5),  # + 5:45
        ("Asia/Kolkata", 6, 4),
    ],
)
def test_an_hour_is_the_viewers(zone: str, weekday: int, hour: int) -> None:
    table = by_hour(quarters("2026-02-28T23:20"), zone_of(zone))
    assert table[weekday][hour] == sum(map(sum, table)) == 1


def test_days_are_the_viewers_also_when_clocks_change() -> None:
    """The night of 29 March 2026 has an hour less in Berlin."""
    rows = quarters("2026-03-28T22:59", "2026-03-28T23:00", "2026-03-29T21:59", "2026-03-29T22:00")
    span = "2026-03-27T23:00:00.000Z", "2026-03-30T22:00:00.000Z"
    series = per_time(rows, *span, zone_of("Europe/Berlin"))
    assert series["unit"] == "day"
    turns = {point["at"]: point["turns"] for point in series["points"]}
    assert turns == {"2026-03-28": 1, "2026-03-29": 2, "2026-03-30": 1}


@pytest.mark.parametrize(
    ("since", "until", "unit", "points"),
    [
        ("2026-03-01T10:30:00Z", "2026-03-01T12:10:00Z", "hour", ["T10", "T11", "T12"]),
        ("2026-03-01T10:00:00Z", "2026-03-04T08:00:00Z", "day", ["-01", "-02", "-03", "-04"]),
        ("2026-01-31T10:00:00Z", "2026-06-01T10:00:00Z", "month", ["01", "02", "03", "04", "05"]),
        ("2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z", "hour", []),
    ],
)
def test_points_without_a_message_are_there(
    since: str, until: str, unit: str, points: list[str]
) -> None:
    series = per_time([], since, until, UTC)
    assert series["unit"] == unit
    found = [point["at"] for point in series["points"]]
    assert len(found) >= len(points)
    for name, end in zip(found, points, strict=False):
        assert name.endswith(end)


def test_no_span_makes_endless_points() -> None:
    series = per_time([], "0001-01-01T00:00:00Z", "9999-12-31T00:00:00Z", zone_of("Asia/Tokyo"))
    assert len(series["points"]) <= 1500


@pytest.mark.parametrize("name", ["", "/etc/passwd", "../UTC", "Europe", "Nowhere/Land", "a\0b"])
def test_what_is_no_zone_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput):
        zone_of(name)


def test_quantiles_are_the_middle_and_the_ninth_of_ten() -> None:
    assert quantiles([]) == {"count": 0, "median": None, "p90": None}
    assert quantiles([5]) == {"count": 1, "median": 5, "p90": 5}
    assert quantiles([4, 1, 3, 2]) == {"count": 4, "median": 2.5, "p90": 4}
    assert quantiles(range(1, 101))["p90"] == 90


def test_a_share_comes_with_its_interval() -> None:
    assert share_within(0, 0) == {"count": 0, "of": 0, "share": None, "low": 0.0, "high": 1.0}
    told = share_within(9, 10)
    assert told["low"] < 0.9 < told["high"] < 1


def test_a_span_is_compared_with_whole_days_before() -> None:
    at = datetime(2026, 3, 10, 9, tzinfo=UTC)
    assert before(at.replace(hour=0), at) == (
        datetime(2026, 3, 9, tzinfo=UTC),
        datetime(2026, 3, 9, 9, tzinfo=UTC),
    )
    assert before(datetime(2026, 3, 3, 15, tzinfo=UTC), at)[1].day == 3


# --- out of the store ----------------------------------------------------------------------------


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def own_store(tmp_path: Any, clock: Clock) -> Any:
    store = SqliteStore.open(tmp_path / "own.db", clock=clock)
    store.replace_content(CONTENT)
    yield store
    store.close()


def report(store: Store) -> dict[str, Any]:
    return store.report("2026-03-01", "2026-03-02", UTC)


def test_who_did_what_and_what_was_never_used(own_store: Store, clock: Clock) -> None:
    store = own_store
    ana = add_person(store, "ana@desk.example", "operator")
    add_person(store, "idle@desk.example", "operator")
    conversation = store.create_conversation()[0].id
    ticket = store.record_turn(handoff(conversation)).ticket
    assert ticket
    clock.move(seconds=60)
    reply, _ = store.post_operator_message(ticket.id, ana.id, client_id="r", text="Hello")
    store.record_feedback(conversation, reply.id, helpful=None, rating=4)
    clock.move(seconds=60)
    store.resolve_ticket(ticket.id, ana.id, None)
    other = store.create_conversation()[0].id
    answered = store.record_turn(draft(other, "x")).reply
    assert answered
    store.record_feedback(other, answered.id, helpful=False, rating=None)
    told = report(store)
    (row,) = told["operators"]
    assert row["operator"] == {"id": ana.id, "name": "Ana"}
    assert (row["conversations"], row["replies"], row["resolved"]) == (1, 1, 1)
    assert row["first_response"]["median"] == pytest.approx(60, abs=0.01)
    assert row["ratings"] == {"count": 1, "average": 4.0}
    assert told["templates"] == [{"template": "track", "used": 1, "helpful": 0, "unhelpful": 1}]
    assert told["unused"] == {"templates": ["track_upset"], "intents": []}
    assert told["ratings"]["stars"] == [0, 0, 0, 1, 0]
    assert told["hours"][6][12] == 2


def test_precision_counts_what_was_said_last_of_what_was_answered(own_store: Store) -> None:
    store = own_store
    ana = add_person(store, "ana@desk.example", "operator")
    conversation = store.create_conversation()[0].id
    assert report(store)["precision"]["of"] == 0
    for number, said in enumerate((["track"], ["refund"], ["refund", "track"], [])):
        turn = store.record_turn(draft(conversation, str(number)))
        for intent in said:
            store.correct_message(turn.message.id, ana.id, intent=intent)
    asked = store.record_turn(draft(conversation, "asked", reply=ReplyDraft("?", "ask")))
    store.correct_message(asked.message.id, ana.id, intent="refund")
    assert (report(store)["precision"]["count"], report(store)["precision"]["of"]) == (2, 3)


def test_an_answer_without_a_reading_was_of_no_intent(own_store: Store) -> None:
    store = own_store
    ana = add_person(store, "ana@desk.example", "operator")
    conversation = store.create_conversation()[0].id
    turn = store.record_turn(replace(draft(conversation, "x"), trace=None))
    store.correct_message(turn.message.id, ana.id, intent="track")
    assert (report(store)["precision"]["count"], report(store)["precision"]["of"]) == (0, 1)


def test_a_first_reply_counts_for_who_wrote_it(own_store: Store, clock: Clock) -> None:
    store = own_store
    ana = add_person(store, "ana@desk.example", "operator")
    ben = add_person(store, "ben@desk.example", "operator")
    conversation = store.create_conversation()[0].id
    ticket = store.record_turn(handoff(conversation)).ticket
    assert ticket
    clock.move(seconds=60)
    store.post_operator_message(ticket.id, ana.id, client_id="r", text="Hello")
    store.change_ticket(ticket.id, ana.id, TicketChange("assign", to=ben.id))
    store.resolve_ticket(ticket.id, ben.id, None)
    counted = {
        row["operator"]["name"]: (row["first_response"]["count"], row["resolved"])
        for row in report(store)["operators"]
    }
    assert counted == {"Ana": (1, 0), "Ben": (0, 1)}


def test_a_resolved_ticket_counts_for_who_resolved_it_and_a_merged_one_for_nobody(
    own_store: Store, clock: Clock
) -> None:
    store = own_store
    ana = add_person(store, "ana@desk.example", "operator")
    zoe = {"identifier": "zoe", "verified": True}
    one, two = (
        store.record_turn(handoff(store.create_conversation(**zoe)[0].id)).ticket for _ in range(2)
    )
    assert one
    assert two
    clock.move(seconds=60)
    store.change_ticket(one.id, ana.id, TicketChange("merge", to=two.id))
    clock.move(seconds=60)
    store.resolve_ticket(two.id, ana.id, None)  # which nobody had claimed
    clock.move(seconds=60)
    reply = store.messages(two.conversation_id)[-1]
    store.record_feedback(two.conversation_id, reply.id, helpful=None, rating=5)
    told = report(store)
    assert told["tickets"] == {"opened": 2, "resolved": 1, "merged": 1, "returned": 0, "active": 0}
    assert told["resolution"]["count"] == 1
    (row,) = told["operators"]
    assert (row["operator"]["name"], row["resolved"], row["ratings"]["count"]) == ("Ana", 1, 1)


def test_nothing_of_an_erased_customer_is_counted(own_store: Store) -> None:
    store = own_store
    empty = report(store)
    zoe = store.create_conversation(email="zoe@shop.example")[0].id
    turn = store.record_turn(handoff(zoe))
    assert turn.reply
    store.record_feedback(zoe, turn.reply.id, helpful=True, rating=5)
    assert report(store) != empty
    store.erase("zoe@shop.example", "root")
    assert report(store) == empty


# --- over HTTP -----------------------------------------------------------------------------------


def test_operators_see_their_own_figures_and_admins_all(
    client: Caller, operator: Caller, colleague: Caller, admin: Caller, olga: Operator
) -> None:
    for caller in (operator, colleague):
        turn = start(client).say("a person please")
        path = f"{API}/tickets/{turn['ticket']['id']}/messages"
        ok(caller.post(path, {"client_id": "1", "text": "Here."}), 201)

    def names(caller: Caller) -> list[str]:
        told = ok(caller.get(f"{API}/reports"))["operators"]
        return [entry["operator"]["name"] for entry in told]

    assert names(operator) == ["Olga"]
    assert names(colleague) == ["Karl"]
    assert names(admin) == ["Karl", "Olga"]


def test_the_period_before_is_told_when_asked_for(client: Caller, operator: Caller) -> None:
    start(client).say("hello")
    told = ok(operator.get(f"{API}/reports?compare=yes&zone=America/New_York"))
    assert (told["turns"]["total"], told["before"]["turns"]["total"]) == (1, 0)
    assert told["before"]["to"] == told["from"]
    assert "before" not in ok(operator.get(f"{API}/reports"))


@pytest.mark.parametrize(
    "query", ["zone=Mars", "compare=perhaps", "compare=yes&from=0001-01-01&to=2026-01-01"]
)
def test_wrong_questions_are_refused(query: str, operator: Caller) -> None:
    assert operator.get(f"{API}/reports?{query}").status_code == 422
