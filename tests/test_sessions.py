"""Operators sign in and out; who may do what."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask

from calls import Caller
from conftest import PASSWORD, PASSWORD_HASH, add_person, signed_in
from fakes import FakeEngines
from service.app import create_app
from service.config import Config
from service.errors import InvalidInput, TooMany
from service.passwords import hash_password, make_password, password_matches
from service.records.people import Operator
from service.store import Store
from service.web.attempts import Attempts

SESSIONS = "/api/v1/sessions"
OPERATORS_ROUTES = (
    ("GET", "/api/v1/sessions"),
    ("DELETE", "/api/v1/sessions"),
    ("GET", "/api/v1/tickets"),
    ("POST", "/api/v1/tickets/tkt_x/claim"),
    ("POST", "/api/v1/tickets/tkt_x/messages"),
    ("POST", "/api/v1/messages/msg_x/correction"),
    ("DELETE", "/api/v1/messages/msg_x/correction"),
    ("GET", "/api/v1/labels/conflicts"),
    ("POST", "/api/v1/labels/settle"),
    ("GET", "/api/v1/messages/msg_x/trace"),
    ("GET", "/api/v1/events"),
    ("GET", "/api/v1/intents"),
    ("PUT", "/api/v1/templates/greeting"),
    ("DELETE", "/api/v1/examples/exa_x"),
    ("GET", "/api/v1/reports"),
    ("GET", "/api/v1/releases"),
    ("POST", "/api/v1/releases/rollback"),
)


def sign_in(caller: Caller, email: str, password: str = PASSWORD, **options: Any) -> Any:
    return caller.post(SESSIONS, {"email": email, "password": password}, **options)


# --- in and out ----------------------------------------------------------------------------------


def test_signing_in_sets_a_cookie_that_scripts_cannot_read(client: Caller, olga: Operator) -> None:
    response = sign_in(client, olga.email)
    assert response.status_code == 201
    assert response.json["operator"] == {
        "id": olga.id,
        "email": "olga@desk.example",
        "name": "Olga",
        "role": "operator",
    }
    cookie = response.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Secure" not in cookie  # plain http on the own machine
    read = client.get(SESSIONS)
    assert read.json
    assert read.json["operator"]["id"] == olga.id


def test_cookie_is_secure_behind_https(
    config: Config, store: Store, engines: FakeEngines, olga: Operator
) -> None:
    public = config.model_copy(update={"public_url": "https://desk.example"})
    caller = Caller(create_app(public, store=store, engines=engines))
    assert "Secure" in sign_in(caller, olga.email).headers["Set-Cookie"]


def test_address_is_compared_without_case_and_spaces(client: Caller, olga: Operator) -> None:
    assert sign_in(client, "  OLGA@desk.example ").status_code == 201


def test_signing_out_ends_the_session_everywhere(operator: Caller, app: Flask) -> None:
    cookie = operator.client.get_cookie("frontdesk_session")
    assert cookie
    assert operator.delete(SESSIONS).status_code == 204
    assert operator.get(SESSIONS).status_code == 401
    thief = Caller(app)
    thief.client.set_cookie("frontdesk_session", cookie.value)
    assert thief.get(SESSIONS).status_code == 401


def test_two_sessions_end_apart(operator: Caller, app: Flask, olga: Operator) -> None:
    other = signed_in(app, olga.email)
    assert operator.delete(SESSIONS).status_code == 204
    assert other.get(SESSIONS).status_code == 200


@pytest.mark.parametrize("email", ["olga@desk.example", "nobody@desk.example"])
def test_wrong_password_and_unknown_address_look_alike(
    email: str, client: Caller, olga: Operator
) -> None:
    response = sign_in(client, email, "wrong password")
    assert response.status_code == 401
    assert response.json["detail"] == "E-mail or password is wrong."
    assert "Set-Cookie" not in response.headers


def test_disabled_operator_cannot_sign_in(client: Caller, store: Store, olga: Operator) -> None:
    store.disable_operator(olga.id)
    response = sign_in(client, olga.email)
    assert response.status_code == 401
    assert response.json["detail"] == "E-mail or password is wrong."


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"email": "a@b.example"},
        {"email": "", "password": "x"},
        {"email": 1, "password": "x"},
        {"email": "a@b.example", "password": "x", "remember": True},
        {"email": "a@b.example", "password": "x" * 1001},
    ],
)
def test_wrong_sign_in_is_refused(body: dict[str, Any], client: Caller) -> None:
    assert client.post(SESSIONS, body).status_code == 422


# --- guessing ------------------------------------------------------------------------------------


def test_guessing_is_stopped_and_other_accounts_are_not(
    client: Caller, olga: Operator, store: Store
) -> None:
    add_person(store, "karl@desk.example", "operator")
    for _ in range(10):
        assert sign_in(client, olga.email, "a guess").status_code == 401
    response = sign_in(client, "OLGA@desk.example")  # the right one comes too late
    assert response.status_code == 429
    assert response.json["code"] == "too_many_requests"
    assert 0 < int(response.headers["Retry-After"]) <= 301
    assert sign_in(client, "karl@desk.example").status_code == 201


def test_other_addresses_are_not_locked_out(client: Caller, olga: Operator) -> None:
    for _ in range(11):
        sign_in(client, olga.email, "a guess", environ_overrides={"REMOTE_ADDR": "192.0.2.7"})
    assert sign_in(client, olga.email).status_code == 201


def test_right_password_clears_the_count(client: Caller, olga: Operator) -> None:
    for _ in range(3):
        for _ in range(9):
            assert sign_in(client, olga.email, "a guess").status_code == 401
        assert sign_in(client, olga.email).status_code == 201


def test_attempts_are_forgotten_after_the_window(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("service.web.attempts.time.monotonic", lambda: now)
    attempts = Attempts(most=2, window=10)
    key, other = ("a", "1"), ("b", "1")
    attempts.begin(key)
    now = 1005.0
    attempts.begin(key)
    with pytest.raises(TooMany) as caught:
        attempts.begin(key)
    assert caught.value.detail["retry_after"] == 6
    attempts.begin(other)
    now = 1010.5
    attempts.begin(key)
    now = 1100.0
    attempts.begin(other)
    assert set(attempts.failed) == {other}  # nothing piles up


def test_guesses_at_the_same_moment_are_all_counted(
    client: Caller, olga: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A check takes its time; what arrives meanwhile must not slip past the count."""
    lock, now, most = threading.Lock(), 0, 0

    def check(_stored: str | None, _password: str) -> bool:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.01)
        with lock:
            now -= 1
        return False

    monkeypatch.setattr("service.web.sessions.password_matches", check)
    with ThreadPoolExecutor(30) as pool:
        made = [pool.submit(sign_in, Caller(client.app), olga.email, "a guess") for _ in range(30)]
        statuses = [future.result().status_code for future in made]
    assert sorted(statuses) == [401] * 10 + [429] * 20
    assert most <= 2  # each check takes a core and much memory


