"""Tables of the inbox beyond the tickets themselves: tags, saved views, and the search index.

Applied by one migration and never changed after its release. The index holds tickets' conversations
only, so that a customer whom the desk answers costs nothing. Triggers keep it, in the transaction
of whatever changes: nobody who writes can forget it.
"""

# `base` is what was read, `priority` what waiting and the policy have made of it. `look_at` is when
# the clock next changes something (service.urgency).
TICKET_COLUMNS = """
ALTER TABLE ticket ADD COLUMN base TEXT NOT NULL DEFAULT 'normal'
  CHECK (base IN ('low', 'normal', 'high', 'urgent'));
ALTER TABLE ticket ADD COLUMN raised TEXT;
ALTER TABLE ticket ADD COLUMN reopened_at TEXT;
ALTER TABLE ticket ADD COLUMN snoozed_until TEXT;
ALTER TABLE ticket ADD COLUMN merged_into TEXT REFERENCES ticket ON DELETE SET NULL;
ALTER TABLE ticket ADD COLUMN reply_warn_at TEXT;
ALTER TABLE ticket ADD COLUMN reply_due_at TEXT;
ALTER TABLE ticket ADD COLUMN resolve_warn_at TEXT;
ALTER TABLE ticket ADD COLUMN resolve_due_at TEXT;
ALTER TABLE ticket ADD COLUMN look_at TEXT;
UPDATE ticket SET base = priority, look_at = iif(status IN ('open', 'claimed'), '', NULL);
CREATE INDEX ticket_look ON ticket (look_at) WHERE look_at IS NOT NULL;
CREATE INDEX ticket_merged ON ticket (merged_into) WHERE merged_into IS NOT NULL;
"""

TAGS = """
CREATE TABLE tag (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL UNIQUE,
  color TEXT NOT NULL,
  created_at TEXT NOT NULL
) STRICT;
CREATE TABLE ticket_tag (
  ticket_id TEXT NOT NULL REFERENCES ticket ON DELETE CASCADE,
  tag_id TEXT NOT NULL REFERENCES tag ON DELETE CASCADE,
  PRIMARY KEY (ticket_id, tag_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX ticket_tag_tag ON ticket_tag (tag_id);
"""

VIEWS = """
CREATE TABLE saved_view (
  id TEXT PRIMARY KEY,
  operator_id TEXT NOT NULL REFERENCES operator,
  shared INTEGER NOT NULL CHECK (shared IN (0, 1)),
  name TEXT NOT NULL,
  q TEXT NOT NULL,
  sort TEXT NOT NULL,
  place INTEGER NOT NULL,
  created_at TEXT NOT NULL
) STRICT;
CREATE INDEX saved_view_place ON saved_view (shared, operator_id, place);
"""

# A row of `search` is one message, or with the number 0 what is true of the whole conversation:
# names, subjects, tags. Its rowid is the conversation's place and the message's number in it. The
# index keeps no texts (content=''), so to take one out the old text must be given. Two line ends
# after each text let every character of it begin a trigram, also its last two.
PLACES = """
CREATE TABLE search_place (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  conversation_id TEXT NOT NULL UNIQUE REFERENCES conversation ON DELETE CASCADE,
  about TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE VIRTUAL TABLE search USING fts5 (text, content = '', tokenize = 'trigram');
CREATE VIRTUAL TABLE search_vocab USING fts5vocab (search, row);
CREATE VIEW search_about AS
SELECT v.id AS conversation_id, ifnull(c.name, '') || char(10) || ifnull(c.email, '') || char(10)
  || ifnull(c.identifier, '') || char(10)
  || ifnull((SELECT group_concat(t.subject, char(10)) FROM ticket AS t
    WHERE t.conversation_id = v.id), '') || char(10)
  || ifnull((SELECT group_concat(g.name, char(10)) FROM ticket AS t
    JOIN ticket_tag AS x ON x.ticket_id = t.id JOIN tag AS g ON g.id = x.tag_id
    WHERE t.conversation_id = v.id), '') AS about
FROM conversation AS v LEFT JOIN customer AS c ON c.id = v.customer_id;
"""
RENEW = """
  UPDATE search_place SET about =
    (SELECT a.about FROM search_about AS a WHERE a.conversation_id = search_place.conversation_id)
  WHERE conversation_id {which};
"""
OF_TICKET = "= (SELECT conversation_id FROM ticket WHERE id = {row}.ticket_id)"
OF_TAG = """IN (SELECT t.conversation_id FROM ticket AS t JOIN ticket_tag AS x ON x.ticket_id = t.id
    WHERE x.tag_id = new.id)"""
