"""Webhooks and their outbox."""

from sqlite_utils import Database


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
