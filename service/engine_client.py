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
from service.engine import LOADING, READ_SECONDS, OnTrial, Watched
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
from service.errors import EngineAway, EngineBusy, EngineChanged
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
        self._lock = threading.Lock()
        self._room = threading.BoundedSemaphore(ROOM)

    def ask(self, message: dict[str, Any], until: float) -> Any:
        """The answer, at the latest when the monotonic clock says ``until``; else ``EngineBusy``.

        While nobody is there it calls again; a question that was cut off it asks once more.
        """
        tries = 2
        while tries and (left := until - time.monotonic()) > 0:
            fresh = False
            line = self._kept_line()
            if line is None:
                try:
                    line, fresh = dial(self._address), True
                except OSError:  # nobody is there
                    time.sleep(min(AGAIN_SECONDS, left))
                    continue
            try:
                return self._ask_on(line, message, left)
            except TimeoutError:
                break
            except (OSError, EOFError):
                if fresh:  # a line that was kept may have been cut long ago
                    tries -= 1
                    time.sleep(min(AGAIN_SECONDS, left))
        raise EngineBusy("The model does not answer in time.")

    @contextmanager
    def place(self) -> Iterator[None]:
        """One of the places of those who ask; ``EngineBusy`` at once when all are taken."""
        if not self._room.acquire(blocking=False):
            raise EngineBusy("The model has more to read than it can.")
        try:
            yield
        finally:
            self._room.release()

    def close(self) -> None:
        """Hang up where nobody waits for an answer."""
        with self._lock:
            idle, self._idle = self._idle, []
        for line in idle:
            line.close()

    def _kept_line(self) -> Connection | None:
        """A line from before, on which nothing has come since: else it would not be our answer."""
        while True:
            with self._lock:
                if not self._idle:
                    return None
                line = self._idle.pop()
            if not _is_readable(line, 0):
                return line
            line.close()

    def _ask_on(self, line: Connection, message: dict[str, Any], seconds: float) -> Any:
        try:
            send(line, message)
            if not _is_readable(line, seconds):
                raise TimeoutError
            answer = receive(line)
        except BaseException:
            line.close()
            raise
        with self._lock:
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

    def read(self, texts: Sequence[str], *, until: float | None = None) -> list[Reading]:
        """One encoder pass over the texts, which finds their hits, too; by the monotonic clock
        ``until`` then, or for ``READ_SECONDS``."""
        readings, took = self._ask(texts, {}, until)
        self._source.observe(took)
        return readings

    def read_idly(self, texts: Sequence[str]) -> list[Reading]:
        """As ``read``, while no customer waits; ``EngineBusy`` when that did not come about."""
        return self._ask(texts, {"idly": True})[0]

    def _ask(
        self, texts: Sequence[str], how: Mapping[str, bool], until: float | None = None
    ) -> tuple[list[Reading], Mapping[str, float]]:
        until = time.monotonic() + READ_SECONDS if until is None else until
        question = {"key": list(self.key), "texts": list(texts), "until": until, **how}
        with self._source.place():
            answer = self._source.ask(question, until)
        if "away" in answer:
            raise (EngineBusy if answer.get("busy") else EngineAway)(answer["away"])
        if "readings" not in answer:
            self._source.refresh(than=self.key)
            raise EngineChanged("The model reads with another release or content by now.")
        try:
            readings = [unpack_reading(packed) for packed in answer["readings"]]
        except (ValueError, TypeError) as error:
            raise EngineAway("The model's answer cannot be read.") from error
        if [reading.text for reading in readings] != question["texts"]:
            raise EngineAway("The model answered another question.")
        return list(readings), answer["took"]

    def search(self, reading: Reading) -> list[Hit]:
        """What was found for a reading of this engine."""
        if not isinstance(reading, FoundReading):
            raise TypeError("Only a reading that this engine made can be searched for.")
        return list(reading.hits)


class RemoteEngines(Watched):
    """The engine that the owner says is current, with the store's content.

    ``observe`` is told of every reading how many seconds its batch took in which stage, and how
    many messages that had.
    """

    engine: RemoteEngine | None

    def __init__(self, store: Store, address: Path) -> None:
        super().__init__()
        self._tried: OnTrial | None = None
        self._challenger: RemoteEngine | None = None
        self._store = store
        self._switchboard = Switchboard(address)
        self._refreshing = threading.Lock()
        self._heard = time.monotonic()
        self.ask, self.place = self._switchboard.ask, self._switchboard.place
        self.observe: Callable[[Mapping[str, float]], None] = lambda took: None

    def close(self) -> None:
        """Stop watching and hang up."""
        super().close()
        self._switchboard.close()

    def refresh(self, than: Key | None = None) -> None:
        """Follow the owner to another release or content; stay with what was while it restarts.
        Another one ``than`` this is enough."""
        with self._refreshing:
            known = [one.key for one in (self.engine, self._challenger) if one is not None]
            if than and known and than not in known:
                return  # another thread was faster
            try:
                state = unpack_state(self.ask({"state": True}, time.monotonic() + STATE_SECONDS))
            except EngineAway:
                state = State(None, None, AWAY)
            if state.problem not in (AWAY, LOADING):
                self._heard = time.monotonic()
            elif time.monotonic() - self._heard < READ_SECONDS:
                return  # it restarts, and questions wait for it
            self._follow(state)

    def on_trial(self) -> OnTrial | None:
        """The challenger on trial, as the owner told last."""
        return self._tried

    def _follow(self, state: State) -> None:
        self.engine = self._engine_of(state, self.engine)
        if self.engine is not None or state.key is None:
            self.problem = state.problem
        told = state.challenger
        if state.trial is None or told is None:
            self._challenger = self._tried = None
            return
        before = self._challenger
        if before is not None and before.release != state.trial.release:
            before = None
        self._challenger = self._engine_of(told, before)
        self._tried = OnTrial(state.trial, self._challenger, told.problem)

    def _engine_of(self, state: State, before: RemoteEngine | None) -> RemoteEngine | None:
        """The engine of a state: the one ``before``, if it is still that."""
        key = state.key
        if key is None or state.thresholds is None:
            return None
        if before is not None and before.key == key:
            return before
        known = self.engine.catalogue if self.engine is not None else None
        if known is None or known.revision != key.revision:
            content = self._store.content()
            if content.revision != key.revision:  # newer: the owner follows in a moment
                return before
            known = Catalogue.of(content)
        return RemoteEngine(key, state.thresholds, known, self)


def _is_readable(line: Connection, seconds: float) -> bool:
    """Whether something comes in time; ``Connection.poll`` takes ten times as long to say so."""
    poller = select.poll()
    poller.register(line.fileno(), select.POLLIN)
    return bool(poller.poll(1000 * seconds))
