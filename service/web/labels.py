"""The operators' API for labels beyond saying them: undo, who contradicts whom, settling it."""

from typing import Any

from flask import Blueprint, g, request

from service.agreement import agreements
from service.labels import conflicts
from service.roles import may
from service.web.context import operator_required, parts
from service.web.inputs.learning import SettledLabels
from service.web.inputs.parsing import no_body, query_choice, read_body
from service.web.operations import operation
from service.web.shapes.labels import agreement_json, conflict_json, correction_json

blueprint = Blueprint("labels", __name__, url_prefix="/api/v1")

Json = dict[str, Any]
NEWEST = 20_000  # labels that are looked through


@blueprint.delete("/messages/<message_id>/correction")
@operation(
    "Take the last label of a message back; returns what counts then.",
    query={"label": "id of that label: taken back once, and 409 if another one followed"},
    returns={200: "Undone"},
    auth="operator",
)
@operator_required
def undo_label(message_id: str) -> Json:
    no_body()
    label_id = request.args.get("label") or None
    now = parts().store.undo_label(message_id, g.operator.id, label_id)
    return {"correction": correction_json(now) if now else None}


@blueprint.get("/labels/conflicts")
@operation(
    "Where operators contradict each other, the newest first. `operators` is there when asked for: "
    "how often each does, for leads and admins, and for others their own figures.",
    query={"operators": "yes: how often each is contradicted, too; takes seconds of processor"},
    returns={200: "Conflicts"},
    auth="operator",
)
@operator_required
def list_conflicts() -> Json:
    asked = query_choice("operators", ("yes", "no")) == "yes"
    labels = parts().store.labels(limit=NEWEST)
    found = sorted(conflicts(labels), key=lambda conflict: conflict.said[-1].at, reverse=True)
    answer: Json = {"conflicts": [conflict_json(conflict) for conflict in found]}
    if asked:
        read = parts().store.read_as(list({label.message_id for label in labels}))
        answer["operators"] = [
            agreement_json(figures)
            for figures in agreements(labels, read)
            if may(g.operator.role, "lead") or figures.operator_id == g.operator.id
        ]
    return answer


@blueprint.post("/labels/settle")
@operation(
    "What messages that say the same were in the end, whoever said what before; with these all "
    "others of their conflict.",
    body=SettledLabels,
    returns={201: "Settled"},
    auth="operator",
)
@operator_required
def settle_labels() -> tuple[Json, int]:
    body = read_body(SettledLabels)
    settled = parts().store.settle_labels(
        body.messages, g.operator.id, intent=body.intent, sentiment=body.sentiment
    )
    return {"corrections": [correction_json(correction) for correction in settled]}, 201
