"""What people write for the desk, in the SQLite store: one truth, read as one snapshot.

Every write raises the content revision and tells of it, so that engines know when to look
again. Nothing is cached here.
"""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from service.content import check
from service.errors import Conflict, InvalidInput, NotFound
from service.labels import counting
from service.records.content import (
    Article,
    Content,
    ContentKind,
    Example,
    GoldenCase,
    Intent,
    Template,
)
from service.records.settings import Hours, Sla
from service.records.words import ContactForm
from service.sqlite.audit import note, require_seen
from service.sqlite.base import Part
from service.sqlite.commit import Transaction
from service.sqlite.content_history import kept, record_replaced
from service.sqlite.content_rows import (
    check_article,
    check_example,
    check_golden,
    check_template,
    content_revision,
    intent_names,
    look_again,
    raise_revision,
    settings_from,
)
from service.sqlite.content_snapshot import read_content, replace_all
from service.sqlite.ids import new_id
from service.sqlite.label_rows import contest_gone, labels_of, weigh_again
from service.sqlite.rows import (
    article_row,
    example_row,
    golden_row,
    intent_row,
    template_row,
    to_json,
)
from service.sqlite.turns import find_message
from service.versions import promises_json

SAVE_GOLDEN = """
INSERT INTO golden_case (id, text, intent, action) VALUES (:id, :text, :intent, :action)
ON CONFLICT (id) DO UPDATE SET text = excluded.text, intent = excluded.intent,
  action = excluded.action
"""
SAVE_FACTS = """
INSERT INTO desk_setting (name, value) VALUES ('facts', ?)
ON CONFLICT (name) DO UPDATE SET value = excluded.value
"""
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
            return read_content(db)

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
            before = read_content(write.connection)
            replace_all(write, before, content, at)
            if before.revision:  # history begins with the first content, which it need not copy
                record_replaced(write, before, read_content(write.connection), at)
            note(write, "content.replace", "content", at, f"{len(content.intents)} intents")

    def save_promises(
        self,
        sla: Sla | None,
        hours: Hours | None,
        contact_form: ContactForm | None = None,
        *,
        seen: str | None = None,
    ) -> None:
        """How soon the desk replies and resolves; the clocks of active tickets follow."""
        at = self._now()
        with self._changing(at) as write:
            before = settings_from(write.connection)
            standing = promises_json(before.sla, before.hours, before.contact_form)
            require_seen(write, "promises.save", standing, seen)
            form = contact_form or before.contact_form
            values = {"sla": sla, "hours": hours, "contact_form": form}
            rows = [{"name": name, "value": to_json(value)} for name, value in values.items()]
            write.database.table("desk_setting").upsert_all(rows, pk="name")
            note(write, "promises.save", "", at)
            look_again(write.connection)

    def save_intent(
        self, intent: Intent, *, by: str | None = None, seen: str | None = None
    ) -> None:
        """Add the intent, or replace the one of its name."""
        _require(intent.name, "name")
        with self._editing("intent", intent.name, by, seen) as write:
            write.database.table("intent").upsert(intent_row(intent), pk="name")
            note(write, "intent.save", intent.name, self._now())

    def delete_intent(self, name: str, *, by: str | None = None, seen: str | None = None) -> None:
        """Remove it; ``Conflict`` naming what uses it."""
        with self._editing("intent", name, by, seen) as write:
            for kind, sql in USES.items():
                used = write.connection.execute(sql, {"name": name}).fetchone()[0]
                if used:
                    raise Conflict(f"{used} {kind}(s) use the intent {name}.", used_by=kind)
            _delete(write, "intent", "name", name)
            contest_gone(write.connection)
            note(write, "intent.delete", name, self._now())

    def save_template(
        self, template: Template, *, by: str | None = None, seen: str | None = None
    ) -> None:
        """Add the template, or replace the one of its name; its intent must exist."""
        _require(template.name, "name")
        with self._editing("template", template.name, by, seen) as write:
            check_template(template, intent_names(write.connection))
            write.database.table("template").upsert(template_row(template), pk="name")
            note(write, "template.save", template.name, self._now())

    def delete_template(self, name: str, *, by: str | None = None, seen: str | None = None) -> None:
        """Remove it; ``NotFound`` when it is not there."""
        with self._editing("template", name, by, seen) as write:
            _delete(write, "template", "name", name)
            note(write, "template.delete", name, self._now())

    def add_examples(self, examples: Sequence[Example], *, by: str | None = None) -> list[Example]:
        """Add; an empty id is filled in, and so is an empty time."""
        at = self._now()
        added = [replace(e, id=e.id or new_id("exa"), at=e.at or at) for e in examples]
        with self._changing(at) as write:
            intents = intent_names(write.connection)
            for example in added:
                check_example(example, intents)
                if write.database.table("example").count_where("id = ?", [example.id]):
                    raise Conflict(f"There is an example {example.id} already.")
                with kept(write, "example", example.id, at, by):
                    write.database.table("example").insert(example_row(example, at))
            named = added[0].id if len(added) == 1 else ""
            note(write, "example.add", named, at, str(len(added)))
        return added

    def save_example(
        self, example: Example, *, by: str | None = None, seen: str | None = None
    ) -> None:
        """Add the example, or replace the one of its id; its intent must exist.

        What follows from labels, its weight and what is contested, stays as it is by now.
        """
        _require(example.id, "id")
        at = self._now()
        with self._editing("example", example.id, by, seen, at) as write:
            check_example(example, intent_names(write.connection))
            row, table = example_row(example, at), write.database.table("example")
            known = table.count_where("id = ?", [example.id])
            if known:
                del row["weight"], row["contested"]
            else:
                _require_message(write, example)
            table.upsert(row, pk="id")
            if not known and example.source == "correction" and example.message_id:
                weigh_again(write.connection, find_message(write.connection, example.message_id))
            note(write, "example.save", example.id, at)

    def delete_example(
        self, example_id: str, *, by: str | None = None, seen: str | None = None
    ) -> None:
        """Remove it; ``NotFound`` when it is not there."""
        with self._editing("example", example_id, by, seen) as write:
            _delete(write, "example", "id", example_id)
            note(write, "example.delete", example_id, self._now())

    def save_article(
        self, article: Article, *, by: str | None = None, seen: str | None = None
    ) -> None:
        """Add the article, or replace the one of its id."""
        _require(article.id, "id")
        at = self._now()
        with self._editing("article", article.id, by, seen, at) as write:
            check_article(article, intent_names(write.connection))
            write.database.table("article").upsert(article_row(article, at), pk="id")
            note(write, "article.save", article.id, at)

    def delete_article(
        self, article_id: str, *, by: str | None = None, seen: str | None = None
    ) -> None:
        """Remove it; ``NotFound`` when it is not there."""
        with self._editing("article", article_id, by, seen) as write:
            _delete(write, "article", "id", article_id)
            note(write, "article.delete", article_id, self._now())

    def save_golden(
        self, case: GoldenCase, *, by: str | None = None, seen: str | None = None
    ) -> GoldenCase:
        """Add the golden case, an empty id filled in, or replace the one of its id."""
        named = replace(case, id=case.id or new_id("gld"))
        with self._editing("golden_case", named.id, by, seen) as write:
            check_golden(named, intent_names(write.connection))
            write.connection.execute(SAVE_GOLDEN, golden_row(named))
            note(write, "golden.save", named.id, self._now())
        return named

    def delete_golden(
        self, case_id: str, *, by: str | None = None, seen: str | None = None
    ) -> None:
        """Remove it; ``NotFound`` when it is not there."""
        with self._editing("golden_case", case_id, by, seen) as write:
            gone = write.connection.execute("DELETE FROM golden_case WHERE id = ?", (case_id,))
            if not gone.rowcount:
                raise NotFound(f"There is no golden case {case_id}.")
            note(write, "golden.delete", case_id, self._now())

    def save_facts(
        self, facts: Mapping[str, str], *, by: str | None = None, seen: str | None = None
    ) -> None:
        """Replace the desk's facts, all of them."""
        with self._editing("facts", "facts", by, seen) as write:
            write.connection.execute(SAVE_FACTS, (to_json(dict(facts)),))
            note(write, "facts.save", "facts", self._now())

    @contextlib.contextmanager
    def _editing(
        self, kind: ContentKind, name: str, by: str | None, seen: str | None, at: str = ""
    ) -> Iterator[Transaction]:
        """A write of one item, kept in the history."""
        at = at or self._now()
        with self._changing(at) as write, kept(write, kind, name, at, by, seen):
            yield write

    @contextlib.contextmanager
    def _changing(self, at: str = "") -> Iterator[Transaction]:
        """A write of content; the revision grows with it."""
        with self._writing() as write:
            yield write
            raise_revision(write, at or self._now())


def _require(value: str, field: str) -> None:
    if not value:
        raise InvalidInput(f"The {field} is empty.", field=field)


def _require_message(write: Transaction, example: Example) -> None:
    """Bring back only what its message still stands for: an erasure may have been faster, another
    label may have made the message's example anew, and the last one may have been taken back."""
    if example.message_id is None:
        return
    db, of = write.connection, (example.message_id,)
    if not db.execute("SELECT 1 FROM message WHERE id = ?", of).fetchone():
        raise NotFound("The message that this example came from was erased.")
    taken = "SELECT 1 FROM example WHERE source = 'correction' AND message_id = ?"
    if example.source == "correction":
        if db.execute(taken, of).fetchone():
            raise Conflict("The message that this example came from has another one by now.")
        if counting(labels_of(db, of)) is None:
            raise Conflict("The label that this example came from was taken back.")


def _delete(write: Transaction, table: str, key: str, value: str) -> None:
    rows = write.database.table(table)
    if not rows.count_where(f"{key} = ?", [value]):
        raise NotFound(f"There is no {table} {value}.")
    rows.delete(value)
