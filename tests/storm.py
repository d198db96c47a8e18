"""A bad network between browsers and the desk: it delays, loses, cuts and doubles what it carries.

Used by ``test_storm_browser``. While it is not ``calm``, every call of a browser meets a fate that
a seeded generator deals. It reads only as much of HTTP as it needs to know where a request ends.
"""

import asyncio
import contextlib
import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

Fate = Literal["through", "lost", "unanswered", "twice", "cut"]
# Of a hundred calls: lost on the way there or back, delivered twice, cut in the answer.
SHARES: dict[Fate, int] = {"lost": 2, "unanswered": 2, "twice": 4, "cut": 1}
SLOWEST_SECONDS = 0.02
STREAM_SECONDS = (1.0, 6.0)  # that an event stream lasts
STREAMS = b"/events"


class Storm:
    """The network, on a port of loopback of its own; ``met`` counts the fates."""

    def __init__(self, upstream: int, seed: int) -> None:
        self.upstream = upstream
        self.seed = seed
        self.calm = True
        self.held = ""  # a path whose answers wait here; `answered` is set when there is one
        self.answered = threading.Event()
        self.asleep = False  # lines stay open and say nothing, as those of a closed laptop
        self.met: Counter[str] = Counter()
        self.port = 0
        self._random = random.Random(seed)
        self._lines: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        started = threading.Event()
        self._loop.call_soon(lambda: self._loop.create_task(self._listen(started)))
        self._thread.start()
        assert started.wait(10)

    def stop(self) -> None:
        self.cut_off()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def cut_off(self) -> None:
        """Every connection that is open breaks now."""
        done = threading.Event()

        def cancel() -> None:
            for line in self._lines:
                line.cancel()
            done.set()

        self._loop.call_soon_threadsafe(cancel)
        assert done.wait(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        pending = asyncio.all_tasks(self._loop)
        for task in pending:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
        self._loop.close()

    async def _listen(self, started: threading.Event) -> None:
        server = await asyncio.start_server(self._line, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        started.set()
        async with server:
            await server.serve_forever()

    async def _line(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of a browser's, which carries one request."""
        line = asyncio.current_task()
        assert line
        self._lines.add(line)
        try:
            await self._carry(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # either side has gone, or the line was cut
        finally:
            self._lines.discard(line)
            writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await _request(reader)
        path = request.split(b" ", 2)[1].split(b"?")[0]
        if path.endswith(STREAMS):
            lasts = None if self.calm else self._random.uniform(*STREAM_SECONDS)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(lasts):
                    await self._relay(request, writer)
            return
        fate = self._deal(path)
        self.met[fate] += 1
        if fate == "lost":
            return
        if not self.calm:
            await asyncio.sleep(self._random.uniform(0, SLOWEST_SECONDS))
        answer = await self._ask(request)
        if fate == "twice":
            answer = self._random.choice([answer, await self._ask(request)])
        if fate == "unanswered":
            return
        if path.decode() == self.held:
            self.answered.set()
            while self.held:
                await asyncio.sleep(0.01)
        writer.write(answer[: len(answer) // 2] if fate == "cut" else answer)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    def _deal(self, path: bytes) -> Fate:
        """Pages and scripts come through: what is tested is what people do in them."""
        if self.calm or not path.startswith(b"/api/"):
            return "through"
        drawn = self._random.random() * 100
        for fate, share in SHARES.items():
            drawn -= share
            if drawn < 0:
                return fate
        return "through"

    async def _ask(self, request: bytes) -> bytes:
        there, back = await asyncio.open_connection("127.0.0.1", self.upstream)
        try:
            back.write(request)
            return await there.read()
        finally:
            back.close()

    async def _relay(self, request: bytes, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self.upstream)
        try:
            back.write(request)
            while part := await there.read(65_536):
                if self.asleep:
                    await asyncio.Event().wait()  # until the other side gives it up
                writer.write(part)
                await writer.drain()
        finally:
            back.transport.abort()


async def _request(reader: asyncio.StreamReader) -> bytes:
    """A whole request, that asks for its connection to be closed after the answer."""
    head = await reader.readuntil(b"\r\n\r\n")
    first, *fields = head[:-4].split(b"\r\n")
    kept = [field for field in fields if not field.lower().startswith(b"connection:")]
    length = next((f for f in kept if f.lower().startswith(b"content-length:")), b":0")
    body = await reader.readexactly(int(length.split(b":")[1]))
    return b"\r\n".join([first, *kept, b"Connection: close", b"", b""]) + body


@contextmanager
def storm(upstream: int, seed: int) -> Iterator[Storm]:
    """The network in front of a server on loopback."""
    network = Storm(upstream, seed)
    network.start()
    try:
        yield network
    finally:
        network.stop()
