"""Exact recognisers find spans by pattern or kind, and win over learned ones."""

import time
from datetime import date

import pytest

from index.kinds import KINDS, PERSONAL
from index.locales import Locale, check_locale
from index.recognisers import KindRecogniser, PatternRecogniser, merge, personal, recognise
from index.records import Entity

TODAY = date(2026, 11, 25)
BRITAIN = Locale("GB", ("en", "de"))
ORDER = PatternRecogniser("order_number", r"(?:km-?)?(\d{6})\b", "KM-{0}")


def test_value_is_formatted_from_first_group() -> None:
    (entity,) = ORDER.find("where is km-482913?")
    assert (entity.start, entity.end, entity.text) == (9, 18, "km-482913")
    assert entity.value == "KM-482913"
    assert entity.exact


def test_pattern_without_groups_gives_whole_match() -> None:
    (entity,) = PatternRecogniser("postcode", r"\b[a-z]\d{2}\b", "<{0}>").find("to B12 please")
    assert entity.value == "<B12>"


def test_absent_group_gives_empty_value() -> None:
    (entity,) = PatternRecogniser("x", r"a(b)?(c)", "{0}{1}").find("ac")
    assert entity.value == "c"


def test_longer_match_wins_among_recognisers() -> None:
    found = recognise("482913", [PatternRecogniser("short", r"\d{3}"), ORDER], TODAY)
    assert [entity.label for entity in found] == ["order_number"]


def test_exact_wins_over_learned_where_they_overlap() -> None:
    text = "boots 482913"
    learned = [
        Entity(0, 5, "product", "boots", "boots"),
        Entity(6, 12, "product", "482913", "482913"),
    ]
    merged = merge(recognise(text, [ORDER], TODAY), learned)
    assert [(entity.label, entity.exact) for entity in merged] == [
        ("product", False),
        ("order_number", True),
    ]


@pytest.mark.parametrize(
    ("pattern", "form"),
    [
        ("(", "{0}"),
        ("a", "{1}"),
        ("a", "{"),
        ("a", "{x}"),
        ("a", "{0:>9999999999}"),
        ("a", "{0!r}"),
    ],
)
def test_malformed_pattern_or_format_is_named(pattern: str, form: str) -> None:
    with pytest.raises(ValueError, match="'number'"):
        PatternRecogniser("number", pattern, form)


def test_empty_matches_are_no_entities() -> None:
    assert PatternRecogniser("x", r"\d*").find("none here") == []


def test_kind_finds_under_the_label_of_the_slot() -> None:
    (entity,) = KindRecogniser("mobile", "phone", BRITAIN).find("I am on 07911 123456", TODAY)
    assert entity == Entity(8, 20, "mobile", "07911 123456", "+447911123456", exact=True)


def test_unknown_kind_is_named_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"no kind 'fone'; known: email, phone, iban, card, date"):
        KindRecogniser("mobile", "fone", BRITAIN)


def test_pattern_of_the_desk_wins_over_a_longer_kind() -> None:
    text = "it is 07911 123456"
    code = PatternRecogniser("code", r"\b\d{6}\b")
    found = recognise(text, [*personal(BRITAIN), code], TODAY)
    assert [(entity.label, entity.value) for entity in found] == [("code", "123456")]


def test_longer_kind_wins_over_a_shorter_one() -> None:
    text = "DE89 3704 0044 0532 0130 00"
    found = recognise(text, personal(Locale("DE", ("de",))), TODAY)
    assert [entity.label for entity in found] == ["iban"]


def test_slot_of_a_kind_wins_over_what_runs_for_every_message() -> None:
    slot = KindRecogniser("contact", "email", BRITAIN)
    found = recognise("a@example.com", [slot, *personal(BRITAIN)], TODAY)
    assert [entity.label for entity in found] == ["contact"]


def test_personal_facts_are_found_in_their_places() -> None:
    text = "Über +49 30 901820, x@Example.com, DE89370400440532013000 oder 4111 1111 1111 1111 💳"
    found = recognise(text, personal(BRITAIN), TODAY)
    assert [entity.label for entity in found] == ["phone", "email", "iban", "card"]
    assert all(text[e.start : e.end] == e.text and e.exact for e in found)
    assert [e.label for e in recognise(text, personal(BRITAIN, but=PERSONAL[:2]), TODAY)] == [
        "iban",
        "card",
    ]


PIECES = ("a", "1", "@", "a@", "a.", "a@a.", "1 ", "1-", "+1 ", "+49 ", "4111 ", "DE89 3704 ", "de")
PIECES += ("1,234", "$", "$1", "1.000,", "may ", "3 days ", "a a week ", "1/1/", "2026-03-04 ")
PIECES += ("tomorrow ", "1st of ", "\u00a0", "fri 3 ", "0171 1234567 ", "in 3 ", "last friday ")


@pytest.mark.parametrize("kind", KINDS)
def test_hostile_texts_take_no_more_than_a_moment(kind: str) -> None:
    recogniser = KindRecogniser(kind, kind, BRITAIN)
    recogniser.find("on 5 may, +49 30 901820, DE89370400440532013000", TODAY)  # loads what it needs
    for piece in PIECES:
        began = time.thread_time()
        recognise((piece * 10_000)[:10_000], [recogniser], TODAY)
        assert time.thread_time() - began < 1, piece


@pytest.mark.parametrize("kind", KINDS)
def test_no_letter_or_digit_of_any_script_breaks_a_kind(kind: str) -> None:
    recogniser = KindRecogniser(kind, kind, BRITAIN)
    texts = (
        "frİday 3 maY",
        "laſt tueſday",
        "3 weeKs ago",
        "yeſterday",
        "٣ EUR, €٣",
        "sİx days ago",
    )
    texts += ("٣ March ٢٠٢٦", "٣/٤/٢٠٢٦", "²/³", "K\u0307 1 \ud800 €1", "4111 ١١١١ 1111 1111")
    for text in texts:
        assert all(text[e.start : e.end] == e.text for e in recogniser.find(text, TODAY))
    assert all("0.00" not in e.value for text in texts for e in recogniser.find(text, TODAY))


def test_many_spans_are_put_in_order_in_linear_time() -> None:
    began = time.thread_time()
    assert len(recognise("1" * 10_000, [PatternRecogniser("digit", r"\d")], TODAY)) == 10_000
    assert time.thread_time() - began < 1


@pytest.mark.parametrize(("region", "languages"), [("UK", ()), ("gb", ()), ("", ("english",))])
def test_region_and_languages_are_codes(region: str, languages: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=f"'{region or languages[0]}' is no"):
        check_locale(region, languages)
    check_locale("GB", ("en", "de"))
