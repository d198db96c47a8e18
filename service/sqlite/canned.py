"""Canned replies in the SQLite store: the team's, and each operator's own.

Called through ``SqliteStore``. Never tells what an operator keeps to himself.
"""

import sqlite3

from service.errors import Conflict, NotFound
from service.records.people import CannedReply
from service.sqlite.base import Part
from service.sqlite.commit import Transaction
from service.sqlite.ids import new_id
from service.sqlite.operators import working_operator

MOST = 500  # of the team, and of each operator

SEEN_BY = "owner_id IS NULL OR owner_id = :operator"
LIST = f"""
SELECT id, name, text, owner_id, updated_at FROM canned_reply
WHERE {SEEN_BY} ORDER BY name_key, owner_id IS NULL, id
"""  # noqa: S608
ONE = f"""
SELECT id, name, text, owner_id, updated_at FROM canned_reply WHERE id = :id AND ({SEEN_BY})
"""  # noqa: S608
NEW = """
INSERT INTO canned_reply (id, owner_id, name, name_key, text, updated_at)
VALUES (:id, :owner, :name, :key, :text, :at)
"""
CHANGE = """
UPDATE canned_reply
SET owner_id = :owner, name = :name, name_key = :key, text = :text, updated_at = :at WHERE id = :id
"""
NAMESAKE = """
SELECT 1 FROM canned_reply WHERE ifnull(owner_id, '') = ifnull(:owner, '') AND name_key = :key
  AND id <> :id
"""


class CannedReplies(Part):
    """Keeps canned replies; see the contract."""

    def canned_replies(self, operator_id: str) -> list[CannedReply]:
        """The team's and this operator's own, by name."""
        with self._reading() as db:
            return [_reply_from(row) for row in db.execute(LIST, {"operator": operator_id})]

    def add_canned_reply(self, operator_id: str, *, name: str, text: str, own: bool) -> CannedReply:
        """``Conflict`` for a name that is taken, or very many."""
        reply = CannedReply(new_id("cnd"), name, text, operator_id if own else None, self._now())
        with self._writing() as write:
            working_operator(write.connection, operator_id)
            _save(write, NEW, reply)
        return reply

    def change_canned_reply(
        self, reply_id: str, operator_id: str, *, name: str, text: str, own: bool
    ) -> CannedReply:
        """Replace it; ``NotFound`` for what is another operator's."""
        reply = CannedReply(reply_id, name, text, operator_id if own else None, self._now())
        with self._writing() as write:
            working_operator(write.connection, operator_id)
            _require(write.connection, reply_id, operator_id)
            _save(write, CHANGE, reply)
        return reply

    def delete_canned_reply(self, reply_id: str, operator_id: str) -> None:
        """Remove it; ``NotFound`` for what is another operator's."""
        with self._writing() as write:
            working_operator(write.connection, operator_id)
            _require(write.connection, reply_id, operator_id)
            write.connection.execute("DELETE FROM canned_reply WHERE id = ?", (reply_id,))
            write.tell("canned", {}, self._now())


def _save(write: Transaction, statement: str, reply: CannedReply) -> None:
    values = {
        "id": reply.id,
        "owner": reply.owner_id,
        "name": reply.name,
        "key": reply.name.casefold(),
        "text": reply.text,
        "at": reply.updated_at,
    }
    db = write.connection
    if db.execute(NAMESAKE, values).fetchone():
        whose = "You have" if reply.owner_id else "The team has"
        raise Conflict(f"{whose} a reply named {reply.name!r} already.", field="name")
    db.execute(statement, values)
    counted = "SELECT count(*) FROM canned_reply WHERE ifnull(owner_id, '') = ifnull(?, '')"
    if db.execute(counted, (reply.owner_id,)).fetchone()[0] > MOST:
        raise Conflict(f"More than {MOST} canned replies are too many to find one.")
    write.tell("canned", {}, reply.updated_at)


def _require(db: sqlite3.Connection, reply_id: str, operator_id: str) -> None:
    if db.execute(ONE, {"id": reply_id, "operator": operator_id}).fetchone() is None:
        raise NotFound(f"There is no canned reply {reply_id}.")


def _reply_from(row: sqlite3.Row) -> CannedReply:
    return CannedReply(**{name: row[name] for name in CannedReply.__slots__})
