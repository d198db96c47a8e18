"""What a labelled message stands for, by what became of it."""

from typing import get_args

import pytest

from finetune.prepare import prepare
from finetune.rows import Row
from finetune.traffic import weigh
from service.records.past import Origin, Outcome


def labelled(**counts: int) -> tuple[list[Row], dict[str, Origin]]:
    """So many rows of each outcome, and examples of the desk's own."""
    rows = [Row(f"an example {n}", "track", place=f"example e{n}") for n in range(5)]
    origins = {}
    for outcome, count in counts.items():
        for n in range(count):
            place = f"example {outcome}{n}"
            rows.append(Row(f"{outcome} {n}", "track", place=place, support=True))
            kind = outcome if outcome in get_args(Outcome) else None
            origins[place] = Origin(place, "", outcome=kind)  # type: ignore[arg-type]
    return rows, origins


def stands(rows: list[Row], outcome: str) -> set[float | None]:
    return {row.stands for row in rows if row.text.startswith(outcome)}


def test_what_is_seldom_labelled_stands_for_many() -> None:
    rows, origins = labelled(answered=10, asked=5, person=40, unread=3)
    weighed = weigh(rows, origins, {"answered": 1000, "asked": 50, "person": 40})
    assert [row.text for row in weighed] == [row.text for row in rows]
    (answered,), (asked,), (person,) = (stands(weighed, o) for o in get_args(Outcome))
    assert answered
    assert asked
    assert person
    assert answered == pytest.approx(100 * person)
    assert asked == pytest.approx(10 * person)
    assert stands(weighed, "unread") == stands(weighed, "an example") == {None}
    together = sum(row.stands or 0 for row in weighed)
    assert together == pytest.approx(1090**2 / (10 * 100**2 + 5 * 10**2 + 40))


def test_a_fair_sample_counts_row_by_row() -> None:
    rows, origins = labelled(answered=30, person=10)
    weighed = weigh(rows, origins, {"answered": 300, "person": 100})
    assert {round(row.stands or 0, 6) for row in weighed if row.place in origins} == {1.0}


def test_what_nobody_said_stands_for_nothing() -> None:
    row = Row("implied", "track", place="example i", support=True, weight=0.5)
    assert weigh([row], {"example i": Origin("c", "", outcome="answered")}, {}) == [row]
    assert weigh([], {}, {}) == []


def test_more_labels_than_counted_messages_stand_for_themselves() -> None:
    rows, origins = labelled(answered=4)
    assert stands(weigh(rows, origins, {"answered": 2}), "answered") == {1.0}


def test_messages_calibrate_where_networks_did_without_them() -> None:
    rows, origins = labelled(answered=40, unread=40)
    examples = [Row(f"{w} {n}", w, place=f"{w}{n}") for w in ("track", "refund") for n in range(60)]
    weighed = weigh([*examples, *rows], origins, {"answered": 400})
    prepared = prepare(weighed, parts=4)
    texts = {row.text for row in prepared.calibrating}
    assert {f"answered {n}" for n in range(40)} <= texts
    assert not any(text.startswith("unread") for text in texts)
    assert {row.text for row in rows} <= {row.text for row in prepared.train}
