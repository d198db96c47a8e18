"""E-mail, phone, IBAN and card: what is found in messages as people write them, and what is not."""

from datetime import date

import pytest

from index.kinds import KINDS
from index.locales import Locale

TODAY = date(2026, 11, 25)
ALL = ("en", "de", "fr", "es", "it", "nl")


def found(kind: str, text: str, region: str = "GB", languages: tuple[str, ...] = ALL) -> list[str]:
    """Each span as it stands, an arrow, and its value."""
    spans = KINDS[kind](text, Locale(region, languages), TODAY)
    return [f"{text[s.start : s.end]} -> {s.value}" for s in spans]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("write to jo.smith@example.com please", "jo.smith@example.com -> jo.smith@example.com"),
        (
            "Jo.Smith+shop@Example.CO.UK.",
            "Jo.Smith+shop@Example.CO.UK -> Jo.Smith+shop@example.co.uk",
        ),
        ("(anna_b@mail.example)", "anna_b@mail.example -> anna_b@mail.example"),
        ("email:k-9@example.org,thanks", "k-9@example.org -> k-9@example.org"),
        ("<mailto:ops@sub.example.io>", "ops@sub.example.io -> ops@sub.example.io"),
        ("'o'neil@example.ie'", "o'neil@example.ie -> o'neil@example.ie"),
        ("meine Mail ist jörg@müller.example", "jörg@müller.example -> jörg@müller.example"),
        ("1234@qq.example!", "1234@qq.example -> 1234@qq.example"),
        ("it's a@b.example?", "a@b.example -> a@b.example"),
        ("ana@correo.example;", "ana@correo.example -> ana@correo.example"),
        ("x=y@example.net", "x=y@example.net -> x=y@example.net"),
        ("→ lea@exemple.example ←", "lea@exemple.example -> lea@exemple.example"),
        ("mail\nzoe@example.com\nthx", "zoe@example.com -> zoe@example.com"),
        ("ME@EXAMPLE.COM", "ME@EXAMPLE.COM -> ME@example.com"),
        (
            "my e-mail is first.last@my-shop.example",
            "first.last@my-shop.example -> first.last@my-shop.example",
        ),
    ],
)
def test_email_is_found(text: str, expected: str) -> None:
    assert found("email", text) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "no address here",
        "follow @kestrel",
        "me@localhost",
        "3 pairs @ 20.00 each",
        "a@b",
        "price@4.99",
        "jo at example dot com",
        "jo@",
        "@example.com",
        "jo@@example.com",
        "jo @example.com",
        "jo..s@example.com",
        "jo.@example.com",
        "jo@example.c",
        "jo@.com",
        "size m@l",
    ],
)
def test_email_is_not_found(text: str) -> None:
    assert found("email", text) == []


@pytest.mark.parametrize(
    ("region", "text", "expected"),
    [
        ("GB", "ring me on 020 7946 0018 please", "020 7946 0018 -> +442079460018"),
        ("GB", "(020) 7946 0018", "(020) 7946 0018 -> +442079460018"),
        ("GB", "my mobile is 07911123456", "07911123456 -> +447911123456"),
        ("GB", "I am on 07911 123456", "07911 123456 -> +447911123456"),
        ("GB", "07911123456", "07911123456 -> +447911123456"),
        ("GB", "+49 30 901820", "+49 30 901820 -> +4930901820"),
        ("", "call +1 (415) 555-2671.", "+1 (415) 555-2671 -> +14155552671"),
        ("", "tel +33 1 42 68 53 00", "+33 1 42 68 53 00 -> +33142685300"),
        ("US", "call me at 415-555-2671", "415-555-2671 -> +14155552671"),
        ("US", "it's (415) 555-2671", "(415) 555-2671 -> +14155552671"),
        ("US", "my phone number is 4155552671", "4155552671 -> +14155552671"),
        ("US", "4155552671", "4155552671 -> +14155552671"),
        ("US", "415.555.2671 after 5", "415.555.2671 -> +14155552671"),
        ("DE", "Sie erreichen mich unter 030/901820", "030/901820 -> +4930901820"),
        ("DE", "Handy 0151 23456789", "0151 23456789 -> +4915123456789"),
        ("DE", "0049 30 901820", "0049 30 901820 -> +4930901820"),
        ("FR", "appelez le 01 42 68 53 00", "01 42 68 53 00 -> +33142685300"),
        ("FR", "06.12.34.56.78", "06.12.34.56.78 -> +33612345678"),
        ("ES", "llámame al 612 34 56 78", "612 34 56 78 -> +34612345678"),
        ("IT", "chiamami: 06 6982 1234", "06 6982 1234 -> +390669821234"),
        ("US", "order 113542617735902, call +44 7911 123456", "+44 7911 123456 -> +447911123456"),
        ("US", "re order 4155552671, phone 415-555-2672", "415-555-2672 -> +14155552672"),
    ],
)
def test_phone_is_found(region: str, text: str, expected: str) -> None:
    assert found("phone", text, region) == [expected]


