"""``read`` tells what a release sees in messages; ``chat`` talks to the desk in the terminal."""

import itertools
import queue
import secrets
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import click
import orjson

from index.champion import champion
from service.ahead import ahead
from service.cli import config_of
from service.commands.home import open_desk
from service.config import Config
from service.desk import Desk
from service.engine import Engines, ReleaseEngine, load_reader, release_engine
from service.errors import EngineAway, InvalidInput, NotFound
from service.metrics import Metrics
from service.records.content import Content
from service.records.conversations import Dialogue, Suggestion
from service.router import decide
from service.store import open_store
from service.trace import line_json

BATCH = 512


@click.command()
@click.option("--release", help="Id of a release or its folder; the champion by default.")
@click.pass_context
def read(ctx: click.Context, release: str | None) -> None:
    """Read one message a line on stdin; write one JSON object a line."""
    engine = open_engine(config_of(ctx), release)

    def read_all(texts: list[str]) -> bytes:
        readings = engine.read(texts)
        lines = []
        for reading, hits in zip(readings, engine.search_all(readings), strict=True):
            route = decide(reading, hits, Dialogue(), engine.catalogue, engine.thresholds)
            lines.append(orjson.dumps(line_json(reading, route)) + b"\n")
        return b"".join(lines)

    for lines in ahead(read_all, line_batches(sys.stdin.buffer)):
        sys.stdout.buffer.write(lines)
        sys.stdout.buffer.flush()


def open_engine(config: Config, release: str | None) -> ReleaseEngine:
    """The engine of a release id, a release folder or the champion.

    With a desk in the home its content decides routes; without one, or when the release knows none
    of its intents, the release's own labels do.
    """
    content: Content | None = None
    if config.database.exists():
        store = open_store(config)
        try:
            content = store.content()
        finally:
            store.close()
    return engine_with(config, release, content)


def engine_with(config: Config, release: str | None, content: Content | None) -> ReleaseEngine:
    """The same with this content."""
    reader = load_reader(release_folder(config, release), config.device)
    if content and not {i.name for i in content.intents} & set(reader.labels.intents):
        content = None
    return release_engine(reader, content, config.cache)


def release_folder(config: Config, release: str | None) -> Path:
    """Where a release lies; ``NotFound`` when it is neither an id nor a folder."""
    name = release or champion(config.releases)
    if name is None:
        raise EngineAway(f"There is no release in {config.home} yet: run `frontdesk train`.")
    for folder in (config.releases / name, Path(name)):
        if folder.is_dir():
            return folder
    raise NotFound(f"There is no release {name!r}, neither in {config.releases} nor as a folder.")


def line_batches(stream: BinaryIO) -> Iterator[list[str]]:
    """The stream's lines in batches of what has arrived, so that a slow writer gets its answers."""
    lines: queue.Queue[bytes | OSError | None] = queue.Queue(maxsize=4 * BATCH)

    def pump() -> None:
        try:
            for line in stream:
                lines.put(line)
        except OSError as error:
            lines.put(error)
        lines.put(None)

    threading.Thread(target=pump, daemon=True).start()
    batch: list[str] = []
    for number in itertools.count(1):
        line, problem = lines.get(), ""
        if line is None:
            break
        if isinstance(line, OSError):
            problem = f"The input cannot be read: {line.strerror or line}."
        else:
            try:
                batch.append(line.decode("utf-8").rstrip("\r\n"))
            except UnicodeDecodeError as error:
                problem = f"The input is not UTF-8: line {number}, byte {error.start}."
        if batch and (problem or len(batch) == BATCH or lines.empty()):
            yield batch
            batch = []
        if problem:
            raise InvalidInput(problem)
    if batch:
        yield batch


@click.command()
@click.pass_context
def chat(ctx: click.Context) -> None:
    """Talk to the desk in the terminal; an empty line or Ctrl-D ends it."""
    config = config_of(ctx)
    store = open_desk(config)
    ctx.call_on_close(store.close)
    engines = Engines(config, store)
    engines.refresh()
    desk = Desk(store, engines, Metrics())
    conversation, _ = store.create_conversation(welcome=desk.welcome())
    click.echo(f"desk> {desk.welcome().text}")
    offered: tuple[Suggestion, ...] = ()
    while True:
        try:
            text = click.prompt("you", prompt_suffix="> ", default="", show_default=False).strip()
        except (click.Abort, EOFError):
            text = ""
        if not text:
            return
        named = text.isdecimal() and 0 < int(text) <= len(offered)
        said = offered[int(text) - 1] if named else Suggestion(text[: config.max_text])
        current = store.conversation(conversation.id)
        turn = desk.receive(current, secrets.token_hex(8), said.text, said.intent)
        offered = turn.reply.suggestions if turn.reply else ()
        if turn.reply is None:
            click.echo("      (a person owns this conversation; the desk keeps silent)")
            continue
        click.echo(f"desk> {turn.reply.text}")
        for number, suggestion in enumerate(offered, start=1):
            click.echo(f"      {number}. {suggestion.text}")
