"""Conversations of Chatwoot with their messages, as its API lists them.

``{"data": {"payload": […]}}``, a list, or a line a conversation, which is read as a stream; and the
messages of one conversation. Notes, activities and bots are no answers of a person. Called by
``service.history.threads``.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from service.errors import ContentError
from service.files import parse
from service.history.threads import Line, Thread, documents
from service.records.words import Author

ENDINGS = (".json", ".jsonl", ".ndjson")
INCOMING, OUTGOING, TEMPLATE = (0, "incoming"), (1, "outgoing"), (3, "template")
BOT = "agent_bot"


class Loose(BaseModel):
    model_config = ConfigDict(extra="ignore")


class Sender(Loose):
    name: str | None = None
    type: str | None = None


class Message(Loose):
    """What counts of a message; an activity ("Ada joined") is of another type."""

    content: str | None = None
    message_type: int | str
    private: bool = False
    conversation_id: int | str | None = None
    created_at: int | float | str | None = None
    sender: Sender | None = None


class Meta(Loose):
    sender: Sender | None = None
    contact: Sender | None = None


class Conversation(Loose):
    messages: list[Message] = Field(default_factory=list)
    meta: Meta | None = None


def read(path: Path, columns: Mapping[str, str]) -> Iterator[Thread]:
    """Every conversation; ``ContentError`` names the place and field of a mistake."""
    for where, value in documents(path):
        for place, inner in _conversations(value, where):
            yield _thread(parse(Conversation, inner, Path(place)), place)


def _conversations(value: Any, where: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and isinstance(value.get("data"), dict):
        value = value["data"]
    if isinstance(value, dict) and isinstance(value.get("payload"), list):
        found, meta = value["payload"], value.get("meta")
        if found and all(isinstance(each, dict) and "message_type" in each for each in found):
            yield where, {"messages": found, "meta": meta if isinstance(meta, dict) else None}
            return
        value = found
    if isinstance(value, list):
        for number, entry in enumerate(value):
            yield from _conversations(entry, f"{where}, [{number}]")
    elif isinstance(value, dict) and "messages" in value:
        yield where, value
    else:
        raise ContentError(f"{where}: not a conversation (messages).")


def _thread(conversation: Conversation, where: str) -> Thread:
    messages = conversation.messages
    if all(isinstance(message.created_at, int | float) for message in messages):
        messages = sorted(messages, key=lambda message: float(message.created_at or 0))
    lines = [
        Line(author, message.content or "")
        for message in messages
        if not message.private and (author := _author(message))
    ]
    meta = conversation.meta
    senders = [meta.sender, meta.contact] if meta else []
    senders += [message.sender for message in messages]
    names = dict.fromkeys(
        sender.name for sender in senders if sender and sender.type != BOT and sender.name
    )
    return Thread(where, tuple(lines), tuple(names))


def _author(message: Message) -> Author | None:
    if message.message_type in INCOMING:
        return "customer"
    if message.message_type in OUTGOING:
        return "desk" if message.sender and message.sender.type == BOT else "operator"
    return "desk" if message.message_type in TEMPLATE else None
