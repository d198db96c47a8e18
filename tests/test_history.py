"""The first night: past conversations are read, paired, masked, and become proposals."""

import csv
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import service.commands.history
from service.commands.transfer import import_content
from service.config import Config
from service.errors import ContentError
from service.history.gathering import OWN, draw, gather, mask
from service.history.pairing import REPEATED, Pair, answer_of, question_of, repeated, strip
from service.history.proposing import make_proposals
from service.history.slots import find_slots
from service.history.threads import Line, Thread, read_threads
from service.records.content import Content
from service.records.proposals import Acceptance, Group, ProposedText
from service.records.settings import DeskSettings, Slot
from service.replies import variables
from service.store import Store

FIXTURES = Path(__file__).parent / "fixtures" / "history"
TODAY = date(2026, 11, 23)
HELP = ["-h", "--help"]


def thread(*lines: tuple[str, str], subject: str = "") -> Thread:
    """C is the customer, P a person, M a machine."""
    authors = {"C": "customer", "P": "operator", "M": "desk"}
    return Thread("here", tuple(Line(authors[a], t) for a, t in lines), (), subject)  # type: ignore[arg-type]


# --- files ---------------------------------------------------------------------------------------


def test_zendesk_tickets_are_read_with_who_wrote() -> None:
    first, second = read_threads("zendesk", FIXTURES / "tickets.json", {})
    assert [line.author for line in first.lines] == [
        "customer",
        "desk",
        "operator",
        "operator",
        "customer",
    ]
    assert first.lines[3].text.startswith("Hi Marisol,\n\nyour order")
    assert first.people == ("Marisol Vega", "Bo Li")
    assert question_of(second) == "Do you ship to Norway? see above"
    assert answer_of(second) == ""


def test_chatwoot_conversations_are_read_without_notes_and_activities() -> None:
    first, second = read_threads("chatwoot", FIXTURES / "conversations.jsonl", {})
    assert [line.author for line in first.lines] == [
        "customer",
        "desk",
        "customer",
        "desk",
        "operator",
    ]
    assert question_of(first) == "can I return a kettle that I have used?"
    assert answer_of(first).startswith("Yes, within 30 days")
    assert first.where == f"{FIXTURES / 'conversations.jsonl'}:1"
    assert first.people == ("Marisol Vega", "Bo Li")
    assert answer_of(second) == ""


def test_csv_lines_are_put_together_and_in_order() -> None:
    first, second = read_threads("csv", FIXTURES / "chats.csv", {})
    assert [line.text[:5] for line in first.lines] == ["My na", "Hello", "Open "]
    assert answer_of(first).startswith("Open your account")
    assert (second.where, answer_of(second)) == (f"{FIXTURES / 'chats.csv'}:3", "")


def test_csv_questions_and_answers_by_other_names(tmp_path: Path) -> None:
    (tmp_path / "faq.csv").write_text("Frage;Antwort\nWo ist mein Paket?;In unserem Lager.\n")
    columns = {"question": "Frage", "answer": "Antwort"}
    [found] = read_threads("csv", tmp_path, columns)
    assert [line.author for line in found.lines] == ["customer", "operator"]


@pytest.mark.parametrize(
    ("name", "file", "text", "words"),
    [
        ("zendesk", "t.json", '{"tickets": [{"comments": [{"body": 7}]}]}', ["tickets[0]", "body"]),
        ("zendesk", "t.json", '[{"macro": 1}]', ["[0]", "not a ticket"]),
        ("zendesk", "t.jsonl", '{"comments": []}\n{"comments', ["line 2", "not JSON"]),
        ("zendesk", "t.json", "{\n", ["line 2", "not JSON"]),
        ("chatwoot", "c.json", '{"payload": [{"messages": [{}]}]}', ["[0]", "message_type"]),
        ("chatwoot", "c.json", '"hello"', ["not a conversation"]),
        ("csv", "c.csv", "id,author,text\n1,customer,hi\n", ["line 1", "conversation_id"]),
        ("csv", "c.csv", "conversation_id,author,text\n1,ufo,hi\n", ["line 2", "ufo"]),
        ("csv", "c.csv", "conversation_id,author,text\n,user,hi\n", ["line 2", "conversation_id"]),
        ("csv", "c.csv", "conversation_id,author,text,at\n1,user,hi,noon\n", ["line 2", "at"]),
    ],
)
def test_mistakes_name_their_place(
    name: str, file: str, text: str, words: list[str], tmp_path: Path
) -> None:
    (tmp_path / file).write_text(text)
    with pytest.raises(ContentError) as caught:
        list(read_threads(name, tmp_path / file, {}))
    assert all(word in caught.value.message for word in [str(tmp_path / file), *words])


