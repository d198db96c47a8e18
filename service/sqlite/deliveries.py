"""Deliveries to webhooks in the SQLite store: what is due, how tries went, and the log of it.

Called by `service.courier`, which is one process, and by the web. See the contract.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Sequence

import orjson

from service.errors import Conflict, NotFound
from service.sqlite.audit import note
from service.sqlite.base import Part
from service.sqlite.commit import Transaction
from service.sqlite.outbox import composed
from service.webhooks import Delivery, Outgoing, Stopped, Try

CHUNK = 500  # deliveries that are forgotten in one transaction

DUE_WEBHOOKS = """
SELECT id, failing_since IS NOT NULL AS failing, (
  SELECT count(*) FROM (SELECT 1 FROM webhook_delivery
    WHERE webhook_id = webhook.id AND next_at <= :now LIMIT 100)) AS due
FROM webhook WHERE active = 1
"""
NEXT = """
SELECT d.id, d.webhook_id, d.event, d.body, d.failures, d.created_at, w.address, w.with_texts,
  w.secret, iif(w.old_secret_until > :now, w.old_secret, NULL) AS old_secret
FROM webhook_delivery AS d JOIN webhook AS w ON w.id = d.webhook_id
WHERE d.webhook_id = :webhook_id AND w.active = 1 AND d.next_at <= :now
  AND d.id NOT IN (SELECT value FROM json_each(:but))
ORDER BY d.next_at LIMIT 1
"""
NEW_TRY = """
INSERT INTO webhook_try (delivery_id, number, at, status, problem, answer, took_ms)
SELECT id, (SELECT count(*) FROM webhook_try WHERE delivery_id = :id), :at, :status, :problem,
  :answer, :took_ms
FROM webhook_delivery WHERE id = :id
"""
SETTLE = """
UPDATE webhook_delivery SET failures = iif(:taken, 0, failures + 1), next_at = :again_at,
  state = CASE WHEN :taken THEN 'delivered' WHEN :again_at IS NULL THEN 'failed' ELSE 'waiting' END
WHERE id = :id
"""
# What was under way when it was switched off is not tried again.
GIVE_UP = """
UPDATE webhook_delivery SET state = 'failed', next_at = NULL
WHERE webhook_id = ? AND state = 'waiting'
"""
DELIVERY = """
SELECT place, id, webhook_id, event, state, created_at, next_at FROM webhook_delivery
"""
PAGE = """
place < ifnull((SELECT place FROM webhook_delivery WHERE id = :before), 9e18)
ORDER BY place DESC LIMIT :limit
"""
LOG = f"{DELIVERY} WHERE webhook_id = :webhook_id AND {PAGE}"
# In the words of the index.
FAILED = f"""
{DELIVERY} WHERE webhook_id = :webhook_id AND (state = 'failed' OR failures > 0) AND {PAGE}
"""
TRIES = """
SELECT delivery_id, at, status, problem, answer, took_ms FROM webhook_try
WHERE delivery_id IN (SELECT value FROM json_each(?)) ORDER BY delivery_id, number
"""
AGAIN = """
UPDATE webhook_delivery SET state = 'waiting', failures = 0, next_at = ? WHERE id = ?
"""
FORGET = """
DELETE FROM webhook_delivery WHERE place IN (SELECT place FROM webhook_delivery
  WHERE created_at < ? AND next_at IS NULL ORDER BY created_at LIMIT ?)
