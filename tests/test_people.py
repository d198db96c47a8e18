"""People, tokens and the site's settings over HTTP; operators and leads who try."""

from typing import Any

import pytest
from flask import Flask

from calls import Caller
from conftest import PASSWORD, signed_in
from service.app import create_app
from service.config import Config
from service.errors import Forbidden, StoreError
from service.records.people import Operator
from service.store import Store

PEOPLE, TOKENS, SETTINGS = "/api/v1/people", "/api/v1/tokens", "/api/v1/settings"
OWN = {"password": PASSWORD}  # to make a token takes more than a session
SESSIONS = "/api/v1/sessions"
SITE = {"name": "Moor", "welcome": ["Hi <b>you</b>"], "suggested": ["greeting"]}


def add(admin: Caller, **body: Any) -> dict[str, Any]:
    made = admin.post(PEOPLE, {"email": "new@desk.example", **body})
    assert made.status_code == 201, made.text
    return dict(made.json or {})


def test_a_new_person_signs_in_with_the_password_that_was_shown(admin: Caller, app: Flask) -> None:
    added = add(admin, role="lead", name="Nora <script>")
    assert added["person"]["role"] == "lead"
    assert signed_in(app, "new@desk.example", added["password"]).get(SESSIONS).status_code == 200
    assert added["password"] not in admin.get(PEOPLE).text
    assert admin.post(PEOPLE, {"email": "NEW@desk.example"}).status_code == 409
    assert add(admin, email="own@desk.example", password="a heap of gravel")["password"] is None


@pytest.mark.parametrize(
    "body",
    [
        {"email": "nobody"},
        {"email": "a@b.example", "role": "root"},
        {"email": "a@b.example", "name": "  "},
        {"email": "a@b.example", "name": " \u202e "},
        {"email": "a@b.example", "password": "password12"},
        {"email": "a@b.example", "disabled": True},
    ],
)
def test_wrong_people_are_refused(body: dict[str, Any], admin: Caller) -> None:
    assert admin.post(PEOPLE, body).status_code == 422


def test_a_name_does_not_turn_the_words_around_it(admin: Caller) -> None:
    added = admin.post(PEOPLE, {"email": "new@desk.example", "name": "\u202eUm\u2067ar \u05d3"})
    assert (added.json or {})["person"]["name"] == "Umar \u05d3"


def test_a_disabled_person_is_out_at_once_and_comes_back(
    admin: Caller, operator: Caller, app: Flask, olga: Operator
) -> None:
    token = (operator.post(TOKENS, {**OWN, "name": "till"}).json or {})["token"]
    told = admin.put(f"{PEOPLE}/{olga.id}", {"disabled": True}).json or {}
    assert told["person"]["disabled"] is True
    assert operator.get(SESSIONS).status_code == 401
    assert Caller(app, token).get(SESSIONS).status_code == 401
    assert admin.put(f"{PEOPLE}/{olga.id}", {"disabled": False}).status_code == 200
    assert Caller(app, token).get(SESSIONS).status_code == 401
    assert signed_in(app, olga.email).get(SESSIONS).status_code == 200


def test_a_password_that_is_reset_ends_the_sessions(
    admin: Caller, operator: Caller, app: Flask, olga: Operator
) -> None:
    made = (admin.post(f"{PEOPLE}/{olga.id}/password").json or {})["password"]
    assert operator.get(SESSIONS).status_code == 401
    assert signed_in(app, olga.email, made).get(SESSIONS).status_code == 200
    assert admin.delete(f"{PEOPLE}/{olga.id}/sessions").json == {"ended": 1}


def test_the_last_admin_can_be_neither_disabled_nor_demoted(admin: Caller, store: Store) -> None:
    ada = store.operator_by_email("ada@desk.example")
    for body in ({"disabled": True}, {"role": "lead"}, {"role": "operator"}):
        response = admin.put(f"{PEOPLE}/{ada.id}", {"name": "Zed", **body})
        assert (response.status_code, "last admin" in response.text) == (409, True)
    assert store.operator(ada.id) == ada  # nothing of what is refused is done
    assert admin.get(PEOPLE).status_code == 200


