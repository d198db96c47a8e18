"""Labelled rows are read from JSONL and CSV, and every bad one is named by file, line and field."""

from dataclasses import replace
from pathlib import Path

import pytest

from finetune.rows import Row, Span, digest, from_content, from_examples, make_row, read_rows
from service.errors import ContentError
from service.records.content import Content, Example, Intent, Template


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_jsonl_row_with_every_field(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "rows.jsonl",
        '{"text": "my boots", "intent": "a", "sentiment": "neutral", "split": "test", '
        '"entities": [{"start": 3, "end": 8, "label": "product"}]}\n\n{"text": "hi"}\n',
    )
    first, second = read_rows([path])
    assert first == Row("my boots", "a", "neutral", (Span(3, 8, "product"),), "test", f"{path}:1")
    assert second == Row("hi", place=f"{path}:3")


def test_csv_with_quotes_and_entities(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "rows.csv",
        "\ufefftext,intent,entities\r\n"
        '"hi, ""you""\nthere",greeting,\r\n'
        'my boots,,"[{""start"": 3, ""end"": 8, ""label"": ""product""}]"\r\n',
    )
    first, second = read_rows([path])
    assert first.text == 'hi, "you"\nthere'
    assert (first.intent, first.entities) == ("greeting", None)
    assert (second.intent, second.entities) == (None, (Span(3, 8, "product"),))
    assert second.place == f"{path}:4"


