"""Roles, sessions that can be told apart, the second factor, the audit log."""

from sqlite_utils import Database

# A role is a new column, for SQLite cannot change the CHECK of one that is there. Making the table
# anew would, with foreign keys on, end every session.
ROLES = """
ALTER TABLE operator ADD COLUMN granted TEXT NOT NULL DEFAULT 'operator'
  CHECK (granted IN ('operator', 'lead', 'admin'));
UPDATE operator SET granted = role;
ALTER TABLE operator DROP COLUMN role;
ALTER TABLE operator RENAME COLUMN granted TO role;
"""

ACCOUNTS = """
ALTER TABLE operator ADD COLUMN totp_secret TEXT;
ALTER TABLE operator ADD COLUMN totp_since TEXT;
ALTER TABLE operator ADD COLUMN totp_step INTEGER NOT NULL DEFAULT 0;
CREATE TABLE recovery_code (
  operator_id TEXT NOT NULL REFERENCES operator ON DELETE CASCADE,
  code_hash TEXT NOT NULL,
  PRIMARY KEY (operator_id, code_hash)
) STRICT, WITHOUT ROWID;
ALTER TABLE session ADD COLUMN id TEXT NOT NULL DEFAULT '';
ALTER TABLE session ADD COLUMN device TEXT NOT NULL DEFAULT '';
ALTER TABLE session ADD COLUMN address TEXT NOT NULL DEFAULT '';
ALTER TABLE session ADD COLUMN seen_at TEXT NOT NULL DEFAULT '';
UPDATE session SET id = 'ses_' || hex(randomblob(11)), seen_at = created_at;
CREATE UNIQUE INDEX session_id ON session (id);
ALTER TABLE api_token ADD COLUMN id TEXT NOT NULL DEFAULT '';
ALTER TABLE api_token ADD COLUMN name TEXT NOT NULL DEFAULT '';
ALTER TABLE api_token ADD COLUMN used_at TEXT;
UPDATE api_token SET id = 'tok_' || hex(randomblob(11));
CREATE UNIQUE INDEX api_token_id ON api_token (id);
"""

AUDIT = """
CREATE TABLE audit (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at TEXT NOT NULL,
  operator_id TEXT,
  name TEXT NOT NULL,
  role TEXT NOT NULL,
  deed TEXT NOT NULL,
  subject TEXT NOT NULL,
  detail TEXT NOT NULL,
  address TEXT NOT NULL
) STRICT;
CREATE INDEX audit_deed ON audit (deed, id);
CREATE INDEX audit_operator ON audit (operator_id, id);
CREATE INDEX audit_at ON audit (at);
"""
AUDIT_KEPT = """
CREATE TRIGGER audit_{word} BEFORE {word} ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END
"""


def m008_accounts(db: Database) -> None:
    """Three roles; sessions and tokens that can be told apart; a second factor; the audit log."""
    for statements in (ROLES, ACCOUNTS, AUDIT):
        db.executescript(statements)
    for word in ("UPDATE", "DELETE"):
        db.execute(AUDIT_KEPT.format(word=word))
