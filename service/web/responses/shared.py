"""Small schemas that several subjects have in common, and the problem that any call may return."""

from service.web.responses.schema import NUMBER, TEXT, WHOLE, either, fields, many, words

SENTIMENT = words("negative", "neutral", "positive")
PRIORITY = words("low", "normal", "high", "urgent")
CONTACT_KIND = words("email", "phone")
SUGGESTION = fields({"text": TEXT, "intent": either(TEXT)})
PERSON = fields({"id": TEXT, "name": TEXT})
SHARE = fields(
    {"count": WHOLE, "of": WHOLE, "share": either(NUMBER), "low": NUMBER, "high": NUMBER}
)
PROBLEM = fields(
    {
        "type": TEXT,
        "title": TEXT,
        "detail": TEXT,
        "status": WHOLE,
        "code": TEXT,
        "request_id": either(TEXT),
    },
    errors=many(fields({"field": TEXT, "message": TEXT})),
)
