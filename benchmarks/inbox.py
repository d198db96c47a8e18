"""How long the inbox takes: 5,000 tickets with 100,000 messages, listed, filtered and searched.

``python -m benchmarks.inbox [--tickets N] [--messages M]`` makes a desk in a temporary folder and
prints the milliseconds of each query, the best of five, as the store answers it (HTTP adds the JSON
of a page). Texts are invented, in English, German and Chinese.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from service.inbox_query import parse_query
from service.sqlite.base import iso
from service.sqlite.ids import new_id
from service.sqlite.store import SqliteStore

ENGLISH = (
    *("where", "is", "my", "parcel", "order", "refund", "broken", "late"),
    *("please", "help", "the", "jacket", "return", "money", "when"),
)
GERMAN = (
    *("Wo", "bleibt", "meine", "Expresslieferung", "Rücksendeetikett"),
    *("Bestellung", "Kundenkonto", "bitte", "defekt"),
)
CHINESE = ("我的包裹在哪里", "我要退款", "商品坏了", "请问什么时候送货", "订单号")
QUERIES = (
    "",
    "status:active owner:none",
    "is:unanswered -tag:vip",
    "waiting:2h sentiment:negative",
    "refund",
    "the",
    "lieferung",
    "退款",
    "包裹在",
    "ok",
    "refund status:active -is:snoozed",
    "refund parcel status:open",
    "refund parcel status:active -is:snoozed",
    "customer 4711",
    "KM-4829",
    "nothing-has-this",
)
ROUNDS = 5


def make(store: SqliteStore, tickets: int, messages: int, seed: int = 1) -> None:
    """Fill an empty desk; the rows are as the store writes them, without the turns' traces."""
    chance = random.Random(seed)
    begun = datetime.now(UTC) - timedelta(days=2)
    each = messages // tickets
    with store._writing() as write:
        db = write.connection
        for n in range(tickets):
            at = iso(begun + timedelta(seconds=30 * n))
            customer, conversation = new_id("cus"), new_id("cnv")
            db.execute(
                "INSERT INTO customer VALUES (?, NULL, ?, ?, 0, ?)",
                (customer, f"Customer {n}", f"c{n}@mail.example", at),
            )
            db.execute(
                "INSERT INTO conversation VALUES (?, ?, 'h', 'waiting', 0, 'en', '{}', ?, ?, ?)",
                (conversation, customer, each, at, at),
            )
            db.executemany(
                "INSERT INTO message (id, conversation_id, seq, author, text, at)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (
                    (new_id("msg"), conversation, k + 1, ("customer", "operator")[k % 2], text, at)
                    for k, text in zip(range(each), _texts(chance), strict=False)
                ),
            )
            db.execute(
                "INSERT INTO ticket (id, conversation_id, status, priority, base, reason, subject,"
                " sentiment, created_at, updated_at, last_text, last_author, unanswered_since)"
                " VALUES (?, ?, ?, ?, 'normal', 'unclear', ?, ?, ?, ?, 'text', 'customer', ?)",
                (
                    *(new_id("tkt"), conversation, chance.choice(("open", "open", "resolved"))),
                    chance.choice(("normal", "high", "urgent")),
                    *(f"Subject {n}", chance.choice(("negative", "neutral")), at, at),
                    chance.choice((at, None)),
                ),
            )


def _texts(chance: random.Random) -> Iterator[str]:
    while True:
        words = chance.choice((ENGLISH, ENGLISH, GERMAN, CHINESE))
        text = " ".join(chance.choice(words) for _ in range(chance.randint(4, 30)))
        yield f"{text} KM-{chance.randrange(10**6):06d}"


def measure(store: SqliteStore) -> dict[str, tuple[float, int]]:
    """Milliseconds and number of tickets by query; the first 100 by priority."""
    took = {}
    for q in QUERIES:
        best, found = float("inf"), 0
        for _ in range(ROUNDS):
            start = time.perf_counter()
            found = len(store.find_tickets(parse_query(q)))
            best = min(best, time.perf_counter() - start)
        took[q] = 1000 * best, found
    return took


def main() -> None:
    """Make a desk, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tickets", type=int, default=5000)
    parser.add_argument("--messages", type=int, default=100_000)
    asked = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(SqliteStore.open(Path(folder) / "desk.db")) as store,
    ):
        start = time.perf_counter()
        make(store, asked.tickets, asked.messages)
        print(f"made in {time.perf_counter() - start:.1f} s")
        start = time.perf_counter()
        while store.tick_tickets():
            pass
        print(f"the first look at every ticket: {time.perf_counter() - start:.1f} s")
        for q, (milliseconds, found) in measure(store).items():
            print(f"{milliseconds:7.1f} ms  {found:4d}  {q or '(the whole inbox)'}")
        start = time.perf_counter()
        store.inbox_counts("opr_nobody")
        print(f"{1000 * (time.perf_counter() - start):7.1f} ms        the side bar's counts")


if __name__ == "__main__":
    main()
