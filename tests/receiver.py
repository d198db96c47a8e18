"""A receiver of webhooks on loopback, in the test's own process."""

import contextlib
import ipaddress
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)


@dataclass
class Heard:
    """One request, as it arrived."""

    path: str
    headers: dict[str, str]  # by names in small letters
    body: bytes


class Receiver(ThreadingHTTPServer):
    """Hears what is posted, and answers with ``statuses``, the last one again and again. While it
    ``hangs``, it answers nothing."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Request)
        self.heard: list[Heard] = []
        self.more = threading.Condition()
        self.statuses: Sequence[int] = [204]
        self.answer = b""
        self.headers: dict[str, str] = {}
        self.free = threading.Event()
        self.free.set()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook"

    def hangs(self) -> threading.Event:
        """From now on; returns what lets those go on that come meanwhile."""
        self.free = threading.Event()
        return self.free

    def wait_for(self, count: int, seconds: float = 30) -> list[Heard]:
        """What was heard, as soon as it is so many."""
        with self.more:
            assert self.more.wait_for(lambda: len(self.heard) >= count, seconds), self.heard
            return list(self.heard)


class _Request(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        receiver = self.server
        body = self.rfile.read(int(self.headers["Content-Length"]))
        named = {name.lower(): value for name, value in self.headers.items()}
        with receiver.more:
            number = len(receiver.heard)
            receiver.heard.append(Heard(self.path, named, body))
            receiver.more.notify_all()
        receiver.free.wait(60)
        status = receiver.statuses[min(number, len(receiver.statuses) - 1)]
        self.send_response(status)
        for name, value in receiver.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(receiver.answer) if status != 204 else 0))
        self.end_headers()
        if status != 204:
            self.wfile.write(receiver.answer)

    do_GET = do_POST  # noqa: N815

    def handle(self) -> None:
        with contextlib.suppress(OSError):  # who asked has gone
            super().handle()

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver, until the block ends."""
    with Receiver() as receiver:
        threading.Thread(target=receiver.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield receiver
        finally:
            receiver.free.set()
            receiver.shutdown()
