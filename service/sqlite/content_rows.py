"""Content inside a transaction: what it refers to, and the revision that grows with it."""

import sqlite3
from collections import Counter
from collections.abc import Iterable
from dataclasses import fields
from typing import Any

import orjson

from index.records import OUT_OF_SCOPE, SENTIMENTS
from service.errors import InvalidInput
from service.records import Content, DeskSettings, Example, Slot, Template
from service.sqlite.commit import Transaction
from service.sqlite.rows import to_json


def raise_revision(write: Transaction, at: str) -> int:
    """Count a change of content and tell of it."""
    db = write.connection
    db.execute("UPDATE content_state SET revision = revision + 1 WHERE id = 1")
    revision = content_revision(db)
    write.tell("content", {"revision": revision}, at)
    return revision


def content_revision(db: sqlite3.Connection) -> int:
    """The number that grows with every change of content."""
    return int(db.execute("SELECT revision FROM content_state WHERE id = 1").fetchone()[0])


def intent_names(db: sqlite3.Connection) -> set[str]:
    """What an example may be labelled with, "out_of_scope" included."""
    return {row[0] for row in db.execute("SELECT name FROM intent")} | {OUT_OF_SCOPE}


def settings_rows(settings: DeskSettings) -> list[dict[str, str]]:
    """A row for every field."""
    return [
        {"name": field.name, "value": to_json(_plain(getattr(settings, field.name)))}
        for field in fields(settings)
    ]


def settings_from(db: sqlite3.Connection) -> DeskSettings:
    """The desk's settings; what was never saved has its default."""
    saved: dict[str, Any] = {
        row["name"]: orjson.loads(row["value"])
        for row in db.execute("SELECT name, value FROM desk_setting")
        if row["name"] in DeskSettings.__slots__
    }
    if "slots" in saved:
        saved["slots"] = tuple(Slot(**slot) for slot in saved["slots"])
    if "suggested" in saved:
        saved["suggested"] = tuple(saved["suggested"])
    if "replies" in saved:
        saved["replies"] = {name: tuple(texts) for name, texts in saved["replies"].items()}
    return DeskSettings(**saved)


def check_template(template: Template, intents: set[str]) -> None:
    """``InvalidInput`` when it answers an intent that is not there."""
    if template.intent not in intents - {OUT_OF_SCOPE}:
        message = f"Template {template.name}: there is no intent {template.intent}."
        raise InvalidInput(message, field="intent")
    _check_sentiment(f"Template {template.name}", template.sentiment)


def check_example(example: Example, intents: set[str]) -> None:
    """``InvalidInput`` when it has a label that is not there."""
    if example.intent is not None and example.intent not in intents:
        message = f"Example {example.text[:60]!r}: there is no intent {example.intent}."
        raise InvalidInput(message, field="intent")
    _check_sentiment(f"Example {example.text[:60]!r}", example.sentiment)


def check_content(content: Content) -> None:
    """``InvalidInput`` when names repeat or refer to nothing."""
    intents = {intent.name for intent in content.intents} | {OUT_OF_SCOPE}
    _check_unique("Intent", (intent.name for intent in content.intents))
    _check_unique("Template", (template.name for template in content.templates))
    _check_unique("Example", (example.id for example in content.examples if example.id))
    _check_unique("Article", (article.id for article in content.articles))
    for template in content.templates:
        check_template(template, intents)
    for example in content.examples:
        if example.source != "correction":  # may be older than the intents are
            check_example(example, intents)


def _check_unique(kind: str, names: Iterable[str]) -> None:
    name, count = next(iter(Counter(names).most_common(1)), ("", 0))
    if count > 1:
        raise InvalidInput(f"{kind} {name} is there {count} times.", field=kind.lower())


def _check_sentiment(what: str, sentiment: str | None) -> None:
    if sentiment is not None and sentiment not in SENTIMENTS:
        message = f"{what}: sentiment is one of {', '.join(SENTIMENTS)}, not {sentiment!r}."
        raise InvalidInput(message, field="sentiment")


def _plain(value: object) -> object:
    """Mappings of any kind as dictionaries, for JSON."""
    return dict(value) if hasattr(value, "items") else value  # type: ignore[call-overload]
