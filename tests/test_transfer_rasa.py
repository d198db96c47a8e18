"""Rasa projects: what is read, what is listed, what comes back from an export."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from index.recognisers import PatternRecogniser
from service.content import check
from service.errors import ContentError
from service.records.content import Content, Example, Template
from service.records.settings import Slot
from service.transfer import rasa
from service.transfer.changes import changes
from service.transfer.merging import merge, taught
from service.transfer.pieces import Imported, Options
from service.transfer.rasa_text import annotated, annotations

PROJECT = Path(__file__).parent / "fixtures" / "rasa"
NLU = PROJECT / "data" / "nlu.yml"
DOMAIN = PROJECT / "domain.yml"


@pytest.fixture(scope="module")
def project() -> Imported:
    return rasa.read(PROJECT, Options())


def read_text(path: Path, text: str) -> Imported:
    path.write_text(text, encoding="utf-8")
    return rasa.read(path, Options())


# --- reading -------------------------------------------------------------------------------------


def test_examples_come_with_their_entities_in_every_form(project: Imported) -> None:
    found = {f.record.text: (f.record, f.where) for f in project.examples}
    example, where = found["has order 10482 left Leeds yet?"]
    assert where == f"{NLU}:7"
    assert [(example.text[e["start"] : e["end"]], e["label"]) for e in example.entities or ()] == [
        ("10482", "order_number"),
        ("Leeds", "city"),
    ]
    assert found["when will the blue kettle arrive"][0].entities == (
        {"start": 14, "end": 25, "label": "product"},
    )
    mug, where = found["this is the third broken mug"]
    assert (mug.intent, mug.sentiment, where) == ("complain", "negative", f"{NLU}:20")
    assert found["sing me a song"][0].intent == "out_of_scope"
    assert len(found) == 13


def test_intents_are_named_as_a_desk_names_them(project: Imported) -> None:
    assert [(f.record.name, f.record.group, f.record.title) for f in project.intents] == [
        ("faq_opening_hours", "faq", "Opening hours"),
        ("faq_refund", "faq", "Refund"),
        ("track_parcel", "imported", "Track parcel"),
        ("change_address", "imported", "Change Address"),
        ("complain", "imported", "Complain"),
    ]
    renamed = [note.what for note in project.notes if note.what.startswith("intent")]
    assert renamed == [
        "intent 'faq/opening_hours'",
        "intent 'faq/refund'",
        "intent 'Change Address'",
    ]


def test_responses_answer_the_intents_that_lead_to_them(project: Imported) -> None:
    assert [f.record for f in project.templates] == [
        Template("faq_refund", "faq_refund", "Money is back within five days."),
        Template("track_parcel", "track_parcel", "Order {order_number} is on the van."),
        Template("track_parcel_2", "track_parcel", "Hello, look at {tracking_link}."),
        Template("faq_opening_hours", "faq_opening_hours", "Weekdays, nine to five."),
        Template("sorry_1", "complain", "We are sorry.", "negative"),
    ]
    assert [f.record for f in project.replies] == [
        ("out_of_scope", ("That is beyond this desk.",)),
        ("clarify_open", ("Could you say it differently?",)),
    ]


def test_slots_come_with_a_question_or_a_safe_pattern(project: Imported) -> None:
    assert [f.record for f in project.slots] == [
        Slot("order_number", "Order number", "Order number?", "", r"\b\d{5}\b"),
        Slot("street", "Street", "Which street is it?", ""),
    ]


def test_everything_else_is_listed_with_its_place(project: Imported) -> None:
    assert {(n.what, n.where.removeprefix(f"{PROJECT}/")) for n in project.not_carried_over} == {
        ("recipe", "config.yml:1"),
        ("language", "config.yml:2"),
        ("pipeline (1)", "config.yml:3"),
        ("policies (1)", "config.yml:5"),
        ("rules (2)", "data/rules.yml:2"),
        ("stories (1)", "data/rules.yml:11"),
        ("forms (1)", "domain.yml:30"),
        ("actions (1)", "domain.yml:63"),
        ("session_config (1)", "domain.yml:65"),
        ("line of intent track_parcel: 'nothing begins this line'", "data/nlu.yml:10"),
        ("metadata of intent complain", "data/nlu.yml:15"),
        ("metadata 'source'", "data/nlu.yml:20"),
        ("synonym kettle (2 entries)", "data/nlu.yml:30"),
        ("lookup product (2 entries)", "data/nlu.yml:43"),
        ("role of entity city", "data/nlu.yml:7"),
        ("options of intent complain", "domain.yml:5"),
        ("options of entity city", "domain.yml:12"),
        ("values, type of slot mood", "domain.yml:25"),
        ("value of entity product", "data/nlu.yml:8"),
        ("value of entity place", "data/nlu.yml:9"),
        ("regex shouting: [A-Z ]+!", "data/nlu.yml:39"),
        (r"regex city: ([a-z]+\s?)+", "data/nlu.yml:42"),
        ("slot mood", "domain.yml:25"),
        ("{name} in response utter_parcel_status, variant 2", "domain.yml:37"),
        ("buttons of response utter_parcel_status, variant 2", "domain.yml:37"),
        ("response utter_parcel_status, variant 3", "domain.yml:41"),
        ("image of response utter_faq/opening_hours, variant 1", "domain.yml:44"),
        ("response utter_address_form_street", "domain.yml:46"),
        ("response utter_complain, variant 2", "domain.yml:55"),
        ("response utter_cheer_up", "domain.yml:61"),
    }


def test_the_project_fits_into_a_desk_and_again_changes_nothing(
    project: Imported, content: Content
) -> None:
    once = merge(content, project)
    check(once.content, "test")
    again = merge(once.content, rasa.read(PROJECT, Options(frozenset({"order_number"}))))
    assert not any(change.any for change in changes(once.content, again.content).values())


def test_one_file_is_enough() -> None:
    found = rasa.read(NLU, Options())
    assert len(found.examples) == 10
    assert not found.templates


def test_a_form_of_rasa_2_and_own_intents_are_understood(tmp_path: Path) -> None:
    found = read_text(
        tmp_path / "domain.yml",
        """
