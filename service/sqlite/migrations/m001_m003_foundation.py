"""The first tables: people, conversations, tickets, content; and erasures."""

from sqlite_utils import Database

PEOPLE = """
CREATE TABLE operator (
  id TEXT PRIMARY KEY,
  email TEXT NOT NULL,
  email_key TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('operator', 'admin')),
  password_hash TEXT NOT NULL,
  disabled INTEGER NOT NULL DEFAULT 0,
  created_at TEXT NOT NULL
) STRICT;
CREATE TABLE session (
  token_hash TEXT PRIMARY KEY,
  operator_id TEXT NOT NULL REFERENCES operator ON DELETE CASCADE,
  created_at TEXT NOT NULL,
  expires_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_operator ON session (operator_id);
CREATE INDEX session_expiry ON session (expires_at);
CREATE TABLE api_token (
  token_hash TEXT PRIMARY KEY,
  operator_id TEXT NOT NULL REFERENCES operator ON DELETE CASCADE,
  created_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX api_token_operator ON api_token (operator_id);
CREATE TABLE customer (
  id TEXT PRIMARY KEY,
  identifier TEXT,
  name TEXT,
  email TEXT,
  verified INTEGER NOT NULL,
  created_at TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX customer_verified ON customer (identifier) WHERE verified = 1;
"""

CONVERSATIONS = """
CREATE TABLE conversation (
  id TEXT PRIMARY KEY,
  customer_id TEXT REFERENCES customer ON DELETE CASCADE,
  token_hash TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('desk', 'waiting', 'operator', 'resolved')),
  epoch INTEGER NOT NULL,
  locale TEXT NOT NULL,
  dialogue TEXT NOT NULL,
  last_number INTEGER NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
) STRICT;
CREATE INDEX conversation_customer ON conversation (customer_id);
CREATE INDEX conversation_created ON conversation (created_at);
CREATE TABLE message (
  id TEXT NOT NULL UNIQUE,
  conversation_id TEXT NOT NULL REFERENCES conversation ON DELETE CASCADE,
  seq INTEGER NOT NULL,
  author TEXT NOT NULL CHECK (author IN ('customer', 'desk', 'operator')),
  text TEXT NOT NULL,
  at TEXT NOT NULL,
  note INTEGER NOT NULL DEFAULT 0,
  client_id TEXT,
  operator_id TEXT REFERENCES operator,
  template TEXT,
  action TEXT,
  reply_to TEXT,
  suggestions TEXT,
  UNIQUE (conversation_id, seq)
) STRICT;
CREATE UNIQUE INDEX message_client ON message
  (conversation_id, ifnull(operator_id, ''), client_id) WHERE client_id IS NOT NULL;
CREATE INDEX message_at ON message (at, author, note);
CREATE TABLE turn (
  message_id TEXT PRIMARY KEY REFERENCES message (id) ON DELETE CASCADE,
  conversation_id TEXT NOT NULL,
  reply_id TEXT,
  ticket_id TEXT,
  action TEXT NOT NULL,
  reason TEXT,
  intent TEXT,
  sentiment TEXT,
  release TEXT,
  trace TEXT,
  at TEXT NOT NULL
) STRICT;
CREATE INDEX turn_conversation ON turn (conversation_id);
CREATE INDEX turn_at ON turn (at, action, intent, sentiment);
CREATE TABLE event (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  conversation_id TEXT REFERENCES conversation ON DELETE CASCADE,
  number INTEGER,
  kind TEXT NOT NULL,
  public INTEGER NOT NULL,
  body TEXT NOT NULL,
  at TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX event_number ON event (conversation_id, number);
CREATE TABLE feedback (
  message_id TEXT PRIMARY KEY REFERENCES message (id) ON DELETE CASCADE,
  conversation_id TEXT NOT NULL,
  helpful INTEGER,
  rating INTEGER CHECK (rating BETWEEN 1 AND 5),
  comment TEXT,
  at TEXT NOT NULL
) STRICT;
CREATE INDEX feedback_at ON feedback (at);
"""