def test_what_is_not_there_is_not_found(admin: Caller) -> None:
    for call in (
        admin.put(f"{PEOPLE}/opr_x", {"role": "lead"}),
        admin.post(f"{PEOPLE}/opr_x/password"),
        admin.delete(f"{PEOPLE}/opr_x/sessions"),
        admin.delete(f"{PEOPLE}/opr_x/totp"),
        admin.delete(f"{TOKENS}/tok_x"),
    ):
        assert call.status_code == 404


@pytest.mark.parametrize("who", ["operator", "lead"])
def test_who_is_no_admin_changes_nobody(
    who: str, request: pytest.FixtureRequest, admin: Caller, store: Store
) -> None:
    """With whole, valid requests: the guard must come before everything else."""
    caller: Caller = request.getfixturevalue(who)
    ada = store.operator_by_email("ada@desk.example")
    before = (store.operators(), store.password_hash(ada.id), store.content_revision())
    tried = [
        caller.get(PEOPLE),
        caller.post(PEOPLE, {"email": "me2@desk.example", "role": "admin"}),
        caller.put(f"{PEOPLE}/{ada.id}", {"role": "operator"}),
        caller.put(f"{PEOPLE}/{ada.id}", {"disabled": True}),
        caller.post(f"{PEOPLE}/{ada.id}/password"),
        caller.delete(f"{PEOPLE}/{ada.id}/sessions"),
        caller.delete(f"{PEOPLE}/{ada.id}/totp"),
        caller.get(SETTINGS),
        caller.put(SETTINGS, SITE),
        caller.get("/api/v1/audit"),
        caller.get("/api/v1/audit.csv"),
        caller.get(f"{TOKENS}?of=all"),
    ]
    assert [response.status_code for response in tried] == [403] * len(tried)
    assert (store.operators(), store.password_hash(ada.id), store.content_revision()) == before
    assert admin.get(SESSIONS).status_code == 200


def test_an_open_session_is_not_enough_to_take_an_admins_account(
    admin: Caller, store: Store
) -> None:
    ada = store.operator_by_email("ada@desk.example")
    before = store.password_hash(ada.id)
    tried = [admin.post(f"{PEOPLE}/{ada.id}/password"), admin.delete(f"{PEOPLE}/{ada.id}/totp")]
    assert [response.status_code for response in tried] == [403, 403]
    assert store.password_hash(ada.id) == before


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": "http://["}]
)
def test_no_other_site_can_use_an_admins_cookie(
    headers: dict[str, str], admin: Caller, store: Store, olga: Operator
) -> None:
    before = (store.operators(), store.content_revision())
    tried = [
        admin.post(PEOPLE, {"email": "evil@desk.example"}, headers=headers),
        admin.put(f"{PEOPLE}/{olga.id}", {"role": "admin"}, headers=headers),
        admin.post(f"{PEOPLE}/{olga.id}/password", headers=headers),
        admin.delete(f"{PEOPLE}/{olga.id}/totp", headers=headers),
        admin.post(TOKENS, {"name": "evil"}, headers=headers),
        admin.put(SETTINGS, SITE, headers=headers),
        admin.put("/api/v1/account", {"name": "Evil"}, headers=headers),
        admin.put("/api/v1/account/password", {"old": PASSWORD, "new": "x" * 12}, headers=headers),
        admin.post("/api/v1/account/totp", {"password": PASSWORD}, headers=headers),
        admin.delete("/api/v1/account/sessions", headers=headers),
    ]
    assert [response.status_code for response in tried] == [403] * len(tried)
    assert (store.operators(), store.content_revision()) == before
    assert store.api_tokens() == []


# --- tokens --------------------------------------------------------------------------------------


def test_a_token_is_shown_once_and_kept_hashed(
    operator: Caller, app: Flask, config: Config
) -> None:
    token = (operator.post(TOKENS, {**OWN, "name": "till <b>"}).json or {})["token"]
    (listed,) = (operator.get(TOKENS).json or {})["tokens"]
    assert (listed["name"], listed["used_at"]) == ("till <b>", None)
    assert token not in operator.get(TOKENS).text
    assert Caller(app, token).get("/api/v1/tickets").status_code == 200
    assert (operator.get(TOKENS).json or {})["tokens"][0]["used_at"]
    kept = b"".join(path.read_bytes() for path in config.home.glob("desk.db*"))
    assert token.encode() not in kept


