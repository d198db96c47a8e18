"""The desk: receives a message and sees it through to a committed turn.

The only orchestrator: web routes and the terminal chat call it; it calls engine, router, replies
and store, which never call each other. Never speaks HTTP and holds no transaction while a model
works.
"""

import logging
import time
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from index.records import OUT_OF_SCOPE, relevance
from index.trial import Trial
from service.canary import StandIns
from service.catalogue import TALK_TO_PERSON, Catalogue
from service.engine import READ_SECONDS, Engine, EngineSource
from service.errors import EngineAway, EngineChanged
from service.metrics import Metrics
from service.records.content import Template
from service.records.conversations import Conversation, Dialogue, Message, ReplyDraft, Suggestion
from service.records.people import Customer, Operator
from service.records.settings import DeskSettings
from service.records.tickets import Ticket, TicketDraft
from service.records.turns import Turn, TurnDraft
from service.records.words import Priority
from service.replies import TALK_TO_A_PERSON, desk_reply, fill_in, render
from service.router import Route, decide
from service.store import Store
from service.trace import away_json, trace_json

log = logging.getLogger("frontdesk.desk")

SUBJECT_CHARACTERS = 120
CHALLENGER_SECONDS = 1.5  # of a turn's; the champion that stands in has the rest


class Desk:
    """One desk: its store and the source of its engine."""

    def __init__(self, store: Store, engines: EngineSource, metrics: Metrics) -> None:
        self.store = store
        self.engines = engines
        self.metrics = metrics
        self.stand_ins = StandIns()

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
        self,
        conversation: Conversation,
        client_id: str,
        text: str,
        choice: str | None = None,
        files: Sequence[str] = (),
    ) -> Turn:
        """Read, route, reply and record one customer message; returns the committed turn.

        The same ``client_id`` again returns the first turn. Without an engine the message is kept
        and handed over, and so are ``files`` (ids of uploads) without a text.
        """
        known = self.store.find_turn(conversation.id, client_id)
        if known is not None:
            return known
        if not text:
            return self._record(self._only_files(conversation, client_id, files))
        try:
            draft = self._with_engine(conversation, client_id, text, choice)
        except EngineAway:  # from the start, or in the middle of reading
            draft = self._without_engine(conversation, client_id, text, choice)
        return self._record(replace(draft, files=tuple(files)))

    def request_person(self, conversation: Conversation) -> Ticket:
        """Hand over because the customer pressed the button."""
        upset = conversation.dialogue.upset > 0
        words = "handoff_upset" if upset else "handoff"
        text = desk_reply(self.settings(), words, variant(conversation.id))
        recent = self.store.recent_messages(conversation.id, 20)
        last = next((m.text for m in reversed(recent) if m.author == "customer"), "")
        priority: Priority = "urgent" if upset else "high"
        draft = TicketDraft(priority, "requested", _subject(last) or TALK_TO_A_PERSON)
        reply = ReplyDraft(text, "handoff")
        return self.store.record_handoff(conversation.id, draft, reply)

    def suggest(
        self,
        ticket: Ticket,
        messages: Sequence[Message],
        traces: Mapping[str, Mapping[str, Any]],
        limit: int = 3,
    ) -> list[dict[str, Any]]:
        """Replies that an operator may take, from the trace of the last customer message.

        ``messages`` are the ticket's, oldest first; ``traces`` go by message id. A fact that is
        missing stays as a variable, for the operator to fill in.
        """
        try:
            catalogue = self.engines.current().catalogue
        except EngineAway:
            return []
        last = next(
            (m for m in reversed(messages) if m.author == "customer" and m.id in traces), None
        )
        if last is None:
            return []
        trace = traces[last.id]
        facts = {**catalogue.settings.facts, **trace["route"]["slots"]}
        found = [
            {
                "template": template.name,
                "intent": template.intent,
                "title": catalogue.title(template.intent),
                "text": fill_in(template.text, facts),
                "score": score,
                "found": hit,
                "confidence": confidence,
            }
            for template, score, hit, confidence in ranked_templates(catalogue, trace)
            if template.sentiment in (None, ticket.sentiment)
        ]
        return found[:limit]

    def facts(
        self,
        traces: Mapping[str, Mapping[str, Any]],
        customer: Customer | None,
        operator: Operator,
    ) -> dict[str, str]:
        """What an operator's reply may name: the desk's facts, what the customer has told, and who
        the two are. ``traces`` are the conversation's, oldest first."""
        told: dict[str, str] = {}
        for trace in traces.values():
            told |= trace["route"].get("slots") or {}
        known = {**self.settings().facts, **told, "operator_name": operator.name}
        if customer and customer.name:
            known["customer_name"] = customer.name
        return {name: value for name, value in known.items() if value}

    def _record(self, draft: TurnDraft) -> Turn:
        with self.metrics.stage("store"):
            turn = self.store.record_turn(draft)
        if not turn.repeated:
            self.metrics.observe_turn(turn.action, draft.trace)
        return turn

    # --- one turn --------------------------------------------------------------------------------

    def _with_engine(
        self, conversation: Conversation, client_id: str, text: str, choice: str | None
    ) -> TurnDraft:
        """What the challenger says, which is asked once and has a part of the time; else what the
        champion says in the rest."""
        start = time.monotonic()
        until = start + READ_SECONDS
        tried = self._canary(conversation)
        if tried is not None:
            moment = start + CHALLENGER_SECONDS
            draft = self._challengers(*tried, conversation, client_id, text, choice, moment)
            if draft is not None:
                return draft
        try:
            engine = self.engines.current()
            return self._draft(engine, conversation, client_id, text, choice, until)
        except EngineChanged:
            engine = self.engines.current()
            return self._draft(engine, conversation, client_id, text, choice, until)

    def _canary(self, conversation: Conversation) -> tuple[Trial, Engine] | None:
        """The trial and its engine, when that answers this conversation: one of its share that
        begins, or one that it has begun."""
        tried = self.engines.on_trial()
        if tried is None or tried.trial.mode != "canary" or tried.engine is None:
            return None
        trial = tried.trial
        if not trial.began(conversation.created_at):
            return None
        first = self.store.first_release(conversation.id)
        is_its = trial.includes(conversation.id) if first is None else first == trial.release
        return (trial, tried.engine) if is_its else None

    def _challengers(
        self,
        trial: Trial,
        engine: Engine,
        conversation: Conversation,
        client_id: str,
        text: str,
        choice: str | None,
        until: float,
    ) -> TurnDraft | None:
        """What the release on trial says; nothing when it cannot read in time."""
        try:
            draft = self._draft(engine, conversation, client_id, text, choice, until)
        except EngineAway as error:
            log.warning("the champion stands in for %s: %s", engine.release, error)
            if not isinstance(error, EngineChanged):  # that is an edit, and no fault
                self.stand_ins.count(trial, str(error))
            return None
        self.stand_ins.forget()
        return draft

    def _draft(
        self,
        engine: Engine,
        conversation: Conversation,
        client_id: str,
        text: str,
        choice: str | None,
        until: float,
    ) -> TurnDraft:
        with self.metrics.stage("read") as read:
            reading = engine.read([text], until=until)[0]
        start = time.perf_counter()
        hits = engine.search(reading)
        searched = time.perf_counter() - start
        dialogue, catalogue = conversation.dialogue, engine.catalogue
        if conversation.status == "resolved":
            dialogue = Dialogue()
        with self.metrics.stage("route"):
            known = known_choice(choice, catalogue)
            route = decide(reading, hits, dialogue, catalogue, engine.thresholds, known)
        took = {"read": 1000 * read.seconds, "search": 1000 * searched}
        ticket = None
        if route.action == "handoff" or (conversation.owned_by_person and route.upset):
            mood = reading.sentiment.label if reading.sentiment else None
            top = reading.intent.label if reading.intent else None
            if reading.in_scope < engine.thresholds.in_scope:
                top = OUT_OF_SCOPE
            intent = route.intent or top
            priority = "urgent" if route.upset else route.priority
            ticket = TicketDraft(priority, route.reason, _subject(text), intent, mood)
        reply = None
        if conversation.owned_by_person:  # read for the ticket's priority, answered by nobody here
            route = silent(route)
        else:
            reply = compose(route, catalogue, variant(client_id))
        trace = trace_json(
            reading, hits, route, engine.thresholds, took, choice, catalogue.revision
        )
        return TurnDraft(
            conversation_id=conversation.id,
            client_id=client_id,
            text=text,
            epoch=conversation.epoch,
            dialogue=route.dialogue,
            reply=reply,
            ticket=ticket,
            trace=trace,
        )

    def _without_engine(
        self, conversation: Conversation, client_id: str, text: str, choice: str | None
    ) -> TurnDraft:
        settings = self.store.content().settings
        route = Route("handoff", "engine_away", dialogue=conversation.dialogue)
        return TurnDraft(
            conversation_id=conversation.id,
            client_id=client_id,
            text=text,
            epoch=conversation.epoch,
            dialogue=conversation.dialogue,
            reply=ReplyDraft(desk_reply(settings, "unavailable", variant(client_id)), "handoff"),
            ticket=TicketDraft("normal", "engine_away", _subject(text)),
            trace=away_json(route, choice),
        )

    def _only_files(
        self, conversation: Conversation, client_id: str, files: Sequence[str]
    ) -> TurnDraft:
        """No model looks at files: a person will."""
        route = Route("handoff", "only_files", dialogue=conversation.dialogue)
        text = desk_reply(self.settings(), "only_files", variant(client_id))
        many = f"{len(files)} files" if len(files) > 1 else "A file"
        if conversation.owned_by_person:
            route = silent(route)
        return TurnDraft(
            conversation_id=conversation.id,
            client_id=client_id,
            text="",
            epoch=conversation.epoch,
            dialogue=conversation.dialogue,
            reply=ReplyDraft(text, "handoff"),
            ticket=TicketDraft("normal", "only_files", many),
            trace=away_json(route),
            files=tuple(files),
        )


