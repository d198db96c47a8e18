"""Chatwoot's canned responses: ``import chatwoot FILE`` and ``export chatwoot FILE``.

The JSON that its API lists (``[{"short_code", "content"}]``, also in ``{"payload": […]}``), or a
CSV with these columns. Each becomes a template under an intent of its name, without examples.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from service.content_schema import Words
from service.errors import ContentError
from service.files import json_value, parse, write_whole
from service.records.content import Content, Intent, Template
from service.transfer.csv_files import read_table
from service.transfer.left_out import left_out
from service.transfer.pieces import (
    Found,
    Imported,
    Names,
    Note,
    Options,
    new_intent,
    valid_names,
)
from service.transfer.placeholders import adapt, has_logic

COLUMNS = ("short_code", "content")
NOT_REPLIES = (
    "intents of templates",
    "moods of templates",
    "variables in templates",
    "intents",
    "examples",
    "examples without an intent",
    "slots",
    "facts",
    "replies",
    "suggested intents",
    "protected intents",
    "articles",
    "golden cases",
)


class CannedResponse(BaseModel):
    """What counts of a canned response; ids and dates are Chatwoot's own."""

    model_config = ConfigDict(extra="ignore")

    short_code: Words
    content: Words


def read(path: Path, options: Options) -> Imported:
    """Templates; ``ContentError`` names the file, the entry and the field of a mistake."""
    entries = list(_entries(path))
    names = Names("template", valid_names(entry.short_code for entry, _ in entries))
    intents: dict[str, Found[Intent]] = {}
    templates: list[Found[Template]] = []
    lost: list[Note] = []
    notes: list[Note] = []
    seen: set[str] = set()
    for entry, where in entries:
        what = f"canned response {entry.short_code!r}"
        if has_logic(entry.content):
            lost.append(Note(what, where, "its text is a Liquid program"))
            continue
        if entry.short_code in seen:
            lost.append(Note(what, where, "there is one of this short code before it"))
            continue
        seen.add(entry.short_code)
        name = names.of(entry.short_code, where)
        reply = adapt(entry.content, options.variables, what, where)
        notes += reply.notes
        lost += reply.lost
        intents[name] = Found(new_intent(name, entry.short_code), where)
        templates.append(Found(Template(name, name, reply.text), where))
    return Imported(
        intents=tuple(intents.values()),
        templates=tuple(templates),
        not_carried_over=tuple(lost),
        notes=(*names.notes, *notes),
    )


def write(content: Content, path: Path) -> tuple[Note, ...]:
    """Write every template as a canned response; returns what they do not hold."""
    entries = [{"short_code": t.name, "content": t.text} for t in content.templates]
    write_whole(path, json.dumps(entries, ensure_ascii=False, indent=2) + "\n")
    return tuple(left_out(content, "a canned response is a name and a text", NOT_REPLIES))


def _entries(path: Path) -> Iterator[tuple[CannedResponse, str]]:
    if path.suffix.lower() == ".csv":
        for line in read_table(path, {}, COLUMNS):
            missing = next((name for name in COLUMNS if name not in line.fields), None)
            if missing is not None:
                raise ContentError(f"{path}, line 1: there is no column {missing!r}.")
            fields = {name: line.fields[name] or "" for name in COLUMNS}
            yield parse(CannedResponse, fields, path, line.number), f"{path}:{line.number}"
        return
    value: Any = json_value(path)
    if isinstance(value, dict):
        value = value.get("payload", [value] if "short_code" in value else None)
    if not isinstance(value, list):
        raise ContentError(f"{path}: expected a list of canned responses.")
    for number, entry in enumerate(value):
        where = f"{path}, [{number}]"
        if not isinstance(entry, dict):
            raise ContentError(f"{where}: expected short_code and content.")
        try:
            yield parse(CannedResponse, entry, path), where
        except ContentError as error:
            raise ContentError(error.message.replace(str(path), where, 1)) from None
