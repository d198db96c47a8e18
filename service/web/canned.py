"""The operators' API for canned replies: the team's, which everybody may edit, and one's own.

Talks to the store, which shows nobody what is another one's own.
"""

from typing import Any

from flask import Blueprint, g

from service.web.context import operator_required, parts
from service.web.inputs.inbox import NewCannedReply
from service.web.inputs.parsing import no_body, read_body
from service.web.operations import operation
from service.web.shapes.inbox import canned_json

blueprint = Blueprint("canned", __name__, url_prefix="/api/v1")

Json = dict[str, Any]


@blueprint.get("/canned-replies")
@operation(
    "The team's canned replies and one's own.", returns={200: "CannedReplies"}, auth="operator"
)
@operator_required
def list_canned_replies() -> Json:
    found = parts().store.canned_replies(g.operator.id)
    return {"canned_replies": [canned_json(reply) for reply in found]}


@blueprint.post("/canned-replies")
@operation(
    "Add a canned reply; 409 when there is one of that name.",
    body=NewCannedReply,
    returns={201: "CannedReply"},
    auth="operator",
)
@operator_required
def add_canned_reply() -> tuple[Json, int]:
    body = read_body(NewCannedReply)
    reply = parts().store.add_canned_reply(
        g.operator.id, name=body.name, text=body.text, own=body.own
    )
    return {"canned_reply": canned_json(reply)}, 201


@blueprint.put("/canned-replies/<reply_id>")
@operation(
    "Change a canned reply.", body=NewCannedReply, returns={200: "CannedReply"}, auth="operator"
)
@operator_required
def change_canned_reply(reply_id: str) -> Json:
    body = read_body(NewCannedReply)
    reply = parts().store.change_canned_reply(
        reply_id, g.operator.id, name=body.name, text=body.text, own=body.own
    )
    return {"canned_reply": canned_json(reply)}


@blueprint.delete("/canned-replies/<reply_id>")
@operation("Remove a canned reply.", returns={204: "Nothing"}, auth="operator")
@operator_required
def remove_canned_reply(reply_id: str) -> tuple[str, int]:
    no_body()
    parts().store.delete_canned_reply(reply_id, g.operator.id)
    return "", 204
