"""What a stretch of time looked like: volumes, answered share, moods, response times, who did what.

Counts inside SQLite, over indexes on time, and keeps no sums of its own, so that an erasure leaves
nothing behind; never reads texts. Shares, medians and days of the viewer are `service.reporting`'s.
"""

import sqlite3
from collections import defaultdict
from datetime import UTC, datetime, tzinfo
from typing import Any

from service.errors import InvalidInput
from service.records.content import Usage
from service.reporting import by_hour, per_time, quantiles, share, share_within
from service.sqlite import report_queries as sql
from service.sqlite.base import Part, iso

ACTIONS_SHOWN = ("answer", "clarify", "ask", "handoff", "none")
SENTIMENTS_SHOWN = ("negative", "neutral", "positive")

Span = dict[str, str]
Json = dict[str, Any]


class Reports(Part):
    """Reads figures."""

    def report(self, since: str, until: str, zone: tzinfo | None = None) -> dict[str, Any]:
        """The figures from ``since`` until just before ``until``; with a time ``zone`` also those
        that have days and hours, and what operators and templates did.

        Shares are of the turns that the desk decided, not of those left to a person; times are
        medians in seconds; what was never measured is None. Tickets count by when they were
        opened, resolution times by when the ticket was resolved.
        """
        span = {"since": _time(since, "since"), "until": _time(until, "until")}
        with self._snapshot() as db:
            figures = _totals(db, span)
            return figures if zone is None else figures | _details(db, span, zone)

    def template_usage(self, since: str = "") -> dict[str, Usage]:
        """How often each template was sent since then, by the desk or an operator."""
        with self._snapshot() as db:
            return _usage(db, {"since": since, "until": "~"})


def _totals(db: sqlite3.Connection, span: Span) -> Json:
    turns = dict.fromkeys(ACTIONS_SHOWN, 0) | _counts(db, sql.ACTIONS, span)
    waited = [row["seconds"] for row in db.execute(sql.FIRST_RESPONSE, span)]
    took = [row["seconds"] for row in db.execute(sql.RESOLUTION, span)]
    first, resolution = quantiles(waited), quantiles(took)
    return {
        **span,
        "conversations": db.execute(sql.CONVERSATIONS, span).fetchone()[0],
        "messages": dict.fromkeys(("customer", "desk", "operator"), 0)
        | _counts(db, sql.MESSAGES, span),
        "turns": {"total": sum(turns.values()), **turns},
        "answered_share": share(turns["answer"], sum(turns.values()) - turns["none"]),
        "sentiments": dict.fromkeys(SENTIMENTS_SHOWN, 0) | _counts(db, sql.SENTIMENTS, span),
        "intents": [_intent(row) for row in db.execute(sql.INTENTS, span)],
        "handoff_reasons": _counts(db, sql.REASONS, span),
        "tickets": dict(db.execute(sql.TICKETS, span).fetchone()),
        "first_response_seconds": first["median"],
        "resolution_seconds": resolution["median"],
        "first_response": first,
        "resolution": resolution,
        "precision": _precision(db, span),
        "ratings": dict(db.execute(sql.RATINGS, span).fetchone())
        | {"stars": [_counts(db, sql.STARS, span).get(star, 0) for star in range(1, 6)]},
    }


def _details(db: sqlite3.Connection, span: Span, zone: tzinfo) -> Json:
    quarters = [tuple(row) for row in db.execute(sql.QUARTERS, span)]
    usage = _usage(db, span)
    read = {row["intent"] for row in db.execute(sql.INTENTS, span)}
    return {
        "series": per_time(quarters, span["since"], span["until"], zone),
        "hours": by_hour(quarters, zone),
        "operators": _operators(db, span),
        "templates": [
            {"template": name, "used": e.used, "helpful": e.helpful, "unhelpful": e.unhelpful}
            for name, e in sorted(usage.items(), key=lambda entry: (-entry[1].used, entry[0]))
        ],
        "unused": {
            "templates": [name for (name,) in db.execute(sql.TEMPLATES) if name not in usage],
            "intents": [name for (name,) in db.execute(sql.ALL_INTENTS) if name not in read],
        },
    }


def _precision(db: sqlite3.Connection, span: Span) -> Json:
    """Of the answers whose message somebody labelled, how many were of the right intent."""
    said = {row["message_id"]: row["right"] for row in db.execute(sql.LABELLED, span)}
    return share_within(sum(said.values()), len(said))


def _operators(db: sqlite3.Connection, span: Span) -> list[Json]:
    names = dict(db.execute("SELECT id, name FROM operator ORDER BY name, id").fetchall())
    replies = {row["operator_id"]: row for row in db.execute(sql.REPLIES, span)}
    waited: dict[str, list[float]] = defaultdict(list)
    for row in db.execute(sql.FIRST_RESPONSE, span):
        if row["operator_id"]:
            waited[row["operator_id"]].append(row["seconds"])
    resolved = _counts(db, sql.RESOLVED, span)
    rated = {row["operator_id"]: row for row in db.execute(sql.RATED, span)}
    busy = {*replies, *waited, *resolved, *rated}
    return [
        {
            "operator": {"id": id_, "name": name},
            "conversations": replies[id_]["conversations"] if id_ in replies else 0,
            "replies": replies[id_]["replies"] if id_ in replies else 0,
            "resolved": resolved.get(id_, 0),
            "first_response": quantiles(waited[id_]),
            "ratings": {
                "count": rated[id_]["count"] if id_ in rated else 0,
                "average": rated[id_]["average"] if id_ in rated else None,
            },
        }
        for id_, name in names.items()
        if id_ in busy
    ]


def _usage(db: sqlite3.Connection, span: Span) -> dict[str, Usage]:
    thumbs = {row["template"]: row for row in db.execute(sql.THUMBS, span)}
    return {
        row["template"]: Usage(
            row["used"],
            thumbs[row["template"]]["helpful"] if row["template"] in thumbs else 0,
            thumbs[row["template"]]["unhelpful"] if row["template"] in thumbs else 0,
        )
        for row in db.execute(sql.USED, span)
    }


def _time(text: str, field: str) -> str:
    """As the store writes times; one without a zone is UTC, one without a clock its midnight."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput(f"{text!r} is not an ISO 8601 time.", field=field) from None
    return iso(time if time.tzinfo else time.replace(tzinfo=UTC))


def _counts(db: sqlite3.Connection, query: str, span: Span) -> dict[Any, int]:
    return {row[0]: row[1] for row in db.execute(query, span)}


def _intent(row: sqlite3.Row) -> Json:
    return {
        "intent": row["intent"],
        "turns": row["turns"],
        "answered": row["answered"],
        "asked": row["asked"],
        "handed_over": row["handed_over"],
        "answered_share": share(row["answered"], row["decided"]),
        "negative": row["negative"],
        "neutral": row["neutral"],
        "positive": row["positive"],
    }
