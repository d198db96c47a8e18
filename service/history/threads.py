"""Past conversations as records, and the formats that hold them: one dict, name to module.

Used by ``import FORMAT PATH --history``. A format's ``read`` yields one conversation after the
other, so that a file of lines is never in memory as a whole.
"""

import importlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

import orjson

from service.errors import ContentError
from service.files import MOST_CHARACTERS, json_value
from service.records.words import Author

FORMATS = {
    "chatwoot": "service.history.chatwoot",
    "csv": "service.history.csv_files",
    "zendesk": "service.history.zendesk",
}
BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Line:
    """What somebody wrote for the other side to see; the author "desk" is a machine."""

    author: Author
    text: str


@dataclass(frozen=True, slots=True)
class Thread:
    """A past conversation, oldest line first; ``people`` are the names of who took part."""

    where: str
    lines: tuple[Line, ...]
    people: tuple[str, ...] = ()
    subject: str = ""


class Format(Protocol):
    """A format's module."""

    def read(self, path: Path, columns: Mapping[str, str]) -> Iterator[Thread]:
        """The conversations of one file; ``ContentError`` names file, line and field of a mistake.
        ``columns`` says which column of a CSV file is which field."""

    ENDINGS: tuple[str, ...]


def read_threads(name: str, path: Path, columns: Mapping[str, str]) -> Iterator[Thread]:
    """The conversations of a file, or of all files of a folder that the format can read."""
    module = cast(Format, importlib.import_module(FORMATS[name]))
    files = [path]
    if path.is_dir():
        files = sorted(each for each in path.iterdir() if each.suffix.lower() in module.ENDINGS)
        if not files:
            raise ContentError(f"{path} holds no file that ends in {', '.join(module.ENDINGS)}.")
    for file in files:
        yield from module.read(file, columns)


def documents(path: Path) -> Iterator[tuple[str, Any]]:
    """Place and value of each line of a file of JSON lines, or of the one value that it holds."""
    try:
        with path.open("rb") as file:
            for number, line in enumerate(iter(lambda: file.readline(MOST_CHARACTERS), b""), 1):
                text = line.removeprefix(BOM).strip()
                if not text:
                    continue
                try:
                    value = orjson.loads(text)
                except orjson.JSONDecodeError as error:
                    if number > 1:
                        raise ContentError(f"{path}, line {number}: not JSON: {error}.") from None
                    break
                yield f"{path}:{number}", value
            else:
                return
    except OSError as error:
        raise ContentError(f"{path}: cannot be read: {error.strerror}.") from None
    yield str(path), json_value(path)
