"""Forgets customers in the SQLite store: all that they wrote, and all that quotes it.

One transaction removes the rows; ``wipe`` then sees to it that the file holds their bytes no more.
What releases learned is not its business: it only keeps, for a week, fingerprints of the erased
texts, by which `finetune.forget` knows those releases.
"""

import contextlib
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import orjson

from index.seen import fingerprints
from service.errors import Conflict, NotFound, StoreError
from service.records.storage import Erasable, ErasedTexts, Erasure
from service.sqlite.audit import note
from service.sqlite.base import Part, iso
from service.sqlite.commit import Turnstile
from service.sqlite.connection import connect, explained
from service.sqlite.contact_rows import left_at
from service.sqlite.content_history import forget_changes
from service.sqlite.content_rows import raise_revision
from service.sqlite.ids import new_id
from service.sqlite.label_rows import contest
from service.sqlite.outbox import happened
from service.sqlite.proposals import drop_empty, forget_proposals
from service.sqlite.ticket_rows import tell_ticket

SHOWN = 10
# What is being sent to a webhook at this moment arrives before it is told to forget.
UNDER_WAY = timedelta(seconds=30)
ERASED = "(erased)"  # in other customers' traces, where an example was quoted

CUSTOMERS = """
SELECT id, identifier, verified, email FROM customer
WHERE id = :name OR identifier = :name OR email = :name COLLATE NOCASE ORDER BY created_at, id
"""
SAME_EMAIL = """
SELECT count(*) FROM customer WHERE id NOT IN (SELECT value FROM json_each(:customers))
  AND lower(email) IN (SELECT lower(email) FROM customer
    WHERE id IN (SELECT value FROM json_each(:customers)))
"""
THEIR_CONVERSATIONS = """
SELECT id FROM conversation WHERE customer_id IN (SELECT value FROM json_each(?))
"""
CONVERSATIONS = "(SELECT value FROM json_each(:conversations))"
REACHED = "(SELECT value FROM json_each(:reached))"
MESSAGES = f"(SELECT id FROM message WHERE conversation_id IN {CONVERSATIONS})"  # noqa: S608
COUNTED = {
    "customers": "customer WHERE id IN (SELECT value FROM json_each(:customers))",
    "conversations": f"conversation WHERE id IN {CONVERSATIONS}",
    "messages": f"message WHERE conversation_id IN {CONVERSATIONS}",
    "turns": f"turn WHERE conversation_id IN {CONVERSATIONS}",
    "events": f"event WHERE conversation_id IN {CONVERSATIONS}",
    "feedback": f"feedback WHERE conversation_id IN {CONVERSATIONS}",
    "files": f"file WHERE conversation_id IN {CONVERSATIONS}",
    "tickets": f"ticket WHERE conversation_id IN {CONVERSATIONS}",
    "contacts": f"contact WHERE conversation_id IN {CONVERSATIONS} OR ticket_id IN {REACHED}",
    "corrections": f"correction WHERE message_id IN {MESSAGES}",
    "examples": f"example WHERE message_id IN {MESSAGES}",
    "disagreements": f"disagreement WHERE conversation_id IN {CONVERSATIONS}",
    "deliveries": f"webhook_delivery WHERE conversation_id IN {CONVERSATIONS}",
}
TEXTS = f"""
SELECT text FROM message WHERE author = 'customer' AND text <> ''
  AND conversation_id IN {CONVERSATIONS}
UNION SELECT text FROM example WHERE message_id IN {MESSAGES}
"""  # noqa: S608
SINCE = f"SELECT min(created_at) FROM conversation WHERE id IN {CONVERSATIONS}"  # noqa: S608
QUOTING = """
SELECT message_id, trace FROM turn WHERE at >= :since AND trace IS NOT NULL
  AND EXISTS (SELECT 1 FROM json_each(:examples) WHERE instr(turn.trace, value))
"""


@dataclass(frozen=True, slots=True)
class _Found:
    customers: list[str]
    conversations: list[str]
    reached: Sequence[str] = ()  # tickets, wherever else one of their addresses was left

    @property
    def named(self) -> dict[str, str]:
        """As parameters of the statements above."""
        return {
            "customers": _json(self.customers),
            "conversations": _json(self.conversations),
            "reached": _json(self.reached),
        }


