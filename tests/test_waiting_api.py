"""What waiting customers are told over HTTP, and what they may leave; the promises' preview."""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from sqlite_utils import Database

from calls import Caller, Customer, frames, start
from conftest import signed_in
from drafts import handoff
from service.config import Config
from service.promise_words import examples, now_words
from service.records.people import Operator
from service.records.settings import Hours, Sla
from service.records.waiting import Expectation
from service.sqlite.migrations.order import MIGRATIONS
from service.sqlite.store import SqliteStore
from service.store import Store
from service.web import waiting
from service.web.context import Parts

API = "/api/v1"
MAIL = "mia@shop.example"


@pytest.fixture
def running(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Parts]:
    """The application's parts, which look anew each time; its streams end with the test."""
    monkeypatch.setattr(waiting, "QUEUE_SECONDS", 0)
    monkeypatch.setattr(waiting, "OUTLOOK_SECONDS", 0)
    found: Parts = app.config["FRONTDESK"]
    yield found
    found.serving = lambda: False


@pytest.fixture
def customer(client: Caller, running: Parts) -> Customer:
    return start(client)


def person_please(customer: Customer) -> dict[str, Any]:
    response = customer.caller.post(f"{customer.path}/handoff", token=customer.token)
    assert response.status_code == 201
    conversation: dict[str, Any] = (response.json or {})["conversation"]
    return conversation


def leave(customer: Customer, kind: str = "email", value: str = MAIL, **more: Any) -> Any:
    body = {"kind": kind, "value": value, **more}
    return customer.caller.post(f"{customer.path}/contact", body, token=customer.token)


def current(customer: Customer) -> dict[str, Any]:
    response = customer.caller.get(f"{customer.path}/messages", token=customer.token)
    conversation: dict[str, Any] = (response.json or {})["conversation"]
    return conversation


def test_only_who_waits_is_told_what_to_expect(customer: Customer, operator: Caller) -> None:
    assert "expectation" not in current(customer)
    expected = person_please(customer)["expectation"]
    assert (expected["state"], expected["place"], expected["within"]) == ("open", 1, None)
    assert current(customer)["expectation"] == expected
    ticket = (operator.get(f"{API}/tickets").json or {})["tickets"][0]["id"]
    operator.post(f"{API}/tickets/{ticket}/claim")
    assert "expectation" not in current(customer)


def test_the_stream_tells_when_it_changes(
    app: Flask, customer: Customer, client: Caller, olga: Operator
) -> None:
    person_please(customer)
    last = customer.messages()[-1]["seq"] + 1
    with client.get(f"{customer.path}/events?after={last}", token=customer.token) as response:
        (first,) = frames(response, 1)
        assert (first.event, first.id, first.data["state"]) == ("expectation", 0, "away")
        signed_in(app, olga.email)
        (second,) = frames(response, 1)
        assert (second.data["state"], second.data["place"]) == ("open", 1)


def test_out_of_hours_it_says_so_and_the_bot_answers_on(customer: Customer, store: Store) -> None:
    sunday = (datetime.now(UTC).weekday() + 3) % 7
    days = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    hours = Hours("UTC", {days[sunday]: ("09:00-17:00",)})
    store.save_promises(None, hours)
    assert customer.say("hello")["action"] == "answer"
    expected = person_please(customer)["expectation"]
    assert (expected["state"], expected["form"]) == ("closed", True)
    opens = datetime.fromisoformat(expected["opens_at"])
    assert (opens.hour, opens.weekday()) == (9, sunday)
    store.save_promises(None, hours, "never")
    expected = current(customer)["expectation"]
    assert (expected["state"], expected["form"]) == ("closed", False)
    assert leave(customer).status_code == 409


