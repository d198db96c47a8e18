"""The operators' API for the history of content: what changed, by whom, and bringing it back.

Bringing back is a change like any other: checked, kept in the history, and undone the same way.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from flask import Blueprint, request

from service.errors import InvalidInput
from service.records.content import (
    Article,
    ContentChange,
    ContentKind,
    Example,
    GoldenCase,
    Intent,
    Template,
)
from service.versions import EDITED, Item, edited_json, version_of
from service.web import saving
from service.web.context import operator_required, parts
from service.web.inputs.content import Restored
from service.web.inputs.parsing import query_choice, query_number, read_body
from service.web.operations import operation

blueprint = Blueprint("content_history", __name__, url_prefix="/api/v1")

Json = dict[str, Any]
LISTS = ("slots", "intents", "entities", "contested")


@blueprint.get("/content/history")
@operation(
    "What changed in content, the newest first.",
    query={
        "kind": ", ".join(EDITED),
        "name": "only this one: a name or an id; needs a kind",
        "before": "only changes with ids below this one",
        "limit": "1 to 200",
    },
    returns={200: "ContentHistory"},
    auth="operator",
)
@operator_required
def read_history() -> Json:
    kind = query_choice("kind", tuple(EDITED))
    limit = query_number("limit", 50, 1, 200)
    found = parts().store.content_changes(
        kind,  # type: ignore[arg-type]  # one of them, as just checked
        request.args.get("name") or None,
        before=query_number("before", 0, 0, 10**15) or None,
        limit=limit + 1,
    )
    return {"changes": [_change_json(c) for c in found[:limit]], "more": len(found) > limit}


@blueprint.post("/content/history/<change_id>/restore")
@operation(
    "Make an item what it was before or after this change; also one that is deleted.",
    body=Restored,
    returns={200: "ContentRestored"},
    auth="operator",
)
@operator_required
def restore_version(change_id: str) -> Json:
    body = read_body(Restored)
    known = change_id.isascii() and change_id.isdigit() and len(change_id) < 16
    change = parts().store.content_change(int(change_id) if known else 0)
    item = getattr(change, body.side)
    if item is None:
        raise InvalidInput(f"There was nothing {body.side} this change.", field="side")
    if change.kind == "facts":
        saving.save_facts(item["facts"], body.version)
    else:
        SAVE[change.kind](_record(change.kind, item), body.version)
    version = version_of(change.kind, item)
    return {"kind": change.kind, "name": change.name, "version": version}


RECORDS: Mapping[ContentKind, type] = {
    "intent": Intent,
    "template": Template,
    "example": Example,
    "article": Article,
    "golden_case": GoldenCase,
}
SAVE: Mapping[ContentKind, Callable[[Any, str | None], object]] = {
    "intent": saving.save_intent,
    "template": saving.save_template,
    "example": saving.save_example,
    "article": saving.save_article,
    "golden_case": saving.save_golden,
}


def _record(kind: ContentKind, item: Mapping[str, Any]) -> Item:
    """The record of a kept item; fields that another version of frontdesk had are passed over."""
    kind_of_record = RECORDS[kind]
    known: tuple[str, ...] = kind_of_record.__slots__  # type: ignore[attr-defined]
    fields = {name: value for name, value in item.items() if name in known}
    fields |= {name: tuple(fields[name]) for name in LISTS if fields.get(name) is not None}
    record: Item = kind_of_record(**fields)
    return record


def _change_json(change: ContentChange) -> Json:
    shape = asdict(change)
    for side in ("before", "after"):
        item = getattr(change, side)
        shape[side] = None if item is None else edited_json(change.kind, item)
    del shape["operator_id"], shape["operator_name"]
    who = change.operator_id and {"id": change.operator_id, "name": change.operator_name}
    return shape | {"operator": who}
