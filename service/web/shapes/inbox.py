"""What operators keep to find their way and to write less, and who is there."""

from typing import Any

from service.records.people import CannedReply, Operator, Present
from service.records.tickets import SavedView
from service.roles import may


def view_json(view: SavedView, operator: Operator, count: int | None = None) -> dict[str, Any]:
    """A saved view; ``changeable`` says whether this operator may change it."""
    return {
        "id": view.id,
        "name": view.name,
        "q": view.q,
        "order": view.sort,
        "shared": view.shared,
        "owner": {"id": view.operator_id, "name": view.operator_name},
        "changeable": not view.shared or may(operator.role, "lead"),
        "count": count,
    }


def canned_json(reply: CannedReply) -> dict[str, Any]:
    """A canned reply as one who may see it sees it."""
    names = ("id", "name", "text", "updated_at")
    return {**{n: getattr(reply, n) for n in names}, "own": reply.owner_id is not None}


def present_json(present: Present) -> dict[str, Any]:
    """Who is there, for the console; of the customers only that they write."""
    return {
        "operators": [
            {
                "ticket_id": one.ticket_id,
                "operator": {"id": one.operator_id, "name": one.operator_name},
                "state": one.state,
            }
            for one in present.operators
        ],
        "typing": list(present.typing),
    }
