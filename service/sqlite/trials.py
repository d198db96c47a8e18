"""What trials of releases found, in the SQLite store: counts, looks, disagreements, both arms.

Called through ``SqliteStore``. A trial itself is a file beside the releases (`index.trial`).
"""

from collections.abc import Mapping, Sequence

import orjson

from service.records.trials import Arm, Disagreement
from service.sqlite.base import Part
from service.sqlite.rows import to_json

KEPT = 500  # disagreements, of all trials

# The first turn that a model read decides whose the conversation is.
FIRST_RELEASE = """
SELECT release FROM turn WHERE conversation_id = ? AND release IS NOT NULL ORDER BY rowid LIMIT 1
"""
COUNT = """
INSERT INTO trial_count (trial_id, name, count) VALUES (?, ?, ?)
ON CONFLICT (trial_id, name) DO UPDATE SET count = count + excluded.count
"""
DISAGREE = """
INSERT INTO disagreement (trial_id, conversation_id, message_id, kind, champion, challenger)
SELECT ?, conversation_id, id, ?, ?, ? FROM message WHERE id = ?
"""
TOO_OLD = """
DELETE FROM disagreement
WHERE id <= (SELECT id FROM disagreement ORDER BY id DESC LIMIT 1 OFFSET ?)
"""
NEWEST = """
SELECT d.*, m.text, m.at FROM disagreement AS d JOIN message AS m ON m.id = d.message_id
WHERE d.trial_id = ? ORDER BY d.id DESC LIMIT ?
"""
ARMS = """
WITH spoken AS (
  SELECT t.conversation_id, min(t.rowid) AS first, sum(t.action <> 'none') AS turns,
    sum(t.action = 'answer') AS answered
  FROM turn AS t JOIN conversation AS c ON c.id = t.conversation_id
  WHERE t.at >= :since
    AND c.created_at BETWEEN :since AND :until
    AND t.release IS NOT NULL
  GROUP BY t.conversation_id
), thumb AS (
  SELECT conversation_id, min(helpful) AS helpful FROM feedback
  WHERE at >= :since AND helpful IS NOT NULL GROUP BY conversation_id
)
SELECT f.release, count(*) AS conversations,
  sum(EXISTS (SELECT 1 FROM ticket AS k WHERE k.conversation_id = s.conversation_id))
    AS handed_over,
  count(h.helpful) AS rated, sum(ifnull(h.helpful = 0, 0)) AS unhelpful,
  sum(s.turns) AS turns, sum(s.answered) AS answered,
  sum((SELECT count(*) FROM turn AS o WHERE o.conversation_id = s.conversation_id
    AND o.action <> 'none' AND o.release <> f.release)) AS stood_in
FROM spoken AS s JOIN turn AS f ON f.rowid = s.first
LEFT JOIN thumb AS h ON h.conversation_id = s.conversation_id
GROUP BY f.release
"""


class Trials(Part):
    """Writes what a shadow saw, and counts what became of a canary's conversations."""

    def first_release(self, conversation_id: str) -> str | None:
        """The release that read a conversation's first turn; none when none did yet."""
        with self._reading() as db:
            row = db.execute(FIRST_RELEASE, (conversation_id,)).fetchone()
        return row["release"] if row else None

    def record_shadow(
        self, trial_id: str, counts: Mapping[str, int], disagreements: Sequence[Disagreement]
    ) -> None:
        """Add to a trial's counts, and keep the newest disagreements of all trials."""
        with self._writing() as write:
            db = write.connection
            db.executemany(COUNT, [(trial_id, name, count) for name, count in counts.items()])
            for one in disagreements:
                sides = (to_json(one.champion), to_json(one.challenger))
                db.execute(DISAGREE, (trial_id, one.kind, *sides, one.message_id))
            db.execute(TOO_OLD, (KEPT,))

    def shadow_counts(self, trial_id: str) -> dict[str, int]:
        """What was counted, by name."""
        with self._reading() as db:
            rows = db.execute("SELECT name, count FROM trial_count WHERE trial_id = ?", (trial_id,))
            return {row["name"]: row["count"] for row in rows}

    def disagreements(self, trial_id: str, limit: int = 50) -> list[Disagreement]:
        """The newest first."""
        with self._reading() as db:
            rows = db.execute(NEWEST, (trial_id, limit)).fetchall()
        return [
            Disagreement(
                message_id=row["message_id"],
                kind=row["kind"],
                champion=orjson.loads(row["champion"]),
                challenger=orjson.loads(row["challenger"]),
                conversation_id=row["conversation_id"],
                text=row["text"],
                at=row["at"],
            )
            for row in rows
        ]

    def trial_arms(self, since: str, until: str | None = None) -> dict[str, Arm]:
        """What became of the conversations that began then, by the release of their first turn."""
        with self._reading() as db:
            rows = db.execute(ARMS, {"since": since, "until": until or self._now()}).fetchall()
        return {row["release"]: Arm(**{n: row[n] for n in Arm.__slots__}) for row in rows}

    def last_look(self, trial_id: str) -> int:
        """How often a trial was looked at; 0 when never."""
        sql = "SELECT ifnull(max(number), 0) FROM trial_look WHERE trial_id = ?"
        with self._reading() as db:
            return int(db.execute(sql, (trial_id,)).fetchone()[0])

    def claim_look(self, trial_id: str, number: int) -> bool:
        """Whether this is the first to look at a trial for the ``number``-th time."""
        with self._writing() as write:
            claimed = write.connection.execute(
                "INSERT INTO trial_look (trial_id, number, at) VALUES (?, ?, ?)"
                " ON CONFLICT DO NOTHING",
                (trial_id, number, self._now()),
            )
            return claimed.rowcount == 1