def test_a_file_of_lines_is_read_as_a_stream(tmp_path: Path) -> None:
    """A mistake at its end does not keep the first conversations from being read."""
    line = '{"id": 1, "messages": [{"content": "hi", "message_type": 0}]}\n'
    (tmp_path / "c.jsonl").write_text("\ufeff" + line * 3 + "{")
    found = read_threads("chatwoot", tmp_path / "c.jsonl", {})
    assert [next(found).where[-2:] for _ in range(3)] == [":1", ":2", ":3"]
    with pytest.raises(ContentError, match="line 4"):
        next(found)


# --- pairs ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "question", "answer"),
    [
        (
            [("C", "hi"), ("C", "where is my parcel?"), ("P", "It is in our depot in Leeds.")],
            "where is my parcel?",
            "It is in our depot in Leeds.",
        ),
        (  # waiting, asking back and politeness are not the answer
            [
                ("C", "my kettle leaks"),
                ("P", "Hello and welcome!"),
                ("P", "Please hold while I look into this for you."),
                ("P", "Which kettle is it, and when did you buy it from us?"),
                ("C", "the blue one"),
                ("P", "Then turn the valve to the left until it clicks, and dry it."),
                ("P", "Have a nice day!"),
            ],
            "my kettle leaks",
            "Then turn the valve to the left until it clicks, and dry it.",
        ),
        (  # a machine's words are no answer, whoever sends them
            [
                ("C", "can I pay by invoice"),
                ("P", "This is an automatic reply: we have received your message of today."),
            ],
            "can I pay by invoice",
            "",
        ),
        (  # nor is a greeting that is answered with thanks
            [("C", "my kettle leaks"), ("P", "Hello, how are you all?"), ("C", "thanks")],
            "my kettle leaks",
            "",
        ),
        ([("P", "Your parcel is late, we are sorry about that."), ("C", "thank you")], "", ""),
        (  # what was thanked for wins over what is as long
            [
                ("C", "does it fit an induction hob?"),
                ("P", "It says so on the box that it came in."),
                ("C", "which box? I threw it away"),
                ("P", "Yes, all our kettles fit every induction hob."),
                ("C", "great, thanks"),
            ],
            "does it fit an induction hob?",
            "Yes, all our kettles fit every induction hob.",
        ),
        (
            [("C", "Guten Tag, wo bleibt meine Bestellung"), ("P", "Sie kommt morgen früh an.")],
            "Wo bleibt meine Bestellung",
            "Sie kommt morgen früh an.",
        ),
    ],
)
def test_questions_meet_their_best_answers(
    lines: list[tuple[str, str]], question: str, answer: str
) -> None:
    said = thread(*lines)
    assert (question_of(said), answer_of(said)) == (question, answer)


def test_a_letter_is_stripped_to_what_it_says() -> None:
    letter = (
        "Dear Customer Service,\r\n\r\nthe lid is broken.\r\nCan I have another?\r\n\r\n"
        "Kind regards,\r\nMarisol Vega\r\n+44 20 7946 0018\r\n\r\n"
        "On 2 November 2026 at 09:00 Kettle wrote:\r\n> Hi\r\n"
    )
    assert strip(letter) == "The lid is broken.\nCan I have another?"
    assert strip("Hi cancel my order.") == "Hi cancel my order."
    assert strip("> quoted\nand the answer") == "and the answer"


def test_the_subject_speaks_where_the_message_does_not() -> None:
    said = thread(("C", "see above"), subject="Do you ship to Norway?")
    assert question_of(said) == "Do you ship to Norway? see above"


def test_what_repeats_before_the_answer_is_told_in_any_language() -> None:
    wait = "Kérem várjon egy kicsit, amíg megnézem a rendelését"
    threads = [
        thread(("C", f"kérdés {n} van"), ("P", wait), ("P", "Holnap érkezik meg a csomag."))
        for n in range(REPEATED)
    ]
    assert answer_of(threads[0]) == wait  # the longer one
    waiting = repeated(threads)
    assert answer_of(threads[0], waiting) == "Holnap érkezik meg a csomag."
    assert repeated(threads[1:]) == frozenset()


def test_conversations_are_drawn_evenly_and_the_same_each_time() -> None:
    many = [thread(("C", str(number))) for number in range(2000)]
    drawn, seen = draw(iter(many), 100)
    numbers = [int(each.lines[0].text) for each in drawn]
    assert (len(drawn), seen, numbers) == (100, 2000, sorted(set(numbers)))
    assert 800 < sum(numbers) / 100 < 1200
    assert draw(iter(many), 100)[0] == drawn
    assert draw(iter(many[:5]), 100)[0] == many[:5]


# --- masking -------------------------------------------------------------------------------------


