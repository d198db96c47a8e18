"""Work ahead of who takes it: in order, two at once, and never much further."""

import threading
import time
from collections.abc import Iterator

import pytest

from service.ahead import AHEAD, AT_ONCE, ahead


def test_results_come_in_order_though_two_are_computed_at_once() -> None:
    together = threading.Barrier(AT_ONCE, timeout=10)  # broken, unless two work at a time

    def work(item: int) -> int:
        together.wait()
        time.sleep(0.05 if item % 2 == 0 else 0)
        return item * item

    assert list(ahead(work, range(8))) == [n * n for n in range(8)]


def test_little_is_computed_that_nobody_has_taken() -> None:
    begun: list[int] = []
    results = ahead(lambda item: begun.append(item) or item, range(100))
    assert next(results) == 0
    time.sleep(0.2)
    assert AHEAD <= len(begun) <= AHEAD + AT_ONCE + 1
    results.close()


def test_what_fails_is_raised_after_what_came_before() -> None:
    def items() -> Iterator[int]:
        yield from (1, 2)
        raise ValueError("no more")

    results = ahead(lambda item: item, items())
    assert [next(results), next(results)] == [1, 2]
    with pytest.raises(ValueError, match="no more"):
        next(results)
    with pytest.raises(ZeroDivisionError):
        list(ahead(lambda item: 1 / item, [1, 0]))
