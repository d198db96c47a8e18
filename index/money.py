"""Amounts of money in a text: "€12,50", "1,299.99 USD", "20 euros".

Used by ``index.kinds``. An amount needs its currency; a sign that several countries share is
read by the desk's region. Never converts anything.
"""

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from index.locales import Locale, Span

SIGNS = {
    "us$": "USD", "r$": "BRL", "a$": "AUD", "au$": "AUD", "c$": "CAD", "ca$": "CAD", "nz$": "NZD",
    "hk$": "HKD", "s$": "SGD", "€": "EUR", "£": "GBP", "₹": "INR", "₩": "KRW", "₪": "ILS",
    "₺": "TRY", "₽": "RUB", "₴": "UAH", "₫": "VND", "฿": "THB", "zł": "PLN", "kč": "CZK",
}  # fmt: skip
SHARED = {  # sign -> region -> currency; "" is what it means elsewhere
    "$": {"": "USD", "AU": "AUD", "CA": "CAD", "NZ": "NZD", "HK": "HKD", "SG": "SGD", "TW": "TWD",
          "MX": "MXN", "AR": "ARS", "CL": "CLP", "CO": "COP"},
    "¥": {"": "JPY", "CN": "CNY"},
    "kr": {"SE": "SEK", "NO": "NOK", "DK": "DKK", "IS": "ISK"},
    "fr.": {"CH": "CHF", "LI": "CHF"},
}  # fmt: skip
WORDS = {
    "euro": "€", "euros": "€", "quid": "£", "pounds sterling": "£", "dollar": "$", "dollars": "$",
    "bucks": "$", "dólares": "$", "dollari": "$", "us dollars": "us$", "yen": "¥", "yens": "¥",
    "rupees": "₹", "złotych": "zł", "zloty": "zł", "kronor": "kr", "kroner": "kr",
    "francs": "fr.", "franken": "fr.",
}  # fmt: skip
# Pounds are a weight, too: money only where that is what one pays with.
POUNDS = ("pound", "pounds")
CODES = (
    "EUR|USD|GBP|CHF|JPY|CNY|INR|CAD|AUD|NZD|SEK|NOK|DKK|ISK|PLN|CZK|HUF|RON|BGN|TRY|RUB|UAH|ILS|"
    "BRL|MXN|ARS|CLP|COP|ZAR|SGD|HKD|TWD|KRW|THB|VND|IDR|MYR|PHP|AED|SAR|QAR|EGP|NGN|KES"
)
UPPER_ONLY = ("TRY", "PHP", "SAR", "COP", "RON", "SEK")  # words, names, German seconds
NO_CENTS = ("JPY", "KRW", "VND", "CLP", "ISK")  # ISO 4217: no minor unit

GAP = r"[ \u00a0\u202f]?"
# A number, with the same sign between its thousands; the names of groups differ by pattern.
AMOUNT = (
    r"[0-9]{1,3}(?P<%s>[.,'’ \u00a0\u202f])[0-9]{3}(?:(?P=%s)[0-9]{3}){0,3}(?:[.,][0-9][0-9]?)?|"
    r"[0-9]{1,9}(?:[.,][0-9][0-9]?)?"
)
THOUSAND = rf"{GAP}k\b"
BIGGER = r"(?!\w|[.,]\d| ?(?:m|mn|bn|mio|mrd|thousand|million|billion|mille|mil|tausend)\b)"
_signs = "|".join(re.escape(sign) for sign in sorted({*SIGNS, *SHARED}, key=len, reverse=True))
_words = "|".join(sorted({*WORDS, *POUNDS}, key=len, reverse=True))
FIRST = re.compile(
    rf"(?<![\w$])(?P<unit>{_signs}|{CODES}){GAP}"
    rf"(?P<amount>{AMOUNT % ('a', 'a')})(?P<kilo>{THOUSAND})?{BIGGER}",
    re.IGNORECASE | re.ASCII,
)
LAST = re.compile(
    rf"(?<![\w.,:/])(?<![a-z]-)(?P<amount>{AMOUNT % ('b', 'b')})(?P<kilo>{THOUSAND})?(?:[.,][-–])?"
    rf"{GAP}(?P<unit>(?:{_signs}|{CODES})(?!{GAP}\d)|{_words})(?!\w)",
    re.IGNORECASE,
)


def find_money(text: str, locale: Locale, _today: date) -> Iterator[Span]:
    """Amounts with a currency, as "12.50 EUR": two decimals, or none where there are no cents."""
    if not any(map(str.isdigit, text)):
        return
    end = 0
    found = [*FIRST.finditer(text), *LAST.finditer(text)]
    for match in sorted(found, key=lambda match: (match.start(), -match.end())):
        amount = _amount(match["amount"], locale)
        currency = _currency(match["unit"], locale)
        if match.start() >= end and amount is not None and currency:
            amount *= 1000 if match["kilo"] else 1
            end = match.end()
            yield Span(
                match.start(), end, f"{amount:.{0 if currency in NO_CENTS else 2}f} {currency}"
            )


def _currency(unit: str, locale: Locale) -> str | None:
    """The ISO 4217 code that a sign, code or word stands for; None when it may be another thing."""
    if unit.upper() in CODES.split("|"):
        return None if unit.upper() in UPPER_ONLY and not unit.isupper() else unit.upper()
    lower = unit.lower()
    if lower in POUNDS:
        return "GBP" if locale.region == "GB" else None
    sign = WORDS.get(lower, lower)
    shared = SHARED.get(sign, {})
    return SIGNS.get(sign) or shared.get(locale.region) or shared.get("")


def _amount(written: str, locale: Locale) -> Decimal | None:
    """The number that is written; None for 1.299 where a point may begin the decimals."""
    whole, mark, decimals = re.fullmatch(r"(.*?)(?:([.,])([0-9]{1,2}))?", written).groups()  # type: ignore[union-attr]
    if mark and mark in whole:
        return None
    if "." in whole and not mark and "en" in locale.languages[:1]:
        return None
    return Decimal(f"{re.sub(r'[^0-9]', '', whole)}.{decimals or 0}")
