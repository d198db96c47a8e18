"""From a reading to a route: answer, clarify, ask for a slot, or hand over, always with a reason.

Called by the desk and by ``frontdesk read``. A pure function of what it is given: it never
touches storage, a model or the clock. The order of the rules is the policy; it is told in
docs/concepts.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from index.records import Hit, Reading, Thresholds
from service.catalogue import TALK_TO_PERSON, Catalogue
from service.records.content import Intent
from service.records.conversations import Dialogue
from service.records.words import PRIORITIES, Action, Priority
from service.replies import TALK_TO_A_PERSON, choose_template, variables

UPSET_FROM = 0.85  # calibrated probability of "negative" from which a customer counts as upset
SAFE_HANDOFF_FROM = 0.5  # a probable wish that only a person can fulfil is handed over from here
NEW_FROM = 0.8  # cosine to an example that says what the release has not learned yet
CHOICES = 3
WORDS_OF_A_WISH = 2  # beside the fact that was asked for, to count as a wish of its own
CHOICE_FROM = 0.03  # an intent less likely than this is not offered

REASONS: Mapping[str, str] = {
    "certain": "the desk is sure enough of the intent",
    "chosen": "the customer chose what was meant",
    "slot_given": "the customer gave the fact that was missing",
    "slot_missing": "the answer needs a fact that the customer has not given",
    "unclear": "several intents are possible",
    "new_intent": "it resembles an intent that the release has not learned yet",
    "new_example": "it resembles an example that is newer than the release",
    "out_of_scope": "the message is unlike anything that the desk knows",
    "asked_for_person": "the customer asked for a person",
    "person_needed": "only a person can do what the customer wants",
    "upset": "the customer is upset and there is no answer for that",
    "upset_again": "the customer is upset again",
    "unclear_again": "the desk has asked back already",
    "slot_not_given": "the customer did not give the fact that was asked for",
    "low_confidence": "the desk does not know what the customer wants",
    "no_template": "there is no template for the intent",
    "missing_fact": "the template needs a fact that the desk does not have",
    "engine_away": "no model could read the message",
    "only_files": "the message is files without words, which no model reads",
    "owner_changed": "the conversation changed hands while the desk was thinking",
    "requested": "the customer asked for a person with the button",
    "with_person": "a person owns the conversation",
}


@dataclass(frozen=True, slots=True)
class Route:
    """What to do with a message, why, and what to remember for the next one."""

    action: Action
    reason: str
    intent: str | None = None
    template: str | None = None
    choices: tuple[str, ...] = ()
    slot: str | None = None
    slots: Mapping[str, str] = field(default_factory=dict)
    priority: Priority = "normal"
    upset: bool = False
    dialogue: Dialogue = field(default_factory=Dialogue)


def decide(
    reading: Reading,
    hits: Sequence[Hit],
    dialogue: Dialogue,
    catalogue: Catalogue,
    thresholds: Thresholds,
    choice: str | None = None,
) -> Route:
    """Route one message of a conversation that the desk owns.

    ``dialogue`` is what the last route remembered; ``choice`` is the intent of a clicked
    suggestion. The returned route carries the next dialogue.
    """
    return _Decision(reading, hits, dialogue, catalogue, thresholds).route(choice)


class _Decision:
    """One decision; the rules share what is computed once here."""

    def __init__(
        self,
        reading: Reading,
        hits: Sequence[Hit],
        dialogue: Dialogue,
        catalogue: Catalogue,
        thresholds: Thresholds,
    ) -> None:
        self.reading = reading
        self.hits = hits
        self.before = dialogue
        self.catalogue = catalogue
        self.thresholds = thresholds
        self.found = {
            entity.label: entity.value
            for entity in reversed(reading.entities)
            if catalogue.settings.slot(entity.label)
        }
        self.slots = {**dialogue.slots, **self.found}
        mood = reading.sentiment
        self.upset_now = bool(mood and mood.label == "negative" and mood.confidence >= UPSET_FROM)
        self.upset = self.upset_now

    def route(self, choice: str | None) -> Route:
        chosen = choice or self._typed_choice()
        if choice:
            self.upset_now = False  # a click carries no mood of its own
        if chosen:
            # The mood of what the choice clarifies stays.
            self.upset = self.upset_now or self.before.upset > 0
            return self._follow(chosen, "chosen")
        if self.before.pending_slot:
            return self._continue_asking(self.before.pending_slot)
        return self._read()

    # --- where the intent comes from -------------------------------------------------------------

    def _typed_choice(self) -> str | None:
        """The offered intent whose title or number the customer typed instead of clicking."""
        typed = self.reading.text.strip().casefold()
        if typed == TALK_TO_A_PERSON.casefold():
            return TALK_TO_PERSON
        for number, name in enumerate(self.before.choices, start=1):
            if typed in (str(number), self.catalogue.title(name).casefold()):
                return name
        return None

    def _continue_asking(self, slot: str) -> Route:
        pending = self.before.pending_intent or ""
        other = self._other_wish(pending)
        if slot in self.found and not (other and self._says_more()):
            self.upset = self.upset_now or self.before.upset > 0
            return self._follow(pending, "slot_given")
        if other:
            return self._read()
        if self.before.asked >= 2:
            return self._hand_over("slot_not_given", pending)
        if self.upset:
            return self._hand_over("upset", pending)
        return self._ask(pending, slot)

    def _other_wish(self, pending: str) -> bool:
        """Whether the message clearly wants something else than what a fact was asked for."""
        top = self.reading.intent
        clear = self.thresholds.allow(self.reading) or self._probable_handoff()
        return bool(top and top.label != pending and clear)

    def _says_more(self) -> bool:
        """Whether there are words beside the facts: a bare number is read as anything."""
        rest = self.reading.text
        for entity in sorted(self.reading.entities, key=lambda e: e.start, reverse=True):
            rest = f"{rest[: entity.start]} {rest[entity.end :]}"
        return sum(any(map(str.isalpha, word)) for word in rest.split()) >= WORDS_OF_A_WISH

    def _read(self) -> Route:
        top = self.reading.intent
        intent = self.catalogue.intents.get(top.label) if top else None
        sure = intent is not None and self.thresholds.allow(self.reading)
        new, reason = self._new()
        to_person = intent is not None and intent.action == "handoff"
        if self._has_clarified() or (sure and (self.upset or to_person)):
            new = None  # an upset customer is answered, and nobody is kept from a person
        if top and ((sure and not new) or self._probable_handoff()):
            return self._follow(top.label, "certain")
        if self.upset:
            return self._hand_over("upset")
        if new:
            return self._clarify(reason, (new, *self._choices()))
        known = self.reading.in_scope >= self.thresholds.in_scope
        if self.before.asked:
            return self._hand_over("unclear_again" if known else "out_of_scope")
        if not known:
            return self._clarify("out_of_scope", ())
        if self.reading.certainty >= self.thresholds.clarify:
            return self._clarify("unclear", self._choices())
        return self._hand_over("low_confidence")

    def _probable_handoff(self) -> bool:
        """Handing over needs less certainty than answering: a person will read it anyway."""
        top = self.reading.intent
        intent = self.catalogue.intents.get(top.label) if top else None
        return bool(
            intent
            and intent.action == "handoff"
            and self.reading.certainty >= max(SAFE_HANDOFF_FROM, self.thresholds.clarify)
            and self.reading.in_scope >= self.thresholds.in_scope
        )

    def _has_clarified(self) -> bool:
        """Whether it was asked just now what the customer means, and not for a fact."""
        return self.before.asked > 0 and not self.before.pending_slot

    def _new(self) -> tuple[str | None, str]:
        """Another intent than the one read, which the nearest example says and the release has not
        learned yet; and why it is new."""
        nearest = next((hit for hit in self.hits if hit.kind == "example"), None)
        if nearest is None or nearest.intent is None or nearest.score < NEW_FROM:
            return None, ""
        top, known = self.reading.intent, {scored.label for scored in self.reading.intents}
        if nearest.intent not in self.catalogue.intents or nearest.intent == TALK_TO_PERSON:
            return None, ""  # a person is offered anyway
        if top and nearest.intent == top.label:
            return None, ""
        if nearest.intent not in known:
            return nearest.intent, "new_intent"
        return (nearest.intent, "new_example") if nearest.fresh else (None, "")

    def _choices(self) -> tuple[str, ...]:
        likely = [
            scored.label
            for scored in self.reading.intents
            if scored.confidence >= CHOICE_FROM
            and scored.label in self.catalogue.intents
            and scored.label != TALK_TO_PERSON  # every clarification offers a person
        ]
        return tuple(likely[:CHOICES])

    # --- what follows from an intent -------------------------------------------------------------

    def _follow(self, name: str, reason: str) -> Route:
        if name == TALK_TO_PERSON:
            return self._hand_over("asked_for_person", name)
        intent = self.catalogue.intents.get(name)
        if intent is None:
            return self._hand_over("no_template", name)
        if self.upset_now and self.before.upset:
            return self._hand_over("upset_again", name)
        missing = next((slot for slot in intent.slots if slot not in self.slots), None)
        if missing and self.upset:
            return self._hand_over("upset", name)
        if missing:
            return self._ask(name, missing)
        if intent.action == "handoff":
            return self._hand_over("person_needed", name)
        return self._answer(intent, reason)

    def _answer(self, intent: Intent, reason: str) -> Route:
        if self.catalogue.bare:
            return self._route("answer", reason, intent=intent.name)
        order = {hit.id: hit.relevance for hit in self.hits if hit.kind == "template"}
        mood = "negative" if self.upset else None
        if mood is None and self.reading.sentiment:
            positive = self.reading.sentiment.label == "positive"
            mood = "positive" if positive else None
        template = choose_template(self.catalogue.templates.get(intent.name, ()), mood, order)
        if template is None:
            return self._hand_over("no_template", intent.name)
        for name in variables(template.text):
            if name in self.slots or self.catalogue.settings.facts.get(name):
                continue
            if self.catalogue.settings.slot(name):
                if self.upset:
                    return self._hand_over("upset", intent.name)
                return self._ask(intent.name, name)
            return self._hand_over("missing_fact", intent.name)
        return self._route("answer", reason, intent=intent.name, template=template.name)

    def _ask(self, intent: str, slot: str) -> Route:
        again = self.before.asked + 1 if self.before.pending_slot == slot else 1
        route = self._route("ask", "slot_missing", intent=intent, slot=slot)
        pending = replace(route.dialogue, pending_intent=intent, pending_slot=slot, asked=again)
        return replace(route, dialogue=pending)

    def _clarify(self, reason: str, choices: tuple[str, ...]) -> Route:
        offered = tuple(dict.fromkeys(choices))[:CHOICES]
        route = self._route("clarify", reason, choices=offered)
        asked = replace(route.dialogue, choices=offered, asked=self.before.asked + 1)
        return replace(route, dialogue=asked)

    def _hand_over(self, reason: str, intent: str | None = None) -> Route:
        known = self.catalogue.intents.get(intent) if intent else None
        priority = known.priority if known else "normal"
        if reason == "asked_for_person":
            priority = _at_least(priority, "high")
        if self.upset:
            priority = "urgent"
        template = None
        if known and known.action == "handoff":
            mood = "negative" if self.upset else None
            chosen = choose_template(self.catalogue.templates.get(known.name, ()), mood, {})
            facts = {**self.catalogue.settings.facts, **self.slots}
            if chosen and all(facts.get(name) for name in variables(chosen.text)):
                template = chosen.name
        return self._route("handoff", reason, intent=intent, template=template, priority=priority)

    def _route(
        self,
        action: Action,
        reason: str,
        *,
        intent: str | None = None,
        template: str | None = None,
        choices: tuple[str, ...] = (),
        slot: str | None = None,
        priority: Priority = "normal",
    ) -> Route:
        upset = (
            self.before.upset + 1
            if self.upset_now
            else (self.before.upset if slot or choices else 0)
        )
        return Route(
            action=action,
            reason=reason,
            intent=intent,
            template=template,
            choices=choices,
            slot=slot,
            slots=self.slots,
            priority=priority,
            upset=self.upset,
            dialogue=Dialogue(slots=self.slots, upset=upset),
        )


def _at_least(priority: Priority, floor: Priority) -> Priority:
    return max(priority, floor, key=PRIORITIES.index)
