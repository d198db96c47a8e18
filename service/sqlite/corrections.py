"""What operators say of messages: corrected, confirmed, settled, undone; and who said what."""

import sqlite3
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

import orjson

from index.alike import alike_key
from index.records import SENTIMENTS
from service.errors import Conflict, InvalidInput, NotFound
from service.labels import conflicts, counting, kind_of
from service.records.conversations import Message
from service.records.labels import Correction, Label, LabelKind, ReadAs
from service.sqlite.audit import note
from service.sqlite.base import Part
from service.sqlite.commit import Transaction
from service.sqlite.content_rows import intent_names, raise_revision, template_intent
from service.sqlite.label_rows import (
    add_label,
    contest,
    follow,
    labels_alike,
    labels_of,
)
from service.sqlite.operators import working_operator
from service.sqlite.rows import LABEL, label_from
from service.sqlite.turns import find_message

UNDO = "UPDATE correction SET undone_at = ?, undone_by = ? WHERE id = ?"
KEYS = "SELECT DISTINCT alike FROM correction WHERE message_id IN (SELECT value FROM json_each(?))"
NEWEST = f"SELECT * FROM ({LABEL} ORDER BY c.rowid DESC LIMIT ?) ORDER BY place"  # noqa: S608

READ = """
SELECT t.message_id, json_extract(t.trace, '$.reading.intents') AS intents,
  json_extract(t.trace, '$.reading.certainty') AS certainty,
  json_extract(t.trace, '$.reading.in_scope') AS in_scope,
  json_extract(t.trace, '$.release') AS release
FROM turn AS t WHERE t.message_id IN (SELECT value FROM json_each(?))
  AND json_extract(t.trace, '$.reading.certainty') IS NOT NULL
  AND json_extract(t.trace, '$.reading.intents[0].label') IS NOT NULL
"""

Said = tuple[str | None, str | None, str | None]


class Corrections(Part):
    """Writes what operators say of messages, and takes it back."""

    def correct_message(
        self,
        message_id: str,
        operator_id: str,
        *,
        intent: str | None = None,
        sentiment: str | None = None,
        template: str | None = None,
    ) -> Correction:
        """What a customer message really was; makes or updates the example that training reads.

        A field that is not given stays as an earlier label had it. A template without an
        intent means the template's intent.
        """
        at = self._now()
        with self._writing() as write:
            db = write.connection
            working_operator(db, operator_id)
            message = _from_customer(db, message_id)
            said = _checked(db, intent, sentiment, template)
            kind = kind_of(*said, _trace(db, message_id))
            now = _say(write, message, operator_id, said, at, kind)
            _follow_up(write, alike_key(message.text), at)
            return now

    def settle_labels(
        self,
        message_ids: Sequence[str],
        operator_id: str,
        *,
        intent: str | None = None,
        sentiment: str | None = None,
    ) -> list[Correction]:
        """What messages of which operators had said different things were in the end; all of them
        the same, so they must say the same. With them goes the rest of their conflict."""
        at = self._now()
        with self._writing() as write:
            db = write.connection
            working_operator(db, operator_id)
            messages = {id_: _from_customer(db, id_) for id_ in message_ids}
            keys = {alike_key(message.text) for message in messages.values()}
            if len(keys) != 1:
                raise InvalidInput("These messages do not say the same.", field="messages")
            said = _checked(db, intent, sentiment, None)
            for conflict in conflicts(labels_alike(db, keys)):
                if (intent and "intent" in conflict.fields) or (
                    sentiment and "sentiment" in conflict.fields
                ):
                    missing = [id_ for id_ in conflict.message_ids if id_ not in messages]
                    messages |= {id_: find_message(db, id_) for id_ in missing}
            settled = [
                _say(write, message, operator_id, said, at, "correction", settles=True)
                for message in messages.values()
            ]
            if write.told:  # else it had all been said before
                note(write, "labels.settle", next(iter(messages)), at, str(len(messages)))
            _follow_up(write, keys.pop(), at)
            return settled

    def undo_label(
        self, message_id: str, operator_id: str, label_id: str | None = None
    ) -> Correction | None:
        """Take the last label of a message back; returns what counts then. With ``label_id`` only
        if that is the last one: undone before, nothing happens; ``Conflict`` if another followed.
        """
        at = self._now()
        with self._writing() as write:
            db = write.connection
            operator = working_operator(db, operator_id)
            message = find_message(db, message_id)
            labels = labels_of(db, [message_id])
            last = next((e for e in reversed(labels) if e.undone_by is None), None)
            if label_id is not None and (last is None or label_id != last.id):
                _require_undone(labels, label_id)
                return counting(labels)
            if last is None:
                raise NotFound("Nobody has said what this message is.")
            db.execute(UNDO, (at, operator_id, last.id))
            now = follow(db, message)
            contest(db, [alike_key(message.text)])
            body = {"message_id": message_id, "undone": last.id, "correction": now}
            body |= {"operator_id": operator_id, "operator_name": operator.name}
            write.tell("correction", body, at, conversation_id=message.conversation_id)
            raise_revision(write, at)
        return now

    def corrections(self, message_ids: Sequence[str]) -> dict[str, Correction]:
        """What the labels of these messages come to; those without one are left out."""
        with self._reading() as db:
            labels = labels_of(db, message_ids)
        ordered = sorted(labels, key=lambda label: label.message_id)  # stable: oldest first
        found = {
            message_id: counting(list(group))
            for message_id, group in groupby(ordered, key=lambda label: label.message_id)
        }
        return {message_id: now for message_id, now in found.items() if now is not None}

    def labels(
        self, message_ids: Sequence[str] | None = None, limit: int | None = None
    ) -> list[Label]:
        """Labels, oldest first, those that were undone among them: the newest ``limit`` of all, or
        those of these messages and of all that say the same."""
        with self._snapshot() as db:
            if message_ids is None:
                return [
                    label_from(r) for r in db.execute(NEWEST, (-1 if limit is None else limit,))
                ]
            keys = db.execute(KEYS, (orjson.dumps(list(message_ids)).decode(),)).fetchall()
            return labels_alike(db, [row["alike"] for row in keys])

    def read_as(self, message_ids: Sequence[str]) -> dict[str, ReadAs]:
        """What the desk took these messages for when they came; without what no model read."""
        with self._reading() as db:
            rows = db.execute(READ, (orjson.dumps(list(message_ids)).decode(),)).fetchall()
        return {row["message_id"]: _read_as(row) for row in rows}


