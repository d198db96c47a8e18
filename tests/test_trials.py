"""Trials: a shadow reads and compares, a canary answers its share, neither costs a customer."""

import json
import queue
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask

from calls import Caller
from fakes import FakeEngine, FakeEngines, crown, reading_of, save
from index.champion import promote, rollback, running_trial
from index.errors import ReleaseError
from index.records import Reading
from index.trial import TRIAL, Mode, Trial, begin_trial, end_trial, last_trial
from service import canary, shadow
from service.cli import cli
from service.config import Config
from service.desk import Desk
from service.engine import OnTrial
from service.errors import EngineAway, EngineBusy, EngineChanged, StoreError
from service.metrics import Metrics
from service.records.conversations import Conversation
from service.records.turns import Turn
from service.shadow import Shadow
from service.store import Store
from service.trials import Trials
from test_release import write_release

Start = Callable[..., FakeEngine]
Say = Callable[..., Turn]


@pytest.fixture
def start(config: Config, store: Store, engines: FakeEngines) -> Start:
    """Puts a challenger on trial that reads everything as a greeting."""
    crown(config, "rel_fake")
    (config.releases / "rel_b").mkdir()

    def begin(mode: Mode = "shadow", share: float = 1.0) -> FakeEngine:
        trial = begin_trial(config.releases, "rel_b", "rel_fake", mode, share)
        engine = FakeEngine(store.content(), {}, "rel_b")
        engine.read = lambda texts, days=None, until=None: [
            reading_of(text, {"greeting": 0.9}, release="rel_b") for text in texts
        ]
        engines.tried = OnTrial(trial, engine, "")
        return engine

    return begin


@pytest.fixture
def desk(store: Store, engines: FakeEngines) -> Desk:
    return Desk(store, engines, Metrics())


@pytest.fixture
def watching(store: Store, engines: FakeEngines) -> Shadow:
    return Shadow(store, engines)


@pytest.fixture
def say(store: Store, desk: Desk, watching: Shadow) -> Say:
    """A customer writes, and the shadow reads what it may."""

    def write(conversation: Conversation, text: str, client_id: str = "") -> Turn:
        conversation = store.conversation(conversation.id)
        turn = desk.receive(conversation, client_id or text, text)
        seen = watching.seen(conversation, turn)
        if seen is not None:
            watching.offer(seen)
        return turn

    return write


def counted(store: Store, watching: Shadow, trial: Trial | None = None) -> dict[str, int]:
    while watching._waiting.qsize():
        watching.work(0.01)
    watching.flush()
    current = watching.engines.on_trial()
    trial = trial or (current and current.trial)
    assert trial is not None
    return store.shadow_counts(trial.id)


# --- the file ------------------------------------------------------------------------------------


def two_releases(releases: Path) -> tuple[str, str]:
    first, second = (write_release(releases).id for _ in range(2))
    promote(releases, first)
    return first, second


def test_trial_is_kept_until_it_is_ended(tmp_path: Path) -> None:
    first, second = two_releases(tmp_path)
    assert last_trial(tmp_path) is None
    begun = begin_trial(tmp_path, second, first, "shadow", 0.2)
    assert running_trial(tmp_path) == last_trial(tmp_path) == begun
    assert end_trial(tmp_path, "no", "trl_other") is None
    ended = end_trial(tmp_path, "enough")
    assert ended == replace(begun, ended_at=ended and ended.ended_at, reason="enough")
    assert running_trial(tmp_path) is None
    assert last_trial(tmp_path) == ended
    assert end_trial(tmp_path, "again") is None


def test_promotion_and_rollback_end_it_for_good(tmp_path: Path) -> None:
    first, second = two_releases(tmp_path)
    begin_trial(tmp_path, second, first, "canary", 0.2)
    promote(tmp_path, second)
    rollback(tmp_path)  # the champion that it began with: it stays ended all the same
    assert running_trial(tmp_path) is None
    ended = last_trial(tmp_path)
    assert ended is not None
    assert ended.reason == f"{second} became the champion."
    promote(tmp_path, second)
    begin_trial(tmp_path, write_release(tmp_path).id, second, "canary", 0.2)
    rollback(tmp_path)
    assert running_trial(tmp_path) is None


def test_trial_needs_its_champion_and_its_release(tmp_path: Path) -> None:
    first, second = two_releases(tmp_path)
    begin_trial(tmp_path, second, "rel_other", "shadow", 0.2)
    assert running_trial(tmp_path) is None
    begin_trial(tmp_path, "rel_gone", first, "shadow", 0.2)
    assert running_trial(tmp_path) is None


