"""The API of what operators keep to find their way: saved views and tags.

Talks to the store. Views of one's own are anybody's to make; what all share and tags are for leads
and admins.
"""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, g, request

from service.errors import InvalidInput
from service.records.tickets import TAG_COLORS
from service.web.context import lead_required, operator_required, parts
from service.web.inbox_terms import query_of
from service.web.inputs.inbox import NewView, TagChange, ViewChange, ViewOrder
from service.web.inputs.parsing import read_body
from service.web.operations import operation
from service.web.shapes.inbox import view_json
from service.web.shapes.tickets import tag_json

blueprint = Blueprint("views", __name__, url_prefix="/api/v1")

Json = dict[str, Any]


# --- saved views ---------------------------------------------------------------------------------


@blueprint.get("/views")
@operation(
    "Saved views, the shared ones first.",
    query={"counts": "yes: with how many tickets each has, up to 1000"},
    returns={200: "Views"},
    auth="operator",
)
@operator_required
def list_views() -> Json:
    store = parts().store
    count: Callable[[str], int | None] = _count if request.args.get("counts") == "yes" else _none
    views = store.views(g.operator.id)
    return {"views": [view_json(view, g.operator, count(view.q)) for view in views]}


def _none(_q: str) -> int | None:
    return None


def _count(q: str) -> int | None:
    """None for a search that asks for what is no more, such as a person who was renamed."""
    try:
        return parts().store.count_tickets(query_of(q))
    except InvalidInput:
        return None


@blueprint.post("/views")
@operation("Keep a search.", body=NewView, returns={201: "View"}, auth="operator")
@operator_required
def make_view() -> tuple[Json, int]:
    body = read_body(NewView)
    query_of(body.q)
    view = parts().store.add_view(
        g.operator.id, name=body.name, q=body.q, sort=body.order, shared=body.shared
    )
    return {"view": view_json(view, g.operator)}, 201


@blueprint.put("/views/<view_id>")
@operation(
    "Rename it, change what it shows, share it or not.",
    body=ViewChange,
    returns={200: "View"},
    auth="operator",
)
@operator_required
def change_view(view_id: str) -> Json:
    body = read_body(ViewChange)
    query_of(body.q or "")
    view = parts().store.change_view(
        view_id, g.operator.id, name=body.name, q=body.q, sort=body.order, shared=body.shared
    )
    return {"view": view_json(view, g.operator)}


@blueprint.delete("/views/<view_id>")
@operation("Keep it no longer.", returns={204: "Nothing"}, auth="operator")
@operator_required
def remove_view(view_id: str) -> tuple[str, int]:
    parts().store.remove_view(view_id, g.operator.id)
    return "", 204


@blueprint.post("/views/order")
@operation("Put them in this order.", body=ViewOrder, returns={200: "Views"}, auth="operator")
@operator_required
def order_views() -> Json:
    views = parts().store.order_views(read_body(ViewOrder).views, g.operator.id)
    return {"views": [view_json(view, g.operator) for view in views]}


# --- tags ----------------------------------------------------------------------------------------


@blueprint.get("/tags")
@operation("All tags by name.", returns={200: "Tags"}, auth="operator")
@operator_required
def list_tags() -> Json:
    tags = [{**tag_json(tag), "tickets": tickets} for tag, tickets in parts().store.tags()]
    return {"tags": tags, "colors": list(TAG_COLORS)}


@blueprint.put("/tags/<tag_id>")
@operation(
    "Rename or colour a tag (leads and admins).",
    body=TagChange,
    returns={200: "Tag"},
    auth="lead",
)
@lead_required
def change_tag(tag_id: str) -> Json:
    body = read_body(TagChange)
    return {"tag": tag_json(parts().store.change_tag(tag_id, name=body.name, color=body.color))}


@blueprint.delete("/tags/<tag_id>")
@operation(
    "Take a tag off every ticket, for good (leads and admins).",
    returns={204: "Nothing"},
    auth="lead",
)
@lead_required
def remove_tag(tag_id: str) -> tuple[str, int]:
    parts().store.remove_tag(tag_id)
    return "", 204
