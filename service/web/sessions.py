"""Operators sign in and out.

Failed attempts are counted by account and address, and few passwords are checked at once, because
a check is made to be slow. Knows nothing of tickets.
"""

from typing import Any

from flask import Blueprint, Response, g, jsonify, request

from service.errors import Busy, NotFound, Unauthorized
from service.passwords import password_matches
from service.web.context import SESSION_COOKIE, operator_required, parts
from service.web.inputs import NewSession, no_body, read_body
from service.web.operations import operation
from service.web.shapes import operator_json

blueprint = Blueprint("sessions", __name__, url_prefix="/api/v1")

SESSION_DAYS = 14
CHECK_WAIT_SECONDS = 5.0


@blueprint.post("/sessions")
@operation("Sign in; sets the session cookie.", body=NewSession, returns={201: "SignedIn"})
def sign_in() -> tuple[Response, int]:
    body = read_body(NewSession)
    store, attempts = parts().store, parts().attempts
    key = (body.email.strip().casefold(), request.remote_addr or "")
    attempts.begin(key)
    try:
        operator = store.operator_by_email(body.email.strip())
    except NotFound:
        operator = None
    stored = store.password_hash(operator.id) if operator and not operator.disabled else None
    if not _password_matches(stored, body.password, key) or operator is None:
        raise Unauthorized("E-mail or password is wrong.")
    attempts.forget(key)
    response = jsonify({"operator": operator_json(operator)})
    response.set_cookie(
        SESSION_COOKIE,
        store.create_session(operator.id, days=SESSION_DAYS),
        max_age=SESSION_DAYS * 86400,
        httponly=True,
        samesite="Strict",
        secure=request.is_secure or parts().config.public_url.startswith("https://"),
    )
    return response, 201


def _password_matches(stored: str | None, password: str, key: tuple[str, str]) -> bool:
    checks = parts().password_checks
    if not checks.acquire(timeout=CHECK_WAIT_SECONDS):
        parts().attempts.take_back(key)
        raise Busy("Too many people sign in at once. Try again.", retry_after=5)
    try:
        return password_matches(stored, password)
    finally:
        checks.release()


@blueprint.get("/sessions")
@operation("Who is signed in.", returns={200: "SignedIn"}, auth="operator")
@operator_required
def read_session() -> dict[str, Any]:
    return {"operator": operator_json(g.operator)}


@blueprint.delete("/sessions")
@operation("Sign out.", returns={204: "Nothing"}, auth="operator")
@operator_required
def sign_out() -> Response:
    no_body()
    cookie = request.cookies.get(SESSION_COOKIE)
    if cookie:
        parts().store.delete_session(cookie)
    response = Response(status=204)
    response.delete_cookie(SESSION_COOKIE, httponly=True, samesite="Strict")
    return response