def test_damaged_file_is_named_and_stops_no_promotion(tmp_path: Path) -> None:
    _, second = two_releases(tmp_path)
    (tmp_path / TRIAL).write_text("{")
    with pytest.raises(ReleaseError, match="trial cannot be read"):
        running_trial(tmp_path)
    promote(tmp_path, second)


def test_share_is_of_conversations_and_grows_around_the_smaller() -> None:
    small, large = (
        Trial("trl", "rel_b", "rel_a", "shadow", share, "2026") for share in (0.05, 0.3)
    )
    names = [f"cnv_{number}" for number in range(4000)]
    ins = {name for name in names if small.includes(name)}
    assert 120 < len(ins) < 280
    assert ins < {name for name in names if large.includes(name)}
    assert not any(replace(small, share=0.0).includes(name) for name in names)
    assert all(replace(small, share=1.0).includes(name) for name in names)


# --- a shadow ------------------------------------------------------------------------------------


def test_disagreement_is_kept_with_both_sides(
    start: Start, say: Say, store: Store, watching: Shadow
) -> None:
    start()
    conversation = store.create_conversation()[0]
    turn = say(conversation, "how do returns work")
    assert turn.reply
    assert turn.reply.text == "You have 30 days."
    say(conversation, "hello")
    assert counted(store, watching) == {"other_intent": 1, "same": 1}
    trial = last_trial_of(watching)
    (found,) = store.disagreements(trial.id)
    assert (found.kind, found.text) == ("other_intent", "how do returns work")
    assert found.champion["reply"] == "You have 30 days."
    assert (found.challenger["intent"], found.challenger["release"]) == ("greeting", "rel_b")
    assert store.trace(turn.message.id)["release"] == "rel_fake"


def last_trial_of(watching: Shadow) -> Trial:
    tried = watching.engines.on_trial()
    assert tried is not None
    return tried.trial


def test_challenger_routes_in_the_dialogue_that_the_champion_had(
    start: Start, say: Say, store: Store, watching: Shadow, engines: FakeEngines
) -> None:
    challenger = start()
    challenger.read = engines.current().read
    conversation = store.create_conversation()[0]
    asked = say(conversation, "where is my parcel")
    assert asked.action == "ask"
    assert say(conversation, "LC-1234").reply
    assert counted(store, watching) == {"same": 2}


def test_only_its_share_is_read_and_nothing_without_a_trial(
    start: Start, say: Say, store: Store, watching: Shadow, engines: FakeEngines
) -> None:
    conversations = [store.create_conversation()[0] for _ in range(12)]
    say(conversations[0], "hello", "before")
    assert watching._waiting.qsize() == 0
    start(share=0.5)
    trial = last_trial_of(watching)
    for conversation in conversations:
        say(conversation, "hello")
        say(conversation, "hello", "again")
    expected = 2 * sum(trial.includes(conversation.id) for conversation in conversations)
    assert counted(store, watching).get("same", 0) == expected


