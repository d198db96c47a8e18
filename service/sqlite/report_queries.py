"""The statements of `service.sqlite.reports`. All take ``since`` and ``until``; the big tables are
read through indexes on time that hold all that is counted."""

SPAN = "at >= :since AND at < :until"

MESSAGES = f"SELECT author, count(*) FROM message WHERE {SPAN} AND note = 0 GROUP BY author"  # noqa: S608
ACTIONS = f"SELECT action, count(*) FROM turn WHERE {SPAN} GROUP BY action"  # noqa: S608
SENTIMENTS = f"""
SELECT sentiment, count(*) FROM turn WHERE {SPAN} AND sentiment IS NOT NULL GROUP BY sentiment
"""  # noqa: S608
INTENTS = f"""
SELECT intent, count(*) AS turns, sum(action = 'answer') AS answered,
  sum(action IN ('clarify', 'ask')) AS asked, sum(action = 'handoff') AS handed_over,
  sum(action <> 'none') AS decided, sum(ifnull(sentiment = 'negative', 0)) AS negative,
  sum(ifnull(sentiment = 'neutral', 0)) AS neutral,
  sum(ifnull(sentiment = 'positive', 0)) AS positive
FROM turn WHERE {SPAN} AND intent IS NOT NULL
GROUP BY intent ORDER BY turns DESC, intent
"""  # noqa: S608
# By quarters of an hour: no time zone's days begin between them.
QUARTERS = f"""
SELECT substr(at, 1, 13) AS hour, CAST(substr(at, 15, 2) AS INTEGER) / 15 AS quarter,
  count(*), sum(action = 'answer'), sum(action IN ('clarify', 'ask')), sum(action = 'handoff'),
  sum(ifnull(sentiment = 'negative', 0)), sum(ifnull(sentiment = 'neutral', 0)),
  sum(ifnull(sentiment = 'positive', 0))
FROM turn WHERE {SPAN} GROUP BY 1, 2
"""  # noqa: S608
CONVERSATIONS = """
SELECT count(*) FROM conversation WHERE created_at >= :since AND created_at < :until
"""
REASONS = """
SELECT reason, count(*) FROM ticket WHERE created_at >= :since AND created_at < :until
GROUP BY reason ORDER BY count(*) DESC, reason
"""
TICKETS = """
SELECT count(*) AS opened,
  ifnull(sum(status = 'resolved' AND merged_into IS NULL), 0) AS resolved,
  ifnull(sum(merged_into IS NOT NULL), 0) AS merged,
  ifnull(sum(status = 'returned'), 0) AS returned,
  ifnull(sum(status IN ('open', 'claimed')), 0) AS active
FROM ticket WHERE created_at >= :since AND created_at < :until
"""
# Of who replied: the ticket may be another's by now, or nobody's.
FIRST_RESPONSE = """
SELECT (julianday(first_reply_at) - julianday(created_at)) * 86400 AS seconds,
  (SELECT m.operator_id FROM message AS m WHERE m.conversation_id = t.conversation_id
    AND m.at = t.first_reply_at AND m.author = 'operator' AND m.note = 0
    ORDER BY m.seq LIMIT 1) AS operator_id
FROM ticket AS t
WHERE created_at >= :since AND created_at < :until AND first_reply_at IS NOT NULL
"""
RESOLUTION = """
SELECT (julianday(resolved_at) - julianday(created_at)) * 86400 AS seconds FROM ticket
WHERE resolved_at >= :since AND resolved_at < :until AND merged_into IS NULL
"""
RESOLVED = """
SELECT resolved_by, count(*) FROM ticket
WHERE resolved_at >= :since AND resolved_at < :until AND merged_into IS NULL
  AND resolved_by IS NOT NULL
GROUP BY resolved_by
"""
RATINGS = f"""
SELECT count(rating) AS count, avg(rating) AS average, ifnull(sum(helpful = 1), 0) AS helpful,
  ifnull(sum(helpful = 0), 0) AS unhelpful
FROM feedback WHERE {SPAN}
"""  # noqa: S608
STARS = f"""
SELECT rating, count(*) FROM feedback WHERE {SPAN} AND rating IS NOT NULL GROUP BY rating
"""  # noqa: S608
# What somebody said last of the intent of messages that were answered. From the labels, which are
# few, to the turns.
LABELLED = """
SELECT c.message_id, c.intent IS t.intent AS right, max(c.rowid)
FROM correction AS c CROSS JOIN turn AS t ON t.message_id = c.message_id
WHERE c.undone_at IS NULL AND c.intent IS NOT NULL AND c.kind IN ('correction', 'confirmation')
  AND t.action = 'answer' AND t.at >= :since AND t.at < :until
GROUP BY c.message_id
"""
REPLIES = f"""
SELECT operator_id, count(*) AS replies, count(DISTINCT conversation_id) AS conversations
FROM message WHERE {SPAN} AND author = 'operator' AND note = 0 AND operator_id IS NOT NULL
GROUP BY operator_id
"""  # noqa: S608
# Of an operator's own message; of any other, the operator who resolved the ticket before.
RATED = """
SELECT operator_id, count(*) AS count, avg(rating) AS average FROM (
  SELECT f.rating, coalesce(m.operator_id, (
    SELECT t.resolved_by FROM ticket AS t WHERE t.conversation_id = f.conversation_id
      AND t.resolved_at <= f.at ORDER BY t.resolved_at DESC LIMIT 1)) AS operator_id
  FROM feedback AS f JOIN message AS m ON m.id = f.message_id
  WHERE f.at >= :since AND f.at < :until AND f.rating IS NOT NULL
) WHERE operator_id IS NOT NULL GROUP BY operator_id
"""
USED = f"""
SELECT template, count(*) AS used FROM message INDEXED BY message_template
WHERE template IS NOT NULL AND {SPAN} GROUP BY template
"""  # noqa: S608
THUMBS = """
SELECT m.template, ifnull(sum(f.helpful = 1), 0) AS helpful,
  ifnull(sum(f.helpful = 0), 0) AS unhelpful
FROM feedback AS f JOIN message AS m ON m.id = f.message_id
WHERE f.at >= :since AND f.at < :until AND f.helpful IS NOT NULL AND m.template IS NOT NULL
GROUP BY m.template
"""
TEMPLATES = "SELECT name FROM template ORDER BY name"
ALL_INTENTS = "SELECT name FROM intent ORDER BY name"
