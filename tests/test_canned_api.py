"""Canned replies over HTTP: whose they are, and what is refused."""

from typing import Any

import pytest

from calls import Caller

CANNED = "/api/v1/canned-replies"


def add(caller: Caller, name: str, *, own: bool = False) -> dict[str, Any]:
    made = caller.post(CANNED, {"name": name, "text": f" {name}, {{customer_name}} ", "own": own})
    assert made.status_code == 201, made.text
    reply: dict[str, Any] = made.get_json()["canned_reply"]
    return reply


def names(caller: Caller) -> list[str]:
    return [reply["name"] for reply in caller.get(CANNED).get_json()["canned_replies"]]


def test_the_teams_are_everybodys_and_ones_own_nobody_elses(
    operator: Caller, colleague: Caller, admin: Caller
) -> None:
    team, mine = add(operator, "Hello"), add(operator, "Bye", own=True)
    assert (team["own"], mine["own"]) == (False, True)
    assert team["text"] == "Hello, {customer_name}"
    assert (names(operator), names(colleague)) == (["Bye", "Hello"], ["Hello"])
    changed = {"name": "Hello", "text": "Good day", "own": False}
    assert colleague.put(f"{CANNED}/{team['id']}", changed).status_code == 200
    for other in (colleague, admin):
        assert other.put(f"{CANNED}/{mine['id']}", changed).status_code == 404
        assert other.delete(f"{CANNED}/{mine['id']}").status_code == 404
    assert operator.delete(f"{CANNED}/{mine['id']}").status_code == 204
    assert names(operator) == ["Hello"]


def test_a_name_that_is_taken_is_a_conflict(operator: Caller) -> None:
    add(operator, "Hello")
    body = {"name": "hello", "text": "Hi", "own": False}
    assert operator.post(CANNED, body).status_code == 409


@pytest.mark.parametrize(
    "wrong", [{"name": " "}, {"text": ""}, {"text": "x" * 8001}, {"owner": "opr_x"}, {"own": "yes"}]
)
def test_what_does_not_fit_is_refused(wrong: dict[str, Any], operator: Caller) -> None:
    body = {"name": "Hello", "text": "Hi", "own": False, **wrong}
    assert operator.post(CANNED, body).status_code == 422
    assert names(operator) == []


def test_only_operators_have_canned_replies(client: Caller, operator: Caller) -> None:
    team = add(operator, "Hello")
    body = {"name": "x", "text": "x"}
    path = f"{CANNED}/{team['id']}"
    for method, where in (("GET", CANNED), ("POST", CANNED), ("PUT", path), ("DELETE", path)):
        refused = client.call(method, where, body if method in ("POST", "PUT") else None)
        assert refused.status_code == 401
    foreign = {"Origin": "https://evil.example"}
    assert operator.delete(path, headers=foreign).status_code == 403