def test_nobody_is_named_in_what_is_kept() -> None:
    settings = DeskSettings(region="GB")
    found = [
        pair
        for name, file in (
            ("zendesk", "tickets.json"),
            ("chatwoot", "conversations.jsonl"),
            ("csv", "chats.csv"),
        )
        for pair in gather(read_threads(name, FIXTURES / file, {}), settings, 100).pairs
    ]
    kept = json.dumps([(pair.question, pair.answer, pair.people) for pair in found]).casefold()
    assert len(found) == 3
    assert not [w for w in ("marisol", "vega", "bo li", "4111 1111 1111 1111 1") if w in kept]
    assert found[0].question == "Where is my order KM-482913? I paid with 4111 1111 1111 1111."
    assert found[2].question == "My name is Alex, how do I change my address?"
    assert (
        found[2].answer
        == "Open your account, choose Addresses, and edit the one that is wrong, {contact_name}."
    )


def test_who_introduces_himself_is_masked_where_the_file_has_no_names(tmp_path: Path) -> None:
    path = tmp_path / "questions.csv"
    said = {
        "My name is John Smith, where is my parcel?": "My name is Alex, where is my parcel?",
        "This is Maria Lopez. May I return it?": "This is Alex. May I return it?",
        "Ich heiße Jonas, was kostet das?": "Ich heiße Alex, was kostet das?",
        "Mein Name ist Anna Maria Weber. Wo?": "Mein Name ist Alex. Wo?",
        "je m’appelle Élodie": "je m’appelle Alex",
        "is this is your shop? this is great": "is this is your shop? this is great",
    }
    with path.open("w", newline="") as file:
        rows = [(question, f"You see it on page {n}.") for n, question in enumerate(said)]
        csv.writer(file).writerows([("question", "answer"), *rows])
    found = gather(read_threads("csv", path, {}), DeskSettings(), 100).pairs
    assert [pair.question for pair in found] == list(said.values())


def test_the_companys_own_address_stays_and_a_customers_does_not() -> None:
    pairs = [
        Pair("x", f"question {n}", f"Write to help@kettle.example, not to me{n}@home.example.")
        for n in range(OWN)
    ]
    masked = mask(pairs, DeskSettings())
    assert {pair.answer for pair in masked} == {"Write to help@kettle.example, not to {email}."}
    assert "{email}" in mask(pairs[1:], DeskSettings())[0].answer[:20]
    settings = DeskSettings(slots=(Slot("mail", "Mail", "Which?", "", kind="email"),))
    assert mask(pairs, settings)[0].answer.endswith("not to {mail}.")


# --- slots, names, proposals ---------------------------------------------------------------------


def test_slots_are_what_was_one_customers() -> None:
    answer = "Your order 4711221 leaves on 3 May 2026 and costs 12.50 EUR; returns take 30 days."
    others = [
        "Your order 5522113 leaves on 4 June 2026 and costs 99.00 EUR; returns take 30 days.",
        "Your order 5522114 leaves on 9 July 2026 and costs 3.20 EUR; returns take 30 days.",
        "Something else altogether that nobody has asked about, in so many words, in 14 parts.",
    ]
    found = find_slots(answer, "where is it?", others, DeskSettings(region="GB"), TODAY)
    assert variables(found)[0] == "order_number"
    assert "4711221" not in found
    assert "3 May" not in found
    assert "12.50" not in found
    assert found.endswith("returns take 30 days.")


