"""Requests that other sites, proxies and forgers send: no cookie is used against its owner, nothing
private is kept or framed, and nobody is sent elsewhere."""

import re

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from calls import Caller
from conftest import PASSWORD, signed_in
from fakes import FakeEngines
from hostile import API, MARK, World, decided, world
from service.app import create_app
from service.audit import AuditEntry, AuditQuery
from service.config import Config
from service.records.people import Operator
from service.roles import ROLES
from service.store import Store
from service.web.context import SESSION_COOKIE
from test_hostile_access import STREAMS

DECIDED = decided()
WRITES = [route for route, who in DECIDED.items() if who in ROLES and not route.startswith("GET")]
PAGES = ("/", "/console", "/widget.js", "/openapi.json", "/healthz", "/readyz", "/metrics")
EVIL = "https://evil.example"
ELSEWHERE: tuple[dict[str, str], ...] = (
    {"Origin": EVIL},
    {"Origin": "null"},
    {"Origin": "http://localhost.evil.example"},
    {"Origin": "http://localhost:8001"},
    {"Origin": "http://localhost@evil.example"},
    {"Origin": "file://"},
    {"Origin": "http://[::1"},
    {"Origin": "localhost"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "http://localhost", "Sec-Fetch-Site": "cross-site"},
    {"Origin": EVIL, "Sec-Fetch-Site": "same-origin"},
    {"Origin": EVIL, "X-Forwarded-Host": "evil.example"},
    {"Origin": EVIL, "X-HTTP-Method-Override": "GET"},
)


@pytest.fixture
def hostile(app: Flask, store: Store, config: Config) -> World:
    return world(app, store, config)


@pytest.fixture
def ada(hostile: World) -> Caller:
    return signed_in(hostile.app, "ada@desk.example")


# --- other sites ---------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", ELSEWHERE, ids=str)
def test_no_other_site_writes_with_an_admins_cookie(
    headers: dict[str, str], hostile: World, ada: Caller
) -> None:
    before = hostile.store.last_event(), len(_audit(hostile))
    for route in WRITES:
        answer = ada.call(route.partition(" ")[0], hostile.path(route), {}, headers=headers)
        assert answer.status_code == 403, f"{route} {answer.text}"
        assert (answer.json or {})["code"] == "forbidden"
    assert (hostile.store.last_event(), len(_audit(hostile))) == before


@pytest.mark.parametrize("headers", ELSEWHERE, ids=str)
def test_no_other_site_signs_a_browser_in(
    headers: dict[str, str], app: Flask, olga: Operator
) -> None:
    """Else an operator would answer customers, and change a password, in an attacker's account."""
    body = {"email": olga.email, "password": PASSWORD}
    answer = Caller(app).post(f"{API}/sessions", body, headers=headers)
    assert answer.status_code == 403
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", None])
def test_what_a_form_of_another_site_can_send_is_no_body(kind: str | None, ada: Caller) -> None:
    for path in (f"{API}/sessions", f"{API}/templates", f"{API}/people"):
        answer = ada.post(path, data=b'{"email":"a@b.c","password":"x"}', content_type=kind)
        assert answer.status_code == 415, path


def test_reading_changes_nothing(hostile: World, ada: Caller) -> None:
    """So that no picture or link of another site does, for which the cookie is asked nothing."""
    before = hostile.store.last_event(), len(_audit(hostile)), hostile.store.content_revision()
    for route, who in DECIDED.items():
        if who in ROLES and route.startswith("GET") and route not in STREAMS:
            assert ada.get(hostile.path(route)).status_code in (200, 404), route
    now = hostile.store.last_event(), len(_audit(hostile)), hostile.store.content_revision()
    assert now == before


def test_an_unknown_site_reads_nothing(config: Config, store: Store, engines: FakeEngines) -> None:
    narrow = config.model_copy(update={"allowed_origins": "https://shop.example"})
    made = create_app(narrow, store=store, engines=engines)
    caller = Caller(made)
    for origin in (EVIL, "null", "https://shop.example.evil.example", "https://shop.exampl"):
        for route in DECIDED:
            path = re.sub(r"{\w+}", "unknown", route.partition(" ")[2])
            for method in (route.partition(" ")[0], "OPTIONS"):
                answer = caller.call(method, path, headers={"Origin": origin})
                _is_shared_with_nobody(answer)


def test_no_site_at_all_reads_what_operators_do(hostile: World, ada: Caller) -> None:
    """Also where any site may embed the widget."""
    for route, who in DECIDED.items():
        if who not in ROLES and "sessions" not in route:
            continue
        if route in STREAMS or not route.startswith("GET"):
            answer = ada.call("OPTIONS", hostile.path(route), headers={"Origin": EVIL})
        else:
            answer = ada.get(hostile.path(route), headers={"Origin": EVIL})
        _is_shared_with_nobody(answer)
    shared = Caller(hostile.app).get(f"{API}/site", headers={"Origin": EVIL})
    assert shared.headers["Access-Control-Allow-Origin"] == EVIL
    assert "Access-Control-Allow-Credentials" not in shared.headers


