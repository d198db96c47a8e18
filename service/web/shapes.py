"""Records as the JSON that the API speaks: the shapes that docs/api.md and OpenAPI tell.

Pure functions, but for the present time in words; what a customer may see and what only operators
may see is decided here.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from service.accounts import Session
from service.agreement import Agreement
from service.audit import DEEDS, AuditEntry
from service.config import Config
from service.devices import device_words
from service.records import (
    Alarm,
    AlarmMessage,
    CannedReply,
    Closing,
    Contact,
    Conversation,
    Correction,
    Customer,
    CustomerPast,
    Event,
    Expectation,
    File,
    Found,
    LabelConflict,
    Message,
    Operator,
    Present,
    Proposal,
    SavedView,
    Suggestion,
    Tag,
    Ticket,
    Turn,
)
from service.roles import may
from service.router import REASONS
from service.times import now_text
from service.urgency import priority_words
from service.webhooks import Delivery, Try, Webhook


def message_json(message: Message) -> dict[str, Any]:
    """A message as its customer sees it."""
    shape: dict[str, Any] = {
        "id": message.id,
        "seq": message.seq,
        "author": message.author,
        "text": message.text,
        "at": message.at,
        "suggestions": [{"text": s.text, "intent": s.intent} for s in message.suggestions],
        "files": [file_json(file) for file in message.files],
    }
    optional = {
        "name": message.operator_name,
        "action": message.action,
        "template": message.template,
        "reply_to": message.reply_to,
        "client_id": message.client_id if message.author == "customer" else None,
    }
    return shape | {name: value for name, value in optional.items() if value is not None}


def file_json(file: File) -> dict[str, Any]:
    """A file; only a picture has a width and a height, and a preview."""
    return {name: getattr(file, name) for name in File.__slots__}


def files_taken(config: Config) -> dict[str, Any]:
    """What may be sent, so that nobody uploads in vain."""
    return {
        "types": list(config.kinds),
        "bytes": config.file_bytes,
        "count": config.files_per_message,
    }


def console_message_json(
    message: Message,
    trace: Mapping[str, Any] | None = None,
    correction: Correction | None = None,
    feedback: Mapping[str, Any] | None = None,
    conflict: LabelConflict | None = None,
) -> dict[str, Any]:
    """A message as operators see it: with note, reading, correction, conflict and feedback."""
    shape = message_json(message) | {"note": message.note, "client_id": message.client_id}
    reading = (trace or {}).get("reading")
    if reading:
        shape["reading"] = {
            "intent": next(iter(reading["intents"]), None),
            "sentiment": next(iter(reading["sentiments"]), None),
            "in_scope": reading["in_scope"],
        }
    if correction:
        shape["correction"] = correction_json(correction)
    if conflict:
        shape["conflict"] = conflict_json(conflict)
    if feedback:
        shape["feedback"] = dict(feedback)
    return shape


def conversation_json(
    conversation: Conversation,
    closing: Closing | None = None,
    expected: Expectation | None = None,
) -> dict[str, Any]:
    """A conversation without what only the router needs; its customer sees the ``closing`` and what
    he may expect, too."""
    shape: dict[str, Any] = {
        "id": conversation.id,
        "status": conversation.status,
        "locale": conversation.locale,
        "created_at": conversation.created_at,
    }
    if expected is not None:
        shape["expectation"] = expectation_json(expected)
    if closing is None:
        return shape
    asked = {name: getattr(closing, name) for name in Closing.__slots__}
    return shape | {"closing": asked}


def expectation_json(expected: Expectation) -> dict[str, Any]:
    """What a customer who waits for a person may expect."""
    return {name: getattr(expected, name) for name in Expectation.__slots__}


def contact_json(contact: Contact) -> dict[str, Any]:
    """Where a customer wants to be reached; for operators only."""
    return {name: getattr(contact, name) for name in Contact.__slots__}


def turn_json(turn: Turn) -> dict[str, Any]:
    """What posting a message returns; the same for the same client id."""
    ticket = turn.ticket
    return {
        "message": message_json(turn.message),
        "reply": message_json(turn.reply) if turn.reply else None,
        "action": turn.action,
        # Only what cannot change: the same client id must get the same body later, too.
        "ticket": {"id": ticket.id} if ticket else None,
        "suggestions": [
            {"text": s.text, "intent": s.intent}
            for s in (turn.reply.suggestions if turn.reply else ())
        ],
    }


def ticket_json(
    ticket: Ticket, customer: Customer | None = None, found: Found | None = None
) -> dict[str, Any]:
    """A ticket as the inbox shows it; ``found`` is where a search found its words."""
    owner = ticket.owner_id and {"id": ticket.owner_id, "name": ticket.owner_name}
    named: dict[str, Any] | None = {"name": ticket.customer_name} if ticket.customer_name else None
    if customer:
        named = {
            "name": customer.name,
            "email": customer.email,
            "identifier": customer.identifier,
            "verified": customer.verified,
        }
    reason = REASONS.get(ticket.reason, ticket.reason)
    shape = {
        "id": ticket.id,
        "conversation_id": ticket.conversation_id,
        "status": ticket.status,
        "priority": ticket.priority,
        "priority_text": priority_words(ticket, reason, now_text()),
        "raised": ticket.raised,
        "reason": ticket.reason,
        "reason_text": reason,
        "subject": ticket.subject,
        "intent": ticket.intent,
        "sentiment": ticket.sentiment,
        "owner": owner,
        "customer": named,
        "created_at": ticket.created_at,
        "updated_at": ticket.updated_at,
        "claimed_at": ticket.claimed_at,
        "resolved_at": ticket.resolved_at,
        "unanswered_since": ticket.unanswered_since,
        "last_text": ticket.last_text,
        "last_author": ticket.last_author,
        "language": ticket.language,
        "tags": [tag_json(tag) for tag in ticket.tags],
        "snoozed_until": ticket.snoozed_until,
        "merged_into": ticket.merged_into,
        "contact": ticket.contact,
        "sla": {
            "reply": _clock_json(ticket.reply_warn_at, ticket.reply_due_at),
            "resolution": _clock_json(ticket.resolve_warn_at, ticket.resolve_due_at),
        },
    }
    return shape | ({"found": found_json(found)} if found else {})


def _clock_json(warn_at: str | None, due_at: str | None) -> dict[str, Any] | None:
    return {"warn_at": warn_at, "due_at": due_at} if due_at else None


def found_json(found: Found) -> dict[str, Any]:
    """Where words were found; the pieces are one after the other the text, hits marked."""
    return {
        "where": found.where,
        "pieces": [{"text": text, "hit": hit} for text, hit in found.pieces],
        "author": found.author,
        "at": found.at,
    }


def tag_json(tag: Tag) -> dict[str, Any]:
    """A tag."""
    return {"id": tag.id, "name": tag.name, "color": tag.color}


def view_json(view: SavedView, operator: Operator, count: int | None = None) -> dict[str, Any]:
    """A saved view; ``changeable`` says whether this operator may change it."""
    return {
        "id": view.id,
        "name": view.name,
        "q": view.q,
        "order": view.sort,
        "shared": view.shared,
        "owner": {"id": view.operator_id, "name": view.operator_name},
        "changeable": not view.shared or may(operator.role, "lead"),
        "count": count,
    }


def correction_json(correction: Correction) -> dict[str, Any]:
    """What the labels of a message come to, and who said the last of them."""
    return {
        "id": correction.id,
        "message_id": correction.message_id,
        "intent": correction.intent,
        "sentiment": correction.sentiment,
        "template": correction.template,
        "at": correction.at,
        "kind": correction.kind,
        "weight": correction.weight,
        "operator": {"id": correction.operator_id, "name": correction.operator_name},
    }


def conflict_json(conflict: LabelConflict) -> dict[str, Any]:
    """Who said what of which messages."""
    return {
        "fields": list(conflict.fields),
        "messages": list(conflict.message_ids),
        "said": [
            {
                "id": label.id,
                "message_id": label.message_id,
                "conversation_id": label.conversation_id,
                "text": label.text,
                "operator": {"id": label.operator_id, "name": label.operator_name},
                "kind": label.kind,
                "intent": label.intent,
                "sentiment": label.sentiment,
                "at": label.at,
            }
            for label in conflict.said
        ],
    }


def agreement_json(figures: Agreement) -> dict[str, Any]:
    """How one operator's labels fare beside those of others."""
    share = figures.agreement
    return {
        "operator": {"id": figures.operator_id, "name": figures.operator_name},
        "labels": figures.labels,
        "overruled": figures.overruled,
        "compared": figures.compared,
        "contradicting": figures.contradicting,
        "agreement": None if share is None else round(share, 4),
        "stands_out": figures.stands_out,
    }


