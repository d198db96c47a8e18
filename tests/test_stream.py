"""Server-Sent Events: every event once and in order, whatever happens to the connection."""

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask

from calls import Caller, Customer, frames, start
from fakes import FakeEngines
from service.app import create_app
from service.config import Config
from service.errors import StoreError
from service.records.people import Operator
from service.store import Store
from service.web import broadcast
from service.web.context import Parts
from service.web.places import Places

TICKETS = "/api/v1/tickets"


@pytest.fixture
def customer(client: Caller) -> Customer:
    return start(client)


@pytest.fixture
def running(app: Flask) -> Iterator[Parts]:
    """The application's parts; its streams end with the test."""
    found: Parts = app.config["FRONTDESK"]
    yield found
    found.serving = lambda: False


def stream(customer: Customer, last: int | None = None, query: str = "") -> Any:
    headers = {} if last is None else {"Last-Event-ID": str(last)}
    response = customer.caller.get(
        f"{customer.path}/events{query}", token=customer.token, headers=headers
    )
    assert response.status_code == 200, response.text
    return response


def console(operator: Caller, last: int | None = None) -> Any:
    headers = {} if last is None else {"Last-Event-ID": str(last)}
    response = operator.get("/api/v1/events", headers=headers)
    assert response.status_code == 200, response.text
    return response


# --- the customer's stream -----------------------------------------------------------------------


def test_stream_tells_what_the_messages_call_tells(customer: Customer, running: Parts) -> None:
    customer.say("hello")
    with stream(customer) as response:
        assert response.mimetype == "text/event-stream"
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["X-Accel-Buffering"] == "no"
        seen = frames(response, 3)
    assert [frame.event for frame in seen] == ["message"] * 3
    assert [frame.data for frame in seen] == customer.messages()
    assert [frame.id for frame in seen] == [m["seq"] for m in customer.messages()]


def test_stream_is_well_formed_sse(customer: Customer, running: Parts) -> None:
    customer.say("two\nlines\r\nand \u2028 more")
    with stream(customer) as response:
        start_, together = [next(response.response).decode() for _ in range(2)]
    assert start_ == "retry: 1000\n: connected\n\n"
    assert re.fullmatch(r"(id: \d+\nevent: message\ndata: [^\n\r]+\n\n){3}", together)


@pytest.mark.parametrize("way", ["header", "query"])
def test_resuming_has_no_gap_and_nothing_twice(
    way: str, customer: Customer, running: Parts
) -> None:
    for _ in range(3):
        customer.say("hello")
    with stream(customer) as response:
        whole = frames(response, 7)
    for cut in range(7):
        last = whole[cut - 1].id if cut else 0
        resumed = (
            stream(customer, last) if way == "header" else stream(customer, query=f"?after={last}")
        )
        with resumed as response:
            assert frames(response, 7 - cut) == whole[cut:]


def test_header_wins_over_the_address(customer: Customer, running: Parts) -> None:
    """A browser that reconnects keeps the address and sends the header."""
    turn = customer.say("hello")
    with stream(customer, turn["message"]["seq"], "?after=0") as response:
        (frame,) = frames(response, 1)
    assert frame.data["id"] == turn["reply"]["id"]


@pytest.mark.parametrize("last", ["x", "-1", "1.5", "9" * 19, "१"])
def test_wrong_resume_point_is_refused(last: str, customer: Customer, operator: Caller) -> None:
    for caller, path, token in (
        (customer.caller, f"{customer.path}/events", customer.token),
        (operator, "/api/v1/events", None),
    ):
        response = caller.get(f"{path}?after={last}", token=token)
        assert response.status_code == 422
        assert "Last-Event-ID" in response.json["detail"]  # type: ignore[index]


def test_what_comes_later_arrives_at_once(customer: Customer, running: Parts) -> None:
    with stream(customer) as response:
        frames(response, 1)
        told: list[float] = []

        def write() -> None:
            time.sleep(0.1)
            customer.say("hello")
            told.append(time.monotonic())

        writer = threading.Thread(target=write)
        writer.start()
        seen = frames(response, 1)
        arrived = time.monotonic()
        writer.join()
    assert seen[0].data["text"] == "hello"
    assert arrived - told[0] < 0.5


def test_operator_is_heard_at_once_and_by_name(
    customer: Customer, operator: Caller, running: Parts
) -> None:
    ticket = customer.say("a person")["ticket"]["id"]
    before = customer.messages()[-1]["seq"]
    operator.post(f"{TICKETS}/{ticket}/claim")
    operator.post(f"{TICKETS}/{ticket}/messages", {"client_id": "o", "text": "I am here"})
    operator.post(f"{TICKETS}/{ticket}/return")
    with stream(customer, before) as response:
        seen = frames(response, 5)
    assert [frame.event for frame in seen] == [
        "conversation",  # waiting
        "conversation",  # taken by Olga
        "message",
        "message",  # the desk is back
        "conversation",
    ]
    assert [f.data["status"] for f in seen if f.event == "conversation"] == [
        "waiting",
        "operator",
        "desk",
    ]
    assert seen[1].data["operator"] == "Olga"
    assert seen[2].data["name"] == "Olga"
    assert seen[2].data["text"] == "I am here"
    assert "client_id" not in seen[2].data


