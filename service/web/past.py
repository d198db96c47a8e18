"""The operators' API for a customer's past: earlier conversations and what came of them, to read.

Only a verified customer has a past beyond the ticket's own conversation: anybody can claim to be
somebody, and must not make an operator tell that person's affairs.
"""

from typing import Any

from flask import Blueprint

from service.errors import NotFound
from service.records.past import CustomerPast
from service.records.tickets import Ticket
from service.web.context import operator_required, parts
from service.web.operations import operation
from service.web.shapes.conversations import console_message_json
from service.web.shapes.tickets import past_json

blueprint = Blueprint("past", __name__, url_prefix="/api/v1")

Json = dict[str, Any]
SHOWN_MESSAGES = 200


@blueprint.get("/tickets/<ticket_id>/past")
@operation(
    "Whose ticket it is, and the conversations of that customer, the newest first; of one whose "
    "identity is not verified, only the ticket's own.",
    returns={200: "Past"},
    auth="operator",
)
@operator_required
def read_past(ticket_id: str) -> Json:
    store = parts().store
    ticket, past = _past_of(ticket_id)
    customer_id = store.conversation(ticket.conversation_id).customer_id
    customer = store.customer(customer_id) if customer_id else None
    return {
        "customer": customer
        and {
            "name": customer.name,
            "email": customer.email,
            "identifier": customer.identifier,
            "verified": customer.verified,
            "since": customer.created_at,
        },
        "conversations": [past_json(one) for one in past],
    }


@blueprint.get("/tickets/<ticket_id>/past/<conversation_id>")
@operation(
    "One of those conversations with its last messages; 404 for anybody else's.",
    returns={200: "PastMessages"},
    auth="operator",
)
@operator_required
def read_past_conversation(ticket_id: str, conversation_id: str) -> Json:
    _, past = _past_of(ticket_id)
    found = next((one for one in past if one.conversation_id == conversation_id), None)
    if found is None:
        raise NotFound(f"There is no conversation {conversation_id} of this customer.")
    messages = parts().store.recent_messages(conversation_id, SHOWN_MESSAGES)
    return {
        "conversation": past_json(found),
        "messages": [console_message_json(message) for message in messages],
    }


def _past_of(ticket_id: str) -> tuple[Ticket, list[CustomerPast]]:
    ticket = parts().store.ticket(ticket_id)
    return ticket, parts().store.customer_past(ticket.conversation_id)
