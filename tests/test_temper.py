"""No customer, and no flood of like messages, has more than its share of a night."""

import pytest

from finetune.clean import clean
from finetune.rows import Row
from finetune.temper import ALIKE, JUDGES, ONE, choose_judges, temper
from service.records.past import Origin

WORDS = [
    "amber",
    "birch",
    "cedar",
    "dune",
    "ember",
    "fjord",
    "grove",
    "heath",
    "islet",
    "juniper",
    "knoll",
    "lagoon",
]


def rows(count: int, weight: float = 1.0) -> list[Row]:
    """Rows that are not alike."""
    return [
        Row(f"{WORDS[n % 6]} {WORDS[n // 6 % 6]} {n * n}", "track", place=f"m{n}", weight=weight)
        for n in range(count)
    ]


def weight(found: list[Row]) -> float:
    return sum(row.weight * row.share for row in found)


def test_one_customer_weighs_no_more_than_his_share() -> None:
    mine = rows(60)
    one = {row.place: Origin(f"c{n}", "", customer_id="ana") for n, row in enumerate(mine)}
    found = temper(mine, one)
    assert [row.text for row in found] == [row.text for row in mine]
    assert weight(found) == pytest.approx(ONE)
    anonymous = {row.place: Origin("c1", "") for row in mine}
    assert weight(temper(mine, anonymous)) == pytest.approx(ONE)


def test_many_customers_with_words_of_their_own_keep_all_their_weight() -> None:
    mine = rows(60, weight=0.5)
    assert temper(mine, {row.place: Origin(row.place, "") for row in mine}) == mine


def test_a_hundred_who_write_alike_weigh_as_few_do() -> None:
    alike = [Row(f"Refund me now {n}!", "refund", place=f"m{n}") for n in range(100)]
    others = [Row("where is my boat", "track", place="m-other"), Row("refund me", "refund")]
    origins = {row.place: Origin(row.place, "") for row in [*alike, others[0]]}
    found = temper([*alike, *others], origins)
    assert weight(found[:100]) == pytest.approx(ALIKE)
    assert found[100:] == others


def test_the_same_text_trains_once_and_no_lighter() -> None:
    """Forty corrections of one text outweigh nobody, and are no weak ones: who contradicts them is
    a conflict."""
    same = [Row("Where is my order?", "track", place=f"m{n}") for n in range(40)]
    origins = {row.place: Origin(row.place, "") for row in same}
    kept, report = clean(temper(same, origins))
    assert [(row.intent, row.weight, row.share) for row in kept] == [("track", 1.0, 1.0)]
    kept, report = clean([*temper(same, origins), Row("where is my order?", "delivery")])
    assert (kept, len(report.conflicts)) == ([], 1)


def test_who_is_too_heavy_is_no_weaker_witness() -> None:
    mine = rows(60)
    found = temper(mine, {row.place: Origin("c1", "") for row in mine})
    kept, report = clean([*found, Row(mine[0].text, "delivery", place="seed")])
    assert len(report.conflicts) == 1
    assert len(kept) == 59


def test_what_the_desk_itself_wrote_keeps_its_weight() -> None:
    own = [Row(f"Refund me now {n}!", "refund", place=f"desk.yml:{n}") for n in range(100)]
    assert temper(own, {}) == own


def test_one_customer_judges_with_a_few_rows_the_same_ones_every_night() -> None:
    mine = rows(40)
    origins = {row.place: Origin(row.place, "", customer_id="ana") for row in mine[:30]}
    origins |= {row.place: Origin(row.place, "") for row in mine[30:]}
    found = choose_judges(mine, origins)
    assert len(found) == JUDGES + 10
    assert found[JUDGES:] == mine[30:]
    again = choose_judges(list(reversed(mine)), origins)
    assert {row.place for row in again} == {row.place for row in found}