def test_tokens_are_revoked_by_their_owner_and_by_admins(
    operator: Caller, colleague: Caller, lead: Caller, admin: Caller, app: Flask
) -> None:
    tokens = [
        (operator.post(TOKENS, {**OWN, "name": n}).json or {})["token"] for n in ("one", "two")
    ]
    two, one = (t["id"] for t in (operator.get(TOKENS).json or {})["tokens"])
    for other in (colleague, lead):
        assert (other.get(TOKENS).json or {})["tokens"] == []
        assert other.delete(f"{TOKENS}/{one}").status_code == 404
    assert (admin.get(TOKENS).json or {})["tokens"] == []
    shown = (admin.get(f"{TOKENS}?of=all").json or {})["tokens"]
    assert {t["operator_name"] for t in shown} == {"Olga"}
    assert operator.delete(f"{TOKENS}/{one}").status_code == 204
    assert admin.delete(f"{TOKENS}/{two}").status_code == 204
    for token in tokens:
        assert Caller(app, token).get("/api/v1/tickets").status_code == 401


# --- the site ------------------------------------------------------------------------------------


def test_settings_reach_the_widget(admin: Caller, client: Caller) -> None:
    given = {**SITE, "color": "#aa3300", "theme": "dark", "allowed_origins": "https://a.example"}
    saved = admin.put(SETTINGS, given).json or {}
    assert (saved["name"], saved["color"], saved["fixed"]) == ("Moor", "#aa3300", [])
    site = client.get("/api/v1/site", headers={"Origin": "https://a.example"})
    assert (site.json or {})["theme"] == {"color": "#aa3300", "mode": "dark"}
    assert (site.json or {})["welcome"] == "Hi <b>you</b>"
    assert site.headers["Access-Control-Allow-Origin"] == "https://a.example"
    other = client.get("/api/v1/site", headers={"Origin": "https://b.example"})
    assert "Access-Control-Allow-Origin" not in other.headers


@pytest.mark.parametrize(
    "change",
    [
        {"name": " "},
        {"suggested": ["nothing"]},
        {"color": "red; background: url(//evil.example)"},
        {"color": "#12345"},
        {"theme": "sepia"},
        {"allowed_origins": "javascript:alert(1)"},
        {"allowed_origins": "https://a.example/path"},
        {"allowed_origins": "https://a.example, evil"},
        {"welcome": ["Hello {nobody}."]},
        {"welcome": ["x" * 2001]},
        {"welcome": ["x"] * 11},
    ],
)
def test_wrong_settings_are_refused(change: dict[str, Any], admin: Caller, store: Store) -> None:
    before = store.content_revision()
    assert admin.put(SETTINGS, {**SITE, **change}).status_code == 422
    assert store.content_revision() == before


def test_the_site_is_told_while_the_storage_is_away(
    client: Caller, admin: Caller, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin.put(SETTINGS, {**SITE, "color": "#aa3300", "allowed_origins": "https://a.example"})
    other = {"Origin": "https://b.example"}
    assert client.get("/api/v1/site").status_code == 200
    site = client.app.config["FRONTDESK"].site

    def fail(_name: str) -> None:
        raise StoreError("The disk is gone.")

    monkeypatch.setattr(store, "setting", fail)
    site.forget()
    told = client.get("/api/v1/site", headers=other)
    assert (told.json or {})["theme"]["color"] == "#aa3300"
    assert "Access-Control-Allow-Origin" not in told.headers


def test_origins_that_the_environment_sets_are_fixed(
    config: Config, store: Store, engines: Any, admin: Caller
) -> None:
    fixed = Config(**{**config.model_dump(), "allowed_origins": "https://a.example"})
    given = fixed.model_copy()
    caller = Caller(create_app(given, store=store, engines=engines))
    caller.token = store.create_api_token(store.operator_by_email("ada@desk.example").id)
    told = caller.get(SETTINGS).json or {}
    assert (told["allowed_origins"], told["fixed"]) == ("https://a.example", ["allowed_origins"])
    same = {**SITE, "allowed_origins": "https://a.example"}
    assert caller.put(SETTINGS, same).status_code == 200
    assert caller.put(SETTINGS, {**SITE, "allowed_origins": "*"}).status_code == 409


def test_a_disabled_operator_gets_no_token(store: Store, olga: Operator) -> None:
    store.disable_operator(olga.id)
    with pytest.raises(Forbidden):
        store.create_api_token(olga.id, "late")
