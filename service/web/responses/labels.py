"""What messages really were, and where operators do not agree."""

from service.web.responses.schema import (
    FLAG,
    NUMBER,
    TEXT,
    TIME,
    WHOLE,
    Schema,
    either,
    fields,
    many,
    words,
)
from service.web.responses.shared import PERSON, SENTIMENT

LABEL_KIND = words("correction", "confirmation", "reply", "takeover")
CORRECTION = fields(
    {
        "id": TEXT,
        "message_id": TEXT,
        "intent": either(TEXT),
        "sentiment": either(SENTIMENT),
        "template": either(TEXT),
        "at": TIME,
        "kind": LABEL_KIND,
        "weight": NUMBER,
        "operator": PERSON,
    }
)
CONFLICT = fields(
    {
        "fields": many(words("intent", "sentiment")),
        "messages": many(TEXT),
        "said": many(
            fields(
                {
                    "id": TEXT,
                    "message_id": TEXT,
                    "conversation_id": TEXT,
                    "text": TEXT,
                    "operator": PERSON,
                    "kind": LABEL_KIND,
                    "intent": either(TEXT),
                    "sentiment": either(SENTIMENT),
                    "at": TIME,
                }
            )
        ),
    }
)

SCHEMAS: dict[str, Schema] = {
    "Corrected": fields({"correction": CORRECTION}),
    "Undone": fields({"correction": either(CORRECTION)}),
    "Settled": fields({"corrections": many(CORRECTION)}),
    "Conflicts": fields(
        {
            "conflicts": many(CONFLICT),
        },
        operators=many(
            fields(
                {
                    "operator": PERSON,
                    "labels": WHOLE,
                    "overruled": WHOLE,
                    "compared": WHOLE,
                    "contradicting": WHOLE,
                    "read": WHOLE,
                    "read_otherwise": WHOLE,
                    "agreement": either(NUMBER),
                    "stands_out": FLAG,
                }
            )
        ),
    ),
}
