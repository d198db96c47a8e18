"""The operators' API for content: intents, templates, examples, articles.

Every change is checked against the rest of the content before it is saved; the engine notices the
new revision by itself.
"""

from dataclasses import asdict, replace
from typing import Any

from flask import Blueprint, request

from index.records import OUT_OF_SCOPE
from service.content import check
from service.errors import Conflict, ContentError, InvalidInput, NotFound
from service.records import Article, Content, Example, Intent, Template
from service.web.context import operator_required, parts
from service.web.inputs import (
    ArticleChange,
    IntentChange,
    NewArticle,
    NewExample,
    NewIntent,
    NewTemplate,
    TemplateChange,
    no_body,
    query_number,
    read_body,
)
from service.web.operations import operation

blueprint = Blueprint("content", __name__, url_prefix="/api/v1")

Json = dict[str, Any]


def fits(content: Content) -> None:
    """Raise ``InvalidInput`` when the changed content does not fit together."""
    try:
        check(content, "content")
    except ContentError as error:
        raise InvalidInput(error.message.removeprefix("content: ")) from None


# --- intents -------------------------------------------------------------------------------------


@blueprint.get("/intents")
@operation("Every intent.", returns={200: "Intents"}, auth="operator")
@operator_required
def list_intents() -> Json:
    content = parts().store.content()
    counts: dict[str | None, int] = {}
    for example in content.examples:
        counts[example.intent] = counts.get(example.intent, 0) + 1
    return {"intents": [{**asdict(i), "examples": counts.get(i.name, 0)} for i in content.intents]}


@blueprint.post("/intents")
@operation("Add an intent.", body=NewIntent, returns={201: "Intent"}, auth="operator")
@operator_required
def add_intent() -> tuple[Json, int]:
    body = read_body(NewIntent)
    content = parts().store.content()
    if any(intent.name == body.name for intent in content.intents):
        raise Conflict(f"There is an intent {body.name!r} already.")
    return _save_intent(content, body.name, body), 201


@blueprint.put("/intents/<name>")
@operation("Change an intent.", body=IntentChange, returns={200: "Intent"}, auth="operator")
@operator_required
def change_intent(name: str) -> Json:
    body = read_body(IntentChange)
    content = parts().store.content()
    if not any(intent.name == name for intent in content.intents):
        raise NotFound(f"There is no intent {name!r}.")
    return _save_intent(content, name, body)


def _save_intent(content: Content, name: str, body: IntentChange) -> Json:
    fields = body.model_dump() | {"name": name, "slots": tuple(body.slots)}
    intent = Intent(**fields)
    others = [i for i in content.intents if i.name != name]
    fits(replace(content, intents=(*others, intent)))
    parts().store.save_intent(intent)
    return {"intent": asdict(intent)}


@blueprint.delete("/intents/<name>")
@operation("Remove an intent that nothing uses.", returns={204: "Nothing"}, auth="operator")
@operator_required
def remove_intent(name: str) -> tuple[str, int]:
    no_body()
    parts().store.delete_intent(name)
    return "", 204


# --- templates -----------------------------------------------------------------------------------


@blueprint.get("/templates")
@operation("Every template.", returns={200: "Templates"}, auth="operator")
@operator_required
def list_templates() -> Json:
    return {"templates": [asdict(template) for template in parts().store.content().templates]}


@blueprint.post("/templates")
@operation("Add a template.", body=NewTemplate, returns={201: "Template"}, auth="operator")
@operator_required
def add_template() -> tuple[Json, int]:
    body = read_body(NewTemplate)
    content = parts().store.content()
    if any(template.name == body.name for template in content.templates):
        raise Conflict(f"There is a template {body.name!r} already.")
    return _save_template(content, body.name, body), 201


@blueprint.put("/templates/<name>")
@operation("Change a template.", body=TemplateChange, returns={200: "Template"}, auth="operator")
@operator_required
def change_template(name: str) -> Json:
    body = read_body(TemplateChange)
    content = parts().store.content()
    if not any(template.name == name for template in content.templates):
        raise NotFound(f"There is no template {name!r}.")
    return _save_template(content, name, body)


def _save_template(content: Content, name: str, body: TemplateChange) -> Json:
    template = Template(name, body.intent, body.text, body.sentiment)
    others = [t for t in content.templates if t.name != name]
    fits(replace(content, templates=(*others, template)))
    parts().store.save_template(template)
    return {"template": asdict(template)}


@blueprint.delete("/templates/<name>")
@operation("Remove a template.", returns={204: "Nothing"}, auth="operator")
@operator_required
def remove_template(name: str) -> tuple[str, int]:
    no_body()
    parts().store.delete_template(name)
    return "", 204


# --- examples ------------------------------------------------------------------------------------


