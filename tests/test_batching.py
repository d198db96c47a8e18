"""Calls of many threads go together, none waits for nothing, and no answer reaches another call."""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from index.batching import Batcher, Crowded, Late


class Slow:
    """A pass that waits until it is let go, and remembers its batches."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.begun = threading.Semaphore(0)
        self.go = threading.Semaphore(0)

    def __call__(self, items: Sequence[int]) -> list[int]:
        self.batches.append(list(items))
        self.begun.release()
        assert self.go.acquire(timeout=10)
        return [-item for item in items]


def wait_for(batcher: Batcher[int, int], count: int) -> None:
    """Until so many calls wait."""
    for _ in range(1000):
        if len(batcher._waiting) >= count:
            return
        time.sleep(0.005)
    raise AssertionError(f"{len(batcher._waiting)} calls wait, not {count}")


def test_a_call_alone_runs_in_its_own_thread_at_once() -> None:
    seen: list[int] = []

    def run(items: Sequence[int]) -> list[int]:
        seen.append(threading.get_ident())
        return [item + 1 for item in items]

    assert Batcher(run)(4) == 5
    assert seen == [threading.get_ident()]


def test_what_comes_during_a_pass_goes_together_in_the_next() -> None:
    slow, told = Slow(), []
    batcher: Batcher[int, int] = Batcher(slow, watch=lambda size, waited: told.append(size))
    with ThreadPoolExecutor(6) as pool:
        first = pool.submit(batcher, 1)
        assert slow.begun.acquire(timeout=10)
        others = [pool.submit(batcher, number) for number in (2, 3, 4, 5)]
        wait_for(batcher, 4)
        slow.go.release(2)
        assert first.result(timeout=10) == -1
        assert [other.result(timeout=10) for other in others] == [-2, -3, -4, -5]
    assert sorted(slow.batches[1]) == [2, 3, 4, 5]
    assert told == [1, 4]


def test_a_pass_takes_no_more_than_it_may_and_the_oldest_first() -> None:
    slow = Slow()
    batcher: Batcher[int, int] = Batcher(slow, most=2)
    with ThreadPoolExecutor(6) as pool:
        calls = [pool.submit(batcher, 0)]
        assert slow.begun.acquire(timeout=10)
        for number in range(1, 6):
            calls.append(pool.submit(batcher, number))
            wait_for(batcher, number)
        slow.go.release(10)
        assert [call.result(timeout=10) for call in calls] == [0, -1, -2, -3, -4, -5]
    assert slow.batches == [[0], [1, 2], [3, 4], [5]]


def test_too_many_calls_are_refused_at_once() -> None:
    slow = Slow()
    batcher: Batcher[int, int] = Batcher(slow, room=2)
    with ThreadPoolExecutor(4) as pool:
        calls = [pool.submit(batcher, 0)]
        assert slow.begun.acquire(timeout=10)
        calls += [pool.submit(batcher, number) for number in (1, 2)]
        wait_for(batcher, 2)
        with pytest.raises(Crowded):
            batcher(3)
        slow.go.release(10)
        assert [call.result(timeout=10) for call in calls] == [0, -1, -2]


def test_a_late_call_leaves_and_its_answer_reaches_nobody() -> None:
    slow = Slow()
    batcher: Batcher[int, int] = Batcher(slow)
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(batcher, 1)
        assert slow.begun.acquire(timeout=10)
        with pytest.raises(Late):
            batcher(2, seconds=0.01)
        other = pool.submit(batcher, 3)
        wait_for(batcher, 1)
        slow.go.release(10)
        assert (first.result(timeout=10), other.result(timeout=10)) == (-1, -3)
    assert slow.batches == [[1], [3]], "what has left is not passed"


def test_a_call_late_within_its_pass_does_not_disturb_the_others() -> None:
    slow = Slow()
    batcher: Batcher[int, int] = Batcher(slow)
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(batcher, 1)
        assert slow.begun.acquire(timeout=10)
        leader = pool.submit(batcher, 2)
        wait_for(batcher, 1)
        follower = pool.submit(batcher, 3, 0.5)
        wait_for(batcher, 2)
        slow.go.release()
        assert slow.begun.acquire(timeout=10)
        with pytest.raises(Late):
            follower.result(timeout=10)
        slow.go.release(10)
        assert (first.result(timeout=10), leader.result(timeout=10)) == (-1, -2)
    assert batcher(7) == -7


def test_a_pass_that_fails_fails_for_its_calls_alone() -> None:
    def run(items: Sequence[int]) -> list[int]:
        if 13 in items:
            raise ValueError("thirteen")
        return list(items)

    batcher: Batcher[int, int] = Batcher(run)
    with pytest.raises(ValueError, match="thirteen"):
        batcher(13)
    assert batcher(14) == 14


def test_a_pass_with_too_few_results_is_an_error() -> None:
    batcher: Batcher[int, int] = Batcher(lambda items: [])
    with pytest.raises(ValueError, match="zip"):
        batcher(1)


def test_many_threads_get_their_own_answers() -> None:
    """Under load, with deadlines that some of them miss."""

    def run(items: Sequence[int]) -> list[int]:
        time.sleep(0.001)
        return [item * item for item in items]

    batcher: Batcher[int, int] = Batcher(run, most=8)

    def ask(number: int) -> bool:
        try:
            return batcher(number, seconds=0.002 if number % 3 == 0 else None) == number**2
        except Late:
            return number % 3 == 0

    with ThreadPoolExecutor(32) as pool:
        assert all(pool.map(ask, range(3000)))
    assert not batcher._waiting
    assert batcher._busy is False
