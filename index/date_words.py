"""The words for dates in a language: months, weekdays, "tomorrow", "3 days ago", "last".

Used by ``index.dates``. They are read from the language data of dateparser, which follow Unicode
CLDR, once a process. dateparser's own search is not used: it takes "we", "may", "sun" and bare
numbers for dates (docs/decisions.md).
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
UNITS = ("day", "week", "month", "year")
SHORTEST_WORD = 3  # "3 d ago" and "in 2 m" could be anything
NUMBER = "\0"  # stands for the number in a form
NOT_MEANT = ("till date",)
# What CLDR lacks beside "last" and "next", in the languages where it is common.
MORE_LAST = {"de": ("vergangenen", "vorigen"), "en": ("past", "previous")}
MORE_NEXT = {"de": ("kommenden",), "en": ("coming",)}
# Before these words it is a morning, not tomorrow: "guten Morgen", "por la mañana".
NOT_BEFORE = {
    "morgen": ("guten", "am", "heute", "gestern", "diesen", "jeden", "den", "goede"),
    "mañana": ("la", "esta", "cada", "buena"),
    "manana": ("la", "esta", "cada", "buena"),
}


class DateWords:
    """What the words of some languages mean, all in lower case, and patterns of phrases with them.

    An earlier language wins where two have one word. A language that dateparser does not know adds
    none, nor does one that is written without spaces. ``shifts`` has the unit and the sign of each
    form in ``relative``, whose two groups are the whole form and its number. A pattern need only
    run on texts that have one of its cues.
    """

    def __init__(self, languages: Iterable[str]) -> None:
        from dateparser.data.languages_info import language_order
        from dateparser.languages.loader import default_loader

        self.months: dict[str, int] = {}  # 1 to 12
        self.weekdays: dict[str, int] = {}  # 0 (Monday) to 6, full names only
        self.days: dict[str, int] = {}  # "tomorrow" -> 1
        self.numbers: dict[str, int] = {}
        self.last: set[str] = set()
        self.next: set[str] = set()
        self._short: set[str] = set()
        self._forms: dict[str, tuple[str, int]] = {}
        for language in languages:
            if language in language_order:
                info = default_loader.get_locale(language).info
                if "no_word_spacing" not in info:
                    self._learn(language, info)
        self.shifts = tuple(self._forms.values())
        self.month_cues = _cues(self.months)
        self.weekday_cues = _cues(self.weekdays)
        phrases = (form.replace(r"\s", " ").replace(NUMBER, "") for form in self._forms)
        self.relative_cues = _cues({*self.days, *phrases})
        self._compile()

    def _learn(self, language: str, info: Mapping[str, Any]) -> None:
        for number, name in enumerate(MONTHS, start=1):
            full = max(info[name], key=len)
            words = [w for w in info[name] if w == full or len(w) >= SHORTEST_WORD]
            _add(self.months, ((w, number) for w in words if not re.search(r"\d", w)))
        for number, name in enumerate(WEEKDAYS):
            full = max(info[name], key=len)  # "segunda" and "so" mean other things alone
            _add(self.weekdays, [(full, number)])
            self._short |= {word.lower() for word in info[name]}
        relative = info.get("relative-type", {})
        _add(self.days, _fixed_days(relative))
        _add(self.numbers, _numbers(info.get("simplifications", ())))
        before = _tokens(relative, "1 {} ago")
        after = _tokens(relative, "in 1 {}")
        self.last |= (before - after) | set(MORE_LAST.get(language, ()))
        self.next |= (after | _tokens(relative, "0 {} ago")) - before
        self.next |= set(MORE_NEXT.get(language, ()))
        for form, meaning in _shifts(info.get("relative-type-regex", {})):
            self._forms.setdefault(form, meaning)

    def _compile(self) -> None:
        month, weekday = _either(self.months), _either(self.weekdays)
        named = rf"(?:(?:{_either({*self.weekdays, *self._short})})\.?,?\s(?:the |den |le |el )?)?"
        day = r"(?P<day>\d{1,2})"
        year = r",?\s(?:de |del |of )?(?P<year>(?:19|20)\d\d)|[-/ ]?['’](?P<y1>\d\d)"
        count = rf"(\d{{1,3}}|{_either(self.numbers)})"
        forms = "|".join(f"({form.replace(NUMBER, count)})" for form in self._forms) or r"(?!)"
        edge, end = r"(?<![\w.,:/@#-])", r"(?![\w@]|[.,:/-]\d)"
        self.day_month = re.compile(
            rf"{edge}{named}{day}(?P<nth>st|nd|rd|th|er|\.|º|ª)?"
            rf"(?:[ -]|\s?(?:of|de|d['’])\s?|(?<=\.))(?P<month>{month})"
            rf"(?:\.?(?:{year})|-(?P<y2>\d\d|\d{{4}}))?{end}",
            re.IGNORECASE,
        )
        self.month_day = re.compile(
            rf"{edge}{named}(?P<month>{month})\.?\s(?:the )?{day}(?P<nth>st|nd|rd|th)?(?:{year})?"
            rf"(?![\w@]|[.,:/]\d|-\d{{3}})",  # March 2-9 is from March 2
            re.IGNORECASE,
        )
        self.weekday = re.compile(rf"{edge}(?:{weekday}){end}", re.IGNORECASE)
        self.relative = re.compile(
            rf"{edge}(?:(?P<fixed>{_either(self.days)})|{forms}){end}", re.IGNORECASE
        )


@cache
def date_words(languages: tuple[str, ...]) -> DateWords:
    """The words of these languages, read once."""
    return DateWords(languages)


def plain(word: str) -> str:
    """The word without accents: people type "manana" and "marz"."""
    letters = unicodedata.normalize("NFKD", word)
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def _add(words: dict[str, int], pairs: Iterable[tuple[str, int]]) -> None:
    for word, meaning in pairs:
        for form in (word.lower(), plain(word.lower())):
            words.setdefault(form, meaning)


def _either(words: Iterable[str]) -> str:
    """A pattern for one of the words, the longest first; one that fits nothing for none."""
    ranked = sorted(set(words), key=lambda word: (-len(word), word))
    return "|".join(re.escape(word).replace(r"\ ", r"\s") for word in ranked) or r"(?!)"


def _cues(phrases: Iterable[str]) -> frozenset[str]:
    """The longest word of each phrase."""
    return frozenset(max(re.findall(r"\w+", phrase), key=len) for phrase in phrases)


def _fixed_days(relative: Mapping[str, list[str]]) -> list[tuple[str, int]]:
    """Words such as "yesterday" with their distance in days."""
    found = []
    for meaning, words in relative.items():
        match = re.fullmatch(r"(in )?(\d+) day( ago)?", meaning)
        if match:
            days = int(match[2]) * (1 if match[1] else -1)
            found += [(word, days) for word in words if word not in NOT_MEANT]
    return found


def _numbers(simplifications: Iterable[Mapping[str, str]]) -> list[tuple[str, int]]:
    pairs = [pair for entry in simplifications for pair in entry.items()]
    return [(w, int(n)) for w, n in pairs if w.replace("'", "").isalpha() and str(n).isdigit()]


def _tokens(relative: Mapping[str, list[str]], meaning: str) -> set[str]:
    phrases = [p for unit in UNITS[1:] for p in relative.get(meaning.format(unit), ())]
    words = {token for phrase in phrases for token in re.findall(r"\w+", phrase.lower())}
    return {word for word in words if len(word) > SHORTEST_WORD}  # Swedish "i", Turkish "bu"


def _shifts(patterns: Mapping[str, Any]) -> list[tuple[str, tuple[str, int]]]:
    """Patterns such as ``in\\sNUMBER\\sdays``, each with its unit and sign."""
    found = []
    for meaning, forms in patterns.items():
        match = re.fullmatch(r"(in )?\\1 (\w+)( ago)?", meaning)
        if not match or match[2] not in UNITS:
            continue
        for form in forms:
            before, number, after = re.sub(r"\(\\d.*?\)", NUMBER, form).partition(NUMBER)
            unit = after.split()[0] if after.split() else ""
            literal = not re.search(r"[\\?*+\[(|]", before + after)
            if number and literal and len(unit) >= SHORTEST_WORD and after.startswith(" "):
                pattern = NUMBER.join(re.escape(p).replace(r"\ ", r"\s") for p in (before, after))
                found.append((pattern, (match[2], 1 if match[1] else -1)))
    return found