def alarm_json(alarm: Alarm) -> dict[str, Any]:
    """An alarm without the messages that show it."""
    names = ("id", "kind", "subject", "words", "value", "peak", "usual", "began_at", "ended_at")
    by = alarm.acknowledged_by and {
        "id": alarm.acknowledged_by,
        "name": alarm.acknowledged_name,
        "at": alarm.acknowledged_at,
    }
    return {**{name: getattr(alarm, name) for name in names}, "acknowledged": by}


def alarm_message_json(message: AlarmMessage) -> dict[str, Any]:
    """A message that shows an alarm; ``ticket_id`` is where operators can read on."""
    return {name: getattr(message, name) for name in AlarmMessage.__slots__}


def proposal_json(proposal: Proposal) -> dict[str, Any]:
    """What waits for a decision, with its texts."""
    fields = {name: getattr(proposal, name) for name in Proposal.__slots__}
    texts = [{"place": t.place, "text": t.text, "message_id": t.message_id} for t in proposal.texts]
    return {**fields, "texts": texts}


def canned_json(reply: CannedReply) -> dict[str, Any]:
    """A canned reply as one who may see it sees it."""
    names = ("id", "name", "text", "updated_at")
    return {**{n: getattr(reply, n) for n in names}, "own": reply.owner_id is not None}