class Erasures(Part):
    """Finds what there is of a customer, removes it, and remembers that it was done."""

    def erasable(self, customer: str) -> Erasable:
        """What an erasure of this customer would remove; see the contract."""
        with self._snapshot() as db:
            found = _find(db, customer)
            same = db.execute(SAME_EMAIL, found.named).fetchone()[0]
            return Erasable(_count(db, found), int(same))

    def erase(self, customer: str, by: str) -> Erasure:
        """Remove all of it in one transaction; see the contract."""
        at, erasure_id = self._now(), new_id("era")
        with self._writing() as write:
            db = write.connection
            found = _find(db, customer)
            counts = _count(db, found)
            texts = [fingerprints(row["text"]) for row in db.execute(TEXTS, found.named)]
            tickets = _ids(
                db.execute(f"SELECT id FROM {COUNTED['tickets']}", found.named)  # noqa: S608
            )
            since = db.execute(SINCE, found.named).fetchone()[0]
            examples = _ids(
                db.execute(f"DELETE FROM {COUNTED['examples']} RETURNING id", found.named)  # noqa: S608
            )
            alike = _alike(db, found)
            forget_changes(db, found.named["conversations"])
            forget_proposals(write, found.named["conversations"], at)
            without = [
                row["ticket_id"]
                for row in db.execute(
                    f"DELETE FROM {COUNTED['contacts']} RETURNING ticket_id",  # noqa: S608
                    found.named,
                ).fetchall()
            ]
            for table in ("conversations", "customers"):
                db.execute(f"DELETE FROM {COUNTED[table]}", found.named)  # noqa: S608
            contest(db, alike)  # nobody contradicts what is gone
            drop_empty(db)
            counts["quotes"] = _forget_quotes(db, examples, since)
            erasure = Erasure(erasure_id, at, by, counts)
            db.execute(
                "INSERT INTO erasure (id, at, erased_by, counts, texts) VALUES (?, ?, ?, ?, ?)",
                (erasure_id, at, by, orjson.dumps(counts).decode(), _json(texts)),
            )
            for ticket_id in sorted(set(without) - set(tickets)):
                tell_ticket(write, ticket_id, at)  # it stays, and nobody is to be reached there
            # Ids of what is gone, so that open consoles drop it; nothing of whose it was.
            gone = {"tickets": tickets, "conversations": found.conversations}
            write.tell("erased", gone, at)
            later = iso(self._clock() + UNDER_WAY)
            happened(write, "customer.erased", gone, at, due_at=later)
            note(write, "customer.erase", erasure_id, at)
            if examples:
                raise_revision(write, at)
        return erasure

    def wipe(self) -> None:
        """Write the file anew without what was deleted, and empty the log beside it.

        Builds of SQLite without ``secure_delete`` leave deleted bytes where they were, and so may
        have those that this file was kept with before. The search index keeps what was taken out
        of it, as marks in its segments, until these are merged. Raises ``StoreError`` when
        somebody reads on and on; then do it again.
        """
        turnstile = Turnstile(self.path.with_name(f"{self.path.name}-turn"))
        closing = contextlib.closing
        with (
            explained(),
            closing(turnstile),
            turnstile.passing(),
            closing(connect(self.path)) as db,
        ):
            db.execute("INSERT INTO search (search) VALUES ('optimize')")
            db.execute("VACUUM")
            if db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                raise StoreError("The database's log is being read; erase again to empty it.")

    def erasures(self) -> list[Erasure]:
        """Every erasure, the newest first."""
        with self._reading() as db:
            rows = db.execute("SELECT * FROM erasure ORDER BY at DESC, id DESC").fetchall()
        return [
            Erasure(
                row["id"],
                row["at"],
                row["erased_by"],
                orjson.loads(row["counts"]),
                row["finished_at"],
            )
            for row in rows
        ]

    def erased_texts(self) -> list[ErasedTexts]:
        """Fingerprints of what was erased, as long as they are kept."""
        with self._reading() as db:
            rows = db.execute("SELECT id, texts FROM erasure WHERE texts IS NOT NULL").fetchall()
        return [
            ErasedTexts(row["id"], tuple(tuple(text) for text in orjson.loads(row["texts"])))
            for row in rows
        ]

    def finish_erasures(self, erasure_ids: Sequence[str], forget_before: str) -> None:
        """Note that nothing is left to do, and drop the fingerprints of older erasures."""
        with self._writing() as write:
            write.connection.execute(
                "UPDATE erasure SET finished_at = ifnull(finished_at, ?)"
                " WHERE id IN (SELECT value FROM json_each(?))",
                (self._now(), _json(erasure_ids)),
            )
            write.connection.execute(
                "UPDATE erasure SET texts = NULL WHERE at < ? AND finished_at IS NOT NULL",
                (forget_before,),
            )


