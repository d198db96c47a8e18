"""Webhooks over HTTP: who may, what is refused, what is shown once, and an old database."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlite_utils import Database

from calls import Caller
from conftest import PASSWORD
from drafts import handoff
from service.config import Config
from service.sqlite.migrations.order import MIGRATIONS
from service.sqlite.store import SqliteStore
from service.store import Store
from service.webhooks import EVENTS, Try, WebhookChange

HOOKS = "/api/v1/webhooks"
ME = {"password": PASSWORD}
BODY = {"address": "https://93.184.215.14/in?token=t", "events": ["ticket.opened"], **ME}


def make(admin: Caller, **changes: Any) -> dict[str, Any]:
    made = admin.post(HOOKS, {**BODY, **changes})
    assert made.status_code == 201, made.text
    return dict(made.json or {})


def test_an_admin_makes_changes_and_removes_a_webhook(admin: Caller) -> None:
    made = make(admin, description=" CRM ", events=["ticket.resolved", "ticket.opened"] * 2)
    webhook = made["webhook"]
    assert (webhook["description"], webhook["active"], webhook["with_texts"]) == (
        "CRM",
        True,
        False,
    )
    assert webhook["events"] == ["ticket.opened", "ticket.resolved"]  # as they are listed, once
    listed = admin.get(HOOKS).json or {}
    assert listed["webhooks"] == [webhook]
    assert [one["event"] for one in listed["events"]] == list(EVENTS)
    path = f"{HOOKS}/{webhook['id']}"
    changed = (admin.put(path, {"with_texts": True, "active": False, **ME}).json or {})["webhook"]
    assert (changed["with_texts"], changed["active"]) == (True, False)
    assert changed["address"] == webhook["address"]
    assert admin.delete(path).status_code == 204
    assert admin.delete(path).status_code == admin.put(path, {}).status_code == 404


def test_secrets_are_shown_once(admin: Caller) -> None:
    made = make(admin)
    path = f"{HOOKS}/{made['webhook']['id']}"
    rotated = admin.post(f"{path}/secret", ME).json or {}
    assert rotated["secret"] != made["secret"]
    assert rotated["webhook"]["old_secret_until"]
    admin.post(f"{path}/test")
    shown = admin.get(HOOKS).text + admin.get(f"{path}/deliveries").text
    shown += admin.put(path, {"description": "x"}).text + admin.get("/api/v1/audit.csv").text
    for secret in (made["secret"], rotated["secret"]):
        assert secret not in shown
    assert "token=t" not in admin.get("/api/v1/audit.csv").text


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("address", one) for one in ("ftp://x.example", "x.example", "https://u:p@x.example")),
        *(("address", one) for one in ("https://x.example/a b", "javascript:alert(1)", "http://")),
        *(("address", f"http://{one}/") for one in ("127.0.0.1", "localhost", "[::1]", "10.0.0.1")),
        ("address", f"https://x.example/{'a' * 2000}"),
        ("address", ["https://x.example"]),
        ("events", []),
        ("events", ["ticket.exploded"]),
        ("events", ["webhook.test"]),
        ("events", "ticket.opened"),
        ("description", "x" * 201),
        ("with_texts", "yes"),
        ("secret", "whsec_mine"),
    ],
)
def test_what_is_wrong_is_refused(field: str, value: object, admin: Caller) -> None:
    refused = admin.post(HOOKS, {**BODY, field: value})
    assert refused.status_code == 422
    assert (refused.json or {})["errors"][0]["field"].startswith(field)
    path = f"{HOOKS}/{make(admin)['webhook']['id']}"
    assert admin.put(path, {field: value, **ME}).status_code == 422


def test_networks_of_the_house_are_reached_when_the_server_allows_it(
    admin: Caller, app: Flask, config: Config
) -> None:
    parts = app.config["FRONTDESK"]
    allowing = config.model_copy(update={"webhook_networks": "10.1.0.0/16"})
    app.config["FRONTDESK"] = replace(parts, config=allowing)
    make(admin, address="http://10.1.2.3:8080/in")
    assert admin.post(HOOKS, {**BODY, "address": "http://10.2.2.3/"}).status_code == 422


def test_only_admins_know_of_webhooks(
    admin: Caller, lead: Caller, operator: Caller, client: Caller
) -> None:
    webhook_id = make(admin)["webhook"]["id"]
    path = f"{HOOKS}/{webhook_id}"
    delivery = (admin.post(f"{path}/test").json or {})["delivery"]["id"]
    calls: list[tuple[str, str, Any]] = [
        ("GET", HOOKS, None),
        ("POST", HOOKS, BODY),
        ("PUT", path, {"active": False}),
        ("DELETE", path, None),
        ("POST", f"{path}/secret", ME),
        ("POST", f"{path}/test", None),
        ("GET", f"{path}/deliveries", None),
        ("GET", f"{path}/deliveries/{delivery}", None),
        ("POST", f"{path}/deliveries/{delivery}/again", None),
    ]
    for method, where, body in calls:
        assert client.call(method, where, body).status_code == 401
        for caller in (operator, lead):
            assert caller.call(method, where, body).status_code == 403, (method, where)
        if method != "GET":
            foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
            assert admin.call(method, where, body, headers=foreign).status_code == 403
    assert len((admin.get(HOOKS).json or {})["webhooks"]) == 1


def test_the_log_tells_how_it_went(admin: Caller, store: Store) -> None:
    webhook = make(admin)["webhook"]
    path = f"{HOOKS}/{webhook['id']}"
    sent = admin.post(f"{path}/test")
    assert sent.status_code == 202
    delivery = (sent.json or {})["delivery"]
    assert (delivery["state"], delivery["tries"], delivery["last"]) == ("waiting", 0, None)
    outgoing = store.next_delivery(webhook["id"])
    assert outgoing
    hostile = "<img src=x onerror=alert(1)>"
    store.note_try(outgoing, Try(delivery["created_at"], 500, "", hostile, 7), taken=False)
    store.record_turn(handoff(store.create_conversation()[0].id))
    log = admin.get(f"{path}/deliveries").json or {}
    assert [one["event"] for one in log["deliveries"]] == ["ticket.opened", "webhook.test"]
    assert "answer" not in json.dumps(log)
    failed = admin.get(f"{path}/deliveries?failed=yes").json or {}
    assert [one["id"] for one in failed["deliveries"]] == [delivery["id"]]
    first = admin.get(f"{path}/deliveries?limit=1").json or {}
    assert first["more"] is True
    older = admin.get(f"{path}/deliveries?before={first['deliveries'][0]['id']}").json or {}
    assert [one["id"] for one in older["deliveries"]] == [delivery["id"]]
    told = (admin.get(f"{path}/deliveries/{delivery['id']}").json or {})["delivery"]
    assert [one["answer"] for one in told["told"]] == [hostile]
    assert told["body"]["type"] == "webhook.test"
    again = (admin.post(f"{path}/deliveries/{delivery['id']}/again").json or {})["delivery"]
    assert (again["state"], again["tries"]) == ("waiting", 1)
    admin.put(path, {"active": False})
    assert admin.post(f"{path}/deliveries/{delivery['id']}/again").status_code == 409
    assert admin.post(f"{path}/test").status_code == 409
    for wrong in ("failed=maybe", "limit=0", "limit=x"):
        assert admin.get(f"{path}/deliveries?{wrong}").status_code == 422
    assert admin.get(f"{path}/deliveries/whd_none").status_code == 404


def test_an_old_database_learns_of_webhooks(tmp_path: Path) -> None:
    path = tmp_path / "desk.db"
    db = Database(path)
    MIGRATIONS.apply(db, stop_before="m013_webhooks")
    db.execute(
        "INSERT INTO conversation (id, token_hash, status, epoch, locale, dialogue, last_number,"
        " created_at, updated_at) VALUES ('cnv_1', 'h', 'desk', 0, 'en', '{}', 0, '2026', '2026')"
    )
    db.conn.commit()
    db.close()
    store = SqliteStore.open(path)
    webhook, _ = store.add_webhook("https://hooks.example", tuple(EVENTS))
    store.record_turn(handoff("cnv_1"))
    assert len(store.deliveries(webhook.id)) == 3
    store.change_webhook(webhook.id, WebhookChange(active=False))
    store.close()


def test_a_session_alone_is_not_enough_to_say_where_what_goes(admin: Caller) -> None:
    webhook = make(admin)["webhook"]
    path = f"{HOOKS}/{webhook['id']}"
    elsewhere = {"address": "https://93.184.215.99/"}
    inside = {"address": "https://10.0.0.1/"}
    asked: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", HOOKS, {"address": BODY["address"], "events": BODY["events"]}),
        ("PUT", path, elsewhere),
        ("PUT", path, inside),  # nor does it tell what is in the house
        ("POST", HOOKS, {**inside, "events": BODY["events"]}),
        ("PUT", path, {"with_texts": True}),
        ("PUT", path, {"events": ["message.created"]}),
        ("POST", f"{path}/secret", {}),
    ]
    for method, where, body in asked:
        for wrong, told in (({}, "takes your password"), ({"password": "x"}, "not your password")):
            refused = admin.call(method, where, {**body, **wrong})
            assert refused.status_code == 422
            (error,) = (refused.json or {})["errors"]
            assert error["field"] == "password"
            assert told in error["message"]
    assert (admin.get(HOOKS).json or {})["webhooks"] == [webhook]
    assert admin.put(path, {**elsewhere, **ME}).status_code == 200
    assert admin.put(path, {"active": False, "description": "x"}).status_code == 200


def test_programs_make_webhooks_with_a_token_of_an_admin(
    app: Flask, admin: Caller, store: Store
) -> None:
    ada = store.operator_by_email("ada@desk.example")
    program = Caller(app, store.create_api_token(ada.id))
    body = {"address": BODY["address"], "events": BODY["events"]}
    made = program.post(HOOKS, body)
    assert made.status_code == 201
    path = f"{HOOKS}/{(made.json or {})['webhook']['id']}"
    assert program.put(path, {"with_texts": True}).status_code == 200
    assert program.post(f"{path}/secret").status_code == 201
