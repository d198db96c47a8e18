"""The operators' API for moving tickets on: assigned, tagged, put off, merged, and many at once.

Talks to the store; every call needs an operator. Whose ticket may be moved is the store's to say.
"""

from typing import Any

from flask import Blueprint, g

from service.errors import DeskError, InvalidInput
from service.records.conversations import ReplyDraft
from service.records.tickets import Ticket, TicketChange
from service.replies import desk_reply
from service.times import moment_of
from service.web.context import operator_required, parts
from service.web.inputs.parsing import no_body, read_body
from service.web.inputs.tickets import NewAssignment, NewBulk, NewMerge, NewSnooze, NewTags
from service.web.operations import operation
from service.web.shapes.tickets import ticket_json

blueprint = Blueprint("ticket_moves", __name__, url_prefix="/api/v1")

Json = dict[str, Any]
# What each action takes beside the tickets; what is not named is refused.
TAKES = {"assign": ("to", "note"), "tag": ("add", "remove"), "snooze": ("until",)}
CLOSING = {"return": "returned", "resolve": "resolved"}


def _changed(ticket_id: str, change: TicketChange) -> Json:
    return {"ticket": ticket_json(parts().store.change_ticket(ticket_id, g.operator.id, change))}


@blueprint.post("/tickets/<ticket_id>/assign")
@operation(
    "Give it to somebody, or to nobody; 409 when it is a colleague's and one is no lead.",
    body=NewAssignment,
    returns={200: "Told"},
    auth="operator",
)
@operator_required
def assign_ticket(ticket_id: str) -> Json:
    body = read_body(NewAssignment)
    return _changed(ticket_id, TicketChange("assign", to=body.to, note=body.note))


@blueprint.post("/tickets/<ticket_id>/tags")
@operation("Put tags on and take them off.", body=NewTags, returns={200: "Told"}, auth="operator")
@operator_required
def tag_ticket(ticket_id: str) -> Json:
    body = read_body(NewTags)
    change = TicketChange("tag", add=tuple(body.add), remove=tuple(body.remove))
    return _changed(ticket_id, change)


@blueprint.post("/tickets/<ticket_id>/snooze")
@operation(
    "Put it off until a time, or until the customer writes.",
    body=NewSnooze,
    returns={200: "Told"},
    auth="operator",
)
@operator_required
def snooze_ticket(ticket_id: str) -> Json:
    until = read_body(NewSnooze).until
    moment = moment_of(until, "until") if until else None
    return _changed(ticket_id, TicketChange("snooze", until=moment))


@blueprint.post("/tickets/<ticket_id>/wake")
@operation("It is put off no longer.", returns={200: "Told"}, auth="operator")
@operator_required
def wake_ticket(ticket_id: str) -> Json:
    no_body()
    return _changed(ticket_id, TicketChange("wake"))


@blueprint.post("/tickets/<ticket_id>/merge")
@operation(
    "It is a duplicate of another ticket of the same customer; the messages stay where they are.",
    body=NewMerge,
    returns={200: "Told"},
    auth="operator",
)
@operator_required
def merge_ticket(ticket_id: str) -> Json:
    body = read_body(NewMerge)
    return _changed(ticket_id, TicketChange("merge", to=body.into, note=body.note))


@blueprint.get("/tickets/<ticket_id>/mergeable")
@operation(
    "Other active tickets of the same customer.", returns={200: "TicketList"}, auth="operator"
)
@operator_required
def list_mergeable(ticket_id: str) -> Json:
    tickets = parts().store.mergeable_tickets(ticket_id)
    return {"tickets": [ticket_json(ticket) for ticket in tickets]}


@blueprint.post("/tickets/bulk")
@operation(
    "Do one thing with up to 200 tickets; each has its own result.",
    body=NewBulk,
    returns={200: "Changed"},
    auth="operator",
)
@operator_required
def change_tickets() -> Json:
    body = read_body(NewBulk)
    given = body.model_fields_set - {"tickets", "action"}
    foreign = sorted(given - set(TAKES.get(body.action, ())))
    if foreign:
        raise InvalidInput(f"{foreign[0]}: does not belong to {body.action}.", field=foreign[0])
    if body.action == "assign" and "to" not in given:
        raise InvalidInput("to: whose shall they be?", field="to")
    ids = list(dict.fromkeys(body.tickets))
    change = TicketChange(
        body.action,
        to=body.to,
        note=body.note,
        add=tuple(body.add),
        remove=tuple(body.remove),
        until=moment_of(body.until, "until") if body.until else None,
        reply=_goodbye(body.action),
    )
    results = parts().store.change_tickets(ids, g.operator.id, change)
    return {"results": [_result(*pair) for pair in zip(ids, results, strict=True)]}


@blueprint.get("/colleagues")
@operation("Who works here, to give tickets to.", returns={200: "Colleagues"}, auth="operator")
@operator_required
def list_colleagues() -> Json:
    working = [operator for operator in parts().store.operators() if not operator.disabled]
    working.sort(key=lambda operator: operator.name.casefold())
    return {"operators": [{"id": operator.id, "name": operator.name} for operator in working]}


def _goodbye(action: str) -> ReplyDraft | None:
    words = CLOSING.get(action)
    return ReplyDraft(desk_reply(parts().desk.settings(), words), "answer") if words else None


def _result(ticket_id: str, result: Ticket | DeskError) -> Json:
    if isinstance(result, Ticket):
        return {"id": ticket_id, "ticket": ticket_json(result)}
    problem = {"status": result.status, "code": result.code, "detail": result.message}
    return {"id": ticket_id, "problem": problem}
