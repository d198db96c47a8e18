"""The admins' API for webhooks: who hears of what, their secrets, and the log of deliveries.

Secrets are shown once, when they are made. What a webhook hears goes on when a session has ended,
so a stolen one is not enough to say where. Delivers nothing itself: `service.courier` does.
"""

from typing import Any

from flask import Blueprint, g, request

from service.errors import InvalidInput
from service.outgoing import Unreachable, require_allowed
from service.web.context import admin_required, bearer, parts
from service.web.inputs.accounts import Confirmed, MaybeConfirmed
from service.web.inputs.parsing import no_body, query_choice, query_number, read_body
from service.web.inputs.webhooks import NewWebhook, WebhookUpdate
from service.web.operations import operation
from service.web.sessions import confirm
from service.web.shapes.webhooks import delivery_json, webhook_json
from service.webhooks import EVENTS, WebhookChange

blueprint = Blueprint("webhooks", __name__, url_prefix="/api/v1/webhooks")

Json = dict[str, Any]


@blueprint.get("")
@operation("All of them, and which events there are.", returns={200: "Webhooks"}, auth="admin")
@admin_required
def list_webhooks() -> Json:
    return {
        "webhooks": [webhook_json(webhook) for webhook in parts().store.webhooks()],
        "events": [{"event": event, "text": text} for event, text in EVENTS.items()],
    }


@blueprint.post("")
@operation(
    "Have an address hear of events, by the password once more; its secret is shown only now.",
    body=NewWebhook,
    returns={201: "WebhookMade"},
    auth="admin",
)
@admin_required
def add_webhook() -> tuple[Json, int]:
    body = read_body(NewWebhook)
    _confirm(body)
    _require_allowed(body.address)
    webhook, secret = parts().store.add_webhook(
        body.address,
        body.events,
        description=body.description,
        with_texts=body.with_texts,
        active=body.active,
    )
    return {"webhook": webhook_json(webhook), "secret": secret}, 201


@blueprint.put("/<webhook_id>")
@operation(
    "Change what is given: address, events and texts by the password once more. Switched off, it"
    " gives up what waits.",
    body=WebhookUpdate,
    returns={200: "Webhook"},
    auth="admin",
)
@admin_required
def change_webhook(webhook_id: str) -> Json:
    body = read_body(WebhookUpdate)
    if any(value is not None for value in (body.address, body.events, body.with_texts)):
        _confirm(body)
    if body.address is not None:
        _require_allowed(body.address)
    change = WebhookChange(
        address=body.address,
        description=body.description,
        events=None if body.events is None else tuple(body.events),
        with_texts=body.with_texts,
        active=body.active,
    )
    return {"webhook": webhook_json(parts().store.change_webhook(webhook_id, change))}


@blueprint.delete("/<webhook_id>")
@operation("Remove it with its log.", returns={204: "Nothing"}, auth="admin")
@admin_required
def remove_webhook(webhook_id: str) -> tuple[str, int]:
    no_body()
    parts().store.remove_webhook(webhook_id)
    return "", 204


@blueprint.post("/<webhook_id>/secret")
@operation(
    "Another secret, by the password once more, shown only now; the one so far signs, too, for a"
    " day.",
    body=MaybeConfirmed,
    returns={201: "WebhookMade"},
    auth="admin",
)
@admin_required
def rotate_secret(webhook_id: str) -> tuple[Json, int]:
    body = read_body(MaybeConfirmed)
    parts().store.webhook(webhook_id)
    _confirm(body)
    webhook, secret = parts().store.rotate_webhook_secret(webhook_id)
    return {"webhook": webhook_json(webhook), "secret": secret}, 201


@blueprint.post("/<webhook_id>/test")
@operation("Send it a test; 409 when it is off.", returns={202: "Delivery"}, auth="admin")
@admin_required
def send_test(webhook_id: str) -> tuple[Json, int]:
    no_body()
    return _told(webhook_id, parts().store.test_webhook(webhook_id)), 202


@blueprint.get("/<webhook_id>/deliveries")
@operation(
    "Its log of 30 days, the newest first.",
    query={
        "failed": "yes: only what was not taken at the last try",
        "before": "id of the last delivery known",
        "limit": "1 to 200",
    },
    returns={200: "Deliveries"},
    auth="admin",
)
@admin_required
def list_deliveries(webhook_id: str) -> Json:
    limit = query_number("limit", 50, 1, 200)
    failed = query_choice("failed", ("yes", "no"), "no") == "yes"
    before = request.args.get("before", "")[:100]
    found = parts().store.deliveries(webhook_id, failed=failed, before=before, limit=limit + 1)
    return {
        "deliveries": [delivery_json(one) for one in found[:limit]],
        "more": len(found) > limit,
    }


@blueprint.get("/<webhook_id>/deliveries/<delivery_id>")
@operation(
    "One of them, with its tries, the beginnings of the answers, and what would be sent now.",
    returns={200: "Delivery"},
    auth="admin",
)
@admin_required
def read_delivery(webhook_id: str, delivery_id: str) -> Json:
    return _told(webhook_id, delivery_id)


@blueprint.post("/<webhook_id>/deliveries/<delivery_id>/again")
@operation(
    "Send it again, under the same id; 409 when the webhook is off.",
    returns={202: "Delivery"},
    auth="admin",
)
@admin_required
def send_again(webhook_id: str, delivery_id: str) -> tuple[Json, int]:
    no_body()
    parts().store.deliver_again(webhook_id, delivery_id)
    return _told(webhook_id, delivery_id), 202


def _told(webhook_id: str, delivery_id: str) -> Json:
    return {"delivery": delivery_json(parts().store.delivery(webhook_id, delivery_id))}


def _confirm(body: MaybeConfirmed) -> None:
    """Ask a person for the password and, with two-factor sign-in, a code."""
    if bearer() is not None:
        return
    if body.password is None:
        message = "This takes your password."
        raise InvalidInput(message, errors=[{"field": "password", "message": message}])
    confirm(g.operator, Confirmed(password=body.password, totp=body.totp))


def _require_allowed(address: str) -> None:
    """Say at once what no try could reach; every try checks for itself. Asked only after the
    password: a session alone learns nothing of which names the house knows."""
    try:
        require_allowed(address, parts().config.networks)
    except Unreachable as error:
        told = f"{str(error)[0].upper()}{str(error)[1:]}."
        errors = [{"field": "address", "message": told}]
        raise InvalidInput(f"address: {told}", errors=errors) from None