def test_note_is_never_in_a_customers_stream(
    customer: Customer, operator: Caller, running: Parts
) -> None:
    ticket = customer.say("a person")["ticket"]["id"]
    for text, note in (("SECRET one", True), ("I am here", False), ("SECRET two", True)):
        body = {"client_id": text.replace(" ", ""), "text": text, "note": note}
        assert operator.post(f"{TICKETS}/{ticket}/messages", body).status_code == 201
    customer.say("the end")
    with stream(customer) as response:
        seen = []
        while not seen or seen[-1].data.get("text") != "the end":
            seen += frames(response, 1)
    assert "SECRET" not in str(seen)
    assert "I am here" in str(seen)
    assert not {"note", "ticket_id", "operator_id"} & {key for f in seen for key in f.data}


def test_other_conversations_are_not_heard(customer: Customer, running: Parts) -> None:
    other = start(customer.caller)
    other.say("hello")
    customer.say("return?")
    with stream(customer) as response:
        seen = frames(response, 3)
    assert [frame.data["text"] for frame in seen][1:] == ["return?", "You have 30 days."]


def test_many_events_come_in_order(customer: Customer, store: Store, running: Parts) -> None:
    """More than the log hands out at a time."""
    ticket = store.ticket(customer.say("a person")["ticket"]["id"])
    operator = store.add_operator("o@desk.example", "O", "operator", "x")
    for number in range(260):
        store.post_operator_message(
            ticket.id, operator.id, client_id=f"n{number}", text=f"{number}", note=number % 5 == 0
        )
    customer.say("the end")
    with stream(customer) as response:
        seen = []
        while not seen or seen[-1].data.get("text") != "the end":
            seen += frames(response, 1)
    ids = [frame.id for frame in seen]
    assert ids == sorted(set(ids))
    said = [f.data["text"] for f in seen if f.data.get("author") == "operator"]
    assert said == [str(number) for number in range(260) if number % 5]


