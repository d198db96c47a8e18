"""The process that owns the model: asked by many, batched, never late, never mixed up."""

import json
import os
import signal
import socket
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest

from fakes import FakeReader, crown, reading_of, save
from index.records import Hit, Reading
from live import LiveServer
from service import engine_client, engine_server
from service.cli import cli
from service.commands import speed
from service.config import Config
from service.desk import Desk
from service.engine import Engines
from service.engine_client import RemoteEngines, Switchboard
from service.engine_server import BEAT_SECONDS, KEPT, MOST, EngineServer
from service.engine_wire import (
    NO_VECTOR,
    FoundReading,
    Key,
    dial,
    limited,
    listen,
    pack_reading,
    receive,
    unpack_reading,
)
from service.errors import EngineAway, EngineChanged
from service.metrics import Metrics
from service.store import Store, open_store
from starter_desk import Starter

Serve = Callable[[], "Owner"]


class Owner:
    """An engine server in a thread."""

    def __init__(self, config: Config, store: Store, address: Path) -> None:
        self.wanted = True
        self.beats = 0
        self.server = EngineServer(config, store, address)
        self.thread = threading.Thread(
            target=self.server.run, args=(lambda: self.wanted, self.beat)
        )
        self.thread.start()

    def beat(self) -> None:
        self.beats += 1

    def stop(self) -> None:
        self.wanted = False
        self.thread.join(10)
        assert not self.thread.is_alive()


@pytest.fixture
def address(tmp_path: Path) -> Path:
    return tmp_path / "model"


@pytest.fixture
def serve(
    config: Config, store: Store, address: Path, readers: list[FakeReader]
) -> Iterator[Serve]:
    """Starts an owner with the release rel_a; the second call starts another in its place."""
    crown(config, "rel_a")
    started: list[Owner] = []

    def start() -> Owner:
        started.append(Owner(config, store, address))
        return started[-1]

    yield start
    for owner in started:
        owner.stop()


@pytest.fixture
def remote(store: Store, address: Path) -> Iterator[RemoteEngines]:
    engines = RemoteEngines(store, address)
    yield engines
    engines.close()


