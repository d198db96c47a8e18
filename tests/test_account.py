"""One's own account over HTTP: password, sessions, two-factor sign-in; and who tries to get in."""

import base64
import re
from types import SimpleNamespace
from typing import Any

import pyotp
import pytest
from flask import Flask

from calls import Caller
from conftest import PASSWORD, add_person, signed_in
from service.app import create_app
from service.audit import AuditQuery
from service.config import Config
from service.devices import device_words
from service.errors import InvalidInput, TooMany
from service.passwords import hash_password, make_password, password_matches, require_strong
from service.records.people import Operator
from service.store import Store
from service.totp import picture_of, plain, recovery_codes, step_of
from service.web.addresses import network_of
from service.web.attempts import OF_ACCOUNT, OF_ADDRESS, Attempts, SignIns

ACCOUNT, SESSIONS = "/api/v1/account", "/api/v1/sessions"
NEW = "a heap of wet gravel"
COOKIE = "frontdesk_session"
NOW = 1_800_000_010


def cookie_of(caller: Caller) -> str:
    cookie = caller.client.get_cookie(COOKIE)
    assert cookie
    return cookie.value


def thief(app: Flask, cookie: str) -> Caller:
    """Somebody who has copied a cookie."""
    caller = Caller(app)
    caller.client.set_cookie(COOKIE, cookie)
    return caller


def sign_in(caller: Caller, email: str, **body: str) -> Any:
    return caller.post(SESSIONS, {"email": email, "password": PASSWORD, **body})


def enrol(caller: Caller) -> tuple[str, list[str]]:
    """Switch two-factor sign-in on; the secret and the recovery codes. The code of the step before
    is used up by it, so that the present one is still good."""
    begun = caller.post(f"{ACCOUNT}/totp", {"password": PASSWORD})
    assert begun.status_code == 201, begun.text
    secret = (begun.json or {})["secret"]
    done = caller.post(f"{ACCOUNT}/totp/confirm", {"code": code_of(secret, -1)})
    assert done.status_code == 201, done.text
    return secret, (done.json or {})["recovery_codes"]


def code_of(secret: str, steps: int = 0) -> str:
    return pyotp.TOTP(secret).at(NOW + 30 * steps)


@pytest.fixture(autouse=True)
def standing_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """No code gets old while a test runs."""
    monkeypatch.setattr("service.totp.time", SimpleNamespace(time=lambda: NOW))


# --- password ------------------------------------------------------------------------------------


def test_a_new_password_ends_every_session_and_begins_one(
    operator: Caller, app: Flask, olga: Operator
) -> None:
    other, before = signed_in(app, olga.email), cookie_of(operator)
    changed = operator.put(f"{ACCOUNT}/password", {"old": PASSWORD, "new": NEW})
    assert changed.status_code == 200
    assert "HttpOnly" in changed.headers["Set-Cookie"]
    assert "SameSite=Strict" in changed.headers["Set-Cookie"]
    assert operator.get(SESSIONS).status_code == 200
    assert other.get(SESSIONS).status_code == 401
    assert thief(app, before).get(SESSIONS).status_code == 401  # a copy of this very session
    assert sign_in(Caller(app), olga.email).status_code == 401
    assert sign_in(Caller(app), olga.email, password=NEW).status_code == 201


