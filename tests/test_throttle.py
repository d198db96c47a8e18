"""Who writes more than people do is slowed down; an office behind one address is not."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from calls import Caller
from service.app import create_app
from service.config import Config
from service.errors import TooMany
from service.store import Store
from service.web import throttle
from service.web.addresses import public_network
from service.web.places import Places
from service.web.throttle import Throttle

CONVERSATIONS = "/api/v1/conversations"
OFFICE, STRANGER = "81.2.69.142", "81.2.69.160"


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The clock, which stands still until somebody moves it."""
    time = [1000.0]
    monkeypatch.setattr(throttle.time, "monotonic", lambda: time[0])
    return time


@pytest.fixture
def behind_proxy(config: Config, store: Store, engines: Any) -> Callable[..., Flask]:
    def make(**settings: int) -> Flask:
        changed = config.model_copy(update={"trusted_proxies": 1, **settings})
        return create_app(changed, store=store, engines=engines)

    return make


def begin(caller: Caller, address: str) -> tuple[int, str, str]:
    """Status, path and token of a new conversation."""
    answer = caller.post(CONVERSATIONS, {}, headers={"X-Forwarded-For": address})
    made = answer.json or {}
    return answer.status_code, made.get("conversation", {}).get("id", ""), made.get("token", "")


def write(caller: Caller, conversation: str, token: str, address: str, number: int) -> Any:
    body = {"client_id": f"c-{number}", "text": "where is my parcel"}
    headers = {"X-Forwarded-For": address}
    path = f"{CONVERSATIONS}/{conversation}/messages"
    return caller.post(path, body, token=token, headers=headers)


def test_calls_come_evenly_or_half_a_minute_of_them_at_once(now: list[float]) -> None:
    measure = Throttle(60)
    for _ in range(30):
        measure.take("a")
    with pytest.raises(TooMany) as refused:
        measure.take("a")
    assert refused.value.detail["retry_after"] == 1
    measure.take("b")
    for _ in range(50):
        now[0] += 1
        measure.take("a")
    with pytest.raises(TooMany):
        measure.take("a")
    now[0] += 1000
    for _ in range(30):
        measure.take("a")
    slow = Throttle(1)
    slow.take("a")
    with pytest.raises(TooMany) as refused:
        slow.take("a")
    assert refused.value.detail["retry_after"] == 60


def test_no_measure_is_no_limit() -> None:
    measure = Throttle(0)
    for _ in range(1000):
        measure.take("a")
    assert not measure.rests


def test_what_is_at_rest_is_forgotten(now: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "FORGOTTEN_AFTER", 10)
    measure = Throttle(60)
    for number in range(8):
        measure.take(number)
    now[0] += 5
    for number in range(8, 12):
        measure.take(number)
    assert list(measure.rests) == [8, 9, 10, 11]
    for number in range(100):
        measure.take(f"busy {number}")
        assert len(measure.rests) <= 10


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("81.2.69.142", True),
        ("2a02:db8::1", True),
        ("::ffff:81.2.69.142", True),
        ("127.0.0.1", False),
        ("::1", False),
        ("172.18.0.2", False),
        ("::ffff:10.0.0.1", False),
        ("", False),
        ("unix", False),
    ],
)
def test_only_an_address_of_the_internet_says_who_calls(address: str, public: bool) -> None:
    assert bool(public_network(address)) is public


def test_a_flood_is_slowed_down_and_nobody_else(
    behind_proxy: Callable[..., Flask], now: list[float]
) -> None:
    caller = Caller(behind_proxy(calls_per_minute=20))
    _, flooded, token = begin(caller, STRANGER)
    _, other, others = begin(caller, STRANGER)
    statuses = [write(caller, flooded, token, STRANGER, n).status_code for n in range(12)]
    assert statuses == [201] * 10 + [429] * 2
    refused = write(caller, flooded, token, STRANGER, 10)
    assert refused.headers["Retry-After"] == "3"
    assert (refused.json or {})["code"] == "too_many_requests"
    assert write(caller, other, others, STRANGER, 0).status_code == 201
    typing = f"{CONVERSATIONS}/{flooded}/typing"
    headers = {"X-Forwarded-For": STRANGER}
    assert caller.post(typing, token=token, headers=headers).status_code == 204
    now[0] += 3
    assert write(caller, flooded, token, STRANGER, 10).status_code == 201
    listed = caller.get(f"{CONVERSATIONS}/{flooded}/messages", token=token, headers=headers)
    said = [m for m in (listed.json or {})["messages"] if m["author"] == "customer"]
    assert len(said) == 11  # what was refused was not kept


def test_an_office_behind_one_address_works_and_a_flood_of_conversations_does_not(
    behind_proxy: Callable[..., Flask], now: list[float]
) -> None:
    caller = Caller(behind_proxy(calls_per_minute=4, conversations_per_minute=100))
    begun = [begin(caller, OFFICE) for _ in range(60)]
    assert [status for status, *_ in begun] == [201] * 50 + [429] * 10
    assert begin(caller, STRANGER)[0] == 201
    office = [
        write(caller, conversation, token, OFFICE, 0).status_code
        for _, conversation, token in begun[:50]
    ]
    assert office == [201] * 40 + [429] * 10  # ten times as many as in a conversation, at once
    now[0] += 60
    assert begin(caller, OFFICE)[0] == 201


def test_behind_a_proxy_that_is_not_trusted_nobody_is_locked_out(
    config: Config, store: Store, engines: Any
) -> None:
    changed = config.model_copy(update={"calls_per_minute": 1, "conversations_per_minute": 1})
    caller = Caller(create_app(changed, store=store, engines=engines))
    for _ in range(3):
        status, conversation, token = begin(caller, OFFICE)
        assert status == 201
        for number in range(2):
            assert write(caller, conversation, token, OFFICE, number).status_code == 201


def test_one_address_never_has_all_the_streams() -> None:
    places = Places(16)
    mine = [n for n in range(16) if places.take(f"cnv_{n}", STRANGER)]
    assert len(mine) == 6
    assert places.take("cnv_99", OFFICE)
    assert places.take("cnv_98", "127.0.0.1")
    places.give_back("cnv_0", STRANGER)
    assert places.take("cnv_0", STRANGER)
    for n in mine:
        places.give_back(f"cnv_{n}", STRANGER)
    places.give_back("cnv_99", OFFICE)
    places.give_back("cnv_98", "127.0.0.1")
    assert not places.taken