def _find(db: sqlite3.Connection, customer: str) -> _Found:
    """Whom a name means; ``NotFound`` for nobody, ``Conflict`` for several."""
    name = customer.strip()
    if db.execute("SELECT 1 FROM conversation WHERE id = ?", (name,)).fetchone():
        return _Found([], [name])
    rows = db.execute(CUSTOMERS, {"name": name}).fetchall() if name else []
    # A customer's number may be somebody's phone number, too, and means the customer then.
    is_number = any(name in (row["id"], row["identifier"]) for row in rows) and "@" not in name
    reached = left_at(db, [name] if name and not is_number else [])
    if not rows and not reached:
        raise NotFound(
            f"There is no customer {customer!r}: give an e-mail address, an identifier, or an id "
            "(cus_… or cnv_…)."
        )
    verified = {row["identifier"] for row in rows if row["verified"]}
    if len(verified) > 1:
        ids = [row["id"] for row in rows]
        more = f" and {len(ids) - SHOWN} more" if len(ids) > SHOWN else ""
        raise Conflict(
            f"{customer!r} means {len(verified)} customers whom the site has identified; erase "
            f"them by their ids: {', '.join(ids[:SHOWN])}{more}."
        )
    customers = _ids(rows)
    theirs = _ids(db.execute(THEIR_CONVERSATIONS, (_json(customers),)))
    # Who is known by nothing but that has no customer; of one who is known only the contact goes.
    nameless = [row["conversation_id"] for row in reached if row["customer_id"] is None]
    addresses = {row["email"].lower() for row in rows if "@" in (row["email"] or "")}
    left = [
        row["ticket_id"]
        for row in (*reached, *left_at(db, sorted(addresses)))
        # Somebody else may give the same address as his own, and stays; see `same_email`.
        if row["customer_id"] in customers or (row["email"] or "").lower() != row["value"].lower()
    ]
    return _Found(customers, [*theirs, *dict.fromkeys(nameless)], sorted(set(left)))


def _count(db: sqlite3.Connection, found: _Found) -> dict[str, int]:
    return {
        name: int(db.execute(f"SELECT count(*) FROM {rows}", found.named).fetchone()[0])  # noqa: S608
        for name, rows in COUNTED.items()
    }


def _alike(db: sqlite3.Connection, found: _Found) -> list[str]:
    sql = f"SELECT DISTINCT alike FROM {COUNTED['corrections']}"  # noqa: S608
    return [row["alike"] for row in db.execute(sql, found.named)]


def _forget_quotes(db: sqlite3.Connection, examples: Sequence[str], since: str) -> int:
    """Take erased examples out of other customers' traces, which quote what was found."""
    if not examples:
        return 0
    changed = 0
    for row in db.execute(QUOTING, {"since": since, "examples": _json(examples)}).fetchall():
        trace = orjson.loads(row["trace"])
        for hit in trace["hits"]:
            if hit["id"] in examples:
                hit["text"] = ERASED
                changed += 1
        db.execute(
            "UPDATE turn SET trace = ? WHERE message_id = ?",
            (orjson.dumps(trace).decode(), row["message_id"]),
        )
    return changed


def _ids(rows: Iterable[sqlite3.Row]) -> list[str]:
    return [row["id"] for row in rows]


def _json(values: Sequence[object]) -> str:
    return orjson.dumps(values).decode()