"""
FORGET_SECRETS = """
UPDATE webhook SET old_secret = NULL, old_secret_until = NULL WHERE old_secret_until <= ?
"""


class Deliveries(Part):
    """Hands out what is due, keeps how it went."""

    def has_webhooks(self) -> bool:
        """Whether there is anything to deliver, or to forget."""
        with self._reading() as db:
            return db.execute("SELECT 1 FROM webhook LIMIT 1").fetchone() is not None

    def due_webhooks(self) -> list[tuple[str, int, bool]]:
        """Which webhooks have deliveries that are due: how many (up to 100), and whether the last
        try failed."""
        with self._reading() as db:
            rows = db.execute(DUE_WEBHOOKS, {"now": self._now()}).fetchall()
        return [(row["id"], row["due"], bool(row["failing"])) for row in rows if row["due"]]

    def next_delivery(self, webhook_id: str, but: Sequence[str] = ()) -> Outgoing | None:
        """The delivery of a webhook that is due longest, without those that are under way."""
        named = {"webhook_id": webhook_id, "now": self._now(), "but": _json(but)}
        with self._snapshot() as db:
            row = db.execute(NEXT, named).fetchone()
            body = composed(db, row) if row else b""
        if row is None:
            return None
        secrets = (row["secret"], row["old_secret"]) if row["old_secret"] else (row["secret"],)
        return Outgoing(row["id"], webhook_id, row["address"], secrets, body, row["failures"])

    def note_try(
        self,
        outgoing: Outgoing,
        tried: Try,
        *,
        taken: bool,
        again_at: str | None = None,
        gone: bool = False,
        failing_before: str = "",
    ) -> None:
        """Keep how a try went, and what follows from it; see the contract."""
        at = self._now()
        with self._writing() as write:
            db = write.connection
            named = {name: getattr(tried, name) for name in Try.__slots__}
            if not db.execute(NEW_TRY, {**named, "id": outgoing.id}).rowcount:
                return  # erased, or its webhook removed, while it was under way
            webhook = db.execute(
                "SELECT active, failing_since FROM webhook WHERE id = ?", (outgoing.webhook_id,)
            ).fetchone()
            again = again_at if webhook["active"] and not gone else None
            db.execute(SETTLE, {"id": outgoing.id, "taken": taken, "again_at": again})
            if taken:
                _clear_failing(write, outgoing.webhook_id, webhook["failing_since"])
                return
            since = webhook["failing_since"] or tried.at
            sql = "UPDATE webhook SET failing_since = ? WHERE id = ?"
            db.execute(sql, (since, outgoing.webhook_id))
            if webhook["active"] and (gone or (again is None and since <= failing_before)):
                _stop(write, outgoing.webhook_id, "gone" if gone else "failing", at)

    def deliveries(
        self, webhook_id: str, *, failed: bool = False, before: str = "", limit: int = 50
    ) -> list[Delivery]:
        """The log of a webhook, the newest first, from before a delivery on."""
        named = {"webhook_id": webhook_id, "before": before, "limit": limit}
        with self._snapshot() as db:
            _require_webhook(db, webhook_id)
            rows = db.execute(FAILED if failed else LOG, named).fetchall()
            tries = _tries(db, [row["id"] for row in rows])
        return [_delivery_from(row, tries) for row in rows]

    def delivery(self, webhook_id: str, delivery_id: str) -> Delivery:
        """One of them, with what would be sent now."""
        with self._snapshot() as db:
            row = _delivery_row(db, webhook_id, delivery_id)
            sql = (
                "SELECT d.event, d.body, d.created_at, w.with_texts FROM webhook_delivery AS d"
                " JOIN webhook AS w ON w.id = d.webhook_id WHERE d.id = ?"
            )
            body = composed(db, db.execute(sql, (delivery_id,)).fetchone())
            return _delivery_from(row, _tries(db, [delivery_id]), body)

    def deliver_again(self, webhook_id: str, delivery_id: str) -> None:
        """Have it sent now, and all tries anew, under the same id."""
        with self._writing() as write:
            db = write.connection
            _delivery_row(db, webhook_id, delivery_id)
            if not db.execute("SELECT active FROM webhook WHERE id = ?", (webhook_id,)).fetchone()[
                "active"
            ]:
                raise Conflict("This webhook is off; switch it on first.")
            db.execute(AGAIN, (self._now(), delivery_id))

    def forget_deliveries(self, before: str) -> bool:
        """Remove some of those from before a time that are over, and secrets that are no longer
        good; whether there may be more."""
        with self._writing() as write:
            write.connection.execute(FORGET_SECRETS, (self._now(),))
            return write.connection.execute(FORGET, (before, CHUNK)).rowcount == CHUNK


def give_up(write: Transaction, webhook_id: str) -> None:
    """Try nothing more of what waits for a webhook; each can be sent again by hand."""
    write.connection.execute(GIVE_UP, (webhook_id,))


def _stop(write: Transaction, webhook_id: str, why: Stopped, at: str) -> None:
    """The desk itself switches it off."""
    sql = "UPDATE webhook SET active = 0, stopped = ?, updated_at = ? WHERE id = ?"
    write.connection.execute(sql, (why, at, webhook_id))
    give_up(write, webhook_id)
    detail = "answered 410 Gone" if why == "gone" else "took nothing for days"
    note(write, "webhook.stop", webhook_id, at, detail)


def _clear_failing(write: Transaction, webhook_id: str, since: str | None) -> None:
    if since is not None:
        sql = "UPDATE webhook SET failing_since = NULL WHERE id = ?"
        write.connection.execute(sql, (webhook_id,))


def _require_webhook(db: sqlite3.Connection, webhook_id: str) -> None:
    if db.execute("SELECT 1 FROM webhook WHERE id = ?", (webhook_id,)).fetchone() is None:
        raise NotFound(f"There is no webhook {webhook_id}.")


def _delivery_row(db: sqlite3.Connection, webhook_id: str, delivery_id: str) -> sqlite3.Row:
    sql = f"{DELIVERY} WHERE id = ? AND webhook_id = ?"
    row: sqlite3.Row | None = db.execute(sql, (delivery_id, webhook_id)).fetchone()
    if row is None:
        raise NotFound(f"There is no delivery {delivery_id}.")
    return row


def _tries(db: sqlite3.Connection, ids: Sequence[str]) -> dict[str, list[Try]]:
    found: dict[str, list[Try]] = defaultdict(list)
    for row in db.execute(TRIES, (_json(ids),)):
        found[row["delivery_id"]].append(Try(**{name: row[name] for name in Try.__slots__}))
    return found


def _delivery_from(
    row: sqlite3.Row, tries: dict[str, list[Try]], body: bytes | None = None
) -> Delivery:
    names = ("id", "webhook_id", "event", "state", "created_at", "next_at")
    fields = {name: row[name] for name in names}
    return Delivery(**fields, tries=tuple(tries.get(row["id"], ())), body=body)


def _json(values: Sequence[str]) -> str:
    return orjson.dumps(list(values)).decode()
