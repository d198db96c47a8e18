"""Tickets for operators: in the inbox, as a search found them, and whom they are about."""

from typing import Any

from service.records.past import CustomerPast
from service.records.people import Customer
from service.records.tickets import Found, Tag, Ticket
from service.records.waiting import Contact
from service.router import REASONS
from service.times import now_text
from service.urgency import priority_words


def contact_json(contact: Contact) -> dict[str, Any]:
    """Where a customer wants to be reached; for operators only."""
    return {name: getattr(contact, name) for name in Contact.__slots__}


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
