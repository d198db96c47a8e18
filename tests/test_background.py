"""New content is encoded in small steps that let customers go first, and is done all the same."""

import sys
import threading
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from service import background
from service.background import STEP, Superseded, giving_way, sharing_python

TEXTS = ["a" * length for length in (300, 5, 2000, 299, 40, 1)]


class Encoder:
    """Encodes a text as its length, and remembers what it was given at once."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []

    def __call__(self, texts: Sequence[str]) -> Any:
        self.calls.append(list(texts))
        time.sleep(0.002 * len(texts))
        return np.array([[len(text)] * 2 for text in texts], np.float32).reshape(-1, 2)


def test_every_text_gets_its_vector() -> None:
    vectors = giving_way(Encoder(), lambda: False)(TEXTS)
    assert vectors.tolist() == [[len(text)] * 2 for text in TEXTS]
    assert giving_way(Encoder(), lambda: False)([]).shape == (0, 2)


def test_steps_are_small() -> None:
    encoder = Encoder()
    giving_way(encoder, lambda: False)(TEXTS * 20)
    steps = [call for call in encoder.calls if call]
    assert sum(len(step) for step in steps) == len(TEXTS) * 20
    assert all(len(step) == 1 or sum(map(len, step)) <= STEP for step in steps)
    assert len(steps) < len(TEXTS) * 20


def test_it_waits_while_customers_are_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "PATIENCE", 10_000)
    encoder, busy = Encoder(), threading.Event()
    busy.set()
    texts = ["b" * STEP] * 3
    thread = threading.Thread(target=giving_way(encoder, busy.is_set), args=(texts,))
    thread.start()
    time.sleep(0.1)
    assert encoder.calls == [[], texts[:1]]
    busy.clear()
    thread.join(5)
    assert encoder.calls == [[], *([text] for text in texts)]


def test_it_ends_though_customers_never_do() -> None:
    encoder = Encoder()
    giving_way(encoder, lambda: True)(TEXTS)
    assert sum(map(len, encoder.calls)) == len(TEXTS)


def test_threads_take_turns_more_often_for_a_while() -> None:
    usual = sys.getswitchinterval()
    with sharing_python():
        assert sys.getswitchinterval() < usual / 5
    assert sys.getswitchinterval() == usual


def test_interval_is_restored_by_the_last_of_two() -> None:
    """Champion and challenger load at once, and end in any order."""
    usual = sys.getswitchinterval()
    first, second = sharing_python(), sharing_python()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    during = sys.getswitchinterval()
    second.__exit__(None, None, None)
    after = sys.getswitchinterval()
    sys.setswitchinterval(usual)
    assert during < usual / 5
    assert after == usual


def test_what_is_no_longer_wanted_is_not_gone_on_with() -> None:
    """A rollback must not wait until a large import is encoded."""
    done: list[str] = []

    def encode(texts: Sequence[str]) -> np.ndarray:
        done.extend(texts)
        return np.zeros((len(texts), 2), np.float32)

    slow = giving_way(encode, lambda: False, lambda: len(done) >= 3)
    with pytest.raises(Superseded):
        slow(["x" * 500 + str(number) for number in range(9)])
    assert len(done) == 3
