"""The inbox over HTTP: search with filters, moves of one and of many, views, tags, promises."""

from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask

from calls import Caller, Customer, start
from conftest import add_person, signed_in
from service.records.people import Operator
from service.store import Store

API = "/api/v1"
TICKETS = f"{API}/tickets"


@pytest.fixture
def customer(client: Caller) -> Customer:
    return start(client, customer={"name": "Uma"})


@pytest.fixture
def ticket(customer: Customer) -> str:
    return str(customer.say("a person please")["ticket"]["id"])


def ok(response: Any, status: int = 200) -> dict[str, Any]:
    assert response.status_code == status, response.text
    body: dict[str, Any] = response.json
    return body


def listed(caller: Caller, q: str, more: str = "") -> list[str]:
    return [t["id"] for t in ok(caller.get(f"{TICKETS}?q={quote(q)}{more}"))["tickets"]]


def test_words_and_filters_combine(
    client: Caller, operator: Caller, colleague: Caller, olga: Operator, ticket: str
) -> None:
    other = start(client).say("furious, it is broken")["ticket"]["id"]
    ok(operator.post(f"{TICKETS}/{ticket}/claim"))
    ok(operator.post(f"{TICKETS}/{ticket}/tags", {"add": ["VIP"]}))
    for q, expected in {
        "owner:me": [ticket],
        "owner:olga": [ticket],
        "owner:Ol tag:vip person": [ticket],
        "owner:me broken": [],
        "-owner:me": [other],
        "status:open broken": [other],
        "re:invoice": [],
        "12:30": [],
    }.items():
        assert listed(operator, q) == expected, q
    assert listed(colleague, "owner:me") == []
    assert listed(operator, "status:open", "&status=claimed") == [other]  # words win


def test_a_nul_neither_breaks_the_search_nor_comes_into_a_tag(
    operator: Caller, ticket: str
) -> None:
    assert listed(operator, "per\0son") == [ticket]
    ok(operator.post(f"{TICKETS}/{ticket}/tags", {"add": ["a\0b"]}), 422)


@pytest.mark.parametrize(
    "q", ["is:late", "status:lost", "sentiment:sad", "waiting:long", "owner:nobody-at-all"]
)
def test_a_filter_that_cannot_be_is_explained(q: str, operator: Caller) -> None:
    response = operator.get(f"{TICKETS}?q={q}")
    assert response.status_code == 422
    assert q.partition(":")[0] in response.json["detail"]  # type: ignore[index]


def test_a_search_shows_where_it_was_found(operator: Caller, ticket: str) -> None:
    (shown,) = ok(operator.get(f"{TICKETS}?q=PERSON"))["tickets"]
    assert shown["found"]["where"] == "message"
    assert shown["found"]["pieces"] == [
        {"text": "a ", "hit": False},
        {"text": "person", "hit": True},
        {"text": " please", "hit": False},
    ]
    assert "found" not in ok(operator.get(TICKETS))["tickets"][0]


def test_priority_comes_with_its_reason(operator: Caller, client: Caller) -> None:
    start(client).say("furious! where is it")
    (shown,) = ok(operator.get(TICKETS))["tickets"]
    assert shown["priority_text"] == "urgent: negative"


def test_what_is_put_off_is_out_of_the_way(operator: Caller, ticket: str) -> None:
    snoozed = ok(operator.post(f"{TICKETS}/{ticket}/snooze"))["ticket"]["snoozed_until"]
    assert snoozed.startswith("9999")
    assert listed(operator, "", "&snoozed=no") == []
    assert listed(operator, "is:snoozed", "&snoozed=no") == [ticket]
    assert ok(operator.get(TICKETS))["counts"]["snoozed"] == 1
    assert ok(operator.post(f"{TICKETS}/{ticket}/wake"))["ticket"]["snoozed_until"] is None
    for until in ("tomorrow", "2020-01-01T00:00:00Z", "2190-01-01T00:00:00", "9999-12-31T23:59Z"):
        response = operator.post(f"{TICKETS}/{ticket}/snooze", {"until": until})
        assert response.status_code == 422, until


def test_a_customer_neither_sees_notes_nor_moves_anything(
    operator: Caller, olga: Operator, customer: Customer, ticket: str
) -> None:
    ok(operator.post(f"{TICKETS}/{ticket}/assign", {"to": olga.id, "note": "SECRET"}))
    assert "SECRET" not in str(customer.messages())
    for method, path in (
        ("POST", f"tickets/{ticket}/assign"),
        ("POST", f"tickets/{ticket}/tags"),
        ("POST", f"tickets/{ticket}/snooze"),
        ("POST", f"tickets/{ticket}/wake"),
        ("POST", f"tickets/{ticket}/merge"),
        ("POST", "tickets/bulk"),
        ("GET", "colleagues"),
        ("GET", "views"),
        ("POST", "views"),
        ("GET", "tags"),
        ("GET", "promises"),
        ("PUT", "promises"),
    ):
        for token in (None, customer.token):
            response = customer.caller.call(method, f"{API}/{path}", {}, token=token)
            assert response.status_code == 401, path
        foreign = {"Origin": "https://evil.example"}
        if method != "GET":
            response = operator.call(method, f"{API}/{path}", {}, headers=foreign)
            assert response.status_code == 403, path


