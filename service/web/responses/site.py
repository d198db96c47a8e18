"""The site as the widget asks for it, and its settings: looks, hours, promises."""

from service.web.responses.conversations import FILES_TAKEN
from service.web.responses.schema import ANY_OBJECT, FLAG, TEXT, WHOLE, either, fields, many, words
from service.web.responses.shared import SUGGESTION

TRAITS = {"side": words("", "left", "right"), "spacing": TEXT, "radius": TEXT, "font": TEXT}
PROMISE = {"type": "object", "additionalProperties": WHOLE}
CONTACT_FORM = words("closed", "away", "never")
SITE = fields(
    {
        "name": TEXT,
        "language": TEXT,
        "welcome": TEXT,
        "suggested": many(SUGGESTION),
        "max_text": WHOLE,
        "theme": fields({"color": TEXT, "mode": TEXT}, **TRAITS),
        "files": either(FILES_TAKEN),
    },
    locale=TEXT,
)
SITE_SETTINGS = fields(
    {
        "name": TEXT,
        "welcome": many(TEXT),
        "usual_welcome": TEXT,
        "suggested": many(TEXT),
        "color": TEXT,
        "theme": words("", "auto", "light", "dark"),
        **TRAITS,
        "locale": TEXT,
        "version": TEXT,
        "allowed_origins": TEXT,
        "files": FLAG,
        "fixed": many(words("allowed_origins")),
    }
)
PROMISES = fields(
    {
        "sla": either(
            fields({"first_reply": PROMISE, "next_reply": PROMISE, "resolution": PROMISE})
        ),
        "hours": either(fields({"timezone": TEXT, "days": ANY_OBJECT, "closed": many(TEXT)})),
        "contact_form": CONTACT_FORM,
        "version": TEXT,
    }
)
PROMISES_PREVIEW = fields({"is_open": FLAG, "now": TEXT, "examples": many(TEXT)})
