"""Imported pieces in a desk's content: added and updated, never removed, the same twice is once."""

from dataclasses import replace

import pytest

from service.content import check
from service.records.content import Content, Example, Intent, Template
from service.records.settings import Slot
from service.transfer.changes import Change, changes
from service.transfer.merging import merge
from service.transfer.patterns import unsafe
from service.transfer.pieces import Found, Imported, Names, name_from, title_from


def imported(*records: Intent | Template | Example | Slot, **more: object) -> Imported:
    def found(kind: type) -> tuple[Found, ...]:
        return tuple(Found(r, f"f:{n}") for n, r in enumerate(records) if isinstance(r, kind))

    parts = (Intent, Template, Example, Slot)
    intents, templates, examples, slots = (found(kind) for kind in parts)
    return Imported(intents, templates, examples, slots, **more)  # type: ignore[arg-type]


def test_new_pieces_are_added_and_nothing_is_removed(content: Content) -> None:
    pieces = imported(
        Intent("opening", "shop", "When are you open?"),
        Template("opening", "opening", "Nine to five."),
        Example("", "are you open", "opening"),
    )
    merged = merge(content, pieces)
    check(merged.content, "test")
    made = changes(content, merged.content)
    assert made["intents"] == Change(1, 0, 0, len(content.intents), made["intents"].names)
    assert (made["templates"].added, made["examples"].added) == (1, 1)
    assert not any(change.removed or change.updated for change in made.values())
    assert merged.notes == merged.not_carried_over == ()


def test_the_same_import_again_changes_nothing(content: Content) -> None:
    pieces = imported(
        Intent("greeting", "x", "Another title"),
        Template("greeting", "other", "Hello {somebody}!"),
        Example("", "hello hello", "greeting", "positive"),
        Example("", "hello hello", "greeting"),
        Example("", "hello hello", "greeting", "negative"),
        Slot("colour", "Colour", "Which colour?", "", r"\bred|blue\b"),
        replies=(Found(("clarify", ("Which one?",)), "f:9"),),
    )
    once = merge(content, pieces)
    assert any(change.any for change in changes(content, once.content).values())
    twice = merge(once.content, pieces)
    assert twice.content == once.content


def test_a_known_intent_stays_as_it_is(content: Content) -> None:
    merged = merge(content, imported(Intent("greeting", "x", "Another title")))
    assert merged.content.intents == content.intents


def test_a_known_template_keeps_intent_and_mood(content: Content) -> None:
    merged = merge(content, imported(Template("greeting_glad", "gift_card", "Good morning!")))
    (template,) = [t for t in merged.content.templates if t.name == "greeting_glad"]
    assert template == Template("greeting_glad", "greeting", "Good morning!", "positive")
    assert changes(content, merged.content)["templates"].names == {
        "added": (),
        "updated": ("greeting_glad",),
        "removed": (),
    }


def test_an_unknown_variable_becomes_a_fact_without_a_value(content: Content) -> None:
    merged = merge(content, imported(Template("late", "greeting", "{courier}: {order_number}")))
    check(merged.content, "test")
    assert merged.content.settings.facts == {**content.settings.facts, "courier": ""}
    (note,) = merged.notes
    assert (note.what, note.where) == ("{courier} in late", "f:0")


def test_a_template_of_which_nothing_is_left_is_told(content: Content) -> None:
    merged = merge(content, imported(Template("empty", "greeting", " ")))
    assert merged.content.templates == content.templates
    assert [note.what for note in merged.not_carried_over] == ["template empty"]


def test_labels_of_a_known_example_are_filled_in(content: Content) -> None:
    known = Example("exa_1", "that was quick", "greeting", None, None, "test")
    before = replace(content, examples=(known,))
    new = Example("", "that was quick", "greeting", "positive")
    assert merge(before, imported(new)).content.examples == (replace(known, sentiment="positive"),)


def test_the_same_text_of_another_intent_is_added_and_told(content: Content) -> None:
    before = replace(content, examples=(Example("exa_1", "hi", "greeting"),))
    merged = merge(before, imported(Example("", "hi", "gift_card")))
    assert [e.intent for e in merged.content.examples] == ["greeting", "gift_card"]
    assert "greeting" in merged.notes[0].why


