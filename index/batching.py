"""Calls of many threads as few passes: whoever finds nobody at work passes all that waits.

There is no thread of its own and no timer, so a call that comes alone is not delayed, and calls
that come during a pass go together in the next one. Used by the engine around a reader.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Crowded(Exception):
    """So many calls wait that one more would wait too long."""


class Late(Exception):
    """The call's time was over before its pass began or ended."""


class _Call(Generic[Item, Result]):
    """One waiting thread. A result goes into the call that asked for it, and nowhere else."""

    __slots__ = ("at", "error", "item", "leads", "ready", "result", "through")

    def __init__(self, item: Item) -> None:
        self.item = item
        self.at = time.perf_counter()
        self.ready = threading.Event()
        self.leads = False
        self.through = False
        self.result: Result | None = None
        self.error: BaseException | None = None


class Batcher(Generic[Item, Result]):
    """``run`` takes at most ``most`` items and gives as many results, in order; one pass runs at a
    time. At most ``room`` calls wait. ``watch(size, waited)`` is told of every pass how many items
    it has and how many seconds the first of them waited."""

    def __init__(
        self,
        run: Callable[[Sequence[Item]], Sequence[Result]],
        *,
        most: int = 32,
        room: int = 1024,
        watch: Callable[[int, float], None] | None = None,
    ) -> None:
        self._run = run
        self._most = most
        self._room = room
        self._watch = watch
        self._lock = threading.Lock()
        self._waiting: deque[_Call[Item, Result]] = deque()
        self._busy = False

    def __call__(self, item: Item, seconds: float | None = None) -> Result:
        """The result for one item, at the latest after so many seconds.

        Raises ``Crowded`` at once when too many wait, ``Late`` when the time is over, and whatever
        ``run`` raised for the pass that this item was in.
        """
        call: _Call[Item, Result] = _Call(item)
        with self._lock:
            if len(self._waiting) >= self._room:
                raise Crowded
            self._waiting.append(call)
            call.leads = not self._busy
            self._busy = True
        if not call.leads:
            call.ready.wait(seconds)
        if not call.leads and not call.through:
            self._withdraw(call)
        if call.leads:
            self._lead()
        if call.error is not None:
            raise call.error
        assert call.through
        return call.result  # type: ignore[return-value]

    def _withdraw(self, call: _Call[Item, Result]) -> None:
        """Give up waiting, unless it was this call's turn in this very moment."""
        with self._lock:
            if call.leads or call.through:
                return
            if call in self._waiting:
                self._waiting.remove(call)
        raise Late

    def _lead(self) -> None:
        """Pass what waits, one's own call among it, and hand over to the next that waits."""
        with self._lock:
            count = min(self._most, len(self._waiting))
            batch = [self._waiting.popleft() for _ in range(count)]
        try:
            if self._watch:
                self._watch(count, time.perf_counter() - batch[0].at)
            results = self._run([call.item for call in batch])
            for call, result in zip(batch, results, strict=True):
                call.result = result
        except BaseException as error:
            for call in batch:
                call.error = error
        with self._lock:
            for call in batch:
                call.through = True
            following = self._waiting[0] if self._waiting else None
            if following is not None:
                following.leads = True
            else:
                self._busy = False
        for call in batch:
            call.ready.set()
        if following is not None:
            following.ready.set()
