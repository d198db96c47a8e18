"""Where a console slips: slow answers, events that come at the wrong moment, held keys, a drag too
far; and what must be gone when a customer is erased or another one signs in."""

import re

import pytest
from playwright.sync_api import Route, expect

from served import Served
from service.records.people import Operator
from service.store import Store

pytestmark = pytest.mark.browser

LATER = "() => new Promise(done => setTimeout(done, 300))"


# --- who sees what -------------------------------------------------------------------------------


def test_the_next_customer_of_a_browser_sees_nothing_of_the_one_before(
    desk: Served, store: Store
) -> None:
    page = desk.browser.new_context().new_page()

    def come(identifier: str) -> None:
        page.goto(f"{desk.address}/healthz")
        page.evaluate("who => { sessionStorage.who = who }", identifier)
        page.goto(f"{desk.address}/")
        panel = page.locator("[part~=panel]")
        expect(panel).to_be_attached()
        if not panel.is_visible():
            page.locator("[part~=launcher]").click()

    identify = "['identify', {identifier: sessionStorage.who}]"
    page.add_init_script(f"(window.frontdesk ||= []).push({identify})")
    box, log = page.locator("textarea[part~=input]"), page.locator("[part~=log]")
    come("uma")
    box.fill("a person, about my turnip")
    box.press("Enter")
    expect(log).to_contain_text("A colleague will")
    box.fill("and what I have not sent")
    come("uma")
    expect(log).to_contain_text("turnip")
    expect(box).to_have_value("and what I have not sent")
    come("zoe")
    expect(box).to_have_value("")
    box.fill("a person please")
    box.press("Enter")
    expect(log).to_contain_text("A colleague will")
    assert "turnip" not in log.inner_text()
    assert len({ticket.conversation_id for ticket in store.tickets()}) == 2


def test_nothing_of_an_erased_ticket_stays_on_the_page(desk: Served, store: Store) -> None:
    _, ticket = desk.said("a person, about my turnip", {"identifier": "u1", "name": "Mia"})
    page = desk.console("ana", f"#/tickets/{ticket}")
    expect(page.get_by_test_id("log")).to_contain_text("turnip")
    page.get_by_test_id("composer-text").fill("about your turnip")
    store.erase("u1", "test")
    expect(page.get_by_test_id("conversation-error")).to_be_visible()
    left = page.locator("#conversation").evaluate(
        "part => part.outerHTML + part.querySelector('textarea').value"
    )
    assert not re.search("turnip|Mia", left), re.findall(".{60}(?:turnip|Mia).{20}", left)
    for (
        problems
    ) in desk.problems:  # who writes may have told so just then, of a ticket that is none
        problems[:] = [told for told in problems if "404 (NOT FOUND)" not in told]


def test_who_looks_at_another_page_does_not_look_at_the_ticket(desk: Served) -> None:
    _, ticket = desk.said("it is broken")
    one, other = (desk.console(name, f"#/tickets/{ticket}") for name in ("ana", "ben"))
    here = one.get_by_test_id("presence")
    expect(here).to_have_text("Ben is looking at this")
    other.get_by_test_id("nav-reports").click()
    expect(here).to_have_text("")
    other.go_back()
    expect(here).to_have_text("Ben is looking at this")


# --- what comes while something is on its way ----------------------------------------------------


def test_a_rating_appears_in_the_open_ticket(desk: Served, store: Store) -> None:
    conversation, ticket = desk.said("it is broken")
    page = desk.console("ana", f"#/tickets/{ticket}")
    expect(page.get_by_test_id("log")).to_contain_text("broken")
    message = store.recent_messages(conversation)[-1].id
    store.record_feedback(conversation, message, rating=2, comment="too slow")
    expect(page.get_by_test_id("log")).to_contain_text("The customer gave 2 of 5. “too slow”")


