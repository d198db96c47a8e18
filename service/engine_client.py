"""Web processes' side of the engine: they ask the process that owns the model.

Stands where `service.engine.Engines` stands, without a model. A question that the owner's death or
restart cuts off is asked again, for reading changes nothing; one that takes too long is given up.
"""

import select
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from index.records import Hit, Reading, Thresholds
from service.catalogue import Catalogue
from service.engine import LOADING, READ_SECONDS, Watched
from service.engine_wire import (
    FoundReading,
    Key,
    State,
    dial,
    receive,
    send,
    unpack_reading,
    unpack_state,
)
from service.errors import EngineAway, EngineChanged
from service.store import Store

ROOM = 512  # questions of one process at once; more would wait too long
STATE_SECONDS = 1.0
AWAY = "The model's process is away."
AGAIN_SECONDS = 0.05  # until the owner is called again after it hung up


class Switchboard:
    """Connections to the owner: each carries one question at a time, and is kept for the next."""

    def __init__(self, address: Path) -> None:
        self._address = address
        self._idle: list[Connection] = []
        self._room = threading.BoundedSemaphore(ROOM)

    def ask(self, message: dict[str, Any], until: float) -> Any:
        """The answer, at the latest when the monotonic clock says ``until``; else ``EngineAway``.

        While nobody is there it calls again.
        """
        with self._place():
            while (left := until - time.monotonic()) > 0:
                try:
                    line = self._idle.pop() if self._idle else dial(self._address)
                except (OSError, IndexError):  # nobody is there, or another thread was faster
                    time.sleep(min(AGAIN_SECONDS, left))
                    continue
                try:
                    return self._ask_on(line, message, left)
                except (OSError, EOFError):
                    self.close()  # whoever hung up here has hung up everywhere
        raise EngineAway("The model does not answer in time.")

    def close(self) -> None:
        """Hang up where nobody waits for an answer."""
        idle, self._idle = self._idle, []
        for line in idle:
            line.close()

    @contextmanager
    def _place(self) -> Iterator[None]:
        if not self._room.acquire(blocking=False):
            raise EngineAway("The model has more to read than it can.")
        try:
            yield
        finally:
            self._room.release()

    def _ask_on(self, line: Connection, message: dict[str, Any], seconds: float) -> Any:
        try:
            send(line, message)
            if not _is_readable(line, seconds):
                raise TimeoutError
            answer = receive(line)
        except BaseException:
            line.close()
            raise
        self._idle.append(line)
        return answer


class RemoteEngine:
    """One release with one state of the content, in another process."""

    def __init__(
        self, key: Key, thresholds: Thresholds, catalogue: Catalogue, source: "RemoteEngines"
    ) -> None:
        self.key = key
        self.release = key.release
        self.thresholds = thresholds
        self.catalogue = catalogue
        self._source = source

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """One encoder pass over the texts, which finds their hits, too."""
        until = time.monotonic() + READ_SECONDS
        question = {"key": list(self.key), "texts": list(texts), "until": until}
        answer = self._source.ask(question, until)
        if "away" in answer:
            raise EngineAway(answer["away"])
        if "readings" not in answer:
            self._source.refresh()
            raise EngineChanged("The model reads with another release or content by now.")
        self._source.observe(answer["took"])
        return [unpack_reading(packed) for packed in answer["readings"]]

    def search(self, reading: Reading) -> list[Hit]:
        """What was found for a reading of this engine."""
        if not isinstance(reading, FoundReading):
            raise TypeError("Only a reading that this engine made can be searched for.")
        return list(reading.hits)


class RemoteEngines(Watched):
    """The engine that the owner says is current, with the store's content.

    ``observe`` is told of every batch how many seconds it took in which stage, and its size.
    """

    engine: RemoteEngine | None

    def __init__(self, store: Store, address: Path) -> None:
        super().__init__()
        self._store = store
        self._switchboard = Switchboard(address)
        self._refreshing = threading.Lock()
        self._heard = time.monotonic()
        self.ask = self._switchboard.ask
        self.observe: Callable[[Mapping[str, float]], None] = lambda took: None

    def close(self) -> None:
        """Stop watching and hang up."""
        super().close()
        self._switchboard.close()

    def refresh(self) -> None:
        """Follow the owner to another release or content; stay with what was while it restarts."""
        with self._refreshing:
            try:
                state = unpack_state(self.ask({"state": True}, time.monotonic() + STATE_SECONDS))
            except EngineAway:
                state = State(None, None, AWAY)
            if state.problem not in (AWAY, LOADING):
                self._heard = time.monotonic()
            elif time.monotonic() - self._heard < READ_SECONDS:
                return  # it restarts, and questions wait for it
            self._follow(state)

    def _follow(self, state: State) -> None:
        if state.key is None or state.thresholds is None:
            self.engine, self.problem = None, state.problem
            return
        if self.engine is not None and self.engine.key == state.key:
            return
        content = self._store.content()
        if content.revision == state.key.revision:  # else newer: the owner follows in a moment
            catalogue = Catalogue.of(content)
            self.engine = RemoteEngine(state.key, state.thresholds, catalogue, self)


def _is_readable(line: Connection, seconds: float) -> bool:
    """Whether something comes in time; ``Connection.poll`` takes ten times as long to say so."""
    poller = select.poll()
    poller.register(line.fileno(), select.POLLIN)
    return bool(poller.poll(1000 * seconds))
