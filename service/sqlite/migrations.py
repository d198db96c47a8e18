"""The schema and its history; ``SqliteStore.open`` applies what is missing, under a lock.

A migration that was released is never edited: add another one below it. Times are UTC ISO 8601
text of one width, so that they compare as text. Removing a conversation removes everything that
was said in it. All that is missing is one transaction, which ``Database.executescript`` keeps open
(sqlite-utils from 4.0; ``sqlite3``'s own would commit it).
"""

from sqlite_utils import Database, Migrations

from index.alike import alike_key
from service.sqlite.inbox_schema import INBOX
from service.sqlite.label_rows import contest

MIGRATIONS = Migrations("frontdesk")

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


@MIGRATIONS()
def m001_schema(db: Database) -> None:
    """The tables of the first version."""
    for statements in (PEOPLE, CONVERSATIONS, TICKETS, CONTENT):
        db.executescript(statements)


@MIGRATIONS()
def m002_closed_tickets_last(db: Database) -> None:
    """The whole inbox, by priority, begins with what somebody must still do."""
    db.execute("DROP INDEX ticket_order")
    db.execute(
        "CREATE INDEX ticket_order ON ticket"
        " (status IN ('returned', 'resolved'), rank, idle, since)"
    )


@MIGRATIONS()
def m003_erasures(db: Database) -> None:
    """That customers were erased; ``texts`` are fingerprints, dropped after a week."""
    db.execute(
        "CREATE TABLE erasure (id TEXT PRIMARY KEY, at TEXT NOT NULL, erased_by TEXT NOT NULL,"
        " counts TEXT NOT NULL, texts TEXT, finished_at TEXT) STRICT"
    )


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


@MIGRATIONS()
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


@MIGRATIONS()
def m005_proposals(db: Database) -> None:
    """What waits for a person's decision; the text of a message is not copied, and goes with it."""
    db.executescript(PROPOSALS)


@MIGRATIONS()
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


@MIGRATIONS()
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


@MIGRATIONS()
def m008_accounts(db: Database) -> None:
    """Three roles; sessions and tokens that can be told apart; a second factor; the audit log."""
    for statements in (ROLES, ACCOUNTS, AUDIT):
        db.executescript(statements)
    for word in ("UPDATE", "DELETE"):
        db.execute(AUDIT_KEPT.format(word=word))


@MIGRATIONS()
def m009_inbox(db: Database) -> None:
    """Tickets that wait, are put off, tagged and found; the operators' saved views."""
    for statements in INBOX:
        db.executescript(statements)


@MIGRATIONS()
def m010_content_history(db: Database) -> None:
    """Every change of content, kept; golden cases get ids, by which they are edited.

    ``message_id`` is the message that an example came from: erasing that removes the change, too.
    """
    db.executescript("""
    CREATE TABLE content_change (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      kind TEXT NOT NULL
        CHECK (kind IN ('intent', 'template', 'example', 'article', 'golden_case', 'facts')),
      name TEXT NOT NULL,
      before TEXT,
      after TEXT,
      message_id TEXT,
      operator_id TEXT REFERENCES operator,
      at TEXT NOT NULL
    ) STRICT;
    CREATE INDEX content_change_item ON content_change (kind, name, id);
    CREATE INDEX content_change_message ON content_change (message_id)
      WHERE message_id IS NOT NULL;
    ALTER TABLE golden_case ADD COLUMN id TEXT NOT NULL DEFAULT '';
    UPDATE golden_case SET id = 'gld_' || lower(hex(randomblob(11)));
    CREATE UNIQUE INDEX golden_case_id ON golden_case (id);
    CREATE INDEX message_template ON message (template, at) WHERE template IS NOT NULL;
    """)


@MIGRATIONS()
def m011_canned_replies_and_presence(db: Database) -> None:
    """Replies that operators keep for themselves or the team; who looks and who writes right now.

    The last two hold nobody's words, and a row for a few seconds only.
    """
    db.executescript("""
    CREATE TABLE canned_reply (
      id TEXT PRIMARY KEY,
      owner_id TEXT REFERENCES operator ON DELETE CASCADE,
      name TEXT NOT NULL,
      name_key TEXT NOT NULL,
      text TEXT NOT NULL,
      updated_at TEXT NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX canned_reply_name ON canned_reply (ifnull(owner_id, ''), name_key);
    CREATE TABLE presence (
      operator_id TEXT NOT NULL REFERENCES operator ON DELETE CASCADE,
      tab TEXT NOT NULL,
      ticket_id TEXT NOT NULL REFERENCES ticket ON DELETE CASCADE,
      state TEXT NOT NULL CHECK (state IN ('looking', 'writing', 'noting')),
      until TEXT NOT NULL,
      PRIMARY KEY (operator_id, tab)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX presence_ticket ON presence (ticket_id);
    CREATE TABLE typing (
      conversation_id TEXT PRIMARY KEY REFERENCES conversation ON DELETE CASCADE,
      until TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    """)


