"""Server-Sent Events over the event log, with resume by ``Last-Event-ID``.

Called by the chat API and the console's API. Each stream reads the log from where its client left
off and then waits for more; it never keeps a transaction or a place in memory, so a reconnect, to
any process, has no gap and nothing twice.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import orjson
from flask import Response, request, stream_with_context

from service.errors import Busy, InvalidInput, NotFound
from service.records import Event
from service.web.context import Parts, parts

PING_SECONDS = 15.0
WAIT_SECONDS = 1.0  # how long a stream sleeps before it looks whether the process ends


@dataclass(frozen=True, slots=True)
class Feed:
    """What a stream sends.

    ``fetch`` finds the events beyond an id, ``cursor`` gives an event's id in this stream,
    ``frame`` its name and JSON value, or None to pass over it. ``allowed`` is asked again before
    anything is sent, so that a revoked session ends its streams. With ``conversation_id``, other
    events do not wake it. ``beside`` says, once a second, what is true now and kept nowhere: it
    goes out without an id, so that no reconnect asks for it again.
    """

    fetch: Callable[[int], list[Event]]
    cursor: Callable[[Event], int]
    frame: Callable[[Event], tuple[str, object] | None]
    allowed: Callable[[], bool] = lambda: True
    conversation_id: str | None = None
    beside: Callable[[], list[tuple[str, object]]] = list


def resume_point(default: int) -> int:
    """Where to go on: the ``Last-Event-ID`` header or ``after``; ``default`` without either."""
    raw = request.headers.get("Last-Event-ID") or request.args.get("after")
    if not raw:
        return default
    if not (raw.isascii() and raw.isdigit()) or len(raw) > 18:
        raise InvalidInput("Last-Event-ID: must be the id of an event.", field="Last-Event-ID")
    return int(raw)


def event_stream(feed: Feed, after: int) -> Response:
    """A response that sends the feed's events beyond ``after``, and goes on as more is committed.

    ``Busy`` when the process, or the conversation, has as many streams as it may.
    """
    running = parts()
    if not running.streams.take(feed.conversation_id):
        raise Busy("Too many open event streams.", retry_after=5)
    frames = stream_with_context(_frames(running, feed, after))
    response = Response(frames, mimetype="text/event-stream")
    response.call_on_close(lambda: running.streams.give_back(feed.conversation_id))
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"
    return response


def _frames(running: Parts, feed: Feed, after: int) -> Iterator[bytes]:
    store = running.store
    yield b"retry: 1000\n: connected\n\n"
    pinged = time.monotonic()
    while running.serving():
        # The mark is taken before the look, so that nothing committed in between is slept over.
        seen = store.last_event()
        try:
            events = feed.fetch(after)
        except NotFound:  # the conversation was erased
            return
        if events and not feed.allowed():
            return
        for event in events:
            after = feed.cursor(event)
            framed = feed.frame(event)
            if framed:
                name, value = framed
                data = orjson.dumps(value)
                yield b"id: %d\nevent: %s\ndata: %s\n\n" % (after, name.encode(), data)
        if events:
            continue
        fleeting = feed.beside()
        if fleeting and not feed.allowed():
            return
        for name, value in fleeting:
            yield b"event: %s\ndata: %s\n\n" % (name.encode(), orjson.dumps(value))
        store.wait(seen, WAIT_SECONDS, feed.conversation_id)
        if time.monotonic() - pinged >= PING_SECONDS:
            if not feed.allowed():
                return
            pinged = time.monotonic()
            yield b": ping\n\n"
