"""YAML whose texts, fields and lists know the line that they begin in.

Used by the Rasa importer: what is not carried over is named with its place.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from service.errors import ContentError
from service.files import AsWritten, load_yaml


class Text(str):
    """A text; of a block, ``line`` is that of its first line."""

    line: int


class Items(list[Any]):
    """A list."""

    line: int


class Fields(dict[str, Any]):
    """Fields with values, and the line of each field."""

    line: int
    lines: dict[str, int]


class _Placed(AsWritten):
    """Constructs the classes above."""


def _text(loader: _Placed, node: yaml.ScalarNode) -> Text:
    text = Text(loader.construct_scalar(node))
    text.line = node.start_mark.line + (2 if node.style in ("|", ">") else 1)
    return text


def _items(loader: _Placed, node: yaml.SequenceNode) -> Iterator[Items]:
    items = Items()
    items.line = node.start_mark.line + 1
    yield items
    items.extend(loader.construct_sequence(node))


def _fields(loader: _Placed, node: yaml.MappingNode) -> Iterator[Fields]:
    fields = Fields()
    fields.line = node.start_mark.line + 1
    fields.lines = {}
    yield fields
    given: dict[Any, Any] = loader.construct_mapping(node)
    fields.update(given)
    fields.lines.update({str(key.value): key.start_mark.line + 1 for key, _ in node.value})


_Placed.add_constructor("tag:yaml.org,2002:str", _text)
_Placed.add_constructor("tag:yaml.org,2002:seq", _items)
_Placed.add_constructor("tag:yaml.org,2002:map", _fields)


def load_placed(path: Path) -> Any:
    """The value of a YAML file; ``ContentError`` names file and line of a mistake."""
    return load_yaml(path, _Placed)


def line_of(value: object, default: int = 1) -> int:
    """The line of a value that was read by ``load_placed``."""
    return value.line if isinstance(value, Text | Items | Fields) else default


def wrong_kind(path: Path, line: int, field: str, expected: str, value: object) -> ContentError:
    """The error for a value of another kind than the field has."""
    kinds = {Text: "a text", Items: "a list", Fields: "fields", type(None): "nothing"}
    found = kinds.get(type(value), type(value).__name__)
    return ContentError(f"{path}, line {line}: {field}: expected {expected}, got {found}.")
