"""Labelled rows: read from JSONL, CSV or the desk's own examples, every bad one named.

Called by the commands and by the nightly job. It reads and checks; it does not clean or split.
"""

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, cast

from index.records import SENTIMENTS
from service.errors import ContentError
from service.labels import undisputed
from service.records.content import Content, Example

Split = Literal["train", "valid", "test"]
SPLITS: tuple[Split, ...] = ("train", "valid", "test")
OPENING = 30  # words of an answer that train; the rest says little more of its intent
COLUMNS = ("text", "intent", "sentiment", "entities", "split", "weight")
HEAVIEST = 10.0
SURE = (
    0.7  # a label that somebody has said weighs this at least; one that follows from a reply less
)


@dataclass(frozen=True, slots=True)
class Span:
    """An annotated entity: characters ``start`` to ``end`` (exclusive) of the row's text."""

    start: int
    end: int
    label: str


@dataclass(frozen=True, slots=True)
class Row:
    """One labelled text. A label that is None trains nothing; ``entities`` () says there are none.

    ``place`` tells people where the row comes from: "file.jsonl:12" or an example's id. A row of
    ``support`` (an intent's title, an answer) is not what customers write: it trains, and is
    never held out; ``own`` marks those that the desk itself wrote. ``original`` is the fingerprint
    (`index.seen`) of a text in which somebody was masked since. ``weight`` multiplies the loss of
    the row's labels; less than ``SURE`` is for labels that nobody has given in so many words: they
    train, but judge nothing, and yield to others. ``share`` is what counts of it where its writer
    has written too much (`finetune.temper`). A labelled message of a customer's ``stands`` for so
    many of the traffic, in units of an example, where networks that did without it can calibrate by
    it (`finetune.traffic`); None of what only trains. ``then`` is how sure the desk was of it when
    it came, its certainty and how probably it is in scope, where the desk did not know its intent.
    """

    text: str
    intent: str | None = None
    sentiment: str | None = None
    entities: tuple[Span, ...] | None = None
    split: Split | None = None
    place: str = ""
    support: bool = False
    own: bool = False
    original: str | None = None
    weight: float = 1.0
    share: float = 1.0
    stands: float | None = None
    then: tuple[float, float] | None = None


def read_rows(paths: Sequence[Path]) -> list[Row]:
    """The rows of all files, in order; ".csv" files are CSV, all others JSONL.

    Raises ``ContentError`` naming file, line and field of the first bad row, or the file that
    cannot be read or holds no rows.
    """
    rows: list[Row] = []
    for path in paths:
        text = _read_text(path)
        found = _read_csv(path, text) if path.suffix.lower() == ".csv" else _read_jsonl(path, text)
        before = len(rows)
        rows.extend(make_row(fields, place) for place, fields in found)
        if len(rows) == before:
            raise ContentError(f"{path} holds no rows.")
    return rows


def from_examples(examples: Sequence[Example]) -> list[Row]:
    """The desk's examples as rows; corrections always train, so that none is lost to measuring.

    What operators contradict each other in is left out: half of such labels are wrong, and wrong
    ones cost more than those lose that are missing. Raises ``ContentError`` naming a malformed
    example.
    """
    return [_from_example(example) for example in undisputed(examples)]


def _from_example(example: Example) -> Row:
    row = make_row(
        {
            "text": example.text,
            "intent": example.intent,
            "sentiment": example.sentiment,
            "entities": None if example.entities is None else list(example.entities),
            "split": example.split,
            "weight": example.weight,
        },
        f"example {example.id}",
    )
    return replace(row, support=True) if example.source == "correction" else row


def from_content(content: Content) -> list[Row]:
    """The desk's examples, and as support rows its intents' titles and how its answers begin.

    Raises ``ContentError`` naming a malformed example.
    """
    support = [
        Row(i.title, i.name, place=f"title of {i.name}", support=True, own=True)
        for i in content.intents
    ]
    for template in content.templates:
        text = re.sub(r"\{(\w+)\}", lambda match: match[1].replace("_", " "), template.text)
        place = f"template {template.name}"
        opening = " ".join(text.split()[:OPENING])
        support.append(Row(opening, template.intent, place=place, support=True, own=True))
    return [*from_examples(content.examples), *support]


def make_row(fields: Mapping[str, Any], place: str) -> Row:
    """A checked row. Raises ``ContentError`` that begins with ``place`` and names the field."""
    unknown = [name for name in fields if name not in COLUMNS]
    if unknown:
        known = ", ".join(COLUMNS)
        raise ContentError(f"{place}: unknown field {unknown[0]!r}; a row may have {known}.")
    if "text" not in fields:
        raise ContentError(f"{place}: the field 'text' is missing.")
    text = fields["text"]
    if not isinstance(text, str):
        raise ContentError(f"{place}: 'text' must be a string, not {_shown(text)}.")
    row = Row(
        text=text,
        intent=_label(fields, "intent", place),
        sentiment=_label(fields, "sentiment", place),
        split=cast(Split | None, _label(fields, "split", place)),
        place=place,
        weight=_weight(fields.get("weight"), place),
    )
    if row.sentiment is not None and row.sentiment not in SENTIMENTS:
        raise _not_one_of(place, "sentiment", row.sentiment, SENTIMENTS)
    if row.split is not None and row.split not in SPLITS:
        raise _not_one_of(place, "split", row.split, SPLITS)
    return replace(row, entities=_spans(fields.get("entities"), text, place))


