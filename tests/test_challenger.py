"""The release on trial in the model's process: loaded beside, asked when nobody waits."""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

import pytest

from fakes import FakeReader, crown, save
from index.records import Reading
from index.trial import Mode, begin_trial, end_trial
from service import engine_client, engine_server
from service.config import Config
from service.engine import OnTrial
from service.engine_client import RemoteEngines
from service.errors import EngineBusy, EngineChanged
from service.store import Store
from test_engine_process import Owner, Serve, address, remote, serve, slow_reader

__all__ = ["address", "remote", "serve"]

Begin = Callable[..., None]


@pytest.fixture
def begin(config: Config, serve: Serve, remote: RemoteEngines) -> Begin:
    """Puts rel_b on trial beside rel_a, which an owner serves."""

    def put(mode: Mode = "shadow", share: float = 0.5, release: str = "rel_b") -> None:
        (config.releases / release).mkdir(exist_ok=True)
        begin_trial(config.releases, release, "rel_a", mode, share)

    return put


@pytest.fixture
def owner(serve: Serve) -> Owner:
    return serve()


def tried(remote: RemoteEngines, until: Callable[[OnTrial | None], bool]) -> OnTrial | None:
    """What the remote side hears of a trial, once it is so; within the five seconds of issue 5."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        remote.refresh()
        if remote.engine is not None and until(remote.on_trial()):
            return remote.on_trial()
        time.sleep(0.01)
    raise AssertionError(remote.on_trial())


def loaded(told: OnTrial | None) -> bool:
    return told is not None and told.engine is not None


def test_without_a_trial_there_is_one_model(
    owner: Owner, remote: RemoteEngines, readers: list[FakeReader]
) -> None:
    assert tried(remote, lambda told: told is None) is None
    time.sleep(0.6)  # the challenger's thread has looked twice
    assert [reader.id for reader in readers] == ["rel_a"]


def test_challenger_is_loaded_beside_and_let_go(
    owner: Owner, remote: RemoteEngines, begin: Begin, config: Config, readers: list[FakeReader]
) -> None:
    begin()
    told = tried(remote, loaded)
    assert told is not None
    assert told.engine is not None
    assert (told.trial.release, told.trial.mode, told.engine.release) == (
        "rel_b",
        "shadow",
        "rel_b",
    )
    assert told.engine.read_idly(["hello"])[0].release == "rel_b"
    assert remote.current().read(["hello"])[0].release == "rel_a"
    assert remote.current().catalogue is told.engine.catalogue
    end_trial(config.releases, "enough")
    assert tried(remote, lambda told: told is None) is None
    assert owner.server._challenger.engine is None
    assert [reader.id for reader in readers] == ["rel_a", "rel_b"]


def test_challenger_follows_content_and_the_next_trial(
    owner: Owner,
    remote: RemoteEngines,
    begin: Begin,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begin()
    before = tried(remote, loaded)
    assert before is not None
    assert before.engine is not None
    save(store, "Good day!")
    revision = store.content_revision()
    after = tried(
        remote, lambda t: bool(t and t.engine and t.engine.catalogue.revision == revision)
    )
    assert after is not None
    assert after.engine is not None
    assert after.engine.catalogue.template("greeting").text == "Good day!"
    begin(release="rel_c")
    told = tried(remote, lambda t: bool(t and t.engine and t.engine.release == "rel_c"))
    assert told is not None
    assert told.trial.release == "rel_c"
    monkeypatch.setattr(engine_server, "KEPT_SECONDS", 0.05)
    time.sleep(0.1)
    tried(remote, loaded)
    with pytest.raises(EngineChanged):  # nobody asks it any more
        before.engine.read_idly(["hello"])


def test_damaged_challenger_is_told_and_the_champion_reads_on(
    owner: Owner, remote: RemoteEngines, begin: Begin, config: Config
) -> None:
    (config.releases / "rel_b").mkdir()
    (config.releases / "rel_b" / "broken").write_text("its weights are cut off")
    begin("canary")
    told = tried(remote, lambda t: t is not None and "cut off" in t.problem)
    assert told is not None
    assert told.engine is None
    assert remote.current().read(["hello"])[0].release == "rel_a"


def test_canary_does_not_run_without_the_champion_that_it_is_compared_with(
    owner: Owner, remote: RemoteEngines, begin: Begin, config: Config
) -> None:
    begin("canary")
    tried(remote, loaded)
    crown(config, "rel_c")
    broken = config.releases / "rel_c" / "broken"
    broken.write_text("its weights are cut off")
    begin_trial(config.releases, "rel_b", "rel_c", "canary", 0.5)
    told = tried(remote, lambda t: t is not None and t.problem == "The champion is not loaded.")
    assert told is not None
    assert told.engine is None
    assert owner.server._challenger.engine is None
    assert remote.current().read(["hello"])[0].release == "rel_a"
    broken.unlink()
    owner.server._engines.retry_at = 0.0
    told = tried(remote, loaded)
    assert told is not None
    assert told.trial.champion == remote.current().release == "rel_c"


def test_canary_is_ready_when_it_has_met_batches(
    owner: Owner,
    remote: RemoteEngines,
    begin: Begin,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    warmed: list[str] = []
    gate = threading.Event()

    def warm_up(self: FakeReader) -> None:
        gate.wait(5)
        warmed.append(self.id)

    tried(remote, lambda told: told is None)
    monkeypatch.setattr(FakeReader, "warm_up_batches", warm_up)
    begin("shadow")
    assert loaded(tried(remote, loaded))
    assert warmed == []  # a shadow reads one by one
    begin("canary")
    tried(remote, lambda t: t is not None and t.trial.mode == "canary" and t.engine is None)
    gate.set()
    told = tried(remote, lambda t: loaded(t) and t is not None and t.trial.mode == "canary")
    assert warmed == ["rel_b"]
    assert told is not None
    assert told.engine is not None
    assert told.engine.read(["hello", "again"])[1].release == "rel_b"


def test_shadow_waits_until_no_customer_does(
    owner: Owner, remote: RemoteEngines, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin()
    told = tried(remote, loaded)
    assert told is not None
    assert told.engine is not None
    engine, order = told.engine, []

    def ask(name: str, read: Callable[[Sequence[str]], list[Reading]]) -> threading.Thread:
        def run() -> None:
            read([name])
            order.append(name)

        thread = threading.Thread(target=run)
        thread.start()
        return thread

    with slow_reader(monkeypatch) as (gate, sizes):
        asking = [ask("customer", remote.current().read)]
        while not sizes:
            time.sleep(0.005)
        asking.append(ask("shadow", engine.read_idly))
        time.sleep(0.1)
        asking.append(ask("later customer", remote.current().read))
        time.sleep(0.1)
        assert len(sizes) == 1  # the lane is taken: the shadow's is no second pass
        gate.set()
        for thread in asking:
            thread.join(5)
    assert order[-1] == "shadow"
    assert sizes == [1, 1, 1]


def test_shadow_that_finds_no_time_is_told_so(
    owner: Owner, remote: RemoteEngines, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_client, "READ_SECONDS", 0.3)
    begin()
    told = tried(remote, loaded)
    assert told is not None
    assert told.engine is not None
    with slow_reader(monkeypatch) as (gate, sizes):

        def write() -> None:
            with suppress(EngineBusy):  # it is slow, on purpose
                remote.current().read(["hello"])

        customer = threading.Thread(target=write)
        customer.start()
        while not sizes:
            time.sleep(0.005)
        for _ in range(3):
            with pytest.raises(EngineBusy):
                told.engine.read_idly(["hello"])
        deadline = time.monotonic() + 2
        while owner.server._idle and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not owner.server._idle  # nor does it pile up where nobody has time
        assert owner.server._is_busy()
        gate.set()
        customer.join(5)
    assert sizes == [1]
