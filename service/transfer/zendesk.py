"""Zendesk's macros: ``import zendesk FILE`` and ``export zendesk FILE``.

JSON as its API has it: one object, a list, ``{"macros": […]}`` or a line an object. A macro with a
public comment becomes a template under an intent of its title. Tickets are no content: only listed.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, Field

from service.content_schema import Words
from service.errors import ContentError
from service.files import json_lines, parse, read_text, write_whole
from service.records.content import Content, Intent, Template
from service.transfer.chatwoot import NOT_REPLIES
from service.transfer.left_out import left_out
from service.transfer.markup import is_html, plain
from service.transfer.pieces import (
    GROUP,
    Found,
    Imported,
    Names,
    Note,
    Options,
    name_from,
    title_from,
)
from service.transfer.placeholders import adapt, has_logic

COMMENTS = ("comment_value", "comment_value_html")
FOLDER = "::"  # in a macro's title
TICKETS = "tickets are history, not content; give --history"
MORE = "the file is one page of several; import the others, too"


class Action(BaseModel):
    """One thing that a macro does; ``value`` is a text or ``[channel, text]`` for a comment."""

    model_config = ConfigDict(extra="ignore")

    field: str
    value: Any = None


class Macro(BaseModel):
    """What counts of a macro; ids and dates are Zendesk's own."""

    model_config = ConfigDict(extra="ignore")

    title: Words
    active: bool = True
    description: str | None = None
    actions: list[Action] = Field(default_factory=list)
    restriction: dict[str, Any] | None = None


def read(path: Path, options: Options) -> Imported:
    """Templates; ``ContentError`` names the file, the macro and the field of a mistake."""
    lost: list[Note] = []
    found = _objects(path, lost)
    notes: list[Note] = []
    tickets = [where for kind, _, where in found if kind == "ticket"]
    if tickets:
        lost.append(Note(f"{len(tickets)} tickets", tickets[0], TICKETS))
    macros = [
        (_macro(value, where, path), where) for kind, value, where in found if kind == "macro"
    ]
    names = Names("template")
    intents: list[Found[Intent]] = []
    templates: list[Found[Template]] = []
    for macro, where in macros:
        what = f"macro {macro.title!r}"
        text = _reply(macro, what, where, lost)
        if text is None:
            continue
        folder, _, title = (part.strip() for part in macro.title.rpartition(FOLDER))
        name = names.new(title or folder)
        if name != name_from(title or folder):
            notes.append(Note(what, where, f"its title is there twice; it is named {name} here"))
        reply = adapt(text, options.variables, what, where)
        notes += reply.notes
        lost += reply.lost
        group = name_from(folder, "group") if folder else GROUP
        intent = Intent(name, group, title_from(title or folder), macro.description or "")
        intents.append(Found(intent, where))
        templates.append(Found(Template(name, name, reply.text), where))
    return Imported(
        intents=tuple(intents),
        templates=tuple(templates),
        not_carried_over=tuple(lost),
        notes=tuple(notes),
    )


def write(content: Content, path: Path) -> tuple[Note, ...]:
    """Write every template as a macro; returns what they do not hold."""
    groups = {intent.name: intent.group for intent in content.intents}
    macros = [
        {
            "title": f"{_titled(groups[template.intent])}{FOLDER}{_titled(template.name)}",
            "active": True,
            "actions": [{"field": "comment_value", "value": template.text}],
        }
        for template in content.templates
    ]
    text = json.dumps({"macros": macros}, ensure_ascii=False, indent=2)
    write_whole(path, text + "\n")
    return tuple(left_out(content, "a macro is a title and a text", NOT_REPLIES))


def _titled(name: str) -> str:
    """Words for people that still are read back as the name, or else the name itself."""
    words = title_from(name)
    return words if name_from(words) == name else name


