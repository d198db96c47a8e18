"""Files, who resolved a ticket, and contacts of customers who wait."""

from sqlite_utils import Database


def m014_files(db: Database) -> None:
    """What people attached. Whatever removes a row, its id stays until the bytes are gone, too."""
    db.executescript("""
    CREATE TABLE file (
      id TEXT PRIMARY KEY,
      conversation_id TEXT NOT NULL REFERENCES conversation ON DELETE CASCADE,
      message_id TEXT REFERENCES message (id) ON DELETE CASCADE,
      place INTEGER NOT NULL DEFAULT 0,
      operator_id TEXT REFERENCES operator,
      client_id TEXT NOT NULL,
      name TEXT NOT NULL,
      type TEXT NOT NULL,
      size INTEGER NOT NULL,
      width INTEGER,
      height INTEGER,
      created_at TEXT NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX file_client ON file (conversation_id, ifnull(operator_id, ''), client_id);
    CREATE INDEX file_message ON file (message_id, place) WHERE message_id IS NOT NULL;
    CREATE INDEX file_unsent ON file (created_at) WHERE message_id IS NULL;
    CREATE INDEX file_day ON file (created_at, operator_id, size);
    CREATE TABLE file_gone (id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
    """)
    db.execute(
        "CREATE TRIGGER file_removed AFTER DELETE ON file"
        " BEGIN INSERT OR IGNORE INTO file_gone (id) VALUES (old.id); END"
    )


def m016_resolved_by(db: Database) -> None:
    """Who resolved a ticket, who need not have owned it. Of older ones only the owner is known."""
    db.executescript(
        """
        ALTER TABLE ticket ADD COLUMN resolved_by TEXT REFERENCES operator;
        UPDATE ticket SET resolved_by = owner_id WHERE resolved_at IS NOT NULL;
        """
    )


def m015_contacts(db: Database) -> None:
    """Where customers who wait want to be reached: a row a ticket, which goes with it."""
    db.executescript("""
    CREATE TABLE contact (
      ticket_id TEXT PRIMARY KEY REFERENCES ticket ON DELETE CASCADE,
      conversation_id TEXT NOT NULL REFERENCES conversation ON DELETE CASCADE,
      kind TEXT NOT NULL CHECK (kind IN ('email', 'phone')),
      value TEXT NOT NULL,
      about TEXT NOT NULL,
      at TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX contact_conversation ON contact (conversation_id);
    CREATE INDEX contact_value ON contact (value COLLATE NOCASE);
    """)
