"""Webhooks, and what became of what was sent to them."""

from service.web.responses.schema import (
    ANY_OBJECT,
    FLAG,
    TEXT,
    TIME,
    WHOLE,
    Schema,
    either,
    fields,
    many,
    words,
)

WEBHOOK = fields(
    {
        "id": TEXT,
        "address": TEXT,
        "description": TEXT,
        "events": many(TEXT),
        "with_texts": FLAG,
        "active": FLAG,
        "stopped": words("", "gone", "failing"),
        "failing_since": either(TIME),
        "old_secret_until": either(TIME),
        "created_at": TIME,
        "updated_at": TIME,
    }
)
TRY = {"at": TIME, "status": either(WHOLE), "problem": TEXT, "took_ms": WHOLE}
DELIVERY = fields(
    {
        "id": TEXT,
        "event": TEXT,
        "state": words("waiting", "delivered", "failed"),
        "created_at": TIME,
        "next_at": either(TIME),
        "tries": WHOLE,
        "last": either(fields(TRY)),
    },
    told=many(fields({**TRY, "answer": TEXT})),
    body=ANY_OBJECT,
)

SCHEMAS: dict[str, Schema] = {
    "Webhooks": fields(
        {"webhooks": many(WEBHOOK), "events": many(fields({"event": TEXT, "text": TEXT}))}
    ),
    "Webhook": fields({"webhook": WEBHOOK}),
    "WebhookMade": fields({"webhook": WEBHOOK, "secret": TEXT}),
    "Deliveries": fields({"deliveries": many(DELIVERY), "more": FLAG}),
    "Delivery": fields({"delivery": DELIVERY}),
}
