"""Saves one item of content for the operator who asks, if it fits together with all the rest.

Used by the routes of content, of golden cases and facts, and of the history, so that restoring is
checked like writing. Every save is kept in the history under the operator's name.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import g, request

from service.content import check
from service.errors import ContentError, InvalidInput
from service.records.content import (
    Article,
    Content,
    ContentKind,
    Example,
    GoldenCase,
    Intent,
    Template,
)
from service.versions import Item, facts_json, item_json, version_of
from service.web.context import parts

Json = dict[str, Any]


def fits(content: Content) -> None:
    """Raise ``InvalidInput`` when the changed content does not fit together."""
    try:
        check(content, "content")
    except ContentError as error:
        raise InvalidInput(error.message.removeprefix("content: ")) from None


def told(kind: ContentKind, item: Item) -> Json:
    """An item as the API tells it: with the version that an editor sends back."""
    shape = item_json(item)
    return shape | {"version": version_of(kind, shape)}


def seen_version() -> str | None:
    """The version of what a DELETE means to remove, if the caller says it."""
    return request.args.get("version")


def save_intent(intent: Intent, seen: str | None) -> None:
    content = parts().store.content()
    others = (entry for entry in content.intents if entry.name != intent.name)
    fits(replace(content, intents=(*others, intent)))
    parts().store.save_intent(intent, by=g.operator.id, seen=seen)


def save_template(template: Template, seen: str | None) -> None:
    content = parts().store.content()
    others = (entry for entry in content.templates if entry.name != template.name)
    fits(replace(content, templates=(*others, template)))
    parts().store.save_template(template, by=g.operator.id, seen=seen)


def save_example(example: Example, seen: str | None) -> None:
    parts().store.save_example(example, by=g.operator.id, seen=seen)


def save_article(article: Article, seen: str | None) -> None:
    content = parts().store.content()
    others = (entry for entry in content.articles if entry.id != article.id)
    fits(replace(content, articles=(*others, article)))
    parts().store.save_article(article, by=g.operator.id, seen=seen)


def save_golden(case: GoldenCase, seen: str | None) -> GoldenCase:
    return parts().store.save_golden(case, by=g.operator.id, seen=seen)


def save_facts(facts: Mapping[str, str], seen: str | None) -> None:
    content = parts().store.content()
    fits(replace(content, settings=replace(content.settings, facts=facts)))
    parts().store.save_facts(facts, by=g.operator.id, seen=seen)


def facts_told() -> Json:
    """The desk's facts with their version."""
    shape = facts_json(parts().store.content().settings.facts)
    return shape | {"version": version_of("facts", shape)}
