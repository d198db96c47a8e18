"""The console around a conversation in a real browser: palette, help, a customer's past, the trace
in words, resolving, notifications."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from axe import findings
from conftest import add_person
from served import Served, serve
from service.config import Config
from service.records.people import Operator
from service.router import REASONS
from service.store import Store

pytestmark = pytest.mark.browser

VERIFIED = {"identifier": "u1", "verified": True, "name": "Mia", "email": "mia@example.com"}


@pytest.fixture
def ana(store: Store) -> Operator:
    return add_person(store, "ana@desk.example", "operator")


@pytest.fixture
def desk(config: Config, store: Store, browser: Browser, ana: Operator) -> Iterator[Served]:
    with serve(config, store, browser) as desk:
        yield desk


def find(page: Page, words: str) -> None:
    page.keyboard.press("Control+k")
    page.get_by_test_id("palette-input").fill(words)


def options(page: Page) -> list[str]:
    return page.get_by_test_id("palette-option").all_inner_texts()


def test_the_palette_does_goes_and_finds(desk: Served, store: Store) -> None:
    _, ticket = desk.said("it is broken")
    desk.said("a person, about the zebra lamp", {"name": "Zoe"})
    page = desk.console("ana")
    page.keyboard.press("Control+k")
    expect(page.get_by_test_id("palette")).to_be_visible()
    assert not any("Claim" in option for option in options(page))  # no ticket is meant
    page.keyboard.press("Escape")
    page.goto(f"{desk.address}/console#/tickets/{ticket}")
    expect(page.get_by_test_id("log")).to_contain_text("broken")
    page.keyboard.press("r")
    expect(page.get_by_test_id("composer-text")).to_be_focused()
    find(page, "claim")  # also while one writes
    expect(page.get_by_test_id("palette-option").first).to_contain_text("Claim")
    assert findings(page) == []
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("status")).to_have_text("Yours")
    find(page, "claim")
    assert not any(option.split("\n")[1:2] == ["Claim"] for option in options(page))
    page.keyboard.press("Escape")
    find(page, "retpol")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("composer-text")).to_have_value("You have 30 days.")
    find(page, "zebra")
    expect(page.get_by_test_id("palette-option").last).to_contain_text("Zoe")
    page.get_by_test_id("palette-option").last.click()
    expect(page.get_by_test_id("conversation-title")).to_have_text("Zoe")
    find(page, "releas")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{desk.address}/console#/releases")
    find(page, "xyzzy quux")
    expect(page.get_by_test_id("palette")).to_contain_text("Nothing is called so.")
    assert findings(page) == []


def test_the_help_sheet_tells_every_key(desk: Served) -> None:
    page = desk.console("ana")
    page.keyboard.press("?")
    sheet = page.get_by_test_id("help")
    for words in ("Claim", "Canned replies and templates", "Commands: do, go or find anything"):
        expect(sheet).to_contain_text(words)
    assert findings(page) == []
    page.keyboard.press("Escape")
    expect(sheet).to_have_count(0)


def test_a_verified_customers_past_opens_in_place(
    desk: Served, store: Store, ana: Operator
) -> None:
    _, first = desk.said("the lamp is broken", VERIFIED)
    store.post_operator_message(first, ana.id, client_id="x", text="A new one is on its way.")
    store.resolve_ticket(first, ana.id, None)
    desk.said("what about a return", VERIFIED)
    _, ticket = desk.said("a person please", VERIFIED)
    page = desk.console("ana", f"#/tickets/{ticket}")
    expect(page.get_by_test_id("past-who")).to_contain_text("Verified")
    past = page.get_by_test_id("past-conversation")
    expect(past).to_have_count(2)
    expect(past.nth(0)).to_contain_text("Answered by the desk (1)")
    expect(past.nth(1)).to_contain_text("Resolved by Ana")
    past.nth(1).click()
    expect(page.get_by_test_id("details")).to_contain_text("A new one is on its way.")
    assert page.get_by_test_id("details").locator("textarea").count() == 0
    assert findings(page) == []
    page.get_by_test_id("details").get_by_role("link", name="Open its ticket").click()
    expect(page.get_by_test_id("status")).to_have_text("Resolved")


def test_a_claim_of_identity_is_called_one(desk: Served, store: Store) -> None:
    desk.said("the lamp is broken", VERIFIED)
    claims = {"identifier": "u1", "email": "mia@example.com"}
    _, ticket = desk.said("a person please", claims)
    page = desk.console("ana", f"#/tickets/{ticket}")
    expect(page.get_by_test_id("past-who")).to_contain_text("Not verified")
    expect(page.get_by_test_id("past-none")).to_be_visible()
    expect(page.get_by_test_id("past-conversation")).to_have_count(0)
    assert findings(page) == []


# --- the trace in words --------------------------------------------------------------------------

READING = {
    "intents": [{"label": "refund_status", "confidence": 0.912}],
    "sentiments": [{"label": "negative", "confidence": 0.88}],
    "in_scope": 0.42,
    "certainty": 0.63,
}
THRESHOLDS = {"answer": 0.7, "clarify": 0.25, "in_scope": 0.5}
WORDS = {
    "certain": ("answer", "that is sure enough (certainty 63 %, needed 70 %)."),
    "chosen": ("answer", "the customer chose what was meant."),
    "slot_given": ("answer", "the customer gave the fact that was missing."),
    "slot_missing": ("ask", "the answer needs the order number, and the customer has not given"),
    "unclear": ("clarify", "several intents are possible (certainty 63 %, needed 70 %)."),
    "new_intent": ("clarify", "it resembles “Gift wrap”, which the release has not learned yet."),
    "new_example": ("clarify", "it resembles an example of “Gift wrap” that is newer than the"),
    "out_of_scope": ("clarify", "unlike anything that the desk knows (known 42 %, needed 50 %)."),
    "asked_for_person": ("handoff", "the customer asked for a person."),
    "person_needed": ("handoff", "“Refund status” is something that only a person can do."),
    "upset": ("handoff", "the customer is upset and there is no answer for that."),
    "upset_again": ("handoff", "the customer is upset again."),
    "unclear_again": ("handoff", "the desk had asked back already."),
    "slot_not_given": ("handoff", "the customer did not give the order number that was asked for."),
    "low_confidence": ("handoff", "does not know what the customer wants (certainty 63 %, needed"),
    "no_template": ("handoff", "there is no template for “Refund status”."),
    "missing_fact": ("handoff", "the template needs a fact that the desk does not have."),
    "engine_away": ("handoff", "no model could read the message."),
    "only_files": ("handoff", "the message is files without words, which no model reads."),
    "owner_changed": ("handoff", "the conversation changed hands while the desk was thinking."),
    "requested": ("handoff", "the customer pressed the button for a person."),
    "with_person": ("none", "a person has the conversation."),
}
DID = {
    "answer": "Answered with “Refund when” because",
    "ask": "Asked for the order number because",
    "clarify": "Asked which was meant, “Gift wrap”, because",
    "handoff": "Handed over because",
    "none": "Said nothing because",
}
IN_WORDS = """async (traces) => {
  const { traceWords } = await import("/static/console/trace_words.js");
  return traces.map((trace) => traceWords(trace).map(({ text }) => text).join(""));
}"""


def trace_of(reason: str, action: str) -> dict[str, Any]:
    route = {
        "action": action,
        "reason": reason,
        "intent": "refund_status",
        "template": "refund_when",
        "slot": "order_number",
        "choices": ["gift_wrap"],
    }
    hits = [
        {"kind": "example", "id": "exa_1", "score": 0.791, "text": "where is my money " * 9},
        {"kind": "template", "id": "refund_when", "score": 0.83, "text": "In 5 days."},
    ]
    return {"reading": READING, "hits": hits, "route": route, "thresholds": THRESHOLDS}


def test_every_reason_of_the_router_has_words(desk: Served) -> None:
    assert set(WORDS) == set(REASONS)
    page = desk.browser.new_page()
    page.goto(f"{desk.address}/healthz")
    traces = [trace_of(reason, action) for reason, (action, _) in WORDS.items()]
    told = page.evaluate(IN_WORDS, traces)
    for (action, because), sentence in zip(WORDS.values(), told, strict=True):
        assert sentence.startswith("Looked like Refund status (91 %), negative (88 %). ")
        assert DID[action] in sentence
        assert because in sentence
        assert "Nearest: the template “Refund when” (0.83), the example “where is my" in sentence
        assert "undefined" not in sentence
    away = {"reading": None, "hits": [], "route": {"action": "handoff", "reason": "engine_away"}}
    older = {**trace_of("new_code", "handoff"), "hits": [], "thresholds": None}
    older["route"] |= {"reason_text": "it is so"}
    assert page.evaluate(IN_WORDS, [away, older]) == [
        "The desk could not read this message. Handed over because no model could read the "
        "message.",
        "Looked like Refund status (91 %), negative (88 %). Handed over because it is so. "
        "Nothing near enough was found.",
    ]


def test_why_tells_the_trace_in_words(desk: Served) -> None:
    _, ticket = desk.said("it is broken")
    page = desk.console("ana", f"#/tickets/{ticket}")
    page.get_by_test_id("why").click()
    words = page.get_by_test_id("trace-words")
    expect(words).to_contain_text("Looked like Broken item (95 %), neutral (90 %).")
    expect(words).to_contain_text("“Broken item” is something that only a person can do. Nearest:")
    expect(words.locator("strong")).to_have_text("Broken item")
    assert findings(page) == []


# --- resolving -----------------------------------------------------------------------------------


def test_resolving_asks_once_what_it_was_about(desk: Served, store: Store) -> None:
    conversation, ticket = desk.said("it is broken")
    asked = store.recent_messages(conversation)[0]
    page = desk.console("ana", f"#/tickets/{ticket}")
    expect(page.get_by_test_id("log")).to_contain_text("broken")
    for _ in range(3):  # impatience does not resolve past the question
        page.keyboard.press("e")
    expect(page.get_by_test_id("resolving")).to_contain_text("it is broken")
    expect(page.get_by_test_id("resolving-choice").first).to_contain_text("Broken item95 %")
    assert findings(page) == []
    page.keyboard.press("Escape")
    assert store.ticket(ticket).status == "open"
    page.keyboard.press("e")
    expect(page.get_by_test_id("resolving-choice").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("status")).to_have_text("Resolved")
    label = store.corrections([asked.id])[asked.id]
    assert (label.intent, label.kind, label.sentiment) == ("broken_item", "confirmation", None)
    page.get_by_test_id("act-reopen").click()
    expect(page.get_by_test_id("status")).to_have_text("Open")
    page.keyboard.press("e")  # it has a label now
    expect(page.get_by_test_id("status")).to_have_text("Resolved")


def test_resolving_takes_another_reading_or_none_and_can_be_told_not_to_ask(
    desk: Served, store: Store
) -> None:
    one, two, three = (desk.said(f"thing {n} is broken") for n in range(3))
    page = desk.console("ana", f"#/tickets/{one[1]}")
    expect(page.get_by_test_id("log")).to_contain_text("thing 0")
    page.keyboard.press("e")
    second = page.get_by_test_id("resolving-choice").nth(1)
    expect(second).to_be_visible()
    name = second.locator("span").first.inner_text()
    page.keyboard.press("2")
    expect(page.get_by_test_id("status")).to_have_text("Resolved")
    (label,) = store.corrections([store.recent_messages(one[0])[0].id]).values()
    assert (label.intent or "").replace("_", " ").capitalize() == name
    page.goto(f"{desk.address}/console#/tickets/{two[1]}")
    expect(page.get_by_test_id("log")).to_contain_text("thing 1")
    page.keyboard.press("e")
    page.get_by_test_id("resolving-always").uncheck()
    page.get_by_test_id("resolving-silent").click()
    expect(page.get_by_test_id("status")).to_have_text("Resolved")
    assert store.corrections([store.recent_messages(two[0])[0].id]) == {}
    page.goto(f"{desk.address}/console#/tickets/{three[1]}")
    expect(page.get_by_test_id("log")).to_contain_text("thing 2")
    page.keyboard.press("e")
    expect(page.get_by_test_id("status")).to_have_text("Resolved")


# --- notifications -------------------------------------------------------------------------------

RINGING = """
window.rung = []; window.tones = 0; window.asked = 0; window.looks = true;
document.hasFocus = () => window.looks;
window.Notification = class {
  static permission = "default";
  static async requestPermission() { window.asked++; return (this.permission = "granted"); }
  constructor(head, { body }) { window.rung.push(`${head} / ${body}`); }
};
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (...at) { window.tones++; return start.apply(this, at); };
"""


LATE = """async (id) => {
  const { hearTicket } = await import("/static/console/notify.js");
  const { ticket } = await (await fetch(`/api/v1/tickets/${id}`)).json();
  const before = window.rung.length;
  for (const raised of [null, "due", "overdue"]) {
    hearTicket({ ...ticket, raised, updated_at: new Date().toISOString() });
  }
  return window.rung.slice(before);
}"""


def rung(page: Page) -> list[str]:
    found: list[str] = page.evaluate("window.rung")
    return found


def test_this_device_rings_only_while_nobody_looks(
    desk: Served, store: Store, ana: Operator
) -> None:
    conversation, ticket = desk.said("it is broken")
    page = desk.console("ana", before=RINGING)
    assert page.evaluate("window.asked") == 0  # never at load
    page.get_by_test_id("device-button").click()
    assert findings(page) == []
    page.get_by_test_id("device-desktop").check()
    page.get_by_test_id("device-sound").check()
    assert page.evaluate("window.asked") == 1
    page.keyboard.press("Escape")
    heard = page.evaluate("window.tones")  # choosing the sound lets it be heard
    assert heard > 0

    desk.said("a person, one")
    expect(page.get_by_test_id("ticket")).to_have_count(2)
    assert rung(page) == []  # it was looked at
    page.evaluate("window.looks = false; localStorage.removeItem('frontdesk.looked')")
    store.claim_ticket(ticket, ana.id)  # by somebody who assigns it, as far as this page knows
    desk.say(conversation, "are you there?", "c2")
    desk.said("a person, two", {"name": "Zoe"})
    expect(page.get_by_test_id("ticket")).to_have_count(3)
    assert rung(page) == [
        "Given to you: Mia / it is broken",
        "Mia wrote / are you there?",
        "New ticket: Zoe / The customer asked for a person",
    ]
    assert page.evaluate("window.tones") > heard
    expect(page).to_have_title("(2) Inbox · Lantern & Co")

    late = page.evaluate(LATE, ticket)
    assert late == ["Waits too long: Mia / it is broken"]  # once, however often it is told

    page.get_by_test_id("device-button").click()
    page.get_by_test_id("device-new").uncheck()
    page.keyboard.press("Escape")
    desk.said("a person, three")
    expect(page.get_by_test_id("ticket")).to_have_count(4)
    page.get_by_test_id("device-button").click()
    page.get_by_test_id("device-from").fill("00:00")
    page.get_by_test_id("device-to").fill("23:59")
    page.get_by_test_id("device-quiet").check()
    page.keyboard.press("Escape")
    desk.say(conversation, "hello??", "c3")
    expect(page.get_by_test_id("ticket").filter(has_text="hello??")).to_have_count(1)
    assert len(rung(page)) == 4


def test_a_refused_permission_is_said_and_not_kept(desk: Served) -> None:
    refusing = RINGING.replace('(this.permission = "granted")', '(this.permission = "denied")')
    page = desk.console("ana", before=refusing)
    page.get_by_test_id("device-button").click()
    page.get_by_test_id("device-desktop").click()
    expect(page.get_by_test_id("device").get_by_role("alert")).to_contain_text("does not allow")
    expect(page.get_by_test_id("device-desktop")).not_to_be_checked()


# --- small parts ---------------------------------------------------------------------------------

PARTS = """async () => {
  const { fitting, fit } = await import("/static/console/fuzzy.js");
  const { fillIn, gapsOf } = await import("/static/console/variables.js");
  const { isQuiet } = await import("/static/console/device.js");
  const { presenceWords } = await import("/static/console/presence.js");
  const [looks, writes, notes] = ["looking", "writing", "noting"].map((state) =>
    (name) => ({ operator: { id: name, name }, state }));
  const at = (hour, minute) => new Date(2026, 0, 5, hour, minute);
  const night = { quiet: true, from: "20:00", to: "08:00" };
  const noon = { quiet: true, from: "12:00", to: "13:00" };
  return {
    order: fitting("re", ["Core", "Fire alarm", "Return", "Go return", "x"], (name) => [name]),
    pieces: ["rtp", "retpol", "zzz"].map((typed) => fit(typed, "Return policy") > 0),
    marks: fit("sorensen", "Mia Sørensen") > 0 || fit("zoe", "Zoë") > 0,
    odd: fit("a.*(", "a.*( b") > 0 && fit(".*", "anything") === 0,
    once: fillIn("{a} {b} {constructor}", { a: "{b}", b: "" }),
    gaps: gapsOf("{a_1} {A} {1} {} {b}").map(({ name }) => name),
    night: [at(19, 59), at(20, 0), at(3, 0), at(7, 59), at(8, 0)].map((one) => isQuiet(night, one)),
    noon: [at(11, 59), at(12, 0), at(13, 0)].map((one) => isQuiet(noon, one)),
    people: presenceWords([looks("Ana"), writes("Ben"), looks("Cem"), looks("Dia"), notes("Eve")]),
    two: presenceWords([writes("Ana"), writes("Ben")]),
    never: isQuiet({ ...night, quiet: false }, at(3, 0)),
  };
}"""


def test_small_parts_of_the_shell(desk: Served) -> None:
    page = desk.browser.new_page()
    page.goto(f"{desk.address}/console")
    assert page.evaluate(PARTS) == {
        "order": ["Return", "Go return", "Core", "Fire alarm"],
        "pieces": [True, True, False],
        "marks": True,
        "odd": True,
        "once": "{b} {b} {constructor}",  # a fact is no variable, and nothing is inherited
        "gaps": ["a_1", "b"],
        "night": [False, True, True, True, False],
        "noon": [False, True, False],
        "people": [
            "Ben is writing a reply",
            "Eve is writing a note",
            "Ana and 2 others are looking at this",
        ],
        "two": ["Ana and Ben are writing replies"],
        "never": False,
    }


def test_a_message_with_a_button_waits_for_who_points_at_it(desk: Served) -> None:
    page = desk.console("ana")
    expect(page.get_by_test_id("live")).to_have_text("Live")
    loaded = "performance.getEntriesByType('resource').map(({ name }) => name)"
    module = next(name for name in page.evaluate(loaded) if "/toast.js" in name)
    page.clock.install()
    page.evaluate(
        """async (module) => {
            const { toast } = await import(module);
            toast("Saved.");
            toast("Removed.", { label: "Undo", act: () => toast("Back again.") });
        }""",
        module,
    )
    plain, removed = page.get_by_text("Saved."), page.get_by_text("Removed.")
    expect(plain).to_be_visible()
    page.clock.run_for(7_000)
    expect(plain).to_have_count(0)
    removed.hover()
    page.clock.run_for(60_000)
    expect(removed).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(removed).to_have_count(0)
    back = page.get_by_text("Back again.")
    expect(back).to_be_visible()
    page.mouse.move(900, 300)
    page.clock.run_for(7_000)
    expect(back).to_have_count(0)