def _objects(path: Path, lost: list[Note]) -> list[tuple[str, Mapping[str, Any], str]]:
    """Kind ("macro" or "ticket"), value and place of everything in the file.

    Further pages, which the API has and the file has not, go to ``lost``.
    """
    text = read_text(path)
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        lines = [line for line in text.split("\n") if line.strip()]
        if len(lines) < 2 or not lines[0].rstrip().endswith("}"):
            raise ContentError(f"{path}, line {error.lineno}: not JSON: {error.msg}.") from None
        return [_kind(value, f"{path}:{number}", path) for _, number, value in json_lines(path)]
    if isinstance(value, list):
        return [_kind(entry, f"{path}, [{n}]", path) for n, entry in enumerate(value)]
    found = []
    for kind in ("macro", "ticket"):
        entries = value.get(f"{kind}s") if isinstance(value, dict) else None
        if isinstance(entries, list):
            for number, entry in enumerate(entries):
                inner = entry.get(kind, entry) if isinstance(entry, dict) else entry
                found.append((kind, inner, f"{path}, {kind}s[{number}]"))
        elif entries is not None:
            raise ContentError(f"{path}: {kind}s: expected a list.")
    meta = value.get("meta") if isinstance(value, dict) else None
    if found and (value.get("next_page") or (isinstance(meta, dict) and meta.get("has_more"))):
        lost.append(Note("the pages after this one", str(path), MORE))
    return found or ([] if _is_empty(value) else [_kind(value, str(path), path)])


def _is_empty(value: Any) -> bool:
    return isinstance(value, dict) and ("macros" in value or "tickets" in value)


def _kind(value: Any, where: str, path: Path) -> tuple[str, Mapping[str, Any], str]:
    if isinstance(value, dict):
        for kind, field in (("macro", "actions"), ("ticket", "subject"), ("ticket", "comments")):
            if isinstance(value.get(kind), dict):
                return kind, value[kind], where
            if field in value:
                return kind, value, where
    raise ContentError(f"{where}: neither a macro (title, actions) nor a ticket (subject).")


def _macro(value: Any, where: str, path: Path) -> Macro:
    try:
        return parse(Macro, value, path)
    except ContentError as error:
        raise ContentError(error.message.replace(str(path), where, 1)) from None


def _reply(macro: Macro, what: str, where: str, lost: list[Note]) -> str | None:
    """The text of its public comment; everything else that it does goes to ``lost``."""
    comments: list[tuple[str, str, str]] = []
    public = True
    others = []
    for action in macro.actions:
        if action.field in COMMENTS:
            channel, text = _comment(action, what, where)
            if text.strip():
                comments.append((channel, action.field, text))
        elif action.field == "comment_mode_is_public":
            public = str(action.value).lower() != "false"
        else:
            others.append(action.field)
    why = None
    if not macro.active:
        why = "it is not active"
    elif not comments:
        why = "it has no reply"
    elif not public:
        why = "its comment is a note for colleagues"
    elif any(has_logic(text) for _, _, text in comments):
        why = "its text is a Liquid program"
    if why is not None:
        lost.append(Note(what, where, why))
        return None
    if others:
        fields = ", ".join(dict.fromkeys(others))
        lost.append(Note(f"actions of {what}: {fields}", where, "a template only replies"))
    if macro.restriction:
        lost.append(Note(f"restriction of {what}", where, "every operator sees every template"))
    comments.sort(key=lambda comment: comment[0] != "channel:all")
    for channel, _, _ in comments[1:]:
        why = "a template has one text for every channel"
        lost.append(Note(f"comment of {what} for {channel}", where, why))
    _, field, text = comments[0]
    if field == "comment_value_html" or is_html(text):
        text, pictures = plain(text)
        if pictures:
            lost.append(Note(f"pictures of {what} ({pictures})", where, "a template is plain text"))
    return text


def _comment(action: Action, what: str, where: str) -> tuple[str, str]:
    value = action.value
    if isinstance(value, str):
        return "channel:all", value
    if isinstance(value, list) and len(value) == 2 and all(isinstance(v, str) for v in value):
        return value[0], value[1]
    raise ContentError(f"{where}: {what}: {action.field}: expected a text or [channel, text].")
