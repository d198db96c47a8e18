"""What the console and the widget came to need: inbox, history, canned replies, devices."""

from sqlite_utils import Database

from service.sqlite.inbox_schema import INBOX


def m009_inbox(db: Database) -> None:
    """Tickets that wait, are put off, tagged and found; the operators' saved views."""
    for statements in INBOX:
        db.executescript(statements)


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
