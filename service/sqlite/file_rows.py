"""Files inside a transaction: a message takes along what was uploaded for it.

Shared by the thread and the files' part of the SQLite store.
"""

import sqlite3
from collections.abc import Sequence

from service.errors import InvalidInput
from service.records.conversations import File, Message

# Only what came from who writes, to this conversation, and is in no message yet.
TAKE = """
UPDATE file SET message_id = ?, place = ?
WHERE id = ? AND conversation_id = ? AND ifnull(operator_id, '') = ? AND message_id IS NULL
RETURNING id, name, type, size, width, height
"""


def take_along(
    db: sqlite3.Connection, message: Message, file_ids: Sequence[str]
) -> tuple[File, ...]:
    """The files of a message that was just written; ``InvalidInput`` for one that cannot be."""
    taken = []
    for place, file_id in enumerate(file_ids):
        whose = message.operator_id or ""
        named = (message.id, place, file_id, message.conversation_id, whose)
        rows = db.execute(TAKE, named).fetchall()
        if not rows:
            told = "One of the files is no longer here. Attach it again."
            raise InvalidInput(told, field="files")
        taken.append(file_from(rows[0]))
    return tuple(taken)


def file_from(row: sqlite3.Row) -> File:
    return File(**{name: row[name] for name in File.__slots__})
