"""The operators' API for golden cases and for the desk's facts, which templates print."""

from typing import Any

from flask import Blueprint, g

from service.errors import NotFound
from service.records.content import GoldenCase
from service.replies import variables
from service.web.context import operator_required, parts
from service.web.inputs.content import FactsChange, GoldenChange
from service.web.inputs.parsing import no_body, read_body
from service.web.operations import operation
from service.web.saving import facts_told, save_facts, save_golden, seen_version, told

blueprint = Blueprint("golden", __name__, url_prefix="/api/v1")

Json = dict[str, Any]


@blueprint.get("/golden")
@operation("Every golden case.", returns={200: "GoldenCases"}, auth="operator")
@operator_required
def list_golden() -> Json:
    return {"golden": [told("golden_case", case) for case in parts().store.content().golden]}


@blueprint.post("/golden")
@operation("Add a golden case.", body=GoldenChange, returns={201: "GoldenCase"}, auth="operator")
@operator_required
def add_golden() -> tuple[Json, int]:
    body = read_body(GoldenChange)
    case = save_golden(GoldenCase(body.text, body.intent, body.action), None)
    return {"golden_case": told("golden_case", case)}, 201


@blueprint.put("/golden/<golden_id>")
@operation("Change a golden case.", body=GoldenChange, returns={200: "GoldenCase"}, auth="operator")
@operator_required
def change_golden(golden_id: str) -> Json:
    body = read_body(GoldenChange)
    if not any(case.id == golden_id for case in parts().store.content().golden):
        raise NotFound(f"There is no golden case {golden_id}.")
    case = save_golden(GoldenCase(body.text, body.intent, body.action, golden_id), body.version)
    return {"golden_case": told("golden_case", case)}


@blueprint.delete("/golden/<golden_id>")
@operation(
    "Remove a golden case.",
    query={"version": "only if it is still this one"},
    returns={204: "Nothing"},
    auth="operator",
)
@operator_required
def remove_golden(golden_id: str) -> tuple[str, int]:
    no_body()
    parts().store.delete_golden(golden_id, by=g.operator.id, seen=seen_version())
    return "", 204


@blueprint.get("/facts")
@operation(
    "The desk's facts, the slots that templates may print beside them, and where each is used.",
    returns={200: "Facts"},
    auth="operator",
)
@operator_required
def read_facts() -> Json:
    content = parts().store.content()
    used: dict[str, list[str]] = {}
    for template in content.templates:
        for name in variables(template.text):
            used.setdefault(name, []).append(template.name)
    slots = [{"name": slot.name, "title": slot.title} for slot in content.settings.slots]
    return {**facts_told(), "slots": slots, "used": used}


@blueprint.put("/facts")
@operation("Replace the desk's facts.", body=FactsChange, returns={200: "Facts"}, auth="operator")
@operator_required
def change_facts() -> Json:
    body = read_body(FactsChange)
    save_facts(body.facts, body.version)
    return read_facts()