def test_every_event_reaches_every_reader_under_load(client: Caller, running: Parts) -> None:
    """Readers that reconnect all the time while many write: no gap, nothing twice."""
    customer = start(client)
    turns = 40
    found: list[list[int]] = [[], [], []]

    def read(mine: list[int]) -> None:
        while len(mine) < 1 + 2 * turns:
            with stream(customer, mine[-1] if mine else 0) as response:
                mine += [frame.id for frame in frames(response, 7)]

    def write(writer: int) -> None:
        for number in range(turns // 4):
            customer.say("hello", client_id=f"w{writer}-{number}")

    threads = [threading.Thread(target=read, args=(mine,), daemon=True) for mine in found]
    threads += [threading.Thread(target=write, args=(n,), daemon=True) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads[3:]:
        thread.join(timeout=60)
    # Readers take seven at a time; let the last, smaller group end with its stream.
    time.sleep(0.3)
    running.serving = lambda: False
    for thread in threads[:3]:
        thread.join(timeout=10)
    wanted = [message["seq"] for message in customer.messages()]
    assert len(wanted) == 1 + 2 * turns
    for mine in found:
        assert mine == wanted


# --- the console's stream ------------------------------------------------------------------------


def test_console_hears_the_whole_desk(
    customer: Customer, operator: Caller, running: Parts, store: Store
) -> None:
    before = store.last_event()
    ticket = customer.say("a person")["ticket"]["id"]
    operator.post(f"{TICKETS}/{ticket}/claim")
    body = {"client_id": "n", "text": "a note", "note": True}
    operator.post(f"{TICKETS}/{ticket}/messages", body)
    operator.put(
        "/api/v1/templates/greeting", {"intent": "greeting", "text": "Hi!", "sentiment": None}
    )
    last = store.last_event()
    with console(operator, before) as response:
        seen = []
        while not seen or seen[-1].id < last:
            seen += frames(response, 1)
    assert [f.id for f in seen] == sorted({f.id for f in seen})
    kinds = {f.event for f in seen}
    assert {"message", "ticket", "conversation", "content"} <= kinds
    told = [f.data["ticket"] for f in seen if f.event == "ticket"]
    assert told[0]["id"] == ticket
    assert (told[0]["status"], told[-1]["status"]) == ("open", "claimed")
    shown = operator.get(TICKETS).json
    assert shown
    assert set(told[-1]) == set(shown["tickets"][0])  # the same shape as the inbox
    note = next(f.data for f in seen if f.event == "message" and f.data["message"]["note"])
    assert note["message"]["text"] == "a note"
    assert note["conversation_id"] == customer.conversation
    assert note["ticket_id"] == ticket
    assert next(f.data for f in seen if f.event == "content")["revision"] > 0


def test_console_starts_from_now_and_resumes_from_where_it_was(
    customer: Customer, operator: Caller, running: Parts, store: Store
) -> None:
    customer.say("hello")
    last = store.last_event()
    with console(operator) as response:
        next(response.response)
        turn = customer.say("return?")
        first = frames(response, 1)[0]
    assert first.id > last
    assert first.data["message"]["id"] == turn["message"]["id"]
    with console(operator, first.id) as response:
        assert frames(response, 1)[0].data["message"]["id"] == turn["reply"]["id"]


# --- how streams end -----------------------------------------------------------------------------


@pytest.fixture
def quick_pings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.web.stream.PING_SECONDS", 0.05)
    monkeypatch.setattr("service.web.broadcast.LOOK_SECONDS", 0.02)


@pytest.mark.usefixtures("quick_pings")
def test_silent_stream_is_kept_alive(customer: Customer, running: Parts) -> None:
    with stream(customer, 10**6) as response:
        assert next(response.response).startswith(b"retry")
        assert [next(response.response) for _ in range(3)] == [b": ping\n\n"] * 3


@pytest.mark.usefixtures("quick_pings")
@pytest.mark.parametrize("end", ["sign out", "disable"])
def test_revoked_session_ends_its_streams(
    end: str, operator: Caller, running: Parts, store: Store, olga: Operator
) -> None:
    with console(operator) as response:
        next(response.response)
        if end == "disable":
            store.disable_operator(olga.id)
        else:
            assert operator.delete("/api/v1/sessions").status_code == 204
        rest = b"".join(response.response)  # ends, or the test would time out
    assert rest.count(b": ping") <= 1


@pytest.mark.usefixtures("quick_pings")
def test_revoked_session_hears_nothing_new(
    operator: Caller, running: Parts, store: Store, olga: Operator, customer: Customer
) -> None:
    """Also when the desk is so busy that no ping is ever due."""
    with console(operator) as response:
        next(response.response)
        store.disable_operator(olga.id)
        time.sleep(0.1)
        customer.say("SECRET after the end")
        rest = b"".join(response.response)
    assert b"SECRET" not in rest


def test_streams_end_when_the_process_does(customer: Customer, running: Parts) -> None:
    with stream(customer) as response:
        frames(response, 1)
        running.serving = lambda: False
        started = time.monotonic()
        assert list(response.response) == []
        assert time.monotonic() - started < 2


def test_places_for_streams_are_counted_and_given_back(
    app: Flask, customer: Customer, running: Parts
) -> None:
    running.streams = Places(3)  # one of them is the console's
    first, second = stream(customer), stream(customer)
    response = customer.caller.get(f"{customer.path}/events", token=customer.token)
    assert response.status_code == 503
    assert response.json
    assert response.json["code"] == "busy"
    assert response.headers["Retry-After"] == "5"
    assert customer.say("hello")["action"] == "answer"  # the desk works on
    second.close()
    with stream(customer) as third:
        assert frames(third, 1)
    first.close()


def test_one_conversation_has_a_few_streams_at_most(customer: Customer, running: Parts) -> None:
    mine = customer.conversation
    assert all(running.streams.take(mine) for _ in range(8))
    response = customer.caller.get(f"{customer.path}/events", token=customer.token)
    assert response.status_code == 503
    with stream(start(customer.caller)) as other:
        assert frames(other, 1)
    running.streams.give_back(mine)
    with stream(customer) as response:
        assert frames(response, 1)
    for _ in range(7):
        running.streams.give_back(mine)
    assert not running.streams.taken  # nothing piles up


def test_customers_take_no_place_from_the_console(
    customer: Customer, operator: Caller, running: Parts
) -> None:
    running.streams = Places(2)
    with stream(customer) as mine, console(operator) as desk:
        assert frames(mine, 1)
        next(desk.response)
        assert operator.get("/api/v1/events").status_code == 503
        refused = customer.caller.get(f"{customer.path}/events", token=customer.token)
        assert refused.status_code == 503


@pytest.mark.parametrize(
    ("threads", "customers", "desk"), [(4, 1, 1), (36, 14, 4), (64, 24, 8), (512, 416, 64)]
)
def test_streams_leave_threads_for_requests(
    threads: int, customers: int, desk: int, config: Config, store: Store, engines: FakeEngines
) -> None:
    config = config.model_copy(update={"threads": threads})
    app = create_app(config, store=store, engines=engines)
    places = app.config["FRONTDESK"].streams
    taken = [number for number in range(threads) if places.take(f"cnv_{number}")]
    assert len(taken) == customers
    assert len([None for _ in range(threads) if places.take(None)]) == desk


def test_empty_resume_point_is_none(customer: Customer, running: Parts) -> None:
    with stream(customer, query="?after=") as response:
        assert frames(response, 1)


@pytest.mark.usefixtures("quick_pings")
def test_who_hangs_up_leaves_the_place_to_others(customer: Customer, running: Parts) -> None:
    here, there = socket.socketpair()
    with here:
        response = customer.caller.get(
            f"{customer.path}/events?after=1000000",
            token=customer.token,
            environ_overrides={"gunicorn.socket": here},
        )
        with response:
            assert next(response.response).startswith(b"retry")
            assert next(response.response) == b": ping\n\n"
            there.send(b"G")  # the next request, before this one is answered
            assert next(response.response) == b": ping\n\n"
            assert here.recv(1) == b"G"
            there.close()
            rest = list(response.response)
        assert len(rest) <= 1
    assert not running.streams.taken


# --- telling all streams at once -----------------------------------------------------------------


def is_told() -> bool:
    return any(thread.name == "broadcast" for thread in threading.enumerate())


def test_a_listener_that_falls_behind_reads_the_log(
    customer: Customer, running: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.web.broadcast.MOST_WAITING", 3)
    monkeypatch.setattr("service.web.broadcast.HOLD_SECONDS", 0.01)
    with stream(customer) as response:
        frames(response, 1)
        for _ in range(12):
            customer.say("hello")
            time.sleep(0.02)
        seen = frames(response, 24)
    assert [frame.id for frame in seen] == list(range(2, 26))


@contextmanager
def listening(*streams: Callable[[], Any], events: int) -> Iterator[list[list[Any]]]:
    """Opens these streams and reads so many events of each, in threads; they are there when the
    context ends."""
    heard: list[list[Any]] = [[] for _ in streams]

    def read(number: int) -> None:
        with streams[number]() as response:
            heard[number] += frames(response, events)

    threads = [threading.Thread(target=read, args=(n,)) for n in range(len(streams))]
    for thread in threads:
        thread.start()
    time.sleep(0.3)
    yield heard
    for thread in threads:
        thread.join(timeout=10)


def test_an_event_is_read_and_written_once_for_all_who_listen(
    client: Caller, operator: Caller, running: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    customers = [start(client) for _ in range(2)]
    written: list[int | None] = []
    write = broadcast.write_frame

    def count(cursor: int | None, framed: tuple[str, object] | None) -> bytes:
        written.append(cursor)
        return write(cursor, framed)

    tabs = [lambda: stream(customers[0], 1)] * 2
    others = [lambda: stream(customers[1], 0)]
    desks = [lambda: console(operator)] * 4
    with listening(*others, events=1), listening(*tabs, *desks, events=2) as heard:
        monkeypatch.setattr("service.web.broadcast.write_frame", count)
        customers[0].say("hello")
    assert [[f.event for f in frames] for frames in heard] == [["message"] * 2] * 6
    assert len(written) == 2 + 2  # for the customer's tabs, for the consoles


def test_what_cannot_be_read_for_a_moment_is_told_later(
    customer: Customer, running: Parts, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.web.broadcast.LOOK_SECONDS", 0.05)
    events, fails = store.events, [StoreError("locked"), ZeroDivisionError()]

    def read(**asked: Any) -> Any:
        if fails:
            raise fails.pop()
        return events(**asked)

    with listening(lambda: stream(customer, 1), events=2) as heard:
        monkeypatch.setattr(store, "events", read)
        customer.say("hello")
    assert [f.data["author"] for f in heard[0]] == ["customer", "desk"]
    assert not fails


def test_nobody_tells_where_nobody_listens(
    customer: Customer, running: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.web.broadcast.LOOK_SECONDS", 0.05)
    for _ in range(2):
        with stream(customer) as response:
            frames(response, 1)
            assert is_told()
        end = time.monotonic() + 5
        while is_told() and time.monotonic() < end:
            time.sleep(0.02)
        assert not is_told()
        customer.say("hello")
    with stream(customer) as response:
        assert len(frames(response, 5)) == 5


def test_what_cannot_be_written_for_consoles_is_told_to_customers(
    customer: Customer, operator: Caller, running: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An event that another version wrote, say."""

    def fail(event: object) -> None:
        raise TypeError("unknown field")

    monkeypatch.setattr("service.web.tickets.console_event_json", fail)
    with (
        listening(lambda: console(operator), events=0),
        listening(lambda: stream(customer, 1), events=4) as heard,
    ):
        customer.say("hello")
        time.sleep(0.3)
        customer.say("hello")
    assert [f.data["author"] for f in heard[0]] == ["customer", "desk"] * 2
