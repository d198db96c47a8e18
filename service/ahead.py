"""Work that goes on while its results are being used.

Used by the commands that read many messages. Knows no model.
"""

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")
AT_ONCE = 2  # while one computes in Python, the other does outside its lock
AHEAD = 2  # results that wait to be taken


def ahead(work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """``work`` of each item, in their order, computed in threads a little ahead of who takes it."""
    done: queue.Queue[Future[R] | Exception | None] = queue.Queue(maxsize=AHEAD)
    pool = ThreadPoolExecutor(AT_ONCE)

    def pump() -> None:
        try:
            for item in items:
                done.put(pool.submit(work, item))
            done.put(None)
        except Exception as error:  # a thread's top: raised where the results are taken
            done.put(error)

    threading.Thread(target=pump, daemon=True).start()
    with pool:
        while (result := done.get()) is not None:
            if isinstance(result, Exception):
                raise result
            yield result.result()
