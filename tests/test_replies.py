"""From templates and facts to text: what is missing is never printed."""

from dataclasses import replace

import pytest

from service.catalogue import Catalogue
from service.desk import compose, suggested
from service.records.content import Content, Template
from service.records.conversations import Dialogue, Suggestion
from service.records.settings import DeskSettings
from service.replies import DEFAULT_REPLIES, choose_template, desk_reply, fill_in, render, variables
from service.router import Route

PERSON = Suggestion("Talk to a person", "talk_to_person")


@pytest.fixture
def catalogue(content: Content) -> Catalogue:
    return Catalogue.of(content)


def test_variables_come_in_order_and_once() -> None:
    assert variables("{b} and {a}, again {b}; not {B}, {1}, {} or {a b}") == ("b", "a")


def test_render_fills_every_variable() -> None:
    assert render("Order {order} of {shop}. ", {"order": "LC-1", "shop": "L"}) == "Order LC-1 of L."


@pytest.mark.parametrize("facts", [{}, {"order": ""}, {"other": "x"}])
def test_missing_fact_renders_to_nothing(facts: dict[str, str]) -> None:
    assert render("Order {order}.", facts) is None


def test_a_fact_that_looks_like_a_variable_is_not_filled_again() -> None:
    assert render("{a}", {"a": "{b}", "b": "secret"}) == "{b}"


def test_backslashes_of_a_fact_are_kept() -> None:
    assert render("{a}", {"a": r"\g<0> \1"}) == r"\g<0> \1"


TEMPLATES = (
    Template("plain", "x", "."),
    Template("second", "x", "."),
    Template("sorry", "x", ".", "negative"),
)


@pytest.mark.parametrize(
    ("mood", "order", "name"),
    [
        ("negative", {}, "sorry"),
        ("positive", {}, "plain"),
        (None, {}, "plain"),
        (None, {"second": 0.3, "plain": 0.2}, "second"),
        ("negative", {"second": 0.9}, "sorry"),
    ],
)
def test_template_is_chosen_by_mood_then_nearness(
    mood: str | None, order: dict[str, float], name: str
) -> None:
    chosen = choose_template(TEMPLATES, mood, order)
    assert chosen
    assert chosen.name == name


def test_only_a_variant_for_another_mood_is_no_answer() -> None:
    assert choose_template(TEMPLATES[2:], None, {}) is None


def test_desk_reply_prefers_the_desks_own_words() -> None:
    settings = DeskSettings(facts={"shop": "L"}, replies={"handoff": ("One of {shop}.", "Two.")})
    assert desk_reply(settings, "handoff") == "One of L."
    assert desk_reply(settings, "handoff", 1) == "Two."
    assert desk_reply(settings, "handoff", 2) == "One of L."
    assert desk_reply(settings, "clarify") == DEFAULT_REPLIES["clarify"][0]


def test_desk_reply_passes_over_variants_with_a_missing_fact() -> None:
    settings = DeskSettings(replies={"handoff": ("One of {shop}.", "Two.")})
    assert desk_reply(settings, "handoff") == "Two."
    assert desk_reply(settings, "handoff", 1) == "Two."


def test_desk_reply_falls_back_when_no_variant_can_be_said() -> None:
    settings = DeskSettings(replies={"handoff": ("One of {shop}.",)})
    assert [desk_reply(settings, "handoff", turn) for turn in (0, 1)] == [
        DEFAULT_REPLIES["handoff"][0]
    ] * 2


# --- the words of a route ------------------------------------------------------------------------


def test_answer_is_the_rendered_template(catalogue: Catalogue) -> None:
    slots = {"order_number": "LC-1234"}
    route = Route("answer", "certain", "track_order", "track_order", slots=slots)
    draft = compose(route, catalogue)
    assert (draft.text, draft.action, draft.template) == (
        "Order LC-1234 is on its way.",
        "answer",
        "track_order",
    )
    assert draft.suggestions == ()


def test_upset_customer_is_offered_a_person(catalogue: Catalogue) -> None:
    route = Route("answer", "certain", "return_policy", "return_policy_upset", upset=True)
    assert compose(route, catalogue).suggestions == (PERSON,)


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        (1, "Which order is it about?"),
        (2, "I could not find a number in that. It looks like LC-1234."),
    ],
)
def test_second_question_says_how_the_fact_looks(
    asked: int, text: str, catalogue: Catalogue
) -> None:
    route = Route("ask", "slot_missing", slot="order_number", dialogue=Dialogue(asked=asked))
    assert compose(route, catalogue).text == text


def test_slot_without_a_second_question_repeats_the_first(catalogue: Catalogue) -> None:
    route = Route("ask", "slot_missing", slot="postcode", dialogue=Dialogue(asked=2))
    assert compose(route, catalogue).text == "Where shall it go?"


def test_clarification_offers_titles_and_a_person(catalogue: Catalogue) -> None:
    draft = compose(Route("clarify", "unclear", choices=("track_order", "greeting")), catalogue)
    assert draft.suggestions == (
        Suggestion("Where is my order?", "track_order"),
        Suggestion("Say hello", "greeting"),
        PERSON,
    )
    assert draft.text == DEFAULT_REPLIES["clarify"][0]


def test_clarification_without_choices_asks_for_other_words(catalogue: Catalogue) -> None:
    draft = compose(Route("clarify", "unclear"), catalogue)
    assert (draft.text, draft.suggestions) == (DEFAULT_REPLIES["clarify_open"][0], (PERSON,))


def test_out_of_scope_says_so(catalogue: Catalogue) -> None:
    draft = compose(Route("clarify", "out_of_scope"), catalogue)
    assert (draft.text, draft.suggestions) == (DEFAULT_REPLIES["out_of_scope"][0], (PERSON,))


@pytest.mark.parametrize(
    ("template", "upset", "text"),
    [
        (None, False, "A colleague will answer you here."),
        (None, True, "We are sorry. A colleague will answer you here."),
        ("broken_item", False, "That should not happen.\n\nA colleague will answer you here."),
    ],
)
def test_handoff_says_who_comes(
    template: str | None, upset: bool, text: str, catalogue: Catalogue
) -> None:
    draft = compose(Route("handoff", "x", template=template, upset=upset), catalogue)
    assert (draft.text, draft.action) == (text, "handoff")


def test_suggested_intents_have_titles_and_exist(content: Content) -> None:
    settings = replace(content.settings, suggested=("track_order", "removed"))
    offered = suggested(Catalogue.of(replace(content, settings=settings)))
    assert offered == (Suggestion("Where is my order?", "track_order"),)


def test_what_is_not_known_is_left_to_a_person() -> None:
    text = " Order {order} from {shop}: {when} {order} "
    facts = {"order": "KM-1", "shop": "", "when": "{shop}"}
    assert fill_in(text, facts) == "Order KM-1 from {shop}: {shop} KM-1"
