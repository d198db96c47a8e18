"""The desk: receives a message and sees it through to a committed turn.

The only orchestrator: web routes and the terminal chat call it; it calls engine, router, replies
and store, which never call each other. Never speaks HTTP and holds no transaction while a model
works.
"""

import time
from typing import Any

from index.records import OUT_OF_SCOPE
from service.catalogue import TALK_TO_PERSON, Catalogue
from service.engine import Engine, EngineSource
from service.errors import EngineAway, InvalidInput
from service.metrics import Metrics
from service.records import (
    Conversation,
    DeskSettings,
    Dialogue,
    ReplyDraft,
    Suggestion,
    Ticket,
    TicketDraft,
    Turn,
    TurnDraft,
)
from service.replies import TALK_TO_A_PERSON, desk_reply, render
from service.router import Route, decide
from service.store import Store
from service.trace import route_json, trace_json

SUBJECT_CHARACTERS = 120


class Desk:
    """One desk: its store and the source of its engine."""

    def __init__(self, store: Store, engines: EngineSource, metrics: Metrics) -> None:
        self.store = store
        self.engines = engines
        self.metrics = metrics

    def settings(self) -> DeskSettings:
        """The desk's settings, from the engine when there is one (no query), else the store."""
        try:
            return self.engines.current().catalogue.settings
        except EngineAway:
            return self.store.content().settings

    def welcome(self) -> ReplyDraft:
        """The first words of a conversation, with the suggested intents."""
        try:
            catalogue = self.engines.current().catalogue
        except EngineAway:
            catalogue = Catalogue.of(self.store.content())
        text = desk_reply(catalogue.settings, "welcome")
        return ReplyDraft(text, "answer", suggestions=suggested(catalogue))

    def receive(
        self, conversation: Conversation, client_id: str, text: str, choice: str | None = None
    ) -> Turn:
        """Read, route, reply and record one customer message; returns the committed turn.

        The same ``client_id`` again returns the first turn. Without an engine the message is kept
        and handed over.
        """
        known = self.store.find_turn(conversation.id, client_id)
        if known is not None:
            return known
        try:
            engine = self.engines.current()
            if choice and choice != TALK_TO_PERSON and choice not in engine.catalogue.intents:
                raise InvalidInput(f"There is no intent {choice!r} to choose.", field="choice")
            draft = self._draft(engine, conversation, client_id, text, choice)
        except EngineAway:  # from the start, or in the middle of reading
            draft = self._without_engine(conversation, client_id, text)
        return self._record(draft)

    def request_person(self, conversation: Conversation) -> Ticket:
        """Hand over because the customer pressed the button."""
        reply = ReplyDraft(desk_reply(self.settings(), "handoff"), "handoff")
        recent = self.store.recent_messages(conversation.id, 20)
        last = next((m.text for m in reversed(recent) if m.author == "customer"), "")
        draft = TicketDraft("high", "requested", _subject(last) or TALK_TO_A_PERSON)
        return self.store.record_handoff(conversation.id, draft, reply)

    def suggest(self, ticket: Ticket, limit: int = 3) -> list[dict[str, Any]]:
        """Replies that an operator may take, from the trace of the last customer message."""
        try:
            catalogue = self.engines.current().catalogue
        except EngineAway:
            return []
        traces = self.store.traces(ticket.conversation_id)
        recent = self.store.recent_messages(ticket.conversation_id)
        last = next(
            (m for m in reversed(recent) if m.author == "customer" and m.id in traces), None
        )
        if last is None:
            return []
        trace = traces[last.id]
        facts = {**catalogue.settings.facts, **trace.get("route", {}).get("slots", {})}
        likely = {
            entry["label"]: entry["confidence"]
            for entry in trace.get("reading", {}).get("intents", [])
        }
        found = []
        for intent, confidence in likely.items():
            for template in catalogue.templates.get(intent, ()):
                matches = template.sentiment in (None, ticket.sentiment)
                text = render(template.text, facts) if matches else None
                if text:
                    found.append(
                        {
                            "template": template.name,
                            "intent": intent,
                            "title": catalogue.title(intent),
                            "text": text,
                            "score": confidence,
                        }
                    )
        return found[:limit]

    def _record(self, draft: TurnDraft) -> Turn:
        with self.metrics.stages.labels("store").time():
            turn = self.store.record_turn(draft)
        if not turn.repeated:
            self.metrics.turns.labels(turn.action).inc()
            if turn.action == "none" and turn.ticket is None:
                # A person came and went while the desk was thinking: somebody must answer this.
                subject = _subject(draft.text)
                late = TicketDraft("normal", "owner_changed", subject)
                reply = ReplyDraft(desk_reply(self.settings(), "handoff"), "handoff")
                self.store.record_handoff(draft.conversation_id, late, reply)
        return turn

    # --- one turn --------------------------------------------------------------------------------

    def _draft(
        self,
        engine: Engine,
        conversation: Conversation,
        client_id: str,
        text: str,
        choice: str | None,
    ) -> TurnDraft:
        start = time.perf_counter()
        reading = engine.read([text])[0]
        read = time.perf_counter()
        hits = engine.search(reading)
        searched = time.perf_counter()
        dialogue, catalogue = conversation.dialogue, engine.catalogue
        if conversation.status == "resolved":
            dialogue = Dialogue()
        route = decide(reading, hits, dialogue, catalogue, engine.thresholds, choice)
        took = {"read": 1000 * (read - start), "search": 1000 * (searched - read)}
        for stage, milliseconds in took.items():
            self.metrics.stages.labels(stage).observe(milliseconds / 1000)
        ticket = None
        if route.action == "handoff" or (conversation.owned_by_person and route.upset):
            mood = reading.sentiment.label if reading.sentiment else None
            top = reading.intent.label if reading.intent else None
            if reading.in_scope < engine.thresholds.in_scope:
                top = OUT_OF_SCOPE
            intent = route.intent or top
            priority = "urgent" if route.upset else route.priority
            ticket = TicketDraft(priority, route.reason, _subject(text), intent, mood)
        return TurnDraft(
            conversation_id=conversation.id,
            client_id=client_id,
            text=text,
            epoch=conversation.epoch,
            dialogue=route.dialogue,
            reply=None if conversation.owned_by_person else compose(route, catalogue),
            ticket=ticket,
            trace=trace_json(reading, hits, route, engine.thresholds, took),
        )

    def _without_engine(self, conversation: Conversation, client_id: str, text: str) -> TurnDraft:
        settings = self.store.content().settings
        route = Route("handoff", "engine_away", dialogue=conversation.dialogue)
        return TurnDraft(
            conversation_id=conversation.id,
            client_id=client_id,
            text=text,
            epoch=conversation.epoch,
            dialogue=conversation.dialogue,
            reply=ReplyDraft(desk_reply(settings, "unavailable"), "handoff"),
            ticket=TicketDraft("normal", "engine_away", _subject(text)),
            trace={"release": None, "route": route_json(route)},
        )