def test_what_a_person_corrected_is_not_touched(content: Content) -> None:
    corrected = Example("exa_1", "hi", "greeting", source="correction")
    before = replace(content, examples=(corrected,))
    merged = merge(before, imported(Example("", "hi", "greeting", "neutral")))
    assert merged.content.examples[0] == corrected
    assert merged.content.examples[1].sentiment == "neutral"
    assert merge(before, imported(Example("", "hi", "greeting"))).content.examples == (corrected,)


def test_slots_and_replies_of_the_desk_stay_and_that_is_told(content: Content) -> None:
    pieces = imported(
        Slot("order_number", "Order", "Number?", "", r"\d+"),
        Slot("shop_name", "Shop", "Shop?", ""),
        replies=(
            Found(("handoff", ("Wait.",)), "f:1"),
            Found(("out_of_scope", ("Not {order_number}.",)), "f:2"),
        ),
    )
    merged = merge(content, pieces)
    assert merged.content.settings == content.settings
    told = [note.what for note in merged.not_carried_over]
    assert told == ["slot order_number", "slot shop_name", "reply handoff", "reply out_of_scope"]


def test_changes_count_what_a_folder_would_remove(content: Content) -> None:
    stays = Example("exa_9", "mine", "greeting", source="correction")
    before = replace(content, examples=(*content.examples, stays))
    after = replace(content, examples=content.examples[2:], golden=(), articles=())
    made = changes(before, after)
    assert (made["examples"].removed, made["examples"].added) == (2, 0)
    assert made["examples"].unchanged == len(content.examples) - 2 + 1
    assert (made["golden_cases"].removed, made["articles"].removed) == (2, 1)


# --- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("track_order", "track_order"),
        ("Where is my parcel?", "where_is_my_parcel"),
        ("Où est mon colis ?", "ou_est_mon_colis"),
        ("Größe & Maß", "grosse_mass"),
        ("2nd order", "intent_2nd_order"),
        ("don't", "dont"),
        ("一个包裹", "intent_f8ebe41a"),
        ("Заказ 2", "intent_6d50fff8"),
    ],
)
def test_names_are_made_of_words(words: str, name: str) -> None:
    assert name_from(words) == name


def test_long_names_end_with_a_word() -> None:
    name = name_from("what do I have to do when the parcel that I sent back does not arrive")
    assert name == "what_do_i_have_to_do_when_the_parcel_that_i_sent"
    assert len(name_from("x" * 80 + "!")) == 48


def test_names_that_are_changed_do_not_meet() -> None:
    names = Names("intent", {"ask_refund"})
    assert names.of("ask refund", "f:1") == "ask_refund_2"
    assert names.of("ask refund", "f:7") == "ask_refund_2"
    assert names.of("ask_refund", "f:2") == "ask_refund"
    assert names.of("Ask-Refund", "f:3") == "ask_refund_3"
    assert names.of("out_of_scope") == "out_of_scope_2"
    assert [(note.where, note.why) for note in names.notes] == [
        ("f:1", "is named ask_refund_2 here"),
        ("f:3", "is named ask_refund_3 here"),
    ]


def test_titles_keep_the_words_as_they_are_written() -> None:
    assert title_from("track_order") == "Track order"
    assert title_from("VAT-refund") == "VAT refund"


# --- patterns ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "pattern",
    [
        r"\d{6}",
        r"\b[A-Z]{2}\d{2,4}\b",
        r"(?:km[- ]?)?\d{6}",
        r"(?:\d{4}[- ]){3}\d{4}",
        r"(?:[- ]?\d){6}",
        r"\d+-\d+",
        r"[a-z]+@[a-z]+\.(?:com|net)",
        r"[]x]+y",
    ],
)
def test_a_plain_pattern_is_safe(pattern: str) -> None:
    assert unsafe(pattern) is None


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        (r"(a+)+b", "for ever"),
        (r"(a|a)*b", "for ever"),
        (r"([a-z]+\s?)+", "for ever"),
        (r"(?:(?:ab)+c)*", "for ever|empty"),
        (r"(\d{1,4})+x", "for ever"),
        (r".*a.*b", "long"),
        (r"\d+\d+x", "long"),
        (r"x*", "empty"),
        (r"(a)\1", "groups"),
        (r"(open", "malformed"),
        (r"[[a]]x", "malformed"),
        ("a" * 1001, "longer"),
    ],
)
def test_a_pattern_that_could_take_long_is_refused(pattern: str, told: str) -> None:
    why = unsafe(pattern)
    assert why is not None
    assert any(word in why for word in told.split("|"))
