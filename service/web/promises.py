"""The API of the desk's promises: how soon people reply and resolve, when they work, and whether a
customer who waits may leave an address.

Talks to the store. Everybody may read them; leads and admins change them, and see beforehand, in
words, what a change would mean.
"""

from datetime import UTC, datetime
from typing import Any

from flask import Blueprint

from service.errors import InvalidInput
from service.promise_words import examples, now_words
from service.records.settings import DeskSettings, Hours, Sla
from service.sla import check_hours, opening
from service.versions import digest, promises_json
from service.web.context import lead_required, operator_required, parts
from service.web.inputs.parsing import read_body
from service.web.inputs.promises import NewHours, NewPromises
from service.web.operations import operation

blueprint = Blueprint("promises", __name__, url_prefix="/api/v1/promises")

Json = dict[str, Any]


def _told(settings: DeskSettings) -> Json:
    shape = promises_json(settings.sla, settings.hours, settings.contact_form)
    return shape | {"version": digest(shape)}


@blueprint.get("")
@operation(
    "How soon the desk replies and resolves, and when it works.",
    returns={200: "Promises"},
    auth="operator",
)
@operator_required
def read_promises() -> Json:
    return _told(parts().store.content().settings)


@blueprint.put("")
@operation(
    "Promise something else (leads and admins).",
    body=NewPromises,
    returns={200: "Promises"},
    auth="lead",
)
@lead_required
def save_promises() -> Json:
    body = read_body(NewPromises)
    sla, hours = _promised(body)
    parts().store.save_promises(sla, hours, body.contact_form, seen=body.version)
    return _told(parts().store.content().settings)


@blueprint.post("/preview")
@operation(
    "What such promises would mean now, in words; nothing is saved.",
    body=NewPromises,
    returns={200: "PromisesPreview"},
    auth="lead",
)
@lead_required
def preview_promises() -> Json:
    sla, hours = _promised(read_body(NewPromises))
    now = datetime.now(UTC)
    return {
        "is_open": opening(now, hours).is_open,
        "now": now_words(hours, now),
        "examples": examples(sla, hours, now),
    }


def _promised(body: NewPromises) -> tuple[Sla | None, Hours | None]:
    sla = Sla(**body.sla.model_dump()) if body.sla else None
    return sla, _hours(body.hours) if body.hours else None


def _hours(body: NewHours) -> Hours:
    """``InvalidInput`` for what are no hours, naming what is wrong."""
    days = {str(day): tuple(spans) for day, spans in body.days.items() if spans}
    hours = Hours(body.timezone, days, tuple(body.closed))
    try:
        check_hours(hours)
    except ValueError as error:
        words = str(error)
        told = f"{words[0].upper()}{words[1:]}."
        errors = [{"field": "hours", "message": told}]
        raise InvalidInput(f"hours: {words}.", field="hours", errors=errors) from None
    return hours
