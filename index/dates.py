"""Days that a text names, in figures, in words, or from today: "tomorrow", "3 days ago".

Used by ``index.kinds``. The value is an ISO 8601 date. What could be several days is none: 03/04
where the region does not tell, and a bare "Friday" unless the kind says where to look. Never
reads the clock.
"""

import re
from collections.abc import Iterator
from datetime import date, timedelta

from index.date_words import NOT_BEFORE, DateWords, date_words
from index.locales import Locale, Span

NUMERIC = re.compile(
    r"(?<![\w.,:/@#£$€-])(?:(?P<c>(?:19|20)\d\d)年(?P<cm>\d{1,2})月(?P<cd>\d{1,2})日|"
    r"(?:(?P<y>(?:19|20)\d\d)(?P<s>[-/.])(?P<m>\d{1,2})(?P=s)(?P<d>\d{1,2})|"
    r"(?P<one>\d{1,2})(?P<sep>[-/.])\s?(?P<two>\d{1,2})(?P=sep)\s?(?P<year>(?:19|20)\d\d|\d\d))"
    r"(?![\w@€$£%]|[.,:/-]\d))"
)
SHORT = re.compile(
    r"(?:^\s*|(?P<on>\b(?:on|by|from|until|till|through|since|am|vom|bis|zum|seit|ab|le|au|del)\s))"
    r"(?P<date>(?P<one>\d{1,2})(?:/(?P<two>\d{1,2})|\.\s?(?P<dotted>\d{1,2})\.))"
    r"(?![\w/%€$£]|[.,]\d)",
    re.IGNORECASE,
)
FAR = 20  # years ahead from which a year of two digits is one of the last century
# "order 4 may be late" is no date: a month that is a verb, too, ends its phrase.
AFTER_MAY = re.compile(r"\s*(?:$|[^\w\s]|(?:and|or|to|at|till|until|for|from|please|pls)\b)")
MAY = "may"
WORD_BEFORE = re.compile(r"(?<!\w)(\w+)\s$")
WORD_AFTER = re.compile(r"\s(\w+)")
LONGEST_WORD = 20
COUNTED = re.compile(r"(?:day|week|month|year)s?\s(?:from|after|before)\s$")  # 2 weeks from today


def find_date(text: str, locale: Locale, today: date) -> Iterator[Span]:
    """Days; one without a year is the nearest, and a weekday alone is none."""
    return _find(text, locale, today, 0)


def find_coming_date(text: str, locale: Locale, today: date) -> Iterator[Span]:
    """Days; one without a year, and a weekday alone, is the next after today."""
    return _find(text, locale, today, 1)


def find_past_date(text: str, locale: Locale, today: date) -> Iterator[Span]:
    """Days; one without a year, and a weekday alone, is the last before today."""
    return _find(text, locale, today, -1)


def _find(text: str, locale: Locale, today: date, toward: int) -> Iterator[Span]:
    if any(map(str.isdigit, text)):
        yield from _numeric(text, locale, today)
        yield from _short(text, locale, today, toward)
    words = date_words(locale.languages)
    said = set(re.findall(r"\w+", text.lower()))
    if not said.isdisjoint(words.month_cues):
        yield from _named(text, words, today, toward)
    if not said.isdisjoint(words.weekday_cues):
        yield from _weekdays(text, words, today, toward)
    if not said.isdisjoint(words.relative_cues):
        yield from _relative(text, words, today)


def _numeric(text: str, locale: Locale, today: date) -> Iterator[Span]:
    for match in NUMERIC.finditer(text):
        if match["y"]:
            day = _day(match["y"], match["m"], match["d"])
        elif match["c"]:
            day = _day(match["c"], match["cm"], match["cd"])
        elif match["sep"] == "." and len(match["year"]) == 2 and len(match["two"]) == 1:
            day = None  # 1.2.26 is a version
        else:
            year = _full_year(match["year"], today)
            day_first = True if match["sep"] == "." else locale.day_first
            day = _ordered(year, match["one"], match["two"], day_first)
        if day:
            yield Span(match.start(), match.end(), day.isoformat())


def _ordered(year: str, one: str, two: str, day_first: bool | None) -> date | None:
    """The day in the region's order, else in the only order that there is."""
    either = {True: _day(year, two, one), False: _day(year, one, two)}
    if day_first is not None and either[day_first]:
        return either[day_first]
    days = {day for day in either.values() if day}
    return days.pop() if len(days) == 1 else None


