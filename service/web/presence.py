"""The operators' call that says which ticket they have open, for colleagues to see.

The event streams tell it (`service.web.now`); nothing of it is kept.
"""

from flask import Blueprint, g

from service.web.context import operator_required, parts
from service.web.inputs.inbox import NewPresence
from service.web.inputs.parsing import read_body
from service.web.operations import operation

blueprint = Blueprint("presence", __name__, url_prefix="/api/v1")


@blueprint.post("/presence")
@operation(
    "Which ticket a tab has open, and whether a reply or a note is being written; ends by itself "
    "after 12 seconds, or when `ticket_id` is null.",
    body=NewPresence,
    returns={204: "Nothing"},
    auth="operator",
)
@operator_required
def tell_presence() -> tuple[str, int]:
    body = read_body(NewPresence)
    parts().now.operator_looks(g.operator.id, body.tab, body.ticket_id, body.state)
    return "", 204