def test_many_tickets_change_in_one_request(
    client: Caller, operator: Caller, colleague: Caller, ticket: str
) -> None:
    ids = [ticket, *(start(client).say("a person")["ticket"]["id"] for _ in range(2))]
    ok(colleague.post(f"{TICKETS}/{ids[1]}/claim"))
    body = {"tickets": [*ids, "tkt_none", ticket], "action": "resolve"}
    results = ok(operator.post(f"{TICKETS}/bulk", body))["results"]
    assert [r["id"] for r in results] == [*ids, "tkt_none"]
    assert [r.get("problem", {}).get("status") for r in results] == [None, 409, None, 404]
    assert results[0]["ticket"]["status"] == "resolved"
    assert "Karl" in results[1]["problem"]["detail"]
    for wrong, field in (
        ({"tickets": [], "action": "claim"}, "tickets"),
        ({"tickets": ["t"] * 201, "action": "claim"}, "tickets"),
        ({"tickets": [ticket], "action": "erase"}, "action"),
        ({"tickets": [ticket], "action": "claim", "until": "2190-01-01T00:00Z"}, "until"),
        ({"tickets": [ticket], "action": "assign"}, "to"),
        ({"tickets": [ticket], "action": "tag", "add": ['a"b']}, "add"),
    ):
        response = operator.post(f"{TICKETS}/bulk", wrong)
        assert response.status_code == 422, wrong
        assert field in response.json["detail"]  # type: ignore[index]


def test_only_leads_and_admins_change_what_all_share(
    operator: Caller, admin: Caller, ticket: str
) -> None:
    ok(operator.post(f"{TICKETS}/{ticket}/tags", {"add": ["vip"]}))
    (tag,) = ok(operator.get(f"{API}/tags"))["tags"]
    shared = ok(admin.post(f"{API}/views", {"name": "All", "q": "tag:vip", "shared": True}), 201)
    view = shared["view"]["id"]
    for method, path, body in (
        ("PUT", f"tags/{tag['id']}", {"name": "x"}),
        ("DELETE", f"tags/{tag['id']}", None),
        ("POST", "views", {"name": "x", "shared": True}),
        ("PUT", f"views/{view}", {"name": "x"}),
        ("DELETE", f"views/{view}", None),
        ("POST", "views/order", {"views": [view]}),
        ("PUT", "promises", {"sla": None}),
    ):
        response = operator.call(method, f"{API}/{path}", body)
        assert response.status_code == 403, path
    (mine,) = ok(operator.get(f"{API}/views?counts=yes"))["views"]
    assert (mine["changeable"], mine["count"]) == (False, 1)
    ok(admin.put(f"{API}/tags/{tag['id']}", {"name": "Very important"}))
    assert ok(operator.get(f"{TICKETS}/{ticket}"))["tags"][0]["name"] == "Very important"


def test_nobody_sees_anothers_own_views(operator: Caller, colleague: Caller, admin: Caller) -> None:
    view = ok(operator.post(f"{API}/views", {"name": "Mine", "q": "owner:me"}), 201)["view"]["id"]
    for other in (colleague, admin):
        assert ok(other.get(f"{API}/views"))["views"] == []
        assert other.put(f"{API}/views/{view}", {"name": "x"}).status_code == 404
        assert other.delete(f"{API}/views/{view}").status_code == 404
    assert operator.post(f"{API}/views", {"name": "x", "q": "is:late"}).status_code == 422


def test_promises_are_checked(admin: Caller, operator: Caller, ticket: str, store: Store) -> None:
    sla = {"first_reply": {"high": 60}}
    for hours in (
        {"timezone": "Mars/Olympus", "days": {"monday": ["09:00-17:00"]}},
        {"timezone": "../../etc/passwd", "days": {"monday": ["09:00-17:00"]}},
        {"timezone": "UTC", "days": {"monday": ["09:00-09:00"]}},
        {"timezone": "UTC", "days": {"monday": ["nine to five"]}},
        {"timezone": "UTC", "days": {"monday": ["09:00-12:00", "11:00-17:00"]}},
        {"timezone": "UTC", "days": {}},
        {"timezone": "UTC", "days": {"monday": ["09:00-17:00"]}, "closed": ["Christmas"]},
    ):
        response = admin.put(f"{API}/promises", {"sla": sla, "hours": hours})
        assert response.status_code == 422, hours
    assert admin.put(f"{API}/promises", {"sla": {"first_reply": {"high": 0}}}).status_code == 422
    kept = ok(admin.put(f"{API}/promises", {"sla": sla}))
    assert kept == ok(operator.get(f"{API}/promises"))
    assert kept.pop("version")
    promised = {**sla, "next_reply": {}, "resolution": {}}
    assert kept == {"sla": promised, "hours": None, "contact_form": "away"}
    store.tick_tickets()
    assert ok(operator.get(f"{TICKETS}/{ticket}"))["sla"]["reply"]["due_at"]


def test_a_disabled_colleague_is_not_offered(app: Flask, operator: Caller, store: Store) -> None:
    gone = add_person(store, "gone@desk.example", "operator")
    signed_in(app, gone.email)
    store.disable_operator(gone.id)
    names = [person["name"] for person in ok(operator.get(f"{API}/colleagues"))["operators"]]
    assert names == ["Olga"]
