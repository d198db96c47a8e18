"""The customers' chat API: conversations, messages, events, handoff, feedback.

Talks to the desk and the store; every call but the first carries the conversation's token.
Never shows a note, a trace or another conversation.
"""

import hashlib
import hmac
from typing import Any

import jwt
from flask import Blueprint, Response, after_this_request

from service.contract.conversations import LAST_SEQ
from service.errors import Forbidden
from service.records.conversations import Conversation
from service.records.turns import Turn
from service.times import since
from service.web.broadcast import Feed
from service.web.context import (
    authorized_conversation,
    client_address,
    parts,
    written_conversation,
)
from service.web.inputs.conversations import (
    NewContact,
    NewConversation,
    NewCustomer,
    NewFeedback,
    NewMessage,
)
from service.web.inputs.parsing import no_body, query_number, read_body
from service.web.now import WritingOperator
from service.web.operations import operation
from service.web.shapes.conversations import conversation_json, files_taken, message_json, turn_json
from service.web.shapes.events import customer_event_json
from service.web.stream import event_stream, resume_point
from service.web.waiting import WaitingCustomer

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")

Json = dict[str, Any]
RESUMED_FOR = "30d"  # since a conversation was last written in
IDENTITY_CLAIMS = ("sub", "identifier", "user_id")  # of a JWT; the first that is there counts


@blueprint.get("/site")
@operation("What the widget shows before the first message.", returns={200: "Site"})
def read_site() -> Json:
    desk = parts().desk
    settings, welcome = desk.settings(), desk.welcome()
    look = {name.removeprefix("site_"): value for name, value in parts().site.look.items()}
    locale = look.pop("locale")
    return {
        "name": settings.name,
        "language": settings.language,
        "welcome": welcome.text,
        "suggested": [{"text": s.text, "intent": s.intent} for s in welcome.suggestions],
        "max_text": parts().config.max_text,
        "theme": {
            "color": look.pop("color"),
            "mode": look.pop("theme"),
            **{trait: value for trait, value in look.items() if value},
        },
        **({"locale": locale} if locale else {}),
        "files": files_taken(parts().config) if parts().site.takes_files else None,
    }


@blueprint.post("/conversations")
@operation(
    "Start a conversation, or go on with the latest one of a customer whom the site has signed.",
    body=NewConversation,
    returns={201: "Started", 200: "Started", 204: "Nothing"},
)
def start_conversation() -> tuple[Json | str, int]:
    body = read_body(NewConversation)
    customer = body.customer or NewCustomer()
    verified = verify_identity(customer)
    if body.resume and verified and customer.identifier is not None:
        # Never by an unsigned claim: it would open anybody's conversation.
        resumed = parts().store.resume_conversation(
            customer.identifier,
            since=since(RESUMED_FOR),
            name=customer.name,
            email=customer.email,
        )
        if resumed is not None:
            return _started(*resumed), 200
    if not body.start:
        return "", 204
    parts().throttles.begin(client_address())
    conversation, token = parts().store.create_conversation(
        identifier=customer.identifier,
        verified=verified,
        name=customer.name,
        email=customer.email,
        locale=body.locale,
        welcome=parts().desk.welcome(),
    )
    return _started(conversation, token), 201


def _started(conversation: Conversation, token: str) -> Json:
    messages = parts().store.messages(conversation.id)
    return {
        "conversation": _as_its_customer_sees(conversation),
        "token": token,
        "messages": [message_json(message) for message in messages],
    }


def _as_its_customer_sees(conversation: Conversation) -> Json:
    """With what there is to rate once it is resolved, and what to expect while it waits."""
    status = conversation.status
    closing = parts().store.closing(conversation.id) if status == "resolved" else None
    waits = status == "waiting"
    expected = parts().waiting.expectation(conversation.id) if waits else None
    return conversation_json(conversation, closing, expected)


