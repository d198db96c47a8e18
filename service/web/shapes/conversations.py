"""Conversations, messages, files: as their customer sees them, and what operators see besides."""

from collections.abc import Mapping
from typing import Any

from service.config import Config
from service.records.conversations import Closing, Conversation, File, Message
from service.records.labels import Correction, LabelConflict
from service.records.turns import Turn
from service.records.waiting import Expectation
from service.web.shapes.labels import conflict_json, correction_json


def message_json(message: Message) -> dict[str, Any]:
    """A message as its customer sees it."""
    shape: dict[str, Any] = {
        "id": message.id,
        "seq": message.seq,
        "author": message.author,
        "text": message.text,
        "at": message.at,
        "suggestions": [{"text": s.text, "intent": s.intent} for s in message.suggestions],
        "files": [file_json(file) for file in message.files],
    }
    optional = {
        "name": message.operator_name,
        "action": message.action,
        "template": message.template,
        "reply_to": message.reply_to,
        "client_id": message.client_id if message.author == "customer" else None,
    }
    return shape | {name: value for name, value in optional.items() if value is not None}


def file_json(file: File) -> dict[str, Any]:
    """A file; only a picture has a width and a height, and a preview."""
    return {name: getattr(file, name) for name in File.__slots__}


def files_taken(config: Config) -> dict[str, Any]:
    """What may be sent, so that nobody uploads in vain."""
    return {
        "types": list(config.kinds),
        "bytes": config.file_bytes,
        "count": config.files_per_message,
    }


def console_message_json(
    message: Message,
    trace: Mapping[str, Any] | None = None,
    correction: Correction | None = None,
    feedback: Mapping[str, Any] | None = None,
    conflict: LabelConflict | None = None,
) -> dict[str, Any]:
    """A message as operators see it: with note, reading, correction, conflict and feedback."""
    shape = message_json(message) | {"note": message.note, "client_id": message.client_id}
    reading = (trace or {}).get("reading")
    if reading:
        shape["reading"] = {
            "intent": next(iter(reading["intents"]), None),
            "sentiment": next(iter(reading["sentiments"]), None),
            "in_scope": reading["in_scope"],
        }
    if correction:
        shape["correction"] = correction_json(correction)
    if conflict:
        shape["conflict"] = conflict_json(conflict)
    if feedback:
        shape["feedback"] = dict(feedback)
    return shape


def conversation_json(
    conversation: Conversation,
    closing: Closing | None = None,
    expected: Expectation | None = None,
) -> dict[str, Any]:
    """A conversation without what only the router needs; its customer sees the ``closing`` and what
    he may expect, too."""
    shape: dict[str, Any] = {
        "id": conversation.id,
        "status": conversation.status,
        "locale": conversation.locale,
        "created_at": conversation.created_at,
    }
    if expected is not None:
        shape["expectation"] = expectation_json(expected)
    if closing is None:
        return shape
    asked = {name: getattr(closing, name) for name in Closing.__slots__}
    return shape | {"closing": asked}


def expectation_json(expected: Expectation) -> dict[str, Any]:
    """What a customer who waits for a person may expect."""
    return {name: getattr(expected, name) for name in Expectation.__slots__}


def turn_json(turn: Turn) -> dict[str, Any]:
    """What posting a message returns; the same for the same client id."""
    ticket = turn.ticket
    return {
        "message": message_json(turn.message),
        "reply": message_json(turn.reply) if turn.reply else None,
        "action": turn.action,
        # Only what cannot change: the same client id must get the same body later, too.
        "ticket": {"id": ticket.id} if ticket else None,
        "suggestions": [
            {"text": s.text, "intent": s.intent}
            for s in (turn.reply.suggestions if turn.reply else ())
        ],
    }
