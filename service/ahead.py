"""Work that goes on while its results are being used.

Used by the commands that read many messages. Knows no model.
"""

import queue
import threading
from collections.abc import Iterator
from typing import TypeVar

T = TypeVar("T")
AHEAD = 2  # results that wait to be taken


def ahead(work: Iterator[T]) -> Iterator[T]:
    """What ``work`` yields, computed in a thread, a little ahead of who takes it."""
    done: queue.Queue[tuple[T] | Exception | None] = queue.Queue(maxsize=AHEAD)

    def pump() -> None:
        try:
            for result in work:
                done.put((result,))
            done.put(None)
        except Exception as error:  # a thread's top: raised where the results are taken
            done.put(error)

    threading.Thread(target=pump, daemon=True).start()
    while (result := done.get()) is not None:
        if isinstance(result, Exception):
            raise result
        yield result[0]