def compose(route: Route, catalogue: Catalogue) -> ReplyDraft:
    """The words of a route, with its quick replies."""
    settings = catalogue.settings
    facts = {**settings.facts, **route.slots}
    template = catalogue.template(route.template) if route.template else None
    text = render(template.text, facts) if template else None
    person = Suggestion(TALK_TO_A_PERSON, TALK_TO_PERSON)
    offered = tuple(Suggestion(catalogue.title(name), name) for name in route.choices)
    if route.action == "answer":
        suggestions = (person,) if route.upset else ()
        return ReplyDraft(text or "", "answer", route.template, suggestions)
    if route.action == "ask":
        return ReplyDraft(_question(route, settings), "ask")
    if route.action == "clarify":
        if route.reason == "out_of_scope":
            return ReplyDraft(desk_reply(settings, "out_of_scope"), "clarify", None, (person,))
        words = "clarify" if offered else "clarify_open"
        return ReplyDraft(desk_reply(settings, words), "clarify", None, (*offered, person))
    closing = desk_reply(settings, "handoff_upset" if route.upset else "handoff")
    return ReplyDraft(f"{text}\n\n{closing}" if text else closing, "handoff", route.template)


def suggested(catalogue: Catalogue) -> tuple[Suggestion, ...]:
    """The desk's first quick replies."""
    return tuple(
        Suggestion(catalogue.title(name), name)
        for name in catalogue.settings.suggested
        if name in catalogue.intents
    )


def _question(route: Route, settings: DeskSettings) -> str:
    slot = settings.slot(route.slot or "")
    if slot is None:
        return desk_reply(settings, "clarify_open")
    again = route.dialogue.asked > 1 and slot.ask_again
    return render(slot.ask_again if again else slot.ask, settings.facts) or slot.title


def _subject(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SUBJECT_CHARACTERS else f"{line[: SUBJECT_CHARACTERS - 1]}…"
