"""All of a desk's content at once: read as one snapshot, and replaced by another.

Used by the content part of the SQLite store, inside its transactions.
"""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from service.labels import undisputed
from service.records.content import Content, Example
from service.sqlite.commit import Transaction
from service.sqlite.content_rows import (
    content_revision,
    look_again,
    promises,
    settings_from,
    settings_rows,
)
from service.sqlite.ids import new_id
from service.sqlite.label_rows import contest_gone
from service.sqlite.rows import (
    article_from,
    article_row,
    example_from,
    example_row,
    golden_from,
    golden_row,
    intent_from,
    intent_row,
    template_from,
    template_row,
    to_json,
)

Record = TypeVar("Record")

CLEAR = (
    "DELETE FROM desk_setting",
    "DELETE FROM intent",
    "DELETE FROM template",
    "DELETE FROM article",
    "DELETE FROM golden_case",
    "DELETE FROM example WHERE source <> 'correction'",
)


def read_content(db: sqlite3.Connection) -> Content:
    """Everything, as this connection sees it."""
    return Content(
        settings=settings_from(db),
        intents=_all(db, "intent", intent_from),
        templates=_all(db, "template", template_from),
        examples=_all(db, "example", example_from),
        articles=_all(db, "article", article_from),
        golden=_all(db, "golden_case", golden_from),
        revision=content_revision(db),
    )


def replace_all(write: Transaction, before: Content, content: Content, at: str) -> None:
    """What ``replace_content`` writes. What says the same as before keeps its id, and with it its
    history."""
    db, promised = write.database, promises(write.connection)
    for statement in CLEAR:
        write.connection.execute(statement)
    db.table("desk_setting").insert_all(settings_rows(content.settings))
    if promises(write.connection) != promised:
        look_again(write.connection)
    db.table("intent").insert_all(intent_row(intent) for intent in content.intents)
    db.table("template").insert_all(template_row(entry) for entry in content.templates)
    db.table("article").insert_all(article_row(entry, at) for entry in content.articles)
    cases = {case.text: case.id for case in before.golden}
    named = [replace(c, id=cases.pop(c.text, "") or new_id("gld")) for c in content.golden]
    db.table("golden_case").insert_all(golden_row(case) for case in named)
    # A correction that comes back with an exported desk is the one that stayed.
    left = write.connection.execute("SELECT * FROM example")
    stayed = [example_from(row) for row in left]
    taught = {_taught(example) for example in (*stayed, *undisputed(stayed))}
    fresh = [
        example
        for example in content.examples
        if example.source != "correction" and _taught(example) not in taught
    ]
    db.table("example").insert_all(_example_rows(fresh, before.examples, at))
    contest_gone(write.connection)


def _all(
    db: sqlite3.Connection, table: str, read: Callable[[sqlite3.Row], Record]
) -> tuple[Record, ...]:
    rows = db.execute(f"SELECT * FROM {table} ORDER BY rowid")  # noqa: S608
    return tuple(read(row) for row in rows)


def _example_rows(
    examples: Sequence[Example], before: Sequence[Example], at: str
) -> list[dict[str, Any]]:
    own = {example.id for example in examples}
    known = {_taught(e): e.id for e in before if e.source != "correction" and e.id not in own}
    return [
        example_row(replace(e, id=e.id or known.pop(_taught(e), "") or new_id("exa")), at)
        for e in examples
    ]


def _taught(example: Example) -> tuple[object, ...]:
    """What training learns from it: two examples that are equal in this are one."""
    entities = [sorted(entity.items()) for entity in example.entities or ()]
    return (example.text, example.intent, example.sentiment, example.split, to_json(entities))
