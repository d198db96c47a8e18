"""The formats of ``import`` and ``export``: one dict, name to module; each is loaded when used."""

import importlib
from pathlib import Path
from typing import Protocol, cast

from service.records.content import Content
from service.transfer.pieces import Imported, Note, Options

DESK = "desk"
FORMATS = {
    "chatwoot": "service.transfer.chatwoot",
    "csv": "service.transfer.csv_files",
    "jsonl": "service.transfer.jsonl",
    "rasa": "service.transfer.rasa",
    "zendesk": "service.transfer.zendesk",
}


class Format(Protocol):
    """A format's module. The desk's own folder is not among them: it replaces what is there."""

    def read(self, path: Path, options: Options) -> Imported:
        """What is at the path; ``ContentError`` names file, line and field of a mistake."""

    def write(self, content: Content, path: Path) -> tuple[Note, ...]:
        """Write the content there; returns what the format cannot hold of it."""


def format_named(name: str) -> Format:
    """The module of a format."""
    return cast(Format, importlib.import_module(FORMATS[name]))
