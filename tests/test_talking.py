"""``frontdesk read`` and ``frontdesk chat``: messages in, what the desk makes of them out."""

import io
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from fakes import THRESHOLDS, FakeEngine, vector_of
from index.records import Reading
from index.release import Manifest
from service import engine as door
from service.cli import cli
from service.commands import talking
from service.commands.talking import BATCH, line_batches, release_folder
from service.config import Config
from service.errors import EngineAway, InvalidInput, NotFound
from service.records.content import Content
from service.store import Store


class FakeReader:
    """The fake engine as a release's reader."""

    thresholds = THRESHOLDS

    def __init__(self, content: Content, name: str, intents: Sequence[str]) -> None:
        self.engine = FakeEngine(content, {}, name)
        self.release = type(
            "Release", (), {"id": name, "manifest": Manifest(name, "", "", "", {})}
        )()
        self.backend = type("Backend", (), {"name": "fake cpu", "lanes": 1})()
        self.labels = type("Labels", (), {"intents": tuple(intents)})()

    def warm_up(self) -> None:
        pass

    def warm_up_batches(self) -> None:
        pass

    def encode(self, texts: Sequence[str]) -> Any:
        return np.array([vector_of(text) for text in texts], np.float32).reshape(-1, 32)

    def read(self, texts: Sequence[str]) -> list[Reading]:
        return self.engine.read(texts)


@pytest.fixture
def champion(config: Config, content: Content, monkeypatch: pytest.MonkeyPatch) -> str:
    """A champion whose weights are keywords."""
    labels = [intent.name for intent in content.intents]

    def load(folder: Path, _device: str) -> FakeReader:
        return FakeReader(content, folder.name, labels)

    for module in (talking, door):
        monkeypatch.setattr(module, "load_reader", load)
    (config.releases / "rel_a").mkdir(parents=True)
    (config.releases / "champion").write_text("rel_a\n")
    return "rel_a"


def frontdesk(config: Config, *arguments: str, text: str | bytes = "") -> Result:
    return CliRunner().invoke(cli, ["--home", str(config.home), *arguments], input=text)


