"""The operators' API for reports: volumes, answered share, sentiment, times, per intent."""

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from flask import Blueprint, g, request

from service.errors import InvalidInput
from service.reporting import before, zone_of
from service.roles import may
from service.web.context import operator_required, parts
from service.web.inputs.parsing import query_choice
from service.web.operations import operation

blueprint = Blueprint("reports", __name__, url_prefix="/api/v1")

DEFAULT_DAYS = 30
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)

Json = dict[str, Any]


@blueprint.get("/reports")
@operation(
    "What happened between two times; the last 30 days by default. `operators` are all for leads "
    "and admins, and for others themselves.",
    query={
        "from": "ISO 8601 date or time, UTC",
        "to": "ISO 8601 date or time, UTC",
        "zone": "IANA time zone of the days and hours; UTC by default",
        "compare": "yes: with `before`, the figures of as many days before",
    },
    returns={200: "Report"},
    auth="operator",
)
@operator_required
def read_report() -> Json:
    until = _time("to") or datetime.now(UTC)
    since = _time("from") or max(until, EARLIEST) - timedelta(days=DEFAULT_DAYS)
    if since > until:
        raise InvalidInput("from: must not be after to.", field="from")
    zone = zone_of(request.args.get("zone") or "UTC")
    report = _report(since, until, zone)
    if not may(g.operator.role, "lead"):  # how colleagues fare is for who leads them
        own = g.operator.id
        report["operators"] = [e for e in report["operators"] if e["operator"]["id"] == own]
    if query_choice("compare", ("yes", "no")) == "yes":
        report["before"] = _report(*_earlier(since, until))
    return report


def _report(since: datetime, until: datetime, zone: tzinfo | None = None) -> Json:
    start, end = (moment.isoformat(timespec="milliseconds") for moment in (since, until))
    return {"from": start, "to": end, **parts().store.report(start, end, zone)}


def _earlier(since: datetime, until: datetime) -> tuple[datetime, datetime]:
    try:
        return before(since, until)
    except OverflowError:
        raise InvalidInput("from: there is no time before it.", field="from") from None


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
