"""Alarms, and the messages that show why there is one."""

from service.web.responses.schema import (
    NUMBER,
    TEXT,
    TIME,
    Schema,
    either,
    fields,
    many,
    ref,
    words,
)

ALARM = fields(
    {
        "id": TEXT,
        "kind": words("surge", "drift"),
        "subject": TEXT,
        "words": TEXT,
        "value": NUMBER,
        "peak": NUMBER,
        "usual": NUMBER,
        "began_at": TIME,
        "ended_at": either(TIME),
        "acknowledged": either(fields({"id": TEXT, "name": TEXT, "at": TIME})),
    }
)
ALARM_MESSAGE = fields(
    {"id": TEXT, "conversation_id": TEXT, "ticket_id": either(TEXT), "text": TEXT, "at": TIME}
)

SCHEMAS: dict[str, Schema] = {
    "Alarm": ALARM,
    "Alarms": fields({"alarms": many(ref("Alarm"))}),
    "AlarmDetail": fields({"alarm": ref("Alarm"), "messages": many(ALARM_MESSAGE)}),
    "Acknowledged": fields({"alarm": ref("Alarm")}),
}
