"""Canned responses of Chatwoot and macros of Zendesk: in as templates, out again."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from service.content import check
from service.errors import ContentError
from service.records.content import Content
from service.transfer import chatwoot, zendesk
from service.transfer.changes import changes
from service.transfer.formats import format_named
from service.transfer.markup import is_html, plain
from service.transfer.merging import merge
from service.transfer.pieces import Imported, Options
from service.transfer.placeholders import LIQUID, RASA, adapt

FIXTURES = Path(__file__).parent / "fixtures"
CANNED = FIXTURES / "chatwoot" / "canned_responses.json"
MACROS = FIXTURES / "zendesk" / "macros.json"
OPTIONS = Options(frozenset({"order_number", "phone"}))


def templates(imported: Imported) -> dict[str, str]:
    return {found.record.name: found.record.text for found in imported.templates}


def told(imported: Imported) -> dict[str, str]:
    return {note.what: note.why for note in imported.not_carried_over}


# --- chatwoot ------------------------------------------------------------------------------------


def test_canned_responses_become_templates(content: Content) -> None:
    found = chatwoot.read(CANNED, OPTIONS)
    assert templates(found) == {
        "refund_time": "Hi,\nyour money is back within **five days**.",
        "late_parcel": "Conversation {conversation_display_id} is about {order_number}; "
        "call {phone}.\n\nKind regards,",
    }
    assert told(found).keys() == {
        "canned response 'vip'",
        "{{contact.first_name}} in canned response 'refund_time'",
        "{{agent.name}} in canned response 'Late-Parcel'",
    }
    assert {n.what: n.where for n in found.notes} == {
        "template 'Late-Parcel'": f"{CANNED}, [1]",
        "{{ conversation.display_id }} in canned response 'Late-Parcel'": f"{CANNED}, [1]",
    }
    merged = merge(content, found)
    check(merged.content, "test")
    assert merged.content.intents[-1].title == "Late Parcel"
    assert merged.content.settings.facts["conversation_display_id"] == ""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("wrapped.json", '{"payload": [{"short_code": "bye", "content": "Good bye."}]}'),
        ("one.json", '{"short_code": "bye", "content": "Good bye."}'),
        ("list.csv", "content,short_code\nGood bye.,bye\n"),
        ("semicolons.csv", "ID;Short_Code;Content\n4;bye;Good bye.\n"),
    ],
)
def test_canned_responses_come_in_several_shapes(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    assert templates(chatwoot.read(tmp_path / name, OPTIONS)) == {"bye": "Good bye."}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", ["line 1", "not JSON"]),
        ('[\n{"short_code": "a",}]', ["line 2", "not JSON"]),
        ('{"data": []}', ["a list"]),
        ('[{"short_code": "a", "content": "b"}, 7]', ["[1]"]),
        ('[{"short_code": "a"}]', ["[0]", "content"]),
        ('[{"short_code": " ", "content": "b"}]', ["[0]", "short_code"]),
        ('[{"short_code": "a", "content": ["b"]}]', ["[0]", "content"]),
        ("[" * 100_000, ["not JSON"]),
    ],
)
def test_broken_canned_responses_are_named(text: str, words: list[str], tmp_path: Path) -> None:
    path = tmp_path / "canned.json"
    path.write_text(text)
    with pytest.raises(ContentError) as caught:
        chatwoot.read(path, OPTIONS)
    for word in (str(path), *words):
        assert word in caught.value.message


def test_a_csv_without_a_column_is_told_of_it(tmp_path: Path) -> None:
    path = tmp_path / "canned.csv"
    path.write_text("code,content\nbye,Good bye.\n")
    with pytest.raises(ContentError, match="line 1: there is no column 'short_code'"):
        chatwoot.read(path, OPTIONS)


# --- zendesk -------------------------------------------------------------------------------------


def test_macros_become_templates(content: Content) -> None:
    found = zendesk.read(MACROS, OPTIONS)
    assert templates(found) == {
        "how_to_send_it_back": "Hi,\n\nPlease:\n\n"
        "1. print the label (https://kettle.example/label)\n2. tape it on & send it\n\n"
        "Ticket {ticket_id}\nThanks!",
        "late_parcel": "We are sorry that it is late. Call {phone}.",
        "late_parcel_2": "My own words.",
    }
    first = found.intents[0].record
    assert (first.group, first.title) == ("returns", "How to send it back")
    assert first.description == "Prepaid label"
    check(merge(content, found).content, "test")


def test_what_a_template_cannot_do_is_told() -> None:
    assert told(zendesk.read(MACROS, OPTIONS)) == {
        "{{ticket.requester.first_name}} in macro 'Returns::How to send it back'": "the desk has "
        "no such variable; it is left out of the text",
        "actions of macro 'Returns::How to send it back': status, current_tags": "a template only "
        "replies",
        "pictures of macro 'Returns::How to send it back' (1)": "a template is plain text",
        "restriction of macro 'Late parcel'": "every operator sees every template",
        "comment of macro 'Late parcel' for channel:web": "a template has one text for every "
        "channel",
        "macro 'Ask the warehouse'": "its comment is a note for colleagues",
        "macro 'Close'": "it has no reply",
        "macro 'Christmas 2023'": "it is not active",
    }


MACRO = {"title": "Bye", "actions": [{"field": "comment_value", "value": "Good bye."}]}
TICKET = {"subject": "Broken", "description": "It broke.", "status": "open", "comments": []}


@pytest.mark.parametrize(
    "value",
    [
        MACRO,
        {"macro": MACRO},
        [MACRO],
        [{"macro": MACRO}],
        {"macros": [MACRO]},
        {"macros": [{"macro": MACRO}], "count": 1},
    ],
)
def test_macros_come_in_several_shapes(value: Any, tmp_path: Path) -> None:
    path = tmp_path / "macros.json"
    path.write_text(json.dumps(value))
    assert templates(zendesk.read(path, OPTIONS)) == {"bye": "Good bye."}


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"ticket": TICKET}),
        json.dumps(TICKET),
        json.dumps([{"ticket": TICKET}]),
        json.dumps({"tickets": [TICKET]}),
        f"{json.dumps(TICKET)}\n",
    ],
)
def test_tickets_are_only_told_of(text: str, tmp_path: Path) -> None:
    path = tmp_path / "tickets.json"
    path.write_text(text)
    found = zendesk.read(path, OPTIONS)
    (note,) = found.not_carried_over
    assert note.what == "1 tickets"
    assert note.why.startswith("tickets are history, not content")
    assert found.templates == found.examples == found.intents == ()


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"next_page": "https://x.example/api/v2/macros.json?page=2"}, 1),
        ({"meta": {"has_more": True}}, 1),
        ({"next_page": None, "meta": {"has_more": False}}, 0),
        ({"meta": 3}, 0),
    ],
)
def test_pages_that_are_not_in_the_file_are_told(
    more: dict[str, Any], told: int, tmp_path: Path
) -> None:
    path = tmp_path / "macros.json"
    path.write_text(json.dumps({"macros": [MACRO], "count": 500, **more}))
    notes = zendesk.read(path, OPTIONS).not_carried_over
    assert [note.what for note in notes] == ["the pages after this one"] * told


def test_a_blank_comment_does_not_hide_the_other(tmp_path: Path) -> None:
    blank = {"field": "comment_value", "value": ["channel:all", " "]}
    html = {"field": "comment_value_html", "value": "<p>Good bye.</p>"}
    path = tmp_path / "macros.json"
    path.write_text(json.dumps({"title": "Bye", "actions": [blank, html]}))
    found = zendesk.read(path, OPTIONS)
    assert templates(found) == {"bye": "Good bye."}
    assert found.not_carried_over == ()


def test_a_line_an_object_is_read(tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    path.write_text(f"{json.dumps(TICKET)}\n{json.dumps(MACRO)}\n{json.dumps(TICKET)}\n")
    found = zendesk.read(path, OPTIONS)
    assert [t.where for t in found.templates] == [f"{path}:2"]
    assert [note.what for note in found.not_carried_over] == ["2 tickets"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nonsense", ["line 1", "not JSON"]),
        ('{"a": 1}', ["neither a macro"]),
        ('{"subject": "a"}\n{"b": \n', ["line 2", "not JSON"]),
        ('{"macros": 3}', ["macros: expected a list"]),
        ('{"macros": [{"actions": []}]}', ["macros[0]", "title"]),
        ('{"macros": ["a"]}', ["macros[0]"]),
        ('[{"title": "a", "actions": [{"value": 3}]}]', ["[0]", "actions[0].field"]),
        (
            '{"title": "a", "actions": [{"field": "comment_value", "value": {"x": 1}}]}',
            ["macro 'a'", "comment_value"],
        ),
    ],
)
def test_broken_macros_are_named(text: str, words: list[str], tmp_path: Path) -> None:
    path = tmp_path / "macros.json"
    path.write_text(text)
    with pytest.raises(ContentError) as caught:
        zendesk.read(path, OPTIONS)
    for word in (str(path), *words):
        assert word in caught.value.message


# --- round trip ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["chatwoot", "zendesk"])
def test_templates_come_back_from_a_fresh_desk(name: str, content: Content, tmp_path: Path) -> None:
    form, path = format_named(name), tmp_path / "replies.json"
    lost = {note.what for note in form.write(content, path)}
    fresh = merge(Content(), form.read(path, Options())).content
    texts = {template.name: template.text for template in content.templates}
    assert {template.name: template.text for template in fresh.templates} == texts
    assert {"moods of templates (2)", "intents of templates (2)", "slots (2)"} <= lost
    if name == "zendesk":
        groups = {intent.name: intent.group for intent in content.intents}
        for intent in fresh.intents:
            assert groups.get(intent.name, intent.group) == intent.group
    again = merge(content, form.read(path, Options())).content
    assert again.templates == content.templates
    assert again.intents == content.intents
    assert again.settings == content.settings


def test_exported_files_have_the_shape_of_the_other_system(
    content: Content, tmp_path: Path
) -> None:
    path = tmp_path / "replies.json"
    chatwoot.write(content, path)
    assert json.loads(path.read_text())[0] == {
        "short_code": "track_order",
        "content": "Order {order_number} is on its way.",
    }
    zendesk.write(content, path)
    assert json.loads(path.read_text())["macros"][2] == {
        "title": "Returns::Return policy upset",
        "active": True,
        "actions": [{"field": "comment_value", "value": "Sorry! You have {return_days} days."}],
    }


@pytest.mark.parametrize(("name", "path"), [("chatwoot", CANNED), ("zendesk", MACROS)])
def test_the_same_replies_again_change_nothing(name: str, path: Path, content: Content) -> None:
    form = format_named(name)
    once = merge(content, form.read(path, OPTIONS)).content
    assert any(change.any for change in changes(content, once).values())
    assert merge(once, form.read(path, OPTIONS)).content == once


# --- texts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One</p>\n  <p>Two<br/>lines</p>", "One\n\nTwo\nlines"),
        ("<div>One</div><div>Two</div>", "One\nTwo"),
        ("a <b>bold</b>   word &amp; &#39;more&#39;", "a bold word & 'more'"),
        ("<ul><li>one</li><li>two</li></ul>after", "- one\n- two\n\nafter"),
        ('<a href="https://a.example">https://a.example</a>', "https://a.example"),
        ('<a href="mailto:x@a.example">x@a.example</a>', "x@a.example"),
        ('see <a href="https://a.example">here</a>.', "see here (https://a.example)."),
        ("<style>p {}</style><script>x()</script>kept", "kept"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
        ("<p>&nbsp;</p><p>open <i>tags", "open tags"),
        ("1 < 2", "1 < 2"),
    ],
)
def test_html_becomes_the_text_that_is_seen(html: str, text: str) -> None:
    assert plain(html)[0] == text


@pytest.mark.parametrize(
    ("text", "adapted", "told_of"),
    [
        ("Hi {{contact.name}}!", "Hi!", 1),
        ("Dear {{ticket.requester.first_name}},\nhello", "Dear,\nhello", 1),
        ("{{contact.name}} wrote to us", "{contact_name} wrote to us", 1),
        ("It is {{ ticket.custom.order_number | upcase }}.", "It is {order_number}.", 1),
        ("Thank you, {{contact.name}}!", "Thank you!", 1),
        ("{{contact.name}}, here it is.", "here it is.", 1),
        ("Best regards,\n{{current_user.name}}", "Best regards,", 1),
        ("Best regards, {{current_user.name}}", "Best regards,", 1),
        ("My name is {{agent.name}}, and I help.", "My name is {agent_name}, and I help.", 1),
        ("You are {{contact.name}}.", "You are {contact_name}.", 1),
        ("Your login: {{contact.username}}", "Your login: {contact_username}", 1),
        ("{{- customer.phone -}}", "{phone}", 0),
        ("{{customer.phone}}", "{phone}", 0),
        ("{{ticket.ticket_field_360}}", "{ticket_ticket_field_360}", 1),
    ],
)
def test_placeholders_become_the_desks_own(text: str, adapted: str, told_of: int) -> None:
    made = adapt(text, {"order_number", "phone"}, "it", "f:1", LIQUID)
    assert made.text == adapted
    assert len(made.notes) + len(made.lost) == told_of


def test_a_long_text_is_adapted_at_once() -> None:
    start = time.perf_counter()
    text = "{{" + " " * 100_000
    assert adapt(text, (), "it", "f").text == text
    assert adapt("{{a.name}}" * 2_000, (), "it", "f").text == "{a_name}" * 2_000
    assert plain("\xa0" * 100_000 + "x")[0] == "x"
    assert not is_html("<p" * 100_000)
    assert time.perf_counter() - start < 10


def test_a_name_that_the_desk_knows_is_used() -> None:
    assert adapt("Hi {{contact.name}}!", {"customer_name"}, "it", "f").text == "Hi {customer_name}!"
    assert adapt("Hi {name}!", {"name"}, "it", "f", RASA).text == "Hi {name}!"
