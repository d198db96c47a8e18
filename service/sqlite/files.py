"""What the SQLite store knows of files: whose they are, in which message, and which are gone.

Called through ``SqliteStore``. The bytes are elsewhere; a row is written when they are on disk, and
a trigger notes the id of every row that goes, so that they can follow.
"""

import sqlite3
from collections.abc import Sequence
from datetime import timedelta

import orjson

from service.errors import ConversationFull, NotFound, TooMany
from service.records.conversations import File, FileDraft, FileLimits
from service.sqlite.base import Part, iso
from service.sqlite.events import require_conversation
from service.sqlite.file_rows import file_from

DAY = timedelta(days=1)

BY_CLIENT = """
SELECT * FROM file WHERE conversation_id = ? AND ifnull(operator_id, '') = ? AND client_id = ?
"""
ADD = """
INSERT INTO file (id, conversation_id, operator_id, client_id, name, type, size, width, height,
  created_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
IN_CONVERSATION = """
SELECT ifnull(sum(size), 0) FROM file WHERE conversation_id = ? AND operator_id IS NULL
"""
IN_A_DAY = """
SELECT ifnull(sum(size), 0) FROM file WHERE created_at >= ? AND operator_id IS NULL
"""
SENT = "SELECT f.* FROM file AS f JOIN message AS m ON m.id = f.message_id WHERE f.id = ?"
AMONG = "(SELECT value FROM json_each(?))"


class Files(Part):
    """Knows files from their upload to their end."""

    def find_file(
        self, conversation_id: str, client_id: str, operator_id: str | None = None
    ) -> File | None:
        """What this operator, or the customer, has uploaded under a client id."""
        named = (conversation_id, operator_id or "", client_id)
        with self._reading() as db:
            row = db.execute(BY_CLIENT, named).fetchone()
        return file_from(row) if row else None

    def require_room(self, conversation_id: str, limits: FileLimits) -> None:
        """``ConversationFull`` or ``TooMany`` when customers' files have come to a limit."""
        with self._reading() as db:
            self._require_room(db, conversation_id, limits, 1)

    def add_file(self, draft: FileDraft, limits: FileLimits | None = None) -> File:
        """Make a file known; see the contract."""
        at, whose = self._now(), draft.operator_id or ""
        with self._writing() as write:
            db = write.connection
            require_conversation(db, draft.conversation_id)
            named = (draft.conversation_id, whose, draft.client_id)
            row = db.execute(BY_CLIENT, named).fetchone()
            if row is None:
                if limits:
                    self._require_room(db, draft.conversation_id, limits, draft.size)
                db.execute(
                    ADD,
                    (
                        *(draft.id, draft.conversation_id, draft.operator_id, draft.client_id),
                        *(draft.name, draft.type, draft.size, draft.width, draft.height, at),
                    ),
                )
                row = db.execute(BY_CLIENT, named).fetchone()
            return file_from(row)

    def sent_file(self, file_id: str, conversation_id: str | None = None) -> File:
        """A file of a message; with a conversation only of one that its customer may see."""
        sql, named = SENT, [file_id]
        if conversation_id is not None:
            sql += " AND f.conversation_id = ? AND m.note = 0"
            named.append(conversation_id)
        with self._reading() as db:
            row = db.execute(sql, named).fetchone()
        if row is None:
            raise NotFound("There is no such file.")
        return file_from(row)

    def drop_unsent_files(self, before: str) -> int:
        """Forget what came before that time and no message took along; returns how many."""
        unsent = "FROM file WHERE message_id IS NULL AND created_at < ?"
        with self._reading() as db:
            if db.execute(f"SELECT 1 {unsent} LIMIT 1", (before,)).fetchone() is None:
                return 0
        with self._writing() as write:
            return write.connection.execute(f"DELETE {unsent}", (before,)).rowcount

    def gone_files(self, limit: int) -> list[str]:
        """Ids of files that are known no more, and whose bytes may still lie on the shelf."""
        with self._reading() as db:
            return [row["id"] for row in db.execute("SELECT id FROM file_gone LIMIT ?", (limit,))]

    def forget_gone_files(self, file_ids: Sequence[str]) -> None:
        """These are off the shelf."""
        with self._writing() as write:
            write.connection.execute(f"DELETE FROM file_gone WHERE id IN {AMONG}", _json(file_ids))  # noqa: S608

    def known_files(self, file_ids: Sequence[str]) -> set[str]:
        """Which of these are known."""
        with self._reading() as db:
            rows = db.execute(f"SELECT id FROM file WHERE id IN {AMONG}", _json(file_ids))  # noqa: S608
            return {row["id"] for row in rows}

    def _require_room(
        self, db: sqlite3.Connection, conversation_id: str, limits: FileLimits, more: int
    ) -> None:
        used = db.execute(IN_CONVERSATION, (conversation_id,)).fetchone()[0]
        today = db.execute(IN_A_DAY, (iso(self._clock() - DAY),)).fetchone()[0]
        if used + more > limits.conversation:
            raise ConversationFull("This conversation can hold no more files.")
        if today + more > limits.day:
            raise TooMany("No more files can be taken today. Try again tomorrow.")


def _json(values: Sequence[str]) -> tuple[str]:
    return (orjson.dumps(list(values)).decode(),)