def verify_identity(customer: NewCustomer) -> bool:
    """Whether the site signed the identifier; ``Forbidden`` for a wrong or missing signature."""
    secret, signature = parts().site_secret, customer.identifier_hash
    if customer.identifier is None:
        if signature is not None:
            raise Forbidden("identifier_hash signs an identifier, and there is none.")
        return False
    if signature is None:
        if parts().config.identity == "required":
            raise Forbidden("This desk needs an identifier_hash with the identifier.")
        return False
    if signature.count(".") == 2:
        return _verify_token(signature, parts().config.jwt_secret or secret, customer.identifier)
    key, message = secret.encode(), customer.identifier.encode()
    wanted = hmac.new(key, message, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(wanted.encode(), signature.lower().encode()):
        raise Forbidden("identifier_hash does not sign this identifier.")
    return True


def _verify_token(token: str, secret: str, identifier: str) -> bool:
    try:
        claims = jwt.decode(token, secret, algorithms=["HS256"], options={"require": ["exp"]})
    except jwt.InvalidTokenError as error:
        raise Forbidden(f"The identity token is not valid: {error}.") from None
    named = next((claims[name] for name in IDENTITY_CLAIMS if name in claims), None)
    if not isinstance(named, str | int) or str(named) != identifier:
        raise Forbidden("The identity token names another identifier.")
    return True


@blueprint.post("/conversations/<conversation_id>/messages")
@operation(
    "Post a message; the same client_id again returns the first answer.",
    body=NewMessage,
    returns={201: "Posted", 200: "Posted"},
    auth="conversation",
)
def post_message(conversation_id: str) -> tuple[Json, int]:
    conversation = written_conversation(conversation_id)
    body = read_body(NewMessage)
    turn = parts().desk.receive(conversation, body.client_id, body.text, body.choice, body.files)
    parts().now.customer_wrote(conversation.id)
    _show_shadow(conversation, turn)
    return turn_json(turn), 200 if turn.repeated else 201


def _show_shadow(conversation: Conversation, turn: Turn) -> None:
    """Let a challenger read the turn, if one does, when the reply is out."""
    shadow = parts().trials.shadow
    seen = shadow.seen(conversation, turn)
    if seen is not None:

        @after_this_request
        def offer(response: Response) -> Response:
            response.call_on_close(lambda: shadow.offer(seen))
            return response


@blueprint.get("/conversations/<conversation_id>/messages")
@operation(
    "The messages after a seq, oldest first.",
    query={"after": "seq of the last message known", "limit": "1 to 500"},
    returns={200: "Messages"},
    auth="conversation",
)
def list_messages(conversation_id: str) -> Json:
    conversation = authorized_conversation(conversation_id)
    after = query_number("after", 0, 0, LAST_SEQ)
    limit = query_number("limit", 200, 1, 500)
    messages = parts().store.messages(conversation.id, after=after, limit=limit)
    return {
        "conversation": _as_its_customer_sees(conversation),
        "messages": [message_json(message) for message in messages],
    }


@blueprint.get("/conversations/<conversation_id>/events")
@operation(
    "Server-Sent Events of the conversation; Last-Event-ID resumes.",
    query={"after": "id of the last event known"},
    returns={200: "EventStream"},
    auth="conversation",
)
def stream_conversation(conversation_id: str) -> Response:
    conversation = authorized_conversation(conversation_id)
    store = parts().store
    writing = WritingOperator(parts().now, conversation.id)
    waiting = WaitingCustomer(parts().waiting, conversation.id)
    feed = Feed(
        fetch=lambda number: store.conversation_events(conversation.id, after=number),
        cursor=lambda event: event.number or 0,
        frame=customer_event_json,
        conversation_id=conversation.id,
        beside=lambda: [*writing.news(), *waiting.news()],
    )
    return event_stream(feed, resume_point(default=0))


@blueprint.post("/conversations/<conversation_id>/typing")
@operation(
    "The customer writes, which a person who has the conversation sees for some seconds; never "
    "what is written.",
    returns={204: "Nothing"},
    auth="conversation",
)
def tell_typing(conversation_id: str) -> tuple[str, int]:
    conversation = written_conversation(conversation_id)
    no_body()
    parts().now.customer_types(conversation)
    return "", 204


@blueprint.post("/conversations/<conversation_id>/handoff")
@operation("A person, please.", returns={201: "HandedOver"}, auth="conversation")
def request_person(conversation_id: str) -> tuple[Json, int]:
    conversation = written_conversation(conversation_id)
    no_body()
    ticket = parts().desk.request_person(conversation)
    parts().waiting.forget()
    current: Conversation = parts().store.conversation(conversation.id)
    return {"ticket": {"id": ticket.id}, "conversation": _as_its_customer_sees(current)}, 201


@blueprint.post("/conversations/<conversation_id>/contact")
@operation(
    "Where the customer, who waits for a person, wants to be reached; again to say another.",
    body=NewContact,
    returns={201: "Reachable"},
    auth="conversation",
)
def leave_contact(conversation_id: str) -> tuple[Json, int]:
    conversation = written_conversation(conversation_id)
    body = read_body(NewContact)
    parts().store.save_contact(conversation.id, body.kind, body.value, body.about)
    parts().waiting.forget()
    current: Conversation = parts().store.conversation(conversation.id)
    return {"conversation": _as_its_customer_sees(current)}, 201


@blueprint.post("/conversations/<conversation_id>/feedback")
@operation("A thumb or a rating.", body=NewFeedback, returns={204: "Nothing"}, auth="conversation")
def give_feedback(conversation_id: str) -> tuple[str, int]:
    conversation = written_conversation(conversation_id)
    body = read_body(NewFeedback)
    parts().store.record_feedback(
        conversation.id,
        body.message_id,
        helpful=body.helpful,
        rating=body.rating,
        comment=body.comment,
    )
    return "", 204