OF_CUSTOMER = "IN (SELECT id FROM conversation WHERE customer_id = new.id)"
END = "|| char(10, 10)"
TRIGGERS = f"""
CREATE TRIGGER search_place_made AFTER INSERT ON search_place BEGIN
  INSERT INTO search (rowid, text) VALUES (new.id << 20, new.about {END});
  INSERT INTO search (rowid, text) SELECT (new.id << 20) | m.seq, m.text {END}
    FROM message AS m WHERE m.conversation_id = new.conversation_id;
END;
CREATE TRIGGER search_place_changed AFTER UPDATE OF about ON search_place
WHEN old.about <> new.about BEGIN
  INSERT INTO search (search, rowid, text) VALUES ('delete', old.id << 20, old.about {END});
  INSERT INTO search (rowid, text) VALUES (new.id << 20, new.about {END});
END;
CREATE TRIGGER search_place_gone BEFORE DELETE ON search_place BEGIN
  INSERT INTO search (search, rowid, text) SELECT 'delete',
    (old.id << 20) | m.seq, m.text {END}
    FROM message AS m WHERE m.conversation_id = old.conversation_id;
  INSERT INTO search (search, rowid, text) VALUES ('delete', old.id << 20, old.about {END});
END;
CREATE TRIGGER search_conversation_gone BEFORE DELETE ON conversation BEGIN
  DELETE FROM search_place WHERE conversation_id = old.id;
END;
CREATE TRIGGER search_message_made AFTER INSERT ON message BEGIN
  INSERT INTO search (rowid, text) SELECT (p.id << 20) | new.seq, new.text {END}
    FROM search_place AS p WHERE p.conversation_id = new.conversation_id;
END;
CREATE TRIGGER search_message_changed AFTER UPDATE OF text ON message
WHEN old.text <> new.text BEGIN
  INSERT INTO search (search, rowid, text) SELECT 'delete',
    (p.id << 20) | old.seq, old.text {END}
    FROM search_place AS p WHERE p.conversation_id = old.conversation_id;
  INSERT INTO search (rowid, text) SELECT (p.id << 20) | new.seq, new.text {END}
    FROM search_place AS p WHERE p.conversation_id = new.conversation_id;
END;
CREATE TRIGGER search_message_gone BEFORE DELETE ON message BEGIN
  INSERT INTO search (search, rowid, text) SELECT 'delete',
    (p.id << 20) | old.seq, old.text {END}
    FROM search_place AS p WHERE p.conversation_id = old.conversation_id;
END;
CREATE TRIGGER search_ticket_made AFTER INSERT ON ticket BEGIN
  INSERT INTO search_place (conversation_id, about) SELECT a.conversation_id, a.about
    FROM search_about AS a WHERE a.conversation_id = new.conversation_id
    AND NOT EXISTS (SELECT 1 FROM search_place WHERE conversation_id = new.conversation_id);
{RENEW.format(which="= new.conversation_id")}
END;
CREATE TRIGGER search_ticket_changed AFTER UPDATE OF subject ON ticket BEGIN
{RENEW.format(which="= new.conversation_id")}
END;
CREATE TRIGGER search_tag_given AFTER INSERT ON ticket_tag BEGIN
{RENEW.format(which=OF_TICKET.format(row="new"))}
END;
CREATE TRIGGER search_tag_taken AFTER DELETE ON ticket_tag BEGIN
{RENEW.format(which=OF_TICKET.format(row="old"))}
END;
CREATE TRIGGER search_tag_changed AFTER UPDATE OF name ON tag BEGIN
{RENEW.format(which=OF_TAG)}
END;
CREATE TRIGGER search_customer_changed AFTER UPDATE OF name, email, identifier ON customer BEGIN
{RENEW.format(which=OF_CUSTOMER)}
END;
"""  # noqa: S608
# What an old database has is indexed by the trigger of the table that this fills.
FILL = """
INSERT INTO search_place (conversation_id, about) SELECT a.conversation_id, a.about
FROM search_about AS a WHERE a.conversation_id IN (SELECT conversation_id FROM ticket);
"""

INBOX = (TICKET_COLUMNS, TAGS, VIEWS, PLACES, TRIGGERS, FILL)
