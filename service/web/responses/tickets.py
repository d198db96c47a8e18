"""Tickets, alone and in the inbox, what is shown beside them, and their customers' past."""

from service.web.responses.conversations import FILES_TAKEN
from service.web.responses.schema import (
    ANY_OBJECT,
    COUNTS,
    FLAG,
    NUMBER,
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
from service.web.responses.shared import CONTACT_KIND, PRIORITY

TICKET_STATUS = words("open", "claimed", "returned", "resolved")
TAG = fields({"id": TEXT, "name": TEXT, "color": TEXT})
CLOCK = either(fields({"warn_at": either(TIME), "due_at": TIME}))
FOUND = fields(
    {
        "where": words("message", "note", "subject", "tag", "customer"),
        "pieces": many(fields({"text": TEXT, "hit": FLAG})),
        "author": either(TEXT),
        "at": either(TIME),
    }
)
TICKET = fields(
    {
        "id": TEXT,
        "conversation_id": TEXT,
        "status": TICKET_STATUS,
        "priority": PRIORITY,
        "priority_text": TEXT,
        "raised": either(words("negative", "waiting", "due", "overdue")),
        "reason": TEXT,
        "reason_text": TEXT,
        "subject": TEXT,
        "intent": either(TEXT),
        "sentiment": either(TEXT),
        "owner": either(fields({"id": TEXT, "name": TEXT})),
        "customer": either(ANY_OBJECT),
        "created_at": TIME,
        "updated_at": TIME,
        "claimed_at": either(TIME),
        "resolved_at": either(TIME),
        "unanswered_since": either(TIME),
        "last_text": TEXT,
        "last_author": TEXT,
        "language": TEXT,
        "tags": many(TAG),
        "snoozed_until": either(TIME),
        "merged_into": either(TEXT),
        "contact": either(CONTACT_KIND),
        "sla": fields({"reply": CLOCK, "resolution": CLOCK}),
    },
    found=FOUND,
)
PAST = fields(
    {
        "conversation_id": TEXT,
        "status": words("desk", "waiting", "operator", "resolved"),
        "began": TEXT,
        "created_at": TIME,
        "updated_at": TIME,
        "messages": WHOLE,
        "answered": WHOLE,
        "rating": either(WHOLE),
        "tickets": many(
            fields(
                {
                    "id": TEXT,
                    "status": TICKET_STATUS,
                    "subject": TEXT,
                    "reason": TEXT,
                    "reason_text": TEXT,
                    "intent": either(TEXT),
                    "owner": either(TEXT),
                    "created_at": TIME,
                    "resolved_at": either(TIME),
                }
            )
        ),
    }
)
REPLIED = fields({"message": ref("Message"), "ticket": ref("Ticket")})

SCHEMAS: dict[str, Schema] = {
    "Tickets": fields({"tickets": many(ref("Ticket")), "counts": COUNTS}),
    "TicketDetail": fields(
        {
            **{name: TICKET["properties"][name] for name in TICKET["required"]},
            "ticket": ref("Ticket"),
            "reach": either(
                fields({"kind": CONTACT_KIND, "value": TEXT, "about": TEXT, "at": TIME})
            ),
            "conversation": ref("Conversation"),
            "messages": many(ref("Message")),
            "earlier": FLAG,
            "suggestions": many(
                fields(
                    {
                        "template": TEXT,
                        "intent": TEXT,
                        "title": TEXT,
                        "text": TEXT,
                        "score": NUMBER,
                        "found": either(NUMBER),
                        "confidence": NUMBER,
                    }
                )
            ),
            "traces": ANY_OBJECT,
            "facts": {"type": "object", "additionalProperties": TEXT},
            "files": FILES_TAKEN,
        }
    ),
    "EarlierMessages": fields(
        {"messages": many(ref("Message")), "traces": ANY_OBJECT, "earlier": FLAG}
    ),
    "Past": fields(
        {
            "customer": either(
                fields(
                    {
                        "name": either(TEXT),
                        "email": either(TEXT),
                        "identifier": either(TEXT),
                        "verified": FLAG,
                        "since": TIME,
                    }
                )
            ),
            "conversations": many(PAST),
        }
    ),
    "PastMessages": fields({"conversation": PAST, "messages": many(ref("Message"))}),
}
