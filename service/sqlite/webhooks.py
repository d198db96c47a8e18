"""Webhooks in the SQLite store: made, changed, given new secrets, removed. See the contract.

A secret is kept as it is, because the desk signs with it; it leaves the store when it is made, and
to whoever delivers.
"""

import sqlite3
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import orjson

from service.errors import Conflict, NotFound
from service.sqlite.audit import note
from service.sqlite.base import iso
from service.sqlite.commit import Transaction
from service.sqlite.deliveries import WAKE, Deliveries, clear, give_up
from service.sqlite.ids import new_id
from service.sqlite.outbox import put
from service.webhooks import MOST, ROTATION, TEST, Webhook, WebhookChange, new_secret

WEBHOOK = """
SELECT id, address, description, events, with_texts, active, stopped, failing_since,
  iif(old_secret_until > :now, old_secret_until, NULL) AS old_secret_until, created_at, updated_at
FROM webhook WHERE removed_at IS NULL
"""
NEW = """
INSERT INTO webhook (id, address, description, events, with_texts, active, stopped, secret,
  created_at, updated_at)
VALUES (?, ?, ?, ?, ?, ?, '', ?, ?, ?)
"""
COUNT = "SELECT count(*) FROM webhook WHERE removed_at IS NULL"
ROTATE = """
UPDATE webhook SET old_secret = secret, old_secret_until = ?, secret = ?, updated_at = ?
WHERE id = ?
"""


UNHARMED = {"stopped": "", "failing_since": None, "failures": 0, "rest_until": None}
# Its log may be long, and everybody who writes would wait for it: it goes bit by bit.
REMOVE = """
UPDATE webhook SET removed_at = ?, active = 0, secret = '', old_secret = NULL,
  old_secret_until = NULL
WHERE id = ?
"""


class Webhooks(Deliveries):
    """Keeps which addresses hear of what."""

    def webhooks(self) -> list[Webhook]:
        """All of them, the oldest first."""
        with self._reading() as db:
            rows = db.execute(f"{WEBHOOK} ORDER BY created_at, id", {"now": self._now()})
            return [_webhook_from(row) for row in rows]

    def webhook(self, webhook_id: str) -> Webhook:
        """One webhook."""
        with self._reading() as db:
            return _find(db, webhook_id, self._now())

    def add_webhook(
        self,
        address: str,
        events: Sequence[str],
        *,
        description: str = "",
        with_texts: bool = False,
        active: bool = True,
    ) -> tuple[Webhook, str]:
        """Have an address hear of events from now on; returns it with its secret."""
        at, webhook_id, secret = self._now(), new_id("whk"), new_secret()
        with self._writing() as write:
            db = write.connection
            if db.execute(COUNT).fetchone()[0] >= MOST:
                raise Conflict(f"A desk has at most {MOST} webhooks.")
            told = (address, description, _json(events), with_texts, active, secret, at, at)
            db.execute(NEW, (webhook_id, *told))
            note(write, "webhook.add", webhook_id, at, _host(address))
            return _find(db, webhook_id, at), secret

    def change_webhook(self, webhook_id: str, change: WebhookChange) -> Webhook:
        """Change what is given. Switched off, it gives up what waits, and what waits of events that
        are chosen no more; another address, or switched on, it begins anew as one that never
        failed."""
        at = self._now()
        with self._writing() as write:
            before = _find(write.connection, webhook_id, at)
            values = _values(before, change)
            if not values:
                return before
            if change.active or "address" in values:
                values |= UNHARMED
            _set(write, webhook_id, {**values, "updated_at": at})
            if change.active is False:
                give_up(write, webhook_id)
            note(write, "webhook.change", webhook_id, at, ", ".join(_words(before, values)))
            changed = _find(write.connection, webhook_id, at)
        if "events" in values:
            self._give_up_unwanted(webhook_id)
        return changed

    def rotate_webhook_secret(self, webhook_id: str) -> tuple[Webhook, str]:
        """Another secret; the one so far signs, too, for a day."""
        at, secret = self._now(), new_secret()
        until = iso(self._clock() + ROTATION)
        with self._writing() as write:
            _find(write.connection, webhook_id, at)
            write.connection.execute(ROTATE, (until, secret, at, webhook_id))
            note(write, "webhook.rotate", webhook_id, at)
            return _find(write.connection, webhook_id, at), secret

    def remove_webhook(self, webhook_id: str) -> None:
        """It hears of nothing more; its log goes with it."""
        with self._writing() as write:
            at = self._now()
            gone = _find(write.connection, webhook_id, at)
            write.connection.execute(REMOVE, (at, webhook_id))
            clear(write)
            note(write, "webhook.remove", webhook_id, at, _host(gone.address))

    def switch_webhooks_off(self) -> int:
        """Every one, and give up all that waits; returns how many were on."""
        at = self._now()
        with self._writing() as write:
            rows = write.connection.execute("SELECT id FROM webhook WHERE active = 1").fetchall()
            for row in rows:
                _set(write, row["id"], {"active": False, "updated_at": at})
                give_up(write, row["id"])
                note(write, "webhook.change", row["id"], at, "off, restored")
        while self.clear_webhooks():
            continue
        return len(rows)

    def test_webhook(self, webhook_id: str) -> str:
        """Have it hear of nothing but that it can hear; returns the delivery's id."""
        at = self._now()
        with self._writing() as write:
            if not _find(write.connection, webhook_id, at).active:
                raise Conflict("This webhook is off; switch it on first.")
            write.connection.execute(WAKE, (webhook_id,))  # somebody waits for it
            return put(write, webhook_id, TEST, {"webhook_id": webhook_id}, at)


def _find(db: sqlite3.Connection, webhook_id: str, now: str) -> Webhook:
    row = db.execute(f"{WEBHOOK} AND id = :id", {"id": webhook_id, "now": now}).fetchone()
    if row is None:
        raise NotFound(f"There is no webhook {webhook_id}.")
    return _webhook_from(row)


def _values(before: Webhook, change: WebhookChange) -> dict[str, Any]:
    """The columns that a change makes different."""
    given = {name: getattr(change, name) for name in WebhookChange.__slots__}
    new = {n: v for n, v in given.items() if v is not None and v != getattr(before, n)}
    return new | ({"events": _json(new["events"])} if "events" in new else {})


def _words(before: Webhook, values: dict[str, Any]) -> list[str]:
    """What the audit log tells of a change: which fields, where it was directed to, and what was
    switched on or off."""
    words: list[str] = [name for name in ("description", "events") if name in values]
    if "address" in values:
        words.append(f"address: {_host(before.address)} to {_host(values['address'])}")
    if "with_texts" in values:
        words.append("texts on" if values["with_texts"] else "texts off")
    if "active" in values:
        words.append("on" if values["active"] else "off")
    return sorted(words)


def _set(write: Transaction, webhook_id: str, values: dict[str, Any]) -> None:
    columns = ", ".join(f"{name} = ?" for name in values)
    sql = f"UPDATE webhook SET {columns} WHERE id = ?"  # noqa: S608
    write.connection.execute(sql, (*values.values(), webhook_id))


def _host(address: str) -> str:
    """Of an address only this is noted: there may be a token in the rest."""
    return urlsplit(address).hostname or ""


def _json(events: Sequence[str]) -> str:
    return orjson.dumps(list(events)).decode()


def _webhook_from(row: sqlite3.Row) -> Webhook:
    fields = {name: row[name] for name in Webhook.__slots__}
    flags = {name: bool(row[name]) for name in ("with_texts", "active")}
    return Webhook(**{**fields, **flags, "events": tuple(orjson.loads(row["events"]))})
