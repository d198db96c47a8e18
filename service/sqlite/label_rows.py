"""Labels inside a transaction: written, and what follows from them for examples and others.

Shared by the parts of the SQLite store that write labels, feedback and erasures. An example is
always what the labels of its message come to; who wins is decided in `service.labels`.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence

import orjson

from index.alike import alike_key
from index.records import OUT_OF_SCOPE
from service.labels import WEIGHTS, contested, counting, thumb_factor
from service.records.conversations import Message
from service.records.labels import Correction, Label, LabelKind
from service.sqlite.commit import Transaction
from service.sqlite.ids import new_id
from service.sqlite.rows import LABEL, label_from

OF_MESSAGES = f"""
{LABEL} WHERE c.message_id IN (SELECT value FROM json_each(?)) ORDER BY c.rowid
"""  # noqa: S608
OF_ALIKE = f"{LABEL} WHERE c.alike IN (SELECT value FROM json_each(?)) ORDER BY c.rowid"  # noqa: S608
NEW_LABEL = """
INSERT INTO correction (id, message_id, operator_id, intent, sentiment, template, at, kind, weight,
  reply_id, settles, alike)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
SAVE_EXAMPLE = """
INSERT INTO example (id, text, intent, sentiment, source, message_id, operator_id, at, weight)
VALUES (?, ?, ?, ?, 'correction', ?, ?, ?, ?)
ON CONFLICT (message_id) WHERE source = 'correction' AND message_id IS NOT NULL DO UPDATE SET
  intent = excluded.intent, sentiment = excluded.sentiment, operator_id = excluded.operator_id,
  at = excluded.at, weight = excluded.weight
"""
STANDING = """
SELECT message_id, operator_id, intent, sentiment, kind, settles FROM correction
WHERE alike = ? AND undone_by IS NULL ORDER BY rowid
"""
CONTEST = """
UPDATE example SET contested = :fields
WHERE source = 'correction' AND message_id IN (SELECT value FROM json_each(:ids))
  AND contested <> :fields
"""
GONE = f"""
SELECT DISTINCT alike FROM correction
WHERE intent <> '{OUT_OF_SCOPE}' AND intent NOT IN (SELECT name FROM intent)
"""  # noqa: S608
THUMB = """
SELECT t.intent, f.helpful FROM turn AS t JOIN feedback AS f ON f.message_id = t.reply_id
WHERE t.message_id = ? AND t.action = 'answer'
"""


def labels_of(db: sqlite3.Connection, message_ids: Sequence[str]) -> list[Label]:
    """Every label of these messages, oldest first, those that were undone among them."""
    return _read(db, OF_MESSAGES, message_ids)


def labels_alike(db: sqlite3.Connection, keys: Iterable[str]) -> list[Label]:
    """Every label of messages with these keys, oldest first."""
    return _read(db, OF_ALIKE, list(keys))


def add_label(
    write: Transaction,
    message: Message,
    operator_id: str,
    said: tuple[str | None, str | None, str | None],
    at: str,
    kind: LabelKind,
    *,
    reply_id: str | None = None,
    settles: bool = False,
) -> Correction:
    """Write what was said, intent, sentiment and template, and the example that follows from it.

    Once all is written, the caller contests the message's key and raises the content's revision.
    """
    row = (new_id("cor"), message.id, operator_id, *said, at, kind, WEIGHTS[kind], reply_id)
    write.connection.execute(NEW_LABEL, (*row, settles, alike_key(message.text)))
    now = follow(write.connection, message)
    assert now is not None
    write.tell("correction", now, at, conversation_id=message.conversation_id)
    return now


def follow(db: sqlite3.Connection, message: Message) -> Correction | None:
    """Make the message's example what its labels come to; the caller contests its key after."""
    now = counting(labels_of(db, [message.id]))
    if now is None:
        db.execute(
            "DELETE FROM example WHERE source = 'correction' AND message_id = ?", (message.id,)
        )
    else:
        weight = now.weight * _factor(db, now)
        labels = (now.intent, now.sentiment)
        who = (message.id, now.operator_id, now.at, weight)
        db.execute(SAVE_EXAMPLE, (new_id("exa"), message.text, *labels, *who))
    return now


def contest(db: sqlite3.Connection, keys: Iterable[str]) -> None:
    """Mark the examples of messages with these keys where operators contradict each other."""
    for key in dict.fromkeys(keys):
        said: dict[str, tuple[object, ...]] = defaultdict(tuple)
        for message_id, *label in db.execute(STANDING, (key,)):
            said[message_id] += tuple(label)
        # A popular wording has thousands of messages, but of few of them something else is said.
        same: dict[tuple[object, ...], list[str]] = defaultdict(list)
        for message_id, saying in said.items():
            same[saying].append(message_id)
        fields = contested(labels_of(db, [ids[0] for ids in same.values()]))
        for ids in same.values():
            marks = orjson.dumps(fields.get(ids[0], ())).decode()
            db.execute(CONTEST, {"ids": orjson.dumps(ids).decode(), "fields": marks})


def contest_gone(db: sqlite3.Connection) -> None:
    """After intents were removed: nobody contradicts anybody about what is no intent any more."""
    contest(db, [row[0] for row in db.execute(GONE).fetchall()])


def reweigh(db: sqlite3.Connection, message_id: str) -> None:
    """Let a thumb count that a customer gave for the desk's answer to this message.

    Nothing else of its example changes, and no engine need know: the revision stays.
    """
    now = counting(labels_of(db, [message_id]))
    if now is not None:
        sql = "UPDATE example SET weight = ? WHERE source = 'correction' AND message_id = ?"
        db.execute(sql, (now.weight * _factor(db, now), message_id))


def weigh_again(db: sqlite3.Connection, message: Message) -> None:
    """After a message's example was brought back: it weighs, and is contested, as by now."""
    reweigh(db, message.id)
    contest(db, [alike_key(message.text)])


def _factor(db: sqlite3.Connection, now: Correction) -> float:
    row = db.execute(THUMB, (now.message_id,)).fetchone()
    if row is None or row["helpful"] is None:
        return 1.0
    return thumb_factor(now.intent, row["intent"], bool(row["helpful"]))


def _read(db: sqlite3.Connection, sql: str, values: Sequence[str]) -> list[Label]:
    rows = db.execute(sql, (orjson.dumps(list(values)).decode(),)).fetchall()
    return [label_from(row) for row in rows]