def test_words_that_are_typed_are_searched_whatever_happens_meanwhile(desk: Served) -> None:
    desk.said("a person, about the zebra", {"name": "Zoe"})
    _, other = desk.said("a person, about the lamp")
    page = desk.console("ana")
    search = page.get_by_test_id("search")
    search.fill("person")
    expect(page.get_by_test_id("found")).to_have_count(2)
    page.evaluate(
        """async (id) => {
          const { publish } = await import("/static/console/tickets.js");
          const { ticket } = await (await fetch(`/api/v1/tickets/${id}`)).json();
          const box = document.querySelector('[data-testid="search"]');
          box.value = "zebra";
          box.dispatchEvent(new Event("input"));
          publish(ticket);
        }""",
        other,
    )
    expect(page.get_by_test_id("ticket")).to_have_count(1)
    expect(page.get_by_test_id("ticket")).to_contain_text("Zoe")


def test_a_late_answer_does_not_undo_what_an_event_has_told(
    desk: Served, store: Store, ben: Operator
) -> None:
    _, ticket = desk.said("it is broken")
    desk.said("a person please", {"name": "Zoe"})
    page = desk.console("ana")
    expect(page.get_by_test_id("ticket")).to_have_count(2)

    def hold(route: Route) -> None:
        answer = route.fetch()
        store.claim_ticket(ticket, ben.id)
        store.resolve_ticket(ticket, ben.id, None)
        expect(page.get_by_test_id("ticket")).to_have_count(1)
        route.fulfill(response=answer)

    page.route(re.compile(r"/api/v1/tickets\?.*status=active"), hold, times=1)
    with page.expect_response(re.compile(r"/api/v1/tickets\?.*status=active")):
        page.evaluate("dispatchEvent(new Event('online'))")
    page.evaluate(LATER)
    expect(page.get_by_test_id("ticket")).to_have_count(1)
    expect(page.get_by_test_id("ticket")).to_contain_text("Zoe")


def test_what_is_typed_while_a_ticket_loads_is_no_shortcut(desk: Served, store: Store) -> None:
    _, before = desk.said("it is broken")
    _, ticket = desk.said("a person please", {"name": "Zoe"})
    page = desk.console("ana", f"#/tickets/{before}")
    expect(page.get_by_test_id("log")).to_contain_text("broken")
    pattern = re.compile(f"/api/v1/tickets/{ticket}$")

    def slowly(route: Route) -> None:
        page.evaluate(LATER)
        route.continue_()

    page.route(pattern, slowly)
    page.evaluate("id => { location.hash = `#/tickets/${id}` }", ticket)
    page.keyboard.type("rbe")  # reply, and then words: not return, not resolve
    expect(page.get_by_test_id("log")).to_contain_text("a person please")
    expect(page.get_by_test_id("composer-text")).to_be_focused()
    assert {one.status for one in store.tickets()} == {"open"}


# --- hands ---------------------------------------------------------------------------------------


def test_a_drag_beyond_a_dialog_does_not_close_it(desk: Served) -> None:
    page = desk.console("ana")
    page.keyboard.press("Control+k")
    page.get_by_test_id("palette-input").fill("edit canned")
    page.keyboard.press("Enter")
    text = page.get_by_test_id("canned-text")
    text.fill("Dear customer, this took a while to write")
    box, sheet = text.bounding_box(), page.get_by_test_id("canned").bounding_box()
    assert box
    assert sheet
    page.mouse.move(box["x"] + 80, box["y"] + 12)
    page.mouse.down()
    page.mouse.move(sheet["x"] - 30, box["y"] + 12)
    page.mouse.up()
    expect(page.get_by_test_id("canned")).to_be_visible()
    page.mouse.click(sheet["x"] + 2, sheet["y"] + sheet["height"] / 2)  # its own edge
    expect(text).to_have_value("Dear customer, this took a while to write")
    page.mouse.click(sheet["x"] - 30, sheet["y"])
    expect(page.get_by_test_id("canned")).to_have_count(0)


def test_a_key_that_is_held_answers_one_question(desk: Served, store: Store) -> None:
    _, ticket = desk.said("it is broken")
    page = desk.console("ana", f"#/tickets/{ticket}")
    expect(page.get_by_test_id("log")).to_contain_text("broken")
    page.keyboard.press("a")
    page.get_by_test_id("choose-note").focus()
    for _ in range(3):
        page.keyboard.down("Enter")
    expect(page.get_by_test_id("choose-input")).to_be_focused()
    page.keyboard.up("Enter")
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("choose")).to_have_count(0)
    page.get_by_test_id("log").focus()
    page.keyboard.down("Enter")
    page.keyboard.press("e")
    expect(page.get_by_test_id("resolving-choice").first).to_be_focused()
    page.keyboard.down("Enter")
    page.evaluate(LATER)
    assert store.ticket(ticket).status == "open"
    page.keyboard.up("Enter")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("status")).to_have_text("Resolved")