def test_sign_in_that_found_no_turn_is_busy_and_no_attempt(
    app: Flask, client: Caller, olga: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.web.sessions.CHECK_WAIT_SECONDS", 0.01)
    checks = app.config["FRONTDESK"].password_checks
    with checks, checks:
        for _ in range(12):
            response = sign_in(client, olga.email)
            assert (response.status_code, response.json["code"]) == (503, "busy")
            assert response.headers["Retry-After"] == "5"
    assert sign_in(client, olga.email).status_code == 201


# --- what needs an operator ----------------------------------------------------------------------


@pytest.mark.parametrize(("method", "path"), OPERATORS_ROUTES)
def test_operators_calls_need_an_operator(
    method: str, path: str, client: Caller, store: Store, olga: Operator
) -> None:
    disabled = store.create_api_token(olga.id)
    session = store.create_session(olga.id)
    store.disable_operator(olga.id)
    for headers in (
        {},
        {"Authorization": "Bearer fdk_wrong"},
        {"Authorization": f"Bearer {disabled}"},
        {"Authorization": f"Bearer {session}"},
        {"Authorization": f"Basic {disabled}"},
        {"Cookie": f"frontdesk_session={session}"},
        {"Cookie": "frontdesk_session="},
        {"Cookie": f"frontdesk_session={disabled}"},
    ):
        assert client.call(method, path, headers=headers).status_code == 401, headers


def test_every_described_call_is_guarded_as_described(app: Flask, client: Caller) -> None:
    """No operation that says it needs an operator may answer a stranger."""
    open_calls = set()
    for rule in app.url_map.iter_rules():
        described = getattr(app.view_functions[rule.endpoint], "operation", None)
        if described is None:
            continue
        path = rule.rule.replace("<", "").replace(">", "")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            if described.auth == "none":
                open_calls.add((method, rule.rule))
            else:
                assert client.call(method, path).status_code == 401, (method, path)
    assert open_calls == {
        ("GET", "/api/v1/site"),
        ("POST", "/api/v1/conversations"),
        ("POST", "/api/v1/sessions"),
    }


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/releases"),
        ("POST", "/api/v1/releases/rel_x/promote"),
        ("POST", "/api/v1/releases/rollback"),
    ],
)
def test_releases_are_the_admins(method: str, path: str, operator: Caller, admin: Caller) -> None:
    response = operator.call(method, path)
    assert response.status_code == 403
    assert response.json["code"] == "forbidden"  # type: ignore[index]
    assert admin.call(method, path).status_code in (200, 404, 409)


