"""Between rows of the SQLite file and the desk's records; the one place that knows both."""

import sqlite3
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import orjson

from index.records import OUT_OF_SCOPE
from service.records.content import Article, Example, GoldenCase, Intent, Template
from service.records.conversations import Conversation, Dialogue, File, Message, Suggestion
from service.records.labels import Label
from service.records.people import Customer, Operator
from service.records.tickets import Tag, Ticket

# By the index on file (message_id), which most messages miss at once.
FILES = """
(SELECT json_group_array(json_array(f.place, f.id, f.name, f.type, f.size, f.width, f.height))
  FROM file AS f WHERE f.message_id = m.id) AS files
"""
MESSAGE = f"""
SELECT m.*, o.name AS operator_name, {FILES}
FROM message AS m LEFT JOIN operator AS o ON o.id = m.operator_id
"""  # noqa: S608
TICKET = """
SELECT t.*, o.name AS owner_name, c.name AS customer_name, v.locale AS language,
  (SELECT kind FROM contact WHERE ticket_id = t.id) AS contact,
  (SELECT json_group_array(json_array(g.id, g.name, g.color)) FROM ticket_tag AS x
    JOIN tag AS g ON g.id = x.tag_id WHERE x.ticket_id = t.id) AS tags
FROM ticket AS t
JOIN conversation AS v ON v.id = t.conversation_id
LEFT JOIN customer AS c ON c.id = v.customer_id
LEFT JOIN operator AS o ON o.id = t.owner_id
"""
# An intent that was removed nobody has said: an undo must not bring it back.
LABEL = f"""
SELECT c.id, c.message_id, c.operator_id, c.sentiment, c.at, c.kind, c.weight, c.settles, c.alike,
  c.undone_by, c.rowid AS place, m.text, m.conversation_id, o.name AS operator_name,
  iif(c.intent = '{OUT_OF_SCOPE}', c.intent, i.name) AS intent,
  iif(i.name IS NULL, NULL, c.template) AS template
FROM correction AS c JOIN message AS m ON m.id = c.message_id
JOIN operator AS o ON o.id = c.operator_id LEFT JOIN intent AS i ON i.name = c.intent
"""  # noqa: S608
OPERATOR = "SELECT id, email, name, role, disabled, created_at, totp_since FROM operator"


def to_json(value: object) -> str:
    """Compact JSON; numpy numbers are written as numbers."""
    return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY).decode()


def conversation_from(row: sqlite3.Row) -> Conversation:
    dialogue = orjson.loads(row["dialogue"])
    return Conversation(
        id=row["id"],
        customer_id=row["customer_id"],
        status=row["status"],
        epoch=row["epoch"],
        locale=row["locale"],
        dialogue=Dialogue(**{**dialogue, "choices": tuple(dialogue.get("choices", ()))}),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def customer_from(row: sqlite3.Row) -> Customer:
    return Customer(
        id=row["id"],
        identifier=row["identifier"],
        name=row["name"],
        email=row["email"],
        verified=bool(row["verified"]),
        created_at=row["created_at"],
    )


def message_from(row: sqlite3.Row) -> Message:
    suggestions = row["suggestions"]
    return Message(
        id=row["id"],
        conversation_id=row["conversation_id"],
        seq=row["seq"],
        author=row["author"],
        text=row["text"],
        at=row["at"],
        note=bool(row["note"]),
        client_id=row["client_id"],
        operator_id=row["operator_id"],
        operator_name=row["operator_name"],
        template=row["template"],
        action=row["action"],
        reply_to=row["reply_to"],
        suggestions=tuple(Suggestion(**entry) for entry in orjson.loads(suggestions))
        if suggestions
        else (),
        files=files_from(row["files"]),
    )


def files_from(stored: str) -> tuple[File, ...]:
    if stored == "[]":  # as nearly always
        return ()
    return tuple(File(*file) for _, *file in sorted(orjson.loads(stored)))


def message_json(message: Message) -> dict[str, Any]:
    """The message's fields as JSON values; suggestions and files as lists of objects."""
    fields = {name: getattr(message, name) for name in Message.__slots__}
    fields["suggestions"] = [{"text": s.text, "intent": s.intent} for s in message.suggestions]
    fields["files"] = [asdict(file) for file in message.files]
    return fields


def ticket_from(row: sqlite3.Row) -> Ticket:
    fields = {name: row[name] for name in Ticket.__slots__}
    tags = [] if row["tags"] == "[]" else [Tag(*tag) for tag in orjson.loads(row["tags"])]
    return Ticket(**{**fields, "tags": tuple(sorted(tags, key=lambda tag: tag.name.casefold()))})


def operator_from(row: sqlite3.Row) -> Operator:
    return Operator(
        id=row["id"],
        email=row["email"],
        name=row["name"],
        role=row["role"],
        disabled=bool(row["disabled"]),
        created_at=row["created_at"],
        two_factor=row["totp_since"] is not None,
    )


def label_from(row: sqlite3.Row) -> Label:
    fields = {name: row[name] for name in Label.__slots__}
    return Label(**{**fields, "settles": bool(row["settles"])})


# --- content -------------------------------------------------------------------------------------


def intent_row(intent: Intent) -> dict[str, Any]:
    return {
        "name": intent.name,
        "group": intent.group,
        "title": intent.title,
        "description": intent.description,
        "slots": to_json(intent.slots),
        "action": intent.action,
        "priority": intent.priority,
    }


def intent_from(row: sqlite3.Row) -> Intent:
    fields = {name: row[name] for name in Intent.__slots__}
    return Intent(**{**fields, "slots": tuple(orjson.loads(row["slots"]))})


def template_row(template: Template) -> dict[str, Any]:
    return {name: getattr(template, name) for name in Template.__slots__}


def template_from(row: sqlite3.Row) -> Template:
    return Template(**{name: row[name] for name in Template.__slots__})


def example_row(example: Example, at: str) -> dict[str, Any]:
    """The example as a row; ``at`` is its time unless it has its own."""
    entities = example.entities
    return {
        **{name: getattr(example, name) for name in Example.__slots__},
        "entities": None if entities is None else to_json([dict(entry) for entry in entities]),
        "at": example.at or at,
        "contested": to_json(example.contested),
    }


def example_from(row: sqlite3.Row) -> Example:
    fields = {name: row[name] for name in Example.__slots__}
    fields["contested"] = tuple(orjson.loads(row["contested"]))
    entities = row["entities"]
    fields["entities"] = None if entities is None else tuple(orjson.loads(entities))
    return Example(**fields)


def article_row(article: Article, at: str) -> dict[str, Any]:
    return {
        "id": article.id,
        "title": article.title,
        "text": article.text,
        "intents": to_json(article.intents),
        "updated_at": article.updated_at or at,
    }


def article_from(row: sqlite3.Row) -> Article:
    fields = {name: row[name] for name in Article.__slots__}
    return Article(**{**fields, "intents": tuple(orjson.loads(row["intents"]))})


def golden_from(row: sqlite3.Row) -> GoldenCase:
    return GoldenCase(row["text"], row["intent"], row["action"], row["id"])


def golden_row(case: GoldenCase) -> dict[str, Any]:
    """The case as a row; it has its id already."""
    return {name: getattr(case, name) for name in GoldenCase.__slots__}


def label_of(entries: object) -> str | None:
    """The label of the first of a trace's scored entries."""
    if isinstance(entries, list | tuple) and entries and isinstance(entries[0], Mapping):
        label = entries[0].get("label")
        return label if isinstance(label, str) else None
    return None
