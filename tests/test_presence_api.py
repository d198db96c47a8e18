"""Who is there, over HTTP: what colleagues and customers are told of it, and what they are not."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from calls import Caller, Customer, frames, start
from drafts import handoff
from service.records.people import Present
from service.sqlite.store import SqliteStore
from service.store import Store
from service.web import now
from service.web.context import Parts
from service.web.now import WritingOperator

PRESENCE = "/api/v1/presence"


@pytest.fixture
def running(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Parts]:
    """The application's parts, which ask anew each time; its streams end with the test."""
    monkeypatch.setattr(now, "FRESH_SECONDS", 0)
    found: Parts = app.config["FRONTDESK"]
    yield found
    found.serving = lambda: False


@pytest.fixture
def customer(client: Caller) -> Customer:
    return start(client)


@pytest.fixture
def ticket(customer: Customer) -> str:
    return str(customer.say("a person please")["ticket"]["id"])


def tell(caller: Caller, ticket: str | None, state: str = "looking", tab: str = "t1") -> None:
    response = caller.post(PRESENCE, {"tab": tab, "ticket_id": ticket, "state": state})
    assert response.status_code == 204, response.text


def test_colleagues_are_told_who_looks_and_who_writes(
    operator: Caller, colleague: Caller, ticket: str, running: Parts
) -> None:
    tell(operator, ticket, "noting")
    with colleague.get("/api/v1/events") as response:
        (first,) = frames(response, 1)
        (one,) = first.data["operators"]
        assert (first.event, first.id) == ("presence", 0)  # without an id: no reconnect asks for it
        assert one["operator"]["name"] == "Olga"
        assert (one["ticket_id"], one["state"]) == (ticket, "noting")
        tell(operator, None)
        (second,) = frames(response, 1)
        assert second.data == {"operators": [], "typing": []}


def test_the_customer_sees_that_a_person_writes_a_reply_and_no_note(
    customer: Customer, operator: Caller, ticket: str, running: Parts
) -> None:
    tell(operator, ticket, "noting")
    assert WritingOperator(running.now, customer.conversation).news() == []
    last = customer.messages()[-1]["seq"]
    events = f"{customer.path}/events?after={last + 1}"
    with customer.caller.get(events, token=customer.token) as response:
        operator.post(f"/api/v1/tickets/{ticket}/claim")
        (first,) = frames(response, 1)
        assert first.event == "conversation"
        tell(operator, ticket, "writing")
        (second,) = frames(response, 1)
    assert (second.event, second.data) == ("typing", {"author": "operator", "name": "Olga"})


def test_operators_see_that_a_customer_writes_and_not_what(
    customer: Customer, operator: Caller, ticket: str, running: Parts
) -> None:
    path = f"{customer.path}/typing"
    assert customer.caller.post(path, token=customer.token).status_code == 204
    with operator.get("/api/v1/events") as response:
        (first,) = frames(response, 1)
        assert first.data == {"operators": [], "typing": [customer.conversation]}
        customer.say("here I am")
        told: list[Any] = []
        while not told or told[-1].event != "presence":
            told += frames(response, 1)
    assert told[-1].data["typing"] == []
    refused = customer.caller.post(path, {"text": "secret"}, token=customer.token)
    assert refused.status_code == 422


def test_typing_to_the_desk_is_nobodys_business(customer: Customer, store: Store) -> None:
    customer.caller.post(f"{customer.path}/typing", token=customer.token)
    assert store.present() == Present()


def test_typing_is_written_seldom_however_often_it_is_told(
    customer: Customer, ticket: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted: list[str] = []
    monkeypatch.setattr(store, "note_typing", lambda one, _: noted.append(one))
    for _ in range(20):
        customer.caller.post(f"{customer.path}/typing", token=customer.token)
    assert noted == [customer.conversation]


def test_presence_needs_an_operator_a_ticket_and_the_desks_own_page(
    client: Caller, customer: Customer, operator: Caller, ticket: str
) -> None:
    body = {"tab": "t", "ticket_id": ticket}
    assert client.post(PRESENCE, body).status_code == 401
    assert operator.post(PRESENCE, {"tab": "t", "ticket_id": "tkt_x"}).status_code == 404
    assert operator.post(PRESENCE, {**body, "state": "shouting"}).status_code == 422
    foreign = {"Origin": "https://evil.example"}
    assert operator.post(PRESENCE, body, headers=foreign).status_code == 403
    assert client.post(f"{customer.path}/typing").status_code == 401
    other = start(client)
    assert client.post(f"{customer.path}/typing", token=other.token).status_code == 401


def test_a_desk_of_before_is_brought_along(tmp_path: Path) -> None:
    """With people and tickets in it."""
    path = tmp_path / "desk.db"
    with closing(SqliteStore.open(path)) as made:
        olga = made.add_operator("olga@desk.example", "Olga", "operator", "x")
        ticket = made.record_turn(handoff(made.create_conversation()[0].id)).ticket
    assert ticket is not None
    with closing(sqlite3.connect(path)) as db:
        for table in ("canned_reply", "presence", "typing"):
            db.execute(f"DROP TABLE {table}")
        db.execute("DELETE FROM _sqlite_migrations WHERE name LIKE 'm011%'")
        db.commit()
    with closing(SqliteStore.open(path)) as store:
        store.note_presence(olga.id, "tab", ticket.id, "looking", 12)
        store.note_typing(ticket.conversation_id, 6)
        store.add_canned_reply(olga.id, name="Hello", text="Hi", own=True)
        assert [one.ticket_id for one in store.present().operators] == [ticket.id]
        assert store.ticket(ticket.id) == ticket
