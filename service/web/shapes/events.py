"""Events as the streams tell them: what the widget may hear of, and what the console hears."""

from service.records.alarms import Alarm
from service.records.conversations import Event, File, Message, Suggestion
from service.records.tickets import Tag, Ticket
from service.web.shapes.alarms import alarm_json
from service.web.shapes.conversations import console_message_json, message_json
from service.web.shapes.tickets import ticket_json


def customer_event_json(event: Event) -> tuple[str, object] | None:
    """A public event's name and value as the widget gets them; None for what it does not use."""
    if event.kind == "message":
        return "message", message_json(_message_of(event))
    if event.kind == "conversation":
        return "conversation", dict(event.body)
    return None


def console_event_json(event: Event) -> tuple[str, object]:
    """An event's name and value as the console gets them."""
    where = {"conversation_id": event.conversation_id}
    if event.kind == "message":
        message = console_message_json(_message_of(event))
        return "message", {**where, "ticket_id": event.body.get("ticket_id"), "message": message}
    if event.kind == "ticket":
        return "ticket", {**where, "ticket": ticket_json(_ticket_of(event))}
    if event.kind == "alarm":
        return "alarm", {"alarm": alarm_json(Alarm(**event.body["alarm"]))}
    return event.kind, {**where, **event.body}


def _ticket_of(event: Event) -> Ticket:
    tags = tuple(Tag(**tag) for tag in event.body.get("tags", ()))
    return Ticket(**{**event.body, "tags": tags})


def _message_of(event: Event) -> Message:
    stored = event.body["message"]
    suggestions = tuple(Suggestion(**entry) for entry in stored["suggestions"])
    files = tuple(File(**entry) for entry in stored["files"])
    return Message(**{**stored, "suggestions": suggestions, "files": files})
