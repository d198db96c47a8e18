"""How words are found in tickets' conversations, and shown where they are.

Words are looked up in an index of trigrams, which finds them anywhere in a text: within a compound,
in Chinese, half typed. One of two Chinese characters is what a handful of trigrams begin with. Of
two letters that would be too many, so these are looked for in the texts themselves. Only reads;
used by the inbox.
"""

import sqlite3
from collections import Counter
from collections.abc import Sequence

from service.records.tickets import Found

SHORTEST = 3  # characters of a trigram
MOST_TERMS = 400  # that a shorter word may begin
LAST = chr(0x10FFFF)
SHOWN = 160  # characters of a text that a row shows
BEFORE = 40  # of them before the first hit
NUMBERS = 20  # bits of a hit that are the message's number; the others are its conversation's place

INDEXED = """
SELECT rowid >> 20 AS place, max(rowid) AS hit FROM search WHERE search MATCH {word} GROUP BY 1
"""
SCANNED = r"""
SELECT place, max(hit) AS hit FROM (
  SELECT p.id AS place, (p.id << 20) | m.seq AS hit FROM message AS m
    JOIN search_place AS p ON p.conversation_id = m.conversation_id
    WHERE m.text LIKE {word} ESCAPE '\'
  UNION ALL SELECT id, id << 20 FROM search_place WHERE about LIKE {word} ESCAPE '\'
) GROUP BY 1
"""
BEGINNING = "SELECT term FROM search_vocab WHERE term >= ? AND term < ? LIMIT ?"
MESSAGE = "SELECT text, author, note, at FROM message WHERE conversation_id = ? AND seq = ?"
ABOUT = "SELECT about FROM search_place WHERE conversation_id = ?"


def hits_of(db: sqlite3.Connection, words: Sequence[str]) -> tuple[str, dict[str, object]]:
    """SQL that puts before a query a table ``matched`` of conversations that have all words, each
    anywhere, with ``hit0``, ``hit1``, … that say where; and the parameters.

    The joins are crossed, which SQLite takes as an order: it cannot know how few the hits are, and
    would rather walk through all tickets for each.
    """
    tables, joins, values = [], [], {}
    for n, word in enumerate(words):
        looked_up = _looked_up(db, word)
        values[f"word{n}"] = looked_up or _pattern(word)
        sql = (INDEXED if looked_up else SCANNED).format(word=f":word{n}")
        tables.append(f"h{n} AS MATERIALIZED ({sql})")
        joins.append(f"CROSS JOIN h{n} ON h{n}.place = h0.place" if n else "FROM h0")
    hits = ", ".join(f"h{n}.hit AS hit{n}" for n in range(len(words)))
    places = "CROSS JOIN search_place AS p ON p.id = h0.place"
    matched = f"SELECT p.conversation_id, {hits} {' '.join(joins)} {places}"
    tables.append(f"matched AS MATERIALIZED ({matched})")
    return f"WITH {', '.join(tables)}", dict(values)


def hit_of(hits: Sequence[int]) -> int:
    """The hit to show: where most words are, the newest among equals."""
    counted = Counter(hits)
    return max(counted, key=lambda hit: (counted[hit], hit))


def found_in(
    db: sqlite3.Connection, ticket: sqlite3.Row, hit: int, words: Sequence[str]
) -> Found | None:
    """What a row shows of a hit; none if it is gone by now."""
    number = hit & ((1 << NUMBERS) - 1)
    if number:
        row = db.execute(MESSAGE, (ticket["conversation_id"], number)).fetchone()
        if row is None:
            return None
        return Found(
            "note" if row["note"] else "message",
            pieces_of(row["text"], words),
            row["author"],
            row["at"],
        )
    if any(has(ticket["subject"], word) for word in words):
        return Found("subject", pieces_of(ticket["subject"], words))
    row = db.execute(ABOUT, (ticket["conversation_id"],)).fetchone()
    lines = row["about"].split("\n") if row else []
    line = next((line for line in lines if any(has(line, word) for word in words)), None)
    if line is None:
        return None
    return Found("customer" if line in lines[:3] else "tag", pieces_of(line, words))


def has(text: str, word: str) -> bool:
    """Whether a text holds a word, as the index compares."""
    return word.lower() in text.lower()


def pieces_of(text: str, words: Sequence[str]) -> tuple[tuple[str, bool], ...]:
    """The part of a text around its first hit, cut into what is a hit and what is not."""
    line = " ".join(text.split())
    lower = line.lower()
    if len(lower) != len(line):  # a letter whose small form is longer, so that places would differ
        return ((line[:SHOWN], False),)
    marks = sorted({span for word in words for span in _spans(lower, " ".join(word.split()))})
    start = max(0, marks[0][0] - BEFORE) if marks and marks[0][1] > SHOWN - BEFORE else 0
    end = min(len(line), start + SHOWN)
    pieces: list[tuple[str, bool]] = [("…", False)] if start else []
    at = start
    for first, last in marks:
        if first >= end:
            break
        if last <= at:
            continue
        begins, ends = max(first, at), min(last, end)
        pieces += [(line[at:begins], False)] if begins > at else []
        pieces.append((line[begins:ends], True))
        at = ends
    pieces += [(line[at:end], False)] if at < end else []
    return (*pieces, ("…", False)) if end < len(line) else tuple(pieces)


def _spans(text: str, word: str) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    at = text.find(word.lower())
    while at >= 0 and len(spans) < SHOWN:
        spans.append((at, at + len(word)))
        at = text.find(word.lower(), at + len(word))
    return spans


def _looked_up(db: sqlite3.Connection, word: str) -> str | None:
    """What finds a word in the index; none when it is shorter than what the index holds and begins
    too much of it."""
    if len(word) >= SHORTEST:
        return _quoted(word)
    if word.isascii():
        return None
    start = word.lower()
    terms = db.execute(BEGINNING, (start, start + LAST, MOST_TERMS + 1)).fetchall()
    if len(terms) > MOST_TERMS:
        return None
    return " OR ".join(_quoted(row["term"]) for row in terms) or _quoted(start + LAST + LAST)


def _quoted(word: str) -> str:
    """A word for the index, which nothing in it can make a query of its own."""
    return '"' + word.replace('"', '""') + '"'


def _pattern(word: str) -> str:
    """``word`` anywhere in a text, its own wildcards taken literally."""
    literal = word.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    return f"%{literal}%"
