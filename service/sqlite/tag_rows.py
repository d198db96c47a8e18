"""Tags inside a transaction: put on tickets, taken off, made when somebody first uses them."""

import unicodedata
import zlib
from collections.abc import Sequence

from service.errors import InvalidInput
from service.records.tickets import TAG_COLORS, Tag, Ticket
from service.sqlite.commit import Transaction
from service.sqlite.ids import new_id

MOST_ON_A_TICKET = 20
NEW_TAG = """
INSERT INTO tag (id, name, name_key, color, created_at) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (name_key) DO NOTHING
"""
TAG_BY_KEY = "SELECT id, name, color FROM tag WHERE name_key = ?"


def tag_key(name: str) -> str:
    """The same for names that people take for one: whatever their case, and however written."""
    return unicodedata.normalize("NFKC", " ".join(name.split())).casefold()


def retag(
    write: Transaction, ticket: Ticket, add: Sequence[str], remove: Sequence[str], at: str
) -> bool:
    """Put on and take off by name; whether anything changed."""
    db = write.connection
    before = db.total_changes
    for name in remove:
        sql = "DELETE FROM ticket_tag WHERE ticket_id = ?"
        sql += " AND tag_id = (SELECT id FROM tag WHERE name_key = ?)"
        db.execute(sql, (ticket.id, tag_key(name)))
    for name in add:
        tag = _ensured(write, name, at)
        sql = "INSERT INTO ticket_tag (ticket_id, tag_id) VALUES (?, ?) ON CONFLICT DO NOTHING"
        db.execute(sql, (ticket.id, tag.id))
    sql = "SELECT count(*) FROM ticket_tag WHERE ticket_id = ?"
    if db.execute(sql, (ticket.id,)).fetchone()[0] > MOST_ON_A_TICKET:
        raise InvalidInput(f"A ticket has at most {MOST_ON_A_TICKET} tags.", field="add")
    if db.total_changes == before:
        return False
    db.execute("UPDATE ticket SET updated_at = ? WHERE id = ?", (at, ticket.id))
    return True


def _ensured(write: Transaction, name: str, at: str) -> Tag:
    """The tag of this name; made, in a colour that follows from the name, if there is none."""
    shown, key = " ".join(name.split()), tag_key(name)
    color = TAG_COLORS[1 + zlib.crc32(key.encode()) % (len(TAG_COLORS) - 1)]
    made = write.connection.execute(NEW_TAG, (new_id("tag"), shown, key, color, at))
    if made.rowcount:
        write.tell("tags", {}, at)
    return Tag(**dict(write.connection.execute(TAG_BY_KEY, (key,)).fetchone()))
