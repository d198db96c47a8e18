"""The process that owns the model: reads and searches for every web process, many at once.

Run by the server in a worker of its own, so that no thread of a web process competes with the model
for Python's lock. One loop hears the calls; whatever came while all lanes of the model were busy is
the next batch, so nothing ever waits for a batch to fill. Knows no HTTP and writes nothing.
"""

import itertools
import logging
import math
import selectors
import socket
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from service.challenger import Challenger
from service.config import Config
from service.engine import LOADING, Engines, ReleaseEngine
from service.engine_wire import (
    Key,
    State,
    limited,
    listen,
    pack_reading,
    pack_state,
    receive,
    send,
    send_bytes,
)
from service.errors import EngineAway
from service.store import Store

log = logging.getLogger("frontdesk.engine")

MOST = 32  # messages of a batch
MOST_LANES = 64
KEPT = 3  # engines that were asked last: a web process may not have heard of a change yet,
KEPT_SECONDS = 5.0  # and for so long at most, if their model is used no more
BACKLOG = 1024
BEAT_SECONDS = 0.5
LOOK_SECONDS = 0.02  # until it is looked again whether the engine is loaded that calls wait for
RUBBISH = (ValueError, TypeError, KeyError, AttributeError)  # what no web process sends


class Call(NamedTuple):
    """A question of a web process: what an engine says of these texts."""

    line: Connection
    key: Key
    texts: list[str]
    until: float  # by the machine's monotonic clock, which processes share
    came: float
    idly: bool = False  # only when no customer waits


class EngineServer:
    """Answers at a socket with the engine that ``Engines`` keeps current.

    A line belongs to the loop until a call came on it, then to the lane that answers, then to the
    loop again: nobody can close it under another's hands.
    """

    def __init__(self, config: Config, store: Store, address: Path) -> None:
        self._engines = Engines(config, store, busy=self._is_busy)
        self._challenger = Challenger(config, store, self._is_busy, after=self._engines)
        self._address = address
        # With the time of its last question; the one that was asked last is the last.
        self._kept: dict[Key, tuple[ReleaseEngine, float]] = {}
        self._waiting: deque[Call] = deque()
        self._idle: deque[Call] = deque()  # calls that do not count as waiting
        self._answered: deque[Sequence[Call]] = deque()
        self._selector = selectors.DefaultSelector()
        self._ear, self._bell = socket.socketpair()  # a lane rings when it has answered
        self._flying = 0

    def run(
        self, wanted: Callable[[], bool], beat: Callable[[], None], *, grace: float = 0.0
    ) -> None:
        """Answer until no longer wanted, and then those who have not hung up for ``grace`` seconds
        more. ``beat`` is called several times a second."""
        self._engines.start()
        self._challenger.start()
        end = math.inf
        try:
            with listen(self._address, BACKLOG) as door, ThreadPoolExecutor(MOST_LANES) as lanes:
                self._selector.register(door, selectors.EVENT_READ, self._accept)
                self._selector.register(self._ear, selectors.EVENT_READ, self._take_back)
                while time.monotonic() < end:
                    beat()
                    pause = LOOK_SECONDS if self._waiting else BEAT_SECONDS
                    for key, _ in self._selector.select(pause):
                        key.data(key.fileobj)
                    self._dispatch(lanes)
                    if not wanted():
                        end = min(end, time.monotonic() + grace)
                        if self._is_alone():
                            break
        finally:
            self._challenger.close()
            self._engines.close()
            self._hang_up()

    def _is_busy(self) -> bool:
        return bool(self._flying or self._waiting)

    def _is_alone(self) -> bool:
        """Whether everybody has hung up: the door and the ear are all that is listened to."""
        return not (self._is_busy() or self._idle) and len(self._selector.get_map()) == 2

    def _hang_up(self) -> None:
        for call in (*self._waiting, *self._idle, *itertools.chain(*self._answered)):
            call.line.close()
        for key in self._selector.get_map().values():
            if isinstance(key.fileobj, Connection):
                key.fileobj.close()
        self._selector.close()
        self._ear.close()
        self._bell.close()

    # --- the loop --------------------------------------------------------------------------------

    def _accept(self, door: socket.socket) -> None:
        """Take everybody who waits at the door."""
        while True:
            try:
                line, _ = door.accept()
            except OSError:  # nobody is left, or has given up already
                return
            line.setblocking(True)
            self._listen_to(limited(line))

    def _listen_to(self, line: Connection) -> None:
        self._selector.register(line, selectors.EVENT_READ, self._hear)

    def _hear(self, line: Connection) -> None:
        """Take a call from a line, or what else is asked there."""
        try:
            asked = receive(line)
            if asked.get("state"):
                send(line, pack_state(self._state()))
                return
            release, revision = asked["key"]
            key, texts = Key(str(release), int(revision)), [str(text) for text in asked["texts"]]
            until, idly = float(asked["until"]), bool(asked.get("idly"))
            call = Call(line, key, texts, until, time.monotonic(), idly)
        except (OSError, EOFError, *RUBBISH):  # it has hung up, is stuck, or is none of ours
            self._selector.unregister(line)
            line.close()
            return
        self._selector.unregister(line)
        (self._idle if call.idly else self._waiting).append(call)

    def _state(self) -> State:
        engine, trial = self._engines.engine, self._challenger.trial
        if engine is None:
            return State(None, None, self._engines.problem)
        challenger = self._challenger.serving()
        current = [one for one in (challenger, engine) if one is not None]
        for one in current:
            self._keep(key_of(one), one)
        readers = [one.reader for one in current]
        for key, (kept, asked) in list(self._kept.items()):
            if kept.reader not in readers and time.monotonic() - asked > KEPT_SECONDS:
                del self._kept[key]
        while len(self._kept) > KEPT * len(current):
            del self._kept[next(iter(self._kept))]
        problem = self._engines.problem
        if trial is None:
            return State(key_of(engine), engine.thresholds, problem)
        on_trial = State(None, None, self._challenger.problem)
        if challenger is not None:
            on_trial = State(key_of(challenger), challenger.thresholds, "")
        return State(key_of(engine), engine.thresholds, problem, trial, on_trial)

    def _keep(self, key: Key, engine: ReleaseEngine) -> None:
        self._kept.pop(key, None)
        self._kept[key] = engine, time.monotonic()

    def _dispatch(self, lanes: ThreadPoolExecutor) -> None:
        """Give what waits to the lanes that are free, in equal parts."""
        self._state()
        self._forget_late()
        while self._waiting:
            key = self._waiting[0].key
            engine, _ = self._kept.get(key, (None, 0.0))
            if engine is None and self._is_loading():  # whoever asks has time
                return
            if engine is None:
                self._refuse(self._waiting.popleft())
                continue
            self._keep(key, engine)
            free = min(MOST_LANES, engine.lanes) - self._flying
            if free <= 0:
                return
            calls = self._take(math.ceil(len(self._waiting) / free))
            self._flying += 1
            lanes.submit(self._answer, engine, calls)
        self._read_idly(lanes)

    def _forget_late(self) -> None:
        """Let go of a shadow's calls that found no time: who asked has hung up."""
        now = time.monotonic()
        while self._idle and self._idle[0].until <= now:
            self._idle.popleft().line.close()

    def _read_idly(self, lanes: ThreadPoolExecutor) -> None:
        """Read one message for a shadow, when no customer is here."""
        while self._idle and not self._is_busy():
            call = self._idle.popleft()
            engine, _ = self._kept.get(call.key, (None, 0.0))
            if engine is None:
                self._refuse(call)
                continue
            self._flying += 1
            lanes.submit(self._answer, engine, [call])

    def _refuse(self, call: Call) -> None:
        """Say that there is no such engine, any more or yet."""
        _reply(call, {"gone": True})
        self._listen_to(call.line)

    def _is_loading(self) -> bool:
        return self._engines.engine is None and self._engines.problem == LOADING

    def _take(self, count: int) -> list[Call]:
        """At most so many calls, all for the same engine, and no more texts than a batch has."""
        calls = [self._waiting.popleft()]
        texts = len(calls[0].texts)
        while self._waiting and len(calls) < count and self._waiting[0].key == calls[0].key:
            texts += len(self._waiting[0].texts)
            if texts > MOST:
                break
            calls.append(self._waiting.popleft())
        return calls

    def _take_back(self, ear: socket.socket) -> None:
        """Listen again to the lines that have their answers."""
        ear.recv(1024)
        while self._answered:
            self._flying -= 1
            for call in self._answered.popleft():
                self._listen_to(call.line)

    # --- a lane ----------------------------------------------------------------------------------

    def _answer(self, engine: ReleaseEngine, calls: Sequence[Call]) -> None:
        try:
            for call, frame in zip(calls, _frames(engine, calls), strict=True):
                _send(call, frame)
        except Exception:  # a lane's top: whatever went wrong, nobody may wait for ever
            log.exception("a batch could not be answered")
        finally:
            self._answered.append(calls)
            self._bell.send(b"!")


