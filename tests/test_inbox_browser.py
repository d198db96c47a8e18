"""The inbox in real browsers: search, views, tags, assignment, snooze, many at once, clocks."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from chromium import watch
from conftest import PASSWORD, add_person
from drafts import draft, handoff
from live import LiveServer
from service.config import Config
from service.records.settings import Sla
from service.records.tickets import TicketChange, TicketDraft
from service.store import Store, open_store

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PICTURES = os.environ.get("TEST_PICTURES")  # a folder to look at what the test sees
EVIL = '<img src=x onerror="document.title=1">'
expect.set_options(timeout=20_000)
STILL = """() => Promise.race([
  Promise.allSettled(document.getAnimations().map((each) => each.finished)),
  new Promise((done) => setTimeout(done, 1000)),
])"""


class Desk:
    """A live desk, and what a test puts into it."""

    def __init__(self, server: LiveServer, store: Store) -> None:
        self.server, self.store = server, store
        self.people = {operator.name: operator.id for operator in store.operators()}

    def ticket(self, text: str, name: str | None = None, **fields: str) -> str:
        """A new ticket; returns its id."""
        customer = {"name": name} if name else {}
        conversation, _ = self.store.create_conversation(**customer, **fields)  # type: ignore[arg-type]
        calm = TicketDraft("normal", "unclear", text[:80], "track_order", "neutral")
        turn = self.store.record_turn(handoff(conversation.id, text=text, trace=None, ticket=calm))
        assert turn.ticket
        return turn.ticket.id

    def change(self, ticket_id: str, who: str, change: TicketChange) -> None:
        self.store.change_ticket(ticket_id, self.people[who], change)


@pytest.fixture
def desk(tmp_path: Path, first_database: Path) -> Iterator[Desk]:
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(first_database, home / "desk.db")
    store = open_store(Config(home=home))
    for name in ("ana", "ben"):
        add_person(store, f"{name}@desk.example", "operator")
    add_person(store, "ada@desk.example", "admin")
    with LiveServer(home) as server:
        yield Desk(server, store)
    store.close()


class Console:
    """Somebody at work."""

    def __init__(
        self, browser: Browser, desk: Desk, name: str, width: int = 1440, **look: str
    ) -> None:
        size = {"width": width, "height": 900}
        look = {"reduced_motion": "reduce", **look}  # axe sees colours as they end
        self.page: Page = browser.new_context(viewport=size, **look).new_page()  # type: ignore[arg-type]
        self.problems = watch(self.page)
        self.page.goto(f"http://127.0.0.1:{desk.server.port}/console")
        self.see("email").fill(f"{name}@desk.example")
        self.see("password").fill(PASSWORD)
        self.see("sign-in").click()
        expect(self.see("live")).to_have_text("Live")

    def see(self, name: str) -> Locator:
        return self.page.get_by_test_id(name)

    def row(self, words: str) -> Locator:
        return self.see("ticket").filter(has_text=words)

    def names(self) -> list[str]:
        return self.page.locator(".row-name").all_inner_texts()

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def choose(self, words: str) -> None:
        """Take the first choice that fits the words."""
        self.see("choose-input").fill(words)
        self.press("Enter")
        expect(self.see("choose")).to_have_count(0)

    def search(self, words: str) -> None:
        self.see("search").fill(words)

    def accessible(self) -> None:
        """Nothing that axe finds, once nothing moves any more."""
        self.page.emulate_media(reduced_motion="reduce")
        self.page.evaluate(STILL)
        found = Axe().run(self.page, options={"resultTypes": ["violations"]})
        told = [(v["id"], [n["target"] for n in v["nodes"]]) for v in found.response["violations"]]
        assert told == []

    def picture(self, name: str) -> None:
        if PICTURES:
            self.page.screenshot(path=f"{PICTURES}/{name}.png")


def test_words_are_found_and_marked_as_they_are_typed(browser: Browser, desk: Desk) -> None:
    desk.ticket("Wo bleibt meine Expresslieferung?", "Uma")
    desk.ticket(f"my parcel {EVIL} is late", EVIL)
    desk.ticket("我要退款，商品坏了", "Li")
    ana = Console(browser, desk, "ana")
    expect(ana.see("ticket")).to_have_count(3)
    for words, name in (("lieferung", "Uma"), ("退款", "Li"), ("uma", "Uma")):
        ana.search(words)
        expect(ana.see("ticket")).to_have_count(1)
        expect(ana.see("ticket")).to_contain_text(name)
        expect(ana.page.locator("mark").first).to_have_text(words, ignore_case=True)
    ana.search("onerror late")
    expect(ana.page.locator("mark")).to_have_count(2)
    expect(ana.see("found")).to_contain_text(EVIL)
    ana.accessible()
    ana.picture("search")
    ana.search("is:lat")
    expect(ana.see("search-hint")).to_contain_text("is: is one of overdue")
    ana.search("quixotry")
    expect(ana.see("inbox-empty")).to_contain_text("Nothing in “Active” matches")
    expect(ana.see("search-hint")).to_have_text("")
    ana.page.get_by_role("button", name="Clear filters").click()
    expect(ana.see("ticket")).to_have_count(3)
    ana.search("parcel")
    expect(ana.see("ticket")).to_have_count(1)
    desk.ticket("another parcel", "Zed")  # found live
    expect(ana.see("ticket")).to_have_count(2)
    assert [problem for problem in ana.problems if "422" not in problem] == []


def test_a_search_of_one_view_becomes_one_of_all(browser: Browser, desk: Desk) -> None:
    late = desk.ticket("my parcel is late", "Uma")
    desk.store.resolve_ticket(late, desk.people["Ana"], None)
    desk.ticket("a parcel too many", "Zed")
    ana = Console(browser, desk, "ana")
    ana.search("parcel")
    expect(ana.see("ticket")).to_have_count(1)
    ana.see("search-all").click()
    expect(ana.see("ticket")).to_have_count(2)
    expect(ana.see("search-all")).to_have_count(0)
    ana.search("late")
    expect(ana.see("ticket")).to_have_count(1)
    ana.see("search").press("Escape")
    expect(ana.see("ticket")).to_contain_text("Zed")
    expect(ana.see("view-active")).to_have_attribute("aria-pressed", "true")
    ana.search("late")
    expect(ana.see("inbox-empty")).to_contain_text("Nothing in “Active” matches")
    ana.see("search-all").click()
    expect(ana.see("ticket")).to_contain_text("Uma")
    assert ana.problems == []


def test_filters_become_words_and_words_a_view_that_is_shared(browser: Browser, desk: Desk) -> None:
    for n in range(3):
        ticket = desk.ticket(f"question {n}", f"Customer {n}")
        if n:
            desk.change(ticket, "Ana", TicketChange("tag", add=("VIP",)))
    ben, ada = Console(browser, desk, "ben"), Console(browser, desk, "ada")
    ada.press("f")
    ada.see("filter-tag").select_option("VIP")
    ada.see("filter-owner").select_option("none")
    ada.accessible()
    ada.picture("filter-menu")
    ada.see("filter-apply").click()
    expect(ada.see("search")).to_have_value("owner:none tag:VIP")
    expect(ada.see("ticket")).to_have_count(2)
    ada.see("save-view").click()
    ada.see("ask-input").fill("Important people with a very long name for a view")
    ada.see("ask-check").check()
    ada.see("ask-save").click()
    view = ben.see("saved-view")
    expect(view).to_contain_text("Important people")
    expect(view.locator(".count")).to_have_text("2")
    expect(ada.see("saved-view")).to_have_attribute("aria-pressed", "true")
    view.click()
    expect(ben.see("ticket")).to_have_count(2)
    expect(ben.see("saved-more")).to_have_count(0)  # not his to change
    desk.change(desk.ticket("question 3", "Customer 3"), "Ana", TicketChange("tag", add=("vip",)))
    expect(ben.see("ticket")).to_have_count(3)  # live, though only the desk knows who belongs here
    expect(view.locator(".count")).to_have_text("3")
    ada.see("saved-view").hover()
    ada.see("saved-more").click()
    ada.choose("rename")
    ada.see("ask-input").fill("Very important")
    ada.see("ask-save").click()
    expect(ben.see("saved-view")).to_contain_text("Very important")
    ada.accessible()
    ada.picture("saved-view")
    ada.see("saved-more").click()
    ada.choose("remove")
    expect(ben.see("saved-view")).to_have_count(0)
    ben.see("view-mine").click()
    expect(ben.see("search")).to_have_value("")
    assert ada.problems == ben.problems == []


def test_an_assignment_is_seen_by_the_assignee_at_once(browser: Browser, desk: Desk) -> None:
    desk.ticket("where is my parcel", "Uma")
    ana, ben = Console(browser, desk, "ana"), Console(browser, desk, "ben")
    ben.see("view-mine").click()
    expect(ben.see("inbox-empty")).to_be_visible()
    ana.press("j", "a")
    ana.see("choose-note").fill("you know her")
    ana.accessible()
    ana.picture("assign")
    ana.choose("ben")
    expect(ben.see("toasts")).to_contain_text("Ana assigned a ticket to you.")
    expect(ben.row("Uma")).to_be_visible()
    expect(ben.see("view-mine").locator(".count")).to_have_text("1")
    ben.see("toasts").get_by_role("button", name="Open").click()
    expect(ben.see("log")).to_contain_text("Assigned to Ben: you know her")
    expect(ana.row("Uma").locator(".owner")).to_have_attribute("title", "Ben is handling this")
    assert ana.problems == ben.problems == []


def test_a_snoozed_ticket_returns_by_itself_and_when_the_customer_writes(
    browser: Browser, desk: Desk
) -> None:
    first = desk.ticket("where is my parcel", "Uma")
    desk.ticket("my jacket is torn", "Zed")
    ana, ben = Console(browser, desk, "ana"), Console(browser, desk, "ben")
    ana.row("Uma").locator("a").focus()
    ana.press("s")
    ana.picture("snooze")
    ana.choose("4s")
    expect(ana.row("Uma")).to_have_count(0)
    expect(ben.row("Uma")).to_have_count(0)
    expect(ana.see("view-snoozed").locator(".count")).to_have_text("1")
    expect(ben.row("Uma")).to_be_visible()  # the clock woke it
    expect(ana.row("Uma")).to_be_visible()
    ana.row("Uma").locator("a").click()
    ana.see("ticket-more").click()
    ana.see("choose-input").fill("snooze")
    ana.press("Enter")
    expect(ana.page.get_by_role("heading", name="Snooze")).to_be_visible()
    ana.choose("customer writes")
    expect(ana.see("snoozed")).to_contain_text("until the customer writes")
    expect(ben.row("Uma")).to_have_count(0)
    conversation = desk.store.ticket(first).conversation_id
    desk.store.record_turn(draft(conversation, "again", text="hello, are you there?", epoch=1))
    expect(ben.row("Uma")).to_contain_text("are you there")
    expect(ana.see("snoozed")).to_have_count(0)
    assert ana.problems == ben.problems == []


def test_two_who_claim_the_same_many_get_one_owner_each(browser: Browser, desk: Desk) -> None:
    ids = [desk.ticket(f"question {n}", f"Customer {n}") for n in range(12)]
    ana, ben = Console(browser, desk, "ana"), Console(browser, desk, "ben")
    for console in (ana, ben):
        expect(console.see("ticket")).to_have_count(12)
        console.press("A")
        expect(console.see("selected")).to_have_text("12 selected")
    ana.accessible()
    ana.picture("bulk")
    ana.see("bulk-claim").evaluate("button => button.click()")
    ben.see("bulk-claim").evaluate("button => button.click()")
    expect(ana.see("toasts")).to_contain_text("Claimed")
    expect(ben.see("toasts")).to_contain_text("Ana has this ticket")
    owners = [desk.store.ticket(ticket_id).owner_name for ticket_id in ids]
    assert set(owners) <= {"Ana", "Ben"}
    expect(ben.see("selected")).to_have_text(f"{owners.count('Ana')} selected")  # to try otherwise
    ben.press("Escape")
    expect(ben.see("selected")).to_be_hidden()
    assert ana.problems == ben.problems == []


def test_a_selection_stays_while_rows_move(browser: Browser, desk: Desk) -> None:
    for n in range(6):
        desk.ticket(f"question {n}", f"Customer {n}")
    ana = Console(browser, desk, "ana")
    expect(ana.see("ticket")).to_have_count(6)
    ana.press("j", "j", "x")
    ana.see("pick").nth(3).click(modifiers=["Shift"])
    expect(ana.see("selected")).to_have_text("3 selected")
    picked = [
        name for name in ana.names() if ana.row(name).get_attribute("data-picked") is not None
    ]
    assert picked == ["Customer 1", "Customer 2", "Customer 3"]
    conversation, _ = desk.store.create_conversation(name="Furious")
    upset = TicketDraft("urgent", "upset", "s", "track_order", "negative")
    desk.store.record_turn(handoff(conversation.id, text="furious!", trace=None, ticket=upset))
    expect(ana.see("ticket").first).to_contain_text("Furious")
    desk.change(desk.store.tickets(q='"customer 2"')[0].id, "Ben", TicketChange("resolve"))
    expect(ana.see("selected")).to_have_text("3 selected (1 not shown)")
    ana.row("Customer 3").get_by_test_id("pick").click()
    expect(ana.see("selected")).to_contain_text("2 selected")
    ana.press("t")
    ana.choose("check this")
    expect(ana.see("tag")).to_have_count(1)
    expect(ana.see("toasts")).to_contain_text("Tagged check this.")
    assert ana.problems == []


def test_promises_count_down_and_turn_red(browser: Browser, desk: Desk) -> None:
    desk.ticket("where is my parcel", "Uma")
    ana = Console(browser, desk, "ana")
    expect(ana.row("Uma")).to_be_visible()
    expect(ana.see("clock")).to_have_count(0)
    desk.store.save_promises(Sla({"normal": 60}), None)
    expect(ana.see("clock")).to_contain_text("min")
    expect(ana.see("clock").locator("desk-time")).to_have_attribute("data-tone", "calm")
    ana.page.clock.install()
    ana.page.clock.fast_forward(50 * 60 * 1000)
    expect(ana.see("clock").locator("desk-time")).to_have_attribute("data-tone", "amber")
    ana.page.clock.fast_forward(15 * 60 * 1000)
    expect(ana.see("clock").locator("desk-time")).to_have_attribute("data-tone", "red")
    expect(ana.see("clock")).to_contain_text("late")
    ana.accessible()
    ana.picture("clock")


def test_an_admin_keeps_the_tags_in_order(browser: Browser, desk: Desk) -> None:
    ticket = desk.ticket("where is my parcel", "Uma")
    desk.change(ticket, "Ana", TicketChange("tag", add=("vip",)))
    ada, ben = Console(browser, desk, "ada"), Console(browser, desk, "ben")
    expect(ben.see("tag")).to_have_text("vip")

    ada.press("j", "t")
    for heading, words in (("Tags", "manage"), ("Manage tags", "vip"), ("vip", "pink")):
        expect(ada.page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
        ada.see("choose-input").fill(words)
        ada.press("Enter")
    expect(ben.see("tag")).to_have_attribute("data-color", "pink")
    ben.press("j", "t")
    expect(ben.see("choice")).to_have_count(1)  # managing is not offered
    ben.press("Enter")
    expect(ada.see("tag")).to_have_count(0)
    assert ada.problems == ben.problems == []


def test_a_duplicate_points_to_the_ticket_that_goes_on(browser: Browser, desk: Desk) -> None:
    identity: dict[str, object] = {"identifier": "u7", "verified": True, "name": "Uma"}
    for text in ("the first question", "the same question"):
        desk.ticket(text, **identity)  # type: ignore[arg-type]
    ana = Console(browser, desk, "ana")
    ana.row("the same question").locator("a").click()
    expect(ana.see("log")).to_contain_text("the same question")
    ana.press("m")
    expect(ana.see("choice")).to_have_count(1)
    ana.choose("first")
    expect(ana.see("merged")).to_contain_text("Duplicate of another ticket")
    expect(ana.see("log")).to_contain_text("Merged into")
    ana.see("merged").click()
    expect(ana.see("log")).to_contain_text("was merged into this")
    expect(ana.see("log")).to_contain_text("the first question")
    assert ana.problems == []


@pytest.mark.parametrize("look", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 768, 320])
def test_the_inbox_fits_and_is_accessible(
    browser: Browser, desk: Desk, width: int, look: str
) -> None:
    desk.store.save_promises(Sla({"normal": 60, "urgent": 5}), None)
    long = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft " * 3
    for n, (text, tags) in enumerate(
        ((long, ("VIP", "a rather long tag for a small chip")), ("short", ()), ("مرحبا", ("late",)))
    ):
        ticket = desk.ticket(text, f"{long if not n else 'Customer'} {n}")
        desk.change(ticket, "Ana", TicketChange("tag", add=tags))
    desk.store.add_view(
        desk.people["Ana"], name="Late ones " * 4, q="is:overdue", sort="oldest", shared=False
    )
    ana = Console(browser, desk, "ana", width, color_scheme=look)
    expect(ana.see("tag")).to_have_count(3)
    ana.press("j", "x")
    ana.accessible()
    ana.picture(f"inbox-{width}-{look}")
    assert ana.page.evaluate("document.documentElement.scrollWidth") <= width
    ana.press("t")
    ana.accessible()
    ana.picture(f"tags-{width}-{look}")
    ana.press("Escape", "Escape", "f")
    ana.accessible()
    ana.picture(f"filter-{width}-{look}")
    ana.press("Escape", "Enter")
    expect(ana.see("log")).to_be_visible()
    ana.accessible()
    ana.picture(f"ticket-{width}-{look}")
    assert ana.page.evaluate("document.documentElement.scrollWidth") <= width
    ana.see("view-snoozed").click() if width > 860 else None
    ana.picture(f"empty-{width}-{look}")
