"""The operators' API: the inbox, tickets, replies, corrections, traces, live events.

Talks to the desk and the store; every call needs an operator.
"""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, g

from service.contract.conversations import LAST_SEQ
from service.errors import InvalidInput
from service.labels import conflicts
from service.records.conversations import Message, ReplyDraft
from service.records.tickets import Ticket
from service.replies import desk_reply
from service.web.broadcast import Feed
from service.web.context import operator_required, parts, signed_in
from service.web.inbox_terms import asked_query
from service.web.inputs.learning import NewCorrection
from service.web.inputs.parsing import no_body, query_choice, query_number, read_body
from service.web.inputs.tickets import NewOperatorMessage
from service.web.now import PresentPeople
from service.web.operations import operation
from service.web.shapes.conversations import console_message_json, conversation_json, files_taken
from service.web.shapes.events import console_event_json
from service.web.shapes.labels import correction_json
from service.web.shapes.tickets import contact_json, ticket_json
from service.web.stream import event_stream, resume_point

blueprint = Blueprint("tickets", __name__, url_prefix="/api/v1")

Json = dict[str, Any]
STATUSES = ("active", "open", "claimed", "returned", "resolved")
ORDERS = ("priority", "newest", "oldest")
SHOWN_MESSAGES = 200


@blueprint.get("/tickets")
@operation(
    "The inbox.",
    query={
        "status": " | ".join(STATUSES),
        "intent": "name of an intent",
        "sentiment": "negative | neutral | positive",
        "owner": "me, none or an operator's id",
        "snoozed": "yes, no, or any: what is put off",
        "q": "words to find and filters, such as owner:me tag:vip is:overdue",
        "order": " | ".join(ORDERS),
        "limit": "1 to 200",
        "offset": "how many to pass over",
    },
    returns={200: "Tickets"},
    auth="operator",
)
@operator_required
def list_tickets() -> Json:
    found = parts().store.find_tickets(
        asked_query(),
        order=query_choice("order", ORDERS, "priority") or "priority",
        limit=query_number("limit", 100, 1, 200),
        offset=query_number("offset", 0, 0, 10**9),
    )
    return {
        "tickets": [ticket_json(ticket, found=where) for ticket, where in found],
        "counts": parts().store.inbox_counts(g.operator.id),
    }


@blueprint.get("/tickets/<ticket_id>")
@operation(
    "A ticket with its messages, suggestions and traces.",
    returns={200: "TicketDetail"},
    auth="operator",
)
@operator_required
def read_ticket(ticket_id: str) -> Json:
    store = parts().store
    ticket = store.ticket(ticket_id)
    conversation = store.conversation(ticket.conversation_id)
    messages, earlier = _page(conversation.id)
    traces = store.traces(conversation.id, SHOWN_MESSAGES)
    customer = store.customer(conversation.customer_id) if conversation.customer_id else None
    shape = ticket_json(ticket, customer)
    contact = store.contact(ticket_id)
    return {
        **shape,
        "ticket": shape,
        "reach": contact and contact_json(contact),
        "conversation": conversation_json(conversation),
        "messages": _shown(messages, traces),
        "earlier": earlier,
        "suggestions": parts().desk.suggest(ticket, messages, traces),
        "traces": traces,
        "facts": parts().desk.facts(traces, customer, g.operator),
        "files": files_taken(parts().config),
    }


@blueprint.get("/tickets/<ticket_id>/messages")
@operation(
    "Earlier messages of the ticket's conversation than those that came with it.",
    query={"before": "seq of the first message known"},
    returns={200: "EarlierMessages"},
    auth="operator",
)
@operator_required
def read_earlier_messages(ticket_id: str) -> Json:
    store = parts().store
    before = query_number("before", LAST_SEQ, 0, LAST_SEQ)
    messages, earlier = _page(store.ticket(ticket_id).conversation_id, before)
    traces = store.message_traces([message.id for message in messages])
    return {"messages": _shown(messages, traces), "traces": traces, "earlier": earlier}


def _page(conversation_id: str, before: int = LAST_SEQ) -> tuple[list[Message], bool]:
    """The last messages before a seq, oldest first, and whether there are earlier ones."""
    found = parts().store.recent_messages(conversation_id, SHOWN_MESSAGES + 1, before)
    return found[-SHOWN_MESSAGES:], len(found) > SHOWN_MESSAGES