def follow(remote: RemoteEngines, until: Callable[[], bool] = lambda: True) -> Any:
    """The remote engine, as soon as there is one that will do."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        remote.refresh()
        if remote.engine is not None and until():
            return remote.engine
        time.sleep(0.01)
    raise AssertionError(f"no engine: {remote.problem}")


@contextmanager
def slow_reader(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[threading.Event, list[int]]]:
    """Readers wait for the event; how many texts each of their passes had."""
    gate, sizes = threading.Event(), []

    def read(self: FakeReader, texts: Sequence[str]) -> list[Reading]:
        sizes.append(len(texts))
        gate.wait(5)
        return [reading_of(text, {"greeting": 0.9}, release=self.id) for text in texts]

    monkeypatch.setattr(FakeReader, "read", read)
    yield gate, sizes
    gate.set()


def test_it_reads_and_finds_as_an_engine_in_this_process(
    serve: Serve, remote: RemoteEngines, config: Config, store: Store
) -> None:
    serve()
    far = follow(remote)
    engines = Engines(config, store)
    engines.refresh()
    near = engines.current()
    assert (far.release, far.thresholds) == (near.release, near.thresholds)
    assert far.catalogue == near.catalogue
    texts = ["where is LC-1234", "", "ünï – 💬\n\x00" * 50, "x" * 200_000]
    for one, other in zip(far.read(texts), near.read(texts), strict=True):
        assert asdict_of(one) == {**asdict_of(other), "vector": one.vector}
        assert [hit.id for hit in far.search(one)] == [hit.id for hit in near.search(other)]
        assert far.search(one)[0].score == pytest.approx(near.search(other)[0].score, abs=1e-6)
    with pytest.raises(TypeError, match="this engine made"):
        far.search(reading_of("hello"))


def asdict_of(reading: Reading) -> dict[str, Any]:
    return {name: getattr(reading, name) for name in Reading.__slots__}


def test_readings_travel_whole() -> None:
    reading = reading_of("hello", {"greeting": 0.7, "returns": 0.2}, "negative")
    hits = [Hit("template", "t1", 0.5, "greeting", "Hello!", 0.25)]
    there = unpack_reading(orjson.loads(orjson.dumps(pack_reading(reading, hits))))
    assert there == FoundReading(**{**asdict_of(reading), "vector": NO_VECTOR}, hits=tuple(hits))
    with pytest.raises((ValueError, TypeError)):
        unpack_reading(["hello"])


def test_what_comes_during_a_pass_is_the_next_batch(
    serve: Serve, remote: RemoteEngines, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve()
    engine, metrics = follow(remote), Metrics()
    remote.observe = metrics.observe_reading
    with slow_reader(monkeypatch) as (gate, sizes), ThreadPoolExecutor(MOST + 11) as pool:
        first = pool.submit(engine.read, ["first"])
        while not sizes:
            time.sleep(0.01)
        texts = [f"text {number}" for number in range(MOST + 10)]
        others = [pool.submit(engine.read, [text]) for text in texts]
        time.sleep(0.3)
        gate.set()
        assert first.result()[0].text == "first"
        assert [other.result()[0].text for other in others] == texts
    assert sizes == [1, MOST, 10]
    told = metrics.registry.get_sample_value
    count = MOST + 11
    assert told("frontdesk_batch_messages_sum") == 1 + MOST * MOST + 10 * 10
    for stage in ("queue", "encode", "search"):
        assert told("frontdesk_stage_seconds_count", {"stage": stage}) == count
    assert 0.25 < told("frontdesk_stage_seconds_sum", {"stage": "queue"}) / count < 5


def test_late_answer_reaches_nobody(
    serve: Serve, remote: RemoteEngines, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve()
    engine = follow(remote)
    monkeypatch.setattr(engine_client, "READ_SECONDS", 0.2)
    with slow_reader(monkeypatch) as (gate, sizes):
        with pytest.raises(EngineAway, match="in time"):
            engine.read(["late"])
        with pytest.raises(EngineAway, match="in time"):
            engine.read(["also late, and not even begun"])
        gate.set()
        time.sleep(0.1)
        assert engine.read(["in time"])[0].text == "in time"
    assert sizes == [1, 1]  # who had given up was not read


def test_too_many_are_refused_at_once(
    serve: Serve, remote: RemoteEngines, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve()
    engine = follow(remote)
    monkeypatch.setattr(remote._switchboard, "_room", threading.BoundedSemaphore(1))
    with slow_reader(monkeypatch) as (gate, sizes), ThreadPoolExecutor(1) as pool:
        first = pool.submit(engine.read, ["first"])
        while not sizes:
            time.sleep(0.01)
        with pytest.raises(EngineAway, match="more to read"):
            engine.read(["second"])
        gate.set()
        assert first.result()[0].text == "first"
    assert engine.read(["third"])[0].text == "third"


def test_nobody_there_is_away_in_time(
    store: Store, remote: RemoteEngines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_client, "STATE_SECONDS", 0.1)
    monkeypatch.setattr(engine_client, "READ_SECONDS", 0.4)
    remote.refresh()
    with pytest.raises(EngineAway, match="being loaded"):
        remote.current()
    time.sleep(0.4)
    remote.refresh()
    with pytest.raises(EngineAway, match="process is away"):
        remote.current()


def test_question_that_an_owner_leaves_unanswered_is_asked_again(
    serve: Serve, remote: RemoteEngines, address: Path
) -> None:
    serve()
    engine = follow(remote)
    assert engine.read(["hello"])[0].text == "hello"  # over a line that is kept
    with listen(address, 1) as dying, ThreadPoolExecutor(1) as pool:
        remote._switchboard.close()
        waiting = pool.submit(engine.read, ["are you there?"])
        dying.setblocking(True)
        line, _ = dying.accept()
        line.recv(10)
        line.close()  # in the middle
        dying.close()
        serve()  # another takes its place, with the same release and content
        assert waiting.result()[0].text == "are you there?"


def test_engine_in_hand_answers_while_it_is_replaced(
    serve: Serve, remote: RemoteEngines, config: Config, store: Store
) -> None:
    serve()
    first = follow(remote)
    for number in range(KEPT - 1):
        save(store, f"Hello number {number}!")
        revision = store.content_revision()
        follow(remote, lambda wanted=revision: remote.engine.key.revision == wanted)
    assert first.read(["hello"])[0].text == "hello"
    crown(config, "rel_b")
    second = follow(remote, lambda: remote.engine.release == "rel_b")
    assert second.read(["hello"])[0].release == "rel_b"
    assert first.read(["hello"])[0].release == "rel_a"
    for number in range(KEPT):
        save(store, f"Hello again, number {number}!")
        revision = store.content_revision()
        follow(remote, lambda wanted=revision: remote.engine.key.revision == wanted)
    with pytest.raises(EngineChanged):
        first.read(["hello"])


def test_web_processes_tell_why_the_champion_is_not_what_reads(
    serve: Serve, remote: RemoteEngines, config: Config
) -> None:
    serve()
    follow(remote)
    assert remote.problem == ""
    crown(config, "rel_b")
    (config.releases / "rel_b" / "broken").write_text("it is damaged")
    follow(remote, lambda: "it is damaged" in remote.problem)
    assert remote.current().read(["hello"])[0].release == "rel_a"
    crown(config, "rel_a")
    follow(remote, lambda: remote.problem == "")


def test_engine_that_nobody_asks_any_more_is_let_go(
    serve: Serve, remote: RemoteEngines, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that two models are in memory for seconds only."""
    owner = serve()
    first = follow(remote)
    assert first.read(["hello"])
    replaced = weakref.ref(owner.server._engines.engine)
    crown(config, "rel_b")
    follow(remote, lambda: remote.engine.release == "rel_b")
    assert first.read(["hello"])[0].release == "rel_a"
    assert replaced() is not None
    monkeypatch.setattr("service.engine_server.KEPT_SECONDS", 0.1)
    deadline = time.monotonic() + 5
    while replaced() is not None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    with pytest.raises(EngineChanged):
        first.read(["hello"])
    assert remote.engine.read(["hello"])[0].release == "rel_b"


