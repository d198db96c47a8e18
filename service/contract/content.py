"""What people write for the desk: read as one snapshot, written item by item or all at once.

Whoever edits an item says which version of it he saw, so that nobody overwrites another unawares.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from service.records.content import (
    Article,
    Content,
    ContentChange,
    ContentKind,
    Example,
    GoldenCase,
    Intent,
    Template,
    Usage,
)
from service.records.settings import Hours, Sla
from service.records.words import ContactForm


class ContentStore(Protocol):
    """What people write for the desk. Every write raises the content revision."""

    def content(self) -> Content:
        """Everything, as one snapshot."""

    def content_revision(self) -> int:
        """The number that grows with every change of content."""

    def replace_content(self, content: Content) -> None:
        """Make the desk's content equal to this; ``ContentError`` when it does not fit together.
        Examples from corrections stay as they are: an equal one comes in no second time, and those
        of ``content`` are passed over. ``Conflict`` when ``content`` is a snapshot of this store
        that is no longer its newest."""

    def save_promises(
        self,
        sla: Sla | None,
        hours: Hours | None,
        contact_form: ContactForm | None = None,
        *,
        seen: str | None = None,
    ) -> None:
        """How soon the desk replies and resolves; the clocks of active tickets follow. Without a
        ``contact_form`` that stays. With ``seen`` as for every write of one item below."""

    def save_intent(
        self, intent: Intent, *, by: str | None = None, seen: str | None = None
    ) -> None:
        """Add it, or replace the one of its name. Of this and every write of one item below: ``by``
        is the operator, for the history; with ``seen``, the version that was edited
        (`service.versions`), ``Edited`` when it is another one by now."""

    def delete_intent(self, name: str, *, by: str | None = None, seen: str | None = None) -> None:
        """Remove it; ``Conflict`` naming what uses it: a template, an example, an article, a golden
        case, or the desk's suggested or protected intents."""

    def save_template(
        self, template: Template, *, by: str | None = None, seen: str | None = None
    ) -> None: ...

    def delete_template(
        self, name: str, *, by: str | None = None, seen: str | None = None
    ) -> None: ...

    def add_examples(self, examples: Sequence[Example], *, by: str | None = None) -> list[Example]:
        """Add; an empty id is filled in."""

    def save_example(
        self, example: Example, *, by: str | None = None, seen: str | None = None
    ) -> None:
        """Add it, or replace the one of its id, but for ``weight`` and ``contested``: these follow
        from labels, which may have changed since it was read. One that is not there is added only
        if its message still is, ``NotFound``, and has no other example, ``Conflict``."""

    def delete_example(
        self, example_id: str, *, by: str | None = None, seen: str | None = None
    ) -> None: ...

    def save_article(
        self, article: Article, *, by: str | None = None, seen: str | None = None
    ) -> None: ...

    def delete_article(
        self, article_id: str, *, by: str | None = None, seen: str | None = None
    ) -> None: ...

    def save_golden(
        self, case: GoldenCase, *, by: str | None = None, seen: str | None = None
    ) -> GoldenCase:
        """Add it, with an id, or replace the one of its id."""

    def delete_golden(
        self, case_id: str, *, by: str | None = None, seen: str | None = None
    ) -> None: ...

    def save_facts(
        self, facts: Mapping[str, str], *, by: str | None = None, seen: str | None = None
    ) -> None:
        """Replace the desk's facts, all of them; their item is "facts", its name too."""

    def content_changes(
        self,
        kind: ContentKind | None = None,
        name: str | None = None,
        *,
        before: int | None = None,
        limit: int = 50,
    ) -> list[ContentChange]:
        """What changed in content by editing, accepting proposals and imports, the newest first.
        What follows from labels is not among it: labels have a history of their own. Erasing a
        message removes the changes of the example that it made, and of what was typed in its very
        words."""

    def content_change(self, change_id: int) -> ContentChange:
        """One of them."""

    def template_usage(self, since: str = "") -> dict[str, Usage]:
        """How often each template was sent since then, by the desk or an operator."""