def ranked_templates(
    catalogue: Catalogue, trace: Mapping[str, Any]
) -> list[tuple[Template, float, float | None, float]]:
    """Templates that may answer a message, by its trace: those that retrieval found, the nearest
    first, then others of likely intents. Each with its score (that of its hit, else the intent's
    confidence), the hit's score if it is one, and the confidence."""
    reading = trace.get("reading") or {}
    likely = {entry["label"]: entry["confidence"] for entry in reading.get("intents", [])}
    hits = {hit["id"]: hit for hit in trace.get("hits") or [] if hit["kind"] == "template"}
    intents = dict.fromkeys([*likely, *(hit["intent"] for hit in hits.values())])
    found = []
    for template in (t for name in intents for t in catalogue.templates.get(name, ())):
        hit = hits.get(template.name)
        confidence = likely.get(template.intent, 0.0)
        near = relevance(hit["score"], hit.get("lexical") or 0.0) if hit else 0.0
        order = (hit is None, -near, -confidence, template.name)
        score = hit["score"] if hit else confidence
        found.append((order, (template, score, hit["score"] if hit else None, confidence)))
    return [entry for _, entry in sorted(found, key=lambda one: one[0])]


def known_choice(choice: str | None, catalogue: Catalogue) -> str | None:
    """The choice, unless its button is from before the content changed: its text still counts."""
    return choice if choice == TALK_TO_PERSON or choice in catalogue.intents else None


