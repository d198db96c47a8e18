"""What a stretch of time looked like: volumes, answered share, moods, response times.

Counts inside SQLite, over indexes on time; never reads texts.
"""

import sqlite3
from datetime import UTC, datetime
from typing import Any

from service.errors import InvalidInput
from service.sqlite.base import Part, iso

MESSAGES = """
SELECT author, count(*) FROM message WHERE at >= :since AND at < :until AND note = 0
GROUP BY author
"""
ACTIONS = "SELECT action, count(*) FROM turn WHERE at >= :since AND at < :until GROUP BY action"
SENTIMENTS = """
SELECT sentiment, count(*) FROM turn WHERE at >= :since AND at < :until AND sentiment IS NOT NULL
GROUP BY sentiment
"""
INTENTS = """
SELECT intent, count(*) AS turns, sum(action = 'answer') AS answered,
  sum(action <> 'none') AS decided, sum(ifnull(sentiment = 'negative', 0)) AS negative
FROM turn WHERE at >= :since AND at < :until AND intent IS NOT NULL
GROUP BY intent ORDER BY turns DESC, intent
"""
CONVERSATIONS = """
SELECT count(*) FROM conversation WHERE created_at >= :since AND created_at < :until
"""
REASONS = """
SELECT reason, count(*) FROM ticket WHERE created_at >= :since AND created_at < :until
GROUP BY reason ORDER BY count(*) DESC, reason
"""
TICKETS = """
SELECT count(*) AS opened, ifnull(sum(status = 'resolved'), 0) AS resolved,
  ifnull(sum(status = 'returned'), 0) AS returned,
  ifnull(sum(status IN ('open', 'claimed')), 0) AS active
FROM ticket WHERE created_at >= :since AND created_at < :until
"""
FIRST_RESPONSE = """
SELECT (julianday(first_reply_at) - julianday(created_at)) * 86400 AS seconds FROM ticket
WHERE created_at >= :since AND created_at < :until AND first_reply_at IS NOT NULL
"""
RESOLUTION = """
SELECT (julianday(resolved_at) - julianday(created_at)) * 86400 AS seconds FROM ticket
WHERE resolved_at >= :since AND resolved_at < :until
"""
RATINGS = """
SELECT count(rating) AS count, avg(rating) AS average, ifnull(sum(helpful = 1), 0) AS helpful,
  ifnull(sum(helpful = 0), 0) AS unhelpful
FROM feedback WHERE at >= :since AND at < :until
"""
# The middle one, or the mean of the middle two.
MEDIAN = """
SELECT avg(seconds) FROM (
  SELECT seconds, row_number() OVER (ORDER BY seconds) AS place, count(*) OVER () AS total
  FROM ({})
) WHERE place IN ((total + 1) / 2, (total + 2) / 2)
"""
ACTIONS_SHOWN = ("answer", "clarify", "ask", "handoff", "none")


class Reports(Part):
    """Reads figures."""

    def report(self, since: str, until: str) -> dict[str, Any]:
        """The figures from ``since`` until just before ``until``.

        Shares are of the turns that the desk decided, not of those left to a person; times are
        medians in seconds; what was never measured is None. Tickets count by when they were
        opened, resolution times by when the ticket was resolved.
        """
        span = {"since": _time(since, "since"), "until": _time(until, "until")}
        with self._snapshot() as db:
            turns = dict.fromkeys(ACTIONS_SHOWN, 0) | _counts(db, ACTIONS, span)
            ratings = dict(db.execute(RATINGS, span).fetchone())
            return {
                **span,
                "conversations": db.execute(CONVERSATIONS, span).fetchone()[0],
                "messages": dict.fromkeys(("customer", "desk", "operator"), 0)
                | _counts(db, MESSAGES, span),
                "turns": {"total": sum(turns.values()), **turns},
                "answered_share": _share(turns["answer"], sum(turns.values()) - turns["none"]),
                "sentiments": dict.fromkeys(("negative", "neutral", "positive"), 0)
                | _counts(db, SENTIMENTS, span),
                "intents": [_intent(row) for row in db.execute(INTENTS, span)],
                "handoff_reasons": _counts(db, REASONS, span),
                "tickets": dict(db.execute(TICKETS, span).fetchone()),
                "first_response_seconds": _median(db, FIRST_RESPONSE, span),
                "resolution_seconds": _median(db, RESOLUTION, span),
                "ratings": ratings,
            }


def _time(text: str, field: str) -> str:
    """As the store writes times; one without a zone is UTC, one without a clock its midnight."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput(f"{text!r} is not an ISO 8601 time.", field=field) from None
    return iso(time if time.tzinfo else time.replace(tzinfo=UTC))


def _counts(db: sqlite3.Connection, sql: str, span: dict[str, str]) -> dict[str, int]:
    return {row[0]: row[1] for row in db.execute(sql, span)}


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _intent(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "intent": row["intent"],
        "turns": row["turns"],
        "answered": row["answered"],
        "answered_share": _share(row["answered"], row["decided"]),
        "negative": row["negative"],
    }


def _median(db: sqlite3.Connection, seconds: str, span: dict[str, str]) -> float | None:
    value = db.execute(MEDIAN.format(seconds), span).fetchone()[0]
    return None if value is None else round(value, 3)
