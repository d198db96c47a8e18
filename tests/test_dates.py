"""Dates: what is found in messages as people write them, what it means, and what is no date."""

from datetime import date

import pytest

from index.date_words import date_words
from index.dates import find_coming_date, find_date, find_past_date
from index.locales import Locale

TODAY = date(2026, 11, 25)  # a Wednesday
WITHOUT_WORDS = (
    "zh",
    "zh-Hans",
    "zh-Hant",
    "yue",
    "ja",
    "ko",
)  # no spaces, or months that are figures
ALL = ("en", "de", "fr", "es", "it", "nl")


def found(text: str, region: str = "GB", languages: tuple[str, ...] = ALL) -> list[tuple[str, str]]:
    """Each span as it stands, with its value, in order of the text."""
    spans = sorted(find_date(text, Locale(region, languages), TODAY))
    return [(text[s.start : s.end], s.value) for s in spans]


@pytest.mark.parametrize(
    ("text", "span", "value"),
    [
        ("it came 2026-03-04", "2026-03-04", "2026-03-04"),
        ("2026/3/4?", "2026/3/4", "2026-03-04"),
        ("am 4.3.2026 bestellt", "4.3.2026", "2026-03-04"),
        ("vom 04. 03. 2026", "04. 03. 2026", "2026-03-04"),
        ("04.03.26", "04.03.26", "2026-03-04"),
        ("born 04/03/87", "04/03/87", "1987-03-04"),
        ("on 4/3/2026", "4/3/2026", "2026-03-04"),
        ("2026年3月4日に", "2026年3月4日", "2026-03-04"),
        ("14/3", "14/3", "2027-03-14"),
        ("on 14/9 please", "14/9", "2026-09-14"),
        ("am 24.12. brauche ich es", "24.12.", "2026-12-24"),
        ("4 March 2026", "4 March 2026", "2026-03-04"),
        ("I bought it on the 4th of May.", "4th of May", "2027-05-04"),
        ("on March 4th, 2026, I think", "March 4th, 2026", "2026-03-04"),
        ("may 4", "may 4", "2027-05-04"),
        ("march 2-9", "march 2", "2027-03-02"),
        ("3-mar-26", "3-mar-26", "2026-03-03"),
        ("Dec 28 '25", "Dec 28 '25", "2025-12-28"),
        ("Fri 4 Dec, 10:30", "Fri 4 Dec", "2026-12-04"),
        ("28 november", "28 november", "2026-11-28"),
        ("am 3. März 2026", "3. März 2026", "2026-03-03"),
        ("3.marz", "3.marz", "2027-03-03"),
        ("le 1er août 2026", "1er août 2026", "2026-08-01"),
        ("el 3 de marzo de 2026", "3 de marzo de 2026", "2026-03-03"),
        ("il 3 giugno", "3 giugno", "2026-06-03"),
        ("29 February", "29 February", "2028-02-29"),
        ("can it be here tomorrow?", "tomorrow", "2026-11-26"),
        ("the day after tomorrow", "day after tomorrow", "2026-11-27"),
        ("tomorrow's delivery", "tomorrow", "2026-11-26"),
        ("ordered 3 days ago", "3 days ago", "2026-11-22"),
        ("two weeks ago", "two weeks ago", "2026-11-11"),
        ("a month ago", "a month ago", "2026-10-25"),
        ("in 3 days", "in 3 days", "2026-11-28"),
        ("next Friday", "next Friday", "2026-11-27"),
        ("last monday", "last monday", "2026-11-23"),
        ("this saturday", "this saturday", "2026-11-28"),
        ("next wednesday", "next wednesday", "2026-12-02"),
        ("last wednesday", "last wednesday", "2026-11-18"),
        ("bis übermorgen", "übermorgen", "2026-11-27"),
        ("bis morgen", "morgen", "2026-11-26"),
        ("vor drei Tagen", "vor drei Tagen", "2026-11-22"),
        ("letzten Montag", "letzten Montag", "2026-11-23"),
        ("kommenden Freitag", "kommenden Freitag", "2026-11-27"),
        ("vergangenen Freitag", "vergangenen Freitag", "2026-11-20"),
        ("il y a 3 jours", "il y a 3 jours", "2026-11-22"),
        ("vendredi prochain", "vendredi prochain", "2026-11-27"),
        ("aujourd'hui", "aujourd'hui", "2026-11-25"),
        ("hace 3 días", "hace 3 días", "2026-11-22"),
        ("para mañana", "mañana", "2026-11-26"),
        ("lunes pasado", "lunes pasado", "2026-11-23"),
        ("eergisteren", "eergisteren", "2026-11-23"),
        ("venerdì scorso", "venerdì scorso", "2026-11-20"),
    ],
)
def test_a_day_is_found(text: str, span: str, value: str) -> None:
    spans = sorted(find_date(text, Locale("GB", ALL), TODAY), key=lambda s: s.start - s.end)
    assert (text[spans[0].start : spans[0].end], spans[0].value) == (span, value)
    assert all(spans[0].start <= s.start and s.end <= spans[0].end for s in spans)


