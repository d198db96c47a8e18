"""Reports: volumes, shares and times, also over time, by operator and by template."""

from service.web.responses.schema import (
    COUNTS,
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
from service.web.responses.shared import PERSON, SHARE

QUANTILES = fields({"count": WHOLE, "median": either(NUMBER), "p90": either(NUMBER)})
POINT = fields(
    {
        "at": TEXT,
        "turns": WHOLE,
        "answered": WHOLE,
        "asked": WHOLE,
        "handed_over": WHOLE,
        "negative": WHOLE,
        "neutral": WHOLE,
        "positive": WHOLE,
    }
)
REPORT = fields(
    {
        "from": TIME,
        "to": TIME,
        "conversations": WHOLE,
        "messages": COUNTS,
        "turns": COUNTS,
        "answered_share": either(NUMBER),
        "sentiments": COUNTS,
        "intents": many(
            fields(
                {
                    "intent": TEXT,
                    "turns": WHOLE,
                    "answered": WHOLE,
                    "asked": WHOLE,
                    "handed_over": WHOLE,
                    "answered_share": either(NUMBER),
                    "negative": WHOLE,
                    "neutral": WHOLE,
                    "positive": WHOLE,
                }
            )
        ),
        "handoff_reasons": COUNTS,
        "tickets": COUNTS,
        "first_response_seconds": either(NUMBER),
        "resolution_seconds": either(NUMBER),
        "first_response": QUANTILES,
        "resolution": QUANTILES,
        "precision": SHARE,
        "ratings": fields(
            {
                "count": WHOLE,
                "average": either(NUMBER),
                "helpful": WHOLE,
                "unhelpful": WHOLE,
                "stars": many(WHOLE),
            }
        ),
    }
)

SCHEMAS: dict[str, Schema] = {
    "Report": fields(
        {**REPORT["properties"]},
        series=fields({"unit": words("hour", "day", "month"), "points": many(POINT)}),
        hours=many(many(WHOLE)),
        operators=many(
            fields(
                {
                    "operator": PERSON,
                    "conversations": WHOLE,
                    "replies": WHOLE,
                    "resolved": WHOLE,
                    "first_response": QUANTILES,
                    "ratings": fields({"count": WHOLE, "average": either(NUMBER)}),
                }
            )
        ),
        templates=many(
            fields({"template": TEXT, "used": WHOLE, "helpful": WHOLE, "unhelpful": WHOLE})
        ),
        unused=fields({"templates": many(TEXT), "intents": many(TEXT)}),
        before=REPORT,
    ),
}