def _shown(messages: list[Message], traces: Mapping[str, Mapping[str, Any]]) -> list[Json]:
    """Messages with all that operators and customers have said of them."""
    store, ids = parts().store, [message.id for message in messages]
    corrections, feedback = store.corrections(ids), store.feedback(ids)
    told = conflicts(store.labels(list(corrections))) if corrections else ()
    disputed = {message_id: conflict for conflict in told for message_id in conflict.message_ids}
    return [
        console_message_json(
            m, traces.get(m.id), corrections.get(m.id), feedback.get(m.id), disputed.get(m.id)
        )
        for m in messages
    ]


def _told(ticket: Ticket) -> Json:
    return {"ticket": ticket_json(ticket)}


@blueprint.post("/tickets/<ticket_id>/claim")
@operation("Take it; 409 when somebody else was first.", returns={200: "Told"}, auth="operator")
@operator_required
def claim_ticket(ticket_id: str) -> Json:
    no_body()
    return _told(parts().store.claim_ticket(ticket_id, g.operator.id))


@blueprint.post("/tickets/<ticket_id>/return")
@operation("Give the conversation back to the desk.", returns={200: "Told"}, auth="operator")
@operator_required
def return_ticket(ticket_id: str) -> Json:
    no_body()
    reply = ReplyDraft(desk_reply(parts().desk.settings(), "returned"), "answer")
    return _told(parts().store.return_ticket(ticket_id, g.operator.id, reply))


@blueprint.post("/tickets/<ticket_id>/resolve")
@operation("Close it.", returns={200: "Told"}, auth="operator")
@operator_required
def resolve_ticket(ticket_id: str) -> Json:
    no_body()
    reply = ReplyDraft(desk_reply(parts().desk.settings(), "resolved"), "answer")
    return _told(parts().store.resolve_ticket(ticket_id, g.operator.id, reply))


@blueprint.post("/tickets/<ticket_id>/reopen")
@operation("Open a closed one again.", returns={200: "Told"}, auth="operator")
@operator_required
def reopen_ticket(ticket_id: str) -> Json:
    no_body()
    return _told(parts().store.reopen_ticket(ticket_id, g.operator.id))


@blueprint.post("/tickets/<ticket_id>/messages")
@operation(
    "A reply to the customer, or a note for colleagues.",
    body=NewOperatorMessage,
    returns={201: "Replied", 200: "Replied"},
    auth="operator",
)
@operator_required
def post_operator_message(ticket_id: str) -> tuple[Json, int]:
    body = read_body(NewOperatorMessage)
    store = parts().store
    message, repeated = store.post_operator_message(
        ticket_id,
        g.operator.id,
        client_id=body.client_id,
        text=body.text,
        note=body.note,
        template=body.template,
        files=body.files,
    )
    shape = {"message": console_message_json(message)}
    return {**shape, **_told(store.ticket(ticket_id))}, 200 if repeated else 201


@blueprint.post("/messages/<message_id>/correction")
@operation(
    "What a message really was.",
    body=NewCorrection,
    returns={201: "Corrected"},
    auth="operator",
)
@operator_required
def correct_message(message_id: str) -> tuple[Json, int]:
    body = read_body(NewCorrection)
    if body.intent is None and body.sentiment is None and body.template is None:
        raise InvalidInput("Give an intent, a sentiment or a template.")
    correction = parts().store.correct_message(
        message_id,
        g.operator.id,
        intent=body.intent,
        sentiment=body.sentiment,
        template=body.template,
    )
    return {"correction": correction_json(correction)}, 201


@blueprint.get("/messages/<message_id>/trace")
@operation("Why the desk replied so.", returns={200: "Trace"}, auth="operator")
@operator_required
def read_trace(message_id: str) -> Json:
    return dict(parts().store.trace(message_id))


@blueprint.get("/events")
@operation(
    "Server-Sent Events of the whole desk; Last-Event-ID resumes.",
    query={"after": "id of the last event known; without it, from now on"},
    returns={200: "EventStream"},
    auth="operator",
)
@operator_required
def stream_desk() -> Response:
    store = parts().store
    feed = Feed(
        fetch=lambda seq: store.events(after=seq),
        cursor=lambda event: event.seq,
        frame=console_event_json,
        allowed=lambda: signed_in() is not None,
        beside=PresentPeople(parts().now).news,
    )
    return event_stream(feed, resume_point(default=store.last_event()))
