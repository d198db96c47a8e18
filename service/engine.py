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
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from index.memory import give_memory_back
from index.records import OUT_OF_SCOPE, Entity, Hit, Reading, Thresholds
from service.background import Encode, Superseded, giving_way, sharing_python
from service.catalogue import Catalogue
from service.config import Config
from service.errors import EngineAway
from service.records.content import Content, Example
from service.store import Store

if TYPE_CHECKING:
    from index.reader import Reader
    from index.recognisers import Recogniser
    from index.search import Entry, SearchIndex
    from index.trial import Trial

log = logging.getLogger("frontdesk.engine")

LOADING = "The model is being loaded."
WATCH_SECONDS = 0.25
SECONDS = 19  # characters of a time that tell its second
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
    def read(self, texts: Sequence[str], *, until: float | None = None) -> list[Reading]:
        """One encoder pass over the texts; as many readings, in order. ``until`` is how long the
        caller waits for another process, by the monotonic clock."""

    def search(self, reading: Reading) -> list[Hit]:
        """The nearest templates, examples and passages, best first within each kind."""


class ShadowEngine(Engine, Protocol):
    """An engine that can also read when nobody else wants to."""

    def read_idly(self, texts: Sequence[str]) -> list[Reading]:
        """As ``read``, while no customer waits; ``EngineBusy`` when that did not come about."""


class OnTrial(NamedTuple):
    """The trial that runs, and the challenger's engine; without one, the ``problem``."""

    trial: "Trial"
    engine: ShadowEngine | None
    problem: str


class EngineSource(Protocol):
    """Where the desk takes its engine from.

    ``problem`` is why there is none, or why the champion or the content is not in it; else empty.
    """

    problem: str

    def current(self) -> Engine:
        """The engine for one message; ``EngineAway`` when there is none."""

    def on_trial(self) -> OnTrial | None:
        """The challenger on trial; none when there is no trial, or this source knows of none."""


class NoEngines:
    """A source without a model: every message is kept and handed over."""

    problem = "This desk runs without a model."

    def current(self) -> Engine:
        raise EngineAway(self.problem)

    def on_trial(self) -> OnTrial | None:
        return None


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
        # Now, rather than with the first customer's message.
        self._recognise(LOADS_ALL, local_today())

    def read(
        self,
        texts: Sequence[str],
        days: Sequence[date] | None = None,
        *,
        until: float | None = None,
    ) -> list[Reading]:
        """Readings of the texts; "tomorrow" counts from each text's day, else from today."""
        from index.recognisers import merge

        days = days or [local_today()] * len(texts)
        with _failing_as_away():
            return [
                replace(r, entities=merge(self._recognise(r.text, day), r.entities))
                for r, day in zip(self.reader.read(texts), days, strict=True)
            ]

    def _recognise(self, text: str, day: date) -> tuple[Entity, ...]:
        from index.recognisers import recognise

        return recognise(text, self.recognisers, day)

    def search(self, reading: Reading) -> list[Hit]:
        return self.search_all([reading])[0]

    def search_all(self, readings: Sequence[Reading]) -> list[list[Hit]]:
        """The hits of each reading."""
        if not readings:
            return []
        with _failing_as_away():
            vectors = np.stack([reading.vector for reading in readings])
            if not np.isfinite(vectors).all():
                raise ValueError("The network gave numbers that are none.")
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
    return local_day(datetime.now(UTC))


def local_day(moment: datetime) -> date:
    """The day of a moment in the server's time zone; one without a zone is there already."""
    return moment.astimezone().date()


def load_reader(folder: Path, device: str) -> "Reader":
    """A verified release as a reader; ``EngineAway`` with the reason when it cannot be."""
    from index.errors import ReleaseError
    from index.reader import Reader

    try:
        return Reader.load(folder, device=device)
    except ReleaseError as error:
        raise EngineAway(str(error)) from error


