"""Past conversations through an engine: what the desk would say to each message now.

Called by ``frontdesk replay`` and ``frontdesk releases diff``. Reads messages of many conversations
together, then routes each conversation in its order with the desk's own functions. Never writes
to the store.

A customer wrote as an answer to what the desk really said. Where a replay says something else, the
next message is still the real one, and so is who owned the conversation: nothing is routed
there.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict, Field

from index.records import Hit, Reading
from service.ahead import ahead
from service.desk import compose, known_choice, silent, variant
from service.engine import Engine, local_day, local_today
from service.errors import ContentError
from service.files import json_lines, parse
from service.records.conversations import Dialogue, ReplyDraft
from service.records.past import PastConversation, PastMessage, Said
from service.router import Route, decide
from service.trace import line_json, said_json

BATCH = 512  # messages that are read together


class BatchEngine(Engine, Protocol):
    """An engine in this process, which can read yesterday's messages as of yesterday."""

    def read(
        self,
        texts: Sequence[str],
        days: Sequence[date] | None = None,
        *,
        until: float | None = None,
    ) -> list[Reading]:
        """Readings of the texts; "tomorrow" counts from each text's day."""

    def search_all(self, readings: Sequence[Reading]) -> list[list[Hit]]:
        """The hits of each reading."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """A message with what the desk would make of it now; no reply where a person owned it."""

    conversation_id: str
    message: PastMessage
    reading: Reading
    route: Route
    reply: ReplyDraft | None

    @property
    def said(self) -> Said:
        """The same as what is kept of a real turn."""
        top, reply = self.reading.intent, self.reply
        return Said(
            action=self.route.action,
            reason=self.route.reason,
            intent=self.route.intent,
            template=self.route.template,
            reply=reply.text if reply else "",
            suggestions=tuple(s.text for s in reply.suggestions) if reply else (),
            read=top.label if top else None,
            confidence=round(top.confidence, 4) if top else None,
            release=self.reading.release,
        )


Found = Iterator[tuple[Reading, list[Hit]]]


def replay(conversations: Iterable[PastConversation], engine: BatchEngine) -> Iterator[Replayed]:
    """Every message that counts, conversation by conversation, with the reply of this engine."""

    def read(batch: list[PastConversation]) -> tuple[list[PastConversation], Found]:
        messages = [message for past in batch for message in past.messages]
        days = [_day(message) for message in messages]
        readings = engine.read([message.text for message in messages], days)
        return batch, zip(readings, engine.search_all(readings), strict=True)

    for batch, found in ahead(read, _batches(conversations)):
        for past in batch:
            yield from _converse(past, engine, found)


def _converse(past: PastConversation, engine: BatchEngine, found: Found) -> Iterator[Replayed]:
    """One conversation; takes as much of ``found`` as it has messages."""
    dialogue = Dialogue()
    for message in past.messages:
        reading, hits = next(found)
        if message.fresh:
            dialogue = Dialogue()
        replayed = respond(past.id, message, dialogue, engine, reading, hits)
        if replayed.reply is not None:
            dialogue = replayed.route.dialogue
        if message.counts:
            yield replayed


def respond(
    conversation_id: str,
    message: PastMessage,
    dialogue: Dialogue,
    engine: Engine,
    reading: Reading,
    hits: Sequence[Hit],
) -> Replayed:
    """What the engine makes of one message in this state of the dialogue."""
    catalogue = engine.catalogue
    choice = known_choice(message.choice, catalogue)
    route = decide(reading, hits, dialogue, catalogue, engine.thresholds, choice)
    if message.with_person:
        return Replayed(conversation_id, message, reading, silent(route), None)
    reply = compose(route, catalogue, variant(message.key))
    return Replayed(conversation_id, message, reading, route, reply)


def _batches(conversations: Iterable[PastConversation]) -> Iterator[list[PastConversation]]:
    batch: list[PastConversation] = []
    size = 0
    for past in conversations:
        batch.append(past)
        size += len(past.messages)
        if size >= BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _day(message: PastMessage) -> date:
    return local_day(datetime.fromisoformat(message.at)) if message.at else local_today()


def replayed_json(replayed: Replayed) -> dict[str, Any]:
    """A line of ``frontdesk replay``: that of ``frontdesk read``, with the reply, and with what
    was said then if that is known."""
    message, now = replayed.message, replayed.said
    line = {
        "conversation": replayed.conversation_id,
        "message": message.id,
        "at": message.at,
        **line_json(replayed.reading, replayed.route),
        "action": now.action,
        "reply": now.reply if replayed.reply else None,
        "suggestions": list(now.suggestions),
    }
    return line if message.said is None else {**line, "then": said_json(message.said)}


# --- conversations in a file ---------------------------------------------------------------------


class _Message(BaseModel):
    model_config = ConfigDict(extra="ignore")

    text: str
    choice: str | None = None
    at: datetime | None = None
    with_person: bool = False


class _Conversation(BaseModel):
    model_config = ConfigDict(extra="ignore")

    conversation: str | None = None
    messages: list[_Message] = Field(min_length=1)


def conversations_of(file: Path) -> Iterator[PastConversation]:
    """The conversations of a JSONL file, one a line: its messages, or a single message's fields.

    Raises ``ContentError`` naming the line and the field.
    """
    if not file.is_file():
        raise ContentError(f"{file}: there is no such file.")
    for path, number, value in json_lines(file):
        alone = isinstance(value, dict) and "messages" not in value
        line = {"messages": [value]} if alone else value
        if alone and isinstance(value, dict) and "text" not in value:
            raise ContentError(f'{path}, line {number}: neither "messages" nor "text".')
        parsed = parse(_Conversation, line, path, number)
        name = parsed.conversation or f"line {number}"
        yield PastConversation(
            name,
            tuple(
                PastMessage(
                    id=f"{name}:{place}",
                    key=f"{name}:{place}",
                    text=message.text,
                    choice=message.choice,
                    at=message.at.isoformat() if message.at else None,
                    with_person=message.with_person,
                )
                for place, message in enumerate(parsed.messages, start=1)
            ),
        )
