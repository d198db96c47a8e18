"""Where a desk's customers are: what a number without a country code, or 03/04, means there.

Used by the built-in kinds of facts. Plain records; nothing is guessed when nothing is said.
"""

from dataclasses import dataclass
from typing import NamedTuple

# The month comes first in numeric dates; in Canada either may (Unicode CLDR).
MONTH_FIRST = ("US", "AS", "FM", "GU", "MH", "MP", "PH", "PR", "PW", "UM", "VI")
EITHER_FIRST = ("", "CA")


class Span(NamedTuple):
    """A fact in a text: characters ``start`` to ``end`` (exclusive), and its normal form."""

    start: int
    end: int
    value: str


@dataclass(frozen=True, slots=True)
class Locale:
    """A country (ISO 3166, upper case; "" for none) and the languages (ISO 639) of customers."""

    region: str = ""
    languages: tuple[str, ...] = ("en",)

    @property
    def day_first(self) -> bool | None:
        """Whether 03/04 is a day in April; None where it may be either."""
        return None if self.region in EITHER_FIRST else self.region not in MONTH_FIRST


def check_locale(region: str, languages: tuple[str, ...]) -> None:
    """Raise ``ValueError`` for a region or a language that the libraries do not know."""
    if region:
        from phonenumbers import SUPPORTED_REGIONS

        if region not in SUPPORTED_REGIONS:
            raise ValueError(f"region {region!r} is no country code such as US, GB or DE")
    if languages:
        from dateparser.data.languages_info import language_order

        for language in languages:
            if language not in language_order:
                raise ValueError(f"language {language!r} is no language code such as en or de")
