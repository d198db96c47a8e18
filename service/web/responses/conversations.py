"""What customers get: conversations, messages, files, and what they may expect while they wait."""

from service.web.responses.labels import CONFLICT, CORRECTION
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
    ref,
    words,
)
from service.web.responses.shared import CONTACT_KIND, SUGGESTION

EXPECTATION = fields(
    {
        "state": words("open", "away", "closed"),
        "place": either(WHOLE),
        "within": either(WHOLE),
        "late": FLAG,
        "opens_at": either(TIME),
        "form": FLAG,
        "contact": either(CONTACT_KIND),
    }
)
CONVERSATION = fields(
    {"id": TEXT, "status": words("desk", "waiting", "operator", "resolved")},
    locale=TEXT,
    created_at=TIME,
    closing=fields({"ticket_id": TEXT, "message_id": TEXT, "rated": FLAG}),
    expectation=EXPECTATION,
)
FILE = fields(
    {
        "id": TEXT,
        "name": TEXT,
        "type": TEXT,
        "size": WHOLE,
        "width": either(WHOLE),
        "height": either(WHOLE),
    }
)
FILES_TAKEN = fields({"types": many(TEXT), "bytes": WHOLE, "count": WHOLE})
MESSAGE = fields(
    {
        "id": TEXT,
        "seq": WHOLE,
        "author": words("customer", "desk", "operator"),
        "text": TEXT,
        "at": TIME,
        "suggestions": many(SUGGESTION),
        "files": many(ref("File")),
    },
    name=TEXT,
    action=TEXT,
    template=TEXT,
    reply_to=TEXT,
    client_id=either(TEXT),
    note=FLAG,
    reading=ANY_OBJECT,
    correction=CORRECTION,
    conflict=CONFLICT,
    feedback=fields(
        {
            "helpful": either(FLAG),
            "rating": either(WHOLE),
            "comment": either(TEXT),
            "at": TIME,
        }
    ),
)
TICKET_ID = fields({"id": TEXT})

SCHEMAS: dict[str, Schema] = {
    "Uploaded": fields({"file": ref("File")}),
    "Started": fields(
        {"conversation": ref("Conversation"), "token": TEXT, "messages": many(ref("Message"))}
    ),
    "Posted": fields(
        {
            "message": ref("Message"),
            "reply": either(ref("Message")),
            "action": words("answer", "clarify", "ask", "handoff", "none"),
            "ticket": either(TICKET_ID),
            "suggestions": many(SUGGESTION),
        }
    ),
    "Messages": fields({"conversation": ref("Conversation"), "messages": many(ref("Message"))}),
    "Reachable": fields({"conversation": ref("Conversation")}),
    "HandedOver": fields({"ticket": TICKET_ID, "conversation": ref("Conversation")}),
}