intents: [session_start, faq, faq/price, "say hello", say.hello]
forms:
  order_form:
    required_slots: [amount]
slots: {amount: {type: float}}
responses:
  utter_ask_amount: [{text: "How many?"}, {text: "And how many?"}]
  utter_faq: [{text: nothing}]
  utter_say hello: ["Hello!"]
  utter_default: [{text: "Pardon?"}]
""",
    )
    assert [f.record.name for f in found.intents] == ["faq_price", "say_hello", "say_hello_2"]
    assert [f.record for f in found.templates] == [Template("say_hello", "say_hello", "Hello!")]
    assert [f.record.ask for f in found.slots] == ["How many?"]
    assert [f.record for f in found.replies] == [("clarify_open", ("Pardon?",))]
    assert {note.what for note in found.not_carried_over} == {
        "forms (1)",
        "type of slot amount",
        "response utter_ask_amount, all variants but the first text",
        "response utter_faq",
    }


def test_the_value_of_a_pattern_is_its_whole_match(tmp_path: Path) -> None:
    found = read_text(
        tmp_path / "nlu.yml",
        r"""
nlu:
- regex: order
  examples: |
    - (KM|LC)-\d{4}
    - \b\d{6}\b
- regex: size
  examples: |
    - \b[SML]\b
entities: [order, size]
""",
    )
    patterns = {f.record.name: f.record.pattern for f in found.slots}
    assert patterns["size"] == r"\b[SML]\b"
    order = PatternRecogniser("order", str(patterns["order"]))
    assert [e.value for e in order.find("KM-1234, 987654")] == ["KM-1234", "987654"]


def test_what_is_out_of_scope_by_any_name_is_no_intent(tmp_path: Path) -> None:
    found = read_text(
        tmp_path / "nlu.yml",
        """
