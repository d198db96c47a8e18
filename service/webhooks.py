"""Webhooks: which events other systems can hear of, how they are signed, and how often it is tried.

The records and the pure rules; `service.sqlite.webhooks` keeps them, `service.courier` delivers.
The form is that of Standard Webhooks (https://www.standardwebhooks.com), so that receivers need
nothing of ours. Opens no connection and knows no store.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

import orjson

EVENTS: Mapping[str, str] = {
    "ticket.opened": "a ticket was opened",
    "ticket.claimed": "somebody took a ticket, or was given it",
    "ticket.released": "a ticket is nobody's again",
    "ticket.returned": "a conversation was given back to the desk",
    "ticket.resolved": "a ticket was resolved",
    "ticket.reopened": "a ticket was opened again",
    "message.created": "a customer, the desk or an operator wrote; not notes",
    "rating.given": "a customer gave a thumb, a rating or a comment",
    "alarm.began": "an alarm began",
    "alarm.ended": "an alarm ended",
    "release.promoted": "another release reads and answers from now on",
    "customer.erased": "a customer was erased; receivers should forget, too",
}
TEST = "webhook.test"  # that somebody sends from the console

MOST = 20  # of a desk: each has threads of its own
MINUTE, HOUR = 60, 3600
# Seconds after the first try, the second one and so on; about a day in all.
PAUSES = (5, 30, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR, 8 * HOUR)
JITTER = 0.2  # a pause is up to this share shorter or longer, so that not all come back at once
LONGEST_WAIT = 24 * HOUR  # that a receiver may ask for
GONE = 410  # its answer when it wants no more
ROTATION = timedelta(days=1)  # that a secret is still good for after another one was made
LASTS = timedelta(days=2)  # that a delivery is tried at most, however long its pauses were
TRIED = timedelta(days=1)  # that one must have been due in vain to count as days of failure
# Seconds that an address which takes nothing is left alone, from the fifth failure in a row on.
RESTS = (5, 30, 2 * MINUTE, 10 * MINUTE)
PATIENCE = 4
FAILING = timedelta(days=3)  # without a delivery that was taken, until a webhook is switched off
KEPT = timedelta(days=30)
ANSWER_BYTES = 1024  # of what a receiver answered

Stopped = Literal["", "gone", "failing"]
DeliveryState = Literal["waiting", "delivered", "failed"]


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address that hears of events. ``stopped`` is why the desk itself has switched it off;
    ``failing_since`` is the first of the tries that failed since one was taken."""

    id: str
    address: str
    description: str
    events: tuple[str, ...]
    with_texts: bool
    active: bool
    stopped: Stopped
    failing_since: str | None
    old_secret_until: str | None
    created_at: str
    updated_at: str


@dataclass(frozen=True, slots=True)
class WebhookChange:
    """What to change of a webhook; None leaves it."""

    address: str | None = None
    description: str | None = None
    events: tuple[str, ...] | None = None
    with_texts: bool | None = None
    active: bool | None = None


@dataclass(frozen=True, slots=True)
class Try:
    """One attempt to deliver: the answer's status and first kilobyte, or why there was none."""

    at: str
    status: int | None
    problem: str
    answer: str
    took_ms: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event on its way to one webhook. ``next_at`` is when it is tried (again); ``body`` is
    what would be sent now, told only of one that is asked for alone."""

    id: str
    webhook_id: str
    event: str
    state: DeliveryState
    created_at: str
    next_at: str | None
    tries: tuple[Try, ...] = ()
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A delivery that is due, with all that it takes to send it. ``failures`` counts since it was
    last begun, at ``begun_at``; ``next_at`` tells whether somebody began it anew meanwhile;
    ``secrets`` are the one in use and, for a day, the one before."""

    id: str
    webhook_id: str
    address: str
    secrets: tuple[str, ...]
    body: bytes
    failures: int
    begun_at: str = ""
    next_at: str | None = None


def new_secret() -> str:
    """``whsec_`` and 32 random bytes in base64."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"


def payload(event: str, at: str, told: Mapping[str, Any]) -> bytes:
    """What is sent of an event."""
    return orjson.dumps({"type": event, "timestamp": at, "data": told})


def headers(outgoing: Outgoing, at: int) -> dict[str, str]:
    """The headers of one try, at a time in seconds: the id is the same for every try."""
    return {
        "Content-Type": "application/json",
        "User-Agent": "frontdesk",
        "webhook-id": outgoing.id,
        "webhook-timestamp": str(at),
        "webhook-signature": sign(outgoing.secrets, outgoing.id, at, outgoing.body),
    }


def sign(keys: Iterable[str], delivery_id: str, at: int, body: bytes) -> str:
    """``v1,BASE64`` for each secret, separated by spaces: HMAC-SHA256 over id, time and body."""
    signed = f"{delivery_id}.{at}.".encode() + body
    return " ".join(f"v1,{_signature(key, signed)}" for key in keys)


def pause_after(failures: int, asked: float | None, chance: float) -> float | None:
    """Seconds until the next try after so many failed ones; None when it was the last.

    ``asked`` is what the receiver's Retry-After says, ``chance`` a random number from 0 to 1.
    """
    if failures > len(PAUSES):
        return None
    usual = PAUSES[failures - 1] * (1 + JITTER * (2 * chance - 1))
    return max(usual, min(asked or 0.0, LONGEST_WAIT))


def rest_after(failures: int) -> float:
    """Seconds to leave an address alone that took nothing so many times in a row."""
    beyond = failures - PATIENCE
    return RESTS[min(beyond, len(RESTS)) - 1] if beyond > 0 else 0.0


def _signature(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
