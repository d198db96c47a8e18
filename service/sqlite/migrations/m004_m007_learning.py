"""What the desk learns by, and what watches it: labels, proposals, trials, alarms."""

from sqlite_utils import Database

from index.alike import alike_key
from service.sqlite.label_rows import contest

LABELS = """
ALTER TABLE correction ADD COLUMN kind TEXT NOT NULL DEFAULT 'correction'
  CHECK (kind IN ('correction', 'confirmation', 'reply', 'takeover'));
ALTER TABLE correction ADD COLUMN weight REAL NOT NULL DEFAULT 1;
ALTER TABLE correction ADD COLUMN reply_id TEXT;
ALTER TABLE correction ADD COLUMN settles INTEGER NOT NULL DEFAULT 0;
ALTER TABLE correction ADD COLUMN alike TEXT NOT NULL DEFAULT '';
ALTER TABLE correction ADD COLUMN undone_at TEXT;
ALTER TABLE correction ADD COLUMN undone_by TEXT REFERENCES operator;
CREATE INDEX correction_alike ON correction (alike);
ALTER TABLE example ADD COLUMN weight REAL NOT NULL DEFAULT 1;
ALTER TABLE example ADD COLUMN contested TEXT NOT NULL DEFAULT '[]';
"""


def m004_labels(db: Database) -> None:
    """Labels of several kinds, with weights, that can be undone; who contradicts whom.

    What operators contradicted each other in before trains no more, until it is settled.
    """
    db.executescript(LABELS)
    found = "SELECT DISTINCT m.id, m.text FROM correction AS c JOIN message AS m"
    for message_id, text in db.execute(f"{found} ON m.id = c.message_id").fetchall():
        sql = "UPDATE correction SET alike = ? WHERE message_id = ?"
        db.execute(sql, (alike_key(text), message_id))
    keys = db.execute("SELECT DISTINCT alike FROM correction").fetchall()
    contest(db.conn, [key for (key,) in keys])
    # An index in the cache may have what is contested by now.
    db.execute(
        "UPDATE content_state SET revision = revision + 1"
        " WHERE EXISTS (SELECT 1 FROM example WHERE contested <> '[]')"
    )


PROPOSALS = """
CREATE TABLE proposal (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('label', 'intent', 'answer')),
  source TEXT NOT NULL CHECK (source IN ('review', 'history')),
  state TEXT NOT NULL CHECK (state IN ('open', 'accepted', 'dismissed')),
  name TEXT NOT NULL,
  title TEXT NOT NULL,
  answer TEXT NOT NULL,
  intent TEXT,
  count INTEGER NOT NULL,
  share REAL NOT NULL,
  value REAL NOT NULL,
  handed_over INTEGER NOT NULL,
  unhelpful INTEGER NOT NULL,
  confidence REAL,
  made_at TEXT NOT NULL,
  decided_at TEXT,
  decided_by TEXT REFERENCES operator
) STRICT;
CREATE INDEX proposal_queue ON proposal (state, value DESC, id);
CREATE TABLE proposal_text (
  proposal_id TEXT NOT NULL REFERENCES proposal ON DELETE CASCADE,
  place INTEGER NOT NULL,
  text TEXT,
  message_id TEXT REFERENCES message (id) ON DELETE CASCADE,
  PRIMARY KEY (proposal_id, place),
  CHECK ((text IS NULL) <> (message_id IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX proposal_text_message ON proposal_text (message_id) WHERE message_id IS NOT NULL;
"""


def m005_proposals(db: Database) -> None:
    """What waits for a person's decision; the text of a message is not copied, and goes with it."""
    db.executescript(PROPOSALS)


def m006_trials(db: Database) -> None:
    """What trials of releases found; a disagreement goes with the message that it is about."""
    db.executescript(
        """
        CREATE TABLE trial_count (
          trial_id TEXT NOT NULL,
          name TEXT NOT NULL,
          count INTEGER NOT NULL,
          PRIMARY KEY (trial_id, name)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE trial_look (
          trial_id TEXT NOT NULL,
          number INTEGER NOT NULL,
          at TEXT NOT NULL,
          PRIMARY KEY (trial_id, number)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE disagreement (
          id INTEGER PRIMARY KEY,
          trial_id TEXT NOT NULL,
          conversation_id TEXT NOT NULL,
          message_id TEXT NOT NULL REFERENCES message (id) ON DELETE CASCADE,
          kind TEXT NOT NULL,
          champion TEXT NOT NULL,
          challenger TEXT NOT NULL
        ) STRICT;
        CREATE INDEX disagreement_message ON disagreement (message_id);
        """
    )


def m007_alarms(db: Database) -> None:
    """Alarms hold no customer's words, only ids of messages, which go with these."""
    db.executescript("""
    CREATE TABLE alarm (
      id TEXT PRIMARY KEY,
      kind TEXT NOT NULL CHECK (kind IN ('surge', 'drift')),
      subject TEXT NOT NULL,
      words TEXT NOT NULL,
      value REAL NOT NULL,
      peak REAL NOT NULL,
      usual REAL NOT NULL,
      began_at TEXT NOT NULL,
      seen_at TEXT NOT NULL,
      ended_at TEXT,
      acknowledged_by TEXT REFERENCES operator,
      acknowledged_at TEXT,
      told TEXT NOT NULL DEFAULT '' CHECK (told IN ('', 'began', 'ended'))
    ) STRICT;
    CREATE UNIQUE INDEX alarm_active ON alarm (kind, subject) WHERE ended_at IS NULL;
    CREATE INDEX alarm_order ON alarm (ended_at IS NOT NULL, began_at DESC);
    CREATE TABLE alarm_message (
      alarm_id TEXT NOT NULL REFERENCES alarm ON DELETE CASCADE,
      message_id TEXT NOT NULL REFERENCES message (id) ON DELETE CASCADE,
      PRIMARY KEY (alarm_id, message_id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX alarm_message_message ON alarm_message (message_id);
    """)
