"""A look at a desk: alarms begin and end, one a surge; what is over is read once; by itself too."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from drafts import CONTENT, Clock, draft, trace
from live import ROOT, surroundings
from service import watch, watching
from service.cli import cli
from service.config import Config
from service.drift import FIGURES
from service.records.alarms import Alarm
from service.records.conversations import ReplyDraft
from service.sqlite.store import SqliteStore
from service.store import Store
from service.watch import Watch
from service.watching import Watching

NOW = datetime(2026, 3, 25, 12, 30, tzinfo=UTC)  # a Wednesday
DAYS = 16


@pytest.fixture(autouse=True)
def still_nice(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests' own process keeps its priority."""
    monkeypatch.setattr(os, "nice", lambda _: 0)


class Desk:
    """A desk with a past, whose clock can be set."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.clock = Clock()
        config.home.mkdir(exist_ok=True)
        self.store = SqliteStore.open(config.database, clock=self.clock)
        self.store.replace_content(CONTENT)
        self.count = 0

    def say(self, at: datetime, *, negative: bool = False, odd: bool = False) -> None:
        """A new customer's message."""
        self.clock.time = at
        self.count += 1
        action = "handoff" if odd else "answer"
        told = trace(action, "track", "negative" if negative else "neutral")
        told["reading"]["in_scope"] = 0.1 if odd else 0.9
        told["reading"]["intents"][0]["confidence"] = 0.3 if odd else 0.9
        told["hits"] = [{"kind": "example", "score": 0.3 if odd else 0.8}]
        told["thresholds"] = {"answer": 0.7, "in_scope": 0.5}
        text = "flumph zibble" if odd else "where is it"
        reply = ReplyDraft("Well.", "handoff" if odd else "answer")
        conversation_id = self.store.create_conversation()[0].id
        self.store.record_turn(draft(conversation_id, "1", text=text, trace=told, reply=reply))

    def hour(self, end: datetime, customers: int, negative: int, odd: int = 0) -> None:
        for n in range(customers):
            at = end - timedelta(minutes=58 * (n + 1) / customers)
            self.say(at, negative=n < negative, odd=n < odd)

    def look(self, now: datetime = NOW) -> list[Alarm]:
        """A look at this time; the alarms that are active after it."""
        self.clock.time = now
        Watch(self.config, self.store).look(now)
        return [alarm for alarm in self.store.alarms() if alarm.ended_at is None]


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """Sixteen days at three hours of the day, 10 customers each, one of them negative."""
    memory = Path("/dev/shm")  # where there is such a folder: flushing to disk is slow
    folder = tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None)
    desk = Desk(Config(home=Path(folder.name) / "home"))
    rng = np.random.default_rng(0)
    monkeypatch.setattr("service.drift.LEAST_MESSAGES", 10)
    for day in range(DAYS, 0, -1):
        for hour in (0, 1, 2):
            end = NOW - timedelta(days=day) + timedelta(hours=hour)
            desk.hour(end, 10, int(rng.binomial(10, 0.1)))
    yield desk
    desk.store.close()
    folder.cleanup()


def test_an_ordinary_hour_raises_no_alarm(desk: Desk) -> None:
    desk.hour(NOW, 12, 1)
    assert desk.look() == []


