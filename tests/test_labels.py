"""Labels over HTTP: undo, conflicts, settling; how often operators agree; which texts are alike."""

import random
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from sqlite_utils import Database

from calls import Caller, Customer, start
from drafts import CONTENT, draft
from index.alike import alike_key
from service.agreement import agreements, distrusted
from service.errors import StoreError
from service.implied import implied
from service.labels import conflicts
from service.records.content import Template
from service.records.labels import Label, ReadAs
from service.records.people import Operator
from service.sqlite.migrations.order import MIGRATIONS
from service.sqlite.store import SqliteStore
from service.store import Store
from test_tickets import TICKETS, ok

API = "/api/v1"


@pytest.fixture
def customer(client: Caller) -> Customer:
    return start(client, customer={"name": "Uma"})


def label(caller: Caller, message: str, **labels: str) -> str:
    made = ok(caller.post(f"{API}/messages/{message}/correction", labels), 201)
    return str(made["correction"]["id"])


def test_undo_takes_the_last_label_back(
    operator: Caller, colleague: Caller, customer: Customer, store: Store
) -> None:
    message = customer.say("will it rain")["message"]["id"]
    path = f"{API}/messages/{message}/correction"
    first, last = (
        label(operator, message, intent="greeting"),
        label(operator, message, intent="gift_card"),
    )
    assert colleague.delete(f"{path}?label={first}").status_code == 409
    counts = ok(colleague.delete(f"{path}?label={last}"))["correction"]
    assert (counts["id"], counts["intent"], counts["operator"]["name"]) == (
        first,
        "greeting",
        "Olga",
    )
    assert ok(colleague.delete(path))["correction"] is None
    assert colleague.delete(path).status_code == 404
    assert colleague.delete(path, body={"force": True}).status_code == 422
    assert [e for e in store.content().examples if e.source == "correction"] == []


def test_a_conflict_is_shown_at_the_message_until_it_is_settled(
    operator: Caller, colleague: Caller, customer: Customer
) -> None:
    turn = customer.say("a person, my lamp is odd")
    message, ticket = turn["message"]["id"], f"{TICKETS}/{turn['ticket']['id']}"
    label(operator, message, intent="broken_item", sentiment="negative")
    label(colleague, message, intent="return_policy", sentiment="neutral")

    def shown() -> dict[str, object]:
        return next(m for m in ok(operator.get(ticket))["messages"] if m["id"] == message)

    conflict = shown()["conflict"]
    assert conflict == ok(operator.get(f"{API}/labels/conflicts"))["conflicts"][0]
    assert isinstance(conflict, dict)
    assert conflict["fields"] == ["intent", "sentiment"]
    assert [(s["operator"]["name"], s["intent"]) for s in conflict["said"]] == [
        ("Olga", "broken_item"),
        ("Karl", "return_policy"),
    ]
    settle = {"messages": conflict["messages"], "intent": "broken_item"}
    ok(colleague.post(f"{API}/labels/settle", settle), 201)
    assert ok(operator.get(f"{API}/labels/conflicts"))["conflicts"][0]["fields"] == ["sentiment"]
    ok(operator.post(f"{API}/labels/settle", {**settle, "sentiment": "negative"}), 201)
    assert "conflict" not in shown()
    assert shown()["correction"]["kind"] == "correction"
    for wrong in ({}, {"messages": []}, {"messages": [message]}, {**settle, "intent": "gone"}):
        assert operator.post(f"{API}/labels/settle", wrong).status_code == 422
    assert (
        operator.post(f"{API}/labels/settle", {**settle, "messages": ["msg_x"]}).status_code == 404
    )


def test_figures_of_colleagues_are_for_admins(
    operator: Caller, colleague: Caller, admin: Caller, customer: Customer
) -> None:
    message = customer.say("will it rain")["message"]["id"]
    label(operator, message, intent="greeting")
    label(colleague, message, intent="gift_card")
    assert "operators" not in ok(admin.get(f"{API}/labels/conflicts"))
    path = f"{API}/labels/conflicts?operators=yes"
    seen = [ok(caller.get(path))["operators"] for caller in (operator, admin)]
    assert [[each["operator"]["name"] for each in figures] for figures in seen] == [
        ["Olga"],
        ["Karl", "Olga"],
    ]
    assert seen[0][0] | {"operator": {}} == {
        "operator": {},
        "labels": 1,
        "overruled": 1,
        "compared": 1,
        "contradicting": 1,
        "read": 0,  # the desk did not know the intent yet
        "read_otherwise": 0,
        "agreement": 0.0,
        "stands_out": False,
    }