def present_json(present: Present) -> dict[str, Any]:
    """Who is there, for the console; of the customers only that they write."""
    return {
        "operators": [
            {
                "ticket_id": one.ticket_id,
                "operator": {"id": one.operator_id, "name": one.operator_name},
                "state": one.state,
            }
            for one in present.operators
        ],
        "typing": list(present.typing),
    }


def past_json(past: CustomerPast) -> dict[str, Any]:
    """A conversation of a customer's past, with what came of it."""
    fields = {name: getattr(past, name) for name in CustomerPast.__slots__}
    tickets = [
        {
            "id": ticket.id,
            "status": ticket.status,
            "subject": ticket.subject,
            "reason": ticket.reason,
            "reason_text": REASONS.get(ticket.reason, ticket.reason),
            "intent": ticket.intent,
            "owner": ticket.owner_name,
            "created_at": ticket.created_at,
            "resolved_at": ticket.resolved_at,
        }
        for ticket in past.tickets
    ]
    return {**fields, "tickets": tickets}


def operator_json(operator: Operator) -> dict[str, Any]:
    """An operator as colleagues see them."""
    return {
        "id": operator.id,
        "email": operator.email,
        "name": operator.name,
        "role": operator.role,
    }


def person_json(operator: Operator, seen_at: str | None) -> dict[str, Any]:
    """An operator as admins see them; ``seen_at`` is when, of those who are signed in."""
    return {
        **operator_json(operator),
        "disabled": operator.disabled,
        "two_factor": operator.two_factor,
        "created_at": operator.created_at,
        "seen_at": seen_at,
    }


def session_json(session: Session) -> dict[str, Any]:
    """One of an operator's own sessions, with what can be said of its device."""
    return {
        "id": session.id,
        "device": device_words(session.device),
        "address": session.address,
        "created_at": session.created_at,
        "seen_at": session.seen_at,
        "expires_at": session.expires_at,
        "current": session.current,
    }


def audit_json(entry: AuditEntry) -> dict[str, Any]:
    """An entry of the audit log, with the deed in words."""
    who = {"id": entry.operator_id, "name": entry.name, "role": entry.role}
    return {
        "id": entry.id,
        "at": entry.at,
        "who": who,
        "deed": entry.deed,
        "text": DEEDS.get(entry.deed, entry.deed),
        "subject": entry.subject,
        "detail": entry.detail,
        "address": entry.address,
    }


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


def customer_event_json(event: Event) -> tuple[str, object] | None:
    """A public event's name and value as the widget gets them; None for what it does not use."""
    if event.kind == "message":
        return "message", message_json(_message_of(event))
    if event.kind == "conversation":
        return "conversation", dict(event.body)
    return None


def console_event_json(event: Event) -> tuple[str, object]:
    """An event's name and value as the console gets them."""
    where = {"conversation_id": event.conversation_id}
    if event.kind == "message":
        message = console_message_json(_message_of(event))
        return "message", {**where, "ticket_id": event.body.get("ticket_id"), "message": message}
    if event.kind == "ticket":
        return "ticket", {**where, "ticket": ticket_json(_ticket_of(event))}
    if event.kind == "alarm":
        return "alarm", {"alarm": alarm_json(Alarm(**event.body["alarm"]))}
    return event.kind, {**where, **event.body}


def _ticket_of(event: Event) -> Ticket:
    tags = tuple(Tag(**tag) for tag in event.body.get("tags", ()))
    return Ticket(**{**event.body, "tags": tags})


def _message_of(event: Event) -> Message:
    stored = event.body["message"]
    suggestions = tuple(Suggestion(**entry) for entry in stored["suggestions"])
    files = tuple(File(**entry) for entry in stored["files"])
    return Message(**{**stored, "suggestions": suggestions, "files": files})
