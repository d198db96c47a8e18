"""Surges: ordinary days do not trip, a doubled share does, and one surge is one alarm."""

import math

import numpy as np
import pytest

from benchmarks.ordinary_days import STEPS, Planted, Shop, alarms, delay, draw
from service import surge
from service.surge import DESK, Count, Usual, in_words, look, tail

HOUR = 24 * 15 * STEPS  # steps of fifteen days
USUAL = Usual(0.12, 0.005)


def test_sixty_ordinary_days_do_not_trip() -> None:
    """Daily and weekly patterns, weekends, growth, hours that differ by more than chance."""
    steps = draw(Shop(volume=3000, intents=12), 60, np.random.default_rng(1))
    assert alarms(steps, HOUR, every=STEPS) == []


def test_a_doubled_share_of_one_intent_is_caught_in_its_hour() -> None:
    shop = Shop(volume=40_000, intents=12, dispersion=0.001, spread=0.0)
    found = [delay(shop, seed, factor=2.0) for seed in range(5)]
    # The hour of one of them would have been a calm one: its share is 1.6 times the usual.
    assert sorted(minutes or 999 for _, minutes in found)[3] <= 60


def test_one_surge_is_one_alarm_and_not_the_whole_desks_too() -> None:
    hour = 24 * 23 + 10
    shop = Shop(volume=6000, intents=12, dispersion=0.003)
    steps = draw(shop, 24, np.random.default_rng(4), Planted(0, hour, hours=5, factor=4.0))
    found = alarms(steps, (hour - 2) * STEPS)
    assert [subject for _, subject in found] == ["intent_1"]
    assert hour * STEPS < found[0][0] <= (hour + 1) * STEPS


def test_a_surge_of_last_week_does_not_hide_the_next() -> None:
    hour = 24 * 16 + 11
    shop = Shop(volume=20_000, intents=6, dispersion=0.003, spread=0.0)
    rng = np.random.default_rng(1)
    first = draw(shop, 24, rng, Planted(0, hour, factor=3.0))
    again = draw(shop, 24, rng, Planted(0, hour + 168, factor=3.0))
    steps = np.concatenate([first[: 20 * 24 * STEPS], again[20 * 24 * STEPS :]])
    found = alarms(steps[: (hour + 171) * STEPS], (hour - 1) * STEPS, every=3)
    assert [subject for _, subject in found] == ["intent_1", "intent_1"]


def binomial_tail(k: int, n: int, p: float) -> float:
    return sum(math.comb(n, j) * p**j * (1 - p) ** (n - j) for j in range(k, n + 1))


@pytest.mark.parametrize(
    ("k", "n", "p"), [(5, 20, 0.1), (1, 3, 0.5), (20, 20, 0.3), (40, 300, 0.1)]
)
def test_without_dispersion_the_tail_is_the_binomials(k: int, n: int, p: float) -> None:
    assert tail(k, n, Usual(p, 1e-9)) == pytest.approx(binomial_tail(k, n, p), rel=1e-3)


def test_dispersion_makes_the_tail_heavier_and_it_adds_up() -> None:
    assert tail(10, 30, Usual(0.12, 0.02)) > 3 * tail(10, 30, Usual(0.12, 1e-9))
    assert tail(0, 30, USUAL) == 1.0
    # Uniform: a share of a half with dispersion 1/3 (a = b = 1).
    assert tail(7, 9, Usual(0.5, 1 / 3)) == pytest.approx(3 / 10)


CASES = [
    ("an ordinary hour", Count(60, 8), False, False),
    ("a little more", Count(60, 13), False, True),
    ("a surge", Count(60, 30), True, True),
    ("four customers are an accident", Count(4, 4), False, True),
    ("certain, but small", Count(20_000, 3200), False, False),
    ("nobody", Count(0, 0), False, False),
    ("better than usual", Count(60, 0), False, False),
]


@pytest.mark.parametrize(
    ("count", "begins", "goes_on"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_what_an_hour_means(count: Count, begins: bool, goes_on: bool) -> None:
    found = look({"late": USUAL}, {"late": count})["late"]
    assert (found.begins, found.goes_on) == (begins, goes_on)


def test_the_more_intents_the_less_is_each_trusted() -> None:
    hour = Count(60, 21)
    few = look({"a": USUAL}, {"a": hour})["a"]
    many = look({f"i{n}": USUAL for n in range(3000)}, {"i7": hour})["i7"]
    assert few.chance == many.chance
    assert (few.begins, many.begins) == (True, False)


def test_the_whole_desk_surges_when_no_intent_explains_it() -> None:
    usual = {DESK: USUAL, "a": USUAL, "b": USUAL}
    spread = {DESK: Count(400, 160), "a": Count(3, 1), "b": Count(2, 1)}
    assert look(usual, spread)[DESK].begins
    explained = {DESK: Count(400, 160), "a": Count(150, 130), "b": Count(2, 1)}
    found = look(usual, explained)
    assert (found["a"].begins, found[DESK].begins, found[DESK].goes_on) == (True, False, True)
    assert not look(usual, explained, {"a"})[DESK].begins


def test_a_desk_that_is_new_has_nothing_usual() -> None:
    hours = np.zeros((surge.WEEKS * surge.WEEK, 2), np.int64)
    hours[-20:] = (30, 4)
    assert surge.usual_at({"a": hours}, 0, 700) == {}
    hours[-80:] = (30, 4)
    (usual,) = surge.usual_at({"a": hours}, 0, 700).values()
    assert usual.share == pytest.approx(4 / 30, rel=0.1)


def test_weekend_mornings_are_held_against_weekend_mornings() -> None:
    hours = np.zeros((surge.WEEKS * surge.WEEK, 2), np.int64)
    slots = (np.arange(len(hours)) + surge.MONDAY) % surge.WEEK
    hours[:] = (100, 10)
    hours[slots >= surge.WEEKEND] = (100, 40)
    monday = -surge.MONDAY + surge.WEEK * 3
    shares = [surge.usual_at({"a": hours}, 0, monday + n)["a"].share for n in (9, 24 * 5 + 9)]
    assert shares == [pytest.approx(0.1, abs=0.02), pytest.approx(0.4, abs=0.02)]


def test_words_say_what_and_how_much() -> None:
    found = look({"delivery_late": USUAL, DESK: USUAL}, {"delivery_late": Count(64, 31)})
    told = "Negative messages about delivery late are at 48 % this hour (31 of 64 customers)"
    assert in_words(found["delivery_late"]) == f"{told}; usually 12 %."
    assert in_words(found[DESK]).startswith("Negative messages are at")
