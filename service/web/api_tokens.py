"""Tokens of programs: one's own, and for admins everybody's. A token is shown once, when made."""

from dataclasses import asdict
from typing import Any

from flask import Blueprint, g

from service.errors import Forbidden
from service.roles import may
from service.web.context import operator_required, parts
from service.web.inputs.accounts import NewToken
from service.web.inputs.parsing import no_body, query_choice, read_body
from service.web.operations import operation
from service.web.sessions import confirm

blueprint = Blueprint("api_tokens", __name__, url_prefix="/api/v1/tokens")

Json = dict[str, Any]


@blueprint.get("")
@operation(
    "My tokens, the newest first.",
    query={"of": "me or all, which is the admins'"},
    returns={200: "Tokens"},
    auth="operator",
)
@operator_required
def list_tokens() -> Json:
    everybody = query_choice("of", ("me", "all"), "me") == "all"
    if everybody and not may(g.operator.role, "admin"):
        raise Forbidden("Only an admin may see everybody's tokens.")
    found = parts().store.api_tokens("" if everybody else g.operator.id)
    return {"tokens": [asdict(token) for token in found]}


@blueprint.post("")
@operation(
    "Make a token, by the password once more; it is shown only now.",
    body=NewToken,
    returns={201: "TokenMade"},
    auth="operator",
)
@operator_required
def make_token() -> tuple[Json, int]:
    body = read_body(NewToken)
    confirm(g.operator, body)
    return {"token": parts().store.create_api_token(g.operator.id, body.name)}, 201


@blueprint.delete("/<token_id>")
@operation("Revoke a token at once; admins anybody's.", returns={204: "Nothing"}, auth="operator")
@operator_required
def revoke_token(token_id: str) -> tuple[str, int]:
    no_body()
    whose = "" if may(g.operator.role, "admin") else g.operator.id
    parts().store.revoke_api_token(token_id, whose)
    return "", 204
