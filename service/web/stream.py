"""Server-Sent Events over the event log, with resume by ``Last-Event-ID``.

Called by the chat API and the console's API. Each stream reads the log from where its client left
off, and is then told by the process's `Broadcast`; it never keeps a transaction, so a reconnect, to
any process, has no gap and nothing twice.
"""

import socket
import time
from collections.abc import Iterator

from flask import Response, request, stream_with_context

from service.errors import Busy, InvalidInput, NotFound
from service.web.broadcast import Feed
from service.web.context import Parts, client_address, parts

PING_SECONDS = 15.0
SOCKET = "gunicorn.socket"  # of the request, in its environment


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
    address = client_address()
    if not running.streams.take(feed.conversation_id, address):
        raise Busy("Too many open event streams.", retry_after=5)
    frames = stream_with_context(_frames(running, feed, after, request.environ.get(SOCKET)))
    response = Response(frames, mimetype="text/event-stream")
    response.call_on_close(lambda: running.streams.give_back(feed.conversation_id, address))
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"
    return response


def _frames(
    running: Parts, feed: Feed, after: int, connection: socket.socket | None
) -> Iterator[bytes]:
    yield b"retry: 1000\n: connected\n\n"
    ping_at = time.monotonic() + PING_SECONDS

    def is_over() -> bool:
        return not running.serving() or _has_left(connection)

    with running.broadcast.listen(feed, is_over) as listener:
        while running.serving() and not listener.ended:
            pieces: list[bytes] = []
            if listener.behind:
                listener.catch_up()
                try:
                    while not is_over() and (events := feed.fetch(after)):
                        if not feed.allowed():
                            return
                        after = feed.cursor(events[-1])
                        if frames := b"".join(frame for _, frame in feed.write(events)):
                            yield frames
                except NotFound:  # the conversation was erased
                    return
                pieces.append(listener.news())
            patience = 0.0 if any(pieces) else max(0.0, ping_at - time.monotonic())
            for cursor, frame in listener.take(patience):
                if cursor is None or cursor > after:
                    after = cursor or after
                    pieces.append(frame)
            if time.monotonic() >= ping_at:
                ping_at = time.monotonic() + PING_SECONDS
                pieces.append(b": ping\n\n")
                listener.behind = True  # what went wrong, if anything did, is made up for
            if sent := b"".join(pieces):
                if not feed.allowed():
                    return
                yield sent


def _has_left(connection: socket.socket | None) -> bool:
    """Whether the client hung up; a stream that says nothing would not notice, and keep its place
    from somebody else until the next ping."""
    if connection is None:
        return False
    try:
        return not connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False
    except OSError:
        return True