@pytest.mark.timeout(20)
def test_made_up_letters_take_no_long_time() -> None:
    for piece in ("1", "1-", "a1", "hi ", "\n", " \n", "> ", "on wrote", "thanks\n", "{", "1111 "):
        text = piece * (8_000 // len(piece))
        said = thread(("C", "x" + text), ("P", "y" + text), ("C", text))
        gathered = gather([said], DeskSettings(region="GB"), 1)
        for pair in gathered.pairs:
            find_slots(pair.answer, pair.question, [pair.answer + "1"] * 5, DeskSettings(), TODAY)


def test_a_number_that_most_answers_have_is_the_companys() -> None:
    others = ["Call 08001234567 for that.", "Or call 08001234567."]
    found = find_slots("Call 08001234567.", "how?", others, DeskSettings(), TODAY)
    assert found == "Call 08001234567."
    assert find_slots("Call 08001234567.", "how?", ["x", "y"], DeskSettings(), TODAY) != found


@pytest.mark.parametrize(
    ("answer", "question", "found"),
    [
        ("Bill 77812 is paid.", "is bill 77812 paid?", "Bill {bill_number} is paid."),
        ("Bill no. 77812 is paid.", "77812?", "Bill no. {bill_number} is paid."),
        ("Call 0800 1234.", "is bill 77812 paid?", "Call 0800 1234."),
        ("It is order 4711221.", "where is it?", "It is order {order_number}."),
        ("You get $299 back.", "I want my 299 dollars", "You get {amount} back."),
        ("Shipping costs $5.", "what does shipping cost?", "Shipping costs $5."),
        ("Order LC-1234 is on its way.", "when?", "Order {order_number} is on its way."),
        ("{order_1234} stays", "order_1234", "{order_1234} stays"),
    ],
)
def test_slots_come_from_the_question_and_the_desks_patterns(
    answer: str, question: str, found: str, content: Content
) -> None:
    settings = content.settings if "LC" in answer else DeskSettings(region="US")
    assert find_slots(answer, question, [], settings, TODAY) == found


def parcels() -> tuple[list[Thread], list[Group]]:
    """Four ask for a parcel and two for a refund, in other words; one asks something else."""
    asked = ["where is my parcel", "Where is my  parcel", "parcel not here", "track a parcel"]
    money = ["I want my money back", "give the money back"]
    threads = [thread(("C", text), ("P", "It comes tomorrow to {{city}}.")) for text in asked]
    threads[1] = thread(("C", asked[1]), ("P", "It comes tomorrow, I promise."))
    threads += [thread(("C", text), ("P", "You get it back in five days.")) for text in money]
    threads += [thread(("C", "sing me a song"), ("P", "We would rather not sing."))]
    return threads, [Group((4, 5), (4, 5)), Group((0, 1, 2, 3), (0, 1, 2, 3))]


def test_groups_become_proposals_by_their_traffic() -> None:
    threads, groups = parcels()
    gathered = gather(threads, DeskSettings(), 100)
    first, second = make_proposals(gathered, groups, Content(), ())
    assert (first.kind, first.source, first.count, first.share) == ("intent", "history", 4, 4 / 7)
    assert [text.text for text in first.texts] == [
        "where is my parcel",
        "parcel not here",
        "track a parcel",
    ]
    assert first.answer == "It comes tomorrow, I promise."  # the others need a fact
    assert (second.name, second.title) == ("money_back", "Money back")
    assert make_proposals(gathered, groups, Content(), ["money back", "give the MONEY back"]) == [
        first
    ]


# --- the command ---------------------------------------------------------------------------------


@pytest.fixture
def grouped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Groups as a person would make them, in the place of the encoder's."""

    def group(config: Config, questions: Sequence[str], answers: Sequence[str]) -> list[Group]:
        return parcels()[1]

    monkeypatch.setattr(service.commands.history, "load_named", lambda name: group)


def run(config: Config, *arguments: object) -> Result:
    given = [*map(str, arguments), "--history"]
    return CliRunner().invoke(import_content, given, obj=config, help_option_names=HELP)


@pytest.fixture
def export(tmp_path: Path) -> Path:
    lines = [
        json.dumps(
            {
                "messages": [
                    {"content": line.text, "message_type": int(line.author == "operator")}
                    for line in thread.lines
                ]
            }
        )
        for thread in parcels()[0]
    ]
    path = tmp_path / "export.jsonl"
    path.write_text("\n".join(lines))
    return path


@pytest.mark.usefixtures("grouped")
def test_proposals_wait_in_the_queue_and_what_was_decided_is_not_asked_again(
    config: Config, store: Store, export: Path
) -> None:
    dry: dict[str, Any] = json.loads(run(config, "chatwoot", export, "--dry-run", "--json").stdout)
    assert (dry["conversations"], dry["pairs"], dry["dry_run"]) == (7, 7, True)
    assert store.count_proposals() == 0
    told = run(config, "chatwoot", export)
    assert told.exit_code == 0, told.output
    assert "would cover 86%" in told.stdout
    [first, second] = store.proposals()
    operator = store.add_operator("a@b.c", "Ana", "operator", "x")
    store.accept_proposal(first.id, operator.id, Acceptance())
    assert run(config, "chatwoot", export).exit_code == 0
    [left] = store.proposals()
    assert (left.name, left.id != second.id) == ("money_back", True)
    store.dismiss_proposal(left.id, operator.id)
    more = replace(left, id="", state="dismissed", texts=(ProposedText("x"),), value=1e6)
    store.add_proposals([more] * 1000)
    assert "nothing is proposed" in run(config, "chatwoot", export).stdout
    assert store.proposals() == []
    made = store.content()
    assert first.name in {intent.name for intent in made.intents}
    assert [t.text for t in made.templates if t.intent == first.name] == [first.answer]


def test_formats_without_history_and_files_without_answers_say_so(
    config: Config, store: Store, tmp_path: Path
) -> None:
    assert run(config, "rasa", tmp_path).exit_code == 2
    (tmp_path / "q.csv").write_text("question,answer\nwhere is my parcel,\n")
    failed = run(config, "csv", tmp_path / "q.csv")
    assert isinstance(failed.exception, ContentError)
    assert "in 1 conversations" in failed.exception.message
