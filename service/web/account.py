"""An operator's own account: name, password, two-factor sign-in, sessions.

What a stolen session must not change takes the password once more. Shows a secret once, when it is
made; never anybody else's account.
"""

from typing import Any

from flask import Blueprint, Response, g, jsonify, request

from service.accounts import SecondFactor
from service.errors import Conflict, InvalidInput
from service.passwords import hash_password, require_strong
from service.records.people import Operator
from service.totp import address_of, new_secret, picture_of, plain, recovery_codes, step_of
from service.web.context import SESSION_COOKIE, operator_required, parts
from service.web.inputs.accounts import AccountChange, Confirmed, NewPassword, TotpCode
from service.web.inputs.parsing import no_body, read_body
from service.web.operations import operation
from service.web.sessions import begin_session, confirm, confirm_password
from service.web.shapes.accounts import operator_json, session_json

blueprint = Blueprint("account", __name__, url_prefix="/api/v1/account")

Json = dict[str, Any]


@blueprint.get("")
@operation("My account and where I am signed in.", returns={200: "Account"}, auth="operator")
@operator_required
def read_account() -> Json:
    store, me = parts().store, g.operator
    factor = store.second_factor(me.id)
    sessions = store.sessions(me.id, request.cookies.get(SESSION_COOKIE, ""))
    return {
        "operator": operator_json(me),
        "two_factor": me.two_factor,
        "recovery_codes": factor.recovery_codes if factor else 0,
        "sessions": [session_json(session) for session in sessions],
    }


@blueprint.put("")
@operation("Change my name.", body=AccountChange, returns={200: "SignedIn"}, auth="operator")
@operator_required
def change_account() -> Json:
    body = read_body(AccountChange)
    changed = parts().store.rename_operator(g.operator.id, body.name, deed="account.name")
    return {"operator": operator_json(changed)}


@blueprint.put("/password")
@operation(
    "Change my password; every session ends, and a new one begins here.",
    body=NewPassword,
    returns={200: "SignedIn"},
    auth="operator",
)
@operator_required
def change_password() -> Response:
    body, me = read_body(NewPassword), g.operator
    before = confirm_password(me, body.old, "old")
    require_strong(body.new, me.email, me.name)
    if body.new == body.old:
        raise InvalidInput("The new password is the old one.", field="new")
    after = hash_password(body.new)
    parts().store.set_password_hash(me.id, after, deed="account.password", instead_of=before)
    response = jsonify({"operator": operator_json(me)})
    if request.cookies.get(SESSION_COOKIE):
        begin_session(response, me, after)
    return response


# --- sessions ------------------------------------------------------------------------------------


@blueprint.delete("/sessions")
@operation("Sign out everywhere but here.", returns={200: "Ended"}, auth="operator")
@operator_required
def end_other_sessions() -> Json:
    no_body()
    current = request.cookies.get(SESSION_COOKIE, "")
    deed = "session.revoke_others"
    return {"ended": parts().store.end_sessions(g.operator.id, but=current, deed=deed)}


@blueprint.delete("/sessions/<session_id>")
@operation("Sign out on one device.", returns={204: "Nothing"}, auth="operator")
@operator_required
def end_session(session_id: str) -> tuple[str, int]:
    no_body()
    parts().store.end_session(g.operator.id, session_id)
    return "", 204


# --- two-factor sign-in --------------------------------------------------------------------------


@blueprint.post("/totp")
@operation(
    "Begin two-factor sign-in: its secret, shown only now, as text and as a picture to scan.",
    body=Confirmed,
    returns={201: "TotpBegun"},
    auth="operator",
)
@operator_required
def begin_totp() -> tuple[Json, int]:
    me = g.operator
    confirm_password(me, read_body(Confirmed).password)
    secret = new_secret()
    parts().store.begin_totp(me.id, secret)
    address = address_of(secret, me.email, parts().desk.settings().name[:40])
    return {"secret": secret, "address": address, "picture": picture_of(address)}, 201


@blueprint.post("/totp/confirm")
@operation(
    "Switch it on by a first code; returns the recovery codes, shown only now.",
    body=TotpCode,
    returns={201: "RecoveryCodes"},
    auth="operator",
)
@operator_required
def confirm_totp() -> tuple[Json, int]:
    body, me, store = read_body(TotpCode), g.operator, parts().store
    factor = _begun(me)
    guesses = parts().attempts.second
    guesses.begin(me.id)
    step = step_of(factor.secret, body.code)
    if step is None:
        message = "This code is wrong. Is the clock of your device right?"
        raise InvalidInput(message, errors=[{"field": "code", "message": message}])
    guesses.forget(me.id)
    codes = recovery_codes()
    store.confirm_totp(me.id, factor.secret, step, [plain(code) for code in codes])
    return {"recovery_codes": codes}, 201


def _begun(operator: Operator) -> SecondFactor:
    factor = parts().store.second_factor(operator.id)
    if factor is None:
        raise Conflict("Begin two-factor sign-in first.")
    if factor.since is not None:
        raise Conflict("Two-factor sign-in is on already.")
    return factor


@blueprint.post("/totp/codes")
@operation(
    "New recovery codes; those before are void.",
    body=Confirmed,
    returns={201: "RecoveryCodes"},
    auth="operator",
)
@operator_required
def renew_recovery_codes() -> tuple[Json, int]:
    me = g.operator
    confirm(me, read_body(Confirmed))
    codes = recovery_codes()
    parts().store.replace_recovery_codes(me.id, [plain(code) for code in codes])
    return {"recovery_codes": codes}, 201


@blueprint.post("/totp/off")
@operation(
    "Switch two-factor sign-in off.",
    body=Confirmed,
    returns={204: "Nothing"},
    auth="operator",
)
@operator_required
def end_totp() -> tuple[str, int]:
    me = g.operator
    confirm(me, read_body(Confirmed))
    parts().store.drop_totp(me.id, deed="account.totp_off")
    return "", 204
