"""A starter desk with two weeks behind it, for pictures and for looking at: read by its real model.

Customers write the starter's held-out texts, operators look after what is handed over, some rate.
The same seed gives the same two weeks, which end at the present moment.
"""

import json
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from conftest import PASSWORD_HASH
from drafts import Clock
from service.app import open_parts
from service.config import Config
from service.desk import Desk
from service.engine import Engines
from service.records.people import Operator
from service.records.tickets import Ticket, TicketChange
from service.sqlite.store import SqliteStore
from service.store import Store

STARTER = Path(__file__).parent.parent / "service" / "starter"
DAYS = 14
READY_SECONDS = 120
PEOPLE = (
    *("Nora Feld", "Amir Haddad", "Lin Wei", "Tomás Prieto", "Élodie Marchand", "Jonas Brandt"),
    *("Priya Nair", "Sam Okafor", "Greta Lindqvist", "Yusuf Kaya", "Maeve Brennan", "Ivo Petrov"),
)
SAID = (
    "Thank you for your patience. I have looked it up: your parcel leaves our warehouse today.",
    "I am sorry about that. A new one is on its way, and you need not send the old one back.",
    "I have put the refund through; it takes three working days until it is in your account.",
    "You are right, that page was out of date. We have changed it, thank you for telling us.",
)
ANGRY = (
    "Three weeks and STILL no parcel. This is ridiculous!",
    "Nobody answers me, I want my money back right now",
)
TAGS = ("VIP", "damaged", "call back", "warehouse")


def live_through(home: Path) -> None:
    """Play the two weeks in a home that has a release; its database gets people, too."""
    clock, chance = Clock(), random.Random(7)
    clock.time = (datetime.now(UTC) - timedelta(days=DAYS)).replace(hour=8, minute=0)
    store = SqliteStore.open(home / "desk.db", clock=clock)
    people = [
        store.add_operator(f"{name.lower()}@desk.example", name, role, PASSWORD_HASH)
        for name, role in (("Ana", "admin"), ("Ben", "lead"), ("Cleo", "operator"))
    ]
    texts = [*held_out(), *ANGRY]
    with reading(home, store) as desk:
        for day in range(DAYS):
            start = clock.time
            for _ in range(chance.randint(6, 9) if start.weekday() > 4 else chance.randint(14, 22)):
                clock.move(minutes=chance.uniform(8, 45))
                if clock.time > datetime.now(UTC) - timedelta(minutes=30):
                    break
                text = chance.choice(ANGRY if chance.random() < 0.04 * (1 + day // 12) else texts)
                _visit(desk, store, clock, chance, people, text, is_last=day >= DAYS - 2)
            clock.time = start + timedelta(days=1)
    clock.time = datetime.now(UTC)
    store.close()


def held_out() -> list[str]:
    """What the model was not trained on."""
    rows = [json.loads(line) for line in (STARTER / "examples.jsonl").open(encoding="utf-8")]
    golden = [
        json.loads(line)["text"]
        for file in sorted((STARTER / "golden").glob("*.jsonl"))
        for line in file.open(encoding="utf-8")
    ]
    return [row["text"] for row in rows if row.get("split") == "test"] + golden


@contextmanager
def reading(home: Path, store: Store) -> Iterator[Desk]:
    """The desk with its model, in this process."""
    config = Config(home=home)
    engines = Engines(config, store)
    engines.start()
    deadline = time.monotonic() + READY_SECONDS
    while engines.problem and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not engines.problem
    try:
        yield open_parts(config, store, engines).desk
    finally:
        engines.close()


def _visit(
    desk: Desk,
    store: Store,
    clock: Clock,
    chance: random.Random,
    people: list[Operator],
    text: str,
    *,
    is_last: bool,
) -> None:
    """One customer with one question; a ticket of the last days may stay open."""
    who = chance.choice(PEOPLE)
    email = f"{who.split()[0].lower()}@mail.example" if who.isascii() else None
    conversation, _ = store.create_conversation(
        identifier=who if email else None, verified=bool(email), name=who, email=email
    )
    turn = desk.receive(conversation, "1", text)
    if turn.ticket is None:
        if turn.reply and turn.action == "answer" and chance.random() < 0.3:
            helpful = chance.random() < 0.85
            store.record_feedback(conversation.id, turn.reply.id, helpful=helpful)
        return
    _look_after(store, clock, chance, chance.choice(people), turn.ticket, stays=is_last)


def _look_after(
    store: Store,
    clock: Clock,
    chance: random.Random,
    operator: Operator,
    ticket: Ticket,
    *,
    stays: bool,
) -> None:
    if chance.random() < 0.3:
        change = TicketChange("tag", add=(chance.choice(TAGS),))
        store.change_ticket(ticket.id, operator.id, change)
    if stays and chance.random() < 0.7:
        return
    clock.move(minutes=chance.uniform(1, 14))
    store.claim_ticket(ticket.id, operator.id)
    said = chance.choice(SAID)
    store.post_operator_message(ticket.id, operator.id, client_id="a", text=said)
    if stays and chance.random() < 0.5:
        return
    clock.move(minutes=chance.uniform(2, 30))
    store.resolve_ticket(ticket.id, operator.id, None)
    if chance.random() < 0.5:
        last = store.messages(ticket.conversation_id)[-1]
        rating = chance.choices((1, 2, 3, 4, 5), (1, 1, 2, 5, 8))[0]
        store.record_feedback(ticket.conversation_id, last.id, rating=rating)
