"""Releases, the nights that made them, trials, and what a release would change."""

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
    words,
)
from service.web.responses.shared import SHARE

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
        "left_out": {"type": "object", "additionalProperties": WHOLE},
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

SCHEMAS: dict[str, Schema] = {
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
}