@MIGRATIONS()
def m012_conversation_tokens(db: Database) -> None:
    """Tokens of the devices on which a conversation was resumed; the first is in its own row."""
    db.executescript(
        """
        CREATE TABLE conversation_token (
          token_hash TEXT NOT NULL UNIQUE,
          conversation_id TEXT NOT NULL REFERENCES conversation ON DELETE CASCADE,
          created_at TEXT NOT NULL
        ) STRICT;
        CREATE INDEX conversation_token_conversation ON conversation_token (conversation_id);
        """
    )


@MIGRATIONS()
def m013_webhooks(db: Database) -> None:
    """Who hears of what, what is on its way to them, and how the tries went.

    A delivery holds ids and labels; what belongs to a conversation goes with it, answers that quote
    it, too. It waits only in its webhook's own epoch: the next one gives up all of them at once.
    """
    db.executescript(
        """
        CREATE TABLE webhook (
          id TEXT PRIMARY KEY,
          address TEXT NOT NULL,
          description TEXT NOT NULL,
          events TEXT NOT NULL,
          with_texts INTEGER NOT NULL,
          active INTEGER NOT NULL,
          stopped TEXT NOT NULL CHECK (stopped IN ('', 'gone', 'failing')),
          failing_since TEXT,
          failures INTEGER NOT NULL DEFAULT 0,
          rest_until TEXT,
          epoch INTEGER NOT NULL DEFAULT 0,
          removed_at TEXT,
          secret TEXT NOT NULL,
          old_secret TEXT,
          old_secret_until TEXT,
          created_at TEXT NOT NULL,
          updated_at TEXT NOT NULL
        ) STRICT;
        CREATE TABLE webhook_delivery (
          place INTEGER PRIMARY KEY AUTOINCREMENT,
          id TEXT NOT NULL UNIQUE,
          webhook_id TEXT NOT NULL REFERENCES webhook ON DELETE CASCADE,
          conversation_id TEXT REFERENCES conversation ON DELETE CASCADE,
          epoch INTEGER NOT NULL,
          event TEXT NOT NULL,
          body TEXT NOT NULL,
          state TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'failed')),
          failures INTEGER NOT NULL,
          created_at TEXT NOT NULL,
          begun_at TEXT NOT NULL,
          next_at TEXT
        ) STRICT;
        CREATE INDEX webhook_delivery_log ON webhook_delivery (webhook_id, place);
        CREATE INDEX webhook_delivery_failed ON webhook_delivery (webhook_id, place)
          WHERE (state = 'failed' OR failures > 0);
        CREATE INDEX webhook_delivery_due ON webhook_delivery (webhook_id, epoch, next_at)
          WHERE next_at IS NOT NULL;
        CREATE INDEX webhook_delivery_over ON webhook_delivery (created_at) WHERE next_at IS NULL;
        CREATE INDEX webhook_delivery_conversation ON webhook_delivery (conversation_id)
          WHERE conversation_id IS NOT NULL;
        CREATE TABLE webhook_try (
          delivery_id TEXT NOT NULL REFERENCES webhook_delivery (id) ON DELETE CASCADE,
          number INTEGER NOT NULL,
          at TEXT NOT NULL,
          status INTEGER,
          problem TEXT NOT NULL,
          answer TEXT NOT NULL,
          took_ms INTEGER NOT NULL,
          PRIMARY KEY (delivery_id, number)
        ) STRICT, WITHOUT ROWID;
        """
    )


@MIGRATIONS()
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


@MIGRATIONS()
def m016_resolved_by(db: Database) -> None:
    """Who resolved a ticket, who need not have owned it. Of older ones only the owner is known."""
    db.executescript(
        """
        ALTER TABLE ticket ADD COLUMN resolved_by TEXT REFERENCES operator;
        UPDATE ticket SET resolved_by = owner_id WHERE resolved_at IS NOT NULL;
        """
    )


@MIGRATIONS()
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
