"""Operators: their accounts, sessions and tokens, the people who work here, and who did what."""

from service.web.responses.schema import (
    FLAG,
    TEXT,
    TIME,
    WHOLE,
    Schema,
    either,
    fields,
    many,
    words,
)

ROLE = words("operator", "lead", "admin")
OPERATOR = fields({"id": TEXT, "email": TEXT, "name": TEXT, "role": ROLE})
COLLEAGUE = fields(
    {
        **OPERATOR["properties"],
        "disabled": FLAG,
        "two_factor": FLAG,
        "created_at": TIME,
        "seen_at": either(TIME),
    }
)
SESSION = fields(
    {
        "id": TEXT,
        "device": TEXT,
        "address": TEXT,
        "created_at": TIME,
        "seen_at": TIME,
        "expires_at": TIME,
        "current": FLAG,
    }
)
API_TOKEN = fields(
    {
        "id": TEXT,
        "operator_id": TEXT,
        "operator_name": TEXT,
        "name": TEXT,
        "created_at": TIME,
        "used_at": either(TIME),
    }
)
AUDIT_ENTRY = fields(
    {
        "id": WHOLE,
        "at": TIME,
        "who": fields({"id": either(TEXT), "name": TEXT, "role": TEXT}),
        "deed": TEXT,
        "text": TEXT,
        "subject": TEXT,
        "detail": TEXT,
        "address": TEXT,
    }
)
AUDIT_LOG = fields(
    {
        "entries": many(AUDIT_ENTRY),
        "more": FLAG,
        "deeds": many(fields({"deed": TEXT, "text": TEXT})),
    }
)

SCHEMAS: dict[str, Schema] = {
    "SignedIn": fields({"operator": OPERATOR}),
    "Account": fields(
        {
            "operator": OPERATOR,
            "two_factor": FLAG,
            "recovery_codes": WHOLE,
            "sessions": many(SESSION),
        }
    ),
    "Ended": fields({"ended": WHOLE}),
    "TotpBegun": fields({"secret": TEXT, "address": TEXT, "picture": TEXT}),
    "RecoveryCodes": fields({"recovery_codes": many(TEXT)}),
    "People": fields(
        {"people": many(COLLEAGUE), "roles": many(fields({"role": ROLE, "may": TEXT}))}
    ),
    "Person": fields({"person": COLLEAGUE}),
    "PersonAdded": fields({"person": COLLEAGUE, "password": either(TEXT)}),
    "PasswordMade": fields({"password": TEXT}),
    "Tokens": fields({"tokens": many(API_TOKEN)}),
    "TokenMade": fields({"token": TEXT}),
}