def test_turn_costs_no_statement_more_without_a_canary(
    start: Start, say: Say, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(self: object) -> object:
        statements.append(self)
        return reading(self)

    statements: list[object] = []
    reading = type(store)._reading
    counts = []
    for mode in (None, "shadow", "canary"):
        if mode:
            start(mode, 1e-12)  # of none: the champion answers
        conversation = store.create_conversation()[0]
        monkeypatch.setattr(type(store), "_reading", read)
        statements.clear()
        say(conversation, "hello", f"with {mode}")
        counts.append(len(statements))
    assert counts[1:] == [counts[0], counts[0] + 1]


def test_what_nobody_answered_is_not_compared(
    start: Start, say: Say, store: Store, watching: Shadow
) -> None:
    start()
    conversation = store.create_conversation()[0]
    say(conversation, "a person please")
    say(conversation, "hello?")  # a person's by now
    say(conversation, "a person please")  # repeated
    assert watching._waiting.qsize() == 1


@pytest.mark.parametrize(
    ("error", "name"),
    [(EngineBusy, "dropped"), (EngineChanged, "dropped"), (EngineAway, "failed")],
)
def test_reading_that_does_not_come_about_is_counted(
    start: Start,
    say: Say,
    store: Store,
    watching: Shadow,
    error: type[EngineAway],
    name: str,
) -> None:
    def fail(texts: object) -> list[object]:
        raise error("no")

    start().read_idly = fail
    say(store.create_conversation()[0], "hello")
    assert counted(store, watching) == {name: 1}


def test_what_finds_no_room_is_dropped_and_counted(
    start: Start, say: Say, store: Store, watching: Shadow
) -> None:
    start()
    watching._waiting = queue.Queue(2)
    for _ in range(5):
        assert say(store.create_conversation()[0], "hello").reply
    assert counted(store, watching) == {"same": 2, "dropped": 3}


def test_two_states_of_the_content_are_not_compared(
    start: Start, say: Say, store: Store, watching: Shadow
) -> None:
    start()
    store.save_intent(store.content().intents[0])  # the champion's engine follows, this one not yet
    say(store.create_conversation()[0], "hello")
    assert counted(store, watching) == {"dropped": 1}


def test_reply_from_before_an_edit_is_not_compared(
    start: Start, say: Say, store: Store, watching: Shadow, engines: FakeEngines
) -> None:
    start()
    say(store.create_conversation()[0], "hello")
    save(store, "Good day!")  # now both know of it, but the reply went out before
    assert engines.tried
    edited = FakeEngine(store.content(), {}, "rel_b")
    engines.tried = engines.tried._replace(engine=edited)
    assert engines.current().catalogue.revision == edited.catalogue.revision
    say(store.create_conversation()[0], "hello")
    assert counted(store, watching) == {"dropped": 1, "same": 1}


def test_what_could_not_be_written_is_written_the_next_time(
    start: Start, say: Say, store: Store, watching: Shadow, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise StoreError("The disk is full.")

    start()
    say(store.create_conversation()[0], "how do returns work")
    with monkeypatch.context() as patched:
        patched.setattr(store, "record_shadow", fail)
        with pytest.raises(StoreError):
            counted(store, watching)
    say(store.create_conversation()[0], "hello")
    assert counted(store, watching) == {"other_intent": 1, "same": 1}
    assert counted(store, watching) == {"other_intent": 1, "same": 1}
    assert len(store.disagreements(last_trial_of(watching).id)) == 1


def test_customer_who_is_erased_meanwhile_is_passed_over(
    start: Start, say: Say, store: Store, watching: Shadow
) -> None:
    start()
    conversation = store.create_conversation()[0]
    say(conversation, "how do returns work")
    store.erase(conversation.id, "root")
    assert counted(store, watching) == {"dropped": 1}
    assert store.disagreements(last_trial_of(watching).id) == []


def test_trial_that_is_over_is_read_for_no_more(
    start: Start, say: Say, store: Store, watching: Shadow
) -> None:
    start()
    before = last_trial_of(watching)
    say(store.create_conversation()[0], "hello")
    start()
    assert counted(store, watching, before) == {"dropped": 1}


def test_reply_goes_out_before_the_shadow_hears_of_it(
    start: Start, app: Flask, client: Caller, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    start()
    offered: list[shadow.Seen] = []
    monkeypatch.setattr(Shadow, "offer", lambda self, seen: offered.append(seen))
    started = client.post("/api/v1/conversations").json
    path = f"/api/v1/conversations/{started['conversation']['id']}/messages"
    message = {"client_id": "one", "text": "hello"}
    posted = client.post(path, message, token=started["token"])
    assert posted.status_code == 201
    assert offered == []
    posted.close()  # what a server does when the last byte is out
    assert [seen.text for seen in offered] == ["hello"]


# --- a canary ------------------------------------------------------------------------------------


def test_canary_answers_its_share_and_keeps_what_it_began(
    start: Start, say: Say, store: Store, engines: FakeEngines
) -> None:
    before = store.create_conversation()[0]
    say(before, "hello")
    start("canary", 0.5)
    assert engines.tried is not None
    trial = engines.tried.trial
    conversations = [store.create_conversation()[0] for _ in range(20)]
    for conversation in conversations:
        say(conversation, "how do returns work")
    begun = {c.id for c in conversations if store.first_release(c.id) == "rel_b"}
    assert begun == {c.id for c in conversations if trial.includes(c.id)}
    assert 0 < len(begun) < 20
    engines.tried = engines.tried._replace(trial=replace(trial, share=0.0))
    for conversation in (before, *conversations):
        turn = say(conversation, "hello", "two")
        wanted = "rel_b" if conversation.id in begun else "rel_fake"
        assert store.trace(turn.message.id)["release"] == wanted
    engines.tried = None
    turn = say(next(c for c in conversations if c.id in begun), "hello", "three")
    assert store.trace(turn.message.id)["release"] == "rel_fake"


def test_former_champion_on_trial_takes_over_no_earlier_conversation(
    start: Start, say: Say, store: Store, config: Config, engines: FakeEngines
) -> None:
    def release_of(turn: Turn) -> str:
        return str(store.trace(turn.message.id)["release"])

    def wait() -> None:
        time.sleep(0.002)  # times are kept in milliseconds

    earlier, silent = store.create_conversation()[0], store.create_conversation()[0]
    engines.engine = FakeEngine(store.content(), {}, "rel_b")  # as champion, in its time
    assert release_of(say(earlier, "hello")) == "rel_b"
    engines.engine = None
    wait()
    start("canary")
    assert release_of(say(earlier, "hello", "two")) == "rel_fake"
    assert release_of(say(silent, "hello")) == "rel_fake"
    begun = store.create_conversation()[0]
    assert release_of(say(begun, "hello")) == "rel_b"
    wait()
    assert begin_trial(config.releases, "rel_b", "rel_fake", "canary", 0.01)
    trial = last_trial(config.releases)
    assert engines.tried
    assert trial
    engines.tried = engines.tried._replace(trial=trial)
    assert release_of(say(begun, "hello", "two")) == "rel_b"  # the share changed
    end_trial(config.releases, "enough")
    wait()
    begin_trial(config.releases, "rel_b", "rel_fake", "canary", 0.5)
    trial = last_trial(config.releases)
    assert trial
    engines.tried = engines.tried._replace(trial=trial)
    assert release_of(say(begun, "hello", "three")) == "rel_fake"


def test_canary_figures_are_counted_once_in_half_a_minute(
    start: Start, desk: Desk, store: Store, config: Config, engines: FakeEngines
) -> None:
    start("canary")
    assert engines.tried
    trial = engines.tried.trial
    trials = Trials(store, engines, config.releases, desk.stand_ins)
    assert trials.arms(trial) == {}
    desk.receive(store.create_conversation()[0], "one", "hello")
    assert trials.arms(trial) == {}
    ended = end_trial(config.releases, "enough")
    assert ended
    assert trials.arms(ended)["rel_b"].conversations == 1


def test_champion_stands_in_when_the_canary_fails(
    start: Start, say: Say, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("WARNING", "frontdesk.desk")
    challenger = start("canary")

    def fail(texts: object, until: float) -> list[object]:
        raise EngineAway("damaged")

    challenger.read = fail
    turn = say(store.create_conversation()[0], "how do returns work")
    assert turn.reply
    assert turn.reply.text == "You have 30 days."
    assert store.trace(turn.message.id)["release"] == "rel_fake"
    assert "stands in for rel_b: damaged" in caplog.text


def test_turn_has_one_deadline_and_the_challenger_a_part_of_it(
    start: Start, say: Say, store: Store, engines: FakeEngines, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, float]] = []

    def slow(texts: object, until: float) -> list[object]:
        asked.append(("rel_b", until))
        raise EngineBusy("The model does not answer in time.")

    def swapped(texts: object, until: float) -> list[object]:
        asked.append(("rel_fake", until))
        monkeypatch.setattr(champion, "read", usual)
        raise EngineChanged("The model reads with another content by now.")

    def usual(texts: list[str], until: float) -> list[Reading]:
        asked.append(("rel_fake", until))
        return read(texts)

    start("canary").read = slow
    champion = engines.current()
    read = champion.read
    monkeypatch.setattr(champion, "read", swapped)
    before = time.monotonic()
    assert say(store.create_conversation()[0], "hello").reply
    assert [release for release, _ in asked] == ["rel_b", "rel_fake", "rel_fake"]
    waits = [until - before for _, until in asked]
    assert waits[0] == pytest.approx(1.5, abs=0.5)
    assert waits[1:] == pytest.approx([5, 5], abs=0.5)


def test_canary_that_cannot_read_is_stopped(
    start: Start,
    desk: Desk,
    store: Store,
    config: Config,
    engines: FakeEngines,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level("WARNING", "frontdesk.trials")
    challenger, errors = start("canary"), [EngineAway("out of memory")] * 9
    usual = challenger.read
    trials = Trials(store, engines, config.releases, desk.stand_ins)
    trials.shadow.work = lambda seconds: None

    def fail(texts: list[str], until: float) -> list[Reading]:
        if errors:
            raise errors.pop()
        return usual(texts)

    def turns(count: int) -> str | None:
        for _ in range(count):
            assert desk.receive(store.create_conversation()[0], "one", "hello").reply
        trials.step()
        ended = last_trial(config.releases)
        assert ended
        return ended.reason

    challenger.read = fail
    monkeypatch.setattr(canary, "STAND_IN_SECONDS", 0.0)
    assert turns(10) == ""  # the tenth was read
    errors += [EngineChanged("edited")] * 12
    assert turns(12) == ""
    errors += [EngineAway("out of memory")] * 11
    monkeypatch.setattr(canary, "STAND_IN_SECONDS", 60.0)
    assert turns(10) == ""  # the model's process may have restarted
    monkeypatch.setattr(canary, "STAND_IN_SECONDS", 0.0)
    assert turns(1) == "It could not read 11 messages in a row: out of memory"
    assert caplog.text.count("the canary rel_b was stopped: It could not read 11") == 1


def test_canary_that_is_not_loaded_holds_nobody_up(
    start: Start, say: Say, store: Store, engines: FakeEngines
) -> None:
    start("canary")
    assert engines.tried
    engines.tried = engines.tried._replace(engine=None, problem="being loaded")
    conversation = store.create_conversation()[0]
    assert say(conversation, "hello").reply
    assert store.first_release(conversation.id) == "rel_fake"


def test_worse_canary_is_stopped_once_with_the_reason(
    start: Start,
    desk: Desk,
    store: Store,
    config: Config,
    engines: FakeEngines,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level("WARNING", "frontdesk.trials")

    def full(*_: object) -> None:
        raise OSError("The disk is full.")

    challenger = start("canary", 0.5)
    challenger.read = lambda texts, days=None, until=None: [
        reading_of(text, {"talk_to_person": 0.95}, release="rel_b") for text in texts
    ]
    assert engines.tried
    trial = engines.tried.trial
    two = [Trials(store, engines, config.releases, desk.stand_ins) for _ in range(2)]
    assert two[0].looks.look(trial) is None
    while store.trial_arms(trial.started_at).get("rel_b", canary.Arm()).conversations < 20:
        desk.receive(store.create_conversation()[0], "one", "hello")
    counts = []
    count = store.trial_arms
    monkeypatch.setattr(store, "trial_arms", lambda *a: counts.append(a) or count(*a))
    for trials in two:  # of all processes one looks
        trials.shadow.work = lambda seconds: None
    with monkeypatch.context() as patched:
        patched.setattr(canary, "end_trial", full)
        with pytest.raises(OSError, match="disk is full"):
            two[0].step()
    two[1].step()
    assert (len(counts), store.last_look(trial.id)) == (1, 0)
    assert running_trial(config.releases)
    two[0].step()  # what it found stands
    assert (len(counts), store.last_look(trial.id)) == (1, 1)
    for trials in two:
        trials.looks.close()
    ended = last_trial(config.releases)
    assert ended
    assert ended.ended_at
    assert "20 of 20 conversations were handed over, 0 of" in ended.reason
    assert caplog.text.count("the canary rel_b was stopped") == 1
    assert running_trial(config.releases) is None


# --- API and commands ----------------------------------------------------------------------------


def test_admins_begin_watch_and_stop(
    admin: Caller, operator: Caller, config: Config, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "frontdesk.web")
    config.releases.mkdir(parents=True)
    assert admin.get("/api/v1/releases/trial").json["trial"] is None
    assert admin.delete("/api/v1/releases/trial").status_code == 404
    first, second = two_releases(config.releases)
    path = f"/api/v1/releases/{second}/trial"
    begun = admin.post(path, {"mode": "canary", "share": 0.25})
    assert begun.status_code == 201
    assert begun.json["trial"]["champion"] == first
    assert begun.json["canary"]["next_look"] == 20
    told = admin.get("/api/v1/releases/trial").json
    assert (told["running"], told["ready"]) == (True, False)
    assert admin.post(path, {"mode": "shadow", "share": 1}).json["shadow"]["compared"] == 0
    older = begun.json["trial"]["id"]
    assert admin.delete(f"/api/v1/releases/trial?id={older}").status_code == 404
    newer = admin.get("/api/v1/releases/trial").json["trial"]["id"]
    stopped = admin.delete(f"/api/v1/releases/trial?id={newer}").json
    assert f"began trial {newer}: shadow of release {second}" in caplog.text
    assert f"stopped trial {newer} of release {second}" in caplog.text
    assert (stopped["running"], stopped["trial"]["reason"]) == (False, "Stopped by hand.")
    for status, where, body in (
        (404, "/api/v1/releases/rel_none/trial", {"mode": "shadow", "share": 0.1}),
        (409, f"/api/v1/releases/{first}/trial", {"mode": "shadow", "share": 0.1}),
        (422, path, {"mode": "canary", "share": 0.6}),
        (422, path, {"mode": "shadow", "share": 0}),
        (422, path, {"mode": "shadow", "share": 1.1}),
        (422, path, {"mode": "other", "share": 0.1}),
    ):
        assert admin.post(where, body).status_code == status
    (config.releases / second / "heads.safetensors").write_bytes(b"damaged")
    assert admin.post(path, {"mode": "shadow", "share": 0.1}).status_code == 409
    assert operator.get("/api/v1/releases/trial").status_code == 403
    assert operator.post(path, {"mode": "shadow", "share": 0.1}).status_code == 403
    assert operator.delete("/api/v1/releases/trial").status_code == 403


def test_commands_begin_tell_and_stop(
    config: Config, store: Store, start: Start, say: Say, watching: Shadow
) -> None:
    def run(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(cli, ["--home", str(config.home), "releases", *arguments])
        return done.exit_code, done.output + str(done.exception or "")

    assert run("trial") == (0, "There was no trial yet.\n")
    start()
    say(store.create_conversation()[0], "how do returns work")
    say(store.create_conversation()[0], "hello")
    counted(store, watching)
    told = run("trial")[1]
    assert "shadow rel_b beside rel_fake, share 100.0%" in told
    assert "2 messages read (0 dropped, 0 failed); another reply: 50.0% (" in told
    assert "1  answered as something else" in told
    assert "answer return_policy → answer greeting: how do returns work" in told
    first, second = two_releases(config.releases)
    code, said = run("canary", second, "--share", "0.1")
    assert (code, said) == (0, f"{second} answers 10.0% of the conversations beside {first}.\n")
    assert "The next look is due at 20 of its conversations." in run("trial")[1]
    assert "ended: Stopped by hand." in run("trial", "--stop")[1]
    assert "There is no trial." in run("trial", "--stop")[1]
    assert run("canary", second, "--share", "0.6")[0] == 2
    assert "is the champion" in run("shadow", first)[1]
    assert "no release 'rel_none'" in run("shadow", "rel_none")[1]
    (config.releases / second / "heads.safetensors").write_bytes(b"damaged")
    assert run("shadow", second)[0] == 1


def test_trial_whose_champion_changed_is_told_as_over(
    admin: Caller, config: Config, store: Store
) -> None:
    crown(config, "rel_a")
    (config.releases / "rel_b").mkdir()
    trial = begin_trial(config.releases, "rel_b", "rel_a", "shadow", 0.5)
    told = admin.get("/api/v1/releases/trial").json
    assert (told["running"], told["trial"]["reason"]) == (True, "")
    crown(config, "rel_c")
    store.record_shadow(trial.id, {"same": 3, "answer_lost": 1, "dropped": 2}, [])
    told = admin.get("/api/v1/releases/trial").json
    assert (told["running"], told["trial"]["reason"][:20]) == (False, "The champion changed")
    assert told["shadow"]["compared"] == 4
    assert (told["shadow"]["changed"]["share"], told["shadow"]["dropped"]) == (0.25, 2)


def test_newest_disagreements_are_told(
    start: Start, say: Say, store: Store, watching: Shadow, admin: Caller
) -> None:
    start()
    say(store.create_conversation()[0], "how do returns work")
    counted(store, watching)
    (told,) = admin.get("/api/v1/releases/trial").json["disagreements"]
    assert (told["text"], told["kind"]) == ("how do returns work", "other_intent")
    assert told["challenger"]["template"] == "greeting"


def test_file_survives_a_restart_whole(config: Config) -> None:
    first, second = two_releases(config.releases)
    begun = begin_trial(config.releases, second, first, "canary", 0.05)
    kept = json.loads((config.releases / TRIAL).read_text())
    assert Trial(**kept) == begun
    assert not list(config.releases.glob(".trial-*"))
