"""The operators' API for reports: volumes, answered share, sentiment, times, per intent."""

from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Blueprint, request

from service.errors import InvalidInput
from service.web.context import operator_required, parts
from service.web.operations import operation

blueprint = Blueprint("reports", __name__, url_prefix="/api/v1")

DEFAULT_DAYS = 30
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)


@blueprint.get("/reports")
@operation(
    "What happened between two times; the last 30 days by default.",
    query={"from": "ISO 8601 date or time, UTC", "to": "ISO 8601 date or time, UTC"},
    returns={200: "Report"},
    auth="operator",
)
@operator_required
def read_report() -> dict[str, Any]:
    until = _time("to") or datetime.now(UTC)
    since = _time("from") or max(until, EARLIEST) - timedelta(days=DEFAULT_DAYS)
    if since > until:
        raise InvalidInput("from: must not be after to.", field="from")
    start, end = (moment.isoformat(timespec="milliseconds") for moment in (since, until))
    return {"from": start, "to": end, **parts().store.report(start, end)}


def _time(name: str) -> datetime | None:
    raw = request.args.get(name)
    if not raw:
        return None
    try:
        moment = datetime.fromisoformat(raw)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidInput(
            f"{name}: must be a time such as 2026-11-22T08:00Z.", field=name
        ) from None
