"""Two shares compared: exact for few, and not fooled by looking again."""

import random
from math import comb

import pytest

from service.canary import worse
from service.proportions import (
    LEVEL,
    chance_of_more,
    chances_of_parts,
    level,
    looks,
    next_look,
    wilson,
)
from service.records.trials import Arm


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [(0, 0, 0, 1), (0, 10, 0, 0.2775), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1)],
)
def test_interval_is_wilsons(part: int, whole: int, low: float, high: float) -> None:
    assert wilson(part, whole) == pytest.approx((low, high), abs=1e-4)


@pytest.mark.parametrize("table", [(3, 4, 1, 4), (0, 5, 5, 5), (5, 5, 0, 5), (7, 20, 30, 200)])
def test_chance_is_the_share_of_all_ways_to_deal(table: tuple[int, int, int, int]) -> None:
    part, whole, other, others = table
    ways = [
        comb(whole, n) * comb(others, part + other - n)
        for n in range(part, min(whole, part + other) + 1)
    ]
    exact = sum(ways) / comb(whole + others, part + other)
    assert chance_of_more(*table) == pytest.approx(exact)


def test_chance_of_nothing_is_one() -> None:
    assert chance_of_more(0, 0, 0, 0) == 1
    assert chance_of_more(0, 0, 3, 9) == pytest.approx(1)


@pytest.mark.parametrize(
    ("whole", "others", "parts"), [(0, 5, 3), (4, 9, 0), (4, 9, 6), (30, 2, 31)]
)
def test_chances_of_parts_are_hypergeometric(whole: int, others: int, parts: int) -> None:
    ways = [comb(whole, n) * comb(others, parts - n) for n in range(min(whole, parts) + 1)]
    exact = [way / comb(whole + others, parts) for way in ways]
    assert chances_of_parts(whole, others, parts) == pytest.approx(exact)
    assert sum(exact) == pytest.approx(1)


def test_looks_double_and_spend_the_level_once() -> None:
    assert [looks(n) for n in (0, 19, 20, 39, 40, 79, 80, 160)] == [0, 0, 1, 1, 2, 2, 3, 4]
    assert [next_look(n) for n in (0, 19, 20, 45)] == [20, 20, 40, 80]
    spent = sum(2 * level(look, 2) for look in range(1, 100_000))
    assert spent <= LEVEL
    assert spent == pytest.approx(LEVEL, rel=1e-4)


@pytest.mark.parametrize(
    ("challenger", "champion", "said"),
    [
        (Arm(20, 20), Arm(400, 120), "20 of 20 conversations were handed over"),
        (Arm(20, 6), Arm(400, 120), None),
        (Arm(20, 0), Arm(400, 120), None),  # better is no reason
        (Arm(20, 20), Arm(0, 0), None),  # nothing to compare with
        (Arm(20, 6, rated=9, unhelpful=9), Arm(400, 120, rated=90, unhelpful=20), "rated unhelpf"),
    ],
)
def test_only_what_is_significantly_worse_is_stopped(
    challenger: Arm, champion: Arm, said: str | None
) -> None:
    reason = worse(challenger, champion, 1)
    assert (reason is None) == (said is None)
    assert said is None or said in str(reason)


def test_equal_challenger_is_seldom_stopped_and_a_bad_one_soon() -> None:
    """Over eight looks; the bound is 5 %, looking after each conversation stops far more."""
    rng = random.Random(5)

    def conversations(rate: float, most: int) -> int | None:
        mine, others, done = [0, 0], [0, 0], 0
        while mine[0] < most:
            arm = mine if rng.random() < 0.25 else others
            arm[0] += 1
            arm[1] += rng.random() < (rate if arm is mine else 0.3)
            if looks(mine[0]) > done:
                done = looks(mine[0])
                if worse(Arm(*mine), Arm(*others), done):
                    return mine[0]
        return None

    stopped = [conversations(0.3, 320) for _ in range(200)]
    assert sum(one is not None for one in stopped) <= 200 * LEVEL
    bad = [conversations(0.7, 320) for _ in range(30)]
    assert all(one is not None and one <= 80 for one in bad)