def _read_as(row: sqlite3.Row) -> ReadAs:
    considered = tuple(entry["label"] for entry in orjson.loads(row["intents"]))
    scores = row["certainty"], row["in_scope"]
    return ReadAs(considered[0], *scores, considered, row["release"])


def _say(
    write: Transaction,
    message: Message,
    operator_id: str,
    said: Said,
    at: str,
    kind: LabelKind,
    *,
    settles: bool = False,
) -> Correction:
    """Write it, unless the same operator has just said the same: an answer got lost."""
    labels = labels_of(write.connection, [message.id])
    for last in [label for label in labels if label.undone_by is None][-1:]:
        before = (last.intent, last.sentiment, last.template)
        if (last.operator_id, before, last.kind, last.settles) == (
            operator_id,
            said,
            kind,
            settles,
        ):
            now = counting(labels)
            assert now is not None
            return now
    return add_label(write, message, operator_id, said, at, kind, settles=settles)


def _follow_up(write: Transaction, key: str, at: str) -> None:
    """Once all is said: who contradicts whom now. Nothing, where it had all been said before."""
    if write.told:
        contest(write.connection, [key])
        raise_revision(write, at)


def _from_customer(db: sqlite3.Connection, message_id: str) -> Message:
    message = find_message(db, message_id)
    if message.author != "customer":
        raise InvalidInput("Only a customer's message can be corrected.", field="message")
    if not message.text:
        raise InvalidInput("There are no words in this message to label.", field="message")
    return message


def _checked(
    db: sqlite3.Connection, intent: str | None, sentiment: str | None, template: str | None
) -> Said:
    """What is said, with the template's intent; ``InvalidInput`` for what is not there."""
    if intent is None and sentiment is None and template is None:
        raise InvalidInput("Give intent, sentiment or template.", field="intent")
    if sentiment is not None and sentiment not in SENTIMENTS:
        raise InvalidInput(f"Sentiment is one of {', '.join(SENTIMENTS)}.", field="sentiment")
    if template is not None:
        answered = template_intent(db, template)
        if intent not in (None, answered):
            message = f"The template {template} answers {answered}, not {intent}."
            raise InvalidInput(message, field="template")
        intent = answered
    if intent is not None and intent not in intent_names(db):
        raise InvalidInput(f"There is no intent {intent}.", field="intent")
    return intent, sentiment, template


def _trace(db: sqlite3.Connection, message_id: str) -> Mapping[str, Any] | None:
    row = db.execute("SELECT trace FROM turn WHERE message_id = ?", (message_id,)).fetchone()
    return orjson.loads(row["trace"]) if row and row["trace"] else None


def _require_undone(labels: Sequence[Label], label_id: str) -> None:
    known = next((label for label in labels if label.id == label_id), None)
    if known is None:
        raise NotFound(f"This message has no label {label_id}.")
    if known.undone_by is None:
        raise Conflict("This message was labelled again since; undo that first.")
