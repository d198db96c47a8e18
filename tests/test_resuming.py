"""A customer goes on with a conversation on another device, and strangers try to."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from calls import Caller, Customer, start
from service.config import Config
from service.sqlite.base import iso
from service.sqlite.store import SqliteStore
from service.store import Store
from test_api import CONVERSATIONS, WRONG, in_seconds, problem, signed, token_of


def again(caller: Caller, customer: dict[str, Any], **body: Any) -> Any:
    return caller.post(CONVERSATIONS, {"customer": customer, "resume": True, **body})


@pytest.fixture
def uma(client: Caller) -> Customer:
    """Uma on her phone, signed in at the site."""
    customer = start(client, customer={"identifier": "u-1", "identifier_hash": signed("u-1")})
    customer.say("where is my order")
    return customer


@pytest.mark.parametrize(
    "signature", [signed("u-1"), token_of({"sub": "u-1", "exp": in_seconds(3600)})]
)
def test_a_signed_customer_goes_on_with_both_devices(
    signature: str, client: Caller, uma: Customer
) -> None:
    response = again(client, {"identifier": "u-1", "identifier_hash": signature})
    assert response.status_code == 200
    laptop = Customer(client, response.json["conversation"]["id"], response.json["token"])
    assert laptop.conversation == uma.conversation
    assert laptop.token != uma.token
    assert response.json["messages"] == uma.messages()
    uma.say("from the phone")
    laptop.say("from the laptop", client_id="l-1")
    assert laptop.messages() == uma.messages()


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_signature_resumes_nothing(case: str, client: Caller, uma: Customer) -> None:
    before = uma.messages()
    for body in ({}, {"start": False}):
        told = again(client, {"identifier": "u-1", "identifier_hash": WRONG[case]}, **body)
        problem(told, 403, "forbidden")
    assert uma.messages() == before


def test_an_unsigned_claim_gets_a_conversation_of_its_own(client: Caller, uma: Customer) -> None:
    for customer in ({"identifier": "u-1"}, {"name": "Uma", "email": "uma@example.com"}, {}):
        response = again(client, customer)
        assert response.status_code == 201
        assert response.json["conversation"]["id"] != uma.conversation
        assert "where is my order" not in response.text
    assert client.post(CONVERSATIONS, {"resume": True}).status_code == 201


def test_a_claimed_conversation_is_not_handed_to_whom_it_names(client: Caller) -> None:
    """Mallory writes as u-1 without a signature; the real one must not land in what he began."""
    mallory = start(client, customer={"identifier": "u-1"})
    response = again(client, {"identifier": "u-1", "identifier_hash": signed("u-1")})
    assert response.status_code == 201
    assert response.json["conversation"]["id"] != mallory.conversation


def test_one_customer_does_not_get_anothers(client: Caller, uma: Customer) -> None:
    response = again(client, {"identifier": "u-2", "identifier_hash": signed("u-2")})
    assert response.status_code == 201
    other = Customer(client, response.json["conversation"]["id"], response.json["token"])
    told = client.get(f"{uma.path}/messages", token=other.token)
    problem(told, 401, "unauthorized")


def test_nothing_is_begun_where_only_resuming_is_wanted(client: Caller, store: Store) -> None:
    before = store.last_event()
    for customer in ({"identifier": "u-1", "identifier_hash": signed("u-1")}, {"name": "Uma"}):
        response = again(client, customer, start=False)
        assert (response.status_code, response.data) == (204, b"")
    assert store.last_event() == before


def test_without_resume_a_conversation_is_new(client: Caller, uma: Customer) -> None:
    signature = {"identifier": "u-1", "identifier_hash": signed("u-1")}
    assert start(client, customer=signature).conversation != uma.conversation


def test_a_conversation_of_last_month_is_over(
    client: Caller, uma: Customer, config: Config
) -> None:
    signature = {"identifier": "u-1", "identifier_hash": signed("u-1")}
    for days, status in ((29, 200), (31, 204)):
        at = iso(datetime.now(UTC) - timedelta(days=days))
        with closing(sqlite3.connect(config.database)) as db, db:
            db.execute("UPDATE conversation SET updated_at = ?", (at,))
        assert again(client, signature, start=False).status_code == status


def test_an_erased_customer_has_nothing_to_resume(
    client: Caller, store: Store, uma: Customer
) -> None:
    signature = {"identifier": "u-1", "identifier_hash": signed("u-1")}
    laptop = again(client, signature).json["token"]
    store.erase("u-1", "test")
    problem(client.get(f"{uma.path}/messages", token=laptop), 401, "unauthorized")
    assert again(client, signature, start=False).status_code == 204


def test_tokens_are_kept_only_hashed(client: Caller, uma: Customer, config: Config) -> None:
    response = again(client, {"identifier": "u-1", "identifier_hash": signed("u-1")})
    with closing(sqlite3.connect(config.database)) as db:
        kept = "".join(db.iterdump())
    assert response.json["token"] not in kept
    assert uma.token not in kept


def test_conversations_from_before_keep_their_tokens(config: Config, store: Store) -> None:
    conversation, token = store.create_conversation(identifier="u-1", verified=True)
    store.close()
    with closing(sqlite3.connect(config.database)) as db, db:
        db.execute("DROP TABLE conversation_token")
        db.execute("DELETE FROM _sqlite_migrations WHERE name = 'm012_conversation_tokens'")
    upgraded = SqliteStore.open(config.database)
    assert upgraded.authorized_conversation(conversation.id, token) == conversation
    resumed = upgraded.resume_conversation("u-1", since="2020")
    assert resumed
    assert upgraded.authorized_conversation(conversation.id, resumed[1]) == conversation
    upgraded.close()


# --- what there is to rate -----------------------------------------------------------------------


def test_a_resolved_conversation_says_what_to_rate(
    client: Caller, uma: Customer, operator: Caller
) -> None:
    def told() -> Any:
        return client.get(f"{uma.path}/messages", token=uma.token).json["conversation"]

    ticket = client.post(f"{uma.path}/handoff", token=uma.token).json["ticket"]["id"]
    assert "closing" not in told()
    reply = {"client_id": "r-1", "text": "It comes tomorrow."}
    message = operator.post(f"/api/v1/tickets/{ticket}/messages", reply).json["message"]["id"]
    assert operator.post(f"/api/v1/tickets/{ticket}/resolve").status_code == 200
    assert told()["closing"] == {"ticket_id": ticket, "message_id": message, "rated": False}
    feedback = {"message_id": message, "rating": 4, "comment": "<b>Quick</b>"}
    assert client.post(f"{uma.path}/feedback", feedback, token=uma.token).status_code == 204
    assert told()["closing"]["rated"] is True
    shown = operator.get(f"/api/v1/tickets/{ticket}").json
    assert "closing" not in shown["conversation"]
    (rated,) = [m["feedback"] for m in shown["messages"] if m["id"] == message]
    assert (rated["rating"], rated["comment"]) == (4, "<b>Quick</b>")