@blueprint.get("/examples")
@operation(
    "Examples, newest first.",
    query={"intent": "name of an intent", "limit": "1 to 1000", "offset": "how many to pass over"},
    returns={200: "Examples"},
    auth="operator",
)
@operator_required
def list_examples() -> Json:
    intent = request.args.get("intent")
    examples = [
        example
        for example in reversed(parts().store.content().examples)
        if intent in (None, "", example.intent)
    ]
    offset, limit = query_number("offset", 0, 0, 10**9), query_number("limit", 200, 1, 1000)
    shown = [asdict(example) for example in examples[offset : offset + limit]]
    return {"examples": shown, "total": len(examples)}


@blueprint.post("/examples")
@operation("Add an example.", body=NewExample, returns={201: "Example"}, auth="operator")
@operator_required
def add_example() -> tuple[Json, int]:
    example = _example("", read_body(NewExample))
    return {"example": asdict(parts().store.add_examples([example])[0])}, 201


@blueprint.put("/examples/<example_id>")
@operation("Change an example.", body=NewExample, returns={200: "Example"}, auth="operator")
@operator_required
def change_example(example_id: str) -> Json:
    body = read_body(NewExample)
    known = next((e for e in parts().store.content().examples if e.id == example_id), None)
    if known is None:
        raise NotFound(f"There is no example {example_id!r}.")
    # What a correction taught stays tied to its message, and is contested as it was.
    kept = ("source", "message_id", "operator_id", "weight", "contested")
    fields = {name: getattr(known, name) for name in kept}
    example = replace(_example(example_id, body), **fields)
    parts().store.save_example(example)
    return {"example": asdict(example)}


def _example(example_id: str, body: NewExample) -> Example:
    intents = {intent.name for intent in parts().store.content().intents} | {OUT_OF_SCOPE}
    if body.intent is not None and body.intent not in intents:
        raise InvalidInput(f"intent: there is no intent {body.intent!r}.", field="intent")
    if body.intent is None and body.sentiment is None:
        raise InvalidInput("An example needs an intent or a sentiment.")
    text = body.text.strip()
    return Example(
        example_id, text, body.intent, body.sentiment, _spans(body), body.split, "operator"
    )


def _spans(body: NewExample) -> tuple[Json, ...] | None:
    """The spans, counted in the text without the spaces around it."""
    cut = len(body.text) - len(body.text.lstrip())
    last = 0
    spans = []
    for span in sorted(body.entities or (), key=lambda span: span.start):
        start, end = span.start - cut, span.end - cut
        if not last <= start < end <= len(body.text.strip()):
            message = "entities: spans must lie within the text and not overlap."
            raise InvalidInput(message, field="entities")
        spans.append({"start": start, "end": end, "label": span.label})
        last = end
    return tuple(spans) or None


@blueprint.delete("/examples/<example_id>")
@operation("Remove an example.", returns={204: "Nothing"}, auth="operator")
@operator_required
def remove_example(example_id: str) -> tuple[str, int]:
    no_body()
    parts().store.delete_example(example_id)
    return "", 204


# --- articles ------------------------------------------------------------------------------------


@blueprint.get("/articles")
@operation("Every article.", returns={200: "Articles"}, auth="operator")
@operator_required
def list_articles() -> Json:
    return {"articles": [asdict(article) for article in parts().store.content().articles]}


@blueprint.post("/articles")
@operation("Add an article.", body=NewArticle, returns={201: "Article"}, auth="operator")
@operator_required
def add_article() -> tuple[Json, int]:
    body = read_body(NewArticle)
    content = parts().store.content()
    if any(article.id == body.id for article in content.articles):
        raise Conflict(f"There is an article {body.id!r} already.")
    return _save_article(content, body.id, body), 201


@blueprint.put("/articles/<article_id>")
@operation("Change an article.", body=ArticleChange, returns={200: "Article"}, auth="operator")
@operator_required
def change_article(article_id: str) -> Json:
    body = read_body(ArticleChange)
    content = parts().store.content()
    if not any(article.id == article_id for article in content.articles):
        raise NotFound(f"There is no article {article_id!r}.")
    return _save_article(content, article_id, body)


def _save_article(content: Content, article_id: str, body: ArticleChange) -> Json:
    article = Article(article_id, body.title, body.text, tuple(body.intents))
    others = [a for a in content.articles if a.id != article_id]
    fits(replace(content, articles=(*others, article)))
    parts().store.save_article(article)
    return {"article": asdict(article)}


@blueprint.delete("/articles/<article_id>")
@operation("Remove an article.", returns={204: "Nothing"}, auth="operator")
@operator_required
def remove_article(article_id: str) -> tuple[str, int]:
    no_body()
    parts().store.delete_article(article_id)
    return "", 204
