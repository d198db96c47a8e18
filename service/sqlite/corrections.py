"""What messages really were, according to operators, and the examples that follow from it."""

import sqlite3
from collections.abc import Sequence

import orjson

from index.records import SENTIMENTS
from service.errors import InvalidInput
from service.records import Correction
from service.sqlite.base import Part
from service.sqlite.content_rows import intent_names, raise_revision, template_intent
from service.sqlite.ids import new_id
from service.sqlite.operators import working_operator
from service.sqlite.rows import correction_from
from service.sqlite.turns import find_message

COUNTING = """
SELECT c.* FROM correction AS c
WHERE c.message_id IN (SELECT value FROM json_each(?)) AND c.rowid =
  (SELECT max(rowid) FROM correction WHERE message_id = c.message_id)
"""
NEW_CORRECTION = """
INSERT INTO correction (id, message_id, operator_id, intent, sentiment, template, at)
VALUES (?, ?, ?, ?, ?, ?, ?)
"""
SAVE_EXAMPLE = """
INSERT INTO example (id, text, intent, sentiment, source, message_id, operator_id, at)
VALUES (?, ?, ?, ?, 'correction', ?, ?, ?)
ON CONFLICT (message_id) WHERE source = 'correction' AND message_id IS NOT NULL DO UPDATE SET
  intent = excluded.intent, sentiment = excluded.sentiment, operator_id = excluded.operator_id,
  at = excluded.at
"""


class Corrections(Part):
    """Writes corrections; the last one of a message counts."""

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

        A field that is not given stays as an earlier correction had it. A template without an
        intent means the template's intent.
        """
        if intent is None and sentiment is None and template is None:
            raise InvalidInput("Give intent, sentiment or template.", field="intent")
        if sentiment is not None and sentiment not in SENTIMENTS:
            raise InvalidInput(f"Sentiment is one of {', '.join(SENTIMENTS)}.", field="sentiment")
        at = self._now()
        with self._writing() as write:
            db = write.connection
            working_operator(db, operator_id)
            message = find_message(db, message_id)
            if message.author != "customer":
                raise InvalidInput("Only a customer's message can be corrected.", field="message")
            intent = _known_intent(db, intent, template)
            before = _counting(db, [message_id]).get(message_id)
            correction = Correction(
                id=new_id("cor"),
                message_id=message_id,
                operator_id=operator_id,
                intent=intent or (before.intent if before else None),
                sentiment=sentiment or (before.sentiment if before else None),
                template=template or (before.template if before and not intent else None),
                at=at,
            )
            labels = (correction.intent, correction.sentiment)
            row = (correction.id, message_id, operator_id, *labels, correction.template, at)
            db.execute(NEW_CORRECTION, row)
            example = (new_id("exa"), message.text, *labels, message_id, operator_id, at)
            db.execute(SAVE_EXAMPLE, example)
            write.tell("correction", correction, at, conversation_id=message.conversation_id)
            raise_revision(write, at)
        return correction

    def corrections(self, message_ids: Sequence[str]) -> dict[str, Correction]:
        """The counting corrections of these messages."""
        with self._reading() as db:
            return _counting(db, message_ids)


def _known_intent(db: sqlite3.Connection, intent: str | None, template: str | None) -> str | None:
    """The intent that was given, or else the template's; ``InvalidInput`` for unknown ones."""
    if template is not None:
        answered = template_intent(db, template)
        if intent not in (None, answered):
            message = f"The template {template} answers {answered}, not {intent}."
            raise InvalidInput(message, field="template")
        intent = answered
    if intent is not None and intent not in intent_names(db):
        raise InvalidInput(f"There is no intent {intent}.", field="intent")
    return intent


def _counting(db: sqlite3.Connection, message_ids: Sequence[str]) -> dict[str, Correction]:
    rows = db.execute(COUNTING, (orjson.dumps(list(message_ids)).decode(),)).fetchall()
    return {row["message_id"]: correction_from(row) for row in rows}