@pytest.mark.parametrize(
    "text",
    [
        "may I return it",
        "4",
        "order 4 may be late",
        "march on",
        "the sun",
        "second try",
        "sun",
        "sat on it",
        "friday",
        "on Friday",
        "wednesday or thursday",
        "next week",
        "last month",
        "in March",
        "March 2026",
        "31 February",
        "30.2.2026",
        "2026-13-01",
        "version 1.2.26",
        "1.2.3",
        "24/7 support",
        "1/2 price",
        "3/4 of it",
        "12/12/12/12",
        "call 020-7946-0018",
        "order 2026-03-04-17",
        "KM-2026-03-04",
        "10:30",
        "guten Morgen",
        "am Morgen",
        "por la mañana",
        "how many days",
        "30 days",
        "within 30 days",
        "2 weeks from today",
        "sİx days ago",
        "an hour ago",
        "in 5 minutes",
        "4.3.2026€",
        "#3 march",
        "30 marchers",
    ],
)
def test_no_day_is_found(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("region", "value"),
    [("US", "2026-03-04"), ("PH", "2026-03-04"), ("GB", "2026-04-03"), ("DE", "2026-04-03")],
)
def test_order_of_day_and_month_follows_the_region(region: str, value: str) -> None:
    assert found("03/04/2026", region) == [("03/04/2026", value)]


@pytest.mark.parametrize("region", ["", "CA"])
def test_a_date_that_may_be_two_days_is_none(region: str) -> None:
    assert found("03/04/2026", region) == []
    assert found("13/04/2026 or 04/13/2026", region) == [
        ("13/04/2026", "2026-04-13"),
        ("04/13/2026", "2026-04-13"),
    ]
    assert found("04/04/2026", region) == [("04/04/2026", "2026-04-04")]


def test_kinds_with_a_direction_know_bare_weekdays_and_years() -> None:
    text = "friday, 3 march, wednesday"
    coming = {s.value for s in find_coming_date(text, Locale("GB"), TODAY)}
    past = {s.value for s in find_past_date(text, Locale("GB"), TODAY)}
    assert coming == {"2026-11-27", "2027-03-03", "2026-12-02"}
    assert past == {"2026-11-20", "2026-03-03", "2026-11-18"}
    nearest = {
        s.value for s in find_date("28 december, 3 february", Locale("GB"), date(2026, 1, 9))
    }
    assert nearest == {"2025-12-28", "2026-02-03"}


def test_words_are_those_of_the_languages() -> None:
    assert found("demain", languages=("en",)) == []
    assert found("hier", languages=("fr",)) == [("hier", "2026-11-24")]
    assert found("hier", languages=("de", "en")) == []
    assert found("morgen", languages=("xx", "nl")) == [("morgen", "2026-11-26")]


def test_words_of_every_language_compile() -> None:
    from dateparser.data.languages_info import language_order

    for language in language_order[:60]:
        words = date_words((language,))
        if language in WITHOUT_WORDS:
            assert not words.months
        else:
            assert sorted(set(words.months.values())) == list(range(1, 13)), language
            assert sorted(set(words.weekdays.values())) == list(range(7)), language