def release_engine(
    reader: "Reader",
    content: Content | None,
    cache: Path | None,
    before: ReleaseEngine | None = None,
    encode: Encode | None = None,
) -> ReleaseEngine:
    """An engine of a release and a content snapshot; without content, of its labels alone.

    What has not changed since an engine ``before`` is taken from there. ``encode`` is how the
    reader encodes, if not at once.
    """
    from index.search import SearchIndex

    if content is None:
        empty = SearchIndex.build(reader.encode([]), [])
        return ReleaseEngine(reader, Catalogue.of_labels(reader.labels.intents), empty)
    entries = index_entries(content, reader.release.manifest.created_at)
    vectors = _encode_entries(reader, entries, cache, encode or reader.encode)
    known = before.index if before and before.reader is reader else None
    return ReleaseEngine(reader, Catalogue.of(content), SearchIndex.build(vectors, entries, known))


def prepare_release(config: Config, store: Store, release: str) -> None:
    """Encode the desk's content with a release before it is promoted, so that a running server
    finds the vectors and changes over at once. Raises ``EngineAway`` when it cannot be loaded."""
    reader = load_reader(config.releases / release, config.device)
    _encode_entries(reader, index_entries(store.content()), config.cache, reader.encode)


def _encode_entries(
    reader: "Reader", entries: "Sequence[Entry]", cache: Path | None, encode: Encode
) -> NDArray[np.float32]:
    """The entries' vectors, those that are known from the ``cache``."""
    texts = [entry.text for entry in entries]
    if cache is None:
        return encode(texts)
    from index.vectors import VectorCache

    kind = reader.backend.name.replace(" ", "-")  # 8 and 32 bits give other vectors
    return VectorCache(cache / f"{reader.release.id}.{kind}.safetensors").encode(texts, encode)


def index_entries(content: Content, trained: str = "") -> "list[Entry]":
    """What the index holds: templates, examples, passages of articles. Examples that somebody made
    or changed after the release was ``trained`` are fresh."""
    from index.search import Entry

    titles = {intent.name: intent.title for intent in content.intents}
    entries = [
        Entry("template", t.name, t.intent, f"{titles.get(t.intent, '')}\n{t.text}".strip())
        for t in content.templates
    ]
    entries += [
        Entry("example", e.id, e.intent, e.text, bool(trained) and _is_newer(e, trained))
        for e in content.examples
        if e.intent and e.intent != OUT_OF_SCOPE and "intent" not in e.contested
    ]
    for article in content.articles:
        for number, passage in enumerate(passages(article.title, article.text)):
            entries.append(Entry("passage", f"{article.id}#{number}", None, passage))
    return entries


def _is_newer(example: Example, trained: str) -> bool:
    """Whether people at the desk wrote it later; what is imported is no correction."""
    return example.source != "import" and example.at[:SECONDS] > trained[:SECONDS]


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

    def on_trial(self) -> OnTrial | None:
        """The challenger on trial, where trials are held: in the server."""
        return None

    def _watch(self) -> None:
        replaced = False
        while not self.stopped.is_set():
            pause = WATCH_SECONDS
            try:
                if replaced:  # a look ago: by now nobody reads with the old one any more
                    give_memory_back()
                before = self.engine
                self.refresh()
                engine = self.engine
                replaced = before is not None and engine is not before
                before = None
                if engine is not None and self.on_ready is not None:
                    callback, self.on_ready = self.on_ready, None
                    callback(engine.release)
            except Exception:  # a loop top: whatever went wrong, look again
                log.exception("the engine could not be refreshed")
                pause = RETRY_SECONDS
            self.stopped.wait(pause)


