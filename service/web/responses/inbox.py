"""What operators keep to find their way and to write less, and changes of many tickets at once."""

from service.web.responses.schema import (
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
from service.web.responses.shared import PERSON
from service.web.responses.tickets import TAG

CANNED = fields({"id": TEXT, "name": TEXT, "text": TEXT, "own": FLAG, "updated_at": TIME})
VIEW = fields(
    {
        "id": TEXT,
        "name": TEXT,
        "q": TEXT,
        "order": words("priority", "newest", "oldest"),
        "shared": FLAG,
        "owner": PERSON,
        "changeable": FLAG,
        "count": either(WHOLE),
    }
)

SCHEMAS: dict[str, Schema] = {
    "CannedReplies": fields({"canned_replies": many(CANNED)}),
    "CannedReply": fields({"canned_reply": CANNED}),
    "Told": fields({"ticket": ref("Ticket")}),
    "TicketList": fields({"tickets": many(ref("Ticket"))}),
    "Changed": fields(
        {
            "results": many(
                fields(
                    {"id": TEXT},
                    ticket=ref("Ticket"),
                    problem=fields({"status": WHOLE, "code": TEXT, "detail": TEXT}),
                )
            )
        }
    ),
    "Colleagues": fields({"operators": many(PERSON)}),
    "Tags": fields(
        {
            "tags": many({**TAG, "properties": {**TAG["properties"], "tickets": WHOLE}}),
            "colors": many(TEXT),
        }
    ),
    "Tag": fields({"tag": TAG}),
    "Views": fields({"views": many(VIEW)}),
    "View": fields({"view": VIEW}),
}
