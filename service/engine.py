"""The only door from the service to the models: who reads, who searches, which release is on.

The desk takes ``Engines.current()`` once per message, so that a release or content swapped in the
middle cannot mix. torch, transformers and faiss are imported when a release is loaded, never
before. Never writes to the store.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from index.records import OUT_OF_SCOPE, Entity, Hit, Reading, Thresholds
from service.catalogue import Catalogue
from service.config import Config
from service.errors import EngineAway
from service.records import Content
from service.store import Store

if TYPE_CHECKING:
    from index.reader import Reader
    from index.recognisers import Recogniser
    from index.search import Entry, SearchIndex

log = logging.getLogger("frontdesk.engine")

LOADING = "The model is being loaded."
WATCH_SECONDS = 0.25
LOADS_ALL = "+49 30 901820, DE89370400440532013000, 4111111111111111"
READ_SECONDS = 5.0  # then a message is handed to a person unread
RETRY_SECONDS = 10.0  # until what could not be loaded is tried again
# What a damaged release, content that does not fit, or a library of another version raises.
UNLOADABLE = (EngineAway, OSError, ValueError, RuntimeError, TypeError, KeyError, ImportError)


class Engine(Protocol):
    """One release with one state of the content."""

    @property
    def release(self) -> str: ...
    @property
    def thresholds(self) -> Thresholds: ...
    @property
    def catalogue(self) -> Catalogue: ...
    def read(self, texts: Sequence[str]) -> list[Reading]:
        """One encoder pass over the texts; as many readings, in order."""

    def search(self, reading: Reading) -> list[Hit]:
        """The nearest templates, examples and passages, best first within each kind."""


class EngineSource(Protocol):
    """Where the desk takes its engine from."""

    def current(self) -> Engine:
        """The engine for one message; ``EngineAway`` when there is none."""


class NoEngines:
    """A source without a model: every message is kept and handed over."""

    def current(self) -> Engine:
        raise EngineAway("This desk runs without a model.")


class ReleaseEngine:
    """A release read in this process, with the index of a content snapshot."""

    def __init__(self, reader: "Reader", catalogue: Catalogue, index: "SearchIndex") -> None:
        self.reader = reader
        self.index = index
        self.catalogue = catalogue
        self.release = reader.release.id
        self.lanes = reader.backend.lanes
        self.thresholds = reader.thresholds
        self.recognisers = recognisers(catalogue)
        self._recognise(LOADS_ALL)  # now, rather than with the first customer's message

    def read(self, texts: Sequence[str]) -> list[Reading]:
        from index.recognisers import merge

        with _failing_as_away():
            return [
                replace(r, entities=merge(self._recognise(r.text), r.entities))
                for r in self.reader.read(texts)
            ]

    def _recognise(self, text: str) -> tuple[Entity, ...]:
        from index.recognisers import recognise

        return recognise(text, self.recognisers, local_today())

    def search(self, reading: Reading) -> list[Hit]:
        return self.search_all([reading])[0]

    def search_all(self, readings: Sequence[Reading]) -> list[list[Hit]]:
        """The hits of each reading."""
        if not readings:
            return []
        with _failing_as_away():
            vectors = np.stack([reading.vector for reading in readings])
            return self.index.search_all(vectors, [reading.text for reading in readings])


@contextmanager
def _failing_as_away() -> Iterator[None]:
    """A model that fails (out of memory, a lost device) is away, so that no message is lost."""
    try:
        yield
    except (RuntimeError, ValueError, MemoryError) as error:
        log.exception("the model failed")
        raise EngineAway("The model failed while reading.") from error


def recognisers(catalogue: Catalogue) -> "list[Recogniser]":
    """The exact recognisers of the desk's slots, and of what tells of a person.

    The latter are run for every message, unless a slot of that name says what the name means.
    """
    from index.recognisers import KindRecogniser, PatternRecogniser, personal

    settings = catalogue.settings
    found: list[Recogniser] = []
    for slot in settings.slots:
        if slot.kind:
            found.append(KindRecogniser(slot.name, slot.kind, settings.locale))
        elif slot.pattern:
            found.append(PatternRecogniser(slot.name, slot.pattern, slot.format))
    return found + personal(settings.locale, but={slot.name for slot in settings.slots})


def local_today() -> date:
    """The day in the server's time zone (``TZ``), from which "tomorrow" counts."""
    return datetime.now(UTC).astimezone().date()


def load_reader(folder: Path, device: str) -> "Reader":
    """A verified release as a reader; ``EngineAway`` with the reason when it cannot be."""
    from index.errors import ReleaseError
    from index.reader import Reader

    try:
        return Reader.load(folder, device=device)
    except ReleaseError as error:
        raise EngineAway(str(error)) from error


def release_engine(reader: "Reader", content: Content | None, cache: Path | None) -> ReleaseEngine:
    """An engine of a release and a content snapshot; without content, of its labels alone."""
    from index.search import SearchIndex

    if content is None:
        empty = SearchIndex.build(reader.encode([]), [])
        return ReleaseEngine(reader, Catalogue.of_labels(reader.labels.intents), empty)
    entries = index_entries(content)
    texts = [entry.text for entry in entries]
    if cache is None:
        vectors = reader.encode(texts)
    else:
        from index.vectors import VectorCache

        kind = reader.backend.name.replace(" ", "-")  # 8 and 32 bits give other vectors
        path = cache / f"{reader.release.id}.{kind}.safetensors"
        vectors = VectorCache(path).encode(texts, reader.encode)
    return ReleaseEngine(reader, Catalogue.of(content), SearchIndex.build(vectors, entries))


