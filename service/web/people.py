"""The admins' API for people: who works here, with which role; passwords that are shown once.

Every change ends what it must at once: a disabled person's sessions and tokens, those of a password
that was reset. The store refuses to leave a desk without an admin.
"""

import re
from typing import Any

from flask import Blueprint, g

from service.errors import Forbidden
from service.passwords import hash_password, make_password, require_strong
from service.records.people import Operator
from service.roles import MAY, ROLES
from service.web.context import admin_required, parts
from service.web.inputs.accounts import NewPerson, PersonChange
from service.web.inputs.parsing import no_body, read_body
from service.web.operations import operation
from service.web.shapes.accounts import person_json

blueprint = Blueprint("people", __name__, url_prefix="/api/v1/people")

Json = dict[str, Any]


@blueprint.get("")
@operation("Everybody, and what each role may.", returns={200: "People"}, auth="admin")
@admin_required
def list_people() -> Json:
    store = parts().store
    seen = store.last_seen()
    return {
        "people": [person_json(one, seen.get(one.id)) for one in store.operators()],
        "roles": [{"role": role, "may": MAY[role]} for role in ROLES],
    }


@blueprint.post("")
@operation(
    "Add somebody; the password that was made is shown only now.",
    body=NewPerson,
    returns={201: "PersonAdded"},
    auth="admin",
)
@admin_required
def add_person() -> tuple[Json, int]:
    body = read_body(NewPerson)
    name = body.name or re.sub(r"[._-]+", " ", body.email.split("@", maxsplit=1)[0]).title()
    shown = make_password()
    if body.password is not None:
        shown = body.password
        require_strong(shown, body.email, name)
    added = parts().store.add_operator(body.email, name, body.role, hash_password(shown))
    made = shown if body.password is None else None
    return {"person": person_json(added, None), "password": made}, 201


@blueprint.put("/<operator_id>")
@operation(
    "Change name or role, disable or enable; 409 for the last admin.",
    body=PersonChange,
    returns={200: "Person"},
    auth="admin",
)
@admin_required
def change_person(operator_id: str) -> Json:
    body, store = read_body(PersonChange), parts().store
    store.operator(operator_id)
    if body.role is not None:
        store.set_role(operator_id, body.role)
    if body.disabled:
        store.disable_operator(operator_id)
    elif body.disabled is not None:
        store.enable_operator(operator_id)
    if body.name is not None:  # at last, for nothing can be against it: all is done, or nothing
        store.rename_operator(operator_id, body.name)
    return {"person": _person(store.operator(operator_id))}


@blueprint.post("/<operator_id>/password")
@operation(
    "A new password, shown only now; every session of theirs ends.",
    returns={201: "PasswordMade"},
    auth="admin",
)
@admin_required
def reset_password(operator_id: str) -> tuple[Json, int]:
    no_body()
    _require_another(operator_id)
    made = make_password()
    parts().store.set_password_hash(operator_id, hash_password(made))
    return {"password": made}, 201


@blueprint.delete("/<operator_id>/sessions")
@operation("Sign them out everywhere.", returns={200: "Ended"}, auth="admin")
@admin_required
def sign_person_out(operator_id: str) -> Json:
    no_body()
    return {"ended": parts().store.end_sessions(operator_id)}


@blueprint.delete("/<operator_id>/totp")
@operation("Reset two-factor sign-in, for a lost device.", returns={200: "Person"}, auth="admin")
@admin_required
def reset_totp(operator_id: str) -> Json:
    no_body()
    _require_another(operator_id)
    parts().store.drop_totp(operator_id)
    return {"person": _person(parts().store.operator(operator_id))}


def _require_another(operator_id: str) -> None:
    """Else who takes a session that was left open could take the account, too."""
    if operator_id == g.operator.id:
        raise Forbidden("One's own is changed under My account, which asks for the password.")


def _person(operator: Operator) -> Json:
    return person_json(operator, parts().store.last_seen().get(operator.id))
