"""Why the desk replied so, and what it would say to a message that is tried."""

from service.web.responses.schema import (
    ANY_OBJECT,
    FLAG,
    NUMBER,
    TEXT,
    WHOLE,
    either,
    fields,
    many,
    ref,
    words,
)
from service.web.responses.shared import SUGGESTION

SCORED = fields({"label": TEXT, "confidence": NUMBER})
DRAFT = fields(
    {
        "text": TEXT,
        "action": words("answer", "clarify", "ask", "handoff", "none"),
        "template": either(TEXT),
        "suggestions": many(SUGGESTION),
    }
)
SAID = fields({"trace": ref("Trace"), "reply": either(DRAFT)})
TRACE = fields(
    {
        "release": either(TEXT),
        "reading": either(
            fields({"text": TEXT, "intents": many(SCORED), "sentiments": many(SCORED)})
        ),
        "hits": many(ANY_OBJECT),
        "route": ANY_OBJECT,
        "thresholds": either(ANY_OBJECT),
    },
    took_ms=ANY_OBJECT,
    content=WHOLE,
)
TRIED = fields(
    {
        **SAID["properties"],
        "behind": FLAG,
        "challenger": either(
            fields({"release": TEXT, "problem": either(TEXT), "said": either(SAID)})
        ),
    }
)
