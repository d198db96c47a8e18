"""The routing table: every rule, every reason, and dialogues of several turns."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from fakes import THRESHOLDS, reading_of
from index.records import Entity, Hit, Reading, Thresholds
from service.catalogue import Catalogue
from service.records.content import Content, Intent, Template
from service.records.conversations import Dialogue
from service.router import REASONS, Route, decide

CERTAIN = 0.95
UNCLEAR = {"return_policy": 0.45, "track_order": 0.3, "greeting": 0.05, "gift_card": 0.01}
UNKNOWN = {"greeting": 0.15, "return_policy": 0.1}
NUMBER = Entity(6, 10, "order_number", "1234", "LC-1234", exact=True)
NO_PROMISE = replace(THRESHOLDS, answer=1.01)


@pytest.fixture
def catalogue(content: Content) -> Catalogue:
    return Catalogue.of(content)


def near(intent: str, score: float = 0.95) -> Hit:
    return Hit("example", "exa_1", score, intent, "an example")


# What is read -> action, reason, intent. One row a rule; the dialogue is fresh.
TABLE: dict[str, tuple[Reading, tuple[str, str, str | None]]] = {
    "certain": (
        reading_of("returns?", {"return_policy": CERTAIN}),
        ("answer", "certain", "return_policy"),
    ),
    "certain, with its slot": (
        reading_of("order 1234", {"track_order": CERTAIN}, entities=(NUMBER,)),
        ("answer", "certain", "track_order"),
    ),
    "certain, slot missing": (
        reading_of("where is it", {"track_order": CERTAIN}),
        ("ask", "slot_missing", "track_order"),
    ),
    "certain, the template needs a slot that the intent does not name": (
        reading_of("delivery?", {"delivery_cost": CERTAIN}),
        ("ask", "slot_missing", "delivery_cost"),
    ),
    "certain, the template needs an empty fact": (
        reading_of("phone?", {"call_us": CERTAIN}),
        ("handoff", "missing_fact", "call_us"),
    ),
    "certain, no template": (
        reading_of("gift card?", {"gift_card": CERTAIN}),
        ("handoff", "no_template", "gift_card"),
    ),
    "certain of what only a person can do": (
        reading_of("it broke", {"broken_item": CERTAIN}),
        ("handoff", "person_needed", "broken_item"),
    ),
    "a probable wish for a person's work": (
        reading_of("it broke?", {"broken_item": 0.55, "greeting": 0.2}),
        ("handoff", "person_needed", "broken_item"),
    ),
    "asked for a person": (
        reading_of("a person please", {"talk_to_person": CERTAIN}),
        ("handoff", "asked_for_person", "talk_to_person"),
    ),
    "probably asked for a person": (
        reading_of("person?", {"talk_to_person": 0.51, "greeting": 0.2}),
        ("handoff", "asked_for_person", "talk_to_person"),
    ),
    "several are possible": (reading_of("hm", UNCLEAR), ("clarify", "unclear", None)),
    "low certainty": (reading_of("hm", UNKNOWN), ("handoff", "low_confidence", None)),
    "unlike anything": (
        reading_of("rain?", UNKNOWN, in_scope=0.2),
        ("clarify", "out_of_scope", None),
    ),
    "sure of the intent, but unlike anything": (
        reading_of("rain?", {"return_policy": 1.0}, in_scope=0.49),
        ("clarify", "out_of_scope", None),
    ),
    "read as out of scope": (
        reading_of("rain?", {"out_of_scope": CERTAIN}, in_scope=0.05),
        ("clarify", "out_of_scope", None),
    ),
    "an intent that the desk has removed": (
        reading_of("old", {"removed": CERTAIN}),
        ("clarify", "unclear", None),
    ),
    "no intent at all": (reading_of("x", {}), ("handoff", "low_confidence", None)),
    "upset, but there is an answer": (
        reading_of("returns!!", {"return_policy": CERTAIN}, "negative"),
        ("answer", "certain", "return_policy"),
    ),
    "upset, and a slot is missing": (
        reading_of("where!!", {"track_order": CERTAIN}, "negative"),
        ("handoff", "upset", "track_order"),
    ),
    "upset, and the template lacks a slot": (
        reading_of("delivery!!", {"delivery_cost": CERTAIN}, "negative"),
        ("handoff", "upset", "delivery_cost"),
    ),
    "upset and unclear": (reading_of("argh", UNCLEAR, "negative"), ("handoff", "upset", None)),
    "upset and out of scope": (
        reading_of("argh", UNKNOWN, "negative", in_scope=0.1),
        ("handoff", "upset", None),
    ),
    "only a little upset": (
        reading_of("hm", UNCLEAR, "negative", sureness=0.69),
        ("clarify", "unclear", None),
    ),
    "a release without sentiments": (
        reading_of("returns?", {"return_policy": CERTAIN}, ""),
        ("answer", "certain", "return_policy"),
    ),
}


@pytest.mark.parametrize("case", TABLE)
def test_first_message(case: str, catalogue: Catalogue) -> None:
    reading, expected = TABLE[case]
    route = decide(reading, [], Dialogue(), catalogue, THRESHOLDS)
    assert (route.action, route.reason, route.intent) == expected


def test_every_reason_of_a_route_is_told_in_words(catalogue: Catalogue) -> None:
    for reading, (_, reason, _) in TABLE.values():
        assert decide(reading, [], Dialogue(), catalogue, THRESHOLDS).reason in REASONS
        assert reason in REASONS


# Exactly at a threshold counts as reaching it; a hair below does not.
@pytest.mark.parametrize(
    ("confidence", "in_scope", "action"),
    [
        (0.7, 1.0, "answer"),
        (0.699, 1.0, "clarify"),
        (1.0, 0.7, "answer"),
        (1.0, 0.699, "clarify"),
        (0.25, 1.0, "clarify"),
        (0.249, 1.0, "handoff"),
    ],
)
def test_thresholds_bound_certainty(
    confidence: float, in_scope: float, action: str, catalogue: Catalogue
) -> None:
    reading = reading_of("returns", {"return_policy": confidence}, in_scope=in_scope)
    assert decide(reading, [], Dialogue(), catalogue, THRESHOLDS).action == action


def test_a_promise_that_cannot_be_kept_is_never_answered(catalogue: Catalogue) -> None:
    reading = reading_of("returns", {"return_policy": 1.0}, in_scope=1.0)
    route = decide(reading, [], Dialogue(), catalogue, NO_PROMISE)
    assert (route.action, route.choices) == ("clarify", ("return_policy",))


# --- words and choices ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mood", "template"),
    [
        ("neutral", "greeting"),
        ("positive", "greeting_glad"),
        ("negative", "greeting"),  # no variant for this mood
    ],
)
def test_template_fits_the_mood(mood: str, template: str, catalogue: Catalogue) -> None:
    reading = reading_of("hello", {"greeting": CERTAIN}, mood)
    assert decide(reading, [], Dialogue(), catalogue, THRESHOLDS).template == template


def test_upset_customer_gets_the_upset_variant(catalogue: Catalogue) -> None:
    reading = reading_of("returns", {"return_policy": CERTAIN}, "negative")
    route = decide(reading, [], Dialogue(), catalogue, THRESHOLDS)
    assert (route.template, route.upset) == ("return_policy_upset", True)


def test_nearest_template_wins_among_several(content: Content) -> None:
    more = Template("greeting_two", "greeting", "Good day!")
    catalogue = Catalogue.of(replace(content, templates=(*content.templates, more)))
    hits = [
        Hit("template", "greeting", 0.2, "greeting", ""),
        Hit("template", "greeting_two", 0.6, "greeting", ""),
    ]
    reading = reading_of("good day", {"greeting": CERTAIN})
    assert decide(reading, hits, Dialogue(), catalogue, THRESHOLDS).template == "greeting_two"
    hits[0] = replace(hits[0], score=0.5, lexical=0.8)
    assert decide(reading, hits, Dialogue(), catalogue, THRESHOLDS).template == "greeting"


def test_choices_are_likely_known_and_few(catalogue: Catalogue) -> None:
    intents = {"removed": 0.3, "return_policy": 0.29, "track_order": 0.2, "greeting": 0.1}
    route = decide(reading_of("hm", intents), [], Dialogue(), catalogue, THRESHOLDS)
    assert route.choices == ("return_policy", "track_order", "greeting")
    assert route.dialogue.choices == route.choices
    route = decide(reading_of("hm", UNCLEAR), [], Dialogue(), catalogue, THRESHOLDS)
    assert route.choices == ("return_policy", "track_order", "greeting")  # 0.01 is not likely


def test_person_is_not_offered_twice(catalogue: Catalogue) -> None:
    """Every clarification ends with the button for a person."""
    intents = {"talk_to_person": 0.3, "return_policy": 0.29, "track_order": 0.2, "greeting": 0.1}
    route = decide(reading_of("hm", intents), [], Dialogue(), catalogue, THRESHOLDS)
    assert route.choices == ("return_policy", "track_order", "greeting")


def test_new_intent_is_offered_first(catalogue: Catalogue) -> None:
    reading = reading_of("delivery", UNCLEAR)
    route = decide(reading, [near("delivery_cost")], Dialogue(), catalogue, THRESHOLDS)
    assert (route.action, route.reason) == ("clarify", "new_intent")
    assert route.choices == ("delivery_cost", "return_policy", "track_order")


@pytest.mark.parametrize(
    "hit",
    [
        near("delivery_cost", 0.79),  # too far
        near("return_policy"),  # learned already
        near("removed"),  # not in the desk
        Hit("template", "delivery_cost", 0.95, "delivery_cost", ""),  # no example
        Hit("example", "exa_1", 0.95, None, "only a sentiment"),
    ],
)
def test_what_is_no_new_intent(hit: Hit, catalogue: Catalogue) -> None:
    route = decide(reading_of("x", UNCLEAR), [hit], Dialogue(), catalogue, THRESHOLDS)
    assert route.reason == "unclear"


def test_new_intent_is_offered_even_out_of_scope(catalogue: Catalogue) -> None:
    reading = reading_of("delivery", UNKNOWN, in_scope=0.1)
    route = decide(reading, [near("delivery_cost")], Dialogue(), catalogue, THRESHOLDS)
    assert route.reason == "new_intent"
    assert route.choices[0] == "delivery_cost"


def test_what_was_corrected_since_is_asked_about(catalogue: Catalogue) -> None:
    """The release is certain, and has not learned yet what says otherwise."""
    sure = reading_of("can i send it back", {"return_policy": CERTAIN, "track_order": 0.02})
    other = replace(near("track_order"), fresh=True)
    route = decide(sure, [other], Dialogue(), catalogue, THRESHOLDS)
    assert (route.action, route.reason) == ("clarify", "new_example")
    assert route.choices == ("track_order", "return_policy")
    # Asked once, the certain answer is given.
    again = decide(sure, [other], route.dialogue, catalogue, THRESHOLDS)
    assert (again.action, again.reason) == ("answer", "certain")
    new = decide(sure, [near("delivery_cost")], Dialogue(), catalogue, THRESHOLDS)
    assert (new.reason, new.choices[0]) == ("new_intent", "delivery_cost")
    # An upset customer is not asked back.
    upset = reading_of("can i send it back", {"return_policy": CERTAIN}, "negative")
    assert decide(upset, [other], Dialogue(), catalogue, THRESHOLDS).reason == "certain"
    # Nor is it "asked already" while a fact was asked for.
    pending = Dialogue(pending_intent="track_order", pending_slot="order_number", asked=1)
    route = decide(sure, [replace(near("greeting"), fresh=True)], pending, catalogue, THRESHOLDS)
    assert route.reason == "new_intent"
    # Where the release is unsure, what was corrected is offered first.
    unsure = reading_of("hm", UNCLEAR)
    route = decide(unsure, [other], Dialogue(), catalogue, THRESHOLDS)
    assert (route.reason, route.choices[0]) == ("new_example", "track_order")


@pytest.mark.parametrize(
    "hit",
    [
        near("track_order"),  # learned from
        replace(near("track_order", 0.79), fresh=True),  # too far
        replace(near("return_policy"), fresh=True),  # says the same
        replace(near("removed"), fresh=True),  # not in the desk
        replace(near("talk_to_person"), fresh=True),  # offered anyway
    ],
)
def test_other_examples_leave_a_certain_answer(hit: Hit, catalogue: Catalogue) -> None:
    reading = reading_of("x", {"return_policy": CERTAIN, "track_order": 0.02})
    route = decide(reading, [hit], Dialogue(), catalogue, THRESHOLDS)
    assert (route.action, route.reason) == ("answer", "certain")


@pytest.mark.parametrize("certainty", [CERTAIN, 0.45])
def test_a_new_example_does_not_keep_anybody_from_a_person(
    certainty: float, catalogue: Catalogue
) -> None:
    reading = reading_of("this is broken", {"broken_item": certainty})
    other = replace(near("track_order"), fresh=True)
    easy = replace(THRESHOLDS, answer=0.4, clarify=0.3)
    route = decide(reading, [other], Dialogue(), catalogue, easy)
    assert (route.action, route.reason) == ("handoff", "person_needed")


# --- priorities ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("intent", "mood", "before", "priority"),
    [
        ("broken_item", "neutral", 0, "high"),
        ("cancel_order", "neutral", 0, "normal"),
        ("gift_card", "neutral", 0, "low"),
        ("talk_to_person", "neutral", 0, "high"),
        ("talk_to_person", "negative", 0, "urgent"),
        ("broken_item", "negative", 0, "urgent"),
        ("return_policy", "negative", 1, "urgent"),
    ],
)
def test_priority_of_a_handoff(
    intent: str, mood: str, before: int, priority: str, catalogue: Catalogue
) -> None:
    reading = reading_of("order 1234", {intent: CERTAIN}, mood, entities=(NUMBER,))
    route = decide(reading, [], Dialogue(upset=before), catalogue, THRESHOLDS)
    assert (route.action, route.priority) == ("handoff", priority)


def test_asking_for_a_person_is_at_least_high(content: Content) -> None:
    others = tuple(i for i in content.intents if i.name != "talk_to_person")
    for own, expected in (("low", "high"), ("urgent", "urgent")):
        person = Intent("talk_to_person", "person", "Person", action="handoff", priority=own)  # type: ignore[arg-type]
        catalogue = Catalogue.of(replace(content, intents=(*others, person)))
        reading = reading_of("person", {"talk_to_person": CERTAIN})
        assert decide(reading, [], Dialogue(), catalogue, THRESHOLDS).priority == expected


def test_handoff_says_the_intents_own_words_when_it_can(catalogue: Catalogue) -> None:
    route = decide(
        reading_of("broken", {"broken_item": CERTAIN}), [], Dialogue(), catalogue, THRESHOLDS
    )
    assert route.template == "broken_item"


def test_upset_twice_in_a_row_goes_to_a_person(catalogue: Catalogue) -> None:
    upset = reading_of("returns", {"return_policy": CERTAIN}, "negative")
    first = decide(upset, [], Dialogue(), catalogue, THRESHOLDS)
    assert (first.action, first.dialogue.upset) == ("answer", 1)
    second = decide(upset, [], first.dialogue, catalogue, THRESHOLDS)
    assert (second.action, second.reason, second.priority) == ("handoff", "upset_again", "urgent")


def test_a_calm_message_in_between_is_forgiven(catalogue: Catalogue) -> None:
    upset = reading_of("returns", {"return_policy": CERTAIN}, "negative")
    calm = reading_of("hello", {"greeting": CERTAIN})
    first = decide(upset, [], Dialogue(), catalogue, THRESHOLDS)
    second = decide(calm, [], first.dialogue, catalogue, THRESHOLDS)
    assert second.dialogue.upset == 0
    assert decide(upset, [], second.dialogue, catalogue, THRESHOLDS).action == "answer"


# --- asking for a slot ---------------------------------------------------------------------------


def ask(catalogue: Catalogue) -> Route:
    route = decide(
        reading_of("where is it", {"track_order": CERTAIN}), [], Dialogue(), catalogue, THRESHOLDS
    )
    assert route.slot == "order_number"
    return route


def test_slot_given_continues_with_the_intent(catalogue: Catalogue) -> None:
    asked = ask(catalogue)
    given = reading_of("1234", UNKNOWN, in_scope=0.1, entities=(NUMBER,))
    route = decide(given, [], asked.dialogue, catalogue, THRESHOLDS)
    assert (route.action, route.reason, route.intent) == ("answer", "slot_given", "track_order")
    assert route.slots == {"order_number": "LC-1234"}
    assert route.dialogue.pending_slot is None


def test_slot_is_remembered_for_the_next_intent(catalogue: Catalogue) -> None:
    given = reading_of("order 1234", {"track_order": CERTAIN}, entities=(NUMBER,))
    first = decide(given, [], Dialogue(), catalogue, THRESHOLDS)
    cancel = reading_of("cancel it", {"cancel_order": CERTAIN})
    route = decide(cancel, [], first.dialogue, catalogue, THRESHOLDS)
    assert (route.action, route.slots) == ("handoff", {"order_number": "LC-1234"})


def test_a_newer_slot_replaces_the_older(catalogue: Catalogue) -> None:
    other = replace(NUMBER, value="LC-9999")
    reading = reading_of("no, 9999", {"track_order": CERTAIN}, entities=(other,))
    before = Dialogue(slots={"order_number": "LC-1234"})
    assert decide(reading, [], before, catalogue, THRESHOLDS).slots == {"order_number": "LC-9999"}


def test_first_of_two_numbers_counts(catalogue: Catalogue) -> None:
    second = replace(NUMBER, start=20, end=24, value="LC-9999")
    reading = reading_of("1234 or 9999", {"track_order": CERTAIN}, entities=(NUMBER, second))
    route = decide(reading, [], Dialogue(), catalogue, THRESHOLDS)
    assert route.slots == {"order_number": "LC-1234"}


def test_an_entity_that_is_no_slot_is_no_fact(catalogue: Catalogue) -> None:
    product = Entity(0, 4, "product", "lamp", "lamp")
    reading = reading_of("lamp", {"greeting": CERTAIN}, entities=(product,))
    assert decide(reading, [], Dialogue(), catalogue, THRESHOLDS).slots == {}


def test_asking_twice_in_vain_hands_over(catalogue: Catalogue) -> None:
    vague = reading_of("I do not know", UNKNOWN)
    again = decide(vague, [], ask(catalogue).dialogue, catalogue, THRESHOLDS)
    assert (again.action, again.intent, again.dialogue.asked) == ("ask", "track_order", 2)
    route = decide(vague, [], again.dialogue, catalogue, THRESHOLDS)
    assert (route.action, route.reason) == ("handoff", "slot_not_given")
    assert route.intent == "track_order"


def test_upset_while_asked_hands_over(catalogue: Catalogue) -> None:
    angry = reading_of("argh", UNKNOWN, "negative")
    route = decide(angry, [], ask(catalogue).dialogue, catalogue, THRESHOLDS)
    assert (route.action, route.reason, route.priority) == ("handoff", "upset", "urgent")


def test_customer_may_change_the_subject_while_asked(catalogue: Catalogue) -> None:
    other = reading_of("returns?", {"return_policy": CERTAIN})
    route = decide(other, [], ask(catalogue).dialogue, catalogue, THRESHOLDS)
    assert (route.action, route.intent) == ("answer", "return_policy")
    assert route.dialogue.pending_slot is None


def test_customer_may_ask_for_a_person_while_asked(catalogue: Catalogue) -> None:
    person = reading_of("person", {"talk_to_person": 0.55})
    route = decide(person, [], ask(catalogue).dialogue, catalogue, THRESHOLDS)
    assert route.reason == "asked_for_person"


PERSON_WITH_NUMBER = "I want to talk to a person, order 1234"
CANCEL_WITH_NUMBER = "no wait, cancel 1234 please"


@pytest.mark.parametrize(
    ("text", "intents", "reason", "intent"),
    [
        (PERSON_WITH_NUMBER, {"talk_to_person": 0.95}, "asked_for_person", "talk_to_person"),
        (PERSON_WITH_NUMBER, {"talk_to_person": 0.55}, "asked_for_person", "talk_to_person"),
        (CANCEL_WITH_NUMBER, {"cancel_order": 0.95}, "person_needed", "cancel_order"),
        ("it is 1234", {"track_order": 0.95}, "slot_given", "track_order"),
        ("here it is: 1234", {"return_policy": 0.6}, "slot_given", "track_order"),  # not certain
        ("number 1234", {"cancel_order": 0.95}, "slot_given", "track_order"),  # no wish in a word
        ("1234 - 2", {"cancel_order": 0.95}, "slot_given", "track_order"),
    ],
)
def test_another_wish_beside_the_fact_is_followed(
    text: str, intents: dict[str, float], reason: str, intent: str, catalogue: Catalogue
) -> None:
    start = text.index("1234")
    number = replace(NUMBER, start=start, end=start + 4)
    given = reading_of(text, intents, entities=(number,))
    route = decide(given, [], ask(catalogue).dialogue, catalogue, THRESHOLDS)
    assert (route.reason, route.intent) == (reason, intent)
    assert route.slots == {"order_number": "LC-1234"}


def test_repeating_the_wish_for_a_person_does_not_ask_for_ever(catalogue: Catalogue) -> None:
    """The wish is for a handoff intent, and its slot is what is being asked for."""
    cancel, dialogue = reading_of("cancel it", {"cancel_order": CERTAIN}), Dialogue()
    actions = []
    for _ in range(3):
        route = decide(cancel, [], dialogue, catalogue, THRESHOLDS)
        actions.append(route.action)
        dialogue = route.dialogue
    assert actions == ["ask", "ask", "handoff"]


def test_repeating_the_question_without_the_fact_asks_again(catalogue: Catalogue) -> None:
    same = reading_of("where is it", {"track_order": CERTAIN})
    route = decide(same, [], ask(catalogue).dialogue, catalogue, THRESHOLDS)
    assert (route.action, route.dialogue.asked) == ("ask", 2)


def test_intent_removed_while_asked_hands_over(catalogue: Catalogue) -> None:
    before = Dialogue(pending_intent="removed", pending_slot="order_number", asked=1)
    given = reading_of("1234", UNKNOWN, entities=(NUMBER,))
    route = decide(given, [], before, catalogue, THRESHOLDS)
    assert (route.action, route.reason) == ("handoff", "no_template")


# --- did you mean --------------------------------------------------------------------------------


def clarify(catalogue: Catalogue, slots: Mapping[str, str] | None = None) -> Route:
    route = decide(
        reading_of("hm", UNCLEAR), [], Dialogue(slots=slots or {}), catalogue, THRESHOLDS
    )
    assert route.action == "clarify"
    return route


def test_clicked_choice_is_answered(catalogue: Catalogue) -> None:
    clicked = reading_of("How do returns work?", UNKNOWN, in_scope=0.1)
    before = clarify(catalogue).dialogue
    route = decide(clicked, [], before, catalogue, THRESHOLDS, "return_policy")
    assert (route.action, route.reason, route.intent) == ("answer", "chosen", "return_policy")
    assert route.dialogue == Dialogue()


@pytest.mark.parametrize("typed", ["Where is my order?", " where IS my order? ", "2"])
def test_typed_choice_is_as_good_as_a_click(typed: str, catalogue: Catalogue) -> None:
    before = clarify(catalogue, {"order_number": "LC-1234"}).dialogue
    route = decide(reading_of(typed, UNKNOWN, in_scope=0.1), [], before, catalogue, THRESHOLDS)
    assert (route.action, route.reason, route.intent) == ("answer", "chosen", "track_order")
    assert route.slots == {"order_number": "LC-1234"}


@pytest.mark.parametrize("typed", ["0", "4", "two", ""])
def test_what_is_no_typed_choice(typed: str, catalogue: Catalogue) -> None:
    route = decide(
        reading_of(typed, UNKNOWN), [], clarify(catalogue).dialogue, catalogue, THRESHOLDS
    )
    assert route.reason == "unclear_again"


def test_typed_wish_for_a_person_is_as_good_as_a_click(catalogue: Catalogue) -> None:
    reading = reading_of("talk to a person", UNKNOWN, in_scope=0.1)
    route = decide(reading, [], clarify(catalogue).dialogue, catalogue, THRESHOLDS)
    assert route.reason == "asked_for_person"


def test_a_number_means_nothing_without_choices(catalogue: Catalogue) -> None:
    assert (
        decide(reading_of("1", UNKNOWN), [], Dialogue(), catalogue, THRESHOLDS).reason != "chosen"
    )


def test_choice_that_needs_a_slot_asks_for_it(catalogue: Catalogue) -> None:
    before = clarify(catalogue).dialogue
    route = decide(reading_of("x", UNKNOWN), [], before, catalogue, THRESHOLDS, "track_order")
    assert (route.action, route.slot, route.dialogue.asked) == ("ask", "order_number", 1)


def test_click_on_a_person_hands_over(catalogue: Catalogue) -> None:
    before = clarify(catalogue).dialogue
    route = decide(reading_of("x", UNKNOWN), [], before, catalogue, THRESHOLDS, "talk_to_person")
    assert (route.action, route.reason, route.priority) == ("handoff", "asked_for_person", "high")


def test_a_person_can_be_had_without_an_intent_for_it(content: Content) -> None:
    others = tuple(i for i in content.intents if i.name != "talk_to_person")
    catalogue = Catalogue.of(replace(content, intents=others))
    route = decide(
        reading_of("x", UNKNOWN), [], Dialogue(), catalogue, THRESHOLDS, "talk_to_person"
    )
    assert (route.action, route.reason) == ("handoff", "asked_for_person")


def test_choice_that_the_desk_has_removed_hands_over(catalogue: Catalogue) -> None:
    route = decide(reading_of("x", UNKNOWN), [], Dialogue(), catalogue, THRESHOLDS, "removed")
    assert (route.action, route.reason) == ("handoff", "no_template")


def test_mood_of_the_question_stays_with_its_clarification(catalogue: Catalogue) -> None:
    before = replace(clarify(catalogue).dialogue, upset=1)
    clicked = reading_of("How do returns work?", UNKNOWN)
    route = decide(clicked, [], before, catalogue, THRESHOLDS, "return_policy")
    assert (route.action, route.template) == ("answer", "return_policy_upset")


def test_click_carries_no_mood_of_its_own(catalogue: Catalogue) -> None:
    """A title such as "Something is broken" reads as negative, and nobody has said it."""
    clicked = reading_of("How do returns work?", UNKNOWN, "negative")
    before = clarify(catalogue).dialogue
    route = decide(clicked, [], before, catalogue, THRESHOLDS, "return_policy")
    assert (route.template, route.upset, route.dialogue.upset) == ("return_policy", False, 0)
    upset = replace(before, upset=1)
    route = decide(clicked, [], upset, catalogue, THRESHOLDS, "return_policy")
    assert (route.action, route.template) == ("answer", "return_policy_upset")


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        (reading_of("hm", UNCLEAR), "unclear_again"),
        (reading_of("hm", UNKNOWN), "unclear_again"),
        (reading_of("rain", UNKNOWN, in_scope=0.1), "out_of_scope"),
    ],
)
def test_the_desk_clarifies_once_at_most(
    second: Reading, reason: str, catalogue: Catalogue
) -> None:
    for first in (reading_of("hm", UNCLEAR), reading_of("rain", UNKNOWN, in_scope=0.1)):
        asked = decide(first, [], Dialogue(), catalogue, THRESHOLDS)
        assert asked.action == "clarify"
        hits = [near("delivery_cost")]  # not even a new intent makes a loop
        route = decide(second, hits, asked.dialogue, catalogue, THRESHOLDS)
        assert (route.action, route.reason) == ("handoff", reason)


READINGS = (
    reading_of("hm", UNCLEAR),
    reading_of("rain", UNKNOWN, in_scope=0.1),
    reading_of("where is it", {"track_order": CERTAIN}),
    reading_of("delivery", {"delivery_cost": CERTAIN}),
    reading_of("nothing", UNKNOWN),
)


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("first", READINGS)
def test_no_dialogue_asks_back_for_ever(
    first: Reading, reading: Reading, catalogue: Catalogue
) -> None:
    """Whatever a customer repeats, the desk asks back a few times and then fetches a person."""
    dialogue = Dialogue()
    for turn in range(6):
        route = decide(first if turn == 0 else reading, [], dialogue, catalogue, THRESHOLDS)
        if route.action not in ("clarify", "ask"):
            return
        dialogue = route.dialogue
    pytest.fail(f"still asking back: {route.reason}")


# --- without a desk ------------------------------------------------------------------------------


def test_bare_catalogue_answers_by_labels_alone() -> None:
    catalogue = Catalogue.of_labels(("return_policy", "out_of_scope"))
    reading = reading_of("returns", {"return_policy": CERTAIN})
    route = decide(reading, [], Dialogue(), catalogue, THRESHOLDS)
    assert (route.action, route.intent, route.template) == ("answer", "return_policy", None)
    outside = reading_of("rain", {"out_of_scope": CERTAIN}, in_scope=0.1)
    assert decide(outside, [], Dialogue(), catalogue, THRESHOLDS).reason == "out_of_scope"


def test_deciding_changes_nothing_it_was_given(catalogue: Catalogue) -> None:
    slots = {"order_number": "LC-1"}
    before = Dialogue(slots=slots)
    reading = reading_of("1234", {"track_order": CERTAIN}, entities=(NUMBER,))
    first = decide(reading, [], before, catalogue, THRESHOLDS)
    assert slots == {"order_number": "LC-1"}
    assert decide(reading, [], before, catalogue, THRESHOLDS) == first


def test_calibration_decides_nothing_else(catalogue: Catalogue) -> None:
    """The promise's own numbers are told, not used: only the bounds decide."""
    reading = reading_of("returns", {"return_policy": CERTAIN})
    other = Thresholds(0.5, 0.9, THRESHOLDS.answer, THRESHOLDS.clarify, THRESHOLDS.in_scope)
    assert decide(reading, [], Dialogue(), catalogue, other) == decide(
        reading, [], Dialogue(), catalogue, THRESHOLDS
    )
