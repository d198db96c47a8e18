"""The champion and the content, kept current: swapped whole, and never for something worse."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fakes import FakeReader, crown, reading_of, save, vector_of
from service import engine as door
from service.background import STEP
from service.config import Config
from service.engine import Engines, NoEngines, index_entries, local_today, passages, release_engine
from service.errors import EngineAway
from service.records.content import Article, Content, Example, Template
from service.records.settings import Slot
from service.store import Store


@pytest.fixture
def engines(config: Config, store: Store) -> Engines:
    return Engines(config, store)


def test_without_a_release_it_says_what_to_do(engines: Engines) -> None:
    with pytest.raises(EngineAway, match="being loaded"):
        engines.current()
    engines.refresh()
    with pytest.raises(EngineAway, match="frontdesk train"):
        engines.current()


def test_champion_is_loaded_with_the_content(
    engines: Engines, config: Config, store: Store, readers: list[FakeReader]
) -> None:
    crown(config, "rel_a")
    engines.refresh()
    engine = engines.current()
    assert engine.release == "rel_a"
    assert engine.catalogue.revision == store.content_revision()
    assert readers[0].warmed
    reading = engine.read(["where is LC-1234"])[0]
    assert [(e.label, e.value) for e in reading.entities] == [("order_number", "LC-1234")]
    hits = engine.search(replace(reading, vector=vector_of("well, gift please")))
    best = next(hit for hit in hits if hit.kind == "example")
    assert (best.intent, best.text) == ("gift_card", "well, gift please")
    assert best.score > 0.999
    assert {hit.kind for hit in hits} == {"template", "example", "passage"}
    engines.refresh()
    assert engines.current() is engine  # nothing has changed


def test_new_champion_is_swapped_in_whole(
    engines: Engines, config: Config, readers: list[FakeReader]
) -> None:
    crown(config, "rel_a")
    engines.refresh()
    before = engines.current()
    crown(config, "rel_b")
    engines.refresh()
    assert engines.current().release == "rel_b"
    assert before.release == "rel_a"  # who took it before keeps all of it
    assert before.read(["x"])[0].release == "rel_a"


def test_changed_content_needs_no_new_reader_and_little_encoding(
    engines: Engines, config: Config, store: Store, readers: list[FakeReader]
) -> None:
    crown(config, "rel_a")
    engines.refresh()
    readers[0].encoded.clear()
    save(store, "Good day to you!")
    engines.refresh()
    (reader,) = readers
    assert reader.encoded == ["Say hello\nGood day to you!"]
    template = engines.current().catalogue.template("greeting")
    assert template
    assert template.text == "Good day to you!"


def test_letters_of_an_edit_are_found(
    engines: Engines, config: Config, store: Store, readers: list[FakeReader]
) -> None:
    crown(config, "rel_a")
    engines.refresh()
    asked = reading_of("zeppelins, too.")
    assert all(hit.lexical == 0 for hit in engines.current().search(asked))
    store.save_template(Template("greeting", "greeting", "We rent zeppelins, too."))
    engines.refresh()
    found = max(engines.current().search(asked), key=lambda hit: hit.lexical)
    assert found.id == "greeting"
    assert found.lexical > 0


def test_examples_that_people_wrote_after_the_training_are_fresh(
    engines: Engines, config: Config, store: Store, readers: list[FakeReader]
) -> None:
    old, new = "2025-11-30T23:59:59.900Z", "2025-12-01T00:00:01.100Z"
    known = {
        "known before": Example("exa_1", "known before", "greeting", source="correction", at=old),
        "said since": Example("exa_2", "said since", "greeting", source="correction", at=new),
        "moved since": Example("exa_3", "moved since", "greeting", source="import", at=new),
    }
    store.add_examples(list(known.values()))
    crown(config, "rel_a")
    engines.refresh()
    for text in known:
        hits = engines.current().search(reading_of(text))
        first = next(hit for hit in hits if hit.kind == "example")
        assert (first.text, first.fresh) == (text, text == "said since")
        assert not any(hit.fresh for hit in hits if hit.kind != "example")


def test_restart_encodes_nothing_that_is_known(
    engines: Engines, config: Config, store: Store, readers: list[FakeReader]
) -> None:
    crown(config, "rel_a")
    engines.refresh()
    again = Engines(config, store)
    again.refresh()
    assert readers[1].encoded == []
    assert again.current().search(reading_of("well, gift please"))[0].score > 0.999


def test_release_that_cannot_be_loaded_leaves_the_old_one_serving(
    engines: Engines,
    config: Config,
    readers: list[FakeReader],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(door, "RETRY_SECONDS", 0.2)
    crown(config, "rel_a")
    engines.refresh()
    crown(config, "rel_b")
    broken = config.releases / "rel_b" / "broken"
    broken.write_text("heads.safetensors is missing")
    for _ in range(5):
        engines.refresh()
    assert engines.current().release == "rel_a"
    told = [record.message for record in caplog.records if record.levelno == logging.ERROR]
    assert told == ["Release rel_b cannot be loaded: heads.safetensors is missing"]
    assert engines.problem == told[0]
    # It recovers by itself when the release is whole, but does not try four times a second.
    broken.unlink()
    engines.refresh()
    assert engines.current().release == "rel_a"
    time.sleep(0.25)
    engines.refresh()
    assert engines.current().release == "rel_b"
    assert engines.problem == ""


def test_content_reaches_the_release_that_serves_in_place_of_a_damaged_champion(
    engines: Engines, config: Config, store: Store, readers: list[FakeReader]
) -> None:
    crown(config, "rel_a")
    engines.refresh()
    crown(config, "rel_b")
    (config.releases / "rel_b" / "broken").write_text("it is damaged")
    engines.refresh()
    save(store, "Hello from today!")
    engines.refresh()
    engine = engines.current()
    assert (engine.release, engine.catalogue.revision) == ("rel_a", store.content_revision())
    assert "rel_b" in engines.problem
    assert len(readers) == 1
    crown(config, "rel_a")  # rolled back
    engines.refresh()
    assert engines.problem == ""


def test_after_a_restart_the_champion_before_serves_in_place_of_a_damaged_one(
    engines: Engines, config: Config, store: Store, readers: list[FakeReader]
) -> None:
    for release in ("rel_a", "rel_b"):
        crown(config, release)
    (config.releases / "previous").write_text("rel_a")
    (config.releases / "rel_b" / "broken").write_text("it is damaged")
    engines.refresh()
    assert engines.current().release == "rel_a"
    assert engines.problem == "Release rel_b cannot be loaded: it is damaged"
    (config.releases / "rel_b" / "broken").unlink()
    engines.retry_at = 0
    engines.refresh()
    assert (engines.current().release, engines.problem) == ("rel_b", "")
    (config.releases / "rel_b" / "broken").write_text("it is damaged")
    (config.releases / "rel_a" / "broken").write_text("and so is it")
    again = Engines(config, store)
    again.refresh()
    with pytest.raises(EngineAway, match="rel_b"):
        again.current()


@pytest.mark.parametrize("error", [TypeError, KeyError, ImportError])
def test_library_that_does_not_fit_the_release_is_told(
    error: type[Exception],
    engines: Engines,
    config: Config,
    readers: list[FakeReader],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: Any) -> None:
        raise error("heads")

    monkeypatch.setattr(FakeReader, "warm_up", fail)
    crown(config, "rel_a")
    engines.refresh()
    with pytest.raises(EngineAway, match=r"rel_a cannot be loaded: .*heads"):
        engines.current()


@pytest.mark.parametrize("error", [RuntimeError, ValueError, MemoryError])
def test_model_that_fails_is_away(
    error: type[Exception], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any) -> None:
        raise error("CUDA out of memory")

    reader: Any = FakeReader("rel_a")
    monkeypatch.setattr(reader, "read", fail)
    engine = release_engine(reader, None, None)
    monkeypatch.setattr(engine.index, "search_all", fail)
    with pytest.raises(EngineAway):
        engine.read(["hello"])
    with pytest.raises(EngineAway):
        engine.search(reading_of("hello"))
    assert caplog.text.count(f"{error.__name__}: CUDA out of memory") == 2


def test_first_release_that_cannot_be_loaded_is_told(
    engines: Engines, config: Config, readers: list[FakeReader]
) -> None:
    crown(config, "rel_a")
    (config.releases / "rel_a" / "broken").write_text("damaged")
    engines.refresh()
    with pytest.raises(EngineAway, match="rel_a cannot be loaded: damaged"):
        engines.current()


def test_content_that_does_not_fit_leaves_the_old_engine_serving(
    engines: Engines,
    config: Config,
    store: Store,
    readers: list[FakeReader],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    crown(config, "rel_a")
    engines.refresh()
    monkeypatch.setattr(FakeReader, "encode", lambda *_: np.zeros((9, 2)))
    save(store, "Good day!")
    engines.refresh()
    template = engines.current().catalogue.template("greeting")
    assert template
    assert template.text == "Hello!"


@pytest.mark.parametrize("raw", [b"\xff\xfe", b""])
def test_broken_champion_file_is_told_once_and_overcome(
    raw: bytes,
    engines: Engines,
    config: Config,
    readers: list[FakeReader],
    caplog: pytest.LogCaptureFixture,
) -> None:
    crown(config, "rel_a")
    engines.refresh()
    (config.releases / "champion").write_bytes(raw)
    for _ in range(3):
        engines.refresh()
    assert engines.current().release == "rel_a"
    assert len([r for r in caplog.records if r.levelno == logging.ERROR]) == (1 if raw else 0)
    crown(config, "rel_b")
    engines.refresh()
    assert engines.current().release == "rel_b"


@pytest.fixture
def watching(engines: Engines) -> Iterator[Engines]:
    engines.start()
    yield engines
    engines.close()
    assert not engines.thread.is_alive()


def eventually(true: Callable[[], bool], seconds: float = 5) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.01)
    return False


def test_vectors_of_releases_that_left_are_removed(
    engines: Engines, config: Config, readers: list[FakeReader]
) -> None:
    cache = config.home / "cache"
    for release, left in (
        ("rel_a", {"rel_a"}),
        ("rel_b", {"rel_a", "rel_b"}),
        ("rel_c", {"rel_b", "rel_c"}),
    ):
        crown(config, release)
        engines.refresh()
        assert {path.name.split(".")[0] for path in cache.iterdir()} == left
        (config.releases / "previous").write_text(release)
    (config.releases / "previous").write_bytes(b"\xff")  # damaged, and no reason to fail
    crown(config, "rel_d")
    engines.refresh()
    assert engines.current().release == "rel_d"


def test_a_running_desk_notices_by_itself(
    watching: Engines,
    config: Config,
    store: Store,
    readers: list[FakeReader],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[str] = []
    watching.when_ready(told.append)
    time.sleep(0.3)
    assert told == []
    crown(config, "rel_a")
    assert eventually(lambda: told == ["rel_a"])
    assert watching.current().release == "rel_a"
    crown(config, "rel_b")
    assert eventually(lambda: watching.current().release == "rel_b")
    save(store, "Good day!")
    assert eventually(lambda: watching.current().catalogue.revision == store.content_revision())


def test_watching_survives_what_nobody_expected(
    engines: Engines,
    config: Config,
    readers: list[FakeReader],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(door, "RETRY_SECONDS", 0.01)
    refresh, failed = engines.refresh, threading.Event()

    def fail_once() -> None:
        if not failed.is_set():
            failed.set()
            raise KeyError("unexpected")
        refresh()

    monkeypatch.setattr(engines, "refresh", fail_once)
    crown(config, "rel_a")
    engines.start()
    assert eventually(lambda: engines.engine is not None)
    engines.close()
    assert "could not be refreshed" in caplog.text


# --- what is indexed -----------------------------------------------------------------------------


def test_index_holds_templates_examples_and_passages(content: Content) -> None:
    examples = tuple(replace(e, id=f"exa_{n}") for n, e in enumerate(content.examples))
    entries = index_entries(replace(content, examples=examples))
    kinds = {
        kind: [e for e in entries if e.kind == kind] for kind in ("template", "example", "passage")
    }
    assert len(kinds["template"]) == len(content.templates)
    assert kinds["template"][0].text == "Where is my order?\nOrder {order_number} is on its way."
    texts = {entry.text for entry in kinds["example"]}
    assert "well, gift please" in texts
    assert not texts & {"this is dreadful", "will it rain on sunday"}  # no intent, out of scope
    assert [entry.id for entry in kinds["passage"]] == ["returns#0", "returns#1"]


def test_article_is_cut_at_its_headings() -> None:
    assert passages("Lamps", "Intro.\n\n## One\n\na\n\n### Deep\n\nb\n\n## Two\n\nc\n") == [
        "Lamps\nIntro.",
        "Lamps\nOne\n\na\n\n### Deep\n\nb",
        "Lamps\nTwo\n\nc",
    ]
    assert passages("Lamps", "## Only\n\na") == ["Lamps\nOnly\n\na"]
    assert passages("Lamps", "") == []


def test_facts_of_a_message_are_recognised(content: Content) -> None:
    slots = (
        *content.settings.slots,
        Slot("wanted", "Day", "When?", "", kind="coming_date"),
        Slot("iban", "Account", "Which?", "", r"AC-\d+"),
    )
    settings = replace(content.settings, slots=slots, region="GB")
    reader: Any = FakeReader("rel_a")
    engine = release_engine(reader, replace(content, settings=settings), None)
    text = "LC-1234 tomorrow, 07911 123456 or a@B.example, AC-7, DE89370400440532013000"
    (reading,) = engine.read([text])
    tomorrow = (local_today() + timedelta(days=1)).isoformat()
    assert [(e.label, e.value, e.exact) for e in reading.entities] == [
        ("order_number", "LC-1234", True),
        ("wanted", tomorrow, True),
        ("phone", "+447911123456", True),
        ("email", "a@b.example", True),
        ("iban", "AC-7", True),  # the desk says what its name means
    ]


def test_release_without_a_desk_routes_by_its_labels() -> None:
    reader: Any = FakeReader("rel_a")
    engine = release_engine(reader, None, None)
    assert engine.catalogue.bare
    assert set(engine.catalogue.intents) == {"greeting", "returns"}
    assert engine.search(reading_of("x")) == []


def test_desk_without_any_content_can_be_indexed(tmp_path: Path) -> None:
    reader: Any = FakeReader("rel_a")
    article = Article("a", "A", "")
    for content in (Content(), Content(articles=(article,))):
        engine = release_engine(reader, content, tmp_path)
        assert engine.search(reading_of("x")) == []


def test_no_engines_are_always_away() -> None:
    with pytest.raises(EngineAway):
        NoEngines().current()


def test_customers_go_before_new_content(
    config: Config, store: Store, readers: list[FakeReader], monkeypatch: pytest.MonkeyPatch
) -> None:
    passes: list[int] = []
    encode = FakeReader.encode

    def watched(self: FakeReader, texts: Sequence[str]) -> Any:
        passes.append(sum(map(len, texts)))
        return encode(self, texts)

    monkeypatch.setattr(FakeReader, "encode", watched)
    crown(config, "rel_a")
    asked: list[int] = []
    engines = Engines(config, store, busy=lambda: bool(asked.append(len(passes))))
    engines.refresh()
    assert max(passes) > STEP  # nobody can be answered yet
    assert asked == []
    passes.clear()
    store.add_examples([Example("", f"new text {n}", "greeting") for n in range(200)])
    engines.refresh()
    assert STEP < sum(passes) < 200 * 20
    assert max(passes) <= STEP
    assert asked == list(range(asked[0], len(passes) + 1))  # after each step


def test_unchanged_content_is_not_indexed_again(
    engines: Engines, config: Config, store: Store, readers: list[FakeReader]
) -> None:
    crown(config, "rel_a")
    engines.refresh()
    before = engines.current()
    save(store, "Good day to you!")
    engines.refresh()
    after = engines.current()
    assert after.index._shelves["example"] is before.index._shelves["example"]
    assert after.index._shelves["template"] is not before.index._shelves["template"]
    crown(config, "rel_b")  # whose vectors are others
    engines.refresh()
    following = engines.current().index
    assert following._shelves["example"] is not after.index._shelves["example"]
