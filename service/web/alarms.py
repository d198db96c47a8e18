"""The operators' API for alarms: which there are, what shows them, who looks after them.

Talks to the store; every call needs an operator. Alarms begin and end in ``service.watch``.
"""

from typing import Any

from flask import Blueprint, g

from service.web.context import operator_required, parts
from service.web.inputs.parsing import no_body
from service.web.operations import operation
from service.web.shapes.alarms import alarm_json, alarm_message_json

blueprint = Blueprint("alarms", __name__, url_prefix="/api/v1")

Json = dict[str, Any]


@blueprint.get("/alarms")
@operation("Alarms, active ones first.", returns={200: "Alarms"}, auth="operator")
@operator_required
def list_alarms() -> Json:
    return {"alarms": [alarm_json(alarm) for alarm in parts().store.alarms()]}


@blueprint.get("/alarms/<alarm_id>")
@operation(
    "An alarm with messages that show it; customers' words.",
    returns={200: "AlarmDetail"},
    auth="operator",
)
@operator_required
def read_alarm(alarm_id: str) -> Json:
    alarm = parts().store.alarm(alarm_id)
    messages = parts().store.alarm_messages(alarm_id)
    return {
        "alarm": alarm_json(alarm),
        "messages": [alarm_message_json(message) for message in messages],
    }


@blueprint.post("/alarms/<alarm_id>/acknowledge")
@operation("Look after it; who was first stays.", returns={200: "Acknowledged"}, auth="operator")
@operator_required
def acknowledge_alarm(alarm_id: str) -> Json:
    no_body()
    alarm = parts().store.acknowledge_alarm(alarm_id, g.operator.id)
    return {"alarm": alarm_json(alarm)}
