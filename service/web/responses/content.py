"""What people write for the desk, and its history."""

from service.web.responses.schema import (
    ANY_OBJECT,
    FLAG,
    NUMBER,
    TEXT,
    TIME,
    WHOLE,
    Schema,
    either,
    fields,
    many,
    words,
)
from service.web.responses.shared import PERSON, PRIORITY, SENTIMENT

INTENT = fields(
    {
        "name": TEXT,
        "group": TEXT,
        "title": TEXT,
        "description": TEXT,
        "slots": many(TEXT),
        "action": words("answer", "handoff"),
        "priority": PRIORITY,
    },
    examples=WHOLE,
    version=TEXT,
)
TEMPLATE = fields(
    {"name": TEXT, "intent": TEXT, "text": TEXT, "sentiment": either(SENTIMENT)},
    version=TEXT,
    used=WHOLE,
    helpful=WHOLE,
    unhelpful=WHOLE,
)
EXAMPLE = fields(
    {"id": TEXT, "text": TEXT, "intent": either(TEXT), "sentiment": either(SENTIMENT)},
    entities=either(many(ANY_OBJECT)),
    split=either(TEXT),
    source=TEXT,
    weight=NUMBER,
    contested=many(words("intent", "sentiment")),
    version=TEXT,
)
ARTICLE = fields({"id": TEXT, "title": TEXT, "text": TEXT, "intents": many(TEXT)}, version=TEXT)
GOLDEN_CASE = fields(
    {
        "id": TEXT,
        "text": TEXT,
        "intent": TEXT,
        "action": words("answer", "clarify", "ask", "handoff", "none"),
        "version": TEXT,
    }
)
CONTENT_KIND = words("intent", "template", "example", "article", "golden_case", "facts")
CONTENT_CHANGE = fields(
    {
        "id": WHOLE,
        "kind": CONTENT_KIND,
        "name": TEXT,
        "before": either(ANY_OBJECT),
        "after": either(ANY_OBJECT),
        "at": TIME,
        "operator": either(PERSON),
    }
)

SCHEMAS: dict[str, Schema] = {
    "Intents": fields({"intents": many(INTENT)}),
    "Intent": fields({"intent": INTENT}),
    "Templates": fields({"templates": many(TEMPLATE)}),
    "Template": fields({"template": TEMPLATE}),
    "Examples": fields({"examples": many(EXAMPLE), "total": WHOLE}),
    "Example": fields({"example": EXAMPLE}, doubts=many(fields({"kind": TEXT, "told": TEXT}))),
    "Articles": fields({"articles": many(ARTICLE)}),
    "Article": fields({"article": ARTICLE}),
    "GoldenCases": fields({"golden": many(GOLDEN_CASE)}),
    "GoldenCase": fields({"golden_case": GOLDEN_CASE}),
    "Facts": fields(
        {
            "facts": {"type": "object", "additionalProperties": TEXT},
            "version": TEXT,
            "slots": many(fields({"name": TEXT, "title": TEXT})),
            "used": {"type": "object", "additionalProperties": many(TEXT)},
        }
    ),
    "ContentHistory": fields({"changes": many(CONTENT_CHANGE), "more": FLAG}),
    "ContentRestored": fields({"kind": CONTENT_KIND, "name": TEXT, "version": TEXT}),
}
