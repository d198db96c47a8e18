"""Writes a desk's content as the folder of files that ``service.content`` reads.

Called by ``frontdesk export desk``. Never touches the store.
"""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from index.records import OUT_OF_SCOPE, SENTIMENTS
from service.content import annotate, annotated
from service.errors import ContentError
from service.records.content import Content, Example, Intent
from service.records.settings import DeskSettings

PARTS = ("intents", "articles", "golden")
SUFFIXES = (".yml", ".yaml", ".md", ".jsonl")
ENTITY = ("start", "end", "label")


class YamlBlocks(yaml.SafeDumper):
    """YAML as people write it: several lines of text as a block."""


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    if "\x85" in text:  # written plain, it would be read back as a space
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


YamlBlocks.add_representer(str, _represent_text)


def write_desk(content: Content, folder: Path) -> None:
    """Write the content as a folder that ``read_desk`` reads back as the same content.

    Files of an earlier export are replaced once all are written: until then it stays whole. Other
    files in the folder stay. Raises ``ContentError`` for a folder that holds something else.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()) and not (folder / "desk.yml").is_file():
        raise ContentError(f"{folder} is not empty and no desk folder: it has no desk.yml.")
    # Inside the folder, for beside it may be another file system.
    with tempfile.TemporaryDirectory(prefix=".export-", dir=folder) as draft:
        _write_files(content, Path(draft))
        _move(Path(draft), folder)


def _move(draft: Path, folder: Path) -> None:
    """Put the files of a draft in their places, and remove those that are no longer written."""
    written = [path.relative_to(draft) for path in draft.rglob("*") if path.is_file()]
    for name in written:
        (folder / name).parent.mkdir(exist_ok=True)
        (draft / name).replace(folder / name)
    for part in PARTS:
        for old in (folder / part).glob("*.*"):
            if old.suffix in SUFFIXES and old.relative_to(folder) not in written:
                old.unlink()


def _write_files(content: Content, folder: Path) -> None:
    for part in PARTS:
        (folder / part).mkdir()
    _write_yaml(folder / "desk.yml", _desk_file(content.settings))
    for group in dict.fromkeys(intent.group for intent in content.intents):
        entries = [_intent_entry(i, content) for i in content.intents if i.group == group]
        _write_yaml(folder / "intents" / f"{group}.yml", {"group": group, "intents": entries})
    for article in content.articles:
        front = {"title": article.title, "intents": list(article.intents)}
        if article.updated_at:
            front["updated"] = article.updated_at
        head = yaml.dump(front, Dumper=YamlBlocks, sort_keys=False, allow_unicode=True)
        text = f"---\n{head}---\n{article.text}\n"
        (folder / "articles" / f"{article.id}.md").write_text(text, encoding="utf-8")
    groups = {intent.name: intent.group for intent in content.intents}
    golden: dict[str, list[dict[str, Any]]] = {}
    for case in content.golden:
        row = {"text": case.text, "intent": case.intent, "action": case.action}
        golden.setdefault(groups.get(case.intent, OUT_OF_SCOPE), []).append(row)
    for group, rows in golden.items():
        _write_lines(folder / "golden" / f"{group}.jsonl", rows)
    split = [e for e in content.examples if e.split and e.intent in groups]
    _write_lines(folder / "examples.jsonl", [_row(e) | {"intent": e.intent} for e in split])
    loose = [e for e in content.examples if e.intent is None]
    _write_lines(folder / "sentiment.jsonl", [_row(e) for e in loose])
    outside = [e for e in content.examples if e.intent == OUT_OF_SCOPE]
    _write_lines(folder / f"{OUT_OF_SCOPE}.jsonl", [_row(e) for e in outside])


def _desk_file(settings: DeskSettings) -> dict[str, Any]:
    slots = []
    for slot in settings.slots:
        entry = {"name": slot.name, "title": slot.title, "ask": slot.ask}
        entry |= {"ask_again": slot.ask_again} if slot.ask_again else {}
        entry |= {"pattern": slot.pattern, "format": slot.format} if slot.pattern else {}
        entry |= {"kind": slot.kind} if slot.kind else {}
        slots.append(entry)
    where: dict[str, Any] = {"region": settings.region} if settings.region else {}
    where |= {"languages": list(settings.languages)} if settings.languages else {}
    protected = {"protected": dict(settings.protected)} if settings.protected else {}
    return {
        "name": settings.name,
        "language": settings.language,
        **where,
        "promise": settings.promise,
        "facts": dict(settings.facts),
        "slots": slots,
        "replies": {name: list(variants) for name, variants in settings.replies.items()},
        "suggested": list(settings.suggested),
        **protected,
        **_promises(settings),
    }


def _promises(settings: DeskSettings) -> dict[str, Any]:
    """How soon the desk replies and when it works, as far as it says so."""
    told: dict[str, Any] = {}
    if settings.sla:
        clocks = {name: getattr(settings.sla, name) for name in settings.sla.__slots__}
        told["sla"] = {
            name: {priority: span_text(minutes) for priority, minutes in promised.items()}
            for name, promised in clocks.items()
            if promised
        }
    if settings.hours:
        days = {day: ", ".join(spans) for day, spans in settings.hours.days.items()}
        closed = {"closed": list(settings.hours.closed)} if settings.hours.closed else {}
        told["hours"] = {"timezone": settings.hours.timezone, **days, **closed}
    told["contact_form"] = settings.contact_form  # also the usual: an import keeps what is not said
    return told


def span_text(minutes: int) -> str:
    """Minutes as people write them in files: "15m", "8h", "2d"."""
    for unit, size in (("d", 24 * 60), ("h", 60)):
        if minutes % size == 0:
            return f"{minutes // size}{unit}"
    return f"{minutes}m"


def _intent_entry(intent: Intent, content: Content) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": intent.name, "title": intent.title}
    entry |= {"description": intent.description} if intent.description else {}
    entry |= {"slots": list(intent.slots)} if intent.slots else {}
    entry |= {"action": intent.action} if intent.action != "answer" else {}
    entry |= {"priority": intent.priority} if intent.priority != "normal" else {}
    examples: list[str | dict[str, Any]] = []
    for example in content.examples:
        if example.intent == intent.name and not example.split:
            row = _row(example)
            examples.append(row["text"] if row.keys() == {"text"} else row)
    templates = []
    for template in content.templates:
        if template.intent == intent.name:
            mood = {"sentiment": template.sentiment} if template.sentiment else {}
            templates.append({"name": template.name, **mood, "text": template.text})
    return {**entry, "examples": examples, "templates": templates}


def _row(example: Example) -> dict[str, Any]:
    marked = annotate(example.text, example.entities)
    row: dict[str, Any] = {"text": marked}
    if annotated(marked) != (example.text, example.entities or ()):
        # What the customer wrote looks like an annotation: the text as it is, the entities apart.
        entities = [{key: e[key] for key in ENTITY} for e in example.entities or ()]
        row = {"text": example.text, "entities": entities}
    row |= {"sentiment": example.sentiment} if example.sentiment in SENTIMENTS else {}
    row |= {"split": example.split} if example.split else {}
    return row | ({"weight": example.weight} if example.weight != 1 else {})


def _write_yaml(path: Path, value: Mapping[str, Any]) -> None:
    text = yaml.dump(dict(value), Dumper=YamlBlocks, sort_keys=False, allow_unicode=True, width=100)
    path.write_text(text, encoding="utf-8")


def _write_lines(path: Path, rows: list[dict[str, Any]]) -> None:
    lines = (json.dumps(row, ensure_ascii=False) for row in rows)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
