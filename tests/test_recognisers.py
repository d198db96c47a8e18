"""Exact recognisers find spans by pattern, and win over learned ones."""

import pytest

from index.recognisers import Recogniser, merge, recognise
from index.records import Entity

ORDER = Recogniser("order_number", r"(?:km-?)?(\d{6})\b", "KM-{0}")


def test_value_is_formatted_from_first_group() -> None:
    (entity,) = ORDER.find("where is km-482913?")
    assert (entity.start, entity.end, entity.text) == (9, 18, "km-482913")
    assert entity.value == "KM-482913"
    assert entity.exact


def test_pattern_without_groups_gives_whole_match() -> None:
    (entity,) = Recogniser("postcode", r"\b[a-z]\d{2}\b", "<{0}>").find("to B12 please")
    assert entity.value == "<B12>"


def test_absent_group_gives_empty_value() -> None:
    (entity,) = Recogniser("x", r"a(b)?(c)", "{0}{1}").find("ac")
    assert entity.value == "c"


def test_longer_match_wins_among_recognisers() -> None:
    found = recognise("482913", [Recogniser("short", r"\d{3}"), ORDER])
    assert [entity.label for entity in found] == ["order_number"]


def test_exact_wins_over_learned_where_they_overlap() -> None:
    text = "boots 482913"
    learned = [
        Entity(0, 5, "product", "boots", "boots"),
        Entity(6, 12, "product", "482913", "482913"),
    ]
    merged = merge(recognise(text, [ORDER]), learned)
    assert [(entity.label, entity.exact) for entity in merged] == [
        ("product", False),
        ("order_number", True),
    ]


@pytest.mark.parametrize(
    ("pattern", "form"), [("(", "{0}"), ("a", "{1}"), ("a", "{"), ("a", "{x}")]
)
def test_malformed_pattern_or_format_is_named(pattern: str, form: str) -> None:
    with pytest.raises(ValueError, match="'number'"):
        Recogniser("number", pattern, form)


def test_empty_matches_are_no_entities() -> None:
    assert Recogniser("x", r"\d*").find("none here") == []