def make(number: int, who: str, text: str, intent: str, message: str = "") -> Label:
    message = message or f"msg_{number}"
    labels = (intent, None, None)
    return Label(f"cor_{number}", message, "cnv", text, "", who, who, "correction", 1, *labels, "")


THINGS = ("lamp", "stove", "tent", "jacket", "boots", "rope", "map", "bottle")
WISHES = {
    "track": "where is the {} that I ordered",
    "refund": "money back for my {} at once",
    "cancel": "please cancel the {} from yesterday",
    "price": "how much does a {} cost today",
}


def test_one_who_labels_wrongly_stands_out_by_name() -> None:
    chance = random.Random(3)
    labels = []
    for number in range(400):
        intent = chance.choice(list(WISHES))
        who = chance.choice(["Ana", "Ben", "Cem", "Dan"])
        said = chance.choice(sorted({*WISHES} - {intent}))
        wrong = chance.random() < (0.2 if who == "Dan" else 0.03)
        text = WISHES[intent].format(chance.choice(THINGS))
        labels.append(make(number, who, text, said if wrong else intent))
    worst, *others = agreements(labels, {})
    assert (worst.operator_name, worst.stands_out) == ("Dan", True)
    assert worst.compared > 50
    assert {other.operator_name for other in others} == {"Ana", "Ben", "Cem"}
    assert not any(other.stands_out for other in others)
    fair = [replace(e, intent="track") if "where" in e.text else e for e in labels]
    assert agreements([e for e in fair if e.operator_id != "Dan"], {})[0].stands_out is False


