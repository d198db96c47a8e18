"""Drift: ordinary days stay in their range, changed ones leave it, and words say what changed."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from benchmarks.ordinary_days import FIRST, KNOWN, drifted, read_messages, simulate_days
from service.drift import (
    FIGURES,
    LEAST_MESSAGES,
    Day,
    Departure,
    Measured,
    alarms,
    departures,
    in_words,
    measure,
    telling,
    word_shares,
    words_of,
)
from service.records.alarms import ReadMessage


def day(number: int, value: float, error: float = 0.01, release: str = "rel_1") -> Day:
    figures = {"handed_over": Measured(value, error)}
    return Day(FIRST + timedelta(days=number), 500, release, figures)


def days(count: int, value: float = 0.2, wobble: float = 0.01) -> list[Day]:
    return [day(n, value + wobble * (-1) ** n) for n in range(count)]


def test_forty_ordinary_days_stay_in_their_range() -> None:
    assert drifted(simulate_days(40, 300, np.random.default_rng(3)), 15) == []


def test_a_new_topic_is_noticed_within_two_days() -> None:
    changed = simulate_days(23, 300, np.random.default_rng(4), odd_from=21, odd=0.25)
    found = drifted(changed, 21)
    assert {name for _, name in found} >= {"sure", "new_words"}
    assert min(n for n, _ in found) <= 22


SCORES = [
    ("in range", 2.0, 2.0, False),
    ("one day", 1.0, 5.0, False),
    ("two days", 4.0, 4.0, True),
    ("to both sides", -4.0, 4.0, False),
    ("far at once", 0.0, 8.0, True),
    ("far down at once", 0.0, -8.0, True),
    ("the day before only", 5.0, 1.0, False),
]


@pytest.mark.parametrize(
    ("before", "now", "alarmed"), [s[1:] for s in SCORES], ids=[s[0] for s in SCORES]
)
def test_when_a_figure_has_left_its_range(before: float, now: float, alarmed: bool) -> None:
    def at(score: float) -> dict[str, Departure]:
        return {"sure": Departure("sure", 0.5, 0.8, 0.7, 0.9, score, False)}

    assert bool(alarms(at(now), at(before))) == alarmed
    assert bool(alarms(at(now), {})) == (abs(now) > 7)


def test_few_messages_widen_the_range() -> None:
    past = days(20)
    sharp = departures(day(20, 0.4), past)["handed_over"]
    vague = departures(day(20, 0.4, error=0.2), past)["handed_over"]
    assert sharp.score > 7
    assert abs(vague.score) < 2
    assert vague.high > sharp.high


def test_one_mad_day_does_not_widen_the_range() -> None:
    past = days(20)
    past[13] = day(13, 0.9)
    assert departures(day(20, 0.35), past)["handed_over"].score > 5


def test_weekends_are_held_against_weekends() -> None:
    past = [day(n, 0.5 if (FIRST + timedelta(days=n)).weekday() >= 5 else 0.2) for n in range(26)]
    assert abs(departures(day(26, 0.5), past)["handed_over"].score) < 1  # a Saturday
    assert departures(day(28, 0.5), past)["handed_over"].score > 7  # a Monday


def test_what_creeps_is_held_against_the_releases_first_days() -> None:
    creeping = [day(n, 0.2 + 0.004 * n) for n in range(80)]
    found = departures(creeping[-1], creeping[:-1])["handed_over"]
    assert found.since_promotion
    assert "in the release's first days" in in_words(found)
    fresh = [replace(d, release=f"rel_{n}") for n, d in enumerate(creeping)]
    assert not departures(fresh[-1], fresh[:-1])["handed_over"].since_promotion


def test_a_young_desk_has_no_range() -> None:
    assert departures(day(6, 0.9), days(6)) == {}
    assert departures(day(7, 0.9), days(7))


def read(text: str = "where is it", **fields: object) -> ReadMessage:
    values = {
        "action": "answer",
        "release": "rel_1",
        "confidence": 0.9,
        "sure": True,
        "nearest": 0.8,
    }
    return ReadMessage("m", "c", text, **{**values, **fields})  # type: ignore[arg-type]


def test_a_day_is_measured() -> None:
    known = words_of(["Where is it?", "My order"])
    handed = [read("ORDER qwxyz", action="handoff", sure=False, confidence=0.5, nearest=0.4)] * 30
    silent = [read(action="none", sure=None, confidence=None, nearest=None, release=None)] * 10
    found = measure(FIRST, [*handed, *([read()] * 60), *silent], known)
    values = {name: round(measured.value, 3) for name, measured in found.figures.items()}
    assert values == {
        "handed_over": round(30 / 90, 3),
        "sure": round(60 / 90, 3),
        "confidence": 0.9,
        "distance": 0.2,
        "new_words": 0.15,
    }
    assert (found.messages, found.release) == (100, "rel_1")
    assert found.figures["handed_over"].error == pytest.approx(0.0497, abs=1e-3)


def test_few_messages_tell_nothing() -> None:
    assert measure(FIRST, [read()] * (LEAST_MESSAGES - 1), frozenset()).figures == {}
    assert measure(date.min, [], frozenset()) == Day(date.min, 0, None, {})


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("Where's my ORDER", 0.0),
        ("where is my blorp", 1 / 2),
        ("KM-482913 42", None),
        ("", None),
        ("Größe ähnlich", 1.0),
    ],
)
def test_words_that_the_examples_lack(text: str, share: float | None) -> None:
    known = words_of(["where is my order"])
    assert word_shares(text, known) == (None if share is None else pytest.approx(share))


def test_words_tell_the_range() -> None:
    departure = Departure("sure", 0.512, 0.84, 0.79, 0.89, -9.0, False)
    told = (
        "Fewer messages than usual are read surely: 51.2 % of messages were read surely enough to"
    )
    assert in_words(departure) == f"{told} be answered, usually 79 % to 89 %."
    assert in_words(replace(departure, figure="distance", score=4.0)).startswith("Messages are far")


def test_the_messages_that_show_it_are_of_different_conversations() -> None:
    messages = [
        replace(read(nearest=score), id=f"m{n}", conversation_id=f"c{n % 3}")
        for n, score in enumerate([0.9, 0.2, 0.5, 0.1, 0.3, 0.4])
    ]
    far = Departure("distance", 0.7, 0.2, 0.1, 0.3, 9.0, False)
    assert telling(far, messages, KNOWN) == ("m3", "m1", "m5")
    assert telling(replace(far, score=-9.0), messages, KNOWN) == ("m0", "m2", "m4")


def test_every_figure_reads_what_the_simulation_writes() -> None:
    messages = read_messages(60, np.random.default_rng(0))
    assert set(measure(FIRST, messages, KNOWN).figures) == set(FIGURES)
