"""The operators' API for the review queue: what to decide next, and the decision.

Shows and carries out; what is proposed, `frontdesk review` and imports of history decide.
"""

from dataclasses import replace
from typing import Any

from flask import Blueprint, g

from service.records.proposals import Acceptance
from service.web.context import operator_required, parts
from service.web.inputs.learning import NewAcceptance
from service.web.inputs.parsing import no_body, query_choice, query_number, read_body
from service.web.operations import operation
from service.web.shapes.labels import proposal_json

blueprint = Blueprint("review", __name__, url_prefix="/api/v1")

KINDS = ("label", "intent", "answer")


@blueprint.get("/review")
@operation(
    "What waits for a decision, the most valuable first.",
    query={
        "kind": "label, intent or answer",
        "limit": "1 to 100",
        "offset": "how many to pass over",
    },
    returns={200: "Review"},
    auth="operator",
)
@operator_required
def read_review() -> dict[str, Any]:
    store = parts().store
    found = store.proposals(
        kind=query_choice("kind", KINDS),  # type: ignore[arg-type]
        limit=query_number("limit", 50, 1, 100),
        offset=query_number("offset", 0, 0, 10**9),
    )
    return {"proposals": list(map(proposal_json, found)), "open": store.count_proposals()}


@blueprint.post("/review/<proposal_id>/accept")
@operation(
    "Do as proposed, or as the body says instead.",
    body=NewAcceptance,
    returns={200: "Decided"},
    auth="operator",
)
@operator_required
def accept_proposal(proposal_id: str) -> dict[str, Any]:
    body = read_body(NewAcceptance)
    fields = body.model_dump(exclude={"left_out", "group"})
    acceptance = Acceptance(**fields, left_out=tuple(body.left_out))
    if body.group:
        acceptance = replace(acceptance, group=body.group)
    store = parts().store
    proposal = store.accept_proposal(proposal_id, g.operator.id, acceptance)
    return {"proposal": proposal_json(proposal)}


@blueprint.post("/review/<proposal_id>/dismiss")
@operation("Take it out of the queue for good.", returns={200: "Decided"}, auth="operator")
@operator_required
def dismiss_proposal(proposal_id: str) -> dict[str, Any]:
    no_body()
    return {"proposal": proposal_json(parts().store.dismiss_proposal(proposal_id, g.operator.id))}
