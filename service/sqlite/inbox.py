"""The operators' inbox: tickets found, filtered, searched and ordered. Only reads."""

import sqlite3
from collections.abc import Sequence

from service.errors import InvalidInput
from service.inbox_query import InboxQuery, Term, words_of
from service.records.tickets import Found, Ticket
from service.sqlite.base import Part
from service.sqlite.rows import TICKET, ticket_from
from service.sqlite.searching import found_in, hit_of, hits_of
from service.sqlite.tag_rows import tag_key
from service.sqlite.ticket_rows import find_ticket

STATUSES = ("open", "claimed", "returned", "resolved")
ORDERS = {
    "priority": "t.rank, t.idle, t.since, t.rowid",
    "newest": "t.created_at DESC, t.rowid DESC",
    "oldest": "t.created_at, t.rowid",
}
CLOSED_LAST = "t.status IN ('returned', 'resolved')"  # as in the index ticket_order
PAGE = "LIMIT :limit OFFSET :offset"
ACTIVE = "t.status IN ('open', 'claimed')"
AWAKE = "(t.snoozed_until IS NULL OR t.snoozed_until <= :now)"
OVERDUE = "ifnull(t.reply_due_at <= :now, 0) + ifnull(t.resolve_due_at <= :now, 0) > 0"
COUNTS = f"""
SELECT t.status, t.owner_id, NOT {AWAKE} AS snoozed, count(*) AS tickets FROM ticket AS t
GROUP BY 1, 2, 3
"""  # noqa: S608
MERGEABLE = f"""
{TICKET} WHERE {ACTIVE} AND t.id <> ? AND t.conversation_id IN (
  SELECT other.id FROM ticket AS mine JOIN conversation AS its ON its.id = mine.conversation_id
  JOIN conversation AS other ON other.customer_id = its.customer_id WHERE mine.id = ?)
ORDER BY t.created_at DESC, t.rowid DESC LIMIT 50
"""  # noqa: S608
# What a filter asks of a ticket; {n} is its place in the query, {value} names its parameter.
TERMS = {
    "status": "t.status = {value}",
    "sentiment": "t.sentiment = {value}",
    "intent": "t.intent = {value}",
    "priority": "t.priority = {value}",
    "owner": "t.owner_id = {value}",
    "language": "lower({value}) IN (lower(v.locale), lower(substr(v.locale, 1,"
    " instr(v.locale || '-', '-') - 1)))",
    "tag": "EXISTS (SELECT 1 FROM ticket_tag AS x JOIN tag AS g ON g.id = x.tag_id"
    " WHERE x.ticket_id = t.id AND g.name_key = {value})",
    "waiting": f"({ACTIVE} AND t.unanswered_since <= "
    "strftime('%Y-%m-%dT%H:%M:%fZ', :now, '-' || {value} || ' minutes'))",
}
SPECIAL = {
    ("status", "active"): ACTIVE,
    ("owner", "none"): "t.owner_id IS NULL",
    ("tag", "none"): "NOT EXISTS (SELECT 1 FROM ticket_tag AS x WHERE x.ticket_id = t.id)",
    ("is", "overdue"): f"({OVERDUE})",
    ("is", "due"): "(ifnull(t.reply_warn_at <= :now, 0) + ifnull(t.resolve_warn_at <= :now, 0) > 0"
    f" AND NOT ({OVERDUE}))",
    ("is", "unanswered"): f"({ACTIVE} AND t.unanswered_since IS NOT NULL)",
    ("is", "snoozed"): f"({ACTIVE} AND NOT {AWAKE})",
    ("is", "merged"): "t.merged_into IS NOT NULL",
}


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
        """The inbox; see the contract. In ``q`` nothing is a filter."""
        if status and status != "active" and status not in STATUSES:
            raise InvalidInput(f"Status is active or one of {', '.join(STATUSES)}.", field="status")
        given = {"status": status, "intent": intent, "sentiment": sentiment, "owner": owner}
        terms = tuple(Term(name, value) for name, value in given.items() if value)
        query = InboxQuery(words_of(q or ""), terms)
        return [t for t, _ in self.find_tickets(query, order=order, limit=limit, offset=offset)]

    def find_tickets(
        self, query: InboxQuery, *, order: str = "priority", limit: int = 100, offset: int = 0
    ) -> list[tuple[Ticket, Found | None]]:
        """The tickets of a query, each with where its words were found; see the contract."""
        if order not in ORDERS:
            raise InvalidInput(f"Order is one of {', '.join(ORDERS)}.", field="order")
        hits = ", ".join(f"f.hit{n}" for n in range(len(query.words)))
        order_by = f"ORDER BY {_order(order, query)}"
        columns = f"t.id{hits and ', ' + hits}"
        # First which ones, then what is to be told of them: only a page has tags to be gathered.
        ticket = TICKET.replace("SELECT t.*", "SELECT t.*, f.*").replace(
            "FROM ticket AS t\n", "FROM page AS f CROSS JOIN ticket AS t ON t.id = f.id\n"
        )
        with self._reading() as db:
            select, values = self._select(db, query)
            page = f"{select.format(columns=columns)} {order_by} {PAGE}"
            sql = f"WITH page AS MATERIALIZED ({page}) {ticket} {order_by}"
            rows = db.execute(sql, values | {"limit": limit, "offset": offset}).fetchall()
            return [(ticket_from(row), _found(db, row, query.words)) for row in rows]

    def count_tickets(self, query: InboxQuery, most: int = 1000) -> int:
        """How many tickets a query finds, counted up to ``most``."""
        with self._reading() as db:
            select, values = self._select(db, query)
            sql = f"SELECT count(*) FROM ({select.format(columns='1')} LIMIT :most)"  # noqa: S608
            return int(db.execute(sql, values | {"most": most}).fetchone()[0])

    def ticket(self, ticket_id: str) -> Ticket:
        """One ticket."""
        with self._reading() as db:
            return find_ticket(db, ticket_id)

    def mergeable_tickets(self, ticket_id: str) -> list[Ticket]:
        """Other active tickets of the same customer, the newest first."""
        with self._reading() as db:
            find_ticket(db, ticket_id)
            return [ticket_from(row) for row in db.execute(MERGEABLE, (ticket_id, ticket_id))]

    def ticket_counts(self) -> dict[str, int]:
        """How many tickets stand in each status."""
        with self._reading() as db:
            rows = db.execute("SELECT status, count(*) FROM ticket GROUP BY status").fetchall()
        return dict.fromkeys(STATUSES, 0) | {row[0]: row[1] for row in rows}

    def inbox_counts(self, operator_id: str) -> dict[str, int]:
        """The same, and what the side bar shows an operator: "active", "mine" and "unassigned"
        without, "snoozed" with only what is put off."""
        counts = dict.fromkeys((*STATUSES, "active", "mine", "unassigned", "snoozed"), 0)
        with self._reading() as db:
            for row in db.execute(COUNTS, {"now": self._now()}):
                names = {
                    row["status"]: True,
                    "active": row["status"] in ("open", "claimed") and not row["snoozed"],
                    "mine": row["status"] == "claimed"
                    and row["owner_id"] == operator_id
                    and not row["snoozed"],
                    "unassigned": row["status"] == "open" and not row["snoozed"],
                    "snoozed": row["status"] in ("open", "claimed") and row["snoozed"],
                }
                for name, holds in names.items():
                    counts[name] += row["tickets"] if holds else 0
        return counts

    def _select(self, db: sqlite3.Connection, query: InboxQuery) -> tuple[str, dict[str, object]]:
        """A query of tickets, whose ``{columns}`` are still to be said, and its parameters."""
        where, values = self._where(query)
        hits, source = "", "FROM ticket AS t"
        if query.words:
            hits, words = hits_of(db, query.words)
            values |= words
            source = "FROM matched AS f CROSS JOIN ticket AS t INDEXED BY ticket_conversation"
            source += " ON t.conversation_id = f.conversation_id"
        if query.asks("language"):
            source += " JOIN conversation AS v ON v.id = t.conversation_id"
        return f"{hits} SELECT {{columns}} {source} {where}", values

    def _where(self, query: InboxQuery) -> tuple[str, dict[str, object]]:
        """Conditions and their parameters. What several filters of a name mean, all but tags and
        what excludes cannot hold at once: any of them will do."""
        values: dict[str, object] = {"now": self._now()}
        any_of: dict[str, list[str]] = {}
        all_of: list[str] = []
        for n, term in enumerate(query.terms):
            condition = SPECIAL.get((term.name, term.value))
            if condition is None:
                values[f"term{n}"] = tag_key(term.value) if term.name == "tag" else term.value
                condition = TERMS[term.name].format(value=f":term{n}")
            if term.negated:
                all_of.append(f"({condition}) IS NOT TRUE")
            elif term.name in ("tag", "is", "waiting"):
                all_of.append(condition)
            else:
                any_of.setdefault(term.name, []).append(condition)
        all_of += [f"({' OR '.join(conditions)})" for conditions in any_of.values()]
        return (f"WHERE {' AND '.join(all_of)}" if all_of else ""), values


def _found(db: sqlite3.Connection, row: sqlite3.Row, words: Sequence[str]) -> Found | None:
    if not words:
        return None
    return found_in(db, row, hit_of([row[f"hit{n}"] for n in range(len(words))]), words)


def _order(order: str, query: InboxQuery | str | None) -> str:
    """Of a priority that is over nobody needs to know first."""
    asked = query.asks("status") if isinstance(query, InboxQuery) else bool(query)
    whole = order == "priority" and not asked
    return f"{CLOSED_LAST}, {ORDERS[order]}" if whole else ORDERS[order]
