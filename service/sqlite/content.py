"""What people write for the desk, in the SQLite store: one truth, read as one snapshot.

Every write raises the content revision and tells of it, so that engines know when to look
again. Nothing is cached here.
"""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from typing import Any

from service.content import check
from service.errors import Conflict, InvalidInput, NotFound
from service.labels import undisputed
from service.records import Article, Content, Example, Hours, Intent, Sla, Template
from service.sqlite.audit import note
from service.sqlite.base import Part
from service.sqlite.commit import Transaction
from service.sqlite.content_rows import (
    check_example,
    check_template,
    content_revision,
    intent_names,
    look_again,
    promises,
    raise_revision,
    settings_from,
    settings_rows,
)
from service.sqlite.ids import new_id
from service.sqlite.label_rows import contest_gone
from service.sqlite.rows import (
    article_from,
    article_row,
    example_from,
    example_row,
    golden_from,
    intent_from,
    intent_row,
    template_from,
    template_row,
    to_json,
)

CLEAR = (
    "DELETE FROM desk_setting",
    "DELETE FROM intent",
    "DELETE FROM template",
    "DELETE FROM article",
    "DELETE FROM golden_case",
    "DELETE FROM example WHERE source <> 'correction'",
)
# What stands in the way of removing an intent.
USES = {
    "template": "SELECT count(*) FROM template WHERE intent = :name",
    "example": "SELECT count(*) FROM example WHERE intent = :name",
    "article": """
SELECT count(*) FROM article WHERE :name IN (SELECT value FROM json_each(article.intents))
""",
    "golden case": "SELECT count(*) FROM golden_case WHERE intent = :name",
    "suggested intent": """
SELECT count(*) FROM desk_setting, json_each(desk_setting.value) AS suggested
WHERE desk_setting.name = 'suggested' AND suggested.value = :name
""",
    "protected intent": """
SELECT count(*) FROM desk_setting, json_each(desk_setting.value) AS protected
WHERE desk_setting.name = 'protected' AND protected.key = :name
""",
}