def _short(text: str, locale: Locale, today: date, toward: int) -> Iterator[Span]:
    """14/3 or 14.3. after "on" or "am", or as the whole message: else it could be a fraction."""
    for match in SHORT.finditer(text):
        if match["on"] or not text[match.end() :].strip():
            day_first = True if match["dotted"] else locale.day_first
            two = match["two"] or match["dotted"]
            order = _ordered("2024", match["one"], two, day_first)  # a leap year has every day
            day = order and _nearest(order.day, order.month, today, toward)
            if day:
                yield Span(*match.span("date"), day.isoformat())


def _named(text: str, words: DateWords, today: date, toward: int) -> Iterator[Span]:
    """3 March 2026, March 3rd, 3. März, 3 de marzo."""
    for pattern in (words.day_month, words.month_day):
        for match in pattern.finditer(text):
            figures = match.groupdict()
            year = figures["year"] or figures["y1"] or figures.get("y2")
            sure = year or match["nth"] or match["month"] != MAY or pattern is words.month_day
            if not sure and not AFTER_MAY.match(text, match.end()):
                continue
            month = words.months.get(_key(match["month"]))
            if month is None:
                continue
            if year:
                day = _day(_full_year(year, today), str(month), match["day"])
            else:
                day = _nearest(int(match["day"]), month, today, toward)
            if day:
                yield Span(match.start(), match.end(), day.isoformat())


def _weekdays(text: str, words: DateWords, today: date, toward: int) -> Iterator[Span]:
    for match in words.weekday.finditer(text):
        start, end = match.span()
        before = WORD_BEFORE.search(text, max(0, start - LONGEST_WORD), start)
        after = WORD_AFTER.match(text, end)
        sign = toward
        if before and (said := _side(before[1], words)):
            sign, start = said, before.start(1)
        elif after and (said := _side(after[1], words)):
            sign, end = said, after.end(1)
        weekday = words.weekdays.get(_key(match.group()))
        if sign and weekday is not None:
            ahead = (weekday - today.weekday()) % 7
            days = (ahead or 7) if sign > 0 else ahead - 7
            yield Span(start, end, (today + timedelta(days=days)).isoformat())


def _side(word: str, words: DateWords) -> int:
    """1 for a word such as "next", -1 for "last", else 0."""
    return (word.lower() in words.next) - (word.lower() in words.last)


def _relative(text: str, words: DateWords, today: date) -> Iterator[Span]:
    from dateutil.relativedelta import relativedelta

    for match in words.relative.finditer(text):
        if match["fixed"]:
            phrase = _key(match["fixed"])
            before = text[max(0, match.start() - LONGEST_WORD) : match.start()].lower()
            spoilers = NOT_BEFORE.get(phrase, ())
            if COUNTED.search(before) or any(w in spoilers for w in before.split()[-1:]):
                continue
            if phrase not in words.days:
                continue
            day = today + timedelta(days=words.days[phrase])
        else:
            form = match.lastindex or 0
            unit, sign = words.shifts[(form - 2) // 2]
            said = match[form + 1].lower()
            count = int(said) if said.isdecimal() else words.numbers.get(said)
            if count is None:
                continue
            day = today + relativedelta(**{f"{unit}s": sign * count})
        yield Span(match.start(), match.end(), day.isoformat())


def _key(phrase: str) -> str:
    """The phrase as the words are kept; not one of them for letters like the dotless i, which
    patterns take for an i.
    """
    return " ".join(phrase.lower().split())


def _nearest(day: int, month: int, today: date, toward: int) -> date | None:
    """The day of some year that is nearest to today, on the side where to look (0: either)."""
    years = range(today.year - 8, today.year + 9)  # from one 29 February to the next
    days = [found for year in years if (found := _day(str(year), str(month), str(day)))]
    fitting = [found for found in days if (found - today).days * toward >= 0]
    return min(fitting, key=lambda found: abs(found - today), default=None)


def _full_year(year: str, today: date) -> str:
    if len(year) == 4:
        return year
    century = today.year // 100 * 100
    full = century + int(year)
    return str(full if full <= today.year + FAR else full - 100)


def _day(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None
