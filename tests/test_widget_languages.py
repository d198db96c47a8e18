"""The widget's languages: whole, with the same marks and their own plurals, and chosen well."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

WIDGET = Path(__file__).parent.parent / "service" / "web" / "static" / "widget"
LANGUAGES = ("ar", "de", "en", "es", "fr", "zh")
PLURAL = re.compile(r"_(zero|one|two|few|many|other)$")
MARK = re.compile(r"\{\w+\}")


def node(code: str) -> Any:
    """What a module that runs beside the widget's prints as JSON."""
    done = subprocess.run(
        ["node", "--no-warnings", "--input-type=module", "-e", code],
        cwd=WIDGET,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def tables() -> dict[str, dict[str, str]]:
    loaded: dict[str, dict[str, str]] = node(f"""
    const tables = {{}};
    for (const name of {json.dumps(LANGUAGES)})
      tables[name] = (await import(`./strings/${{name}}.js`)).default;
    console.log(JSON.stringify(tables));""")
    return loaded


def test_every_file_is_a_language_that_is_offered() -> None:
    offered = node("console.log(JSON.stringify((await import('./strings.js')).LANGUAGES))")
    assert tuple(offered) == LANGUAGES == tuple(sorted(f.stem for f in WIDGET.glob("strings/*.js")))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_has_every_word_and_every_mark(
    language: str, tables: dict[str, dict[str, str]]
) -> None:
    english, own = tables["en"], tables[language]
    assert {PLURAL.sub("", key) for key in own} == {PLURAL.sub("", key) for key in english}
    for key, text in own.items():
        assert text.strip(), key
        plural = PLURAL.search(key)
        like = english[PLURAL.sub("_other", key)]
        marks, wanted = sorted(MARK.findall(text)), sorted(MARK.findall(like))
        # One and two may be words of their own, without a number.
        spelt_out = plural is not None and plural[1] in ("zero", "one", "two") and marks == []
        assert marks == wanted or spelt_out, key


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_has_the_plural_forms_that_it_needs(
    language: str, tables: dict[str, dict[str, str]]
) -> None:
    code = f"new Intl.PluralRules('{language}').resolvedOptions().pluralCategories"
    needed = sorted(node(f"console.log(JSON.stringify({code}))"))
    assert len(needed) == {"ar": 6, "zh": 1, "es": 3, "fr": 3}.get(language, 2)
    counted = {PLURAL.sub("", key) for key in tables["en"] if PLURAL.search(key)}
    assert counted == {"unread", "left", "over"}
    for name in counted:
        forms = [
            m[1]
            for key in tables[language]
            if (m := PLURAL.search(key)) and m.start() == len(name) and key.startswith(name)
        ]
        assert sorted(forms) == needed


def test_words_that_are_the_same_in_two_languages_are_no_oversight(
    tables: dict[str, dict[str, str]],
) -> None:
    """What somebody forgot to translate would be as in English."""
    for language in set(LANGUAGES) - {"en"}:
        same = {key for key, text in tables[language].items() if text == tables["en"].get(key)}
        assert same <= {"said", "log_label"}, language  # "Messages" is French, too


@pytest.mark.parametrize(
    ("wanted", "locale", "hello", "direction"),
    [
        (["de"], "de", "Guten Tag! Wie können wir helfen?", "ltr"),
        (["de-AT"], "de-AT", "Guten Tag! Wie können wir helfen?", "ltr"),
        (
            ["pt_BR", "fr_CA"],
            "fr-CA",
            "Bonjour\u00a0! Que pouvons-nous faire pour vous\u00a0?",
            "ltr",
        ),
        ([None, "", "ar-EG", "en"], "ar-EG", "مرحبًا! كيف نساعدك؟", "rtl"),
        (["zh-Hant-TW"], "zh-Hant-TW", "您好！请问有什么可以帮您？", "ltr"),
        (["xx", "tlh"], "en", "Hello! How can we help?", "ltr"),
        (["../../secret", "__proto__", "constructor"], "en", "Hello! How can we help?", "ltr"),
        (["de-!!"], "de", "Guten Tag! Wie können wir helfen?", "ltr"),
    ],
)
def test_the_first_language_that_there_is_counts(
    wanted: list[str | None], locale: str, hello: str, direction: str
) -> None:
    chosen = node(f"""const {{ stringsFor }} = await import('./strings.js');
    const {{ strings, locale, dir }} = await stringsFor({json.dumps(wanted)});
    console.log(JSON.stringify([locale, strings.welcome, dir]));""")
    assert chosen == [locale, hello, direction]


@pytest.mark.parametrize(
    ("count", "told"),
    [(0, "لا رسائل جديدة"), (1, "رسالة جديدة واحدة"), (2, "رسالتان جديدتان"), (3, "3 رسائل جديدة"),
     (11, "11 رسالة جديدة"), (100, "100 رسالة جديدة")],
)  # fmt: skip
def test_arabic_counts_in_six_forms(count: int, told: str) -> None:
    said = node(f"""const {{ stringsFor, plural }} = await import('./strings.js');
    const {{ strings }} = await stringsFor(['ar']);
    console.log(JSON.stringify(plural(strings, 'ar-u-nu-latn', 'unread', {count})));""")
    assert said == told


# --- while one waits -----------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_said_while_one_waits_is_there_in_every_language(language: str) -> None:
    english, own = (
        node(
            f"console.log(JSON.stringify((await import('./waiting/{name}.js')).default))",
        )
        for name in ("en", language)
    )
    assert own.keys() == english.keys()
    for key, text in own.items():
        assert text.strip(), key
        assert sorted(MARK.findall(text)) == sorted(MARK.findall(english[key])), key
        assert language == "en" or text != english[key], key


@pytest.mark.parametrize(
    ("locale", "changes", "said"),
    [
        ("en", {"within": 10}, "A colleague usually replies within 10 minutes."),
        ("en", {"within": 60}, "A colleague usually replies within 1 hour."),
        ("en", {}, "A colleague will reply here."),
        ("en", {"within": 10, "late": True},
            "This takes longer than usual. You are not forgotten."),
        ("en", {"place": 1}, "A colleague will reply here. You are next."),
        ("en", {"place": 4, "contact": "phone"},
            "Thank you. We call you back. A colleague will reply here."
            " You are number 4 in the queue."),
        ("de-AT", {"within": 120}, "Meist antwortet jemand innerhalb von 2 Stunden."),
        ("zh", {"within": 5}, "客服通常会在5分钟内回复。"),
        ("ar", {"within": 10}, "يرد أحد الزملاء عادةً خلال 10 دقائق."),
        ("xx", {"state": "away"}, "Nobody is here just now. We reply as soon as somebody is back."),
    ],
)  # fmt: skip
def test_what_to_expect_in_words(locale: str, changes: dict[str, Any], said: str) -> None:
    expected = {"state": "open", "place": None, "within": None, "late": False, "contact": None}
    told = node(f"""const {{ hopes, wordsFor }} = await import('./waiting.js');
    const words = await wordsFor({json.dumps(locale)});
    const expected = {json.dumps(expected | changes)};
    console.log(JSON.stringify(hopes(expected, words, {json.dumps(locale)}, new Date())));""")
    assert told == said