def test_a_surge_is_one_alarm_from_its_beginning_to_its_end(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("WARNING", "frontdesk.watch")
    desk.hour(NOW, 30, 20)
    (alarm,) = desk.look()
    assert (alarm.kind, alarm.subject) == ("surge", "track")
    assert alarm.value == pytest.approx(20 / 30, abs=0.02)
    assert alarm.words.startswith("Negative messages about track are at 67 % this hour")
    shown = desk.store.alarm_messages(alarm.id)
    assert len(shown) == watch.SHOWN
    desk.hour(NOW + timedelta(minutes=40), 20, 18)
    (worse,) = desk.look(NOW + timedelta(minutes=40))
    assert (worse.id, worse.began_at) == (alarm.id, alarm.began_at)
    assert worse.peak > alarm.peak
    calm = NOW + timedelta(hours=1, minutes=39)
    desk.hour(calm, 20, 1)
    assert [a.id for a in desk.look(calm)] == [alarm.id]  # it may come back
    assert desk.look(calm + timedelta(minutes=20)) == []
    ended = desk.store.alarm(alarm.id)
    assert ended.ended_at
    assert ended.peak == worse.peak
    told = [r.getMessage().split(": ")[0] for r in caplog.records if r.levelname == "WARNING"]
    assert told == [f"alarm {alarm.id} began", f"alarm {alarm.id} ended"]


def test_one_furious_customer_is_no_surge(desk: Desk) -> None:
    desk.hour(NOW, 12, 0)
    conversation_id = desk.store.create_conversation()[0].id
    desk.clock.time = NOW - timedelta(minutes=5)
    for n in range(40):
        told = trace("none", "track", "negative")
        desk.store.record_turn(draft(conversation_id, f"{n}", trace=told))
    assert desk.look() == []


def test_drift_tells_what_changed_and_ends_when_it_is_over(desk: Desk) -> None:
    for hour in (0, 1, 2):
        desk.hour(NOW + timedelta(hours=hour), 10, 1, odd=7)
    tomorrow = NOW + timedelta(days=1)
    alarms = {alarm.subject: alarm for alarm in desk.look(tomorrow.replace(hour=1))}
    assert alarms.keys() >= {"handed_over", "sure", "new_words"}
    assert {alarm.kind for alarm in alarms.values()} == {"drift"}
    told = alarms["handed_over"]
    assert told.words.startswith("More messages than usual are handed over: 70 % of messages")
    assert told.value == pytest.approx(0.7)
    texts = {m.text for m in desk.store.alarm_messages(alarms["new_words"].id)}
    assert texts == {"flumph zibble"}
    for hour in (0, 1, 2):
        desk.hour(tomorrow + timedelta(hours=hour), 10, 1)
    assert desk.look(tomorrow + timedelta(days=1)) == []


def drifting(desk: Desk) -> datetime:
    """A day with many odd messages, told on the next, of which this returns the first hour."""
    for hour in (0, 1, 2):
        desk.hour(NOW + timedelta(hours=hour), 10, 1, odd=7)
    told = (NOW + timedelta(days=1)).replace(hour=1)
    assert "handed_over" in {alarm.subject for alarm in desk.look(told)}
    return told


def test_drift_is_over_when_no_day_shows_it_for_a_week(desk: Desk) -> None:
    """Also where no later day is judged, because too few customers write."""
    told = drifting(desk)
    desk.hour(NOW + timedelta(days=3), 3, 0)
    assert desk.look(told + timedelta(days=6, hours=23))
    assert desk.look(told + timedelta(days=7)) == []


def test_drift_that_shows_again_after_a_week_is_the_same(desk: Desk) -> None:
    told = drifting(desk)
    before = {alarm.id for alarm in desk.store.alarms()}
    for hour in (0, 1, 2):
        desk.hour(NOW + timedelta(days=8, hours=hour), 10, 1, odd=7)
    after = desk.look(told + timedelta(days=8))
    assert "handed_over" in {alarm.subject for alarm in after}
    assert {alarm.id for alarm in after} <= before


def test_today_alone_is_told_when_it_is_far_off(desk: Desk) -> None:
    for hour in (0, 1):
        desk.hour(NOW + timedelta(hours=hour), 10, 1, odd=10)
    subjects = {alarm.subject for alarm in desk.look(NOW + timedelta(hours=3))}
    assert "handed_over" in subjects
    assert {a.subject for a in desk.look(NOW + timedelta(hours=5))} == subjects  # not over yet


def test_what_is_over_is_read_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.look()
    spans: list[tuple[str, str]] = []
    counts = desk.store.mood_counts

    def counting(since: str, until: str, *, hourly: bool = True) -> object:
        spans.append((since, until))
        return counts(since, until, hourly=hourly)

    monkeypatch.setattr(desk.store, "mood_counts", counting)
    days: list[str] = []
    monkeypatch.setattr(desk.store, "read_messages", lambda since, *_: days.append(since) or [])
    desk.look(NOW + timedelta(minutes=5))
    assert len(spans) == 1
    assert days == []
    desk.look(NOW + timedelta(hours=2))
    assert len(spans) == 3  # the new hours, and the last one
    kept = (desk.config.home / "cache" / "watch.json").read_text()
    assert "where is it" not in kept
    assert "cnv_" not in kept


@pytest.mark.parametrize(
    "damage", ["", "{", "[]", '{"hours": 3}', '{"hours": {}, "days": {"x": 1}}']
)
def test_a_damaged_memory_is_made_anew(damage: str, desk: Desk) -> None:
    path = desk.config.home / "cache" / "watch.json"
    path.parent.mkdir()
    path.write_text(damage)
    desk.hour(NOW, 30, 20)
    assert len(desk.look()) == 1


def test_the_command_reports(store: Store, config: Config) -> None:
    arguments = ["--home", str(config.home), "watch"]
    done = CliRunner().invoke(cli, [*arguments, "--json"])
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert (report["busy"], report["alarms"], report["told"]) == (False, [], 0)
    assert "No alarm." in CliRunner().invoke(cli, arguments).output


def test_two_never_look_at_once(store: Store, config: Config) -> None:
    import fcntl

    held = os.open(config.home / "watch.lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(held, fcntl.LOCK_EX)
    done = CliRunner().invoke(cli, ["--home", str(config.home), "watch", "--json"])
    os.close(held)
    assert (done.exit_code, json.loads(done.stdout)) == (0, {"busy": True})


def test_the_command_loads_no_model(store: Store, config: Config) -> None:
    code = (
        "import os, sys; os.nice = int; from service.cli import cli;"
        f"cli(['--home', {str(config.home)!r}, 'watch'], standalone_mode=False);"
        "print([m for m in ('torch', 'faiss', 'transformers', 'flask') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=False,
        cwd=ROOT,
        env=surroundings(),
        capture_output=True,
        text=True,
    )
    assert done.stdout == "No alarm.\n[]\n", done.stderr


def test_the_server_looks_by_itself(
    store: Store, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "FIRST_SECONDS", 0.01)
    looking = Watching(config)
    looking.start()
    deadline = time.monotonic() + 200  # at low priority, on a busy machine
    while not (config.home / "cache" / "watch.json").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    looking.close()
    looking.thread.join(timeout=10)
    assert not looking.thread.is_alive()


DEAF = """
import pathlib, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
pathlib.Path(sys.argv[1]).touch()
time.sleep(99)
"""


def test_the_end_waits_for_no_look(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even for one that does not hear."""
    deaf = tmp_path / "deaf"
    monkeypatch.setattr(watching, "FIRST_SECONDS", 0.0)
    monkeypatch.setattr(watching, "command", lambda _: [sys.executable, "-c", DEAF, str(deaf)])
    looking = Watching(config)
    looking.start()
    deadline = time.monotonic() + 60
    while not deaf.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    started = time.monotonic()
    looking.close()
    looking.close()
    assert time.monotonic() - started < 1
    looking.thread.join(timeout=10)
    assert looking.child is not None
    assert looking.child.returncode == -signal.SIGKILL


def test_no_look_begins_after_the_end(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    looking = Watching(config)
    looking.close()
    monkeypatch.setattr(watching, "command", lambda _: pytest.fail("a look was started"))
    looking._look()
    assert looking.child is None


def test_the_server_need_not_look(config: Config) -> None:
    looking = Watching(config.model_copy(update={"watch_minutes": 0}))
    looking.start()
    assert not looking.thread.is_alive()
    looking.close()


def test_every_figure_can_be_told() -> None:
    assert all(figure.words and figure.up and figure.down for figure in FIGURES.values())
