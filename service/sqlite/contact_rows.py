"""Contacts inside a transaction: found by an address or a number, and passed on by a merge.

Shared by the erasures' and the tickets' parts of the SQLite store. What a customer typed is
nothing that he has proved: who finds a contact here knows where somebody wants to be reached, and
not who he is.
"""

import re
import sqlite3
from collections.abc import Iterable

LEFT = """
SELECT k.ticket_id, k.value, k.conversation_id, v.customer_id, c.email
FROM contact AS k JOIN conversation AS v ON v.id = k.conversation_id
LEFT JOIN customer AS c ON c.id = v.customer_id
"""
AT_ADDRESS = f"{LEFT} WHERE k.value = ? COLLATE NOCASE"
AT_NUMBER = f"{LEFT} WHERE k.kind = 'phone'"
# The row keeps its conversation, with which it is erased. A later one stands.
MERGED = """
INSERT INTO contact (ticket_id, conversation_id, kind, value, about, at)
SELECT :to, conversation_id, kind, value, about, at FROM contact WHERE ticket_id = :ticket
ON CONFLICT (ticket_id) DO UPDATE SET conversation_id = excluded.conversation_id,
  kind = excluded.kind, value = excluded.value, about = excluded.about, at = excluded.at
  WHERE excluded.at > contact.at
"""
NUMBER = re.compile(r"\+?[0-9 ()./-]+")
FEWEST = 6  # digits of a number


def left_at(db: sqlite3.Connection, names: Iterable[str]) -> list[sqlite3.Row]:
    """Contacts at these addresses and numbers, with whose they are, if that is known. Of numbers
    the digits count, in whichever way they are grouped."""
    rows: list[sqlite3.Row] = []
    for name in names:
        number = _digits(name)
        if number is None:
            rows += db.execute(AT_ADDRESS, (name,))
        else:
            rows += [row for row in db.execute(AT_NUMBER) if _digits(row["value"]) == number]
    return rows


def pass_on(db: sqlite3.Connection, ticket_id: str, to: str) -> None:
    """What was left in a ticket holds for the one that it is merged into, unless its customer left
    something later there."""
    db.execute(MERGED, {"ticket": ticket_id, "to": to})


def _digits(value: str) -> str | None:
    """The digits of what can be a phone number: "+44 (0)20 7946" is 0044 20 7946, too."""
    if not NUMBER.fullmatch(value):
        return None
    digits = re.sub(r"\D", "", value.replace("(0)", "")).removeprefix("00")
    return digits if len(digits) >= FEWEST else None
