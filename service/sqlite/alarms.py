"""Alarms in the SQLite store: what they go by, and what becomes of them.

Counts inside SQLite over the index on time. An alarm holds no customer's words: only ids of
messages, which go when these do.
"""

import sqlite3
from collections.abc import Sequence

import orjson

from service.errors import NotFound
from service.records.alarms import Alarm, AlarmDraft, AlarmMessage, MoodCount, ReadMessage
from service.sqlite.base import Part
from service.sqlite.commit import Transaction
from service.sqlite.ids import new_id
from service.sqlite.operators import working_operator
from service.sqlite.outbox import alarm_happened

# A conversation counts once, however much is written in it.
CUSTOMERS = """
count(DISTINCT conversation_id) AS total,
count(DISTINCT CASE WHEN sentiment = 'negative' THEN conversation_id END) AS negative
FROM turn WHERE at >= :since AND at < :until AND sentiment IS NOT NULL
"""
BY_HOUR = f"""
SELECT substr(at, 1, 13) AS hour, intent, {CUSTOMERS} AND intent IS NOT NULL GROUP BY 1, 2
UNION ALL SELECT substr(at, 1, 13), NULL, {CUSTOMERS} GROUP BY 1
"""
OF_SPAN = f"""
SELECT substr(:since, 1, 13) AS hour, intent, {CUSTOMERS} AND intent IS NOT NULL GROUP BY 2
UNION ALL SELECT substr(:since, 1, 13), NULL, {CUSTOMERS}
"""
COUNT_READ = "SELECT count(*) FROM turn WHERE at >= :since AND at < :until"
READ = """
SELECT m.id, m.conversation_id, m.text, t.action, t.release,
  json_extract(t.trace, '$.reading.intents[0].confidence') AS confidence,
  -- what the threshold bounds (`Reading.certainty`); old traces lack it
  ifnull(json_extract(t.trace, '$.reading.certainty'),
    json_extract(t.trace, '$.reading.intents[0].confidence')
    * json_extract(t.trace, '$.reading.in_scope'))
    >= json_extract(t.trace, '$.thresholds.answer')
    AND json_extract(t.trace, '$.reading.in_scope')
    >= json_extract(t.trace, '$.thresholds.in_scope') AS sure,
  (SELECT max(json_extract(value, '$.score')) FROM json_each(t.trace, '$.hits')
    WHERE json_extract(value, '$.kind') = 'example') AS nearest
FROM turn AS t JOIN message AS m ON m.id = t.message_id
WHERE t.at >= :since AND t.at < :until AND t.rowid % :step = 0 ORDER BY t.at, t.rowid
"""
NEGATIVE = """
SELECT message_id, max(at) AS at FROM turn
WHERE at >= :since AND at < :until AND sentiment = 'negative' AND :intent IN ('', intent)
GROUP BY conversation_id ORDER BY at DESC LIMIT :most
"""
ALARM = """
SELECT a.id, a.kind, a.subject, a.words, a.value, a.peak, a.usual, a.began_at, a.seen_at,
  a.ended_at, a.acknowledged_by, o.name AS acknowledged_name, a.acknowledged_at
FROM alarm AS a LEFT JOIN operator AS o ON o.id = a.acknowledged_by
"""
ALARMS = f"{ALARM} ORDER BY a.ended_at IS NOT NULL, a.began_at DESC LIMIT ?"
ACTIVE = f"{ALARM} WHERE a.kind = ? AND a.subject = ? AND a.ended_at IS NULL"
UNTOLD = f"""
{ALARM} WHERE ifnull(a.ended_at, a.began_at) >= ?
  AND a.told <> iif(a.ended_at IS NULL, 'began', 'ended') ORDER BY a.began_at
"""
SHOWN = """
SELECT m.id, m.conversation_id, m.text, m.at,
  (SELECT id FROM ticket WHERE conversation_id = m.conversation_id
    ORDER BY rowid DESC LIMIT 1) AS ticket_id
FROM alarm_message AS s JOIN message AS m ON m.id = s.message_id
WHERE s.alarm_id = ?
"""
NEW = """
INSERT INTO alarm (id, kind, subject, words, value, peak, usual, began_at, seen_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
GO_ON = "UPDATE alarm SET words = ?, value = ?, peak = ?, usual = ?, seen_at = ? WHERE id = ?"
SHOW = """
INSERT INTO alarm_message (alarm_id, message_id)
SELECT ?, id FROM message WHERE id IN (SELECT value FROM json_each(?))
"""


class Alarms(Part):
    """Counts, and keeps alarms; see the contract."""

    def mood_counts(self, since: str, until: str, *, hourly: bool = True) -> list[MoodCount]:
        """Customers by hour and intent, and by hour alone; not ``hourly``, of the whole span."""
        with self._snapshot() as db:
            rows = db.execute(BY_HOUR if hourly else OF_SPAN, {"since": since, "until": until})
            return [
                MoodCount(row["hour"], row["intent"], row["total"], row["negative"]) for row in rows
            ]

    def read_messages(self, since: str, until: str, most: int) -> list[ReadMessage]:
        """How messages were read, or of more than ``most`` a sample."""
        span = {"since": since, "until": until}
        with self._snapshot() as db:
            step = -(-db.execute(COUNT_READ, span).fetchone()[0] // most) or 1
            return [_read_from(row) for row in db.execute(READ, {**span, "step": step})]

    def negative_messages(self, intent: str, since: str, until: str, most: int) -> list[str]:
        """Ids of the newest negative messages, one of a conversation; without intent, of all."""
        values = {"intent": intent, "since": since, "until": until, "most": most}
        with self._reading() as db:
            return [str(row["message_id"]) for row in db.execute(NEGATIVE, values)]

    def sound_alarm(self, draft: AlarmDraft) -> tuple[Alarm, bool]:
        """Begin an alarm, or go on with the active one; see the contract."""
        at = self._now()
        with self._writing() as write:
            db = write.connection
            row = db.execute(ACTIVE, (draft.kind, draft.subject)).fetchone()
            before = _alarm_from(row) if row else None
            if before is None:
                alarm_id, peak = new_id("alm"), draft.value
                told = (draft.words, draft.value, peak, draft.usual, at, at)
                db.execute(NEW, (alarm_id, draft.kind, draft.subject, *told))
            else:
                alarm_id = before.id
                further = abs(draft.value - draft.usual) > abs(before.peak - draft.usual)
                peak = draft.value if further else before.peak
                db.execute(GO_ON, (draft.words, draft.value, peak, draft.usual, at, alarm_id))
            if before is None or peak != before.peak:
                _show(db, alarm_id, draft.messages)
            alarm = _find(db, alarm_id)
            if before is None or before.words != alarm.words:
                _tell(write, alarm, at)
            if before is None:
                alarm_happened(write, "alarm.began", alarm, at)
        return alarm, before is None

    def end_alarm(self, alarm_id: str) -> Alarm:
        """It is over; a second time changes nothing."""
        return self._change(alarm_id, "ended_at = ?", "ended_at", ())

    def acknowledge_alarm(self, alarm_id: str, operator_id: str) -> Alarm:
        """Somebody looks after it; the first one stays."""
        changes = "acknowledged_at = ?, acknowledged_by = ?"
        return self._change(alarm_id, changes, "acknowledged_at", (operator_id,))

    def _change(self, alarm_id: str, changes: str, once: str, values: Sequence[str]) -> Alarm:
        """Set a time and what belongs to it, unless ``once`` is set."""
        at = self._now()
        with self._writing() as write:
            for operator_id in values:
                working_operator(write.connection, operator_id)
            changed = write.connection.execute(
                f"UPDATE alarm SET {changes} WHERE id = ? AND {once} IS NULL",  # noqa: S608
                (at, *values, alarm_id),
            ).rowcount
            alarm = _find(write.connection, alarm_id)
            if changed:
                _tell(write, alarm, at)
            if changed and once == "ended_at":
                alarm_happened(write, "alarm.ended", alarm, at)
        return alarm

    def alarm(self, alarm_id: str) -> Alarm:
        """One alarm."""
        with self._reading() as db:
            return _find(db, alarm_id)

    def alarms(self, limit: int = 50) -> list[Alarm]:
        """Active ones first, the newest first among equals."""
        with self._reading() as db:
            return [_alarm_from(row) for row in db.execute(ALARMS, (limit,))]

    def alarm_messages(self, alarm_id: str) -> list[AlarmMessage]:
        """The messages that show it, as far as they are still there."""
        with self._reading() as db:
            rows = db.execute(SHOWN, (alarm_id,)).fetchall()
        names = AlarmMessage.__slots__
        found = [AlarmMessage(**{name: row[name] for name in names}) for row in rows]
        return sorted(found, key=lambda message: message.at, reverse=True)

    def untold_alarms(self, since: str) -> list[Alarm]:
        """Those that began or ended since, and of which the webhook has not heard."""
        with self._reading() as db:
            return [_alarm_from(row) for row in db.execute(UNTOLD, (since,))]

    def note_told(self, alarm: Alarm) -> None:
        """The webhook has heard of the alarm as it stands in this record."""
        told = "ended" if alarm.ended_at else "began"
        with self._writing() as write:
            write.connection.execute("UPDATE alarm SET told = ? WHERE id = ?", (told, alarm.id))


def _tell(write: Transaction, alarm: Alarm, at: str) -> None:
    write.tell("alarm", {"alarm": alarm}, at)


def _show(db: sqlite3.Connection, alarm_id: str, messages: Sequence[str]) -> None:
    """Keep these messages, those of them that are still there."""
    db.execute("DELETE FROM alarm_message WHERE alarm_id = ?", (alarm_id,))
    db.execute(SHOW, (alarm_id, orjson.dumps(list(messages)).decode()))


def _find(db: sqlite3.Connection, alarm_id: str) -> Alarm:
    row = db.execute(f"{ALARM} WHERE a.id = ?", (alarm_id,)).fetchone()
    if row is None:
        raise NotFound(f"There is no alarm {alarm_id}.")
    return _alarm_from(row)


def _alarm_from(row: sqlite3.Row) -> Alarm:
    return Alarm(**{name: row[name] for name in Alarm.__slots__})


def _read_from(row: sqlite3.Row) -> ReadMessage:
    fields = {name: row[name] for name in ReadMessage.__slots__}
    return ReadMessage(**{**fields, "sure": None if row["sure"] is None else bool(row["sure"])})
