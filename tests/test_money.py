"""Money: amounts with a currency as people write them, and what is no money."""

from datetime import date

import pytest

from index.locales import Locale
from index.money import find_money


def found(text: str, region: str = "GB", language: str = "en") -> list[str]:
    """Each span as it stands, an arrow, and its value."""
    spans = find_money(text, Locale(region, (language,)), date(2026, 11, 25))
    return [f"{text[s.start : s.end]} -> {s.value}" for s in spans]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("it was £7.95", "£7.95 -> 7.95 GBP"),
        ("£ 50", "£ 50 -> 50.00 GBP"),
        ("€12,50!", "€12,50 -> 12.50 EUR"),
        ("12.50 EUR", "12.50 EUR -> 12.50 EUR"),
        ("12,5 eur", "12,5 eur -> 12.50 EUR"),
        ("$1,299.99", "$1,299.99 -> 1299.99 USD"),
        ("1.299,00 €", "1.299,00 € -> 1299.00 EUR"),
        ("1 299,00 €", "1 299,00 € -> 1299.00 EUR"),
        ("1'299.00 CHF", "1'299.00 CHF -> 1299.00 CHF"),
        ("CHF 45.-", "CHF 45 -> 45.00 CHF"),
        ("$1.5k", "$1.5k -> 1500.00 USD"),
        ("US$ 20", "US$ 20 -> 20.00 USD"),
        ("20 quid", "20 quid -> 20.00 GBP"),
        ("20 pounds back", "20 pounds -> 20.00 GBP"),
        ("20 euros", "20 euros -> 20.00 EUR"),
        ("1200 dollars", "1200 dollars -> 1200.00 USD"),
        ("$160.", "$160 -> 160.00 USD"),
        ("¥500", "¥500 -> 500 JPY"),
        ("R$ 10,00", "R$ 10,00 -> 10.00 BRL"),
        ("49,99 zł", "49,99 zł -> 49.99 PLN"),
        ("A$30", "A$30 -> 30.00 AUD"),
        ("(-$5)", "$5 -> 5.00 USD"),
        ("iPhone 12 $500", "$500 -> 500.00 USD"),
        ("1,234,567 USD", "1,234,567 USD -> 1234567.00 USD"),
        ("10-20 EUR", "20 EUR -> 20.00 EUR"),
        ("GBP 12,000", "GBP 12,000 -> 12000.00 GBP"),
    ],
)
def test_money_is_found(text: str, expected: str) -> None:
    assert found(text) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "iPhone 12",
        "Galaxy S10",
        "order 482913",
        "20%",
        "size 44",
        "$ off",
        "$5 million",
        "$15 million",
        "€2bn",
        "5 tops",
        "try 5 times",
        "5 try",
        "10 cop shows",
        "30 sek",
        "model X5 EUR-plug",
        "1.2.3 EUR",
        "500 kr",
        "$1.299",
        "10:30 EUR",
        "$1,2,3",
        "AB-20 EUR",
        "12 points",
        "4 centimetres",
        "$x",
        "php 8",
        "20 eurozone states",
        "v2€",
    ],
)
def test_money_is_not_found(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("region", "language", "text", "expected"),
    [
        ("US", "en", "10 pounds of feathers", []),
        ("AU", "en", "$20", ["$20 -> 20.00 AUD"]),
        ("SE", "sv", "500 kr", ["500 kr -> 500.00 SEK"]),
        ("IS", "is", "500 kr", ["500 kr -> 500 ISK"]),
        ("CH", "de", "Fr. 20.50", ["Fr. 20.50 -> 20.50 CHF"]),
        ("DE", "de", "1.299 €", ["1.299 € -> 1299.00 EUR"]),
        ("CN", "zh", "¥20", ["¥20 -> 20.00 CNY"]),
    ],
)
def test_shared_signs_follow_the_region(
    region: str, language: str, text: str, expected: list[str]
) -> None:
    assert found(text, region, language) == expected
