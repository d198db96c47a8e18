"""Who may what, asked of every route of docs/openapi.json as everybody who may not."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from calls import Caller
from conftest import signed_in
from hostile import API, MARK, OWN, Who, World, decided, operations, unlike, world
from service.config import Config
from service.roles import ROLES, may
from service.store import Store
from service.web.context import SESSION_COOKIE

DECIDED = decided()
STREAMS = ("GET /api/v1/events", "GET /api/v1/conversations/{conversation_id}/events")

LET_IN = (200, 201, 204, 415, 422)  # the body is none that it takes


@pytest.fixture
def hostile(app: Flask, store: Store, config: Config) -> World:
    return world(app, store, config)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def cookie(token: str) -> dict[str, str]:
    return {"Cookie": f"{SESSION_COOKIE}={token}"}


def strangers(hostile: World) -> dict[str, dict[str, str]]:
    """The headers of everybody who is nobody here."""
    store, ana, gone = hostile.store, hostile.people["ana"], hostile.people["gone"]
    session = store.create_session(gone.id, days=1, device="", address="", password_hash=None)
    program = store.create_api_token(gone.id)
    store.disable_operator(gone.id)
    late = store.create_session(ana.id, days=-1, device="", address="", password_hash=None)
    revoked = store.create_api_token(ana.id, "revoked")
    token = next(one for one in store.api_tokens(ana.id) if one.name == "revoked")
    store.revoke_api_token(token.id, ana.id)
    live = store.create_session(ana.id, days=1, device="", address="", password_hash=None)
    good = store.create_api_token(ana.id)
    return {
        "nobody": {},
        "an empty token": {"Authorization": "Bearer "},
        "a forged token": bearer("fdk_" + "A" * 43),
        "a forged customer": bearer("fdc_" + "A" * 43),
        "a token with a letter changed": bearer(unlike(good)),
        "a token in small letters": bearer(good.lower()),
        "a token with SQL": bearer("' OR '1'='1"),
        "an unsigned JWT": bearer("eyJhbGciOiJub25lIn0.eyJyb2xlIjoiYWRtaW4ifQ."),
        "basic authorization": {"Authorization": f"Basic {good}"},
        "a forged session": cookie("A" * 43),
        "a session that has ended": cookie(late),
        "a session as a token": bearer(live),
        "a token as a session": cookie(good),
        "a revoked token": bearer(revoked),
        "somebody disabled, by session": cookie(session),
        "somebody disabled, by token": bearer(program),
        "a customer of another conversation": bearer(hostile.other),
        "a customer's token as a session": cookie(hostile.token),
    }


def refusal(response: TestResponse) -> tuple[int, dict[str, Any]]:
    """What is told, without the number of the request."""
    body: dict[str, Any] = response.get_json()
    return response.status_code, {k: v for k, v in body.items() if k != "request_id"}


def ask(hostile: World, route: str, headers: dict[str, str], *, known: bool = True) -> TestResponse:
    """Call it as this person, with a body that no route takes for its own."""
    method = route.partition(" ")[0]
    caller, body = Caller(hostile.app), None if method == "GET" else {}
    caller.client = hostile.app.test_client(use_cookies=False)
    return caller.call(method, hostile.path(route, known=known), body, headers=headers)


def check_refused(hostile: World, route: str, who: str, headers: dict[str, str]) -> None:
    """Refused, the same whether it is there or not, and without a word of the desk's."""
    answer = ask(hostile, route, headers)
    told = f"{who}: {route} {answer.status_code} {answer.text}"
    assert answer.status_code in (401, 403), told
    assert refusal(answer) == refusal(ask(hostile, route, headers, known=False)), told
    assert MARK not in answer.text, told
    ids = [value for value in hostile.ids.values() if "_" in value]  # numbers are anywhere
    assert not [value for value in ids if value in answer.text], told


def test_every_route_is_decided_and_the_document_agrees() -> None:
    said: dict[str, Who] = {}
    for route, described in operations().items():
        of_customer = {"conversation": []} in described["security"]
        least = described.get("x-least-role")
        said[route] = "its customer" if of_customer else least or "anybody"
    assert said == DECIDED, "a route without a decision: tests/hostile.py"


def test_every_route_refuses_strangers_alike(hostile: World) -> None:
    for who, headers in strangers(hostile).items():
        for route, least in DECIDED.items():
            if least != "anybody":
                check_refused(hostile, route, who, headers)


def test_a_customer_may_nothing_of_the_desks(hostile: World) -> None:
    for route, least in DECIDED.items():
        if least in ROLES:
            check_refused(hostile, route, "the customer", bearer(hostile.token))


