"""Why the desk replied so: one JSON object per customer message, and the same in words.

Written by the desk with every turn, read by operators, ``frontdesk read`` and ``replay``. Holds
what the decision saw, never what it would see today.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from index.records import Hit, Reading, Scored, Thresholds
from service.records.past import Said
from service.router import REASONS, Route

TOP_INTENTS = 5
THRESHOLDS = tuple(field.name for field in fields(Thresholds))
EXCERPT = 160  # characters of a hit: enough to know it by, for a trace is kept with every message


def scored(entry: Scored) -> dict[str, Any]:
    """A label and its confidence, rounded to what the confidence can mean."""
    return {"label": entry.label, "confidence": round(entry.confidence, 4)}


def reading_json(reading: Reading) -> dict[str, Any]:
    """A reading without its vector; the five most likely intents."""
    return {
        "text": reading.text,
        "intents": [scored(entry) for entry in reading.intents[:TOP_INTENTS]],
        "sentiments": [scored(entry) for entry in reading.sentiments],
        "in_scope": round(reading.in_scope, 4),
        "certainty": round(reading.certainty, 4),
        "entities": [
            {"start": e.start, "end": e.end, "label": e.label, "text": e.text, "value": e.value}
            for e in reading.entities
        ],
    }


def route_json(route: Route) -> dict[str, Any]:
    """A route with its reason as a code and in words."""
    return {
        "action": route.action,
        "reason": route.reason,
        "reason_text": REASONS[route.reason],
        "intent": route.intent,
        "template": route.template,
        "choices": list(route.choices),
        "slot": route.slot,
        "slots": dict(route.slots),
        "priority": route.priority,
    }


def hit_json(hit: Hit) -> dict[str, Any]:
    """A hit with its cosine and its lexical share, rounded, and the beginning of its text; whether
    it is fresh, if so."""
    return {
        "kind": hit.kind,
        "id": hit.id,
        "score": round(hit.score, 4),
        "intent": hit.intent,
        "text": hit.text[:EXCERPT],
        "lexical": round(hit.lexical, 4),
        **({"fresh": True} if hit.fresh else {}),
    }


def trace_json(
    reading: Reading,
    hits: Sequence[Hit],
    route: Route,
    thresholds: Thresholds,
    took_ms: Mapping[str, float],
    choice: str | None = None,
    content: int = 0,
) -> dict[str, Any]:
    """The whole trace of a turn that a model has read; ``choice`` is a clicked button's, and
    ``content`` the revision of the desk's content."""
    return {
        "release": reading.release,
        "content": content,
        "reading": reading_json(reading),
        "hits": [hit_json(hit) for hit in hits],
        "route": route_json(route),
        "thresholds": {name: getattr(thresholds, name) for name in THRESHOLDS},
        "took_ms": {stage: round(ms, 2) for stage, ms in took_ms.items()},
        **({"choice": choice} if choice else {}),
    }


def away_json(route: Route, choice: str | None = None) -> dict[str, Any]:
    """The trace of a turn that no model has read."""
    return {
        "release": None,
        "reading": None,
        "hits": [],
        "route": route_json(route),
        "thresholds": None,
        **({"choice": choice} if choice else {}),
    }


def said_json(said: Said) -> dict[str, Any]:
    """What the desk did with a message, to be compared."""
    fields = {name: getattr(said, name) for name in Said.__slots__}
    return {**fields, "suggestions": list(said.suggestions)}


def line_json(reading: Reading, route: Route) -> dict[str, Any]:
    """A line of ``frontdesk read``."""
    top, mood = reading.intent, reading.sentiment
    return {
        "text": reading.text,
        "intent": scored(top) if top else None,
        "intents": [scored(entry) for entry in reading.intents[:TOP_INTENTS]],
        "sentiment": {
            **scored(mood),
            "scores": {s.label: round(s.confidence, 4) for s in reading.sentiments},
        }
        if mood
        else None,
        "in_scope": round(reading.in_scope, 4),
        "entities": [
            {"start": e.start, "end": e.end, "label": e.label, "text": e.text}
            for e in reading.entities
        ],
        "route": {
            "action": route.action,
            "reason": route.reason,
            "template": route.template,
            "intent": route.intent,
        },
        "release": reading.release,
    }
