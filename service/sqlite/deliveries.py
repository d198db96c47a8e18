"""Deliveries to webhooks in the SQLite store: what is due, how tries went, and the log of it.

Called by `service.courier`, which is one process, and by the web. See the contract.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta

import orjson

from service.errors import Conflict, NotFound
from service.sqlite.audit import note
from service.sqlite.base import Part, iso
from service.sqlite.commit import Transaction
from service.sqlite.outbox import composed
from service.webhooks import TEST, Delivery, Outgoing, Stopped, Try, rest_after

CHUNK = 500  # deliveries that one transaction gives up or forgets: others wait for it

DUE_WEBHOOKS = """
SELECT id, failing_since IS NOT NULL AS failing, (
  SELECT count(*) FROM (SELECT 1 FROM webhook_delivery
    WHERE webhook_id = webhook.id AND epoch = webhook.epoch AND next_at <= :now LIMIT 100)) AS due
FROM webhook WHERE active = 1 AND ifnull(rest_until, '') <= :now
"""
NEXT = """
SELECT d.id, d.webhook_id, d.event, d.body, d.failures, d.created_at, d.begun_at, d.next_at,
  w.address, w.with_texts, w.secret,
  iif(w.old_secret_until > :now, w.old_secret, NULL) AS old_secret
FROM webhook_delivery AS d JOIN webhook AS w ON w.id = d.webhook_id
WHERE w.id = :webhook_id AND w.active = 1 AND ifnull(w.rest_until, '') <= :now
  AND d.epoch = w.epoch AND d.next_at <= :now
  AND d.id NOT IN (SELECT value FROM json_each(:but))
ORDER BY d.next_at LIMIT 1
"""
NEW_TRY = """
INSERT INTO webhook_try (delivery_id, number, at, status, problem, answer, took_ms)
SELECT id, (SELECT count(*) FROM webhook_try WHERE delivery_id = :id), :at, :status, :problem,
  :answer, :took_ms
FROM webhook_delivery WHERE id = :id
"""
JUDGED = """
SELECT w.active, w.address, w.failing_since, w.failures, d.epoch = w.epoch AS current
FROM webhook_delivery AS d JOIN webhook AS w ON w.id = d.webhook_id WHERE d.id = ?
"""
# Unless it was begun anew while it was under way; one that was given up is taken all the same.
SETTLE = """
UPDATE webhook_delivery SET failures = iif(:taken, 0, failures + 1), next_at = :again_at,
  state = CASE WHEN :taken THEN 'delivered' WHEN :again_at IS NULL THEN 'failed' ELSE 'waiting' END
WHERE id = :id AND (next_at IS :next_at OR (:taken AND next_at IS NULL))
"""
FAILED_AGAIN = """
UPDATE webhook SET failing_since = :since, failures = :failures, rest_until = :rest_until
WHERE id = :id
"""
TOOK = "UPDATE webhook SET failing_since = NULL, failures = 0, rest_until = NULL WHERE id = ?"
# CROSS JOIN: from the few webhooks to their deliveries, and never along all deliveries.
STALE = """
SELECT d.place FROM webhook AS w CROSS JOIN webhook_delivery AS d
ON d.webhook_id = w.id AND d.epoch < w.epoch AND d.next_at IS NOT NULL LIMIT :most
"""
GIVE_UP = f"""
UPDATE webhook_delivery SET state = 'failed', next_at = NULL WHERE place IN ({STALE})
"""  # noqa: S608
REMOVED = "SELECT 1 FROM webhook WHERE removed_at IS NOT NULL LIMIT 1"
REMOVE_LOG = """
DELETE FROM webhook_delivery WHERE place IN (SELECT d.place FROM webhook AS w
  CROSS JOIN webhook_delivery AS d ON d.webhook_id = w.id WHERE w.removed_at IS NOT NULL LIMIT ?)
"""
UNWANTED = """
SELECT d.id FROM webhook AS w JOIN webhook_delivery AS d ON d.webhook_id = w.id
WHERE w.id = ? AND d.epoch = w.epoch AND d.next_at IS NOT NULL AND d.event <> ?
  AND d.event NOT IN (SELECT value FROM json_each(w.events))
"""
GIVE_THESE_UP = """
UPDATE webhook_delivery SET state = 'failed', next_at = NULL
WHERE id IN (SELECT value FROM json_each(?)) AND state = 'waiting'
"""
# What is not of this epoch was given up, though nobody may have come to write it down.
DELIVERY = """
SELECT place, id, webhook_id, event, created_at, iif(stale, 'failed', shown.state) AS state,
  iif(stale, NULL, shown.next_at) AS next_at
FROM (SELECT *, state = 'waiting' AND epoch < (SELECT epoch FROM webhook
  WHERE webhook.id = webhook_delivery.webhook_id) AS stale FROM webhook_delivery) AS shown
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
UPDATE webhook_delivery SET state = 'waiting', failures = 0, next_at = :at, begun_at = :at,
  epoch = (SELECT epoch FROM webhook WHERE webhook.id = webhook_id)