def key_of(engine: ReleaseEngine) -> Key:
    """The engine's name among processes."""
    return Key(engine.release, engine.catalogue.revision)


def _frames(engine: ReleaseEngine, calls: Sequence[Call]) -> list[bytes]:
    """The answers, made before the first is sent: no line may ever get two.

    When a batch fails, each call is passed alone, so that one message cannot fail others.
    """
    try:
        return _pass(engine, calls)
    except Exception as error:
        if len(calls) > 1:
            return [frame for call in calls for frame in _frames(engine, [call])]
        if not isinstance(error, EngineAway):
            log.exception("a message could not be read")
        away = error.message if isinstance(error, EngineAway) else "The model failed while reading."
        return [orjson.dumps({"away": away})]


def _pass(engine: ReleaseEngine, calls: Sequence[Call]) -> list[bytes]:
    """One batch; who waits no longer is not read."""
    now = time.monotonic()
    texts = [text for call in calls if call.until > now for text in call.texts]
    readings = engine.read(texts) if texts else []
    read = time.monotonic()
    packed = iter([*map(pack_reading, readings, engine.search_all(readings))])
    took = {"encode": read - now, "search": time.monotonic() - read, "batch": len(texts)}
    frames = []
    message: dict[str, Any]
    for call in calls:
        if call.until > now:
            answer = [next(packed) for _ in call.texts]
            message = {"readings": answer, "took": {**took, "queue": now - call.came}}
        else:
            message = {"away": "The model had no time for it.", "busy": True}
        frames.append(orjson.dumps(message))
    return frames


def _reply(call: Call, message: dict[str, Any]) -> None:
    _send(call, orjson.dumps(message))


def _send(call: Call, frame: bytes) -> None:
    """Answer; a line that did not take all of it is cut, so that nothing can follow."""
    try:
        send_bytes(call.line, frame)
    except OSError:
        log.debug("who asked has hung up")
