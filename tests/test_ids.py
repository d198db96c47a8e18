"""Ids are in the order of their time, cannot be guessed, and look alike."""

import re
import time

import pytest

from service.sqlite.ids import new_id, new_token


def test_ids_compare_as_their_times(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    for at in (0, 1_700_000_000_000, 1_700_000_000_001, 1_900_000_000_000, 62**8 - 1):
        monkeypatch.setattr(time, "time_ns", lambda at=at: at * 1_000_000)
        made.append(new_id("msg"))
    assert made == sorted(made)
    assert {len(each) for each in made} == {26}


def test_ids_of_one_moment_differ_in_all_that_is_random(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: 1_700_000_000_000_000_000)
    made = [new_id("cnv") for _ in range(3000)]
    assert len(set(made)) == 3000
    assert len({each[: len("cnv_") + 8] for each in made}) == 1
    assert all(re.fullmatch("cnv_[0-9A-Za-z]{22}", each) for each in made)
    for place in range(-14, 0):
        assert len({each[place] for each in made}) == 62


def test_tokens_are_random_throughout() -> None:
    made = [new_token("fdc") for _ in range(3000)]
    assert all(re.fullmatch("fdc_[0-9A-Za-z]{43}", each) for each in made)
    assert len({each[5] for each in made}) == 62
