"""What the tests of the store write: drafts, a trace, a desk's content, and a clock that stands."""

from datetime import UTC, datetime, timedelta
from typing import Any

from service.records.content import Article, Content, Example, GoldenCase, Intent, Template
from service.records.conversations import Dialogue, ReplyDraft, Suggestion
from service.records.settings import DeskSettings, Hours, Sla, Slot
from service.records.tickets import TicketDraft
from service.records.turns import TurnDraft

CONTENT = Content(
    settings=DeskSettings(
        name="Kestrel & Moor",
        region="GB",
        languages=("en", "de"),
        facts={"shop": "Kestrel"},
        slots=(Slot("order", "Order", "Which order?", "Which one?", r"KM-\d+", "KM-{0}"),),
        replies={"welcome": ("Hello!", "Hi!")},
        suggested=("track",),
        protected={"refund": 0, "track": 2},
        sla=Sla({"urgent": 15, "normal": 480}, {"normal": 60}, {"high": 2880}),
        hours=Hours("Europe/Berlin", {"monday": ("09:00-12:30", "13:30-17:00")}, ("2026-12-25",)),
    ),
    intents=(
        Intent("track", "orders", "Where is it?", "Parcels.", ("order",)),
        Intent("refund", "money", "My money back", action="handoff", priority="high"),
    ),
    templates=(
        Template("track", "track", "Follow {order} here."),
        Template("track_upset", "track", "Sorry! Follow {order}.", "negative"),
    ),
    examples=(
        Example("exa_1", "where is it", "track", "neutral", ({"start": 0, "end": 5},), "train"),
        Example("exa_2", "nice weather", "out_of_scope"),
    ),
    articles=(Article("delivery", "Delivery", "# Delivery", ("track",), "2026-01-01T00:00:00Z"),),
    golden=(GoldenCase("where's my parcel", "track", "ask"),),
)


def trace(
    action: str = "answer", intent: str = "track", sentiment: str = "neutral"
) -> dict[str, Any]:
    return {
        "release": "rel_1",
        "reading": {
            "intents": [{"label": intent, "confidence": 0.9}],
            "sentiments": [{"label": sentiment, "confidence": 0.8}],
        },
        "route": {"action": action, "reason": "sure", "intent": intent},
    }


def draft(conversation_id: str, client_id: str = "one", **changes: Any) -> TurnDraft:
    values: dict[str, Any] = {
        "text": f"question {client_id}",
        "epoch": 0,
        "dialogue": Dialogue(asked=1),
        "reply": ReplyDraft("an answer", "answer", "track", (Suggestion("More?", "track"),)),
        "trace": trace(),
    }
    return TurnDraft(conversation_id, client_id, **{**values, **changes})


def handoff(conversation_id: str, client_id: str = "one", **changes: Any) -> TurnDraft:
    ticket = TicketDraft("normal", "low_confidence", "Subject", "refund", "negative")
    reply = ReplyDraft("A person will answer.", "handoff")
    values = {"reply": reply, "ticket": ticket, "trace": trace("handoff", "refund", "negative")}
    return draft(conversation_id, client_id, **{**values, **changes})


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.time = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def move(self, **delta: float) -> None:
        self.time += timedelta(**delta)
