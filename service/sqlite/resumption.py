"""One conversation on several devices: a token for each of them in the SQLite store.

Called through ``SqliteStore``, which trusts its caller that the identifier was verified. The token
of the device on which a conversation began is in the conversation's own row.
"""

import sqlite3

from service.records.conversations import Conversation
from service.sqlite.base import Part
from service.sqlite.ids import hashed, new_token
from service.sqlite.rows import conversation_from

DEVICES = 20  # of a conversation besides the first; a further one ends the oldest

LATEST = """
SELECT v.* FROM customer AS c JOIN conversation AS v ON v.customer_id = c.id
WHERE c.identifier = ? AND c.verified = 1 AND v.updated_at >= ?
ORDER BY v.updated_at DESC, v.rowid DESC LIMIT 1
"""
KNOWN_AS = "UPDATE customer SET name = ifnull(?, name), email = ifnull(?, email) WHERE id = ?"
NEW_DEVICE = """
INSERT INTO conversation_token (token_hash, conversation_id, created_at) VALUES (?, ?, ?)
"""
DROP_OLD = """
DELETE FROM conversation_token WHERE conversation_id = :id AND rowid NOT IN
  (SELECT rowid FROM conversation_token WHERE conversation_id = :id ORDER BY rowid DESC LIMIT :most)
"""


class Resumption(Part):
    """Finds a customer's latest conversation again, and lets a further device into it."""

    def resume_conversation(
        self, identifier: str, *, since: str, name: str | None = None, email: str | None = None
    ) -> tuple[Conversation, str] | None:
        """A further token for the verified customer's latest conversation; see the contract."""
        with self._reading() as db:  # mostly there is none, and then nothing is written
            if db.execute(LATEST, (identifier, since)).fetchone() is None:
                return None
        token = new_token("fdc")
        with self._writing() as write:
            db = write.connection
            row = db.execute(LATEST, (identifier, since)).fetchone()
            if row is None:
                return None
            db.execute(KNOWN_AS, (name, email, row["customer_id"]))
            db.execute(NEW_DEVICE, (hashed(token), row["id"], self._now()))
            db.execute(DROP_OLD, {"id": row["id"], "most": DEVICES})
        return conversation_from(row), token


def opened_by(db: sqlite3.Connection, conversation_id: str, token_hash: str) -> bool:
    """Whether a further device has this token for the conversation."""
    found = db.execute(
        "SELECT 1 FROM conversation_token WHERE token_hash = ? AND conversation_id = ?",
        (token_hash, conversation_id),
    )
    return found.fetchone() is not None
