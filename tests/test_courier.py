"""Webhooks on their way to a real receiver on loopback: once, signed, again, and never in vain."""

import base64
import hashlib
import hmac
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from drafts import Clock, draft, handoff
from live import ROOT, surroundings
from receiver import LOOPBACK, Heard, Receiver, receiving
from service import courier as couriers
from service.audit import AuditQuery
from service.config import Config
from service.courier import Courier
from service.delivering import Delivering
from service.errors import StoreError
from service.outgoing import Answer
from service.sqlite.base import utc_now
from service.sqlite.store import SqliteStore
from service.store import Store
from service.webhooks import EVENTS, KEPT, PAUSES, pause_after, sign


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(couriers, "WAIT_SECONDS", 0.02)
    monkeypatch.setattr("service.webhooks.PAUSES", (0.01,) * 3)


@contextmanager
def delivering(store: Store, seconds: float = 5) -> Iterator[None]:
    """A courier at work, until the block ends."""
    stopped = threading.Event()
    courier = Courier(store, LOOPBACK, seconds)
    thread = threading.Thread(target=courier.run, args=(lambda: not stopped.is_set(),))
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join(30)
        assert not thread.is_alive()


def until(met: Callable[[], object], seconds: float = 30) -> None:
    """Wait for what another thread or process does."""
    deadline = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < deadline
        threading.Event().wait(0.01)


def settled(store: Store, webhook_id: str) -> bool:
    return all(one.state != "waiting" for one in store.deliveries(webhook_id))


def verified(secret: str, heard: Heard) -> bool:
    """As the specification of Standard Webhooks says it, and with nothing of ours."""
    key = base64.b64decode(secret[len("whsec_") :])
    told = heard.headers
    content = b".".join(
        [told["webhook-id"].encode(), told["webhook-timestamp"].encode(), heard.body]
    )
    wanted = base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()
    given = [one.partition(",") for one in told["webhook-signature"].split(" ")]
    return any(version == "v1" and found == wanted for version, _, found in given)