def digest(rows: Iterable[Row]) -> str:
    """The sha256 of the rows' content, splits and weights, whatever their order and origin."""
    lines = sorted(
        json.dumps(
            [
                *(row.text, row.intent, row.sentiment, _plain(row.entities), row.split),
                *([] if row.weight == 1 else [row.weight]),  # so that it is as it was without
                *([] if row.share == 1 else ["share", row.share]),
                *([] if row.then is None else ["then", *row.then]),
            ],
            ensure_ascii=True,
        )
        for row in rows
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _read_text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ContentError(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ContentError(f"{path}:{line}: not valid UTF-8 (byte {error.start}).") from None


def _read_jsonl(path: Path, text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        place = f"{path}:{number}"
        try:
            fields = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise ContentError(f"{place}: not valid JSON: {error}.") from None
        if not isinstance(fields, dict):
            raise ContentError(f"{place}: a row must be a JSON object, not {_shown(fields)}.")
        yield place, fields


def _read_csv(path: Path, text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        header = list(reader.fieldnames or ())
        doubled = next((name for name in header if header.count(name) > 1), None)
        if doubled is not None:
            raise ContentError(f"{path}:1: the column {doubled!r} is there twice.")
        for record in reader:
            place = f"{path}:{reader.line_num}"
            if None in record:
                raise ContentError(f"{place}: more values than the header has columns.")
            fields: dict[str, Any] = {name: value or None for name, value in record.items()}
            fields["text"] = record.get("text") or ""
            if "text" not in record:
                raise ContentError(f"{path}:1: the column 'text' is missing.")
            if fields.get("entities") is not None:
                fields["entities"] = _csv_entities(fields["entities"], place)
            if fields.get("weight") is not None:
                fields["weight"] = _csv_weight(fields["weight"], place)
            yield place, fields
    except csv.Error as error:
        raise ContentError(f"{path}:{reader.reader.line_num}: not valid CSV: {error}.") from None


def _csv_entities(cell: str, place: str) -> Any:
    try:
        return json.loads(cell)
    except (ValueError, RecursionError) as error:
        raise ContentError(f"{place}: 'entities' is not valid JSON: {error}.") from None


def _csv_weight(cell: str, place: str) -> float:
    try:
        return float(cell)
    except ValueError:
        raise ContentError(f"{place}: 'weight' must be a number, not {_shown(cell)}.") from None


def _weight(value: Any, place: str) -> float:
    if value is None:
        return 1.0
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ContentError(f"{place}: 'weight' must be a number, not {_shown(value)}.")
    if not 0 < value <= HEAVIEST:
        raise ContentError(
            f"{place}: 'weight' must be above 0 and at most {HEAVIEST:g}, not {_shown(value)}."
        )
    return float(value)


def _label(fields: Mapping[str, Any], name: str, place: str) -> str | None:
    value = fields.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not value.strip():
        raise ContentError(f"{place}: {name!r} must be a non-empty string, not {_shown(value)}.")
    return value.strip()


def _spans(value: Any, text: str, place: str) -> tuple[Span, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list):
        raise ContentError(f"{place}: 'entities' must be a list, not {_shown(value)}.")
    spans = sorted(
        (_span(item, text, f"{place}: 'entities[{number}]'") for number, item in enumerate(value)),
        key=lambda span: (span.start, span.end),
    )
    for first, second in pairwise(spans):
        if second.start < first.end:
            raise ContentError(
                f"{place}: 'entities' overlap: {first.start}-{first.end} and "
                f"{second.start}-{second.end}."
            )
    return tuple(spans)


def _span(item: Any, text: str, place: str) -> Span:
    if not isinstance(item, Mapping):
        raise ContentError(f"{place} must be an object, not {_shown(item)}.")
    start, end, label = item.get("start"), item.get("end"), item.get("label")
    for name, value in (("start", start), ("end", end)):
        if not isinstance(value, int) or isinstance(value, bool):
            raise ContentError(f"{place}: '{name}' must be a whole number, not {_shown(value)}.")
    if not isinstance(label, str) or not label.strip():
        raise ContentError(f"{place}: 'label' must be a non-empty string, not {_shown(label)}.")
    assert isinstance(start, int)
    assert isinstance(end, int)
    if not 0 <= start < end <= len(text):
        raise ContentError(
            f"{place}: the span {start}-{end} is not within the text of {len(text)} characters."
        )
    return Span(start, end, label.strip())


def _plain(spans: tuple[Span, ...] | None) -> list[list[Any]] | None:
    return None if spans is None else [[span.start, span.end, span.label] for span in spans]


def _not_one_of(place: str, name: str, value: str, allowed: Sequence[str]) -> ContentError:
    return ContentError(f"{place}: {name!r} must be one of {', '.join(allowed)}, not {value!r}.")


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