def test_releases_of_a_new_desk(admin: Caller) -> None:
    told = admin.get("/api/v1/releases").json or {}
    assert (told["releases"], told["champion"]) == ([], None)
    assert admin.post("/api/v1/releases/rel_x/promote").status_code == 404
    assert admin.post("/api/v1/releases/..%2F..%2Fetc/promote").status_code == 404
    assert admin.post("/api/v1/releases/rollback").status_code == 409


def test_half_written_release_is_no_release(admin: Caller, config: Config) -> None:
    half = config.releases / "rel_half"
    half.mkdir(parents=True)
    (half / "manifest.json").write_text('{"id": "rel_half"')
    told = admin.get("/api/v1/releases").json or {}
    assert (told["releases"], told["champion"]) == ([], None)
    assert admin.post("/api/v1/releases/rel_half/promote").status_code == 404
    (half / "manifest.json").write_text(
        '{"id": "rel_other", "created_at": "2026-01-01T00:00:00Z", "encoder": "e",'
        ' "dataset": "d", "files": {}, "format": 2}'
    )
    for name in ("rel_half", "rel_other"):
        assert admin.post(f"/api/v1/releases/{name}/promote").status_code in (404, 409)
    assert not (config.releases / "champion").exists()


def test_unreadable_champion_is_told(admin: Caller, config: Config) -> None:
    config.releases.mkdir()
    (config.releases / "champion").write_bytes(b"\xff")
    for response in (admin.get("/api/v1/releases"), admin.post("/api/v1/releases/rollback")):
        assert response.status_code in (409, 503)
        assert "champion" in response.json["detail"]  # type: ignore[index]


# --- tokens of programs --------------------------------------------------------------------------


def test_token_works_in_place_of_a_cookie(client: Caller, store: Store, olga: Operator) -> None:
    client.token = store.create_api_token(olga.id)
    assert client.get("/api/v1/tickets").status_code == 200
    read = client.get(SESSIONS)
    assert read.json
    assert read.json["operator"]["id"] == olga.id
    store.disable_operator(olga.id)
    assert client.get("/api/v1/tickets").status_code == 401


def test_token_is_not_bound_to_our_pages(client: Caller, store: Store, olga: Operator) -> None:
    """Nothing sends it by itself, so no page can misuse it."""
    client.token = store.create_api_token(olga.id)
    headers = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert client.delete(SESSIONS, headers=headers).status_code == 204


# --- calls from other sites ----------------------------------------------------------------------

WRITE = ("POST", "/api/v1/intents", {"name": "waving", "group": "x", "title": "Wave"})


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "http://localhost.evil.example"},
        {"Origin": "http://localhost:81"},
        {"Origin": "null"},
        {"Origin": "file://"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://localhost", "Sec-Fetch-Site": "cross-site"},
    ],
)
def test_cookie_is_worth_nothing_from_another_site(
    headers: dict[str, str], operator: Caller, store: Store
) -> None:
    before = store.content_revision()
    method, path, body = WRITE
    response = operator.call(method, path, body, headers=headers)
    assert response.status_code == 403, response.text
    assert operator.delete(SESSIONS, headers=headers).status_code == 403
    assert store.content_revision() == before
    assert operator.get(SESSIONS).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://localhost"},
        {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://desk.example"},  # the public address, behind a proxy
    ],
)
def test_own_pages_may_write(
    headers: dict[str, str], config: Config, store: Store, engines: FakeEngines, olga: Operator
) -> None:
    public = config.model_copy(update={"public_url": "https://desk.example/"})
    caller = signed_in(create_app(public, store=store, engines=engines), olga.email)
    # Werkzeug's client keeps a secure cookie to itself on http.
    session = store.create_session(olga.id)
    headers = {**headers, "Cookie": f"frontdesk_session={session}"}
    method, path, body = WRITE
    assert caller.call(method, path, body, headers=headers).status_code == 201


# --- passwords -----------------------------------------------------------------------------------


def test_passwords_are_kept_hashed_with_scrypt() -> None:
    stored = hash_password("long enough!")
    assert stored.startswith("scrypt:")
    assert "long enough!" not in stored
    assert hash_password("long enough!") != stored
    assert password_matches(stored, "long enough!")
    assert not password_matches(stored, "long enough")
    assert not password_matches(None, "long enough!")


def test_short_password_is_refused() -> None:
    with pytest.raises(InvalidInput, match="10 characters"):
        hash_password("x" * 9)


def test_made_passwords_are_strong_and_different() -> None:
    made = {make_password() for _ in range(100)}
    assert len(made) == 100
    assert all(len(p) == 23 and p.count("-") == 3 for p in made)


def test_cheap_hash_of_the_tests_is_what_the_desk_would_check() -> None:
    assert password_matches(PASSWORD_HASH, PASSWORD)