nlu:
- {intent: Out-of-scope/weather, examples: "- will it rain"}
- {intent: nlu_fallback, examples: "- asdf"}
entities: [colour]
""",
    )
    assert [f.record.intent for f in found.examples] == ["out_of_scope"] * 2
    assert found.intents == ()
    assert [note.what for note in found.not_carried_over] == ["entity colour"]


def test_what_is_no_rasa_file_is_listed(tmp_path: Path) -> None:
    (tmp_path / "nlu.yml").write_text("nlu:\n- intent: a\n  examples: |\n    - b\n")
    (tmp_path / "playbook.yml").write_text("- hosts: all\n")
    (tmp_path / "compose.yml").write_text("services:\n  bot: {}\n")
    (tmp_path / "empty.yml").write_text("# nothing\n")
    (tmp_path / "old.md").write_text("## intent:greet\n- hey\n")
    (tmp_path / "README.md").write_bytes(b"# Caf\xe9\n")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "nlu.yml").write_text("{broken")
    found = rasa.read(tmp_path, Options())
    assert len(found.examples) == 1
    assert [(n.what, n.where) for n in found.not_carried_over] == [
        ("services (1)", f"{tmp_path / 'compose.yml'}:1"),
        ("old.md", str(tmp_path / "old.md")),
        ("playbook.yml", str(tmp_path / "playbook.yml")),
    ]


def test_a_merged_field_may_be_written_over(tmp_path: Path) -> None:
    text = "a: &a {text: b}\nx: {y: {z: &z {<<: *a, text: c}}}\nw: {<<: *z}\nintents: [greet]\n"
    found = read_text(
        tmp_path / "domain.yml", text + "responses: {utter_greet: [*z, {<<: *a, text: d}, *a]}\n"
    )
    assert [t.record.text for t in found.templates] == ["c", "d", "b"]


# --- mistakes ------------------------------------------------------------------------------------

LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{last}'] * 9)}]\n"
    for last, name in zip("abcdefgh", "bcdefghi", strict=True)
)
MERGES = "a: &a {k1: 1, k2: 2}\n" + "".join(
    f"{name}: &{name}\n  <<: [{', '.join([f'*{last}'] * 20)}]\n"
    for last, name in zip("abcdefgh", "bcdefghi", strict=True)
)
BROKEN: dict[str, tuple[str, tuple[str, ...]]] = {
    "broken YAML": ("nlu:\n- intent: [a\n  examples: |\n", ("line 3",)),
    "a tab": ("nlu:\n\t- intent: a\n", ("line 2",)),
    "a key twice": ("nlu: []\nnlu: []\n", ("line 2", "'nlu'")),
    "a list": ("- intent: a\n", ("the file", "a list")),
    "nothing": ("", ("no Rasa project",)),
    "something else": ("services: {}\n", ("no Rasa project",)),
    "nlu of another kind": ("version: '3'\nnlu: yes please\n", ("line 2", "nlu", "a text")),
    "an entry of another kind": ("nlu:\n- intent: a\n- b\n", ("nlu", "a text")),
    "no name": ("nlu:\n- intent:\n  examples: ''\n", ("line 2", "intent", "nothing")),
    "examples of another kind": (
        "nlu:\n- intent: a\n  examples: {b: c}\n",
        ("line 3", "intent a: examples", "fields"),
    ),
    "an example without a text": (
        "nlu:\n- intent: a\n  examples:\n  - text: b\n  - metadata: {}\n",
        ("line 5", "intent a", "nothing"),
    ),
    "a broken annotation": (
        'nlu:\n- intent: a\n  examples: |\n    - fine\n    - to [b]{"entity: c}\n',
        ("line 5", "not JSON"),
    ),
    "an annotation without a label": (
        'nlu:\n- intent: a\n  examples: |\n    - to [b]{"role": "c"}\n',
        ("line 4", "no entity"),
    ),
    "intents of another kind": ("intents: greet\n", ("line 1", "intents")),
    "an intent of another kind": ("intents:\n- a\n- [b]\n", ("line 3", "intents")),
    "responses of another kind": ("responses:\n- utter_a\n", ("line 1", "responses")),
    "a response of another kind": ("responses:\n  utter_a: b\n", ("line 2", "utter_a")),
    "a text of another kind": (
        "responses:\n  utter_a:\n  - text: [b]\n",
        ("line 3", "utter_a: text", "a list"),
    ),
    "half a character": ('nlu:\n- intent: "a\\ud800"\n', ("line 2", "surrogate")),
    "a loop": ("nlu: &a\n- *a\n", ("line 1", "nlu")),
    "a tag that runs": ("nlu: !!python/object/apply:os.system ['true']\n", ("line 1", "python")),
    "too deep": ("nlu: " + "[" * 5000, ("nested too deeply",)),
    "laughs": (LAUGHS + "nlu: *i\n", ("1000000 values",)),
    "merges": (MERGES, ("1000000 values",)),
    "examples by alias": (
        f"nlu:\n- {{intent: a, examples: &a [{'x, ' * 2000}]}}\n"
        + "- {intent: b, examples: *a}\n" * 2000,
        ("1000000 values",),
    ),
    "half a character in an annotation": (
        'nlu:\n- intent: a\n  examples: |\n    - to [b]{"entity": "\\ud800"}\n',
        ("line 4", "not JSON"),
    ),
    "an annotation with more than entities": (
        'nlu:\n- intent: a\n  examples: |\n    - [b][{"entity": "c"}, 5, {"entity": "d"}]\n',
        ("line 4", "no entity"),
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_is_named_with_its_line(case: str, tmp_path: Path) -> None:
    text, told = BROKEN[case]
    path = tmp_path / "nlu.yml"
    with pytest.raises(ContentError) as caught:
        read_text(path, text)
    for words in (str(path), *told):
        assert words in caught.value.message, caught.value.message
    assert len(caught.value.message) < 400


def test_old_formats_and_missing_paths_are_named(tmp_path: Path) -> None:
    old = tmp_path / "nlu.md"
    old.write_text("## intent:greet\n- hey\n")
    with pytest.raises(ContentError, match="Rasa 1"):
        rasa.read(old, Options())
    with pytest.raises(ContentError, match="no such file"):
        rasa.read(tmp_path / "none", Options())
    other = tmp_path / "notes.txt"
    other.write_text("a")
    with pytest.raises(ContentError, match="not a YAML file"):
        rasa.read(other, Options())


# --- writing -------------------------------------------------------------------------------------

ODD = (
    Example("", "two\nlines", "greeting", "positive", None, "test"),
    Example("", "- a dash: and # colon", "greeting"),
    Example("", "say [Moth] to me", "greeting", None, ({"start": 5, "end": 8, "label": "a b"},)),
    Example("", "100 % \u2028 🙂 {braces}", "greeting"),
    Example("", "the Moth lamp", "gift_card", None, ({"start": 4, "end": 13, "label": "x:y"},)),
)


def test_what_rasa_holds_comes_back_from_a_fresh_desk(content: Content, tmp_path: Path) -> None:
    slot = Slot("size", "Size", "Which size?", "", r"\b[SML]\b")
    kind = Slot("mobile", "Mobile", "Which number?", "", kind="phone")
    settings = replace(
        content.settings,
        slots=(*content.settings.slots, slot, kind),
        replies={"out_of_scope": ("Not here.",), "clarify_open": ("Pardon?", "What?")},
    )
    written = replace(content, examples=(*content.examples, *ODD), settings=settings)
    lost = rasa.write(written, tmp_path / "bot")
    fresh = merge(Content(), rasa.read(tmp_path / "bot", Options())).content
    check(fresh, "test")
    held = [e for e in written.examples if e.intent and "[" not in e.text]
    labelled = {taught(replace(e, entities=_renamed(e))) for e in held}
    assert {taught(e) for e in fresh.examples} == labelled
    assert sorted(fresh.templates, key=repr) == sorted(content.templates, key=repr)
    assert {i.name for i in fresh.intents} == {i.name for i in content.intents}
    assert fresh.settings.slot("size") == slot
    assert fresh.settings.slot("mobile") == replace(kind, kind=None)
    assert [note.where for note in lost if note.what == "kinds of slots (1)"] == ["mobile"]
    assert {s.name: s.ask for s in fresh.settings.slots} == {s.name: s.ask for s in settings.slots}
    assert fresh.settings.replies == settings.replies
    told = {note.what for note in lost}
    assert {"examples without an intent (2)", "formats of slots (1)", "facts (3)"} <= told
    assert "example 'say [Moth] to me'" in told
    again = merge(written, rasa.read(tmp_path / "bot", Options(frozenset(settings.facts))))
    assert again.content.templates == written.templates
    assert again.content.intents == written.intents


def _renamed(example: Example) -> tuple[dict[str, object], ...] | None:
    names = {"x:y": "x_y"}
    return tuple({**e, "label": names.get(e["label"], e["label"])} for e in example.entities or ())


def test_the_files_have_the_shape_that_rasa_reads(content: Content, tmp_path: Path) -> None:
    rasa.write(content, tmp_path)
    nlu = yaml.safe_load((tmp_path / "nlu.yml").read_text())
    first = nlu["nlu"][0]
    assert first["intent"] == "track_order"
    assert first["examples"].splitlines()[0] == "- well, where is please"
    by_name = {entry.get("intent"): entry for entry in nlu["nlu"]}
    assert "- does the [Moth lamp](product) run hot\n" in by_name["return_policy"]["examples"]
    assert by_name["out_of_scope"]["examples"] == "- will it rain on sunday\n"
    domain = yaml.safe_load((tmp_path / "domain.yml").read_text())
    assert domain["responses"]["utter_return_policy"] == [
        {"id": "return_policy", "text": "You have {return_days} days."},
        {
            "id": "return_policy_upset",
            "text": "Sorry! You have {return_days} days.",
            "metadata": {"sentiment": "negative"},
        },
    ]
    assert domain["slots"]["postcode"]["mappings"] == [
        {"type": "from_entity", "entity": "postcode"}
    ]
    assert domain["entities"] == ["order_number", "postcode", "product"]
    assert domain["intents"][-1] == "out_of_scope"


def test_an_export_leaves_a_file_that_is_no_text_alone(content: Content, tmp_path: Path) -> None:
    (tmp_path / "domain.yml").write_bytes(b"caf\xe9")
    with pytest.raises(ContentError, match="not exported by frontdesk"):
        rasa.write(content, tmp_path)
    assert (tmp_path / "domain.yml").read_bytes() == b"caf\xe9"


def test_an_export_tells_of_corrections_whose_intent_is_gone(
    content: Content, tmp_path: Path
) -> None:
    gone = Example("exa_1", "where is the fax", "fax", source="correction")
    notes = rasa.write(replace(content, examples=(gone,)), tmp_path)
    assert [n.where for n in notes if "are gone (1)" in n.what] == ["where is the fax"]


def test_an_export_replaces_its_own_files_only(content: Content, tmp_path: Path) -> None:
    rasa.write(content, tmp_path)
    rasa.write(replace(content, examples=()), tmp_path)
    assert "Moth" not in (tmp_path / "nlu.yml").read_text()
    (tmp_path / "domain.yml").write_text("intents: [mine]\n")
    with pytest.raises(ContentError, match=r"domain\.yml is there already"):
        rasa.write(content, tmp_path)
    assert (tmp_path / "domain.yml").read_text() == "intents: [mine]\n"


@pytest.mark.parametrize(
    ("text", "plain", "labels"),
    [
        ("to [New York](city)", "to New York", [("New York", "city", {})]),
        ("[a](x) and [b](y:c)", "a and b", [("a", "x", {}), ("b", "y", {"value": "c"})]),
        ('[NY]{"entity":"city","group":"1"}', "NY", [("NY", "city", {"group": "1"})]),
        ('[NY][{"entity":"a"},{"entity":"b"}]', "NY", [("NY", "a", {"second entity": "b"})]),
        ("[no label] here", "[no label] here", []),
    ],
)
def test_annotations_are_read(text: str, plain: str, labels: list[object]) -> None:
    read, found = annotations(text, "f")
    assert read == plain
    assert [(plain[a.start : a.end], a.label, a.more) for a in found] == labels


def test_only_what_comes_back_is_annotated() -> None:
    span = ({"start": 0, "end": 2, "label": "city"},)
    assert annotated("NY now", span) == "[NY](city) now"
    assert json.loads(str(annotated("NY", ({**span[0], "label": "a:b"},)))[4:]) == {"entity": "a:b"}
    assert annotated("[NY](city)", None) is None
    assert annotated(" NY", None) is None