def silent(route: Route) -> Route:
    """The route of a message in a conversation that a person owns: read, but not answered."""
    return replace(route, action="none", reason="with_person", template=None)


def variant(key: str) -> int:
    """A number that stays the same for a message, whichever process counts."""
    return zlib.crc32(key.encode())


def compose(route: Route, catalogue: Catalogue, turn: int = 0) -> ReplyDraft:
    """The words of a route, with its quick replies; ``turn`` chooses among the desk's variants."""
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
        return ReplyDraft(_question(route, settings, turn), "ask")
    if route.action == "clarify":
        if route.reason == "out_of_scope":
            outside = desk_reply(settings, "out_of_scope", turn)
            return ReplyDraft(outside, "clarify", None, (person,))
        words = "clarify" if offered else "clarify_open"
        return ReplyDraft(desk_reply(settings, words, turn), "clarify", None, (*offered, person))
    closing = desk_reply(settings, "handoff_upset" if route.upset else "handoff", turn)
    return ReplyDraft(f"{text}\n\n{closing}" if text else closing, "handoff", route.template)


def suggested(catalogue: Catalogue) -> tuple[Suggestion, ...]:
    """The desk's first quick replies."""
    return tuple(
        Suggestion(catalogue.title(name), name)
        for name in catalogue.settings.suggested
        if name in catalogue.intents
    )


def _question(route: Route, settings: DeskSettings, turn: int) -> str:
    slot = settings.slot(route.slot or "")
    if slot is None:
        return desk_reply(settings, "clarify_open", turn)
    again = route.dialogue.asked > 1 and slot.ask_again
    return render(slot.ask_again if again else slot.ask, settings.facts) or slot.title


def _subject(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SUBJECT_CHARACTERS else f"{line[: SUBJECT_CHARACTERS - 1]}…"