class Engines(Watched):
    """The champion with the store's content. A release or content that cannot be loaded is logged
    and told as ``problem``; the engine in use serves on, or after a restart the champion before.

    ``busy`` says whether customers are being answered in this process: they go first.
    """

    engine: ReleaseEngine | None
    beside = False  # whether the first engine, too, is loaded while customers are answered

    def __init__(
        self, config: Config, store: Store, busy: Callable[[], bool] = lambda: False
    ) -> None:
        super().__init__()
        self.config = config
        self.store = store
        self.busy = busy
        self.failed: tuple[str | None, int] | None = None
        self.retry_at = 0.0

    def wanted(self) -> str | None:
        """The release to read with. Raises ``ReleaseError``."""
        from index.champion import champion

        return champion(self.config.releases)

    def refresh(self) -> None:
        """Load the champion or the content if it has changed."""
        from index.errors import ReleaseError

        revision = self.store.content_revision()
        try:
            wanted = (self.wanted(), revision)
        except ReleaseError as error:
            self._fail((None, revision), str(error))
            return
        engine = self.engine
        if wanted == self.failed and time.monotonic() < self.retry_at:
            return
        if engine and wanted == (engine.release, engine.catalogue.revision):
            self.failed, self.problem = None, ""
            return
        if wanted[0] is None:
            self.problem = "No release is trained yet: run `frontdesk train`."
            return
        try:
            self.engine = self._load(wanted[0], engine, wanted[0])
            self.failed, self.problem = None, ""
            if engine is None and not self.beside:
                self.engine.reader.warm_up_batches()
            self._forget_others(wanted[0])
        except Superseded:
            return  # to look at once what is wanted now
        except UNLOADABLE as error:
            self._fail(wanted, f"Release {wanted[0]} cannot be loaded: {error}")
            self._serve_on(wanted[0], revision)

    def _serve_on(self, wanted: str, revision: int) -> None:
        """In place of a champion that cannot be loaded: the release in use with today's content;
        where none is, after a restart, the champion before."""
        from index.champion import previous
        from index.errors import ReleaseError

        engine = self.engine
        try:
            release = engine.release if engine else previous(self.config.releases)
            if release is None or release == wanted:
                return
            if engine is not None and engine.catalogue.revision == revision:
                return
            self.engine = self._load(release, engine, wanted)
            if engine is None:
                self.engine.reader.warm_up_batches()
        except Superseded:
            return
        except (ReleaseError, *UNLOADABLE) as error:
            log.error("Neither can the release before: %s", error)

    def _forget_others(self, release: str) -> None:
        """Keep the vectors of this release, of the one that a rollback returns to, and of the one
        on trial."""
        from index.champion import previous, running_trial
        from index.errors import ReleaseError
        from index.vectors import prune

        with suppress(ReleaseError):
            trial = running_trial(self.config.releases)
            others = [previous(self.config.releases), trial.release if trial else None]
            prune(self.config.cache, {release, *filter(None, others)})

    def _fail(self, wanted: tuple[str | None, int], problem: str) -> None:
        if (wanted, problem) != (self.failed, self.problem):
            log.error("%s", problem)
        self.failed, self.problem = wanted, problem
        self.retry_at = time.monotonic() + RETRY_SECONDS

    def _load(self, release: str, engine: ReleaseEngine | None, wanted: str) -> ReleaseEngine:
        if engine is None and not self.beside:
            reader = self._load_reader(release)
            fresh = release_engine(reader, self.store.content(), self.config.cache)
        else:
            with sharing_python():
                fresh = self._load_beside(release, engine, wanted)
        log.info(
            "reading with release %s (%s), content %s",
            release,
            fresh.reader.backend.name,
            fresh.catalogue.revision,
        )
        return fresh

    def _load_beside(
        self, release: str, engine: ReleaseEngine | None, wanted: str
    ) -> ReleaseEngine:
        """An engine to follow the one that serves, or to stand beside it, for as long as this one
        is ``wanted``."""
        if engine is not None and engine.release == release:
            reader = engine.reader
        else:
            reader = self._load_reader(release)
            if not self.beside:
                reader.warm_up_batches()  # there is no hurry
        encode = giving_way(reader.encode, self.busy, lambda: self._is_superseded(wanted))
        return release_engine(reader, self.store.content(), self.config.cache, engine, encode)

    def _is_superseded(self, wanted: str) -> bool:
        """Whether another release is wanted by now, or none."""
        return self.stopped.is_set() or self.wanted() != wanted

    def _load_reader(self, release: str) -> "Reader":
        reader = load_reader(self.config.releases / release, self.config.device)
        reader.warm_up()
        return reader