@pytest.mark.parametrize(
    ("region", "text"),
    [
        ("US", "order 4155552671 is late"),
        ("US", "my order number is 4155552671"),
        ("US", "#4155552671"),
        ("US", "cancel purchase 4155552671"),
        ("US", "it says 4155552671 there"),
        ("DE", "it says 0301234567 there"),
        ("GB", "order 07911123456"),
        ("GB", "where is KM-482913"),
        ("GB", "invoice no 020 7946 0018"),
        ("GB", "tracking number 00004587345"),
        ("DE", "Bestellung 0151 23456789"),
        ("DE", "Rechnung Nr. 030901820"),
        ("", "call 020 7946 0018"),
        ("US", "2026-03-04 12:30:00"),
        ("GB", "on 20.03.2026 or 21.03.2026"),
        ("US", "4111 1111 1111 1111"),
        ("GB", "£1,299.99"),
        ("US", "it costs 415 555"),
        ("GB", "+44 1"),
        ("US", "call 911"),
        ("GB", "12345678"),
        ("DE", "DE89 3704 0044 0532 0130 00"),
    ],
)
def test_phone_is_not_found(region: str, text: str) -> None:
    assert found("phone", text, region) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("DE89370400440532013000", "DE89370400440532013000 -> DE89370400440532013000"),
        (
            "my IBAN is DE89 3704 0044 0532 0130 00 please",
            "DE89 3704 0044 0532 0130 00 -> DE89370400440532013000",
        ),
        (
            "de89 3704 0044 0532 0130 00 thanks",
            "de89 3704 0044 0532 0130 00 -> DE89370400440532013000",
        ),
        ("GB29 NWBK 6016 1331 9268 19", "GB29 NWBK 6016 1331 9268 19 -> GB29NWBK60161331926819"),
        ("gb29nwbk60161331926819.", "gb29nwbk60161331926819 -> GB29NWBK60161331926819"),
        (
            "FR14 2004 1010 0505 0001 3M02 606",
            "FR14 2004 1010 0505 0001 3M02 606 -> FR1420041010050500013M02606",
        ),
        (
            "IBAN: ES91 2100 0418 4502 0005 1332",
            "ES91 2100 0418 4502 0005 1332 -> ES9121000418450200051332",
        ),
        (
            "IT60X0542811101000000123456 è il mio",
            "IT60X0542811101000000123456 -> IT60X0542811101000000123456",
        ),
        ("NL91 ABNA 0417 1643 00", "NL91 ABNA 0417 1643 00 -> NL91ABNA0417164300"),
        ("AT61-1904-3002-3457-3201", "AT61-1904-3002-3457-3201 -> AT611904300234573201"),
        (
            "CH93 0076 2011 6238 5295 7 and so on",
            "CH93 0076 2011 6238 5295 7 -> CH9300762011623852957",
        ),
        ("BE68 5390 0754 7034", "BE68 5390 0754 7034 -> BE68539007547034"),
        (
            "(SE45 5000 0000 0583 9825 7466)",
            "SE45 5000 0000 0583 9825 7466 -> SE4550000000058398257466",
        ),
        (
            "PL61 1090 1014 0000 0712 1981 2874",
            "PL61 1090 1014 0000 0712 1981 2874 -> PL61109010140000071219812874",
        ),
        ("NO93 8601 1117 947", "NO93 8601 1117 947 -> NO9386011117947"),
        (
            "DE89\u00a03704\u00a00044\u00a00532\u00a00130\u00a000",
            "DE89\u00a03704\u00a00044\u00a00532\u00a00130\u00a000 -> DE89370400440532013000",
        ),
    ],
)
def test_iban_is_found(text: str, expected: str) -> None:
    assert found("iban", text) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "DE89 3704 0044 0532 0130 01",
        "DE89 3704",
        "XX89 3704 0044 0532 0130 00",
        "order KM-482913",
        "flight dl123 out of new york tomorrow morning",
        "AB12 CDEF GHIJ KLMN OPQR",
        "VAT DE136695976",
        "tracking RR123456789DE",
        "my postcode is SW1A 1AA",
        "DE89370400440532013000123",
        "model GT36 2024 edition red large",
        "1DE89370400440532013000",
        "GB29NWBK6016133192681",
        "serial us11 2233 4455 6677 8899",
        "purchase113542617735902",
    ],
)
def test_iban_is_not_found(text: str) -> None:
    assert found("iban", text) == []


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("4111 1111 1111 1111", "4111111111111111"),
        ("4111-1111-1111-1111", "4111111111111111"),
        ("my card 4111111111111111 was refused", "4111111111111111"),
        ("5555555555554444.", "5555555555554444"),
        ("(2223 0031 2200 3222)", "2223003122003222"),
        ("amex 3782 822463 10005", "378282246310005"),
        ("371449635398431", "371449635398431"),
        ("6011 1111 1111 1117 exp 12/27", "6011111111111117"),
        ("3056 9309 0259 04", "30569309025904"),
        ("3530111333300000", "3530111333300000"),
        ("6304000000000000", "6304000000000000"),
        ("karte: 4012888888881881,", "4012888888881881"),
        ("5105 1051 0510 5100", "5105105105105100"),
        ("4111\u00a01111\u00a01111\u00a01111", "4111111111111111"),
        ("38520000023237", "38520000023237"),
        ("6759 6498 2643 8453", "6759649826438453"),
    ],
)
def test_card_is_found(text: str, number: str) -> None:
    (span,) = KINDS["card"](text, Locale(), TODAY)
    assert span.value == number
    assert "".join(filter(str.isdigit, text[span.start : span.end])) == number


@pytest.mark.parametrize(
    "text",
    [
        "4111 1111 1111 1112",
        "order 113542617735902",
        "732201349959",
        "1234 5678 9012 3456",
        "4006381333931",
        "9111 1111 1111 1111",
        "AB4111111111111111",
        "4111 1111 1111",
        "353011133330000",
        "0000 0000 0000 0000",
        "+49 30 901820 and +44 20 7946 0018",
        "2026-03-04 12:30:00 2026",
        "1.4111111111111111",
        "41111111111111114111111111111111",
        "4111111111111111-7",
        "IMEI 490154203237518",
    ],
)
def test_card_is_not_found(text: str) -> None:
    assert found("card", text) == []
