"""CSV: labelled rows, or the questions and answers of a FAQ; columns by name or by a mapping.

``import csv FILE`` and ``export csv FILE``. The delimiter is found; the text must be UTF-8.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from index.records import OUT_OF_SCOPE
from service.errors import ContentError
from service.files import read_text, write_whole
from service.records.content import Content, Example, Intent, Template
from service.transfer.pieces import (
    GROUP,
    Found,
    Imported,
    Names,
    Note,
    Options,
    is_outside,
    title_from,
    valid_names,
)
from service.transfer.placeholders import adapt
from service.transfer.rows import FIELDS, Line, not_rows, read_rows, rows_of

DELIMITERS = ",;\t"
FAQ = ("question", "answer", "intent")
KNOWN = tuple(dict.fromkeys((*FIELDS, *FAQ)))


def read(path: Path, options: Options) -> Imported:
    """Examples of labelled rows, or templates and examples of questions and answers.

    ``options.columns`` maps fields to columns (text to Utterance). Raises ``ContentError`` naming
    file, line and column of what is wrong.
    """
    table = list(_records(path, options.columns))
    header = table[0].fields if table else {}
    if not table:
        raise ContentError(f"{path} holds no rows.")
    if "question" in header and "answer" in header:
        return _read_faq(path, table, options.variables)
    if "text" not in header:
        raise ContentError(
            f"{path}, line 1: there is no column 'text', and no 'question' and 'answer'; the "
            f"columns are {', '.join(header)}. Say which is which: --map text=COLUMN."
        )
    return read_rows(path, _labelled(path, table))


def write(content: Content, path: Path) -> tuple[Note, ...]:
    """Write the desk's examples as rows; returns what they do not hold."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, FIELDS, lineterminator="\n")
    writer.writeheader()
    for row in rows_of(content):
        if "entities" in row:
            row["entities"] = json.dumps(row["entities"], ensure_ascii=False)
        writer.writerow(row)
    write_whole(path, text.getvalue())
    return not_rows(content)


def read_table(path: Path, columns: Mapping[str, str], known: tuple[str, ...]) -> Iterator[Line]:
    """The records of a file, fields by their names; empty cells are None.

    A column is the field that ``columns`` gives it, or that it is named like whatever its case.
    """
    text = read_text(path, newline="")
    delimiter = _delimiter(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    start = 1
    try:
        header = [name.strip() for name in next(reader, [])]
        fields = _fields(path, header, columns, known)
        start = reader.line_num + 1
        for record in reader:
            if len(record) > len(fields):
                message = f"{len(record)} values, but the header has {len(fields)} columns"
                raise ContentError(f"{path}, line {start}: {message}.")
            cells = [cell or None for cell in record]
            cells += [None] * (len(fields) - len(cells))
            if any(cell and cell.strip() for cell in cells):
                yield Line(start, dict(zip(fields, cells, strict=True)))
            start = reader.line_num + 1
    except csv.Error as error:
        raise ContentError(f"{path}, line {start}: not CSV: {error}.") from None


def _records(path: Path, columns: Mapping[str, str]) -> Iterator[Line]:
    unknown = next((field for field in columns if field not in KNOWN), None)
    if unknown is not None:
        raise ContentError(f"--map: there is no field {unknown!r}; known: {', '.join(KNOWN)}.")
    return read_table(path, columns, KNOWN)


def _delimiter(text: str) -> str:
    """The one that makes the most columns of the header."""

    def columns(delimiter: str) -> int:
        try:
            return len(next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), []))
        except csv.Error:
            return 0

    return max(DELIMITERS, key=columns)


def _fields(
    path: Path, header: list[str], columns: Mapping[str, str], known: tuple[str, ...]
) -> list[str]:
    by_column = {}
    for field, column in columns.items():
        exact = [name for name in header if name == column]
        found = exact or [name for name in header if name.casefold() == column.casefold()]
        if not found:
            shown = ", ".join(header)
            raise ContentError(f"{path}, line 1: no column {column!r}; the columns are {shown}.")
        by_column[found[0]] = field
    fields = []
    for number, name in enumerate(header, start=1):
        plain = name.casefold()
        own = f"column {name or number}" if plain in columns or not name else name
        fields.append(by_column.get(name, plain if plain in known and own == name else own))
    doubled = next((name for name in fields if fields.count(name) > 1), None)
    if doubled is not None:
        raise ContentError(f"{path}, line 1: the column {doubled!r} is there twice.")
    return fields


def _labelled(path: Path, table: list[Line]) -> Iterator[Line]:
    for line in table:
        fields: dict[str, Any] = dict(line.fields)
        if fields.get("entities") is not None:
            try:
                fields["entities"] = orjson.loads(fields["entities"])
            except orjson.JSONDecodeError:
                place = f"{path}, line {line.number}"
                raise ContentError(f"{place}: entities: not a JSON list.") from None
        fields["text"] = fields["text"] or ""
        yield Line(line.number, fields)


def _read_faq(path: Path, table: list[Line], variables: frozenset[str]) -> Imported:
    """Every answer a template under an intent, whose examples are its questions."""
    lost = [
        Note(f"column {name!r}", f"{path}:1", "questions and answers have no such field")
        for name in table[0].fields
        if name not in FAQ
    ]
    labels = {str(line.fields["intent"]).strip() for line in table if line.fields.get("intent")}
    names = Names("intent", valid_names(labels))
    template_names = Names("template")
    notes: list[Note] = []
    by_answer: dict[str, str] = {}
    answered: set[tuple[str, str]] = set()
    intents: dict[str, Found[Intent]] = {}
    templates: list[Found[Template]] = []
    examples = []
    for line in table:
        where = f"{path}:{line.number}"
        question = str(line.fields["question"] or "").strip()
        answer = str(line.fields["answer"] or "").strip()
        label = str(line.fields.get("intent") or "").strip()
        if not question:
            raise ContentError(f"{path}, line {line.number}: question: must not be blank.")
        if is_outside(label):
            examples.append(Found(Example("", question, OUT_OF_SCOPE), where))
            if answer:
                why = "the desk does not answer what is out of scope"
                lost.append(Note(f"answer to {question[:60]!r}", where, why))
            continue
        if label:
            intent = names.of(label, where)
        elif answer in by_answer:  # another way to ask for it
            intent = by_answer[answer]
        else:
            intent = names.of(question)
        if intent not in intents:
            title = title_from(label) if label else question
            intents[intent] = Found(Intent(intent, GROUP, title), where)
        examples.append(Found(Example("", question, intent), where))
        if not answer:
            lost.append(Note(f"answer to {question[:60]!r}", where, "it is empty"))
        elif (intent, answer) not in answered:
            answered.add((intent, answer))
            by_answer.setdefault(answer, intent)
            reply = adapt(answer, variables, f"answer {answer[:40]!r}", where)
            notes += reply.notes
            lost += reply.lost
            name = template_names.new(intent)
            templates.append(Found(Template(name, intent, reply.text), where))
    return Imported(
        intents=tuple(intents.values()),
        templates=tuple(templates),
        examples=tuple(examples),
        not_carried_over=tuple(lost),
        notes=(*names.notes, *notes),
    )