def test_operators_have_tickets_and_no_conversation_of_a_customers(hostile: World) -> None:
    program = {"Authorization": f"Bearer {hostile.api('ada').token}"}
    session = hostile.store.create_session(
        hostile.people["ada"].id, days=1, device="", address="", password_hash=None
    )
    for route, least in DECIDED.items():
        if least == "its customer":
            check_refused(hostile, route, "an admin's program", program)
            check_refused(hostile, route, "an admin", cookie(session))


@pytest.mark.parametrize("name", ["ana", "lea"])
def test_who_has_too_small_a_role_is_refused(name: str, hostile: World) -> None:
    person = hostile.people[name]
    headers = bearer(hostile.api(name).token or "")
    for route, least in DECIDED.items():
        if least in ROLES and not may(person.role, least):
            check_refused(hostile, route, name, headers)


@pytest.mark.parametrize("name", ["ana", "lea", "ada"])
def test_who_may_is_let_in(name: str, hostile: World) -> None:
    """The other side: of a table that refused everybody all tests above would be green."""
    person = hostile.people[name]
    for route, least in DECIDED.items():
        if least not in ROLES or not may(person.role, least) or route in STREAMS:
            continue
        headers = bearer(hostile.api(name).token or "")  # some routes end what they are called with
        answer = ask(hostile, route, headers, known=False)
        assert answer.status_code not in (401, 403), f"{name}: {route} {answer.text}"


def test_the_customer_is_let_in(hostile: World) -> None:
    for route, least in DECIDED.items():
        if least == "its customer" and route not in STREAMS:
            answer = ask(hostile, route, bearer(hostile.token))
            assert answer.status_code in LET_IN, f"{route} {answer.text}"


def test_what_is_a_colleagues_own_is_not_there_for_others(hostile: World) -> None:
    """Nobody learns that there is something, nor what."""
    bodies: dict[str, dict[str, Any]] = {
        "reply_id": {"name": "mine now", "text": "mine now", "own": True},
        "view_id": {"name": "mine now"},
    }
    for route in DECIDED:
        own = next((name for name in OWN if f"{{{name}}}" in route), None)
        if own is None:
            continue
        ben, method = signed_in(hostile.app, "ben@desk.example"), route.partition(" ")[0]
        body = bodies.get(own) if method == "PUT" else None
        there, gone = (
            ben.call(method, hostile.path(route, known=known), body) for known in (True, False)
        )
        assert there.status_code == 404, f"{route} {there.text}"
        real, unreal = hostile.ids[own], unlike(hostile.ids[own])
        assert json.dumps(refusal(there)) == json.dumps(refusal(gone)).replace(unreal, real), route
    ana = signed_in(hostile.app, "ana@desk.example")
    for path, key in (("views", "views"), ("canned-replies", "canned_replies")):
        assert MARK in str((ana.get(f"{API}/{path}").json or {})[key])
        assert MARK not in json.dumps(
            [{**one, "owner": None} for one in (ben.get(f"{API}/{path}").json or {})[key]]
        )
    assert MARK not in str((ben.get(f"{API}/tokens").json or {})["tokens"])


def test_no_list_of_everybodys_is_had_by_asking_for_it(hostile: World) -> None:
    """Parameters that widen what is told, each for who may see it."""
    ana, ada = hostile.api("ana"), hostile.api("ada")
    asked: list[tuple[str, Callable[[dict[str, Any]], Any]]] = [
        ("/tokens?of=all", lambda body: {one["operator"]["id"] for one in body["tokens"]}),
        ("/labels/conflicts?operators=yes", lambda body: len(body["operators"])),
        ("/reports", lambda body: len(body["operators"])),
    ]
    for path, told in asked:
        narrow, wide = ana.get(f"{API}{path}"), ada.get(f"{API}{path}")
        assert wide.status_code == 200
        if narrow.status_code != 403:
            assert told(narrow.json or {}) in ({hostile.people["ana"].id}, 0, 1), path


def test_feedback_tells_nothing_of_the_messages_of_others(hostile: World) -> None:
    """Another's message is as unknown as one that is not there, and nothing is written."""
    other = hostile.store.authorized_conversation
    mine = next(
        conversation
        for conversation in (one.conversation_id for one in hostile.store.tickets())
        if conversation != hostile.ids["conversation_id"]
    )
    assert other(mine, hostile.other)
    caller, real = Caller(hostile.app, hostile.other), hostile.ids["message_id"]
    there, gone = (
        caller.post(f"{API}/conversations/{mine}/feedback", {"message_id": one, "rating": 1})
        for one in (real, unlike(real))
    )
    assert there.status_code == gone.status_code == 404
    assert json.dumps(refusal(there)) == json.dumps(refusal(gone)).replace(unlike(real), real)
    assert hostile.store.feedback([real]) == {}
