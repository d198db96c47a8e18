"""The operators' API for content: intents, templates, examples, articles.

Every change is checked against the rest of the content before it is saved; the engine notices the
new revision by itself.
"""

from dataclasses import asdict, replace
from typing import Any

from flask import Blueprint, g, request

from index.records import OUT_OF_SCOPE
from service.errors import InvalidInput, NotFound
from service.example_lint import doubts
from service.records.content import Article, Example, Intent, Template, Usage
from service.versions import NOT_THERE
from service.web.context import operator_required, parts
from service.web.inputs.content import (
    ArticleChange,
    IntentChange,
    NewArticle,
    NewExample,
    NewIntent,
    NewTemplate,
    TemplateChange,
)
from service.web.inputs.parsing import no_body, query_number, read_body
from service.web.operations import operation
from service.web.saving import (
    save_article,
    save_example,
    save_intent,
    save_template,
    seen_version,
    told,
)

blueprint = Blueprint("content", __name__, url_prefix="/api/v1")

Json = dict[str, Any]

VERSION = {"version": "only if it is still this one, else 409 with what is there now"}


# --- intents -------------------------------------------------------------------------------------


@blueprint.get("/intents")
@operation("Every intent.", returns={200: "Intents"}, auth="operator")
@operator_required
def list_intents() -> Json:
    content = parts().store.content()
    counts: dict[str | None, int] = {}
    for example in content.examples:
        counts[example.intent] = counts.get(example.intent, 0) + 1
    return {
        "intents": [
            told("intent", intent) | {"examples": counts.get(intent.name, 0)}
            for intent in content.intents
        ]
    }


@blueprint.post("/intents")
@operation("Add an intent.", body=NewIntent, returns={201: "Intent"}, auth="operator")
@operator_required
def add_intent() -> tuple[Json, int]:
    body = read_body(NewIntent)
    return _save_intent(body.name, body, NOT_THERE), 201


@blueprint.put("/intents/<name>")
@operation("Change an intent.", body=IntentChange, returns={200: "Intent"}, auth="operator")
@operator_required
def change_intent(name: str) -> Json:
    body = read_body(IntentChange)
    content = parts().store.content()
    if not any(intent.name == name for intent in content.intents):
        raise NotFound(f"There is no intent {name!r}.")
    return _save_intent(name, body, body.version)


def _save_intent(name: str, body: IntentChange, seen: str | None) -> Json:
    fields = body.model_dump(exclude={"version"}) | {"name": name, "slots": tuple(body.slots)}
    intent = Intent(**fields)
    save_intent(intent, seen)
    return {"intent": told("intent", intent)}


@blueprint.delete("/intents/<name>")
@operation(
    "Remove an intent that nothing uses.", query=VERSION, returns={204: "Nothing"}, auth="operator"
)
@operator_required
def remove_intent(name: str) -> tuple[str, int]:
    no_body()
    parts().store.delete_intent(name, by=g.operator.id, seen=seen_version())
    return "", 204


# --- templates -----------------------------------------------------------------------------------


@blueprint.get("/templates")
@operation(
    "Every template, with how often it was sent and what customers thought of it.",
    returns={200: "Templates"},
    auth="operator",
)
@operator_required
def list_templates() -> Json:
    store = parts().store
    usage = store.template_usage()
    return {
        "templates": [
            told("template", template) | asdict(usage.get(template.name, Usage()))
            for template in store.content().templates
        ]
    }


@blueprint.post("/templates")
@operation("Add a template.", body=NewTemplate, returns={201: "Template"}, auth="operator")
@operator_required
def add_template() -> tuple[Json, int]:
    body = read_body(NewTemplate)
    return _save_template(body.name, body, NOT_THERE), 201


@blueprint.put("/templates/<name>")
@operation("Change a template.", body=TemplateChange, returns={200: "Template"}, auth="operator")
@operator_required
def change_template(name: str) -> Json:
    body = read_body(TemplateChange)
    content = parts().store.content()
    if not any(template.name == name for template in content.templates):
        raise NotFound(f"There is no template {name!r}.")
    return _save_template(name, body, body.version)


