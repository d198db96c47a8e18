"""The desk folder: written and read back unchanged; every mistake named with its file and place."""

import errno
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from index.locales import Locale
from service import content_export
from service.commands.home import STARTER
from service.content import annotate, annotated, check, read_desk
from service.content_export import write_desk
from service.errors import ContentError
from service.records.content import Article, Content, Example, Template
from service.records.settings import DeskSettings, Hours, Sla, Slot

# --- round trip ----------------------------------------------------------------------------------


def test_written_content_is_read_back_unchanged(tmp_path: Path, content: Content) -> None:
    write_desk(content, tmp_path)
    read = read_desk(tmp_path)
    assert read.settings == content.settings
    for field in ("intents", "templates", "examples", "articles", "golden"):
        before, after = getattr(content, field), getattr(read, field)
        assert sorted(before, key=repr) == sorted(after, key=repr), field


def test_reading_and_writing_again_changes_no_file(desk_folder: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    write_desk(read_desk(desk_folder), again)
    assert files_of(again) == files_of(desk_folder)


def files_of(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize(
    "text",
    [
        "yes",
        "null",
        "1.20",
        "2026-11-22",
        "- a dash",
        "a: colon # and hash",
        "'quoted' \"twice\"",
        "two\nlines\n\nand more",
        "  spaces around  ",
        "tab\there",
        "emoji 🙂 and é",
        "line\u2028separator",
        "next\x85line",
        "form\x0cfeed",
        "{braces} %s \\n",
        "trailing backslash \\",
        "very long " * 60,
        "[square] (round)",
    ],
)
def test_any_text_survives_the_files(text: str, tmp_path: Path, content: Content) -> None:
    examples = (Example("", text, "greeting"), Example("", text, None, "neutral"))
    settings = replace(content.settings, facts={**content.settings.facts, "braces": text})
    golden = (replace(content.golden[0], text=text),)
    written = replace(content, examples=examples, settings=settings, golden=golden)
    write_desk(written, tmp_path)
    read = read_desk(tmp_path)
    assert read.examples == examples
    assert read.settings == settings
    assert read.golden == golden


def test_article_may_hold_rules_of_dashes(tmp_path: Path, content: Content) -> None:
    article = Article("a", "Title: with colon", "One\n\n---\n\nTwo", ("greeting",), "2026-01-02")
    write_desk(replace(content, articles=(article,)), tmp_path)
    assert read_desk(tmp_path).articles == (article,)


def test_writing_removes_what_the_desk_no_longer_has(desk_folder: Path, content: Content) -> None:
    (desk_folder / "README.txt").write_text("mine")
    assert (desk_folder / "articles" / "returns.md").exists()
    write_desk(replace(content, articles=()), desk_folder)
    assert not (desk_folder / "articles" / "returns.md").exists()
    assert (desk_folder / "README.txt").read_text() == "mine"


def test_a_folder_of_something_else_is_not_written_into(tmp_path: Path, content: Content) -> None:
    (tmp_path / "articles").mkdir()
    (tmp_path / "articles" / "thesis.md").write_text("years of work")
    with pytest.raises(ContentError, match=r"no desk\.yml"):
        write_desk(content, tmp_path)
    assert files_of(tmp_path) == {"articles/thesis.md": "years of work"}


def test_an_export_that_fails_leaves_the_old_one_whole(
    desk_folder: Path, content: Content, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = files_of(desk_folder)

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(content_export, "_write_lines", fail)
    with pytest.raises(OSError, match="No space"):
        write_desk(replace(content, intents=(), articles=()), desk_folder)
    assert files_of(desk_folder) == before


def test_annotations_mark_entities() -> None:
    text, entities = annotated("does the [Moth lamp](product) suit a [cat](animal)?")
    assert text == "does the Moth lamp suit a cat?"
    assert [text[e["start"] : e["end"]] for e in entities] == ["Moth lamp", "cat"]
    assert annotate(text, entities) == "does the [Moth lamp](product) suit a [cat](animal)?"


def test_byte_order_mark_is_passed_over(desk_folder: Path) -> None:
    before = read_desk(desk_folder)
    for path in desk_folder.rglob("*.*"):
        path.write_text(path.read_text(encoding="utf-8"), encoding="utf-8-sig")
    assert read_desk(desk_folder) == before


def test_windows_line_ends_change_nothing(desk_folder: Path) -> None:
    before = read_desk(desk_folder)
    for path in desk_folder.rglob("*.*"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert read_desk(desk_folder) == before


def test_examples_may_be_numbers(desk_folder: Path) -> None:
    path = desk_folder / "intents" / "x.yml"
    path.write_text("group: x\nintents: [{name: waving, examples: [1234, 5.5, text]}]\n")
    texts = [e.text for e in read_desk(desk_folder).examples if e.intent == "waving"]
    assert texts == ["1234", "5.5", "text"]


def test_values_are_the_text_that_is_written(desk_folder: Path, content: Content) -> None:
    written = {"phone": "0301234567", "opens": "9:00", "open": "yes", "price": "1.10", "is": "="}
    write_desk(
        replace(
            content,
            intents=(),
            templates=(),
            examples=(),
            articles=(),
            golden=(),
            settings=DeskSettings(),
        ),
        desk_folder,
    )
    facts = "".join(f"  {name}: {value}\n" for name, value in written.items())
    (desk_folder / "desk.yml").write_text(f"name: 1.0\nlanguage: no\npromise: .9\nfacts:\n{facts}")
    path = desk_folder / "intents" / "x.yml"
    path.write_text("group: x\nintents:\n  - name: waving\n    examples:\n    - yes\n    - 0x10\n")
    read = read_desk(desk_folder)
    assert read.settings.facts == written
    assert (read.settings.name, read.settings.language, read.settings.promise) == ("1.0", "no", 0.9)
    assert [example.text for example in read.examples] == ["yes", "0x10"]


LINK = "is [our page](link) right?"
SPANS = ({"start": 4, "end": 12, "label": "page"},)


@pytest.mark.parametrize("intent", ["greeting", "out_of_scope", None])
@pytest.mark.parametrize(
    ("text", "entities"),
    [
        (LINK, None),
        (LINK, SPANS),
        ("is our page", SPANS[:0] or None),
        ("is our page ok", ({"start": 3, "end": 11, "label": "page"},)),
    ],
)
def test_entities_and_what_looks_like_them_survive_the_files(
    text: str, entities: Any, intent: str | None, tmp_path: Path, content: Content
) -> None:
    example = Example("", text, intent, "neutral", entities)
    write_desk(replace(content, examples=(example,)), tmp_path)
    assert read_desk(tmp_path).examples == (example,)


def test_titles_default_to_the_name(desk_folder: Path) -> None:
    path = desk_folder / "intents" / "small_talk.yml"
    path.write_text("group: small_talk\nintents:\n  - name: say_good_bye\n")
    titles = {intent.name: intent.title for intent in read_desk(desk_folder).intents}
    assert titles["say_good_bye"] == "Say good bye"


# --- mistakes ------------------------------------------------------------------------------------

GROUP = """group: {group}
intents:
  - name: waving
    examples: [hello there]
"""
FIRST = "group: small_talk\nintents:\n"

# file -> its new text, and what the error must name
BROKEN: dict[str, tuple[str, str | bytes, tuple[str, ...]]] = {
    "broken YAML": ("desk.yml", "name: [a\nlanguage: en\n", ("desk.yml, line 2",)),
    "a tab in YAML": ("desk.yml", "name: a\nfacts:\n\tx: y\n", ("desk.yml, line 3",)),
    "a control character": ("desk.yml", b"name: a\x00b\n", ("desk.yml",)),
    "empty desk.yml": ("desk.yml", "", ("desk.yml", "expected fields")),
    "a list as desk.yml": ("desk.yml", "- name\n", ("desk.yml", "list")),
    "unknown field": ("desk.yml", "name: a\ncolour: red\n", ("desk.yml", "colour")),
    "no name": ("desk.yml", "language: en\n", ("desk.yml", "name")),
    "wrong type": ("desk.yml", "name: a\nfacts: [x]\n", ("desk.yml", "facts")),
    "a fact without a text": ("desk.yml", "name: a\nfacts: {x: }\n", ("desk.yml", "facts.x")),
    "a promise in words": ("desk.yml", "name: a\npromise: yes\n", ("desk.yml", "promise")),
    "a promise beyond one": ("desk.yml", "name: a\npromise: 95\n", ("desk.yml", "promise")),
    "unknown reply": ("desk.yml", "name: a\nreplies: {hi: [x]}\n", ("desk.yml", "'hi'")),
    "a field twice": ("desk.yml", "name: a\nname: b\n", ("desk.yml, line 2", "name")),
    "invalid UTF-8": ("desk.yml", b"name: caf\xe9\n", ("desk.yml", "UTF-8", "byte 9")),
    "slot pattern": (
        "desk.yml",
        "name: a\nslots: [{name: n, title: t, ask: a, pattern: '(x'}]\n",
        ("slot 'n'", "pattern"),
    ),
    "slot format": (
        "desk.yml",
        "name: a\nslots: [{name: n, title: t, ask: a, pattern: '(x)', format: 'N-{1}'}]\n",
        ("'n'", "format"),
    ),
    "slot kind": (
        "desk.yml",
        "name: a\nslots: [{name: n, title: t, ask: a, kind: fone}]\n",
        ("slot 'n'", "no kind 'fone'", "phone"),
    ),
    "slot kind and pattern": (
        "desk.yml",
        "name: a\nslots: [{name: n, title: t, ask: a, kind: phone, pattern: x}]\n",
        ("slot 'n'", "kind", "no pattern"),
    ),
    "slot kind and format": (
        "desk.yml",
        "name: a\nslots: [{name: n, title: t, ask: a, kind: phone, format: 'N-{0}'}]\n",
        ("slot 'n'", "kind", "no format"),
    ),
    "region": ("desk.yml", "name: a\nregion: UK\n", ("desk.yml", "region 'UK'")),
    "languages": ("desk.yml", "name: a\nlanguages: [en, german]\n", ("desk.yml", "'german'")),
    "slot twice": (
        "desk.yml",
        "name: a\nslots: [{name: n, title: t, ask: a}, {name: n, title: t, ask: a}]\n",
        ("slot 'n'", "twice"),
    ),
    "slot without a question": (
        "desk.yml",
        "name: a\nslots: [{name: number, title: t}]\n",
        ("desk.yml", "slots[0].ask", "(number)"),
    ),
    "suggested intent": ("desk.yml", "name: a\nsuggested: [no_such]\n", ("suggested", "no_such")),
    "protected intent": (
        "desk.yml",
        "name: a\nprotected: {no_such: 1}\n",
        ("protected", "no_such"),
    ),
    "tolerance": ("desk.yml", "name: a\nprotected: {x: -1}\n", ("desk.yml", "protected.x")),
    "protected names": ("desk.yml", "name: a\nprotected: [[x]]\n", ("desk.yml", "protected")),
    "group without a name": ("intents/x.yml", "intents: []\n", ("x.yml", "group")),
    "intent's name": (
        "intents/x.yml",
        "group: x\nintents: [{name: Two Words}]\n",
        ("x.yml", "intents[0].name", "Two Words"),
    ),
    "intent twice": (
        "intents/x.yml",
        GROUP.format(group="x") * 1 + "  - name: waving\n",
        ("'waving'", "twice"),
    ),
    "intent in two files": (
        "intents/x.yml",
        "group: x\nintents: [{name: greeting}]\n",
        ("'greeting'", "twice"),
    ),
    "reserved intent": (
        "intents/x.yml",
        "group: x\nintents: [{name: out_of_scope}]\n",
        ("out_of_scope",),
    ),
    "unknown action": (
        "intents/x.yml",
        "group: x\nintents: [{name: waving, action: dance}]\n",
        ("x.yml", "intents[0].action", "(waving)"),
    ),
    "unknown slot": (
        "intents/x.yml",
        "group: x\nintents: [{name: waving, slots: [hand]}]\n",
        ("'waving'", "'hand'"),
    ),
    "a number of examples": (
        "intents/x.yml",
        "group: x\nintents: [{name: waving, examples: 3}]\n",
        ("x.yml", "examples", "(waving)"),
    ),
    "an empty example": (
        "intents/x.yml",
        "group: x\nintents: [{name: waving, examples: [hi, '']}]\n",
        ("x.yml", "examples[1]", "(waving)"),
    ),
    "a blank example": (
        "intents/x.yml",
        "group: x\nintents: [{name: waving, examples: [hi, ' ']}]\n",
        ("x.yml", "examples[1]", "(waving)"),
    ),
    "an example's entities": (
        "intents/x.yml",
        "group: x\nintents: [{name: w, examples: [{text: hi, entities: "
        "[{start: 1, end: 3, label: a}]}]}]\n",
        ("x.yml", "examples[0]", "within the text"),
    ),
    "a number as a text": ("sentiment.jsonl", '{"text": 1.10}\n', ("sentiment.jsonl, line 1",)),
    "an example's split": (
        "intents/x.yml",
        "group: x\nintents: [{name: waving, examples: [{text: hi, split: dev}]}]\n",
        ("x.yml", "split", "(waving)"),
    ),
    "template twice": (
        "intents/x.yml",
        "group: x\nintents: [{name: waving, templates: [{name: greeting, text: hi}]}]\n",
        ("template 'greeting'", "twice"),
    ),
    "unknown variable": (
        "intents/x.yml",
        "group: x\nintents: [{name: waving, templates: [{name: w, text: 'hi {name}'}]}]\n",
        ("template 'w'", "{name}"),
    ),
    "a template's mood": (
        "intents/x.yml",
        "group: x\nintents: [{name: waving, templates: [{name: w, text: hi, sentiment: sad}]}]\n",
        ("x.yml", "templates[0].sentiment", "(w)"),
    ),
    "broken YAML in a group": (
        "intents/x.yml",
        "group: x\nintents:\n  - name: a\n   b: c\n",
        ("x.yml, line 4",),
    ),
    "a tag": ("desk.yml", "name: a\npromise: !!int 1\n", ("desk.yml, line 2", "tag")),
    "a tag that does not fit": ("desk.yml", "name: a\nfacts: !!map x\n", ("desk.yml, line 2",)),
    "endless merges": (
        "intents/x.yml",
        "a: &a {b: 1, c: 2}\n"
        + "".join(
            f"{name}: &{name}\n  <<: [{', '.join([f'*{last}'] * 20)}]\n"
            for last, name in zip("abcdefgh", "bcdefghi", strict=True)
        ),
        ("x.yml, line", "1000000 values"),
    ),
    "endless repetition": (
        "desk.yml",
        f"name: a\nreplies:\n  welcome: &a [{'x, ' * 2000}]\n"
        + "".join(f"  r{n}: *a\n" for n in range(2000)),
        ("desk.yml, line", "1000000 values"),
    ),
    "half a character": ("desk.yml", 'name: a\nlanguage: "\\ud800"\n', ("line 2", "surrogate")),
    "overlapping entities": (
        "out_of_scope.jsonl",
        '{"text": "abc", "entities": [{"start": 0, "end": 2, "label": "x"}, '
        '{"start": 1, "end": 3, "label": "x"}]}\n',
        ("line 1", "overlap"),
    ),
    "deep YAML": ("intents/x.yml", "group: " + "[" * 5000, ("x.yml", "too deeply")),
    "an anchor that loops": ("intents/x.yml", "&a\ngroup: x\nintents: [*a]\n", ("x.yml",)),
    "no JSON": ("sentiment.jsonl", '{"text": "a"}\n\n{"text": \n', ("sentiment.jsonl, line 3",)),
    "a line that is no object": ("sentiment.jsonl", '"text"\n', ("sentiment.jsonl, line 1",)),
    "too deep": ("sentiment.jsonl", "[" * 100_000 + "\n", ("sentiment.jsonl, line 1",)),
    "unknown sentiment": (
        "sentiment.jsonl",
        '{"text": "a", "sentiment": "neutral"}\n{"text": "b", "sentiment": "sad"}\n',
        ("sentiment.jsonl, line 2", "sentiment"),
    ),
    "unknown field in a line": (
        "out_of_scope.jsonl",
        '{"text": "a", "intent": "x"}\n',
        ("out_of_scope.jsonl, line 1", "intent"),
    ),
    "text that is no text": ("out_of_scope.jsonl", '{"text": ["a"]}\n', ("line 1", "text")),
    "lone surrogate": ("out_of_scope.jsonl", '{"text": "a\\ud800"}\n', ("line 1", "surrogate")),
    "NaN": ("out_of_scope.jsonl", '{"text": NaN}\n', ("out_of_scope.jsonl, line 1",)),
    "a reply's variable": (
        "desk.yml",
        "name: a\nreplies: {handoff: ['call {phon}']}\n",
        ("reply 'handoff'", "{phon}"),
    ),
    "a question's variable": (
        "desk.yml",
        "name: a\nslots: [{name: n, title: t, ask: 'see {urll}'}]\n",
        ("slot 'n'", "{urll}"),
    ),
    "invalid UTF-8 in a line": (
        "out_of_scope.jsonl",
        b'{"text": "\xff"}\n',
        ("out_of_scope.jsonl", "UTF-8"),
    ),
    "golden action": (
        "golden/x.jsonl",
        '{"text": "a", "intent": "greeting", "action": "dance"}\n',
        ("x.jsonl, line 1", "action"),
    ),
    "golden intent": (
        "golden/x.jsonl",
        '{"text": "abc", "intent": "no_such", "action": "answer"}\n',
        ("golden case 'abc'", "no_such"),
    ),
    "article without front matter": ("articles/x.md", "Just words.\n", ("x.md", "front matter")),
    "article with open front matter": (
        "articles/x.md",
        "---\ntitle: a\n",
        ("x.md", "front matter"),
    ),
    "front matter elsewhere": ("articles/x.md", "title: a\n---\ntext\n", ("x.md", "front matter")),
    "article without a title": ("articles/x.md", "---\nintents: []\n---\na\n", ("x.md", "title")),
    "broken front matter": ("articles/x.md", "---\ntitle: a\nb: [\n---\na\n", ("x.md, line",)),
    "article of an unknown intent": (
        "articles/x.md",
        "---\ntitle: a\nintents: [no_such]\n---\na\n",
        ("article 'x'", "no_such"),
    ),
    "article's unknown field": (
        "articles/x.md",
        "---\ntitle: a\nauthor: me\n---\na\n",
        ("x.md", "author"),
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_mistake_is_named_with_its_place(case: str, desk_folder: Path) -> None:
    name, text, told = BROKEN[case]
    if name == "desk.yml":  # alone, so that nothing else refers to what is gone
        for other in [
            *desk_folder.rglob("*.yml"),
            *desk_folder.rglob("*.md"),
            *desk_folder.rglob("*.jsonl"),
        ]:
            other.unlink()
    data = text if isinstance(text, bytes) else text.encode()
    (desk_folder / name).write_bytes(data)
    with pytest.raises(ContentError) as caught:
        read_desk(desk_folder)
    for words in told:
        assert words in caught.value.message
    assert len(caught.value.message) < 600


def test_folder_without_desk_yml_is_no_desk(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "missing", Path(__file__)):
        with pytest.raises(ContentError, match=r"no desk\.yml"):
            read_desk(folder)


def test_a_folder_in_the_place_of_a_file_is_named(desk_folder: Path) -> None:
    (desk_folder / "intents" / "x.yml").mkdir()
    with pytest.raises(ContentError, match=r"x\.yml: cannot be read"):
        read_desk(desk_folder)


def test_check_finds_an_example_of_an_unknown_intent(content: Content) -> None:
    broken = replace(content, examples=(Example("", "a", "no_such"),))
    with pytest.raises(ContentError, match="no_such"):
        check(broken, "content")


def test_check_finds_what_is_there_twice_or_labelled_wrongly(content: Content) -> None:
    glad, wave = Example("exa_1", "a", None, "glad"), Template("w", "out_of_scope", "hi")
    for change, told in (
        ({"articles": content.articles * 2}, "article 'returns' is defined twice"),
        ({"examples": (Example("exa_1", "a"),) * 2}, "example 'exa_1' is defined twice"),
        ({"examples": (glad,)}, "'glad'"),
        ({"templates": (Template("w", "greeting", "hi", "glad"),)}, "'glad'"),
        ({"templates": (wave,)}, "out_of_scope"),
    ):
        with pytest.raises(ContentError, match=told):
            check(replace(content, **change), "content")


def test_check_passes_over_a_correction_whose_intent_is_gone(content: Content) -> None:
    check(replace(content, examples=(Example("", "a", "gone", source="correction"),)), "content")


def test_kinds_region_and_languages_survive_the_files(content: Content, tmp_path: Path) -> None:
    slot = Slot("mobile", "Mobile", "Which number?", "", kind="phone")
    slots = (*content.settings.slots, slot)
    settings = replace(content.settings, slots=slots, region="NO", languages=("nb", "en"))
    write_desk(replace(content, settings=settings), tmp_path)
    assert read_desk(tmp_path).settings == settings


@pytest.mark.parametrize(
    ("settings", "locale"),
    [
        (DeskSettings(), Locale("", ("en",))),
        (DeskSettings(language="de"), Locale("", ("de", "en"))),
        (DeskSettings(language="en-GB"), Locale("GB", ("en",))),
        (DeskSettings(language="pt_br"), Locale("BR", ("pt", "en"))),
        (DeskSettings(language="en-GB", region="IE"), Locale("IE", ("en",))),
        (
            DeskSettings(language="de", region="CH", languages=("de", "fr")),
            Locale("CH", ("de", "fr")),
        ),
    ],
)
def test_locale_follows_from_what_the_desk_says(settings: DeskSettings, locale: Locale) -> None:
    assert settings.locale == locale


def test_protected_intents_survive_the_files_and_may_be_a_list(
    content: Content, tmp_path: Path
) -> None:
    protected = {"greeting": 0, "track_order": 3}
    settings = replace(content.settings, protected=protected)
    write_desk(replace(content, settings=settings), tmp_path / "desk")
    assert read_desk(tmp_path / "desk").settings.protected == protected
    file = tmp_path / "desk" / "desk.yml"
    head = file.read_text().partition("protected:")[0]
    file.write_text(f"{head}protected: [greeting, out_of_scope]\n")
    assert read_desk(tmp_path / "desk").settings.protected == {"greeting": 0, "out_of_scope": 0}


def test_check_accepts_a_slot_without_a_pattern(content: Content) -> None:
    settings = replace(content.settings, slots=(*content.settings.slots, Slot("s", "S", "?", "")))
    check(replace(content, settings=settings), "content")


# --- the starter desk ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shop() -> Content:
    return read_desk(STARTER)


def spoken(text: str) -> str:
    """A text without what does not make it another one."""
    return " ".join("".join(c if c.isalnum() else " " for c in text.casefold()).split())


def test_starter_has_enough_of_everything(shop: Content) -> None:
    counts = Counter(example.intent for example in shop.examples)
    assert len(shop.intents) >= 45
    assert {i.name: counts[i.name] for i in shop.intents if counts[i.name] < 20} == {}
    moods = [e for e in shop.examples if e.intent is None]
    assert len(moods) >= 700
    assert (
        min(Counter(e.sentiment for e in moods)[m] for m in ("negative", "neutral", "positive"))
        > 100
    )
    assert counts["out_of_scope"] >= 150
    assert len(shop.articles) >= 12
    assert len(shop.golden) >= 150
    assert len({intent.group for intent in shop.intents}) >= 12


def test_starter_answers_every_intent(shop: Content) -> None:
    answered = {template.intent for template in shop.templates if template.sentiment is None}
    assert {intent.name for intent in shop.intents} == answered


def test_starter_knows_upset_customers(shop: Content) -> None:
    assert sum(template.sentiment == "negative" for template in shop.templates) >= 10


def test_starter_repeats_nothing(shop: Content) -> None:
    for field in ("examples", "golden"):
        seen = Counter(spoken(entry.text) or entry.text for entry in getattr(shop, field))
        assert [text for text, count in seen.items() if count > 1] == [], field
    titles = Counter(intent.title for intent in shop.intents)
    assert [title for title, count in titles.items() if count > 1] == []


def test_starter_keeps_golden_cases_out_of_training(shop: Content) -> None:
    trained = {spoken(example.text) for example in shop.examples}
    assert [case.text for case in shop.golden if spoken(case.text) in trained] == []


def test_starter_golden_cases_fit_their_intents(shop: Content) -> None:
    intents = {intent.name: intent for intent in shop.intents}
    for case in shop.golden:
        if case.intent == "out_of_scope":
            assert case.action in ("clarify", "handoff"), case
        elif case.action == "ask":
            assert intents[case.intent].slots, case
        elif case.action == "handoff":
            assert intents[case.intent].action == "handoff", case


def test_starter_survives_export(shop: Content, tmp_path: Path) -> None:
    write_desk(shop, tmp_path)
    read = read_desk(tmp_path)
    for field in ("intents", "templates", "examples", "articles", "golden"):
        assert sorted(getattr(read, field), key=repr) == sorted(getattr(shop, field), key=repr)
    assert read.settings == shop.settings


def test_starter_recognises_its_order_numbers(shop: Content) -> None:
    from index.recognisers import PatternRecogniser

    slot = shop.settings.slot("order_number")
    assert slot
    assert slot.pattern
    recogniser = PatternRecogniser(slot.name, slot.pattern, slot.format)
    for text in ("KM-482913", "it's km482913 thanks", "order #482913", "482913"):
        assert [e.value for e in recogniser.find(text)] == ["KM-482913"], text
    for text in ("call 01632960184", "£482913", "1482913", "AB-482913"):
        assert recogniser.find(text) == [], text


def test_starter_files_say_what_they_are() -> None:
    for path in STARTER.rglob("*.yml"):
        assert isinstance(yaml.safe_load(path.read_text(encoding="utf-8")), dict), path
    for path in STARTER.rglob("*.jsonl"):
        for line in path.read_text(encoding="utf-8").splitlines():
            assert isinstance(json.loads(line), dict), path


def test_promises_and_hours_survive_the_way_through_files(tmp_path: Path, content: Content) -> None:
    sla = Sla({"urgent": 15, "normal": 480}, {"normal": 90}, {"high": 2880})
    hours = Hours("Europe/Berlin", {"monday": ("09:00-12:30", "13:30-17:00")}, ("2026-12-25",))
    told = replace(content.settings, sla=sla, hours=hours, contact_form="closed")
    promised = replace(content, settings=told)
    write_desk(promised, tmp_path / "desk")
    assert read_desk(tmp_path / "desk").settings == promised.settings
    written = (tmp_path / "desk" / "desk.yml").read_text()
    assert "urgent: 15m" in written
    older = written.replace("contact_form: closed\n", "")
    assert older != written
    (tmp_path / "desk" / "desk.yml").write_text(older)  # of before there was such a form
    assert read_desk(tmp_path / "desk", "never").settings.contact_form == "never"
    (tmp_path / "desk" / "desk.yml").write_text(written.replace("13:30", "11:30"))
    with pytest.raises(ContentError, match="overlap"):
        read_desk(tmp_path / "desk")
