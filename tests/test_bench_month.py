"""The month of `benchmarks.month`: what is drawn, what people do, how the page judges."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from benchmarks.month.__main__ import count
from benchmarks.month.diary import Diary
from benchmarks.month.nights import Marks, accuracy, compare
from benchmarks.month.page import page, plot
from benchmarks.month.people import Floor, Told
from benchmarks.month.world import EXAMPLES, Line, World, make_world, starting_content
from finetune.rows import Row
from index.records import OUT_OF_SCOPE

DAYS, MESSAGES = 12, 20


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(rows(), intents=6, days=DAYS, messages=MESSAGES, seed=3)


def rows() -> list[Row]:
    names = [f"intent_{letter}" for letter in "abcdefgh"]
    told = [Row(f"{name} {number}", name) for name in names for number in range(80)]
    return [*told, *told[:9], *(Row(f"nothing {n}", OUT_OF_SCOPE) for n in range(300))]


def test_every_message_is_written_once_and_test_lines_never(world: World) -> None:
    written = [line.text for day in world.days for line in day]
    apart = [line.text for line in (*world.examples, *world.golden, *world.test)]
    assert [len(day) for day in world.days] == [MESSAGES] * DAYS
    assert len({*written, *apart}) == len(written) + len(apart)
    assert all(line.intent in {*world.known, *world.fresh, OUT_OF_SCOPE} for line in world.test)


def test_two_thirds_are_known_and_the_others_turn_up_on_their_day(world: World) -> None:
    assert (len(world.known), len(world.fresh)) == (4, 2)
    assert Counter(line.intent for line in world.examples) == dict.fromkeys(world.known, EXAMPLES)
    assert all(1 < first <= DAYS * 2 // 3 + 2 for first in world.fresh.values())
    for number, day in enumerate(world.days, start=1):
        for line in day:
            assert world.fresh.get(line.intent, 0) <= number
    last = {line.intent for day in world.days[-3:] for line in day}
    assert last >= {*world.fresh}
    outside = sum(line.intent == OUT_OF_SCOPE for day in world.days for line in day)
    assert 0.03 < outside / (DAYS * MESSAGES) < 0.2


def test_same_seed_makes_the_same_month(world: World) -> None:
    again = make_world(rows(), intents=6, days=DAYS, messages=MESSAGES, seed=3)
    other = make_world(rows(), intents=6, days=DAYS, messages=MESSAGES, seed=4)
    assert again == world
    assert other.days != world.days


def test_desk_starts_with_an_answer_for_each_intent(world: World) -> None:
    content = starting_content(world, 0.9)
    assert {t.intent for t in content.templates} == {i.name for i in content.intents}
    assert len({t.text for t in content.templates}) == len(content.templates)
    assert content.settings.promise == 0.9


def test_day_counts_only_what_an_intent_fits() -> None:
    told = [
        Told(Line("a", "known"), "answered", True),
        Told(Line("b", "known"), "chosen", False),
        Told(Line("c", "new"), "handed_over", None),
        Told(Line("d", OUT_OF_SCOPE), "answered", False),
    ]
    found = count(told, {"known"})
    assert (found["messages"], found["inside"], found["unknown"]) == (4, 3, 1)
    assert found["outcomes"] == {"answered": 1, "chosen": 1, "handed_over": 1}
    assert (found["answers"], found["right"]) == (3, 1)
    assert (found["at_once"], found["at_once_right"], found["escalations"]) == (2, 1, 1)


def test_champions_are_compared_on_what_both_may_know() -> None:
    test = [Line(str(number), "a") for number in range(20)] + [Line("x", "later")]
    before, after = Marks("rel_a", ["a"] * 20 + ["a"]), Marks("rel_b", ["b"] * 9 + ["a"] * 12)
    changed = compare(before, after, test, {"a"})
    assert (changed["better"], changed["worse"]) == (0, 9)
    assert changed["chance"] < 0.01
    assert compare(after, before, test, {"a"})["better"] == 9
    assert accuracy(after, test, {"a"}) == 11 / 20


def day(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "day": number,
        "messages": 100,
        "inside": 90,
        "unknown": 9,
        "outcomes": {"answered": 70, "chosen": 10, "handed_over": 10},
        "answers": 80,
        "right": 78,
        "escalations": 20,
        "promoted": True,
        "failed_checks": [],
        "golden_broken": [],
        "night_seconds": 100.0,
        "training_seconds": 80.0,
        "swap_seconds": 1.0,
        "accuracy": 0.9,
        "changed": {"better": 5, "worse": 1, "chance": 0.98},
        "rows": 500,
        "held_out": 40,
        "memory_mib": 700.0,
        **fields,
    }


def result(days: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "at": "2026-11-23T00:00:00+00:00",
        "commit": "abc1234",
        "dirty": False,
        "machine": {"processor": "p", "cores": 2, "memory_gib": 24, "device": "cpu"},
        "options": {"rows": "clinc150", "messages": "100", "errs": "0.03", "bad": "0"},
        "intents": [100, 50],
        "resumed": [],
        "days": days,
    }


def test_page_says_what_was_met_and_what_was_not() -> None:
    first = day(1, outcomes={"answered": 30, "handed_over": 60})
    good = page(result([first, *(day(number) for number in range(2, 31))]), "month.svg")
    assert "missed" not in good
    assert "| answered on the last day: at least 85.0 % | 88.9 % on day 30 | met |" in good
    bad = page(
        result(
            [
                day(1),
                day(2, right=60, answers=80, swap_seconds=9.0, golden_broken=["hello"]),
                day(3, changed={"better": 0, "worse": 9, "chance": 0.002}),
                day(4, outcomes={"handed_over": 90}, night_seconds=700.0),
            ]
        ),
        "month.svg",
    )
    assert bad.count("**missed**") == 7


def test_picture_stands_for_one_day_and_for_thirty() -> None:
    for days in ([day(1)], [day(number) for number in range(1, 31)]):
        assert plot(result(days)).startswith("<svg")


def test_interrupted_month_knows_where_it_was(tmp_path: Path) -> None:
    place = tmp_path / "diary.json"
    assert Diary.load(place) is None
    floor = Floor({"a", "b"})
    floor.waiting["c"].append("msg_1")
    floor.labels["Ana"].update(given=3, wrong=1)
    diary = Diary(result([day(1)]), Marks("rel_a", ["a"]), ["hello"], {"day": 2}, ["a", "b"])
    diary.save(place, floor)
    later, again = Diary.load(place), Floor({"a"})
    assert later == diary
    later.recall(again)
    assert (again.intents, again.waiting, again.labels) == (
        floor.intents,
        floor.waiting,
        floor.labels,
    )
    again.waiting["d"].append("msg_2")
    assert "started anew on day 2" in page(result([day(1)]) | {"resumed": [2]}, "month.svg")