WHERE id = :id
"""
WAKE = "UPDATE webhook SET rest_until = NULL WHERE id = ?"
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
        """The delivery of a webhook that is due longest, without those that are under way; none
        while its address is left alone."""
        named = {"webhook_id": webhook_id, "now": self._now(), "but": _json(but)}
        with self._snapshot() as db:
            row = db.execute(NEXT, named).fetchone()
            body = composed(db, row) if row else b""
        if row is None:
            return None
        secrets = (row["secret"], row["old_secret"]) if row["old_secret"] else (row["secret"],)
        begun = (row["failures"], row["begun_at"], row["next_at"])
        return Outgoing(row["id"], webhook_id, row["address"], secrets, body, *begun)

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
            webhook = db.execute(JUDGED, (outgoing.id,)).fetchone()
            # What was true when the try began need not be any more: then it judges nobody.
            same = webhook["address"] == outgoing.address
            gone = gone and same
            again = again_at if webhook["active"] and webhook["current"] and not gone else None
            told = {"id": outgoing.id, "taken": taken, "next_at": outgoing.next_at}
            settled = db.execute(SETTLE, {**told, "again_at": again}).rowcount
            if not (settled and webhook["current"] and same):
                return
            if taken:
                if webhook["failing_since"] is not None:
                    db.execute(TOOK, (outgoing.webhook_id,))
                return
            since = webhook["failing_since"] or tried.at
            self._failed(write, outgoing.webhook_id, since, webhook["failures"] + 1)
            if webhook["active"] and (gone or since <= failing_before):
                _stop(write, outgoing.webhook_id, "gone" if gone else "failing", at)

    def _failed(self, write: Transaction, webhook_id: str, since: str, failures: int) -> None:
        rest = rest_after(failures)
        until = iso(self._clock() + timedelta(seconds=rest)) if rest else None
        named = {"id": webhook_id, "since": since, "failures": failures, "rest_until": until}
        write.connection.execute(FAILED_AGAIN, named)

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
            sql = "SELECT active FROM webhook WHERE id = ?"
            if not db.execute(sql, (webhook_id,)).fetchone()["active"]:
                raise Conflict("This webhook is off; switch it on first.")
            db.execute(AGAIN, {"at": self._now(), "id": delivery_id})
            db.execute(WAKE, (webhook_id,))

    def clear_webhooks(self) -> bool:
        """Write down some of what was given up, and remove some of the logs of those that are
        gone; whether there may be more."""
        with self._reading() as db:
            stale = db.execute(STALE, {"most": 1}).fetchone()
            if not (stale or db.execute(REMOVED).fetchone()):
                return False
        with self._writing() as write:
            return clear(write)

    def _give_up_unwanted(self, webhook_id: str) -> None:
        """Give up what waits of events that a webhook no longer hears of, but for tests."""
        with self._reading() as db:
            ids = [row["id"] for row in db.execute(UNWANTED, (webhook_id, TEST))]
        for first in range(0, len(ids), CHUNK):
            with self._writing() as write:
                some = _json(ids[first : first + CHUNK])
                write.connection.execute(GIVE_THESE_UP, (some,))

    def forget_deliveries(self, before: str) -> bool:
        """Remove some of those from before a time that are over, and secrets that are no longer
        good; whether there may be more."""
        with self._writing() as write:
            write.connection.execute(FORGET_SECRETS, (self._now(),))
            return write.connection.execute(FORGET, (before, CHUNK)).rowcount == CHUNK


def give_up(write: Transaction, webhook_id: str) -> None:
    """Try nothing more of what waits for a webhook; each can be sent again by hand. Writes the
    first of it down; `Deliveries.clear_webhooks` does the rest."""
    sql = "UPDATE webhook SET epoch = epoch + 1 WHERE id = ?"
    write.connection.execute(sql, (webhook_id,))
    clear(write)


def clear(write: Transaction) -> bool:
    """Write down a part of what was given up or removed: everybody who writes waits meanwhile.
    Whether there may be more."""
    db = write.connection
    more = db.execute(GIVE_UP, {"most": CHUNK}).rowcount == CHUNK
    if db.execute(REMOVED).fetchone() is None:
        return more
    if db.execute(REMOVE_LOG, (CHUNK,)).rowcount == CHUNK:
        return True
    db.execute("DELETE FROM webhook WHERE removed_at IS NOT NULL")
    return more


def _stop(write: Transaction, webhook_id: str, why: Stopped, at: str) -> None:
    """The desk itself switches it off."""
    sql = "UPDATE webhook SET active = 0, stopped = ?, updated_at = ? WHERE id = ?"
    write.connection.execute(sql, (why, at, webhook_id))
    give_up(write, webhook_id)
    detail = "answered 410 Gone" if why == "gone" else "took nothing for days"
    note(write, "webhook.stop", webhook_id, at, detail)


def _require_webhook(db: sqlite3.Connection, webhook_id: str) -> None:
    sql = "SELECT 1 FROM webhook WHERE id = ? AND removed_at IS NULL"
    if db.execute(sql, (webhook_id,)).fetchone() is None:
        raise NotFound(f"There is no webhook {webhook_id}.")


def _delivery_row(db: sqlite3.Connection, webhook_id: str, delivery_id: str) -> sqlite3.Row:
    _require_webhook(db, webhook_id)
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