@pytest.mark.parametrize("call", ["sign in", "change it"])
def test_nobody_outruns_the_reset_of_a_password(
    call: str,
    operator: Caller,
    client: Caller,
    store: Store,
    olga: Operator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who has learned it calls on and on; an admin resets it while one of the calls is checked."""
    made = hash_password(make_password())

    def check(stored: str | None, password: str) -> bool:
        right = password_matches(stored, password)
        store.set_password_hash(olga.id, made)
        return right

    monkeypatch.setattr("service.web.sessions.password_matches", check)
    if call == "sign in":
        response = sign_in(client, olga.email)
    else:
        response = operator.put(f"{ACCOUNT}/password", {"old": PASSWORD, "new": NEW})
    assert response.status_code == 403
    assert "Set-Cookie" not in response.headers
    assert store.sessions(olga.id) == []
    assert store.password_hash(olga.id) == made


def test_the_old_password_is_needed_and_guesses_are_counted(operator: Caller) -> None:
    body = {"old": "a guess", "new": NEW}
    for _ in range(10):
        refused = operator.put(f"{ACCOUNT}/password", body)
        assert refused.status_code == 422
        assert (refused.json or {})["errors"][0]["field"] == "old"
    assert operator.put(f"{ACCOUNT}/password", {**body, "old": PASSWORD}).status_code == 429
    assert operator.get(SESSIONS).status_code == 200


@pytest.mark.parametrize(
    ("password", "told"),
    [
        ("short", "10 characters"),
        ("aaaabbbbccccdddd", "5 different"),
        ("Password123", "tried first"),
        ("qwertyuiop12", "tried first"),
        ("olga-2026!!", "own name"),
        ("desk.example", "own name"),
    ],
)
def test_weak_passwords_are_refused(password: str, told: str, operator: Caller) -> None:
    with pytest.raises(InvalidInput, match=told):
        require_strong(password, "olga@desk.example", "Olga Desk Example")
    response = operator.put(f"{ACCOUNT}/password", {"old": PASSWORD, "new": password})
    assert response.status_code == 422


def test_strong_passwords_are_taken() -> None:
    for password in (PASSWORD, NEW, make_password(), "我的密码是一只蓝色的鲸鱼"):
        require_strong(password, "olga@desk.example", "Olga")


# --- sessions ------------------------------------------------------------------------------------


def test_sessions_are_shown_with_device_and_address(
    operator: Caller, app: Flask, olga: Operator
) -> None:
    phone = Caller(app)
    agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) Version/18.0 Mobile/15E148 Safari/604.1"
    phone.post(
        SESSIONS,
        {"email": olga.email, "password": PASSWORD},
        headers={"User-Agent": agent},
        environ_overrides={"REMOTE_ADDR": "192.0.2.44"},
    )
    here, there = (operator.get(ACCOUNT).json or {})["sessions"]
    assert (here["current"], there["current"]) == (True, False)
    assert (there["device"], there["address"]) == ("Safari on iPhone", "192.0.2.44")
    assert operator.delete(f"{ACCOUNT}/sessions/{there['id']}").status_code == 204
    assert phone.get(SESSIONS).status_code == 401
    signed_in(app, olga.email)
    assert operator.delete(f"{ACCOUNT}/sessions").json == {"ended": 1}
    assert operator.get(SESSIONS).status_code == 200


def test_nobody_ends_or_sees_the_sessions_of_others(
    operator: Caller, colleague: Caller, admin: Caller
) -> None:
    (mine,) = (operator.get(ACCOUNT).json or {})["sessions"]
    for other in (colleague, admin):
        assert other.delete(f"{ACCOUNT}/sessions/{mine['id']}").status_code == 404
        assert mine["id"] not in other.get(ACCOUNT).text
    assert cookie_of(operator) not in operator.get(ACCOUNT).text


def test_signing_in_again_ends_the_session_before(operator: Caller, app: Flask) -> None:
    before = cookie_of(operator)
    assert sign_in(operator, "olga@desk.example").status_code == 201
    assert cookie_of(operator) != before
    assert thief(app, before).get(SESSIONS).status_code == 401


def test_devices_are_told_in_words() -> None:
    windows = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0 Edg/142.0"
    assert device_words(windows) == "Edge on Windows"
    assert device_words("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0") == (
        "Firefox on Linux"
    )
    assert device_words("<script>") == ""


# --- two-factor sign-in --------------------------------------------------------------------------


def test_two_factors_from_enrolment_to_sign_in(
    operator: Caller, app: Flask, olga: Operator
) -> None:
    begun = operator.post(f"{ACCOUNT}/totp", {"password": PASSWORD}).json or {}
    assert re.fullmatch(r"[A-Z2-7]{32}", begun["secret"])
    assert begun["address"].startswith("otpauth://totp/")
    assert begun["picture"].startswith("data:image/svg+xml;base64,")
    assert sign_in(Caller(app), olga.email).status_code == 201  # it is not confirmed yet
    secret, codes = enrol(operator)
    assert len(set(codes)) == 10
    told = operator.get(ACCOUNT)
    assert (told.json or {})["two_factor"] is True
    assert secret not in told.text
    asked = sign_in(Caller(app), olga.email)
    assert (asked.status_code, asked.json["code"]) == (401, "totp_needed")
    assert "Set-Cookie" not in asked.headers
    assert sign_in(Caller(app), olga.email, totp=code_of(secret)).status_code == 201


def test_a_code_is_good_once(operator: Caller, app: Flask, olga: Operator) -> None:
    secret, codes = enrol(operator)
    code = code_of(secret)
    assert sign_in(Caller(app), olga.email, totp=code_of(secret, -1)).status_code == 401
    assert sign_in(Caller(app), olga.email, totp=code).status_code == 201
    again = sign_in(Caller(app), olga.email, totp=code)
    assert (again.status_code, again.json["code"]) == (401, "totp_wrong")
    recovery = codes[3].upper().replace("-", " ")
    assert sign_in(Caller(app), olga.email, totp=recovery).status_code == 201
    assert sign_in(Caller(app), olga.email, totp=codes[3]).status_code == 401
    assert (operator.get(ACCOUNT).json or {})["recovery_codes"] == 9


def test_a_code_without_the_password_is_worth_nothing(
    operator: Caller, app: Flask, olga: Operator
) -> None:
    secret, codes = enrol(operator)
    for code in (code_of(secret), codes[0]):
        refused = sign_in(Caller(app), olga.email, password="wrong one", totp=code)
        assert refused.json["code"] == "unauthorized"
        assert refused.json["detail"] == "E-mail or password is wrong."
    assert sign_in(Caller(app), olga.email, totp=codes[0]).status_code == 201


def test_guesses_at_a_code_are_few_wherever_they_come_from(
    operator: Caller, app: Flask, olga: Operator
) -> None:
    secret, _ = enrol(operator)
    statuses = []
    for n in range(11):
        body = {"email": olga.email, "password": PASSWORD, "totp": f"{n:06}"}
        origin = {"REMOTE_ADDR": f"192.0.2.{n}"}
        statuses.append(Caller(app).post(SESSIONS, body, environ_overrides=origin).status_code)
    assert statuses == [401] * 10 + [429]
    assert sign_in(Caller(app), olga.email, totp=code_of(secret)).status_code == 429


def test_what_protects_the_account_takes_the_password(operator: Caller) -> None:
    for path in ("totp", "totp/codes", "totp/off"):
        assert operator.post(f"{ACCOUNT}/{path}", {"password": "a guess"}).status_code == 422
        assert operator.post(f"{ACCOUNT}/{path}", {}).status_code == 422
    assert operator.post(f"{ACCOUNT}/totp/confirm", {"code": "000000"}).status_code == 409


def test_a_session_and_a_password_without_the_code_change_no_second_factor(
    operator: Caller, app: Flask, olga: Operator
) -> None:
    secret, codes = enrol(operator)
    deeds: dict[str, dict[str, str]] = {
        f"{ACCOUNT}/totp/codes": {},
        f"{ACCOUNT}/totp/off": {},
        "/api/v1/tokens": {"name": "till"},
    }
    used = sign_in(Caller(app), olga.email, totp=code_of(secret))
    assert used.status_code == 201
    for path, body in deeds.items():
        for code in ({}, {"totp": ""}, {"totp": "000000"}, {"totp": code_of(secret)}):
            refused = operator.post(path, {"password": PASSWORD, **body, **code})
            assert refused.status_code == 422, path
            assert (refused.json or {})["errors"][0]["field"] == "totp"
    assert sign_in(Caller(app), olga.email).status_code == 401
    body = {"name": "till", "password": "a guess", "totp": codes[0]}
    assert operator.post("/api/v1/tokens", body).status_code == 422
    body["password"] = PASSWORD  # and the wrong password used up no code
    assert operator.post("/api/v1/tokens", body).status_code == 201


def test_guesses_at_a_code_are_few_with_a_session_too(operator: Caller) -> None:
    enrol(operator)
    body = {"name": "till", "password": PASSWORD, "totp": "000000"}
    statuses = [operator.post("/api/v1/tokens", body).status_code for _ in range(11)]
    assert statuses == [422] * 10 + [429]


def test_a_stolen_session_makes_no_token_that_outlives_it(operator: Caller) -> None:
    for body in ({"name": "till"}, {"name": "till", "password": "a guess"}):
        assert operator.post("/api/v1/tokens", body).status_code == 422
    assert (operator.get("/api/v1/tokens").json or {})["tokens"] == []


def test_two_factor_sign_in_is_switched_off_and_begun_anew(
    operator: Caller, app: Flask, olga: Operator
) -> None:
    secret, old = enrol(operator)
    again = operator.post(f"{ACCOUNT}/totp", {"password": PASSWORD})
    assert again.status_code == 409
    assert operator.post(f"{ACCOUNT}/totp/confirm", {"code": code_of(secret)}).status_code == 409
    own = {"password": PASSWORD, "totp": old[1]}
    new = operator.post(f"{ACCOUNT}/totp/codes", own).json or {}
    assert sign_in(Caller(app), olga.email, totp=old[0]).status_code == 401
    assert sign_in(Caller(app), olga.email, totp=new["recovery_codes"][0]).status_code == 201
    own["totp"] = new["recovery_codes"][1]
    assert operator.post(f"{ACCOUNT}/totp/off", own).status_code == 204
    assert sign_in(Caller(app), olga.email).status_code == 201
    enrol(operator)


def test_an_admin_helps_who_has_lost_the_telephone(
    operator: Caller, admin: Caller, app: Flask, olga: Operator
) -> None:
    enrol(operator)
    told = admin.delete(f"/api/v1/people/{olga.id}/totp").json or {}
    assert told["person"]["two_factor"] is False
    assert sign_in(Caller(app), olga.email).status_code == 201


def test_codes_drift_by_one_step_and_no_more() -> None:
    secret = pyotp.random_base32()
    now = 1_800_000_000.0
    step = int(now // 30)
    codes = {n: pyotp.TOTP(secret).at(int(now) + 30 * n) for n in range(-2, 3)}
    found = {n: step_of(secret, code, now) for n, code in codes.items()}
    assert (found[-1], found[0], found[1]) == (step - 1, step, step + 1)
    assert found[-2] is None
    assert found[2] is None
    for wrong in ("", "12345", "x" * 6, "１２３４５６", codes[0] + "0"):
        assert step_of(secret, wrong, now) is None
    assert step_of(secret, f" {codes[0][:3]} {codes[0][3:]} ", now) == step


def test_the_picture_is_drawn_here_and_names_no_script() -> None:
    svg = base64.b64decode(picture_of("otpauth://totp/x?secret=ABC").partition(",")[2]).decode()
    assert svg.startswith("<svg")
    assert "<script" not in svg
    assert "ABC" not in svg
    assert len({plain(code) for code in recovery_codes()}) == 10


# --- guessing from many places -------------------------------------------------------------------


def test_a_stranger_cannot_lock_somebody_out_who_is_signed_in(
    app: Flask, store: Store, olga: Operator
) -> None:
    store.create_session(olga.id, address="198.51.100.7")
    limits = app.config["FRONTDESK"].attempts
    for n in range(OF_ACCOUNT):
        limits.begin(olga.email, f"10.0.{n}.1", lambda: False)
    body = {"email": olga.email, "password": PASSWORD}

    def status(address: str) -> int:
        origin = {"REMOTE_ADDR": address}
        return Caller(app).post(SESSIONS, body, environ_overrides=origin).status_code

    assert status("203.0.113.5") == 429
    assert status("198.51.100.7") == 201


def test_who_is_unknown_or_disabled_costs_as_much_time(
    client: Caller, store: Store, olga: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A password is checked in every case, and every refusal is written down."""
    checked: list[str] = []

    def check(_stored: str | None, password: str) -> bool:
        checked.append(password)
        return False

    monkeypatch.setattr("service.web.sessions.password_matches", check)
    gone = add_person(store, "gone@desk.example", "operator")
    store.disable_operator(gone.id)
    answers = [sign_in(client, email).json for email in (olga.email, gone.email, "no@desk.example")]
    assert checked == [PASSWORD] * 3
    assert len({(a["detail"], a["code"], a["status"]) for a in answers}) == 1
    assert len(store.audit(AuditQuery(deed="session.refused"), 10)) == 3


def test_one_address_cannot_try_many_accounts() -> None:
    limits = SignIns()
    for n in range(OF_ADDRESS):
        limits.begin(f"person{n}@desk.example", "192.0.2.1", lambda: False)
    with pytest.raises(TooMany):
        limits.begin("another@desk.example", "192.0.2.1", lambda: True)
    limits.begin("another@desk.example", "192.0.2.2", lambda: False)


def test_an_attempt_that_is_refused_counts_nowhere() -> None:
    limits = SignIns()
    limits.addresses = Attempts(1)
    limits.begin("a@x.example", "192.0.2.1", lambda: False)
    for _ in range(20):
        with pytest.raises(TooMany):
            limits.begin("b@x.example", "192.0.2.1", lambda: False)
    assert not limits.pairs.failed.get(("b@x.example", "192.0.2.1"))
    assert not limits.accounts.failed.get("b@x.example")


def test_a_network_of_ipv6_is_one_address() -> None:
    assert network_of("2001:db8::1") == network_of("2001:db8::ffff:1") == "2001:db8::/64"
    assert network_of("192.0.2.1") == network_of("::ffff:192.0.2.1") == "192.0.2.1"
    assert network_of("") == ""


# --- behind a proxy ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("proxies", "forwarded", "seen"),
    [
        (0, "198.51.100.1", "127.0.0.1"),
        (1, "198.51.100.1", "198.51.100.1"),
        (1, "6.6.6.6, 198.51.100.1", "198.51.100.1"),  # what the client made up comes first
        (2, "6.6.6.6, 198.51.100.1, 10.0.0.1", "198.51.100.1"),
        (2, "198.51.100.1", "127.0.0.1"),  # fewer than there must be: not through the proxies
        (1, "", "127.0.0.1"),
    ],
)
def test_the_address_behind_trusted_proxies(
    proxies: int, forwarded: str, seen: str, config: Config, store: Store, engines: Any
) -> None:
    olga = add_person(store, "olga@desk.example", "operator")
    behind = config.model_copy(update={"trusted_proxies": proxies})
    caller = Caller(create_app(behind, store=store, engines=engines))
    headers = {"X-Forwarded-For": forwarded, "X-Forwarded-Host": "evil.example"}
    assert sign_in(caller, olga.email).status_code == 201
    body = {"email": olga.email, "password": "a guess"}
    caller.post(SESSIONS, body, headers=headers)
    refused = store.audit(AuditQuery(deed="session.refused"), 1)[0]
    assert refused.address == seen
    written = caller.post(
        "/api/v1/tokens", {"name": "x"}, headers={"Origin": "http://evil.example"}
    )
    assert written.status_code == 403


def test_https_at_the_proxy_makes_the_cookie_secure(
    config: Config, store: Store, engines: Any, olga: Operator
) -> None:
    behind = config.model_copy(update={"trusted_proxies": 1})
    caller = Caller(create_app(behind, store=store, engines=engines))
    body = {"email": olga.email, "password": PASSWORD}
    headers = {"X-Forwarded-Proto": "https"}
    assert "Secure" in caller.post(SESSIONS, body, headers=headers).headers["Set-Cookie"]