def test_merging_takes_one_ticket_and_says_so(desk: Served) -> None:
    desk.said("it is broken")
    desk.said("a person please", {"name": "Zoe"})
    page = desk.console("ana")
    expect(page.get_by_test_id("ticket")).to_have_count(2)
    page.keyboard.press("A")
    page.keyboard.press("m")
    expect(page.get_by_test_id("toasts")).to_contain_text("one at a time")
    expect(page.get_by_test_id("choose")).to_have_count(0)


def test_of_two_tabs_each_news_rings_in_one(desk: Served) -> None:
    rings = """window.rung = []; document.hasFocus = () => false;
    window.Notification = class { static permission = "granted";
      constructor(head) { window.rung.push(head); } };
    localStorage.setItem("frontdesk.device", '{"desktop": true}');"""
    page = desk.console("ana", before=rings)
    other = page.context.new_page()
    other.goto(f"{desk.address}/console")
    expect(other.get_by_test_id("live")).to_have_text("Live")
    told = """(names) => import("/static/console/notify.js").then(({ hearTicket }) => {
      const at = new Date().toISOString().slice(0, 17) + "00Z";
      for (const name of names) hearTicket({ id: name, status: "open", created_at: at,
        updated_at: at, customer: { name }, reason: "asked_for_person" });
      return window.rung;
    })"""
    first = page.evaluate(told, ["Mia", "Zoe"])
    second = other.evaluate(told, ["Mia", "Zoe"])
    assert first == ["New ticket: Mia", "New ticket: Zoe"]
    assert second == []


def test_a_full_browser_keeps_the_latest_draft(desk: Served) -> None:
    page = desk.console("ana")
    kept = page.evaluate(
        """async () => {
          const { load, store } = await import("/static/console/drafts.js");
          store("a", "before");
          Storage.prototype.setItem = () => { throw new Error("it is full"); };
          store("a", "after");
          return load("a");
        }"""
    )
    assert kept == "after"


def test_the_inbox_dresses_its_own_rows_only(desk: Served) -> None:
    page = desk.console("ana")
    padded = page.evaluate(
        """() => {
          const row = document.createElement("div");
          row.innerHTML = `<ul class="rows"><li><a class="row">
            <b class="row-text">x</b></a></li></ul>`;
          document.body.append(row);
          const style = (name) => getComputedStyle(row.querySelector(name));
          return [style("li").borderBottomWidth, style("a").display, style("b").webkitLineClamp];
        }"""
    )
    assert padded == ["0px", "inline", "none"]


def test_tags_dress_no_readings_and_a_small_head_is_one_line(desk: Served) -> None:
    _, ticket = desk.said("it is broken")
    page = desk.console("ana", f"#/tickets/{ticket}", width=320)
    chip = page.get_by_test_id("intent-chip")
    expect(chip).to_be_visible()
    assert chip.evaluate("chip => getComputedStyle(chip, '::before').content") == "none"
    tops = page.locator(".conv-acts > *").evaluate_all(
        "all => [...new Set(all.map(one => Math.round(one.getBoundingClientRect().y / 8)))]"
    )
    assert len(tops) == 1
    expect(page.get_by_role("button", name="Return to bot")).to_be_visible()


def test_nobody_is_asked_whether_a_welcome_was_helpful(desk: Served) -> None:
    page = desk.browser.new_context().new_page()
    page.goto(f"{desk.address}/")
    page.locator("[part~=launcher]").click()
    box = page.locator("textarea[part~=input]")
    box.fill("return policy")
    box.press("Enter")
    expect(page.locator("[part~=log]")).to_contain_text("You have 30 days.")
    expect(page.locator("[part~=thumbs]")).to_have_count(1)
