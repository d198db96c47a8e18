"""JSON schemas of what the API returns, by the names that views use in ``operation``.

Read by ``service.web.openapi``; a test holds real responses against them.
"""

from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "number"}
WHOLE: Schema = {"type": "integer"}
FLAG: Schema = {"type": "boolean"}
ANY_OBJECT: Schema = {"type": "object"}
COUNTS: Schema = {"type": "object", "additionalProperties": WHOLE}
TIME: Schema = {"type": "string", "format": "date-time"}


def either(schema: Schema) -> Schema:
    """The schema or null."""
    return {"anyOf": [schema, {"type": "null"}]}


def words(*values: str) -> Schema:
    """One of some strings."""
    return {"type": "string", "enum": list(values)}


def many(schema: Schema) -> Schema:
    """A list."""
    return {"type": "array", "items": schema}


def ref(name: str) -> Schema:
    """A named schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def fields(required: dict[str, Schema], **optional: Schema) -> Schema:
    """An object with these fields."""
    return {
        "type": "object",
        "properties": {**required, **optional},
        "required": list(required),
    }


SENTIMENT = words("negative", "neutral", "positive")
SCORED = fields({"label": TEXT, "confidence": NUMBER})
SUGGESTION = fields({"text": TEXT, "intent": either(TEXT)})
TICKET_STATUS = words("open", "claimed", "returned", "resolved")
PRIORITY = words("low", "normal", "high", "urgent")

INTENT = fields(
    {
        "name": TEXT,
        "group": TEXT,
        "title": TEXT,
        "description": TEXT,
        "slots": many(TEXT),
        "action": words("answer", "handoff"),
        "priority": PRIORITY,
    },
    examples=WHOLE,
    version=TEXT,
)
TEMPLATE = fields(
    {"name": TEXT, "intent": TEXT, "text": TEXT, "sentiment": either(SENTIMENT)},
    version=TEXT,
    used=WHOLE,
    helpful=WHOLE,
    unhelpful=WHOLE,
)
EXAMPLE = fields(
    {"id": TEXT, "text": TEXT, "intent": either(TEXT), "sentiment": either(SENTIMENT)},
    entities=either(many(ANY_OBJECT)),
    split=either(TEXT),
    source=TEXT,
    weight=NUMBER,
    contested=many(words("intent", "sentiment")),
    version=TEXT,
)
ARTICLE = fields({"id": TEXT, "title": TEXT, "text": TEXT, "intents": many(TEXT)}, version=TEXT)
GOLDEN_CASE = fields(
    {
        "id": TEXT,
        "text": TEXT,
        "intent": TEXT,
        "action": words("answer", "clarify", "ask", "handoff", "none"),
        "version": TEXT,
    }
)
CONTENT_KIND = words("intent", "template", "example", "article", "golden_case", "facts")
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
WEBHOOK = fields(
    {
        "id": TEXT,
        "address": TEXT,
        "description": TEXT,
        "events": many(TEXT),
        "with_texts": FLAG,
        "active": FLAG,
        "stopped": words("", "gone", "failing"),
        "failing_since": either(TIME),
        "old_secret_until": either(TIME),
        "created_at": TIME,
        "updated_at": TIME,
    }
)
TRY = {"at": TIME, "status": either(WHOLE), "problem": TEXT, "took_ms": WHOLE}
DELIVERY = fields(
    {
        "id": TEXT,
        "event": TEXT,
        "state": words("waiting", "delivered", "failed"),
        "created_at": TIME,
        "next_at": either(TIME),
        "tries": WHOLE,
        "last": either(fields(TRY)),
    },
    told=many(fields({**TRY, "answer": TEXT})),
    body=ANY_OBJECT,
)
CONTACT_KIND = words("email", "phone")
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
CONTACT_FORM = words("closed", "away", "never")
CONVERSATION = fields(
    {"id": TEXT, "status": words("desk", "waiting", "operator", "resolved")},
    locale=TEXT,
    created_at=TIME,
    closing=fields({"ticket_id": TEXT, "message_id": TEXT, "rated": FLAG}),
    expectation=EXPECTATION,
)
PERSON = fields({"id": TEXT, "name": TEXT})
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
TRAITS = {"side": words("", "left", "right"), "spacing": TEXT, "radius": TEXT, "font": TEXT}
PROMISE = {"type": "object", "additionalProperties": WHOLE}
ALARM = fields(
    {
        "id": TEXT,
        "kind": words("surge", "drift"),
        "subject": TEXT,
        "words": TEXT,
        "value": NUMBER,
        "peak": NUMBER,
        "usual": NUMBER,
        "began_at": TIME,
        "ended_at": either(TIME),
        "acknowledged": either(fields({"id": TEXT, "name": TEXT, "at": TIME})),
    }
)
ALARM_MESSAGE = fields(
    {"id": TEXT, "conversation_id": TEXT, "ticket_id": either(TEXT), "text": TEXT, "at": TIME}
)
PROPOSAL = fields(
    {
        "id": TEXT,
        "kind": words("label", "intent", "answer"),
        "source": words("review", "history"),
        "state": words("open", "accepted", "dismissed"),
        "name": TEXT,
        "title": TEXT,
        "answer": TEXT,
        "intent": either(TEXT),
        "texts": many(fields({"place": WHOLE, "text": TEXT, "message_id": either(TEXT)})),
        "count": WHOLE,
        "share": NUMBER,
        "value": NUMBER,
        "handed_over": WHOLE,
        "unhelpful": WHOLE,
        "confidence": either(NUMBER),
        "made_at": TIME,
        "decided_at": either(TIME),
        "decided_by": either(TEXT),
    }
)
TICKET_ID = fields({"id": TEXT})
CONTENT_CHANGE = fields(
    {
        "id": WHOLE,
        "kind": CONTENT_KIND,
        "name": TEXT,
        "before": either(ANY_OBJECT),
        "after": either(ANY_OBJECT),
        "at": TIME,
        "operator": either(PERSON),
    }
)
DRAFT = fields(
    {
        "text": TEXT,
        "action": words("answer", "clarify", "ask", "handoff", "none"),
        "template": either(TEXT),
        "suggestions": many(SUGGESTION),
    }
)
SAID = fields({"trace": ref("Trace"), "reply": either(DRAFT)})
CANNED = fields({"id": TEXT, "name": TEXT, "text": TEXT, "own": FLAG, "updated_at": TIME})
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
RELEASE = fields(
    {
        "id": TEXT,
        "created_at": TEXT,
        "encoder": TEXT,
        "dataset": TEXT,
        "erased": either(ANY_OBJECT),
        "figures": ANY_OBJECT,
        "size": WHOLE,
        "report": FLAG,
        "night": either(TEXT),
        "diff": either(
            fields(
                {
                    "at": either(TEXT),
                    "before_release": either(TEXT),
                    "messages": either(WHOLE),
                    "changed": either(WHOLE),
                    "stale": FLAG,
                }
            )
        ),
    },
    format=WHOLE,
    note=TEXT,
)
NIGHT = fields(
    {
        "id": TEXT,
        "begun_at": TIME,
        "ended_at": either(TIME),
        "stage": words("begun", "frozen", "trained", "judged", "promoted", "kept", "failed"),
        "champion": either(TEXT),
        "release": either(TEXT),
        "rows": WHOLE,
        "held_out": WHOLE,
        "masked": WHOLE,
        "training_seconds": NUMBER,
        "better": FLAG,
        "reason": TEXT,
    },
    dataset=TEXT,
)
VERDICT = fields(
    {
        "checks": many(fields({"name": TEXT, "passed": FLAG, "told": TEXT})),
        "rows": WHOLE,
        "corrected": WHOLE,
        "set_aside": WHOLE,
    }
)

SHARE = fields(
    {"count": WHOLE, "of": WHOLE, "share": either(NUMBER), "low": NUMBER, "high": NUMBER}
)
ARM = fields(
    {
        "conversations": WHOLE,
        "turns": WHOLE,
        "stood_in": WHOLE,
        "handed_over": SHARE,
        "answered": SHARE,
        "unhelpful": SHARE,
    }
)
TRIAL = fields(
    {
        "id": TEXT,
        "release": TEXT,
        "champion": TEXT,
        "mode": words("shadow", "canary"),
        "share": NUMBER,
        "started_at": TIME,
        "ended_at": either(TIME),
        "reason": TEXT,
    },
    since=TIME,
)

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
    "Problem": fields(
        {
            "type": TEXT,
            "title": TEXT,
            "detail": TEXT,
            "status": WHOLE,
            "code": TEXT,
            "request_id": either(TEXT),
        },
        errors=many(fields({"field": TEXT, "message": TEXT})),
    ),
    "Conversation": CONVERSATION,
    "File": FILE,
    "Message": MESSAGE,
    "Ticket": TICKET,
    "Site": fields(
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
    ),
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
    "SiteSettings": fields(
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
    ),
    "Webhooks": fields(
        {"webhooks": many(WEBHOOK), "events": many(fields({"event": TEXT, "text": TEXT}))}
    ),
    "Webhook": fields({"webhook": WEBHOOK}),
    "WebhookMade": fields({"webhook": WEBHOOK, "secret": TEXT}),
    "Deliveries": fields({"deliveries": many(DELIVERY), "more": FLAG}),
    "Delivery": fields({"delivery": DELIVERY}),
    "AuditLog": fields(
        {
            "entries": many(AUDIT_ENTRY),
            "more": FLAG,
            "deeds": many(fields({"deed": TEXT, "text": TEXT})),
        }
    ),
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
    "Promises": fields(
        {
            "sla": either(
                fields({"first_reply": PROMISE, "next_reply": PROMISE, "resolution": PROMISE})
            ),
            "hours": either(fields({"timezone": TEXT, "days": ANY_OBJECT, "closed": many(TEXT)})),
            "contact_form": CONTACT_FORM,
            "version": TEXT,
        }
    ),
    "PromisesPreview": fields({"is_open": FLAG, "now": TEXT, "examples": many(TEXT)}),
    "Replied": fields({"message": ref("Message"), "ticket": ref("Ticket")}),
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
                    "agreement": either(NUMBER),
                    "stands_out": FLAG,
                }
            )
        ),
    ),
    "Trace": fields(
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
    ),
    "Alarm": ALARM,
    "Alarms": fields({"alarms": many(ref("Alarm"))}),
    "AlarmDetail": fields({"alarm": ref("Alarm"), "messages": many(ALARM_MESSAGE)}),
    "Acknowledged": fields({"alarm": ref("Alarm")}),
    "Intents": fields({"intents": many(INTENT)}),
    "Intent": fields({"intent": INTENT}),
    "Templates": fields({"templates": many(TEMPLATE)}),
    "Template": fields({"template": TEMPLATE}),
    "Examples": fields({"examples": many(EXAMPLE), "total": WHOLE}),
    "Example": fields({"example": EXAMPLE}, doubts=many(fields({"kind": TEXT, "told": TEXT}))),
    "Articles": fields({"articles": many(ARTICLE)}),
    "Article": fields({"article": ARTICLE}),
    "GoldenCases": fields({"golden": many(GOLDEN_CASE)}),
    "GoldenCase": fields({"golden_case": GOLDEN_CASE}),
    "Facts": fields(
        {
            "facts": {"type": "object", "additionalProperties": TEXT},
            "version": TEXT,
            "slots": many(fields({"name": TEXT, "title": TEXT})),
            "used": {"type": "object", "additionalProperties": many(TEXT)},
        }
    ),
    "ContentHistory": fields({"changes": many(CONTENT_CHANGE), "more": FLAG}),
    "ContentRestored": fields({"kind": CONTENT_KIND, "name": TEXT, "version": TEXT}),
    "Tried": fields(
        {
            **SAID["properties"],
            "behind": FLAG,
            "challenger": either(
                fields({"release": TEXT, "problem": either(TEXT), "said": either(SAID)})
            ),
        }
    ),
    "Review": fields({"proposals": many(PROPOSAL), "open": WHOLE}),
    "Decided": fields({"proposal": PROPOSAL}),
    "Releases": fields(
        {
            "releases": many(RELEASE),
            "champion": either(TEXT),
            "previous": either(TEXT),
            "serving": either(TEXT),
            "problem": either(TEXT),
        }
    ),
    "Nights": fields({"nights": many(NIGHT), "running": FLAG, "unreadable": many(TEXT)}),
    "NightDetail": fields({"night": NIGHT, "verdict": either(VERDICT)}),
    "Champion": fields({"champion": either(TEXT)}),
    "Trial": fields(
        {
            "trial": either(TRIAL),
            "running": FLAG,
            "ready": either(FLAG),
            "problem": either(TEXT),
        },
        shadow=fields(
            {
                "compared": WHOLE,
                "changed": SHARE,
                "kinds": COUNTS,
                "dropped": WHOLE,
                "failed": WHOLE,
            }
        ),
        disagreements=many(
            fields(
                {
                    "conversation_id": TEXT,
                    "message_id": TEXT,
                    "at": TIME,
                    "text": TEXT,
                    "kind": TEXT,
                    "champion": ANY_OBJECT,
                    "challenger": ANY_OBJECT,
                }
            )
        ),
        canary=fields({"challenger": ARM, "champion": ARM, "next_look": WHOLE, "level": NUMBER}),
    ),
    "Diff": fields(
        {"diff": either(ANY_OBJECT), "stale": FLAG, "running": FLAG, "problem": either(TEXT)}
    ),
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
