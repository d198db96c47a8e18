"""Operators sign in and out, with a second factor where they have one.

Failed attempts are counted by account and address, and few passwords are checked at once, because
a check is made to be slow. Every refusal before the password is right reads alike. Knows nothing of
tickets.
"""

from typing import Any

from flask import Blueprint, Response, g, jsonify, request

from service.errors import Busy, InvalidInput, NotFound, TotpNeeded, TotpWrong, Unauthorized
from service.passwords import password_matches
from service.records.people import Operator
from service.totp import plain, step_of
from service.web.context import (
    SESSION_COOKIE,
    acts,
    client_address,
    operator_required,
    parts,
    same_origin,
)
from service.web.inputs.accounts import Confirmed, NewSession
from service.web.inputs.parsing import no_body, read_body
from service.web.operations import operation
from service.web.shapes.accounts import operator_json

blueprint = Blueprint("sessions", __name__, url_prefix="/api/v1")

SESSION_DAYS = 14
CHECK_WAIT_SECONDS = 5.0


@blueprint.post("/sessions")
@operation(
    "Sign in; sets the session cookie. 401 with the code totp_needed: send `totp`, too.",
    body=NewSession,
    returns={201: "SignedIn"},
)
def sign_in() -> tuple[Response, int]:
    same_origin()  # or another site could sign a browser in, to somebody else's account
    body = read_body(NewSession)
    store, email, address = parts().store, body.email.strip(), client_address()
    try:
        operator = store.operator_by_email(email)
    except NotFound:
        operator = None
    known = operator.id if operator else ""
    parts().attempts.begin(email, address, lambda: store.knows_address(known, address))
    stored = store.password_hash(operator.id) if operator and not operator.disabled else None
    if not check_password(stored, body.password, email) or operator is None:
        store.note("session.refused", known, "wrong password or unknown address")
        raise Unauthorized("E-mail or password is wrong.")
    acts(operator)
    _check_second_factor(operator, body)
    parts().attempts.forget(email, address)
    before = request.cookies.get(SESSION_COOKIE)
    if before:  # what was signed in here before must not live on
        store.delete_session(before)
    response = jsonify({"operator": operator_json(operator)})
    begin_session(response, operator, stored)
    return response, 201


def begin_session(response: Response, operator: Operator, password_hash: str | None) -> None:
    """A new session of the operator's, in a cookie that no script and no other site can use.

    ``Forbidden`` when the password is no longer the one of that hash."""
    response.set_cookie(
        SESSION_COOKIE,
        parts().store.create_session(
            operator.id,
            days=SESSION_DAYS,
            device=str(request.user_agent),
            address=client_address(),
            password_hash=password_hash,
        ),
        max_age=SESSION_DAYS * 86400,
        httponly=True,
        samesite="Strict",
        secure=request.is_secure or parts().config.public_url.startswith("https://"),
    )


def check_password(stored: str | None, password: str, email: str) -> bool:
    """Whether it is right; ``Busy`` when too many are being checked, which is no attempt."""
    checks = parts().password_checks
    if not checks.acquire(timeout=CHECK_WAIT_SECONDS):
        parts().attempts.take_back(email, client_address())
        raise Busy("Too many people sign in at once. Try again.", retry_after=5)
    try:
        return password_matches(stored, password)
    finally:
        checks.release()


def confirm_password(operator: Operator, password: str, field: str = "password") -> str:
    """Before something that a stolen session must not do: the password once more.

    ``InvalidInput`` names the field; failures count as those of a sign-in. Returns the hash that
    it was checked against.
    """
    attempts, address = parts().attempts, client_address()
    attempts.begin(operator.email, address, lambda: True)
    stored = parts().store.password_hash(operator.id)
    if not check_password(stored, password, operator.email):
        message = "This is not your password."
        raise InvalidInput(message, errors=[{"field": field, "message": message}])
    attempts.forget(operator.email, address)
    return stored


def confirm(operator: Operator, body: Confirmed) -> None:
    """Before something that a password alone must not do where there is a second factor: both.

    ``InvalidInput`` names the field that is missing or wrong.
    """
    factor = parts().store.second_factor(operator.id)
    is_on = factor is not None and factor.since is not None
    if is_on and not body.totp:
        message = "This account has two-factor sign-in: send the code, too."
        raise InvalidInput(message, errors=[{"field": "totp", "message": message}])
    confirm_password(operator, body.password)
    if factor is None or not is_on:
        return
    guesses = parts().attempts.second
    guesses.begin(operator.id)
    if not use_code(operator, factor.secret, body.totp or ""):
        message = "This code is wrong, or it was used before. Wait for the next one."
        raise InvalidInput(message, errors=[{"field": "totp", "message": message}])
    guesses.forget(operator.id)


def _check_second_factor(operator: Operator, body: NewSession) -> None:
    """The code of an authenticator, or a recovery code; each is good once."""
    factor = parts().store.second_factor(operator.id)
    if factor is None or factor.since is None:
        return
    if not body.totp:
        parts().attempts.take_back(operator.email, client_address())
        raise TotpNeeded("This account has two-factor sign-in: send the code, too.")
    guesses = parts().attempts.second
    guesses.begin(operator.id)
    if not use_code(operator, factor.secret, body.totp):
        parts().store.note("session.refused", operator.id, "wrong code")
        raise TotpWrong("This code is wrong, or it was used before. Wait for the next one.")
    guesses.forget(operator.id)


def use_code(operator: Operator, secret: str, code: str) -> bool:
    """Whether the code is right and was not used before; it is used up."""
    store = parts().store
    step = step_of(secret, code)
    if step is not None:
        return store.use_totp(operator.id, step)
    return store.use_recovery_code(operator.id, plain(code))


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