def test_turn_with_an_engine_that_is_gone_takes_the_current_one(
    serve: Serve, remote: RemoteEngines, config: Config, store: Store
) -> None:
    serve().stop()
    owner = serve()
    follow(remote)
    crown(config, "rel_b")
    deadline = time.monotonic() + 5
    while owner.server._engines.engine is None or owner.server._engines.engine.release != "rel_b":
        assert time.monotonic() < deadline
        time.sleep(0.01)
    owner.server._kept.pop(Key("rel_a", store.content_revision()), None)  # as after a restart
    conversation, _ = store.create_conversation()
    turn = Desk(store, remote, Metrics()).receive(conversation, "c-1", "hello there")
    assert turn.ticket is None
    assert store.trace(turn.message.id)["release"] == "rel_b"


@pytest.mark.parametrize("error", [RuntimeError, ValueError, KeyError])
def test_model_that_fails_is_away_and_the_owner_stays(
    error: type[Exception],
    serve: Serve,
    remote: RemoteEngines,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    owner = serve()
    engine = follow(remote)

    def fail(*_: object) -> None:
        raise error("out of memory")

    with monkeypatch.context() as patch:
        patch.setattr(FakeReader, "read", fail)
        with pytest.raises(EngineAway, match="failed while reading"):
            engine.read(["hello"])
    assert engine.read(["hello"])[0].text == "hello"
    assert owner.thread.is_alive()


def test_rubbish_on_the_wire_is_hung_up_on(
    serve: Serve, remote: RemoteEngines, address: Path
) -> None:
    serve()
    engine = follow(remote)
    key = orjson.dumps(list(engine.key))
    for rubbish in (
        b"no json",
        b"[]",
        b'{"texts": ["x"]}',
        b'{"texts": 1, "key": 2, "until": 3}',
        b'{"texts": ["x"], "key": [[1], [2]], "until": 3}',
        b'{"texts": 5, "until": 3, "key": %s}' % key,
        b'{"texts": ["x"], "until": "soon", "key": %s}' % key,
    ):
        line = dial(address)
        line.send_bytes(rubbish)
        with pytest.raises(EOFError):
            receive(line)
    with socket.socket(socket.AF_UNIX) as raw:
        raw.connect(str(address))
    assert engine.read(["hello"])[0].text == "hello"


def test_half_a_frame_holds_nobody_up_for_long(
    serve: Serve, remote: RemoteEngines, address: Path
) -> None:
    serve()
    engine = follow(remote)
    with socket.socket(socket.AF_UNIX) as stuck:
        stuck.connect(str(address))
        stuck.sendall(b"\x00\x00\x10\x00{")  # 4,096 bytes are promised
        time.sleep(0.1)
        assert engine.read(["hello"])[0].text == "hello"


def test_answer_that_cannot_be_made_fails_alone_and_moves_no_other(
    serve: Serve, remote: RemoteEngines, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve()
    engine = follow(remote)
    whole = engine_server.pack_reading

    def pack(reading: Reading, hits: Sequence[Hit]) -> list[Any]:
        if "poison" in reading.text:
            raise MemoryError
        return whole(reading, hits)

    monkeypatch.setattr(engine_server, "pack_reading", pack)
    texts = ["one", "two", "poison", "three", "four"] * 4
    with slow_reader(monkeypatch) as (gate, sizes), ThreadPoolExecutor(30) as pool:
        first = pool.submit(engine.read, ["first"])
        while not sizes:
            time.sleep(0.01)
        asked = [pool.submit(engine.read, [text]) for text in texts]
        time.sleep(0.2)
        gate.set()
        assert first.result()[0].text == "first"
        for text, answer in zip(texts, asked, strict=True):
            if text == "poison":
                with pytest.raises(EngineAway, match="failed while reading"):
                    answer.result()
            else:
                assert answer.result()[0].text == text
    for text in texts:  # and over the same lines
        if text != "poison":
            assert engine.read([text])[0].text == text


def test_line_on_which_something_came_unasked_is_not_used_again(
    serve: Serve, remote: RemoteEngines
) -> None:
    serve()
    engine = follow(remote)
    ours, theirs = socket.socketpair()
    with theirs:
        remote._switchboard._idle.append(limited(ours))
        theirs.sendall(b"\x00\x00\x00\x02{}")
        assert engine.read(["hello"])[0].text == "hello"
        with pytest.raises(ConnectionResetError):  # hung up
            theirs.recv(10)


def test_content_that_never_rests_hands_nobody_over(
    serve: Serve, remote: RemoteEngines, store: Store
) -> None:
    serve()
    follow(remote)
    remote.start()
    desk, stop = Desk(store, remote, Metrics()), threading.Event()

    def edit() -> None:
        number = 0
        while not stop.wait(0.05):
            number += 1
            save(store, f"Hello number {number}!")

    editor = threading.Thread(target=edit)
    editor.start()
    try:
        actions = []
        for number in range(40):
            conversation, _ = store.create_conversation()
            actions.append(desk.receive(conversation, f"c-{number}", "hello there").action)
            time.sleep(0.05)
    finally:
        stop.set()
        editor.join()
    assert actions.count("handoff") == 0


def test_owner_waits_for_those_who_have_not_hung_up(
    config: Config, store: Store, address: Path, readers: list[FakeReader]
) -> None:
    crown(config, "rel_a")
    server, wanted = EngineServer(config, store, address), [True]
    run = threading.Thread(
        target=server.run, args=(lambda: wanted[0], lambda: None), kwargs={"grace": 10}
    )
    run.start()
    remote = RemoteEngines(store, address)
    engine = follow(remote)
    wanted[0] = False
    time.sleep(3 * BEAT_SECONDS)  # it has seen that
    for text in ("one more", "and another"):
        assert engine.read([text])[0].text == text
    remote.close()
    run.join(5)
    assert not run.is_alive()


def test_switchboard_is_not_asked_after_its_time(tmp_path: Path) -> None:
    with pytest.raises(EngineAway):
        Switchboard(tmp_path / "nobody").ask({}, time.monotonic() - 1)


def owner_of(server: LiveServer) -> int:
    """The process with the model, compiled or not."""
    libraries = ("openvino", "libtorch")
    maps = {pid: Path(f"/proc/{pid}/maps").read_text() for pid in server.workers()}
    found = [pid for pid, mapped in maps.items() if any(lib in mapped for lib in libraries)]
    assert len(found) == 1
    return found[0]


def test_killing_the_owner_loses_no_message(starter: Starter, tmp_path: Path) -> None:
    """Customers go on writing while the model's process is killed: all are answered, most of them
    by the desk, and the desk reads again within seconds."""
    with LiveServer(starter.copy(tmp_path / "home")) as server:
        deadline = time.monotonic() + 30
        while server.call("GET", "/readyz")[0] != 200:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        web = set(server.workers()) - {owner_of(server)}
        for pid in web:
            mapped = Path(f"/proc/{pid}/maps").read_text()
            assert not [lib for lib in ("openvino", "libtorch", "faiss") if lib in mapped]
        stop, turns = threading.Event(), []

        def write(number: int) -> None:
            path, token = server.start_conversation()
            count = 0
            while not stop.is_set():
                count += 1
                message = {"client_id": f"c{count}", "text": "where is my order KM-482913?"}
                began = time.monotonic()
                status, _, turn = server.call("POST", f"{path}/messages", message, token=token)
                turns.append((status, turn["action"], began, time.monotonic()))
                if turn["action"] == "handoff":
                    path, token = server.start_conversation()
                time.sleep(0.05)

        with ThreadPoolExecutor(8) as pool:
            writers = [pool.submit(write, number) for number in range(8)]
            time.sleep(1.5)
            killed = time.monotonic()
            os.kill(owner_of(server), signal.SIGKILL)
            time.sleep(6)
            stop.set()
            for writer in writers:
                writer.result()
        assert {status for status, *_ in turns} == {201}
        again = min(
            end for _, action, began, end in turns if began > killed and action != "handoff"
        )
        assert again - killed < 5  # 1.5 s where nothing runs beside it: docs/decisions.md
        away = [turn for turn in turns if turn[1] == "handoff"]
        assert len(away) <= len(turns) / 10
        assert owner_of(server) not in web
        assert set(server.workers()) >= web


def test_doctor_measures_what_the_machine_carries(
    starter: Starter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    home = starter.copy(tmp_path / "home")

    def last_event() -> int:
        store = open_store(Config(home=home))
        try:
            return store.last_event()
        finally:
            store.close()

    events, before = last_event(), sorted(path.name for path in home.iterdir())
    monkeypatch.setattr(speed, "WARM_SECONDS", 0.0)
    monkeypatch.setattr(speed, "MEASURE_SECONDS", 1.0)
    arguments = ["--home", str(home), "doctor", "--speed", "--json"]
    cli.main(arguments, standalone_mode=False)
    findings = {each["check"]: each for each in json.loads(capsys.readouterr().out)["findings"]}
    turns = int(findings["speed"]["message"].split(" turns/s")[0])
    assert turns > 5
    assert "answered within" in findings["speed alone"]["message"]
    memory = int(findings["start"]["message"].split(" s, ")[1].split(" MB")[0])
    assert 100 < memory < 2000
    assert sorted(path.name for path in home.iterdir()) == before  # nothing of it is left
    assert last_event() == events  # and no customer of the measurement wrote to the desk itself
