"""CSV and JSON lines: labelled rows and FAQs in, labelled rows out."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from service.cli import cli
from service.config import Config
from service.content import read_desk
from service.errors import ContentError
from service.records.content import Content, Example
from service.store import Store
from service.transfer import csv_files, jsonl
from service.transfer.formats import format_named
from service.transfer.merging import merge, taught
from service.transfer.pieces import Imported, Options

ROWS = """text;intent;sentiment;entities;split;agent
where is my parcel;track_order;Neutral;;;Bo
"has the ""Moth"" lamp; left";Track Order;;"[{""start"":9,""end"":13,""label"":""product""}]";test;
never again;;negative;;;Bo
sing me a song;out_of_scope;;;;
no label at all;;;;;
"""
FAQ = """\ufeffQuestion,Answer,Seen
How do I send something back?,"Print the label, then post it.",12
Where is the label?,"Print the label, then post it.",3
"What does delivery
cost?",It costs {price} to {postcode}.,1
Do you ship to Norway?,,
"""


def read_csv(path: Path, written: str | bytes, **columns: str) -> Imported:
    path.write_bytes(written if isinstance(written, bytes) else written.encode())
    return csv_files.read(path, Options(frozenset({"postcode"}), columns))


def labels(imported: Imported) -> list[tuple[Any, ...]]:
    return [(f.record.text, f.record.intent, f.record.sentiment) for f in imported.examples]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "rows.csv"


# --- csv -----------------------------------------------------------------------------------------


def test_labelled_rows_become_examples(path: Path) -> None:
    found = read_csv(path, ROWS)
    assert labels(found) == [
        ("where is my parcel", "track_order", "neutral"),
        ('has the "Moth" lamp; left', "track_order_2", None),
        ("never again", None, "negative"),
        ("sing me a song", "out_of_scope", None),
    ]
    second = found.examples[1].record
    assert second.entities == ({"start": 9, "end": 13, "label": "product"},)
    assert second.split == "test"
    titles = {f.record.name: f.record.title for f in found.intents}
    assert titles == {"track_order": "Track order", "track_order_2": "Track Order"}


def test_what_rows_cannot_hold_is_told_with_its_line(path: Path) -> None:
    found = read_csv(path, ROWS)
    told = {note.what: note.where for note in found.not_carried_over}
    assert told == {
        "field 'agent' (5 rows)": f"{path}:2",
        "row 'no label at all'": f"{path}:6",
    }
    assert [note.where for note in found.notes] == [f"{path}:3"]


def test_weights_come_in_and_go_out(path: Path) -> None:
    found = read_csv(path, "text,intent,weight\nhello,x,0.5\nho,x,\n")
    assert [f.record.weight for f in found.examples] == [0.5, 1.0]
    examples = tuple(f.record for f in found.examples)
    csv_files.write(Content(examples=examples), path)
    assert path.read_text().splitlines()[1:] == ["hello,x,,,,0.5", "ho,x,,,,"]
    with pytest.raises(ContentError, match="weight"):
        read_csv(path, "text,intent,weight\nhello,x,0\n")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_found(delimiter: str, path: Path) -> None:
    found = read_csv(
        path,
        f"text{delimiter}intent\r\nhello; you, there{delimiter}x\r\n".replace(
            "hello; you, there", '"hello; you, there"'
        ),
    )
    assert labels(found) == [("hello; you, there", "x", None)]


def test_columns_may_be_mapped(path: Path) -> None:
    text = "Utterance,Label,text\nhello there,greet,ignored\n"
    found = read_csv(path, text, text="utterance", intent="Label")
    assert labels(found) == [("hello there", "greet", None)]
    assert [note.what for note in found.not_carried_over] == ["field 'column text' (1 rows)"]


def test_questions_and_answers_become_templates(path: Path) -> None:
    found = read_csv(path, FAQ)
    assert labels(found) == [
        ("How do I send something back?", "how_do_i_send_something_back", None),
        ("Where is the label?", "how_do_i_send_something_back", None),
        ("What does delivery\ncost?", "what_does_delivery_cost", None),
        ("Do you ship to Norway?", "do_you_ship_to_norway", None),
    ]
    assert [(f.record.name, f.record.text, f.where) for f in found.templates] == [
        ("how_do_i_send_something_back", "Print the label, then post it.", f"{path}:2"),
        ("what_does_delivery_cost", "It costs {price} to {postcode}.", f"{path}:4"),
    ]
    assert found.intents[0].record.title == "How do I send something back?"
    told = [(note.what, note.where) for note in found.not_carried_over]
    assert told == [
        ("column 'Seen'", f"{path}:1"),
        ("answer to 'Do you ship to Norway?'", f"{path}:6"),
    ]


def test_out_of_scope_by_any_name_is_no_intent(path: Path) -> None:
    found = read_csv(path, "text,intent\nsing a song,Out of scope\n")
    assert (labels(found), found.intents) == ([("sing a song", "out_of_scope", None)], ())
    found = read_csv(path, "question,answer,intent\nWill it rain?,Who knows.,out-of-scope\n")
    assert (labels(found), found.templates) == ([("Will it rain?", "out_of_scope", None)], ())
    assert [note.what for note in found.not_carried_over] == ["answer to 'Will it rain?'"]


def test_rows_that_are_there_twice_are_told(path: Path) -> None:
    merged = merge(Content(), read_csv(path, "text,intent\na,x\nb,x\na,x\n"))
    assert [e.text for e in merged.content.examples] == ["a", "b"]
    (note,) = merged.not_carried_over
    assert (note.what, note.where) == ("1 examples that are there before", f"{path}:4")


def test_questions_may_name_their_intent(path: Path, content: Content) -> None:
    text = (
        "intent,question,answer\nreturn_policy,May I return it?,Yes.\nreturn_policy,And a mug?,No."
    )
    found = read_csv(path, text)
    assert [f.record.name for f in found.templates] == ["return_policy", "return_policy_2"]
    merged = merge(content, found).content
    assert len(merged.intents) == len(content.intents)
    assert {t.name for t in merged.templates if t.intent == "return_policy"} == {
        "return_policy",
        "return_policy_upset",
        "return_policy_2",
    }


BROKEN: dict[str, tuple[str | bytes, tuple[str, ...]]] = {
    "empty": ("", ("holds no rows",)),
    "only a header": ("text,intent\n", ("holds no rows",)),
    "no text": ("Utterance,Label\na,b\n", ("line 1", "Utterance, Label", "--map text=COLUMN")),
    "blank text": ("text,intent\na,b\n,c\n", ("line 3", "text")),
    "sentiment": ("text,sentiment\na,neutral\nb,sad\n", ("line 3", "sentiment")),
    "split": ("text,split\na,dev\n", ("line 2", "split")),
    "entities": ("text,entities\na,[x]\n", ("line 2", "entities")),
    "entity outside": (
        'text,entities\na,"[{""start"":0,""end"":5,""label"":""x""}]"\n',
        ("line 2", "within the text"),
    ),
    "overlapping entities": (
        'text,entities\nabcd,"[{""start"":0,""end"":3,""label"":""x""},'
        '{""start"":2,""end"":4,""label"":""x""}]"\n',
        ("line 2", "overlap"),
    ),
    "half a character": (
        'text,entities\na,"[{""start"":0,""end"":1,""label"":""\\ud800""}]"\n',
        ("line 2", "entities"),
    ),
    "too many values": ("text,intent\na,b\na,b,c\n", ("line 3", "2 columns")),
    "an open quote": ('text,intent\na,b\n"c,d\ne,f\n', ("line 3", "not CSV")),
    "a column twice": ("text,text\na,b\n", ("line 1", "'text'", "twice")),
    "latin-1": (b"text,intent\na,b\ncaf\xe9,x\n", ("line 3", "not UTF-8")),
    "utf-16": ("text,intent\na,b\n".encode("utf-16"), ("line 1", "not UTF-8")),
    "blank question": ("question,answer\n,b\n", ("line 2", "question")),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_csv_is_named_with_its_line(case: str, path: Path) -> None:
    text, told = BROKEN[case]
    with pytest.raises(ContentError) as caught:
        read_csv(path, text)
    for words in (str(path), *told):
        assert words in caught.value.message
    assert len(caught.value.message) < 400


@pytest.mark.parametrize(
    ("columns", "told"),
    [({"text": "Message"}, "no column 'Message'"), ({"label": "a"}, "no field 'label'")],
)
def test_a_mapping_of_what_is_not_there_is_told(
    columns: dict[str, str], told: str, path: Path
) -> None:
    with pytest.raises(ContentError, match=told):
        read_csv(path, "a,b\n1,2\n", **columns)


# --- jsonl ---------------------------------------------------------------------------------------


def test_json_lines_become_examples(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    rows = [
        {"text": "[this](stays) as it is", "intent": "a", "entities": []},
        {"text": "second\u2028line", "sentiment": "positive", "id": 4},
    ]
    path.write_text("\n\n".join(json.dumps(row, ensure_ascii=False) for row in rows))
    found = jsonl.read(path, Options())
    assert labels(found) == [
        ("[this](stays) as it is", "a", None),
        ("second\u2028line", None, "positive"),
    ]
    assert found.examples[0].record.entities == ()
    assert [(n.what, n.where) for n in found.not_carried_over] == [
        ("field 'id' (1 rows)", f"{path}:3")
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no rows"),
        ('{"text": "a"}\n["b"]\n', "line 2"),
        ('{"text": "a"}\n{"text": \n', "line 2: not JSON"),
        ('{"intent": "a"}\n', "line 1: text"),
        ('{"text": "a", "intent": 4}\n', "line 1: intent"),
        ('{"text": "a", "entities": {"start": 0}}\n', "line 1: entities"),
        ("[" * 100_000 + "\n", "line 1"),
    ],
)
def test_a_broken_line_is_named(text: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(text)
    with pytest.raises(ContentError, match=told):
        jsonl.read(path, Options())


@pytest.mark.parametrize("read", [csv_files.read, jsonl.read])
def test_a_missing_file_is_named(read: Any, tmp_path: Path) -> None:
    with pytest.raises(ContentError, match=r"none\.csv"):
        read(tmp_path / "none.csv", Options())


# --- round trip ----------------------------------------------------------------------------------

ODD = (
    Example("", '  spaces, quotes " and ; ', "greeting", "positive", None, "test"),
    Example("", "two\nlines\r\nof text", "greeting", entities=()),
    Example("", "[square](round)", "greeting", entities=({"start": 1, "end": 7, "label": "a b"},)),
    Example("", "=1+1\u2028🙂\x85", "out_of_scope", "neutral"),
    Example("", "2", None, "negative", split="valid"),
)


@pytest.mark.parametrize("name", ["csv", "jsonl"])
def test_examples_come_back_from_a_fresh_desk(name: str, content: Content, tmp_path: Path) -> None:
    written = replace(content, examples=(*content.examples, *ODD))
    form, path = format_named(name), tmp_path / f"rows.{name}"
    lost = form.write(written, path)
    fresh = merge(Content(), form.read(path, Options())).content
    assert [taught(e) for e in fresh.examples] == [taught(e) for e in written.examples]
    assert [e.entities for e in fresh.examples] == [e.entities for e in written.examples]
    used = {e.intent for e in written.examples} - {None, "out_of_scope"}
    assert {intent.name for intent in fresh.intents} == used
    told = {note.what for note in lost}
    assert {"templates (8)", "slots (2)", "articles (1)", "golden cases (2)"} <= told
    assert merge(written, form.read(path, Options())).content == written


@pytest.mark.parametrize("name", ["desk", "csv", "jsonl", "rasa"])
def test_doubtful_labels_stay_doubtful_outside(
    name: str, content: Content, store: Store, config: Config, tmp_path: Path
) -> None:
    """A label that only follows from a reply keeps its weight; a contested one stays behind."""
    store.replace_content(content)
    weak = Example("", "where did it go", "track_order", weight=0.5)
    fought = Example("", "is it lost", "track_order", "negative", source="correction")
    half, whole = ("intent",), ("intent", "sentiment")
    store.add_examples(
        [weak, replace(fought, contested=half), replace(fought, text="hm", contested=whole)]
    )
    path = tmp_path / "out"
    told = CliRunner().invoke(cli, ["--home", str(config.home), "export", name, str(path)])
    assert told.exit_code == 0, told.output
    assert "contested labels (2)" in told.output
    if name == "desk":
        found = read_desk(path)
    else:
        found = merge(Content(), format_named(name).read(path, Options())).content
    known = {e.text: e for e in found.examples}
    assert "hm" not in known
    assert known[weak.text].weight == (1 if name == "rasa" else 0.5)
    if name == "rasa":  # has no examples without an intent
        assert fought.text not in known
        return
    left = known[fought.text]
    assert (left.intent, left.sentiment) == (None, "negative")
    before = store.content().examples
    again = CliRunner().invoke(cli, ["--home", str(config.home), "import", name, str(path)])
    assert again.exit_code == 0, again.output
    assert sorted(map(taught, store.content().examples), key=repr) == sorted(
        map(taught, before), key=repr
    )


def test_a_rewritten_file_is_never_half_there(content: Content, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("old")
    jsonl.write(content, path)
    assert [p.name for p in tmp_path.iterdir()] == ["rows.jsonl"]
    assert len(path.read_text().splitlines()) == len(content.examples)