def _is_shared_with_nobody(answer: TestResponse) -> None:
    told = [name for name, _ in answer.headers if name.startswith("Access-Control-Allow")]
    assert told == [], f"{answer.request.path} {told}"


def _audit(hostile: World) -> list[AuditEntry]:
    return hostile.store.audit(AuditQuery(), 1000)


# --- what is answered ----------------------------------------------------------------------------


def test_every_answer_is_guarded_whatever_it_is(hostile: World, ada: Caller) -> None:
    """Never in a frame, never guessed at; what is private is kept nowhere."""
    answers = [ada.get(path) for path in (*PAGES, "/no-such-page", "/static/../app.py")]
    answers += [ada.call(method, "/console") for method in ("POST", "DELETE", "OPTIONS")]
    for route in DECIDED:
        if route in STREAMS:
            continue
        method, path = route.partition(" ")[0], hostile.path(route)
        answers.append(ada.get(path) if method == "GET" else Caller(hostile.app).call(method, path))
    answers.append(ada.post(f"{API}/templates", data=b"{", content_type="application/json"))
    for answer in answers:
        answer.get_data()  # a stream that nobody reads ends later, in the middle of another test
    for answer in answers:
        policy, told = answer.headers["Content-Security-Policy"], answer.request.path
        assert "frame-ancestors 'none'" in policy, told
        assert "default-src 'none'" in policy, told
        assert not re.search(r"script-src[^;]*(unsafe|\*|data:|blob:)", policy), told
        assert answer.headers["X-Content-Type-Options"] == "nosniff", told
        assert answer.headers["Referrer-Policy"] == "same-origin", told
        assert "Location" not in answer.headers, told
        if answer.request.path.startswith("/api/"):
            file = answer.status_code == 200 and "/files/" in told
            kept = "private, no-cache" if file else "no-store"  # asked for each time
            assert answer.headers["Cache-Control"] == kept, told
        if answer.status_code in (401, 403, 404):
            assert MARK not in answer.text, told


def test_sign_in_takes_over_no_session_that_was_planted(app: Flask, olga: Operator) -> None:
    planted = "A" * 43
    caller = Caller(app)
    caller.client.set_cookie(SESSION_COOKIE, planted)
    answer = caller.post(f"{API}/sessions", {"email": olga.email, "password": PASSWORD})
    (cookie,) = answer.headers.getlist("Set-Cookie")
    assert planted not in cookie
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
    assert "domain" not in cookie.lower()
    forged = Caller(app)
    forged.client.set_cookie(SESSION_COOKIE, planted)
    assert forged.get(f"{API}/sessions").status_code == 401
    again = caller.post(f"{API}/sessions", {"email": olga.email, "password": PASSWORD})
    earlier = Caller(app)
    earlier.client.set_cookie(SESSION_COOKIE, cookie.split(";")[0].split("=")[1])
    assert again.status_code == 201
    assert earlier.get(f"{API}/sessions").status_code == 401, "the session before lives on"


@pytest.mark.parametrize(
    "path",
    [
        "//console",
        "/console//",
        "/api//v1/site",
        "//evil.example/console",
        "/\\evil.example",
        "/console/",
        "/api/v1/site/",
        "/static//widget/main.js",
        "/%2f%2fevil.example",
        "/console?next=//evil.example",
    ],
)
def test_nobody_is_sent_elsewhere(path: str, app: Flask) -> None:
    """A host that is forged stands in no answer: a cache would hand it on."""
    headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    answer = app.test_client().get(f"http://localhost{path}", headers=headers)
    assert answer.status_code in (200, 404), answer.headers
    assert "Location" not in answer.headers
    assert "evil" not in answer.text
    assert "evil" not in str(answer.headers)


@pytest.mark.parametrize(
    "name",
    [
        "../app.py",
        "..%2fapp.py",
        "%2e%2e/app.py",
        "widget/../../app.py",
        "widget/v-00000000/../../../app.py",
        "..\\app.py",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "console",
        "",
        ".",
        "widget.js%00.css",
        "con" * 400,
    ],
)
def test_no_file_outside_is_served(name: str, client: Caller) -> None:
    answer = client.get(f"/static/{name}")
    assert answer.status_code == 404
    assert answer.mimetype == "application/problem+json"


TRAVERSALS = ("..", "../../desk.db", "..%2f..%2fdesk.db", "%2e%2e", ".", "a%00b", "champion", "é")


@pytest.mark.parametrize("name", TRAVERSALS)
def test_no_id_leads_out_of_its_folder(name: str, hostile: World, ada: Caller) -> None:
    for route, who in DECIDED.items():
        if who not in ROLES or "{" not in route or route in STREAMS:
            continue
        method, _, path = route.partition(" ")
        # Past `Caller`, which holds against the document only what is a route.
        answer = ada.client.open(
            re.sub(r"{\w+}", name, path), method=method, json=None if method == "GET" else {}
        )
        assert answer.status_code in (400, 404, 405, 409, 422), f"{route} {answer.text}"
        assert str(hostile.app.config["FRONTDESK"].config.home) not in answer.text
