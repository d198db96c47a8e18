"""The review queue."""

from service.web.responses.schema import (
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

PROPOSAL = fields(
    {
        "id": TEXT,
        "kind": words("label", "intent", "answer"),
        "source": words("review", "history"),
        "state": words("open", "accepted", "dismissed"),
        "name": TEXT,
        "title": TEXT,
        "answer": TEXT,
        "intent": either(TEXT),
        "texts": many(fields({"place": WHOLE, "text": TEXT, "message_id": either(TEXT)})),
        "count": WHOLE,
        "share": NUMBER,
        "value": NUMBER,
        "handed_over": WHOLE,
        "unhelpful": WHOLE,
        "confidence": either(NUMBER),
        "made_at": TIME,
        "decided_at": either(TIME),
        "decided_by": either(TEXT),
    }
)

SCHEMAS: dict[str, Schema] = {
    "Review": fields({"proposals": many(PROPOSAL), "open": WHOLE}),
    "Decided": fields({"proposal": PROPOSAL}),
}
