"""The operators' inbox: tickets found, filtered, searched and ordered. Only reads."""

from service.errors import InvalidInput
from service.records import Ticket
from service.sqlite.base import Part
from service.sqlite.rows import TICKET, ticket_from
from service.sqlite.ticket_rows import find_ticket

STATUSES = ("open", "claimed", "returned", "resolved")
ORDERS = {
    "priority": "t.rank, t.idle, t.since, t.rowid",
    "newest": "t.created_at DESC, t.rowid DESC",
    "oldest": "t.created_at, t.rowid",
}
CLOSED_LAST = "t.status IN ('returned', 'resolved')"  # as in the index ticket_order
PAGE = "LIMIT :limit OFFSET :offset"
SEARCH = r"""
(t.subject LIKE :q ESCAPE '\' OR c.name LIKE :q ESCAPE '\' OR c.email LIKE :q ESCAPE '\'
 OR EXISTS (SELECT 1 FROM message AS m
   WHERE m.conversation_id = t.conversation_id AND m.text LIKE :q ESCAPE '\'))
"""


class Inbox(Part):
    """Reads tickets."""

    def tickets(
        self,
        *,
        status: str | None = None,
        intent: str | None = None,
        sentiment: str | None = None,
        owner: str | None = None,
        q: str | None = None,
        order: str = "priority",
        limit: int = 100,
        offset: int = 0,
    ) -> list[Ticket]:
        """The inbox; see the contract. ``q`` is found anywhere, in ASCII without regard to case."""
        if order not in ORDERS:
            raise InvalidInput(f"Order is one of {', '.join(ORDERS)}.", field="order")
        conditions = [
            _status(status),
            "t.intent = :intent" if intent else "",
            "t.sentiment = :sentiment" if sentiment else "",
            ("t.owner_id IS NULL" if owner == "none" else "t.owner_id = :owner") if owner else "",
            SEARCH if q and q.strip() else "",
        ]
        where = " AND ".join(condition for condition in conditions if condition)
        sql = f"{TICKET} {where and 'WHERE'} {where} ORDER BY {_order(order, status)} {PAGE}"
        values = {"status": status, "intent": intent, "sentiment": sentiment, "owner": owner}
        page = {"q": _pattern(q or ""), "limit": limit, "offset": offset}
        with self._reading() as db:
            return [ticket_from(row) for row in db.execute(sql, values | page)]

    def ticket(self, ticket_id: str) -> Ticket:
        """One ticket."""
        with self._reading() as db:
            return find_ticket(db, ticket_id)

    def ticket_counts(self) -> dict[str, int]:
        """How many tickets stand in each status."""
        with self._reading() as db:
            rows = db.execute("SELECT status, count(*) FROM ticket GROUP BY status").fetchall()
        return dict.fromkeys(STATUSES, 0) | {row[0]: row[1] for row in rows}


def _status(status: str | None) -> str:
    if not status:
        return ""
    if status == "active":
        return "t.status IN ('open', 'claimed')"
    if status not in STATUSES:
        raise InvalidInput(f"Status is active or one of {', '.join(STATUSES)}.", field="status")
    return "t.status = :status"


def _order(order: str, status: str | None) -> str:
    """Of a priority that is over nobody needs to know first."""
    whole = order == "priority" and not status
    return f"{CLOSED_LAST}, {ORDERS[order]}" if whole else ORDERS[order]


def _pattern(q: str) -> str:
    """``q`` anywhere in a text, its own wildcards taken literally."""
    literal = q.strip().replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    return f"%{literal}%"
