"""The OpenAPI document: valid, complete, and what real requests and answers look like.

Every answer in every test is held against it (see ``calls.Caller``); here each operation is called
at least once, so that none goes unchecked.
"""

import hmac
import re
from typing import Any

import pyotp
import pytest
from flask import Flask
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from calls import Caller, Customer, described_by, frames, start
from conftest import PASSWORD, SECRET, signed_in
from pictures import picture, upload, uploaded
from service import diffs
from service.config import Config
from service.records.alarms import AlarmDraft
from service.records.proposals import Proposal, ProposedText
from service.store import Store
from test_nights import write_night
from test_release import write_release

API = "/api/v1"


@pytest.fixture
def document(client: Caller) -> dict[str, Any]:
    """As the server serves it."""
    response = client.get("/openapi.json")
    assert response.status_code == 200
    body: dict[str, Any] = response.json  # type: ignore[assignment]
    return body


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path}": described
        for path, methods in document["paths"].items()
        for method, described in methods.items()
    }


def test_document_is_valid(document: dict[str, Any]) -> None:
    OpenAPIV31SpecValidator(document).validate()


def test_served_document_is_the_one_that_answers_are_held_against(
    app: Flask, document: dict[str, Any]
) -> None:
    assert document == described_by(app)


def test_every_route_of_the_api_is_in_it(app: Flask, document: dict[str, Any]) -> None:
    routes = {
        f"{method} {rule.rule.replace('<', '{').replace('>', '}')}"
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert routes == set(operations(document))


CONTRACT = """
POST /conversations
POST /conversations/{}/messages
GET /conversations/{}/messages
GET /conversations/{}/events
POST /conversations/{}/handoff
POST /conversations/{}/feedback
POST /sessions
DELETE /sessions
GET /tickets
GET /tickets/{}
POST /tickets/{}/claim
POST /tickets/{}/return
POST /tickets/{}/resolve
POST /tickets/{}/reopen
POST /tickets/{}/messages
POST /messages/{}/correction
GET /messages/{}/trace
GET /events
GET /templates
POST /templates
PUT /templates/{}
DELETE /templates/{}
GET /intents
POST /intents
PUT /intents/{}
DELETE /intents/{}
GET /examples
POST /examples
PUT /examples/{}
DELETE /examples/{}
GET /articles
POST /articles
PUT /articles/{}
DELETE /articles/{}
GET /releases
POST /releases/{}/promote
POST /releases/rollback
GET /reports
"""


def test_everything_that_the_contract_names_is_in_it(document: dict[str, Any]) -> None:
    found = {re.sub(r"{\w+}", "{}", name) for name in operations(document)}
    for line in CONTRACT.split("\n"):
        if line:
            assert line.replace(" /", f" {API}/") in found


def test_every_schema_is_used_and_every_reference_leads_somewhere(
    document: dict[str, Any],
) -> None:
    schemas = document["components"]["schemas"]
    used = set(re.findall(r"#/components/schemas/(\w+)", str(document)))
    assert used == set(schemas)
    for name, schema in schemas.items():
        Draft202012Validator.check_schema(schema)
        assert schema["type"] == "object", name


def test_every_operation_says_what_it_needs(document: dict[str, Any]) -> None:
    ids = [described["operationId"] for described in operations(document).values()]
    assert len(ids) == len(set(ids))
    for name, described in operations(document).items():
        assert described["summary"], name
        assert "default" in described["responses"], name
        named = {p["name"] for p in described["parameters"] if p["in"] == "path"}
        assert named == set(re.findall(r"{(\w+)}", name)), name
        for scheme in (key for entry in described["security"] for key in entry):
            assert scheme in document["components"]["securitySchemes"]


def test_bodies_say_what_is_refused(document: dict[str, Any]) -> None:
    """A body that the document calls valid is one that the desk reads, and the other way round."""
    body = operations(document)[f"POST {API}/conversations/{{conversation_id}}/messages"]
    schema = body["requestBody"]["content"]["application/json"]["schema"]
    checker = Draft202012Validator({**schema, "components": document["components"]})
    assert checker.is_valid({"client_id": "a", "text": "hello"})
    for wrong in (
        {"client_id": "a"},
        {"client_id": "", "text": "a"},
        {"client_id": "a", "text": ""},
        {"client_id": "a", "text": 1},
        {"client_id": "a", "text": "a", "author": "desk"},
    ):
        assert not checker.is_valid(wrong), wrong


def call_accounts(operator: Caller, admin: Caller) -> None:
    account, password = f"{API}/account", {"password": PASSWORD}
    operator.get(account)
    operator.put(account, {"name": "Olga"})
    operator.put(f"{account}/password", {"old": PASSWORD, "new": "a heap of wet gravel"})
    operator.put(f"{account}/password", {"old": "a heap of wet gravel", "new": f"{PASSWORD}!"})
    password = {"password": f"{PASSWORD}!"}
    signed_in(operator.app, "olga@desk.example", f"{PASSWORD}!")
    other = (operator.get(account).json or {})["sessions"][1]["id"]
    operator.delete(f"{account}/sessions/{other}")
    operator.delete(f"{account}/sessions")
    secret = (operator.post(f"{account}/totp", password).json or {})["secret"]
    confirmed = operator.post(f"{account}/totp/confirm", {"code": pyotp.TOTP(secret).now()})
    one = {**password, "totp": (confirmed.json or {})["recovery_codes"][0]}
    renewed = operator.post(f"{account}/totp/codes", one)
    other = {**password, "totp": (renewed.json or {})["recovery_codes"][0]}
    operator.post(f"{account}/totp/off", other)
    operator.post(f"{API}/tokens", {"name": "till", **password})
    token = (operator.get(f"{API}/tokens").json or {})["tokens"][0]["id"]
    operator.delete(f"{API}/tokens/{token}")
    added = admin.post(f"{API}/people", {"email": "new@desk.example"}).json or {}
    person = f"{API}/people/{added['person']['id']}"
    admin.get(f"{API}/people")
    admin.put(person, {"role": "lead"})
    admin.post(f"{person}/password")
    admin.delete(f"{person}/sessions")
    admin.delete(f"{person}/totp")
    admin.get(f"{API}/settings")
    admin.put(f"{API}/settings", {"name": "Moor"})
    admin.get(f"{API}/audit")
    admin.get(f"{API}/audit.csv")


def call_webhooks(admin: Caller) -> None:
    me = {"password": PASSWORD}
    body = {"address": "https://93.184.215.14/in", "events": ["ticket.opened"], **me}
    made = admin.post(f"{API}/webhooks", body).json or {}
    webhook = f"{API}/webhooks/{made['webhook']['id']}"
    admin.get(f"{API}/webhooks")
    admin.put(webhook, {"description": "CRM"})
    admin.post(f"{webhook}/secret", me)
    sent = admin.post(f"{webhook}/test").json or {}
    admin.get(f"{webhook}/deliveries")
    admin.get(f"{webhook}/deliveries/{sent['delivery']['id']}")
    admin.post(f"{webhook}/deliveries/{sent['delivery']['id']}/again")
    admin.delete(webhook)


def call_the_inbox(client: Caller, operator: Caller, admin: Caller, ticket: str) -> None:
    """One call of each route that finds tickets or moves them on."""
    path = f"{API}/tickets/{ticket}"
    signed = hmac.new(SECRET.encode(), b"u7", "sha256").hexdigest()
    identity = {"identifier": "u7", "identifier_hash": signed}
    same = [start(client, customer=identity).say("a person")["ticket"]["id"] for _ in range(2)]
    me = (operator.get(f"{API}/sessions").json or {})["operator"]["id"]
    operator.post(f"{path}/tags", {"add": ["vip"]})
    operator.post(f"{path}/snooze", {"until": "2190-01-01T00:00:00Z"})
    operator.post(f"{path}/wake")
    operator.post(f"{path}/assign", {"to": me, "note": "mine"})
    operator.post(f"{API}/tickets/{same[0]}/merge", {"into": same[1]})
    operator.post(f"{API}/tickets/bulk", {"tickets": [ticket, "tkt_x"], "action": "claim"})
    operator.get(f"{API}/tickets?q=broken tag:vip")
    operator.get(f"{API}/colleagues")
    operator.get(f"{path}/mergeable")
    tag = (operator.get(f"{API}/tags").json or {})["tags"][0]["id"]
    admin.put(f"{API}/tags/{tag}", {"color": "red"})
    admin.delete(f"{API}/tags/{tag}")
    made = operator.post(f"{API}/views", {"name": "Mine", "q": "owner:me"}).json or {}
    view = made["view"]["id"]
    operator.get(f"{API}/views?counts=yes")
    operator.post(f"{API}/views/order", {"views": [view]})
    operator.put(f"{API}/views/{view}", {"name": "My own"})
    operator.delete(f"{API}/views/{view}")
    hours = {"timezone": "UTC", "days": {"monday": ["09:00-17:00"]}}
    admin.put(f"{API}/promises", {"sla": {"first_reply": {"high": 60}}, "hours": hours})
    admin.post(f"{API}/promises/preview", {"sla": None, "hours": hours})
    operator.get(f"{API}/promises")


def call_for_files(customer: Customer, operator: Caller, ticket: str) -> None:
    file = uploaded(customer, picture())["id"]
    customer.say("", files=[file])
    upload(operator, f"{ticket}/files", picture())
    for part in ("", "/preview"):
        customer.caller.get(f"{customer.path}/files/{file}{part}", token=customer.token)
        operator.get(f"{API}/files/{file}{part}")


def test_every_operation_answers_as_described(
    client: Caller,
    operator: Caller,
    admin: Caller,
    config: Config,
    store: Store,
    document: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One call of each; the callers check status, content type and shape of every answer."""
    customer = start(client, customer={"name": "Uma"})
    client.get(f"{API}/site")
    reply = customer.say("hello")["reply"]["id"]
    body: dict[str, Any] = {"message_id": reply, "helpful": True}
    client.post(f"{customer.path}/feedback", body, token=customer.token)
    turn = customer.say("this is broken")
    message, ticket = turn["message"]["id"], f"{API}/tickets/{turn['ticket']['id']}"
    client.post(f"{customer.path}/handoff", token=customer.token)
    reach = {"kind": "email", "value": "uma@example.com", "about": "This."}
    client.post(f"{customer.path}/contact", reach, token=customer.token)
    customer.messages()
    with client.get(f"{customer.path}/events", token=customer.token) as stream:
        frames(stream, 1)
    with operator.get(f"{API}/events?after=0") as stream:
        frames(stream, 1)
    operator.get(f"{API}/sessions")
    operator.get(f"{API}/tickets")
    operator.get(ticket)
    operator.get(f"{ticket}/messages?before=9")
    operator.post(f"{ticket}/claim")
    operator.post(f"{API}/presence", {"tab": "one", "ticket_id": ticket.rsplit("/", 1)[1]})
    client.post(f"{customer.path}/typing", token=customer.token)
    operator.get(f"{ticket}/past")
    operator.get(f"{ticket}/past/{customer.conversation}")
    canned = {"name": "Bye", "text": "See you, {customer_name}!"}
    kept = operator.post(f"{API}/canned-replies", canned).get_json()["canned_reply"]["id"]
    operator.get(f"{API}/canned-replies")
    operator.put(f"{API}/canned-replies/{kept}", canned)
    operator.delete(f"{API}/canned-replies/{kept}")
    for body in (
        {"client_id": "1", "text": "a note", "note": True},
        {"client_id": "2", "text": "a reply", "template": "greeting"},
    ):
        operator.post(f"{ticket}/messages", body)
    call_for_files(customer, operator, ticket)
    operator.post(f"{ticket}/return")
    operator.post(f"{ticket}/reopen")
    call_the_inbox(client, operator, admin, ticket.rsplit("/", 1)[1])
    operator.post(f"{ticket}/resolve")
    operator.post(f"{API}/messages/{message}/correction", {"intent": "greeting"})
    admin.post(f"{API}/messages/{message}/correction", {"intent": "gift_card"})
    operator.get(f"{API}/messages/{message}/trace")
    operator.get(f"{API}/labels/conflicts?operators=yes")
    operator.get(ticket)  # now with corrections and everything else
    operator.post(f"{API}/labels/settle", {"messages": [message], "intent": "greeting"})
    operator.delete(f"{API}/messages/{message}/correction")
    example = {"text": "wave", "intent": "greeting"}
    made = operator.post(f"{API}/examples", example).json or {}
    contents: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
        ("intents", "name", "waving", {"group": "x", "title": "Wave"}),
        ("templates", "name", "waving", {"intent": "greeting", "text": "hi"}),
        ("articles", "id", "waving", {"title": "Wave", "text": "Hi."}),
    )
    for kind, key, name, value in contents:
        operator.post(f"{API}/{kind}", {key: name, **value})
        operator.get(f"{API}/{kind}")
        operator.put(f"{API}/{kind}/{name}", value)
        operator.delete(f"{API}/{kind}/{name}")
    operator.get(f"{API}/examples")
    case: dict[str, Any] = {"text": "hello", "intent": "greeting", "action": "answer"}
    golden = (operator.post(f"{API}/golden", case).json or {})["golden_case"]["id"]
    operator.get(f"{API}/golden")
    operator.put(f"{API}/golden/{golden}", case)
    operator.delete(f"{API}/golden/{golden}")
    facts = operator.get(f"{API}/facts").json or {}
    operator.put(f"{API}/facts", {"facts": facts["facts"]})
    changes = (operator.get(f"{API}/content/history?kind=golden_case").json or {})["changes"]
    operator.post(f"{API}/content/history/{changes[0]['id']}/restore", {})
    operator.post(f"{API}/try", {"text": "hello", "challenger": True})
    operator.put(f"{API}/examples/{made['example']['id']}", example)
    operator.delete(f"{API}/examples/{made['example']['id']}")
    operator.get(f"{API}/reports")
    admin.get(f"{API}/reports?compare=yes&zone=Europe/Berlin")
    like = Proposal("label", "history", (ProposedText("waves"),), 1, 1.0, intent="greeting")
    taken, dropped = store.add_proposals([like, like])
    operator.get(f"{API}/review")
    operator.post(f"{API}/review/{taken.id}/accept", {})
    operator.post(f"{API}/review/{dropped.id}/dismiss")
    for release in [write_release(config.releases) for _ in range(2)]:
        admin.post(f"{API}/releases/{release.id}/promote")
    admin.post(f"{API}/releases/rollback")
    admin.get(f"{API}/releases")
    (config.releases / release.id / "report.html").write_text("<!doctype html>")
    operator.get(f"{API}/releases/{release.id}/report")
    operator.get(f"{API}/releases/overview")
    operator.get(f"{API}/nights")
    operator.get(f"{API}/nights/{write_night(config.home, 1)}")
    monkeypatch.setattr(diffs, "command", lambda *_: ["true"])
    admin.post(f"{API}/releases/{release.id}/diff", {})
    admin.get(f"{API}/releases/{release.id}/diff")
    alarm, _ = store.sound_alarm(AlarmDraft("drift", "sure", "Less sure.", 0.5, 0.8))
    operator.get(f"{API}/alarms")
    operator.get(f"{API}/alarms/{alarm.id}")
    operator.post(f"{API}/alarms/{alarm.id}/acknowledge")
    admin.post(f"{API}/releases/{release.id}/trial", {"mode": "shadow", "share": 0.2})
    admin.get(f"{API}/releases/trial")
    admin.delete(f"{API}/releases/trial")
    call_webhooks(admin)
    call_accounts(operator, admin)
    operator.delete(f"{API}/sessions")
    assert client.seen | operator.seen | admin.seen == set(operations(document))
