"""Labelled rows as JSON lines: ``import jsonl FILE`` and ``export jsonl FILE``."""

import json
from collections.abc import Iterator
from pathlib import Path

from service.errors import ContentError
from service.files import json_lines, write_whole
from service.records.content import Content
from service.transfer.pieces import Imported, Note, Options
from service.transfer.rows import Line, not_rows, read_rows, rows_of


def read(path: Path, options: Options) -> Imported:
    """The rows of a file; ``ContentError`` names file, line and field of the first bad one."""
    imported = read_rows(path, _lines(path))
    if not imported.examples and not imported.not_carried_over:
        raise ContentError(f"{path} holds no rows.")
    return imported


def write(content: Content, path: Path) -> tuple[Note, ...]:
    """Write the desk's examples as rows; returns what they do not hold."""
    rows = (json.dumps(row, ensure_ascii=False) for row in rows_of(content))
    write_whole(path, "".join(f"{row}\n" for row in rows))
    return not_rows(content)


def _lines(path: Path) -> Iterator[Line]:
    if not path.is_file():
        raise ContentError(f"{path} is not a file.")
    for _, number, fields in json_lines(path):
        if not isinstance(fields, dict):
            raise ContentError(f"{path}, line {number}: a row must be an object with fields.")
        yield Line(number, fields)
