"""What each role may, asked of every route there is."""

import re

import pytest
from flask import Flask

from calls import Caller
from conftest import PASSWORD_HASH, add_person
from docs.generate import HERE
from drafts import draft
from service.records.people import Role
from service.roles import MAY, ROLES, may
from service.store import Store

LEADS = {
    ("GET", "/api/v1/releases/trial"),
    ("DELETE", "/api/v1/tags/<tag_id>"),
    ("PUT", "/api/v1/promises"),
    ("POST", "/api/v1/promises/preview"),
    ("PUT", "/api/v1/tags/<tag_id>"),
}
ADMINS = {
    ("GET", "/api/v1/audit"),
    ("GET", "/api/v1/audit.csv"),
    ("DELETE", "/api/v1/people/<operator_id>/sessions"),
    ("DELETE", "/api/v1/people/<operator_id>/totp"),
    ("GET", "/api/v1/people"),
    ("POST", "/api/v1/people"),
    ("POST", "/api/v1/people/<operator_id>/password"),
    ("PUT", "/api/v1/people/<operator_id>"),
    ("DELETE", "/api/v1/releases/trial"),
    ("GET", "/api/v1/releases"),
    ("GET", "/api/v1/releases/<release_id>/diff"),
    ("POST", "/api/v1/releases/<release_id>/diff"),
    ("POST", "/api/v1/releases/<release_id>/promote"),
    ("POST", "/api/v1/releases/<release_id>/trial"),
    ("POST", "/api/v1/releases/rollback"),
    ("GET", "/api/v1/settings"),
    ("PUT", "/api/v1/settings"),
    ("GET", "/api/v1/webhooks"),
    ("POST", "/api/v1/webhooks"),
    ("PUT", "/api/v1/webhooks/<webhook_id>"),
    ("DELETE", "/api/v1/webhooks/<webhook_id>"),
    ("POST", "/api/v1/webhooks/<webhook_id>/secret"),
    ("POST", "/api/v1/webhooks/<webhook_id>/test"),
    ("GET", "/api/v1/webhooks/<webhook_id>/deliveries"),
    ("GET", "/api/v1/webhooks/<webhook_id>/deliveries/<delivery_id>"),
    ("POST", "/api/v1/webhooks/<webhook_id>/deliveries/<delivery_id>/again"),
}


def routes_of(app: Flask) -> list[tuple[str, str, str]]:
    """Method, rule and least role of every route that needs somebody to be signed in."""
    found = []
    for rule in app.url_map.iter_rules():
        described = getattr(app.view_functions[rule.endpoint], "operation", None)
        if described is not None and described.auth in ROLES:
            methods = sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
            found += [(method, rule.rule, described.auth) for method in methods]
    return found


def test_roles_rise() -> None:
    assert ROLES == ("operator", "lead", "admin")
    assert [[may(role, least) for least in ROLES] for role in ROLES] == [
        [True, False, False],
        [True, True, False],
        [True, True, True],
    ]


def test_every_route_answers_each_role_as_it_should(app: Flask, store: Store) -> None:
    """Bodies are left out, ids are unknown: whoever may gets past the guard, and no further."""
    routes = routes_of(app)
    assert {(m, r) for m, r, least in routes if least == "lead"} >= LEADS
    assert {(m, r) for m, r, least in routes if least == "admin"} >= ADMINS
    role: Role
    for role in ROLES:
        person = add_person(store, f"{role}@desk.example", role)
        for method, rule, least in routes:
            caller = Caller(app, store.create_api_token(person.id))
            path = re.sub(r"<(?:\w+:)?\w+>", "unknown", rule)
            if path == "/api/v1/events":
                continue  # a stream that does not end; tests/test_stream.py has it
            response = caller.client.open(
                path, method=method, headers={"Authorization": f"Bearer {caller.token}"}
            )
            told = f"{role}: {method} {path} {response.status_code}"
            if may(role, least):
                assert response.status_code not in (401, 403, 500), told
            else:
                assert response.status_code == 403, told


def test_a_role_that_is_taken_away_is_gone_with_the_next_call(app: Flask, store: Store) -> None:
    ada, _ = (add_person(store, f"{n}@desk.example", "admin") for n in ("ada", "eve"))
    caller = Caller(app, store.create_api_token(ada.id))
    assert caller.get("/api/v1/people").status_code == 200
    store.set_role(ada.id, "lead")
    assert caller.get("/api/v1/people").status_code == 403
    assert caller.get("/api/v1/releases/trial").status_code == 200


@pytest.mark.parametrize(("role", "shown"), [("operator", 1), ("lead", 2), ("admin", 2)])
def test_leads_see_how_often_everybody_is_contradicted(
    role: Role, shown: int, app: Flask, store: Store
) -> None:
    asking = store.add_operator("asks@desk.example", "Asks", role, PASSWORD_HASH)
    other = add_person(store, "other@desk.example", "operator")
    turn = store.record_turn(draft(store.create_conversation()[0].id, trace=None))
    for one, intent in ((asking, "greeting"), (other, "gift_card")):
        store.correct_message(turn.message.id, one.id, intent=intent)
    caller = Caller(app, store.create_api_token(asking.id))
    told = caller.get("/api/v1/labels/conflicts?operators=yes").json or {}
    assert len(told["operators"]) == shown


def test_the_docs_say_what_each_role_may() -> None:
    page = (HERE / "concepts.md").read_text(encoding="utf-8")
    for role in MAY:
        assert f"**{role}**" in page
