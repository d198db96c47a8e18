"""Webhooks, and what became of what was sent to them; never a secret."""

from typing import Any

import orjson

from service.webhooks import Delivery, Try, Webhook


def webhook_json(webhook: Webhook) -> dict[str, Any]:
    """A webhook as admins see it; its secret is told once, elsewhere."""
    fields = {name: getattr(webhook, name) for name in Webhook.__slots__}
    return {**fields, "events": list(webhook.events)}


def delivery_json(delivery: Delivery) -> dict[str, Any]:
    """A delivery; alone, it has its tries with their answers, and what would be sent now."""
    names = ("id", "event", "state", "created_at", "next_at")
    last = delivery.tries[-1] if delivery.tries else None
    shape = {
        **{name: getattr(delivery, name) for name in names},
        "tries": len(delivery.tries),
        "last": {n: getattr(last, n) for n in ("at", "status", "problem", "took_ms")}
        if last
        else None,
    }
    if delivery.body is None:
        return shape
    told = [{n: getattr(one, n) for n in Try.__slots__} for one in delivery.tries]
    return {**shape, "told": told, "body": orjson.loads(delivery.body)}