def test_what_was_said_first_stands_for_this_wait(
    customer: Customer, operator: Caller, running: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shorter queue makes nobody late; a new wait is told anew."""
    told: list[int | None] = []

    def said(*_: object) -> Expectation:
        told.append(_[-1])  # type: ignore[arg-type]
        return Expectation("open", within=45 if not told[:-1] else 5)

    monkeypatch.setattr(waiting, "expectation", said)
    person_please(customer)
    current(customer)
    assert told == [None, 45]


def test_a_customers_call_does_not_make_the_desk_look_far_back(
    customer: Customer, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "QUEUE_SECONDS", 60)
    monkeypatch.setattr(waiting, "OUTLOOK_SECONDS", 60)
    asked: list[str] = []
    lately = store.lately
    monkeypatch.setattr(store, "lately", lambda since: asked.append(since) or lately(since))
    person_please(customer)
    told = leave(customer).json["conversation"]["expectation"]
    assert (told["contact"], len(asked)) == ("email", 1)


def test_operators_see_where_a_customer_wants_to_be_reached(
    customer: Customer, operator: Caller
) -> None:
    person_please(customer)
    made = leave(customer, about="  My <b>parcel</b>  ")
    assert made.status_code == 201
    assert made.json["conversation"]["expectation"]["contact"] == "email"
    assert MAIL not in made.text  # a device that others use, too, does not tell it again
    assert MAIL not in str(current(customer))
    listed = (operator.get(f"{API}/tickets").json or {})["tickets"][0]
    assert listed["contact"] == "email"
    assert MAIL not in str(listed)
    detail = operator.get(f"{API}/tickets/{listed['id']}").json or {}
    assert {k: v for k, v in detail["reach"].items() if k != "at"} == {
        "kind": "email",
        "value": MAIL,
        "about": "My <b>parcel</b>",
    }
    assert leave(customer, "phone", "+44 (0)20 7946-0958").status_code == 201
    detail = operator.get(f"{API}/tickets/{listed['id']}").json or {}
    assert detail["reach"]["value"] == "+44 (0)20 7946-0958"


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("email", "mia"),
        ("email", "mia@shop"),
        ("email", "mia@shop.example, zoe@shop.example"),
        ("email", "Mia <mia@shop.example>"),
        ("email", "mia@shop.example\nBcc: all@shop.example"),
        ("email", "m" * 250 + "@shop.example"),
        ("email", ""),
        ("phone", "12345"),
        ("phone", "1234567890123456"),
        ("phone", "call me maybe"),
        ("phone", "+44 20 7946 0958 <script>"),
        ("fax", "+44 20 7946 0958"),
    ],
)
def test_what_is_no_address_is_refused_and_not_repeated(
    customer: Customer, operator: Caller, kind: str, value: str
) -> None:
    person_please(customer)
    refused = leave(customer, kind, value)
    assert refused.status_code == 422
    assert len(value) < 6 or value not in refused.text
    assert leave(customer, about="x" * 1001).status_code == 422
    assert leave(customer, about="a\0b").status_code == 422
    assert (operator.get(f"{API}/tickets").json or {})["tickets"][0]["contact"] is None


def test_nobody_leaves_anything_in_anothers_conversation(
    customer: Customer, client: Caller
) -> None:
    person_please(customer)
    stranger = start(client)
    body = {"kind": "email", "value": MAIL}
    path = f"{customer.path}/contact"
    assert client.post(path, body).status_code == 401
    assert client.post(path, body, token=stranger.token).status_code in (401, 404)
    assert leave(stranger).status_code == 409  # who waits for nobody


def test_an_address_gets_into_no_log(
    customer: Customer, caplog: pytest.LogCaptureFixture, store: Store
) -> None:
    caplog.set_level(logging.DEBUG)
    person_please(customer)
    leave(customer, about="quixotry")
    leave(customer, "email", "quixotry@")
    assert "mia@" not in caplog.text
    assert "quixotry" not in caplog.text
    assert "mia@" not in repr(store.past_conversations("2026-01-01T00:00:00Z"))


# --- promises ------------------------------------------------------------------------------------

WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday")
NINE_TO_FIVE = Hours("Europe/Berlin", dict.fromkeys(WEEK, ("09:00-17:00",)))
TUESDAY = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "at", "words"),
    [
        (NINE_TO_FIVE, TUESDAY, "Open now, until 17:00."),
        (NINE_TO_FIVE, TUESDAY.replace(hour=17), "Closed now, until Wednesday 09:00."),
        (NINE_TO_FIVE, TUESDAY.replace(hour=2), "Closed now, until 09:00."),
        (Hours("UTC", {"monday": ("09:00-17:00",)}, ("2026-11-30",)), TUESDAY,
            "Closed now, until Monday 7 December 09:00."),
        (None, TUESDAY, "Open round the clock."),
    ],
)  # fmt: skip
def test_hours_in_words(hours: Hours | None, at: datetime, words: str) -> None:
    assert now_words(hours, at) == words


def test_promises_in_words_by_a_ticket_before_the_weekend() -> None:
    sla = Sla({"high": 30, "urgent": 5}, {}, {"high": 480})
    assert examples(sla, NINE_TO_FIVE, TUESDAY) == [
        "An urgent ticket that comes on Friday 16:50 must be answered by 16:55.",
        "A high ticket that comes on Friday 16:50 must be answered by Monday 09:20"
        " and resolved by Monday 16:50.",
    ]
    assert examples(None, NINE_TO_FIVE, TUESDAY) == []
    assert examples(Sla({"low": 60}), None, TUESDAY) == [
        "A low ticket that comes on Tuesday 12:00 must be answered by 13:00."
    ]


def test_a_preview_saves_nothing_and_says_what_is_wrong(lead: Caller, operator: Caller) -> None:
    before = operator.get(f"{API}/promises").json
    hours: dict[str, Any] = {"timezone": "UTC", "days": {"monday": ["09:00-17:00"]}}
    told = lead.post(f"{API}/promises/preview", {"sla": None, "hours": hours}).json or {}
    assert told["now"].startswith(("Open now, until", "Closed now, until"))
    assert operator.get(f"{API}/promises").json == before
    wrong = {**hours, "days": {"monday": ["09:00-12:00", "11:00-17:00"]}}
    refused = lead.post(f"{API}/promises/preview", {"sla": None, "hours": wrong})
    assert refused.status_code == 422
    (error,) = (refused.json or {})["errors"]
    assert error == {
        "field": "hours",
        "message": "The hours of monday overlap or are out of order.",
    }
    assert operator.post(f"{API}/promises/preview", {"sla": None}).status_code == 403


def test_of_two_who_edit_the_second_is_told_of_the_first(lead: Caller, admin: Caller) -> None:
    version = (lead.get(f"{API}/promises").json or {})["version"]
    body = {"sla": {"first_reply": {"high": 60}}, "version": version}
    assert admin.put(f"{API}/promises", {**body, "contact_form": "never"}).status_code == 200
    refused = lead.put(f"{API}/promises", body)
    told = refused.json or {}
    assert (refused.status_code, told["code"], told["edited_by"]) == (409, "edited", "Ada")
    assert told["current"]["contact_form"] == "never"
    assert lead.put(f"{API}/promises", {**body, "version": told["version"]}).status_code == 200


def test_the_widgets_look_is_the_servers(client: Caller, admin: Caller) -> None:
    look = {"color": "#0b5fff", "theme": "dark", "side": "left", "spacing": "24px 80px",
        "radius": "6px", "font": 'Georgia, "Noto Serif"'}  # fmt: skip
    saved = admin.put(f"{API}/settings", {"name": "Moor", **look, "locale": "de"})
    assert saved.status_code == 200, saved.text
    told = client.get(f"{API}/site").json or {}
    mode = look.pop("theme")
    assert told["theme"] == {**look, "mode": mode}
    assert told["locale"] == "de"
    version = (saved.json or {})["version"]
    assert admin.put(f"{API}/settings", {"name": "Heath", "version": version}).status_code == 200
    refused = admin.put(f"{API}/settings", {"name": "Marsh", "version": version})
    assert (refused.status_code, (refused.json or {})["current"]["name"]) == (409, "Heath")
    assert "locale" not in (client.get(f"{API}/site").json or {})


def test_who_may_embed_the_widget_is_part_of_what_was_seen(admin: Caller) -> None:
    """Of two admins the second, who looked before the first closed the desk to others, hears so."""
    version = (admin.get(f"{API}/settings").json or {})["version"]
    first = {"name": "Moor", "allowed_origins": "https://shop.example", "version": version}
    assert admin.put(f"{API}/settings", first).status_code == 200
    refused = admin.put(f"{API}/settings", {**first, "allowed_origins": "*"})
    assert refused.status_code == 409
    assert (refused.json or {})["current"]["allowed_origins"] == "https://shop.example"
    told = admin.get(f"{API}/settings").json or {}
    assert told["allowed_origins"] == "https://shop.example"
    again = {"name": "Heath", "version": told["version"]}
    assert admin.put(f"{API}/settings", again).status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"side": "top"},
        {"spacing": "1px;color:red"},
        {"spacing": " 20px"},
        {"radius": "-3px"},
        {"radius": "1px 2px"},
        {"font": "}*{display:none"},
        {"font": "url(https://evil.example)"},
        {"locale": "../../secret"},
    ],
)
def test_a_look_of_nonsense_is_refused(admin: Caller, wrong: dict[str, str]) -> None:
    assert admin.put(f"{API}/settings", {"name": "Moor", **wrong}).status_code == 422


def test_an_old_database_gets_contacts(config: Config) -> None:
    config.home.mkdir()
    store = SqliteStore.open(config.database)
    made = store.record_turn(handoff(store.create_conversation()[0].id)).ticket
    store.close()
    with closing(sqlite3.connect(config.database)) as connection:
        db = Database(connection)
        db.execute("DROP TABLE contact")
        db.execute("DELETE FROM _sqlite_migrations WHERE name = 'm015_contacts'")
        connection.commit()
        MIGRATIONS.apply(db)
        connection.commit()
    store = SqliteStore.open(config.database)
    assert made is not None
    assert store.contact(made.id) is None
    assert store.save_contact(made.conversation_id, "email", MAIL, "").contact == "email"
    store.close()
