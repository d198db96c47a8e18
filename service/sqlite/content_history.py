"""What each item of content was before every change and after it; append-only.

Written in the transaction of the change itself, by ``kept``, whichever part of the store makes it;
read by the console. Nothing is ever edited here, and only erasures remove: what was made of a
customer's message goes with it.
"""

import contextlib
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson

from service.errors import Edited, NotFound
from service.records.content import Content, ContentChange, ContentKind
from service.sqlite.base import Part
from service.sqlite.commit import Transaction
from service.sqlite.content_rows import settings_from
from service.sqlite.rows import (
    article_from,
    example_from,
    golden_from,
    intent_from,
    template_from,
    to_json,
)
from service.versions import Item, facts_json, item_json, version_of

Json = Mapping[str, Any]

# Where the items of a kind are, by which column they are named, and how a row is read.
TABLES: Mapping[ContentKind, tuple[str, Callable[[sqlite3.Row], Item]]] = {
    "intent": ("SELECT * FROM intent WHERE name = ?", intent_from),
    "template": ("SELECT * FROM template WHERE name = ?", template_from),
    "example": ("SELECT * FROM example WHERE id = ?", example_from),
    "article": ("SELECT * FROM article WHERE id = ?", article_from),
    "golden_case": ("SELECT * FROM golden_case WHERE id = ?", golden_from),
}
CHANGE = """
SELECT c.*, o.name AS operator_name FROM content_change AS c
LEFT JOIN operator AS o ON o.id = c.operator_id
"""
CHANGES = f"""
{CHANGE} WHERE (:kind IS NULL OR c.kind = :kind) AND (:name IS NULL OR c.name = :name)
  AND (:before IS NULL OR c.id < :before)
ORDER BY c.id DESC LIMIT :limit
"""
NEW_CHANGE = """
INSERT INTO content_change (kind, name, before, after, message_id, operator_id, at)
VALUES (?, ?, ?, ?, ?, ?, ?)
"""
# What was typed in the very words of an erased message is that message's text, too.
FORGET = """
WITH erased AS MATERIALIZED (SELECT text FROM message WHERE author = 'customer' AND text <> ''
  AND conversation_id IN (SELECT value FROM json_each(:conversations)))
DELETE FROM content_change WHERE message_id IN (
  SELECT id FROM message WHERE conversation_id IN (SELECT value FROM json_each(:conversations)))
OR (kind IN ('example', 'golden_case')
  AND (json_extract(before, '$.text') IN erased OR json_extract(after, '$.text') IN erased))
"""


class ContentHistory(Part):
    """Reads the history of content."""

    def content_changes(
        self,
        kind: ContentKind | None = None,
        name: str | None = None,
        *,
        before: int | None = None,
        limit: int = 50,
    ) -> list[ContentChange]:
        """The newest first; those with ids below ``before``."""
        asked = {"kind": kind, "name": name, "before": before, "limit": limit}
        with self._reading() as db:
            return [_change_from(row) for row in db.execute(CHANGES, asked)]

    def content_change(self, change_id: int) -> ContentChange:
        """One change."""
        with self._reading() as db:
            row = db.execute(f"{CHANGE} WHERE c.id = ?", (change_id,)).fetchone()
        if row is None:
            raise NotFound("There is no such change; it may have been erased.")
        return _change_from(row)


@contextlib.contextmanager
def kept(
    write: Transaction,
    kind: ContentKind,
    name: str,
    at: str,
    by: str | None = None,
    seen: str | None = None,
) -> Iterator[None]:
    """Around the change of one item: history has it as it was and as it is.

    With ``seen`` raises ``Edited`` unless that is the item's version: whoever edits has seen what
    is replaced.
    """
    before = read_item(write.connection, kind, name)
    if seen is not None and seen != (now := version_of(kind, before)):
        raise Edited(_told(before, seen), current=before, version=now, **_last(write, kind, name))
    yield
    record_change(write, kind, name, before, read_item(write.connection, kind, name), at, by)


def record_change(
    write: Transaction,
    kind: ContentKind,
    name: str,
    before: Json | None,
    after: Json | None,
    at: str,
    by: str | None = None,
) -> None:
    """Keep a change that was made; one that changed nothing of what people edit is none."""
    if version_of(kind, before) == version_of(kind, after):
        return
    message_id = (after or {}).get("message_id") or (before or {}).get("message_id")
    texts = (None if item is None else to_json(item) for item in (before, after))
    write.connection.execute(NEW_CHANGE, (kind, name, *texts, message_id, by, at))


def record_replaced(write: Transaction, before: Content, after: Content, at: str) -> None:
    """Keep what an import changed, item by item."""
    was, now = _items(before), _items(after)
    for kind, name in dict.fromkeys([*was, *now]):
        one, other = was.get((kind, name)), now.get((kind, name))
        record_change(write, kind, name, one, other, at)


def read_item(db: sqlite3.Connection, kind: ContentKind, name: str) -> Json | None:
    """The item as it stands, as JSON; none when it is not there."""
    if kind == "facts":
        return facts_json(settings_from(db).facts)
    sql, read = TABLES[kind]
    row = db.execute(sql, (name,)).fetchone()
    return None if row is None else item_json(read(row))


def forget_changes(db: sqlite3.Connection, conversations: str) -> None:
    """Before conversations are erased (their ids as a JSON list): no change keeps words of them."""
    db.execute(FORGET, {"conversations": conversations})


def _items(content: Content) -> dict[tuple[ContentKind, str], Json]:
    found: dict[tuple[ContentKind, str], Json] = {
        ("facts", "facts"): facts_json(content.settings.facts)
    }
    found |= {("intent", entry.name): item_json(entry) for entry in content.intents}
    found |= {("template", entry.name): item_json(entry) for entry in content.templates}
    found |= {("example", entry.id): item_json(entry) for entry in content.examples}
    found |= {("article", entry.id): item_json(entry) for entry in content.articles}
    found |= {("golden_case", entry.id): item_json(entry) for entry in content.golden}
    return found


def _told(before: Json | None, seen: str) -> str:
    if before is None:
        return "Somebody else deleted this meanwhile."
    return "Somebody else saved this meanwhile." if seen else "There is one of this name already."


def _last(write: Transaction, kind: ContentKind, name: str) -> dict[str, Any]:
    """Who changed it last and when, as far as history knows."""
    asked = {"kind": kind, "name": name, "before": None, "limit": 1}
    row = write.connection.execute(CHANGES, asked).fetchone()
    return {"edited_by": row["operator_name"], "edited_at": row["at"]} if row else {}


def _change_from(row: sqlite3.Row) -> ContentChange:
    fields = {name: row[name] for name in ContentChange.__slots__}
    for side in ("before", "after"):
        fields[side] = None if row[side] is None else orjson.loads(row[side])
    return ContentChange(**fields)
