"""Tells every event stream of a process what was committed: read once, written once for all.

Used by `service.web.stream`. Were each of hundreds of streams to read and write every event by
itself, or to wake every second to see what is new, they would take the time of those who chat. One
thread does it, and only while somebody listens: the first event goes out at once, those that follow
closely go together. It knows no credentials; what a listener may hear is decided where it is sent.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import orjson

from service.errors import StoreError
from service.records.conversations import Event
from service.store import Store

log = logging.getLogger("frontdesk.web")

HOLD_SECONDS = 0.25  # what is committed meanwhile goes together
BATCH = 500  # events that are read at a time
LOOK_SECONDS = 1.0  # how often it is looked who has left, and what is true now
MOST_WAITING = 2000  # events for one listener, who then reads the log himself

Frame = Callable[[Event], tuple[str, object] | None]
Told = tuple[int | None, bytes]  # an event's id in a stream, if it has one, and what is sent of it


@dataclass(frozen=True, slots=True)
class Feed:
    """What a stream sends.

    ``fetch`` finds the events beyond an id, ``cursor`` gives an event's id in this stream,
    ``frame`` its name and JSON value, or None to pass over it. ``allowed`` is asked again before
    anything is sent, so that a revoked session ends its streams. With ``conversation_id`` it has
    the public events of that conversation, else those of the whole desk. ``beside`` says, once a
    second, what is true now and kept nowhere: it goes out without an id, so that no reconnect asks
    for it again.
    """

    fetch: Callable[[int], list[Event]]
    cursor: Callable[[Event], int]
    frame: Frame
    allowed: Callable[[], bool] = lambda: True
    conversation_id: str | None = None
    beside: Callable[[], list[tuple[str, object]]] = list

    def write(self, events: Sequence[Event]) -> list[Told]:
        """The events as they are sent."""
        return [(self.cursor(e), write_frame(self.cursor(e), self.frame(e))) for e in events]


class Listener:
    """What one stream has still to send; ``behind`` when it must read the log, as at first, and
    ``ended`` when nobody listens any more, or there is nothing to listen to."""

    def __init__(self, feed: Feed, is_over: Callable[[], bool]) -> None:
        self.feed = feed
        self.is_over = is_over
        self.behind = True
        self.ended = False
        self._asking = threading.Lock()
        self._waiting: deque[Told] = deque()
        self._rung = threading.Event()

    def put(self, told: Sequence[Told]) -> None:
        """Events more, or one piece of news, which no log has."""
        if len(self._waiting) < MOST_WAITING or told[0][0] is None:
            self._waiting.extend(told)
            self._rung.set()
        else:
            self.fall_behind()

    def fall_behind(self) -> None:
        """It shall read the log."""
        self.behind = True
        self._rung.set()

    def news(self) -> bytes:
        """What is true now and was not told yet."""
        with self._asking:
            return b"".join(write_frame(None, news) for news in self.feed.beside())

    def look(self) -> None:
        """End if it is over, else tell what is true now."""
        if self.is_over():
            self.end()
        elif news := self.news():
            self.put([(None, news)])

    def end(self) -> None:
        """Nothing more will come."""
        self.ended = True
        self._rung.set()

    def take(self, timeout: float) -> list[Told]:
        """What has come, by id, or comes within so many seconds."""
        self._rung.wait(timeout)
        self._rung.clear()
        return [self._waiting.popleft() for _ in range(len(self._waiting))]

    def catch_up(self) -> None:
        """Forget the events that wait: the log is going to be read, which has all of them."""
        self.behind = False
        news = [told for told in self.take(0) if told[0] is None]
        self._waiting.extendleft(reversed(news))
        if news:
            self._rung.set()


class Broadcast:
    """Those who listen in this process, by conversation; None is the whole desk."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._listeners: dict[str | None, list[Listener]] = {}
        self._position = 0  # every event up to here was told
        self._runs = False

    @contextmanager
    def listen(self, feed: Feed, is_over: Callable[[], bool]) -> Iterator[Listener]:
        """Hear, from now on, of every event, until it is over; what was before stands in the log.

        ``is_over`` and the feed's ``beside`` are called by another thread, without a request.
        """
        listener = Listener(feed, is_over)
        with self._lock:
            if not self._runs:
                self._position = self._store.last_event()
                threading.Thread(target=self._run, name="broadcast", daemon=True).start()
                self._runs = True
            self._listeners.setdefault(feed.conversation_id, []).append(listener)
        try:
            yield listener
        finally:
            with self._lock:
                mine = self._listeners[feed.conversation_id]
                mine.remove(listener)
                if not mine:
                    del self._listeners[feed.conversation_id]

    def _run(self) -> None:
        looked = time.monotonic()
        while self._is_wanted():
            try:
                self._store.wait(self._position, looked + LOOK_SECONDS - time.monotonic())
                pause = HOLD_SECONDS if self._tell() else 0.0
            except StoreError as error:
                log.warning("events cannot be told: %s", error)
                pause = LOOK_SECONDS
            except Exception:  # a loop top: whatever went wrong, go on
                log.exception("events cannot be told")
                pause = LOOK_SECONDS
            if time.monotonic() - looked >= LOOK_SECONDS:
                looked = time.monotonic()
                self._look()
            time.sleep(pause)

    def _look(self) -> None:
        with self._lock:
            listeners = [listener for mine in self._listeners.values() for listener in mine]
        for listener in listeners:
            try:
                listener.look()
            except StoreError as error:
                log.warning("what is true now cannot be told: %s", error)
            except Exception:  # so that the others are looked after
                log.exception("what is true now cannot be told")

    def _is_wanted(self) -> bool:
        with self._lock:
            self._runs = bool(self._listeners)
            return self._runs

    def _tell(self) -> bool:
        """Tell everything that is new; whether there was anything."""
        found = False
        while events := self._store.events(after=self._position, limit=BATCH):
            found = True
            with self._lock:  # whoever comes later finds these events in the log
                listeners = {where: tuple(mine) for where, mine in self._listeners.items()}
            by_place: dict[str | None, list[Event]] = {None: events}
            for event in events:
                if event.public and event.conversation_id in listeners:
                    by_place.setdefault(event.conversation_id, []).append(event)
            for place, concerning in by_place.items():
                _put(concerning, listeners.get(place, ()))
            for event in events:
                if event.kind == "erased":
                    for gone in event.body["conversations"]:
                        for listener in listeners.get(gone, ()):
                            listener.end()
            self._position = events[-1].seq
            if len(events) < BATCH:
                break
        return found


def _put(events: Sequence[Event], listeners: Sequence[Listener]) -> None:
    """Give these listeners of one place, who all hear the same, the events written once."""
    if not (events and listeners):
        return
    feed = listeners[0].feed
    try:
        told = feed.write(events)
    except Exception:  # that is theirs alone: the others are told
        log.exception("events of %s cannot be written", feed.conversation_id or "the desk")
        for listener in listeners:
            listener.fall_behind()
        return
    for listener in listeners:
        listener.put(told)


def write_frame(cursor: int | None, framed: tuple[str, object] | None) -> bytes:
    """An event as Server-Sent Events have it, without a cursor one that no reconnect asks for;
    nothing for what is passed over."""
    if framed is None:
        return b""
    name, value = framed
    numbered = b"" if cursor is None else b"id: %d\n" % cursor
    return b"%sevent: %s\ndata: %s\n\n" % (numbered, name.encode(), orjson.dumps(value))
