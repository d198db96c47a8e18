"""The operators' API for trying: what the desk would do with a message now. Writes nothing."""

from typing import Any

from flask import Blueprint

from service.trying import try_challenger, try_out
from service.web.context import operator_required, parts
from service.web.inputs.content import TriedMessage
from service.web.inputs.parsing import read_body
from service.web.operations import operation

blueprint = Blueprint("trying", __name__, url_prefix="/api/v1")


@blueprint.post("/try")
@operation(
    "What the desk would answer now, and why; with `challenger` also what the release on trial "
    "would. `behind` while the model's index has not taken in the newest edit: ask again.",
    body=TriedMessage,
    returns={200: "Tried"},
    auth="operator",
)
@operator_required
def try_message() -> dict[str, Any]:
    body = read_body(TriedMessage)
    running = parts()
    newest = running.store.content_revision()
    said = try_out(running.engines, body.text)
    other = try_challenger(running.engines, body.text) if body.challenger else None
    return {**said, "behind": said["trace"]["content"] < newest, "challenger": other}
