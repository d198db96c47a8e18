"""The webhook of alarms: signed, repeated, bounded, and only to the address that was set."""

import hashlib
import hmac
import json
import re
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from service import alarm_hook
from service.alarm_hook import SIGNATURE, deliver
from service.config import Config, load_config
from service.errors import ConfigError
from service.records.alarms import AlarmDraft
from service.store import Store

SECRET = "only we two know this"
DRAFT = AlarmDraft("surge", "returns", "Too many.", 0.5, 0.1)


class Listener(ThreadingHTTPServer):
    """Hears what is posted, and answers with ``statuses``, the last one again and again."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Heard)
        self.heard: list[tuple[dict[str, str], bytes]] = []
        self.statuses = [204]
        self.pause = 0.0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook"


class Heard(BaseHTTPRequestHandler):
    server: Listener

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.heard.append((dict(self.headers), body))
        time.sleep(self.server.pause)
        statuses = self.server.statuses
        status = statuses.pop(0) if len(statuses) > 1 else statuses[0]
        self.send_response(status)
        if 300 <= status < 400:
            self.send_header("Location", "/elsewhere")
        self.end_headers()

    do_GET = do_POST  # noqa: N815

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def listener(monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    monkeypatch.setattr(alarm_hook, "PAUSES", (0.0, 0.01, 0.01))
    with Listener() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


def config_to(address: str, **more: Any) -> Config:
    return Config(alarm_webhook=address, alarm_secret=SECRET, **more)


def test_an_alarm_is_told_once_when_it_begins_and_ends(listener: Listener, store: Store) -> None:
    config = config_to(listener.address, public_url="https://desk.example/")
    alarm, _ = store.sound_alarm(DRAFT)
    now = datetime.now(UTC)
    assert [deliver(config, store, now), deliver(config, store, now)] == [1, 0]
    store.end_alarm(alarm.id)
    assert deliver(config, store, now) == 1
    first, second = (json.loads(body) for _, body in listener.heard)
    assert first["event"] == "alarm.began"
    assert first["alarm"]["words"] == "Too many."
    assert first["console"] == "https://desk.example/console"
    assert (second["event"], second["alarm"]["id"]) == ("alarm.ended", alarm.id)


def test_the_signature_covers_time_and_body(listener: Listener, store: Store) -> None:
    store.sound_alarm(DRAFT)
    deliver(config_to(listener.address), store, datetime.now(UTC))
    ((headers, body),) = listener.heard
    found = re.fullmatch(r"t=(\d+),v1=([0-9a-f]{64})", headers[SIGNATURE])
    assert found
    assert abs(int(found[1]) - time.time()) < 60
    wanted = hmac.new(SECRET.encode(), f"{found[1]}.".encode() + body, hashlib.sha256)
    assert found[2] == wanted.hexdigest()


def test_without_a_secret_nothing_is_signed(listener: Listener, store: Store) -> None:
    store.sound_alarm(DRAFT)
    deliver(Config(alarm_webhook=listener.address), store, datetime.now(UTC))
    assert SIGNATURE not in listener.heard[0][0]


def test_it_is_tried_again(
    listener: Listener, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "frontdesk.watch")
    listener.statuses = [500, 503, 200]
    store.sound_alarm(DRAFT)
    assert deliver(config_to(listener.address), store, datetime.now(UTC)) == 1
    assert len(listener.heard) == 3
    told = [record.getMessage() for record in caplog.records]
    assert "try 1 of 3): HTTP 500" in told[0]
    assert "told 127.0.0.1 of alarm" in told[2]
    assert "/hook" not in "".join(told)


@pytest.mark.parametrize("status", [302, 307, 404, 500])
def test_what_was_not_taken_is_told_by_the_next_look(
    status: int, listener: Listener, store: Store
) -> None:
    """And a redirect is not followed: what is signed goes to one address."""
    listener.statuses = [status]
    store.sound_alarm(DRAFT)
    config, now = config_to(listener.address), datetime.now(UTC)
    assert deliver(config, store, now) == 0
    assert len(listener.heard) == 3
    assert deliver(config, store, now + timedelta(days=2)) == 0  # too late
    assert len(listener.heard) == 3
    listener.statuses = [200]
    assert deliver(config, store, now) == 1


def test_who_does_not_answer_holds_up_for_seconds_only(
    listener: Listener, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alarm_hook, "SECONDS", 0.05)
    listener.pause = 1.0
    for subject in ("a", "b", "c"):
        store.sound_alarm(AlarmDraft("surge", subject, "Too many.", 0.5, 0.1))
    started = time.monotonic()
    assert deliver(config_to(listener.address), store, datetime.now(UTC)) == 0
    assert time.monotonic() - started < 0.9  # three tries of one alarm, and none of the others


def test_nobody_listens(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alarm_hook, "PAUSES", (0.0,))
    store.sound_alarm(DRAFT)
    with Listener() as gone:
        address = gone.address
    assert deliver(config_to(address), store, datetime.now(UTC)) == 0
    assert deliver(Config(), store, datetime.now(UTC)) == 0


@pytest.mark.parametrize(
    "address", ["http://user:secretpw@127.0.0.1/x", "http://127.0.0.1/a secretpw"]
)
def test_errors_of_an_address_do_not_quote_it(
    address: str, store: Store, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level("WARNING", "frontdesk.watch")
    monkeypatch.setattr(alarm_hook, "PAUSES", (0.0,))
    store.sound_alarm(DRAFT)
    unchecked = Config().model_copy(update={"alarm_webhook": address})
    assert deliver(unchecked, store, datetime.now(UTC)) == 0
    assert "(try 1 of 1): InvalidURL" in caplog.text
    assert "secretpw" not in caplog.text


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/passwd",
        "ftp://x/y",
        "desk.example",
        "http://",
        "http:///path",
        "https://[x",
        "https://x:port/y",
        "https://x:99999/y",
        "https://user:secretpw@hooks.example/x",
        "https://token@hooks.example/x",
        "https://x.example/a b",
        "https://x.example/a\nb",
        "https://x.example/\u00fc",
    ],
)
def test_only_web_addresses_are_taken_and_others_not_shown(address: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config({"FRONTDESK_ALARM_WEBHOOK": address})
    assert caught.value.message == (
        "FRONTDESK_ALARM_WEBHOOK: not an http or https address with a host and without a user or"
        " a password."
    )


@pytest.mark.parametrize(
    "address", ["https://x.example/y?z", "http://127.0.0.1:9000", "HTTPS://[::1]:80/@a", ""]
)
def test_web_addresses_are_taken(address: str) -> None:
    assert load_config({"FRONTDESK_ALARM_WEBHOOK": address}).alarm_webhook == address
