"""Two people at one customer, in real browsers: who is there, who writes, who was first; and that
nothing is missed, doubled or lost on the way."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from axe import findings
from served import Served
from service.records.people import Operator
from service.store import Store

pytestmark = pytest.mark.browser

HURT = "<img src=x onerror=document.title='hurt'>"


def texts(store: Store, conversation_id: str, author: str = "operator") -> list[str]:
    return [m.text for m in store.recent_messages(conversation_id, 200) if m.author == author]


def test_colleagues_see_each_other_at_a_ticket(desk: Served, store: Store) -> None:
    conversation, ticket = desk.said("it is broken")
    one, other = (desk.console(name, f"#/tickets/{ticket}") for name in ("ana", "ben"))
    here = one.get_by_test_id("presence")
    expect(here).to_have_text("Ben is looking at this")
    expect(one.get_by_test_id("row-presence")).to_have_attribute("title", "Ben is looking at this")
    other.get_by_test_id("composer-text").fill("Dear Mia")
    expect(here).to_have_text("Ben is writing a reply")
    expect(other.get_by_test_id("presence")).to_have_text("Ana is looking at this")
    assert findings(one) == []
    other.get_by_test_id("mode-note").click()
    other.get_by_test_id("composer-text").press_sequentially("a note")
    expect(here).to_have_text("Ben is writing a note")
    other.keyboard.press("Escape")
    other.keyboard.press("Escape")  # leaves the text, then the ticket
    expect(here).to_have_text("")
    expect(one.get_by_test_id("row-presence")).to_have_count(0)
    other.keyboard.press("Enter")
    expect(here).to_have_text("Ben is looking at this")
    other.get_by_test_id("sign-out").click()
    expect(here).to_have_text("")
    expect(other.get_by_test_id("sign-in")).to_be_visible()
    desk.problems[1].clear()  # what was under way when he left may be refused
    assert "Dear Mia" not in texts(store, conversation)


def test_who_falls_off_the_network_is_gone_within_seconds(desk: Served, store: Store) -> None:
    _, ticket = desk.said("it is broken")
    one, other = (desk.console(name, f"#/tickets/{ticket}") for name in ("ana", "ben"))
    expect(one.get_by_test_id("presence")).to_have_text("Ben is looking at this")
    desk.problems.pop()  # the network's failures are this test's own
    other.context.set_offline(True)
    later = timedelta(seconds=13)
    store._clock = lambda: datetime.now(UTC) + later  # type: ignore[attr-defined]
    expect(one.get_by_test_id("presence")).to_have_text("")
    assert [one.operator_name for one in store.present().operators] in ([], ["Ana"])


def test_customer_and_operator_see_that_the_other_writes_and_never_what(
    desk: Served, store: Store
) -> None:
    customer = desk.browser.new_context().new_page()
    customer.goto(f"{desk.address}/")
    customer.locator("[part~=launcher]").click()
    box = customer.locator("textarea[part~=input]")
    box.fill("a person please")
    box.press("Enter")
    expect(customer.locator("frontdesk-widget")).to_contain_text("A colleague will answer")
    (ticket,) = store.tickets()
    page = desk.console("ana", f"#/tickets/{ticket.id}")
    box.press_sequentially("my secret")
    expect(page.get_by_test_id("customer-typing")).to_contain_text("is writing…")
    assert "secret" not in page.content()
    assert findings(page) == []
    page.get_by_test_id("mode-note").click()
    page.get_by_test_id("composer-text").press_sequentially("psst")
    expect(customer.locator("[part~=typing]")).to_be_hidden()
    page.get_by_test_id("mode-reply").click()
    page.get_by_test_id("composer-text").press_sequentially("Hello!")
    typing = customer.locator("[part~=typing]")
    expect(typing).to_have_attribute("aria-label", "Ana is typing…")
    assert "psst" not in customer.content()
    box.press("Enter")
    expect(page.get_by_test_id("log")).to_contain_text("my secret")
    expect(page.get_by_test_id("customer-typing")).to_have_count(0)
    page.get_by_test_id("send").click()
    expect(customer.locator("frontdesk-widget")).to_contain_text("Hello!")
    expect(typing).to_be_hidden()


def test_of_two_who_claim_one_is_first_and_the_other_keeps_his_words(
    desk: Served, store: Store, ana: Operator
) -> None:
    conversation, ticket = desk.said("it is broken")
    one, other = (desk.console(name, f"#/tickets/{ticket}") for name in ("ana", "ben"))
    other.get_by_test_id("composer-text").fill("Dear Mia, I am sorry.")
    other.route("**/api/v1/events", lambda route: route.abort())
    other.evaluate("dispatchEvent(new Event('offline'))")  # he does not hear of it in time
    desk.problems.clear()  # what he gets refused is this test's own
    expect(one.get_by_test_id("act-claim")).to_be_visible()
    one.keyboard.press("c")
    expect(one.get_by_test_id("status")).to_have_text("Yours")
    other.get_by_test_id("send").click()
    expect(other.get_by_test_id("composer-error")).to_contain_text("Ana took this a moment ago.")
    expect(other.get_by_test_id("composer-text")).to_have_value("Dear Mia, I am sorry.")
    assert texts(store, conversation) == []
    assert store.ticket(ticket).owner_id == ana.id
    other.get_by_test_id("keep-note").click()
    other.get_by_test_id("send").click()
    expect(one.get_by_test_id("message-note")).to_contain_text("Dear Mia, I am sorry.")


def test_after_an_hour_of_sleep_everything_is_there_once(
    desk: Served, store: Store, ana: Operator, ben: Operator
) -> None:
    conversation, ticket = desk.said("it is broken")
    others = [desk.said(f"broken thing {n}")[1] for n in range(4)]
    page = desk.console("ana", f"#/tickets/{ticket}")
    expect(page.get_by_test_id("ticket")).to_have_count(5)
    desk.say(conversation, "the last before you sleep", "c")
    expect(page.get_by_test_id("log")).to_contain_text("the last before you sleep")
    row = page.get_by_test_id("ticket").filter(has_text="the last before you sleep")
    expect(row).to_have_count(1)  # so the ticket's event has come, too
    slept_at = store.last_event()
    page.route("**/api/v1/**", lambda route: route.abort())
    page.evaluate("dispatchEvent(new Event('offline'))")
    expect(page.get_by_test_id("live")).to_have_text("Connecting")

    for n in range(70):
        desk.say(conversation, f"customer {n}", f"c{n}")
    for n in range(60):
        store.post_operator_message(ticket, ben.id, client_id=f"b{n}", text=f"ben {n}")
    store.resolve_ticket(others[0], ben.id, None)
    store.claim_ticket(others[1], ana.id)
    store.erase(store.ticket(others[2]).conversation_id, "test")
    fresh = desk.said("broken while you slept")[1]

    desk.problems.clear()  # of calls that came to nothing meanwhile
    with page.expect_request("**/api/v1/events") as again:
        page.unroute("**/api/v1/**")  # from here on the page may try again by itself
        page.evaluate("dispatchEvent(new Event('online'))")
    assert again.value.headers["last-event-id"] == str(slept_at)
    expect(page.get_by_test_id("live")).to_have_text("Live")
    expect(page.get_by_test_id("log")).to_contain_text("ben 59")
    expect(page.get_by_test_id("status")).to_have_text("Claimed")
    wanted = [m.id for m in store.recent_messages(conversation, 500)]
    assert len(wanted) > 130
    shown = page.locator("article.message")
    expect(shown).to_have_count(len(wanted))
    assert shown.evaluate_all("all => all.map((one) => one.dataset.id)") == wanted
    listed = page.get_by_test_id("ticket").evaluate_all("all => all.map((one) => one.dataset.id)")
    assert sorted(listed) == sorted(t.id for t in store.tickets(status="active"))
    assert fresh in listed
    expect(page.get_by_test_id("view-unassigned").locator(".count")).to_have_text("2")
    expect(page.get_by_test_id("view-mine").locator(".count")).to_have_text("1")


# --- writing -------------------------------------------------------------------------------------


def begin_reply(page: Page) -> None:
    """When the ticket is there: what is typed before is taken for shortcuts."""
    expect(page.get_by_test_id("composer-text")).to_be_visible()
    page.keyboard.press("r")
    expect(page.get_by_test_id("composer-text")).to_be_focused()


def type_in(page: Page, text: str) -> None:
    page.get_by_test_id("composer-text").press_sequentially(text)


def test_a_canned_reply_is_written_found_filled_and_sent(desk: Served, store: Store) -> None:
    conversation, ticket = desk.said("it is broken", {"name": f"Mia {HURT}"})
    page = desk.console("ana", f"#/tickets/{ticket}")
    begin_reply(page)
    type_in(page, "/")
    expect(page.get_by_test_id("slash-option")).to_have_count(8)  # the desk's templates
    page.get_by_test_id("slash-manage").click()
    dialog = page.get_by_test_id("canned")
    page.get_by_test_id("canned-name").fill(f"Sorry {HURT}")
    page.get_by_test_id("canned-text").fill(
        f"Dear {{customer_name}}, {HURT} {{order_number}} is late. {{operator_name}}"
    )
    assert findings(page) == []
    page.get_by_test_id("canned-save").click()
    expect(page.get_by_test_id("canned-item")).to_contain_text("team")
    page.get_by_test_id("canned-name").fill(f"sorry {HURT}")
    page.get_by_test_id("canned-text").fill("twice")
    page.get_by_test_id("canned-save").click()
    expect(dialog.get_by_role("alert")).to_contain_text("The team has a reply named")
    desk.problems.clear()  # the browser reports that 409
    page.keyboard.press("Escape")

    page.get_by_test_id("composer-text").fill("")
    type_in(page, "/sor")
    first = page.get_by_test_id("slash-option").first
    expect(first).to_contain_text("Sorry")
    expect(first).to_have_attribute("aria-selected", "true")
    expect(page.get_by_test_id("slash-preview").locator("mark")).to_have_text("{order_number}")
    assert findings(page) == []
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Tab")
    expect(page.get_by_test_id("slash")).to_be_hidden()
    box = page.get_by_test_id("composer-text")
    filled = f"Dear Mia {HURT}, {HURT} {{order_number}} is late. Ana"
    expect(box).to_have_value(filled)
    expect(page.get_by_test_id("gap")).to_have_text("order number")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_test_id("composer-error")).to_have_text("Fill in the order number first.")
    assert texts(store, conversation) == []
    page.get_by_test_id("gap").click()
    page.keyboard.type("LC-1234")  # in the place of the gap, which was selected
    expect(page.get_by_test_id("gaps")).to_be_hidden()
    page.keyboard.press("Control+Enter")
    expect(box).to_have_value("")
    assert texts(store, conversation) == [filled.replace("{order_number}", "LC-1234")]
    assert page.title() != "hurt"


def test_canned_replies_are_edited_and_removed(desk: Served, store: Store, ana: Operator) -> None:
    store.add_canned_reply(ana.id, name="Hours", text="We open at nine.", own=False)
    _, ticket = desk.said("it is broken")
    one, other = (desk.console(name, f"#/tickets/{ticket}") for name in ("ana", "ben"))
    one.keyboard.press("Control+k")
    one.get_by_test_id("palette-input").fill("edit canned")
    one.keyboard.press("Enter")
    one.get_by_test_id("canned-item").click()
    one.get_by_test_id("canned-text").fill("We open at ten.")
    one.get_by_test_id("canned-save").click()
    expect(one.get_by_test_id("canned-name")).to_have_value("")
    begin_reply(other)
    type_in(other, "/hours")  # the other console has heard of it
    expect(other.get_by_test_id("slash-preview")).to_have_text("We open at ten.")
    one.get_by_test_id("canned-item").click()
    one.get_by_test_id("canned-own").check()
    one.get_by_test_id("canned-save").click()
    expect(one.get_by_test_id("canned-item")).to_contain_text("mine")
    other.get_by_test_id("composer-text").fill("")
    type_in(other, "/hours")
    expect(other.get_by_test_id("slash")).to_be_hidden()
    one.get_by_test_id("canned-item").click()
    one.get_by_test_id("canned-remove").click()
    expect(one.get_by_test_id("canned-item")).to_have_count(0)
    one.keyboard.press("Escape")
    one.get_by_test_id("toasts").get_by_role("button", name="Undo").click()
    expect(one.get_by_test_id("toasts")).not_to_contain_text("Removed.")
    begin_reply(one)
    type_in(one, "/hours")
    expect(one.get_by_test_id("slash-preview")).to_have_text("We open at ten.")


def test_without_any_reply_the_list_says_so(desk: Served, store: Store) -> None:
    for template in store.content().templates:
        store.delete_template(template.name)
    _, ticket = desk.said("a person please")
    page = desk.console("ana", f"#/tickets/{ticket}")
    begin_reply(page)
    type_in(page, "/")
    expect(page.get_by_test_id("slash")).to_contain_text("no canned replies and no templates yet")
    assert findings(page) == []
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("composer-text")).to_have_value("/\n")


def test_the_list_of_replies_closes_and_lets_text_be_text(desk: Served) -> None:
    _, ticket = desk.said("it is broken")
    page = desk.console("ana", f"#/tickets/{ticket}")
    begin_reply(page)
    type_in(page, "and/or 1/2 ")
    expect(page.get_by_test_id("slash")).to_be_hidden()
    type_in(page, "/ret")
    expect(page.get_by_test_id("slash")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("slash")).to_be_hidden()
    type_in(page, "u")  # it was sent away: it stays away for this word
    expect(page.get_by_test_id("slash")).to_be_hidden()
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("composer-text")).to_have_value("and/or 1/2 /retu\n")
    type_in(page, "/return pol")
    page.get_by_test_id("slash-option").first.click()
    expect(page.get_by_test_id("composer-text")).to_have_value(
        "and/or 1/2 /retu\nYou have 30 days."
    )


def test_a_suggested_reply_is_taken_by_its_number_and_labels_the_message(
    desk: Served, store: Store
) -> None:
    conversation, ticket = desk.said("how long may I return my broken lamp")
    detail = store.recent_messages(conversation)[0]
    page = desk.console("ana", f"#/tickets/{ticket}")
    offers = page.get_by_test_id("suggestion")
    expect(offers.first).to_contain_text("1")
    expect(page.get_by_test_id("offer-score").first).to_contain_text("the message looked like")
    shown = offers.evaluate_all("all => all.map((one) => one.textContent)")
    at = next(n for n, text in enumerate(shown, 1) if "Broken item" in text)
    page.keyboard.press(str(at))
    box = page.get_by_test_id("composer-text")
    expect(box).to_have_value("That should not happen.")
    page.keyboard.type(" Sorry!")
    page.keyboard.press("Control+Enter")
    expect(box).to_have_value("")
    (said,) = [m for m in store.recent_messages(conversation) if m.author == "operator"]
    assert (said.text, said.template) == ("That should not happen. Sorry!", "broken_item")
    label = store.corrections([detail.id])[detail.id]
    assert (label.intent, label.kind, label.template) == ("broken_item", "reply", "broken_item")


def test_what_was_written_survives_reloads_tabs_and_signing_out(desk: Served, store: Store) -> None:
    conversation, ticket = desk.said("it is broken")
    page = desk.console("ana", f"#/tickets/{ticket}")
    box = page.get_by_test_id("composer-text")
    box.fill("Dear Mia")
    page.get_by_test_id("mode-note").click()
    box.fill("she is angry")
    page.reload()
    expect(box).to_have_value("she is angry")
    page.get_by_test_id("mode-reply").click()
    expect(box).to_have_value("Dear Mia")

    second = page.context.new_page()
    second.goto(f"{desk.address}/console#/tickets/{ticket}")
    other = second.get_by_test_id("composer-text")
    expect(other).to_have_value("Dear Mia")
    other.fill("Dear Mia, sorry")
    expect(box).to_have_value("Dear Mia, sorry")
    second.close()

    page.get_by_test_id("sign-out").click()
    expect(page.get_by_test_id("email")).to_be_visible()
    desk.sign_in(page, "ana", f"#/tickets/{ticket}")
    expect(box).to_have_value("Dear Mia, sorry")
    page.route("**/messages", lambda route: route.abort())
    page.get_by_test_id("send").click()
    expect(page.get_by_test_id("composer-error")).to_contain_text("Not sent.")
    expect(page.get_by_test_id("composer-error")).to_contain_text("Your text is kept.")
    desk.problems.clear()  # the browser reports the call that was cut
    page.reload()
    expect(box).to_have_value("Dear Mia, sorry")
    page.unroute("**/messages")
    page.get_by_test_id("send").click()
    expect(box).to_have_value("")
    assert texts(store, conversation) == ["Dear Mia, sorry"]
    page.get_by_test_id("mode-note").click()
    expect(box).to_have_value("she is angry")