def index_entries(content: Content) -> "list[Entry]":
    """What the index holds: templates, examples, passages of articles."""
    from index.search import Entry

    titles = {intent.name: intent.title for intent in content.intents}
    entries = [
        Entry("template", t.name, t.intent, f"{titles.get(t.intent, '')}\n{t.text}".strip())
        for t in content.templates
    ]
    entries += [
        Entry("example", e.id, e.intent, e.text)
        for e in content.examples
        if e.intent and e.intent != OUT_OF_SCOPE
    ]
    for article in content.articles:
        for number, passage in enumerate(passages(article.title, article.text)):
            entries.append(Entry("passage", f"{article.id}#{number}", None, passage))
    return entries


def passages(title: str, text: str) -> list[str]:
    """An article cut at its ``##`` headings; each piece carries the title for context."""
    pieces = [piece.strip() for piece in f"\n{text}".split("\n## ")]
    return [f"{title}\n{piece}" for piece in pieces if piece]


class Watched:
    """A source whose engine a thread keeps current. Start it after a fork, never before."""

    engine: Engine | None = None
    problem = LOADING

    def __init__(self) -> None:
        self.stopped = threading.Event()
        self.on_ready: Callable[[str], None] | None = None
        self.thread = threading.Thread(target=self._watch, name="engines", daemon=True)

    def refresh(self) -> None:
        """Load what has changed since, or nothing."""
        raise NotImplementedError

    def start(self) -> None:
        """Load in the background and watch from then on."""
        self.thread.start()

    def when_ready(self, callback: Callable[[str], None]) -> None:
        """Call back once, from the watching thread, with the release, when there is an engine."""
        self.on_ready = callback

    def close(self) -> None:
        """Stop watching."""
        self.stopped.set()
        if self.thread.is_alive():
            self.thread.join(timeout=5)

    def current(self) -> Engine:
        """The engine for one message."""
        engine = self.engine
        if engine is None:
            raise EngineAway(self.problem)
        return engine

    def _watch(self) -> None:
        while not self.stopped.is_set():
            pause = WATCH_SECONDS
            try:
                self.refresh()
                engine = self.engine
                if engine is not None and self.on_ready is not None:
                    callback, self.on_ready = self.on_ready, None
                    callback(engine.release)
            except Exception:  # a loop top: whatever went wrong, look again
                log.exception("the engine could not be refreshed")
                pause = RETRY_SECONDS
            self.stopped.wait(pause)


class Engines(Watched):
    """The champion with the store's content. A release or content that cannot be loaded is logged
    and the engine in use serves on."""

    engine: ReleaseEngine | None

    def __init__(self, config: Config, store: Store) -> None:
        super().__init__()
        self.config = config
        self.store = store
        self.failed: tuple[str | None, int] | None = None
        self.retry_at = 0.0

    def refresh(self) -> None:
        """Load the champion or the content if it has changed."""
        from index.champion import champion
        from index.errors import ReleaseError

        revision = self.store.content_revision()
        try:
            wanted = (champion(self.config.releases), revision)
        except ReleaseError as error:
            self._fail((None, revision), str(error))
            return
        engine = self.engine
        if wanted == self.failed and time.monotonic() < self.retry_at:
            return
        if engine and wanted == (engine.release, engine.catalogue.revision):
            return
        if wanted[0] is None:
            self.problem = "No release is trained yet: run `frontdesk train`."
            return
        try:
            self.engine = self._load(wanted[0], engine)
            if engine is None:
                self.engine.reader.warm_up_batches()
            self.failed = None
            self._forget_others(wanted[0])
        except UNLOADABLE as error:
            self._fail(wanted, f"Release {wanted[0]} cannot be loaded: {error}")

    def _forget_others(self, release: str) -> None:
        """Keep the vectors of this release and of the one that a rollback returns to."""
        from index.champion import previous
        from index.errors import ReleaseError
        from index.vectors import prune

        with suppress(ReleaseError):
            prune(self.config.home / "cache", {release, previous(self.config.releases) or release})

    def _fail(self, wanted: tuple[str | None, int], problem: str) -> None:
        if (wanted, problem) != (self.failed, self.problem):
            log.error("%s", problem)
        self.failed, self.problem = wanted, problem
        self.retry_at = time.monotonic() + RETRY_SECONDS

    def _load(self, release: str, engine: ReleaseEngine | None) -> ReleaseEngine:
        if engine is not None and engine.release == release:
            reader = engine.reader
        else:
            reader = load_reader(self.config.releases / release, self.config.device)
            reader.warm_up()
            if engine is not None:  # there is no hurry
                reader.warm_up_batches()
        cache = self.config.home / "cache"
        fresh = release_engine(reader, self.store.content(), cache)
        log.info(
            "reading with release %s (%s), content %s",
            release,
            reader.backend.name,
            fresh.catalogue.revision,
        )
        return fresh