def _save_template(name: str, body: TemplateChange, seen: str | None) -> Json:
    template = Template(name, body.intent, body.text, body.sentiment)
    save_template(template, seen)
    return {"template": told("template", template)}


@blueprint.delete("/templates/<name>")
@operation("Remove a template.", query=VERSION, returns={204: "Nothing"}, auth="operator")
@operator_required
def remove_template(name: str) -> tuple[str, int]:
    no_body()
    parts().store.delete_template(name, by=g.operator.id, seen=seen_version())
    return "", 204


# --- examples ------------------------------------------------------------------------------------


@blueprint.get("/examples")
@operation(
    "Examples, newest first.",
    query={
        "intent": "name of an intent",
        "q": "words that they hold",
        "limit": "1 to 1000",
        "offset": "how many to pass over",
    },
    returns={200: "Examples"},
    auth="operator",
)
@operator_required
def list_examples() -> Json:
    intent = request.args.get("intent")
    words = request.args.get("q", "").strip().casefold()
    examples = [
        example
        for example in reversed(parts().store.content().examples)
        if intent in (None, "", example.intent) and words in example.text.casefold()
    ]
    offset, limit = query_number("offset", 0, 0, 10**9), query_number("limit", 200, 1, 1000)
    shown = [told("example", example) for example in examples[offset : offset + limit]]
    return {"examples": shown, "total": len(examples)}


@blueprint.post("/examples")
@operation("Add an example.", body=NewExample, returns={201: "Example"}, auth="operator")
@operator_required
def add_example() -> tuple[Json, int]:
    example = _example("", read_body(NewExample))
    added = parts().store.add_examples([example], by=g.operator.id)[0]
    return _told_example(added), 201


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
    save_example(example, body.version)
    return _told_example(example)


def _told_example(example: Example) -> Json:
    """The example with what the lint would say of it."""
    found = doubts(example, parts().store.content().examples)
    return {"example": told("example", example), "doubts": found}


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
@operation("Remove an example.", query=VERSION, returns={204: "Nothing"}, auth="operator")
@operator_required
def remove_example(example_id: str) -> tuple[str, int]:
    no_body()
    parts().store.delete_example(example_id, by=g.operator.id, seen=seen_version())
    return "", 204


# --- articles ------------------------------------------------------------------------------------


@blueprint.get("/articles")
@operation("Every article.", returns={200: "Articles"}, auth="operator")
@operator_required
def list_articles() -> Json:
    return {"articles": [told("article", entry) for entry in parts().store.content().articles]}


@blueprint.post("/articles")
@operation("Add an article.", body=NewArticle, returns={201: "Article"}, auth="operator")
@operator_required
def add_article() -> tuple[Json, int]:
    body = read_body(NewArticle)
    return _save_article(body.id, body, NOT_THERE), 201


@blueprint.put("/articles/<article_id>")
@operation("Change an article.", body=ArticleChange, returns={200: "Article"}, auth="operator")
@operator_required
def change_article(article_id: str) -> Json:
    body = read_body(ArticleChange)
    content = parts().store.content()
    if not any(article.id == article_id for article in content.articles):
        raise NotFound(f"There is no article {article_id!r}.")
    return _save_article(article_id, body, body.version)


def _save_article(article_id: str, body: ArticleChange, seen: str | None) -> Json:
    article = Article(article_id, body.title, body.text, tuple(body.intents))
    save_article(article, seen)
    return {"article": told("article", article)}


@blueprint.delete("/articles/<article_id>")
@operation("Remove an article.", query=VERSION, returns={204: "Nothing"}, auth="operator")
@operator_required
def remove_article(article_id: str) -> tuple[str, int]:
    no_body()
    parts().store.delete_article(article_id, by=g.operator.id, seen=seen_version())
    return "", 204