def test_a_signature_is_that_of_the_specification() -> None:
    """The secret, the id, the time and the body of the example in Standard Webhooks."""
    signed = sign(
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_an_event_is_delivered_once_and_signed(store: Store, receiver: Receiver) -> None:
    webhook, secret = store.add_webhook(receiver.address, ["ticket.opened", "message.created"])
    with delivering(store):
        store.record_turn(handoff(store.create_conversation()[0].id))
        receiver.wait_for(3)
        until(lambda: settled(store, webhook.id))
    assert len(receiver.heard) == 3
    assert len({heard.headers["webhook-id"] for heard in receiver.heard}) == 3
    for heard in receiver.heard:
        assert verified(secret, heard)
        assert not verified("whsec_AAAA", heard)
        assert abs(int(heard.headers["webhook-timestamp"]) - time.time()) < 60
        assert heard.headers["content-type"] == "application/json"
    assert sorted(json.loads(heard.body)["type"] for heard in receiver.heard) == [
        *("message.created", "message.created", "ticket.opened"),
    ]


def test_a_new_secret_signs_beside_the_old_one(store: Store, receiver: Receiver) -> None:
    webhook, first = store.add_webhook(receiver.address, ["alarm.began"])
    _, second = store.rotate_webhook_secret(webhook.id)
    with delivering(store):
        store.test_webhook(webhook.id)
        (heard,) = receiver.wait_for(1)
    assert verified(first, heard)
    assert verified(second, heard)
    assert heard.headers["webhook-signature"].count("v1,") == 2


def test_what_fails_is_tried_again_under_the_same_id(store: Store, receiver: Receiver) -> None:
    receiver.statuses, receiver.answer = [500, 503, 302, 200], "no \x00 kö".encode()
    webhook, secret = store.add_webhook(receiver.address, ["alarm.began"])
    with delivering(store):
        delivery_id = store.test_webhook(webhook.id)
        until(lambda: settled(store, webhook.id))
    assert {heard.headers["webhook-id"] for heard in receiver.heard} == {delivery_id}
    assert all(verified(secret, heard) for heard in receiver.heard)
    told = store.delivery(webhook.id, delivery_id)
    assert told.state == "delivered"
    assert [one.status for one in told.tries] == [500, 503, 302, 200]
    assert told.tries[0].answer == "no \ufffd kö"
    assert store.webhook(webhook.id).failing_since is None


def test_who_hangs_is_tried_again_and_then_given_up(store: Store, receiver: Receiver) -> None:
    receiver.hangs()
    webhook, _ = store.add_webhook(receiver.address, ["alarm.began"])
    with delivering(store, seconds=0.1):
        delivery_id = store.test_webhook(webhook.id)
        until(lambda: settled(store, webhook.id))
    told = store.delivery(webhook.id, delivery_id)
    assert (told.state, len(told.tries)) == ("failed", 4)
    assert {one.problem for one in told.tries} == {"no answer within 0 s"}
    assert store.webhook(webhook.id).active  # it was not for days


def test_a_dead_address_holds_nobody_up(store: Store, receiver: Receiver) -> None:
    with receiving() as dead:
        dead.hangs()
        for _ in range(3):
            webhook, _ = store.add_webhook(dead.address, ["alarm.began"])
            for _ in range(9):
                store.test_webhook(webhook.id)
        alive, _ = store.add_webhook(receiver.address, ["alarm.began"])
        with delivering(store):
            dead.wait_for(12)  # four at once of each
            for _ in range(20):
                store.test_webhook(alive.id)
            receiver.wait_for(20)
            until(lambda: settled(store, alive.id))
            assert len(dead.heard) == 12
            dead.free.set()


def test_an_address_that_fails_gets_one_at_a_time(
    store: Store, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.webhooks.PAUSES", (3600,))
    monkeypatch.setattr("service.webhooks.RESTS", (0.01,))
    receiver.statuses = [500]
    first = receiver.hangs()
    webhook, _ = store.add_webhook(receiver.address, ["alarm.began"])
    for _ in range(8):
        store.test_webhook(webhook.id)
    looks: list[int] = []
    known = store.due_webhooks
    monkeypatch.setattr(store, "due_webhooks", lambda: looks.append(1) or known())
    with delivering(store):
        receiver.wait_for(4)
        second = receiver.hangs()
        first.set()
        receiver.wait_for(5)
        looks.clear()
        until(lambda: len(looks) > 5)
        assert len(receiver.heard) == 5
        second.set()
        receiver.wait_for(8)


def test_who_says_gone_is_not_asked_again(store: Store, receiver: Receiver) -> None:
    receiver.statuses = [410]
    webhook, _ = store.add_webhook(receiver.address, tuple(EVENTS))
    with delivering(store):
        store.test_webhook(webhook.id)
        until(lambda: not store.webhook(webhook.id).active)
        store.record_turn(draft(store.create_conversation()[0].id))
    assert store.webhook(webhook.id).stopped == "gone"
    assert store.audit(AuditQuery(deed="webhook.stop"), 1)[0].name == "the desk"
    assert len(receiver.heard) == len(store.deliveries(webhook.id)) == 1


def test_days_of_failure_switch_a_webhook_off(
    store: Store, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver.statuses = [500]
    monkeypatch.setattr(couriers, "FAILING", 0 * KEPT)
    monkeypatch.setattr(couriers, "TRIED", 0 * KEPT)
    webhook, _ = store.add_webhook(receiver.address, ["alarm.began"])
    with delivering(store):
        store.test_webhook(webhook.id)
        until(lambda: not store.webhook(webhook.id).active)
    assert store.webhook(webhook.id).stopped == "failing"


def test_a_black_hole_is_off_after_three_days_however_much_happens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each try takes ten minutes here, in which three things happen: no lane could try them all."""
    clock = Clock()
    store = SqliteStore.open(tmp_path / "desk.db", clock=clock)
    webhook, _ = store.add_webhook("https://hole.example/", ["alarm.began"])
    tries = 0

    def hole(*_: Any) -> Answer:
        nonlocal tries
        tries += 1
        clock.move(minutes=10)
        for _ in range(3):
            store.test_webhook(webhook.id)
        return Answer(None, "no answer within 15 s")

    monkeypatch.setattr(couriers, "post", hole)
    monkeypatch.setattr("service.webhooks.PAUSES", PAUSES)
    courier = Courier(store, (), clock=clock)
    store.test_webhook(webhook.id)
    while store.webhook(webhook.id).active and tries < 600:
        outgoing = courier._take(webhook.id)
        if outgoing:
            courier._deliver(outgoing)
            courier.under_way.clear()
        else:
            clock.move(minutes=1)
    off = store.webhook(webhook.id)
    assert (off.active, off.stopped) == (False, "failing")
    assert timedelta(days=3) <= clock() - Clock()() < timedelta(days=3, hours=1)
    store.close()


def test_no_delivery_is_tried_for_more_than_two_days(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    store = SqliteStore.open(tmp_path / "desk.db", clock=clock)
    webhook, _ = store.add_webhook("https://hole.example/", ["alarm.began"])
    monkeypatch.setattr(couriers, "post", lambda *_: Answer(503, retry_after=86400.0))
    courier = Courier(store, (), clock=clock)
    delivery_id = store.test_webhook(webhook.id)
    for state in ("waiting", "waiting", "failed"):
        outgoing = courier._take(webhook.id)
        assert outgoing
        courier._deliver(outgoing)
        courier.under_way.clear()
        assert store.delivery(webhook.id, delivery_id).state == state
        clock.move(days=1, seconds=1)
    store.close()


def test_how_long_to_wait_is_up_to_who_answers(store: Store, receiver: Receiver) -> None:
    receiver.statuses, receiver.headers = [429], {"Retry-After": "3600"}
    webhook, _ = store.add_webhook(receiver.address, ["alarm.began"])
    with delivering(store):
        delivery_id = store.test_webhook(webhook.id)
        until(lambda: store.delivery(webhook.id, delivery_id).tries)
    told = store.delivery(webhook.id, delivery_id)
    assert told.next_at
    waits = datetime.fromisoformat(told.next_at) - datetime.fromisoformat(told.tries[0].at)
    assert waits.total_seconds() >= 3590
    assert receiver.heard[1:] == []


def test_nothing_is_sent_where_it_may_not_go(store: Store, receiver: Receiver) -> None:
    webhook, _ = store.add_webhook(receiver.address, ["alarm.began"])
    stopped = threading.Event()
    closed = Courier(store, ())
    delivery_id = store.test_webhook(webhook.id)
    thread = threading.Thread(target=closed.run, args=(lambda: not stopped.is_set(),))
    thread.start()
    until(lambda: store.delivery(webhook.id, delivery_id).tries)
    stopped.set()
    thread.join(30)
    assert (
        "127.0.0.1, which is not public" in store.delivery(webhook.id, delivery_id).tries[0].problem
    )
    assert receiver.heard == []


def test_what_is_erased_is_sent_no_more(store: Store, receiver: Receiver) -> None:
    receiver.statuses, receiver.headers = [500], {"Retry-After": "1"}
    webhook, _ = store.add_webhook(receiver.address, ["message.created"], with_texts=True)
    zoe = store.create_conversation(email="zoe@shop.example")[0]
    with delivering(store):
        receiver.hangs()
        store.record_turn(draft(zoe.id, text="my quixotry"))
        receiver.wait_for(2)
        store.erase("zoe@shop.example", "root")
        receiver.free.set()
        until(lambda: not store.due_webhooks())
    assert store.deliveries(webhook.id) == []
    assert len(receiver.heard) == 2


def test_what_goes_wrong_here_ends_nothing(
    store: Store, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that is away, and a defect: the delivery stays due, and is made later."""
    webhook, _ = store.add_webhook(receiver.address, ["alarm.began"])
    noted, looked = store.note_try, store.due_webhooks
    failures: list[Exception] = [ZeroDivisionError(), StoreError("locked")]
    looks: list[Exception] = [ZeroDivisionError(), StoreError("locked")]

    def note_try(*args: Any, **options: Any) -> None:
        if failures:
            raise failures.pop()
        noted(*args, **options)

    def due_webhooks() -> list[tuple[str, int, bool]]:
        if looks:
            raise looks.pop()
        return looked()

    monkeypatch.setattr(store, "note_try", note_try)
    monkeypatch.setattr(store, "due_webhooks", due_webhooks)
    with delivering(store):
        store.test_webhook(webhook.id)
        until(lambda: settled(store, webhook.id))
    assert [heard.headers["webhook-id"] for heard in receiver.heard] == [
        receiver.heard[0].headers["webhook-id"]
    ] * 3


def test_what_cannot_be_noted_is_sent_again_after_longer_and_longer_pauses(
    store: Store, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook, _ = store.add_webhook(receiver.address, ["alarm.began"])

    def note_try(*_: Any, **__: Any) -> None:
        raise StoreError("full")

    monkeypatch.setattr(store, "note_try", note_try)
    looks: list[int] = []
    known = store.due_webhooks
    monkeypatch.setattr(store, "due_webhooks", lambda: looks.append(1) or known())
    with delivering(store):
        store.test_webhook(webhook.id)
        receiver.wait_for(1)
        until(lambda: len(looks) > 30)
        assert len(receiver.heard) < 7


def test_the_log_is_kept_for_thirty_days(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(store, "forget_deliveries", asked.append)
    with delivering(store):
        until(lambda: asked)
    assert asked == [asked[0]]
    assert asked[0][:10] == (utc_now() - KEPT).date().isoformat()


def deliverer(config: Config) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "service", "--home", str(config.home), "deliver"],
        cwd=ROOT,
        env=surroundings(webhook_networks="127.0.0.0/8"),
    )


def test_a_delivery_survives_the_process_that_makes_it(
    store: Store, config: Config, receiver: Receiver
) -> None:
    receiver.hangs()
    webhook, secret = store.add_webhook(receiver.address, ["ticket.opened"])
    first, second = deliverer(config), None
    try:
        store.record_turn(handoff(store.create_conversation()[0].id))
        receiver.wait_for(1)
        second = deliverer(config)  # and waits until the first one is gone
        first.kill()
        first.wait()
        receiver.wait_for(2)
        receiver.free.set()
        until(lambda: settled(store, webhook.id))
        second.send_signal(signal.SIGTERM)
        assert second.wait(30) == 0
    finally:
        for process in filter(None, (first, second)):
            process.kill()
            process.wait()
    before, after = receiver.heard
    assert before.headers["webhook-id"] == after.headers["webhook-id"]
    assert verified(secret, after)
    (told,) = store.deliveries(webhook.id)
    assert (told.state, [one.status for one in told.tries]) == ("delivered", [204])


def test_it_ends_with_the_process_that_started_it(store: Store, config: Config) -> None:
    """However that ended: another one's child goes on, and two would send the same."""
    orphan = [sys.executable, "-m", "service", "--home", str(config.home), "deliver"]
    ended = subprocess.run(
        [*orphan, "--parent", "1"], cwd=ROOT, env=surroundings(), timeout=60, check=False
    )
    assert ended.returncode == 0


def test_no_process_is_started_without_webhooks_and_another_for_one_that_died(
    config: Config, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.delivering.PAUSE_SECONDS", 0.01)
    monkeypatch.setattr("service.delivering.AGAIN_SECONDS", 0.01)
    monkeypatch.setattr("service.delivering.command", lambda config: ["sleep", "60"])
    looked = threading.Event()
    known = store.has_webhooks

    def has_webhooks() -> bool:
        looked.set()
        return known()

    monkeypatch.setattr(store, "has_webhooks", has_webhooks)
    service = Delivering(config, store)
    service.start()
    assert looked.wait(30)
    assert service.child is None
    webhook, _ = store.add_webhook("https://hooks.example", ["alarm.began"])
    until(lambda: service.child)
    assert service.child
    first = service.child.pid
    os.kill(first, signal.SIGKILL)
    until(lambda: service.child and service.child.pid != first)
    store.remove_webhook(webhook.id)
    until(lambda: service.child is None)
    service.close()
    service.close()
    service.thread.join(30)
    assert not service.thread.is_alive()


def test_pauses_grow_to_about_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.webhooks.PAUSES", PAUSES)
    pauses = [pause_after(n, None, 0.5) or 0 for n in range(1, len(PAUSES) + 1)]
    assert pauses == sorted(pauses) == list(PAUSES)
    assert 23 * 3600 < sum(pauses) < 25 * 3600
    assert pause_after(len(PAUSES) + 1, None, 0.5) is None
    assert pause_after(len(PAUSES) + 1, 60, 0.5) is None
    assert [pause_after(1, None, chance) for chance in (0, 1)] == [4, 6]
    assert pause_after(1, 100, 0) == 100
    assert pause_after(1, 1e9, 0) == 24 * 3600
    assert pause_after(9, 60, 0.5) == PAUSES[8]