class ContentPart(Part):
    """Reads and writes content."""

    def content(self) -> Content:
        """Everything, as one snapshot."""
        with self._snapshot() as db:
            return Content(
                settings=settings_from(db),
                intents=tuple(
                    intent_from(row) for row in db.execute("SELECT * FROM intent ORDER BY rowid")
                ),
                templates=tuple(
                    template_from(row)
                    for row in db.execute("SELECT * FROM template ORDER BY rowid")
                ),
                examples=tuple(
                    example_from(row) for row in db.execute("SELECT * FROM example ORDER BY rowid")
                ),
                articles=tuple(
                    article_from(row) for row in db.execute("SELECT * FROM article ORDER BY rowid")
                ),
                golden=tuple(
                    golden_from(row)
                    for row in db.execute("SELECT * FROM golden_case ORDER BY rowid")
                ),
                revision=content_revision(db),
            )

    def content_revision(self) -> int:
        """The number that grows with every change of content."""
        with self._reading() as db:
            return content_revision(db)

    def replace_content(self, content: Content) -> None:
        """Make the desk's content equal to this; examples from corrections stay."""
        check(content, "content")
        at = self._now()
        with self._changing(at) as write:
            if content.revision not in (0, content_revision(write.connection)):
                raise Conflict("The content changed meanwhile; nothing was replaced. Try again.")
            db = write.database
            promised = promises(write.connection)
            for statement in CLEAR:
                write.connection.execute(statement)
            db.table("desk_setting").insert_all(settings_rows(content.settings))
            if promises(write.connection) != promised:
                look_again(write.connection)
            db.table("intent").insert_all(intent_row(intent) for intent in content.intents)
            db.table("template").insert_all(template_row(entry) for entry in content.templates)
            db.table("article").insert_all(article_row(entry, at) for entry in content.articles)
            db.table("golden_case").insert_all(asdict(case) for case in content.golden)
            # A correction that comes back with an exported desk is the one that stayed.
            left = write.connection.execute("SELECT * FROM example")
            stayed = [example_from(row) for row in left]
            kept = {_taught(example) for example in (*stayed, *undisputed(stayed))}
            fresh = [
                example
                for example in content.examples
                if example.source != "correction" and _taught(example) not in kept
            ]
            db.table("example").insert_all(_example_rows(fresh, at))
            contest_gone(write.connection)
            note(write, "content.replace", "content", at, f"{len(content.intents)} intents")

    def save_promises(self, sla: Sla | None, hours: Hours | None) -> None:
        """How soon the desk replies and resolves; the clocks of active tickets follow."""
        at = self._now()
        with self._changing(at) as write:
            rows = [
                {"name": "sla", "value": to_json(sla)},
                {"name": "hours", "value": to_json(hours)},
            ]
            write.database.table("desk_setting").upsert_all(rows, pk="name")
            note(write, "promises.save", "", at)
            look_again(write.connection)

    def save_intent(self, intent: Intent) -> None:
        """Add the intent, or replace the one of its name."""
        _require(intent.name, "name")
        with self._changing() as write:
            write.database.table("intent").upsert(intent_row(intent), pk="name")
            note(write, "intent.save", intent.name, self._now())

    def delete_intent(self, name: str) -> None:
        """Remove it; ``Conflict`` naming what uses it."""
        with self._changing() as write:
            for kind, sql in USES.items():
                used = write.connection.execute(sql, {"name": name}).fetchone()[0]
                if used:
                    raise Conflict(f"{used} {kind}(s) use the intent {name}.", used_by=kind)
            _delete(write, "intent", "name", name)
            contest_gone(write.connection)
            note(write, "intent.delete", name, self._now())

    def save_template(self, template: Template) -> None:
        """Add the template, or replace the one of its name; its intent must exist."""
        _require(template.name, "name")
        with self._changing() as write:
            check_template(template, intent_names(write.connection))
            write.database.table("template").upsert(template_row(template), pk="name")
            note(write, "template.save", template.name, self._now())

    def delete_template(self, name: str) -> None:
        """Remove it; ``NotFound`` when it is not there."""
        with self._changing() as write:
            _delete(write, "template", "name", name)
            note(write, "template.delete", name, self._now())

    def add_examples(self, examples: Sequence[Example]) -> list[Example]:
        """Add; an empty id is filled in, and so is an empty time."""
        at = self._now()
        added = [replace(e, id=e.id or new_id("exa"), at=e.at or at) for e in examples]
        with self._changing(at) as write:
            intents = intent_names(write.connection)
            for example in added:
                check_example(example, intents)
                if write.database.table("example").count_where("id = ?", [example.id]):
                    raise Conflict(f"There is an example {example.id} already.")
                write.database.table("example").insert(example_row(example, at))
            named = added[0].id if len(added) == 1 else ""
            note(write, "example.add", named, at, str(len(added)))
        return added

    def save_example(self, example: Example) -> None:
        """Add the example, or replace the one of its id; its intent must exist.

        What follows from labels, its weight and what is contested, stays as it is by now.
        """
        _require(example.id, "id")
        at = self._now()
        with self._changing(at) as write:
            check_example(example, intent_names(write.connection))
            row, table = example_row(example, at), write.database.table("example")
            if table.count_where("id = ?", [example.id]):
                del row["weight"], row["contested"]
            table.upsert(row, pk="id")
            note(write, "example.save", example.id, at)

    def delete_example(self, example_id: str) -> None:
        """Remove it; ``NotFound`` when it is not there."""
        with self._changing() as write:
            _delete(write, "example", "id", example_id)
            note(write, "example.delete", example_id, self._now())

    def save_article(self, article: Article) -> None:
        """Add the article, or replace the one of its id."""
        _require(article.id, "id")
        at = self._now()
        with self._changing(at) as write:
            write.database.table("article").upsert(article_row(article, at), pk="id")
            note(write, "article.save", article.id, at)

    def delete_article(self, article_id: str) -> None:
        """Remove it; ``NotFound`` when it is not there."""
        with self._changing() as write:
            _delete(write, "article", "id", article_id)
            note(write, "article.delete", article_id, self._now())

    @contextlib.contextmanager
    def _changing(self, at: str = "") -> Iterator[Transaction]:
        """A write of content; the revision grows with it."""
        with self._writing() as write:
            yield write
            raise_revision(write, at or self._now())


def _example_rows(examples: Sequence[Example], at: str) -> list[dict[str, Any]]:
    return [example_row(replace(e, id=e.id or new_id("exa")), at) for e in examples]


def _taught(example: Example) -> tuple[object, ...]:
    """What training learns from it: two examples that are equal in this are one."""
    entities = [sorted(entity.items()) for entity in example.entities or ()]
    return (example.text, example.intent, example.sentiment, example.split, to_json(entities))


def _require(value: str, field: str) -> None:
    if not value:
        raise InvalidInput(f"The {field} is empty.", field=field)


def _delete(write: Transaction, table: str, key: str, value: str) -> None:
    rows = write.database.table(table)
    if not rows.count_where(f"{key} = ?", [value]):
        raise NotFound(f"There is no {table} {value}.")
    rows.delete(value)
