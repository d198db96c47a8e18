"""What identifies one state of one item of content, and the item as JSON that history keeps.

Used by the store, which compares a version with what stands before it writes, and by the web, which
tells versions to editors. Pure: whoever changed the item, by whichever way, changed its version.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import orjson

from service.records.content import Article, ContentKind, Example, GoldenCase, Intent, Template
from service.records.settings import Hours, Sla
from service.records.words import ContactForm

Item = Intent | Template | Example | Article | GoldenCase

NOT_THERE = ""  # the version of what does not exist
# What people edit of an item; what follows from elsewhere (weights, times) makes no new version.
EDITED: Mapping[ContentKind, tuple[str, ...]] = {
    "intent": ("group", "title", "description", "slots", "action", "priority"),
    "template": ("intent", "sentiment", "text"),
    "example": ("text", "intent", "sentiment", "entities", "split"),
    "article": ("title", "intents", "text"),
    "golden_case": ("text", "intent", "action"),
    "facts": ("facts",),
}


def item_json(item: Item) -> dict[str, Any]:
    """All of an item as JSON has it: lists for tuples, plain objects for mappings."""
    plain: dict[str, Any] = orjson.loads(orjson.dumps(asdict(item)))
    return plain


def facts_json(facts: Mapping[str, str]) -> dict[str, Any]:
    """The desk's facts as an item."""
    return {"facts": dict(facts)}


def edited_json(kind: ContentKind, item: Mapping[str, Any]) -> dict[str, Any]:
    """The part of an item's JSON that people edit."""
    return {name: item.get(name) for name in EDITED[kind]}


def version_of(kind: ContentKind, item: Mapping[str, Any] | None) -> str:
    """Twelve digits of a hash of what people edit of the item; ``NOT_THERE`` without one."""
    if item is None:
        return NOT_THERE
    # Spans without an end or none at all are the same to who edits.
    told = {name: value or None for name, value in edited_json(kind, item).items()}
    return digest(told)


def promises_json(sla: Sla | None, hours: Hours | None, form: ContactForm) -> dict[str, Any]:
    """What leads edit of how soon people reply, and when they work."""
    return {
        "sla": sla and {name: dict(getattr(sla, name)) for name in Sla.__slots__},
        "hours": hours and {name: getattr(hours, name) for name in Hours.__slots__},
        "contact_form": form,
    }


def site_json(
    name: str,
    welcome: Sequence[str],
    suggested: Sequence[str],
    look: Mapping[str, str],
    origins: str,
    files: bool,
) -> dict[str, Any]:
    """What admins edit of the site; ``look`` by the names of its settings, ``origins`` empty unless
    an admin has said who may embed it, ``files`` whether customers may send some."""
    return {
        "name": name,
        "welcome": list(welcome),
        "suggested": list(suggested),
        **{setting.removeprefix("site_"): value for setting, value in look.items()},
        "allowed_origins": origins,
        "files": files,
    }


def digest(told: Mapping[str, Any]) -> str:
    """Twelve digits of a hash, the same whatever the order of the names."""
    return hashlib.sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).hexdigest()[:12]
