"""Built-in kinds of facts: e-mail, phone, IBAN and payment card; dates and money stand beside.

Used by ``index.recognisers``. A kind finds spans and their normal form in any text, exactly: what
could as well be something else is not found. The libraries are imported by the first text that
could hold such a fact; most hold none. Never reads a clock or a setting.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date

from index.dates import find_coming_date, find_date, find_past_date
from index.locales import Locale, Span
from index.money import find_money

Kind = Callable[[str, Locale, date], Iterator[Span]]

EMAIL = re.compile(
    r"(?<![\w.+-])\w[\w.!#$%&'*+/=?^{|}~-]{0,63}@(?:\w[\w-]{0,62}\.){1,8}[^\W\d_]{2,24}(?![\w-])"
)
DIGITS = re.compile(r"\d(?:\D{0,3}\d){6}")  # what is shorter is no international phone number
GROUPED = r"[ \u00a0\u202f.-]?"
CARD = re.compile(rf"(?<![\w.,-])(?:\d{GROUPED}){{13,18}}\d(?![\w-])", re.ASCII)
IBAN = re.compile(rf"(?<![\w-])[a-z]{{2}}\d\d(?:{GROUPED}[a-z0-9]){{11,30}}", re.I | re.ASCII)
# Issuer ranges of ISO/IEC 7812: first digits from, to, and the lengths in use. Visa's old 13 digits
# are left out, for article numbers (EAN-13) from Germany begin and end like them.
CARDS = (
    ("4", "4", (16, 19)),
    ("51", "55", (16,)),
    ("2221", "2720", (16,)),
    ("34", "34", (15,)),
    ("37", "37", (15,)),
    ("300", "305", (14, 16)),
    ("36", "36", (14, 16)),
    ("38", "39", (14, 16)),
    ("3528", "3589", (16, 17, 18, 19)),
    ("2200", "2204", (16, 17, 18, 19)),
    ("5018", "5018", (16, 17, 18, 19)),
    ("5020", "5020", (16, 17, 18, 19)),
    ("5038", "5038", (16, 17, 18, 19)),
    ("6011", "6011", (16, 17, 18, 19)),
    ("6304", "6304", (16, 17, 18, 19)),
    ("644", "659", (16, 17, 18, 19)),
    ("6759", "6763", (16, 17, 18, 19)),
    ("62", "62", (16, 17, 18, 19)),
    ("81", "82", (16,)),
)
# Words before a number that say what it is, as stems in the languages of most customers.
PHONE_WORDS = re.compile(
    r"phone|telefon|teléfono|téléphone|\btel\b|mobil|móvil|movil|\bcell|\bcall|\bring\b|\btext me|"
    r"whatsapp|\bsms\b|\bfax\b|handy|rückruf|anruf|erreich|reach me|contact me|appel|portable|"
    r"llam[ae]|celular|chiam[ai]",
    re.IGNORECASE,
)
OTHER_NUMBERS = re.compile(
    r"#|order|purchase|invoice|bill\b|track|parcel|shipment|package|refer|\bref\b|account|customer|"
    r"client|member|ticket|\bcase\b|serial|model|\bsku\b|article|item|\bid\b|\bpin\b|code|bestell|"
    r"rechnung|auftrag|kunden|sendung|konto|paket|artikel|commande|facture|colis|compte|pedido|"
    r"factura|cuenta|ordine|fattura|\bvat\b|\biban\b|card|karte",
    re.IGNORECASE,
)
LOOK_BACK = 30  # characters before a number in which such a word speaks of it
MOST_PHONES = 50  # candidates that are tried in one text


def find_email(text: str, _locale: Locale, _today: date) -> Iterator[Span]:
    """E-mail addresses; the value has its domain in lower case."""
    if "@" not in text:
        return
    for match in EMAIL.finditer(text):
        local, _, domain = match.group().rpartition("@")
        if ".." not in local and not local.endswith("."):
            yield Span(match.start(), match.end(), f"{local}@{domain.lower()}")


def find_phone(text: str, locale: Locale, _today: date) -> Iterator[Span]:
    """Phone numbers that the region's numbering plan knows, or any country's with a +; E.164.

    A run of bare digits could be an order number. It counts when it is written like a mobile
    number, when the words before speak of a phone, or when the message is nothing else.
    """
    if not DIGITS.search(text):
        return
    import phonenumbers as library

    region = locale.region or None
    for match in library.PhoneNumberMatcher(text, region, library.Leniency.VALID, MOST_PHONES):
        said = _said_to_be_a_phone(text, match.start)
        written = match.raw_string
        if said is None:
            kind = library.number_type(match.number)
            mobile = kind == library.PhoneNumberType.MOBILE and written.startswith("0")
            said = mobile or not written.isdigit() or written == text.strip()
        if said or "+" in written:
            value = library.format_number(match.number, library.PhoneNumberFormat.E164)
            yield Span(match.start, match.end, value)


def _said_to_be_a_phone(text: str, start: int) -> bool | None:
    """What the words before a number call it; None when they call it nothing."""
    before = text[max(0, start - LOOK_BACK) : start]
    phone = max((m.end() for m in PHONE_WORDS.finditer(before)), default=0)
    other = max((m.end() for m in OTHER_NUMBERS.finditer(before)), default=0)
    return phone > other if phone or other else None


def find_iban(text: str, _locale: Locale, _today: date) -> Iterator[Span]:
    """IBANs with right check digits, in any grouping; compact and in upper case."""
    place = 0
    while match := IBAN.search(text, place):
        end = _iban_end(match.group())
        place = match.start() + (end or 2)
        if end:
            yield Span(match.start(), place, _compact(match.group()[:end]).upper())


def _iban_end(candidate: str) -> int:
    """Where the IBAN ends that a candidate begins with, for words may follow; 0 for none."""
    from stdnum import iban
    from stdnum.iso7064 import mod_97_10

    ends = [m.start() for m in re.finditer(r"(?<=[A-Za-z0-9])(?![A-Za-z0-9])", candidate)]
    for end in reversed(ends):
        number = _compact(candidate[:end])
        # The check digits first: the country's structure takes thirty times as long. Its banks are
        # not checked, for they change.
        checked = mod_97_10.is_valid(number[4:] + number[:4])
        if checked and iban.is_valid(number, check_country=False):
            return end
    return 0


def find_card(text: str, _locale: Locale, _today: date) -> Iterator[Span]:
    """Numbers of payment cards: an issuer's range and length, and the Luhn check digit."""
    for match in CARD.finditer(text):
        number = _compact(match.group())
        if _issued(number):
            from stdnum import luhn

            if luhn.is_valid(number):
                yield Span(match.start(), match.end(), number)


def _issued(number: str) -> bool:
    return any(
        low <= number[: len(low)] <= high and len(number) in lengths for low, high, lengths in CARDS
    )


def _compact(number: str) -> str:
    return re.sub(r"[^A-Za-z0-9]", "", number)


KINDS: Mapping[str, Kind] = {
    "email": find_email,
    "phone": find_phone,
    "iban": find_iban,
    "card": find_card,
    "date": find_date,
    "coming_date": find_coming_date,
    "past_date": find_past_date,
    "money": find_money,
}
PERSONAL = ("email", "phone", "iban", "card")  # what tells of a person wherever it stands