BAD = {
    "not JSON": ('{"text": ', "not valid JSON"),
    "deep JSON": ("[" * 100_000, "not valid JSON"),
    "no object": ('["hi"]', "JSON object"),
    "no text": ('{"intent": "a"}', "'text' is missing"),
    "text no string": ('{"text": 3}', "'text' must be a string"),
    "text null": ('{"text": null}', "'text' must be a string"),
    "unknown field": ('{"text": "a", "labl": 1}', "unknown field 'labl'"),
    "intent no string": ('{"text": "a", "intent": 1}', "'intent' must be"),
    "empty intent": ('{"text": "a", "intent": " "}', "'intent' must be"),
    "unknown sentiment": ('{"text": "a", "sentiment": "angry"}', "'sentiment' must be one of"),
    "unknown split": ('{"text": "a", "split": "dev"}', "'split' must be one of"),
    "entities no list": ('{"text": "a", "entities": {}}', "'entities' must be a list"),
    "entity no object": ('{"text": "a", "entities": [1]}', r"'entities\[0\]' must be an object"),
    "no start": ('{"text": "a", "entities": [{"end": 1, "label": "x"}]}', "'start' must be"),
    "start true": (
        '{"text": "a", "entities": [{"start": true, "end": 1, "label": "x"}]}',
        "'start' must be",
    ),
    "no label": ('{"text": "a", "entities": [{"start": 0, "end": 1}]}', "'label' must be"),
    "span outside": (
        '{"text": "a", "entities": [{"start": 0, "end": 2, "label": "x"}]}',
        "0-2 is not within the text of 1",
    ),
    "span empty": ('{"text": "a", "entities": [{"start": 0, "end": 0, "label": "x"}]}', "0-0"),
    "weight no number": ('{"text": "a", "weight": "1"}', "'weight' must be a number"),
    "weight true": ('{"text": "a", "weight": true}', "'weight' must be a number"),
    "weight 0": ('{"text": "a", "weight": 0}', "above 0 and at most 10"),
    "weight NaN": ('{"text": "a", "weight": NaN}', "above 0 and at most 10"),
    "too heavy": ('{"text": "a", "weight": 11}', "above 0 and at most 10"),
    "overlap": (
        '{"text": "abc", "entities": [{"start": 0, "end": 2, "label": "x"}, '
        '{"start": 1, "end": 3, "label": "x"}]}',
        "overlap: 0-2 and 1-3",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_jsonl_row_names_file_line_and_field(tmp_path: Path, name: str) -> None:
    line, message = BAD[name]
    path = write(tmp_path, "rows.jsonl", '{"text": "good"}\n' + line + "\n")
    with pytest.raises(ContentError, match=message) as caught:
        read_rows([path])
    assert caught.value.message.startswith(f"{path}:2: ")


@pytest.mark.parametrize(
    ("content", "place", "message"),
    [
        ("intent\na\n", ":1: ", "column 'text' is missing"),
        ("text,labl\nhi,a\n", ":2: ", "unknown field 'labl'"),
        ("text,intent\nhi,a,b\n", ":2: ", "more values"),
        ("text,entities\nhi,[\n", ":2: ", "'entities' is not valid JSON"),
        ("text,weight\nhi,much\n", ":2: ", "'weight' must be a number"),
        ("text,sentiment\nhi,so-so\n", ":2: ", "'sentiment' must be one of"),
        ('text\n"hi', ":2: ", "not valid CSV"),
        (b"text\nhi\n\xff\n", ":3: ", "not valid UTF-8"),
        ("text,intent,text\na,b,c\n", ":1: ", "'text' is there twice"),
        ("text\n", " ", "holds no rows"),
        ("", " ", "holds no rows"),
    ],
)
def test_bad_csv_names_file_and_line(
    tmp_path: Path, content: str | bytes, place: str, message: str
) -> None:
    path = write(tmp_path, "rows.csv", content)
    with pytest.raises(ContentError, match=message) as caught:
        read_rows([path])
    assert caught.value.message.startswith(f"{path}{place}")


def test_missing_file_and_folder_are_named(tmp_path: Path) -> None:
    for path in (tmp_path / "none.jsonl", tmp_path):
        with pytest.raises(ContentError, match=f"{path} cannot be read"):
            read_rows([path])


def test_lone_surrogates_in_json_are_kept_out_of_nothing(tmp_path: Path) -> None:
    (row,) = read_rows([write(tmp_path, "rows.jsonl", '{"text": "a\\ud800b"}')])
    assert len(row.text) == 3
    assert len(digest([row])) == 64


def test_examples_of_the_desk_become_rows() -> None:
    spans = ({"start": 3, "end": 8, "label": "product"},)
    (row,) = from_examples([Example("exa_1", "my boots", "a", entities=spans)])
    assert row == Row("my boots", "a", None, (Span(3, 8, "product"),), None, "example exa_1")
    with pytest.raises(ContentError, match="example exa_2: 'sentiment'"):
        from_examples([Example("exa_2", "hi", sentiment="angry")])


def test_digest_ignores_order_and_place_but_not_labels() -> None:
    one, two = make_row({"text": "a", "intent": "x"}, "p"), make_row({"text": "b"}, "q")
    assert digest([one, two]) == digest([two, make_row({"text": "a", "intent": "x"}, "r")])
    assert digest([one]) != digest([make_row({"text": "a", "intent": "y"}, "p")])


def test_titles_and_answers_of_the_desk_support() -> None:
    content = Content(
        intents=(Intent("track", "orders", "Where is it?"),),
        templates=(Template("track", "track", "Follow {order_number} online."),),
        examples=(Example("exa_1", "wheres my box", "track"),),
    )
    rows = from_content(content)
    assert [(row.text, row.intent, row.support) for row in rows] == [
        ("wheres my box", "track", False),
        ("Where is it?", "track", True),
        ("Follow order number online.", "track", True),
    ]


def test_corrections_always_train() -> None:
    examples = [Example("a", "hi", "x"), Example("b", "ho", "x", source="correction")]
    assert [row.support for row in from_examples(examples)] == [False, True]


def test_weights_are_read_and_belong_to_the_digest(tmp_path: Path) -> None:
    rows = read_rows(
        [
            write(tmp_path, "rows.jsonl", '{"text": "a", "weight": 0.5}\n{"text": "b"}\n'),
            write(tmp_path, "rows.csv", "text,weight\na,2\nb,\n"),
        ]
    )
    assert [row.weight for row in rows] == [0.5, 1.0, 2.0, 1.0]
    assert digest(rows[:2]) != digest(rows[2:])
    assert digest([rows[1]]) == digest([rows[3]])


def test_what_operators_contradict_each_other_in_does_not_train() -> None:
    said = Example("a", "hi", "x", "negative", source="correction", weight=0.5)
    both = ("intent", "sentiment")
    examples = [said, *(replace(said, contested=fields) for fields in (("intent",), both))]
    rows = from_examples(examples)
    assert [(row.intent, row.sentiment, row.weight) for row in rows] == [
        ("x", "negative", 0.5),
        (None, "negative", 0.5),
    ]