# `rank` and `idle` are the inbox's order: urgent first, who waits longest first among equals,
# and after them the tickets where it is the customer's turn.
TICKETS = """
CREATE TABLE ticket (
  id TEXT PRIMARY KEY,
  conversation_id TEXT NOT NULL REFERENCES conversation ON DELETE CASCADE,
  status TEXT NOT NULL CHECK (status IN ('open', 'claimed', 'returned', 'resolved')),
  priority TEXT NOT NULL CHECK (priority IN ('low', 'normal', 'high', 'urgent')),
  reason TEXT NOT NULL,
  subject TEXT NOT NULL,
  intent TEXT,
  sentiment TEXT,
  owner_id TEXT REFERENCES operator,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  claimed_at TEXT,
  first_reply_at TEXT,
  resolved_at TEXT,
  last_text TEXT NOT NULL,
  last_author TEXT NOT NULL,
  unanswered_since TEXT,
  rank INTEGER GENERATED ALWAYS AS
    (CASE priority WHEN 'urgent' THEN 0 WHEN 'high' THEN 1 WHEN 'normal' THEN 2 ELSE 3 END),
  idle INTEGER GENERATED ALWAYS AS (unanswered_since IS NULL),
  since TEXT GENERATED ALWAYS AS (ifnull(unanswered_since, created_at))
) STRICT;
CREATE UNIQUE INDEX ticket_active ON ticket (conversation_id)
  WHERE status IN ('open', 'claimed');
CREATE INDEX ticket_conversation ON ticket (conversation_id);
CREATE INDEX ticket_inbox ON ticket (status, rank, idle, since);
CREATE INDEX ticket_order ON ticket (rank, idle, since);
CREATE INDEX ticket_created ON ticket (created_at);
CREATE INDEX ticket_resolved ON ticket (resolved_at) WHERE resolved_at IS NOT NULL;
CREATE INDEX ticket_owner ON ticket (owner_id, status);
CREATE TABLE correction (
  id TEXT NOT NULL UNIQUE,
  message_id TEXT NOT NULL REFERENCES message (id) ON DELETE CASCADE,
  operator_id TEXT NOT NULL REFERENCES operator,
  intent TEXT,
  sentiment TEXT,
  template TEXT,
  at TEXT NOT NULL
) STRICT;
CREATE INDEX correction_message ON correction (message_id);
"""

# No foreign keys: an example may name "out_of_scope", and one that came from a correction
# outlives both its message and its intent.
CONTENT = """
CREATE TABLE intent (
  name TEXT PRIMARY KEY,
  "group" TEXT NOT NULL,
  title TEXT NOT NULL,
  description TEXT NOT NULL,
  slots TEXT NOT NULL,
  action TEXT NOT NULL,
  priority TEXT NOT NULL
) STRICT;
CREATE TABLE template (
  name TEXT PRIMARY KEY,
  intent TEXT NOT NULL,
  text TEXT NOT NULL,
  sentiment TEXT
) STRICT;
CREATE INDEX template_intent ON template (intent);
CREATE TABLE example (
  id TEXT PRIMARY KEY,
  text TEXT NOT NULL,
  intent TEXT,
  sentiment TEXT,
  entities TEXT,
  split TEXT,
  source TEXT NOT NULL,
  message_id TEXT,
  operator_id TEXT,
  at TEXT NOT NULL
) STRICT;
CREATE INDEX example_intent ON example (intent);
CREATE UNIQUE INDEX example_correction ON example (message_id)
  WHERE source = 'correction' AND message_id IS NOT NULL;
CREATE TABLE article (
  id TEXT PRIMARY KEY,
  title TEXT NOT NULL,
  text TEXT NOT NULL,
  intents TEXT NOT NULL,
  updated_at TEXT NOT NULL
) STRICT;
CREATE TABLE golden_case (
  text TEXT NOT NULL,
  intent TEXT NOT NULL,
  action TEXT NOT NULL
) STRICT;
CREATE TABLE desk_setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE content_state (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  revision INTEGER NOT NULL
) STRICT;
INSERT INTO content_state (id, revision) VALUES (1, 0);
CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
"""


def m001_schema(db: Database) -> None:
    """The tables of the first version."""
    for statements in (PEOPLE, CONVERSATIONS, TICKETS, CONTENT):
        db.executescript(statements)


def m002_closed_tickets_last(db: Database) -> None:
    """The whole inbox, by priority, begins with what somebody must still do."""
    db.execute("DROP INDEX ticket_order")
    db.execute(
        "CREATE INDEX ticket_order ON ticket"
        " (status IN ('returned', 'resolved'), rank, idle, since)"
    )


def m003_erasures(db: Database) -> None:
    """That customers were erased; ``texts`` are fingerprints, dropped after a week."""
    db.execute(
        "CREATE TABLE erasure (id TEXT PRIMARY KEY, at TEXT NOT NULL, erased_by TEXT NOT NULL,"
        " counts TEXT NOT NULL, texts TEXT, finished_at TEXT) STRICT"
    )