def test_what_the_desk_read_tells_sooner_who_contradicts_his_colleagues(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On like messages Dan contradicts the others more than they do each other, which may be
    chance; and twice as often as they what the desk had read, with messages as hard as theirs."""
    chance = random.Random(3)
    labels, read = [], {}
    for number in range(480):
        who = ("Ana", "Ben", "Cem", "Dan")[number % 4]
        truth, sure = chance.choice(list(WISHES)), chance.choice([0.3, 0.9, 0.99])
        others = sorted({*WISHES} - {truth})
        said = chance.choice(others) if chance.random() < (0.3 if who == "Dan" else 0.03) else truth
        labels.append(make(number, who, f"{number}", said, f"m{number}"))
        seen = truth if chance.random() < sure else chance.choice(others)
        read[f"m{number}"] = ReadAs(seen, sure, considered=tuple(WISHES))

    def outstanding(contradicting: int, readings: Mapping[str, ReadAs] = read) -> list[str]:
        people = ("Ana", "Ben", "Cem", "Dan")
        counts = Counter(dict.fromkeys(people, 30)), Counter(dict.fromkeys(people, 3))
        counts[1]["Dan"] = contradicting
        monkeypatch.setattr("service.agreement._compare", lambda _: counts)
        return [each.operator_name for each in agreements(labels, readings) if each.stands_out]

    assert outstanding(7) == ["Dan"]
    assert outstanding(7, {}) == []  # could be chance
    assert outstanding(4) == []  # colleagues say nothing against him
    assert outstanding(15, {}) == ["Dan"]
    outstanding(7)
    doubted = distrusted(labels, read)
    assert set(doubted.values()) == {"Dan"}
    assert len(doubted) == 120
    # A colleague's word on the same message counts.
    agreed = [*labels, make(999, "Ana", labels[3].text, "track", labels[3].message_id)]
    assert labels[3].message_id not in distrusted(agreed, read)


def test_who_only_corrects_is_accused_of_nothing() -> None:
    """Neither alone, nor beside one who confirms: neither of them contradicts a colleague."""
    read = {f"m{n}": ReadAs("track", 0.6, considered=tuple(WISHES)) for n in range(100)}
    chance = random.Random(5)
    texts = ["".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=60)) for _ in range(100)]
    corrected = [make(n, "Ben", texts[n], "refund", f"m{n}") for n in range(40)]
    confirmed = [make(n, "Ana", texts[n], "track", f"m{n}") for n in range(40, 80)]
    more = [make(n, "Cem", texts[n], "track", f"m{n}") for n in range(80, 100)]
    for labels in (corrected, [*corrected, *confirmed], [*corrected, *confirmed, *more]):
        found = {each.operator_name: each for each in agreements(labels, read)}
        assert (found["Ben"].read, found["Ben"].read_otherwise) == (40, 40)
        assert not any(each.stands_out for each in found.values())
        assert distrusted(labels, read) == {}


def test_who_left_long_ago_is_known_by_what_he_said_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.agreement.NEWEST", 90)
    chance = random.Random(1)
    labels = []
    for number in range(300):
        who = ("Ana", "Ben", "Dan")[number % 3] if number < 90 else ("Ana", "Ben")[number % 2]
        intent = chance.choice(list(WISHES))
        wrong = who == "Dan" and chance.random() < 0.6
        said = chance.choice(sorted({*WISHES} - {intent})) if wrong else intent
        labels.append(make(number, who, WISHES[intent].format(chance.choice(THINGS)), said))
    found = {each.operator_name: each for each in agreements(labels, {})}
    assert {name: each.labels for name, each in found.items()} == dict.fromkeys(found, 30)
    assert [name for name, each in found.items() if each.stands_out] == ["Dan"]


def test_an_intent_that_the_desk_does_not_know_yet_contradicts_nobody() -> None:
    labels = [make(n, "Lea", f"{n}{n}", "leaking_tent", f"m{n}") for n in range(40)]
    read = {f"m{n}": ReadAs("track", 0.97, considered=("track", "refund")) for n in range(40)}
    assert agreements(labels, read)[0].read == 0
    later = {key: replace(seen, considered=("track", "leaking_tent")) for key, seen in read.items()}
    assert agreements(labels, later)[0].read_otherwise == 40


def test_what_a_colleague_said_later_or_took_back_overrules() -> None:
    text = WISHES["track"]
    said = [
        make(1, "Ana", text, "track", "m1"),
        make(2, "Ben", text, "refund", "m1"),
        replace(make(3, "Ana", text, "price", "m2"), undone_by="Ben"),
        replace(make(4, "Ana", text, "price", "m3"), undone_by="Ana"),
        make(5, "Ben", text, "track", "m4"),
        make(6, "Ana", text, "track", "m4"),
    ]
    figures = {each.operator_name: each for each in agreements(said, {})}
    assert (figures["Ana"].labels, figures["Ana"].overruled) == (3, 2)
    assert (figures["Ben"].labels, figures["Ben"].overruled) == (2, 0)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Where are my parcels?", "where are my parcel", True),
        ("Can't I cancel order KM-12?!", "cant i cancel order km 9", True),
        ("où est ma commande", "ou est ma commande", True),
        ("turn it on", "turn it off", False),
        ("I can pay", "I can't pay", False),
        ("where is my parcel", "my parcel is where", False),
        ("wo sind die Versandkosten", "wo ist der Versandstatus", False),
        ("我想取消订单", "我想取消订阅", False),
        ("??", "!", False),
        ("", "", True),
    ],
)
def test_texts_are_alike_when_only_small_things_differ(one: str, other: str, same: bool) -> None:
    assert (alike_key(one) == alike_key(other)) is same


TEMPLATES = (
    Template("track", "track", "Your order {order} is on its way and arrives within three days."),
    Template("late", "delay", "Your order {order} is late and arrives within three weeks, sorry."),
    Template("hello", "greeting", "Hello there!"),
)


@pytest.mark.parametrize(
    ("text", "taken", "expected"),
    [
        ("Your order KM-1 is on its way and arrives within three days.", "track", "reply"),
        ("Your order KM-1 is on its way and arrives within three days.", None, "takeover"),
        ("Hi Zoe, your order KM-1 is on its way, it arrives within three days!", "track", "reply"),
        ("Hi Zoe, I have asked the carrier and will tell you what they say.", "track", None),
        ("Your order KM-1 is late and arrives within three weeks, sorry.", "track", None),
        ("Your order is on its way.", None, None),
        ("Your order is late and on its way and arrives within three days, sorry.", None, None),
        ("Hello there!", "hello", None),
        ("Hello there!", None, None),
        ("", None, None),
        ("Anything at all.", "gone", None),
    ],
)
def test_a_reply_is_made_of_a_template_or_of_none(
    text: str, taken: str | None, expected: str | None
) -> None:
    found = implied(text, TEMPLATES, taken)
    assert (found.kind if found else None) == expected
    assert found is None or (found.template, found.intent) == ("track", "track")


@pytest.fixture
def old_desk(tmp_path: Path) -> Path:
    """A database of the version before labels had kinds."""
    path = tmp_path / "desk.db"
    with closing(SqliteStore.open(path)) as store:
        ana: Operator = store.add_operator("ana@example.com", "Ana", "operator", "x")
        ben = store.add_operator("ben@example.com", "Ben", "operator", "x")
        store.replace_content(CONTENT)
        conversation, _ = store.create_conversation()
        texts = ("where is it", "where is order 1", "Where is order 22?")
        messages = [
            store.record_turn(draft(conversation.id, str(number), text=text)).message
            for number, text in enumerate(texts)
        ]
    fresh = tmp_path / "fresh.db"
    with closing(Database(fresh)) as db:
        MIGRATIONS.apply(db, stop_before="m004_labels")
        db.execute("ATTACH DATABASE ? AS made", (str(path),))
        for table in ("operator", "conversation", "message", "turn", "intent"):
            had = db.table(table).columns_dict  # by now it has more
            names = ", ".join(f'"{name}"' for name in had)
            db.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM made.{table}")
        for number, (message, who, intent) in enumerate(
            zip(messages, (ana, ana, ben), ("track", "track", "refund"), strict=True)
        ):
            row = (f"cor_{number}", message.id, who.id, intent, "2026-01-01T00:00:00.000Z")
            columns = "id, message_id, operator_id, intent, at"
            db.execute(f"INSERT INTO correction ({columns}) VALUES (?, ?, ?, ?, ?)", row)
            example = (f"exa_{number}", message.text, intent, message.id, who.id, row[-1])
            columns = "id, text, intent, source, message_id, operator_id, at"
            db.execute(
                f"INSERT INTO example ({columns}) VALUES (?, ?, ?, 'correction', ?, ?, ?)", example
            )
        db.conn.commit()
    return fresh


def test_corrections_of_before_are_labels(old_desk: Path) -> None:
    with closing(SqliteStore.open(old_desk)) as store:
        known, *contrary = store.labels()
        assert (known.kind, known.weight, known.intent) == ("correction", 1.0, "track")
        assert known.alike == alike_key(known.text)
        (conflict,) = conflicts(store.labels())
        assert conflict.said == tuple(contrary)
        found = [(e.weight, e.contested) for e in store.content().examples]
        assert found == [(1.0, ()), (1.0, ("intent",)), (1.0, ("intent",))]
        ben = store.operator_by_email("ben@example.com")
        store.correct_message(known.message_id, ben.id, sentiment="negative")
        assert store.undo_label(known.message_id, ben.id) is not None
        assert store.undo_label(known.message_id, ben.id) is None
        assert len(store.content().examples) == 2


def test_a_migration_that_fails_leaves_an_old_desk_as_it_was(
    old_desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = type(MIGRATIONS)("frontdesk")
    failing._migrations = list(MIGRATIONS._migrations)

    @failing()
    def m999_fails(db: Database) -> None:
        db.execute("SELECT nothing FROM nowhere")

    def schema() -> list[object]:
        with closing(Database(old_desk)) as db:
            return db.execute("SELECT sql FROM sqlite_master ORDER BY name").fetchall()

    before = schema()
    monkeypatch.setattr("service.sqlite.store.MIGRATIONS", failing)
    with pytest.raises(StoreError):
        SqliteStore.open(old_desk)
    assert schema() == before
    failing._migrations.pop()
    SqliteStore.open(old_desk).close()
    assert schema() != before


def test_more_than_a_thousand_comparisons_can_be_judged() -> None:
    text = WISHES["track"]
    mine = [make(n, "Ana", text, "refund" if n >= 1040 else "track") for n in range(1100)]
    others = [make(n, who, text, "track") for n, who in enumerate(("Ben", "Cem") * 200, 2000)]
    worst, *_ = agreements(mine + others, {})
    assert (worst.operator_name, worst.compared, worst.contradicting) == ("Ana", 1100, 60)
    assert worst.stands_out
