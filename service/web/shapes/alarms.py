"""Alarms, and the messages that show why there is one."""

from typing import Any

from service.records.alarms import Alarm, AlarmMessage


def alarm_json(alarm: Alarm) -> dict[str, Any]:
    """An alarm without the messages that show it."""
    names = ("id", "kind", "subject", "words", "value", "peak", "usual", "began_at", "ended_at")
    by = alarm.acknowledged_by and {
        "id": alarm.acknowledged_by,
        "name": alarm.acknowledged_name,
        "at": alarm.acknowledged_at,
    }
    return {**{name: getattr(alarm, name) for name in names}, "acknowledged": by}


def alarm_message_json(message: AlarmMessage) -> dict[str, Any]:
    """A message that shows an alarm; ``ticket_id`` is where operators can read on."""
    return {name: getattr(message, name) for name in AlarmMessage.__slots__}
