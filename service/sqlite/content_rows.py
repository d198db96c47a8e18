"""Content inside a transaction: what it refers to, and the revision that grows with it."""

import sqlite3
from dataclasses import fields
from typing import Any

import orjson

from index.records import OUT_OF_SCOPE, SENTIMENTS
from service.errors import InvalidInput
from service.records.content import Article, Example, GoldenCase, Template
from service.records.settings import DeskSettings, Hours, Sla, Slot
from service.records.words import ContactForm
from service.sqlite.commit import Transaction
from service.sqlite.rows import to_json

PROMISES = ("sla", "hours")


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


def template_intent(db: sqlite3.Connection, name: str) -> str:
    """The intent that a template answers; ``InvalidInput`` when there is no such template."""
    row = db.execute("SELECT intent FROM template WHERE name = ?", (name,)).fetchone()
    if row is None:
        raise InvalidInput(f"There is no template {name}.", field="template")
    return str(row["intent"])


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
    for name in {"languages", "suggested"} & saved.keys():
        saved[name] = tuple(saved[name])
    if "replies" in saved:
        saved["replies"] = {name: tuple(texts) for name, texts in saved["replies"].items()}
    saved |= {name: _promise(name, saved[name]) for name in PROMISES if name in saved}
    return DeskSettings(**saved)


def promises(db: sqlite3.Connection) -> tuple[Sla | None, Hours | None]:
    """How soon the desk promises to reply, and its business hours; none unless it says so."""
    sql = "SELECT name, value FROM desk_setting WHERE name IN ('sla', 'hours')"
    saved = {
        row["name"]: _promise(row["name"], orjson.loads(row["value"])) for row in db.execute(sql)
    }
    return saved.get("sla"), saved.get("hours")


def contact_form(db: sqlite3.Connection) -> ContactForm:
    """When customers who wait may leave an address."""
    row = db.execute("SELECT value FROM desk_setting WHERE name = 'contact_form'").fetchone()
    form: ContactForm = orjson.loads(row["value"]) if row else DeskSettings().contact_form
    return form


def look_again(db: sqlite3.Connection) -> None:
    """Let the clock work out every ticket anew, for the desk promises something else by now."""
    db.execute("UPDATE ticket SET look_at = '' WHERE status IN ('open', 'claimed')")


def _promise(name: str, value: dict[str, Any] | None) -> Any:
    if value is None:
        return None
    if name == "sla":
        return Sla(**value)
    days = {day: tuple(spans) for day, spans in value["days"].items()}
    return Hours(value["timezone"], days, tuple(value["closed"]))


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


def check_article(article: Article, intents: set[str]) -> None:
    """``InvalidInput`` when it names an intent that is not there."""
    for name in article.intents:
        if name not in intents - {OUT_OF_SCOPE}:
            message = f"Article {article.id}: there is no intent {name}."
            raise InvalidInput(message, field="intents")


def check_golden(case: GoldenCase, intents: set[str]) -> None:
    """``InvalidInput`` when it names an intent that is not there."""
    if case.intent not in intents:
        raise InvalidInput(f"There is no intent {case.intent}.", field="intent")


def _check_sentiment(what: str, sentiment: str | None) -> None:
    if sentiment is not None and sentiment not in SENTIMENTS:
        message = f"{what}: sentiment is one of {', '.join(SENTIMENTS)}, not {sentiment!r}."
        raise InvalidInput(message, field="sentiment")


def _plain(value: object) -> object:
    """Mappings of any kind as dictionaries, for JSON."""
    return dict(value) if hasattr(value, "items") else value  # type: ignore[call-overload]