def told(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


# --- read ----------------------------------------------------------------------------------------


def test_read_writes_a_line_for_a_line(config: Config, store: Store, champion: str) -> None:
    texts = ["where is LC-1234", "", "a person please", "grüße 🙂", "will it rain"]
    lines = told(frontdesk(config, "read", text="\n".join(texts)))
    assert [line["text"] for line in lines] == texts
    first = lines[0]
    assert first["intent"]["label"] == "track_order"
    assert len(first["intents"]) == 5
    assert first["entities"] == [
        {"start": 9, "end": 16, "label": "order_number", "text": "LC-1234"}
    ]
    assert first["route"]["template"] == "track_order"
    assert first["release"] == champion
    actions = [line["route"]["action"] for line in lines]
    assert actions == ["answer", "clarify", "handoff", "clarify", "clarify"]


def test_lines_do_not_know_each_other(config: Config, store: Store, champion: str) -> None:
    """Every line starts afresh: no dialogue, no slots of the line before."""
    lines = told(frontdesk(config, "read", text="order LC-1234, where is it\nwhere is it\n"))
    assert [line["route"]["action"] for line in lines] == ["answer", "ask"]


def test_read_without_a_desk_routes_by_labels(config: Config, champion: str) -> None:
    (line,) = told(frontdesk(config, "read", text="hello\n"))
    assert (line["route"]["action"], line["route"]["template"]) == ("answer", None)
    assert not config.database.exists()


def test_read_of_nothing_is_nothing(config: Config, store: Store, champion: str) -> None:
    assert told(frontdesk(config, "read")) == []


def test_invalid_utf8_is_named_after_what_could_be_read(
    config: Config, store: Store, champion: str
) -> None:
    result = frontdesk(config, "read", text=b"hello\ncaf\xe9\nhello\n")
    assert isinstance(result.exception, InvalidInput)
    assert "line 2, byte 3" in result.exception.message
    assert [json.loads(line)["text"] for line in result.stdout.splitlines()] == ["hello"]


def test_read_without_a_release_says_what_to_do(config: Config) -> None:
    result = frontdesk(config, "read", text="hello\n")
    assert isinstance(result.exception, EngineAway)
    assert "frontdesk train" in result.exception.message


def test_release_is_an_id_or_a_folder(config: Config, tmp_path: Path, champion: str) -> None:
    assert release_folder(config, None) == config.releases / "rel_a"
    assert release_folder(config, "rel_a") == config.releases / "rel_a"
    (tmp_path / "mine").mkdir()
    assert release_folder(config, str(tmp_path / "mine")) == tmp_path / "mine"
    with pytest.raises(NotFound, match="rel_none"):
        release_folder(config, "rel_none")


def test_lines_come_in_batches_of_any_ends() -> None:
    raw = b"a\r\nb\n\nc\x0b\xc2\x85d\ne"
    assert [line for batch in line_batches(io.BytesIO(raw)) for line in batch] == [
        "a",
        "b",
        "",
        "c\x0b\x85d",
        "e",
    ]
    many = b"x\n" * (3 * BATCH + 7)
    sizes = [len(batch) for batch in line_batches(io.BytesIO(many))]
    assert sum(sizes) == 3 * BATCH + 7
    assert max(sizes) <= BATCH


def test_slow_writer_gets_its_answer_before_the_next_line() -> None:
    class Slow(io.RawIOBase):
        def __init__(self) -> None:
            self.answered = False

        def __iter__(self) -> Any:
            yield b"one\n"
            deadline = time.monotonic() + 5
            while not self.answered:
                assert time.monotonic() < deadline, "no answer to the first line"
                time.sleep(0.01)
            yield b"two\n"

    slow: Any = Slow()
    batches = line_batches(slow)
    assert next(batches) == ["one"]
    slow.answered = True
    assert list(batches) == [["two"]]


def test_stream_that_cannot_be_read_is_told_after_what_was_read() -> None:
    class Broken(io.RawIOBase):
        def __iter__(self) -> Any:
            yield b"one\n"
            raise OSError(5, "Input/output error")

    broken: Any = Broken()
    batches = line_batches(broken)
    assert next(batches) == ["one"]
    with pytest.raises(InvalidInput, match="Input/output error"):
        next(batches)


# --- chat ----------------------------------------------------------------------------------------


def test_chat_answers_asks_and_offers(config: Config, store: Store, champion: str) -> None:
    said = "hello\nmaybe return it or delivery\n1\nwhere is it\n1234\na person\nhello?\n\n"
    result = frontdesk(config, "chat", text=said)
    assert result.exit_code == 0, result.output
    output = result.output
    for words in (
        "desk> Welcome to Lantern & Co!",
        "desk> Hello!",
        "      1. How do returns work?",
        "      3. Talk to a person",
        "desk> You have 30 days.",
        "desk> Which order is it about?",
        "desk> Order LC-1234 is on its way.",
        "desk> A colleague will answer you here.",
        "a person owns this conversation",
    ):
        assert words in output, words
    (ticket,) = store.tickets()
    assert ticket.reason == "asked_for_person"


def test_chat_without_a_release_is_honest(config: Config, store: Store) -> None:
    result = frontdesk(config, "chat", text="hello\n")
    assert result.exit_code == 0
    assert "desk> The assistant is away; your message is safe." in result.output


def test_chat_needs_a_desk(config: Config) -> None:
    result = frontdesk(config, "chat", text="hello\n")
    assert isinstance(result.exception, NotFound)
    assert not config.home.exists()


def test_chat_can_choose_the_person_by_number(config: Config, store: Store, champion: str) -> None:
    """The terminal numbers every suggestion, the person's too."""
    result = frontdesk(config, "chat", text="maybe return it or delivery\n3\n")
    assert "desk> A colleague will answer you here." in result.output
    (ticket,) = store.tickets()
    assert ticket.reason == "asked_for_person"
