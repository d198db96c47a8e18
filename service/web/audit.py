"""The admins' API for the audit log: who did what, when, from where; also as a table (CSV)."""

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, request, stream_with_context

from service.audit import DEEDS, AuditEntry, AuditQuery
from service.errors import InvalidInput
from service.web.context import admin_required, parts
from service.web.inputs.parsing import query_number
from service.web.operations import operation
from service.web.shapes.accounts import audit_json

blueprint = Blueprint("audit", __name__, url_prefix="/api/v1")

COLUMNS = ("id", "at", "operator_id", "name", "role", "deed", "subject", "detail", "address")
PAGE = 1000
FORMULA = ("=", "+", "-", "@", "\t", "\r")
FILTER = {
    "operator": "id of an operator",
    "deed": "as in `deeds`",
    "address": "from where",
    "from": "ISO 8601 date or time, UTC",
    "to": "ISO 8601 date or time, UTC",
}


@blueprint.get("/audit")
@operation(
    "Who did what, the newest first.",
    query={**FILTER, "before": "id of the last entry known", "limit": "1 to 200"},
    returns={200: "AuditLog"},
    auth="admin",
)
@admin_required
def read_audit() -> dict[str, Any]:
    limit = query_number("limit", 50, 1, 200)
    asked = replace(_query(), before=query_number("before", 0, 0, 2**53))
    found = parts().store.audit(asked, limit + 1)
    return {
        "entries": [audit_json(entry) for entry in found[:limit]],
        "more": len(found) > limit,
        "deeds": [{"deed": deed, "text": text} for deed, text in DEEDS.items()],
    }


@blueprint.get("/audit.csv")
@operation("The same as a table.", query=FILTER, returns={200: "Table"}, auth="admin")
@admin_required
def download_audit() -> Response:
    rows = stream_with_context(_table(_query()))
    headers = {"Content-Disposition": 'attachment; filename="audit.csv"'}
    return Response(rows, mimetype="text/csv", headers=headers)


def _query() -> AuditQuery:
    deed = request.args.get("deed", "")
    if deed and deed not in DEEDS:
        raise InvalidInput("deed: there is no such deed.", field="deed")
    since, until = _time("from"), _time("to")
    return AuditQuery(
        operator_id=request.args.get("operator", "")[:100],
        deed=deed,
        address=request.args.get("address", "")[:100],
        since=since,
        until=until,
    )


def _time(name: str) -> str:
    """A time as the log has it; empty without one."""
    raw = request.args.get(name)
    if not raw:
        return ""
    try:
        moment = datetime.fromisoformat(raw)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        message = f"{name}: must be a time such as 2026-11-22T08:00Z."
        raise InvalidInput(message, field=name) from None
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _table(asked: AuditQuery) -> Iterator[str]:
    yield _line(COLUMNS)
    while page := parts().store.audit(asked, PAGE):
        yield from (_line(_cells(entry)) for entry in page)
        asked = replace(asked, before=page[-1].id)


def _cells(entry: AuditEntry) -> list[str]:
    """As text; what a spreadsheet would take for a formula gets an apostrophe."""
    values = [str(getattr(entry, name) or "") for name in COLUMNS]
    return [f"'{value}" if value[:1] in FORMULA else value for value in values]


def _line(cells: tuple[str, ...] | list[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()
