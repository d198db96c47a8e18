"""Waiting for a person, in real browsers: what the widget says, and the form for addresses."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, expect

from axe import findings as console_findings
from served import Served
from service.errors import NotFound
from service.records.settings import Hours
from service.store import Store
from service.web import waiting
from shop import Shop, findings, open_chat, open_shop, part, visit

pytestmark = pytest.mark.browser

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MAIL = "mia@shop.example"


@pytest.fixture
def shop(desk: Served, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """The widget of a desk that looks anew each time."""
    monkeypatch.setattr(waiting, "QUEUE_SECONDS", 0)
    monkeypatch.setattr(waiting, "OUTLOOK_SECONDS", 0)
    with open_shop(desk.address) as shop:
        yield shop


def closed(store: Store) -> datetime:
    """Shut the desk, to open in three days at nine in Berlin: that moment."""
    zone = ZoneInfo("Europe/Berlin")
    opens = datetime.now(zone) + timedelta(days=3)
    store.save_promises(None, Hours("Europe/Berlin", {DAYS[opens.weekday()]: ("09:00-17:00",)}))
    return opens.replace(hour=9, minute=0, second=0, microsecond=0)


def ask(page: Page) -> None:
    """A person, please."""
    open_chat(page)
    part(page, "menu-button").click()
    part(page, "menu-person").click()
    expect(part(page, "waiting-said")).not_to_be_empty()


def test_the_words_change_as_people_come_and_go(desk: Served, shop: Shop, browser: Browser) -> None:
    mia, zoe = (visit(browser, shop.put()) for _ in range(2))
    ask(mia)
    said = part(mia, "waiting-said")
    expect(said).to_have_text("Nobody is here just now. We reply as soon as somebody is back.")
    expect(part(mia, "waiting-offer")).to_be_visible()
    ana = desk.console("ana")
    expect(said).to_have_text("A colleague will reply here. You are next.")
    expect(part(mia, "waiting-offer")).to_be_hidden()
    ask(zoe)
    expect(part(zoe, "waiting-said")).to_contain_text("You are number 2 in the queue.")

    first = desk.store.tickets(order="oldest")[0].id
    ana.goto(f"{desk.address}/console#/tickets/{first}")
    expect(ana.get_by_test_id("log")).to_be_visible()
    ana.keyboard.press("c")
    expect(part(mia, "status")).to_have_attribute("data-status", "operator")
    expect(part(mia, "waiting")).to_be_hidden()
    expect(part(zoe, "waiting-said")).to_contain_text("You are next.")
    mia.reload()
    expect(part(mia, "panel")).to_be_visible()
    expect(part(mia, "status")).to_have_attribute("data-status", "operator")
    expect(part(mia, "waiting")).to_have_count(0)
    assert mia.complaints + zoe.complaints == []  # type: ignore[attr-defined]


def test_who_asks_at_night_leaves_an_address_by_keyboard_and_goes_on(
    desk: Served, shop: Shop, browser: Browser, store: Store
) -> None:
    opens = closed(store)
    page = visit(browser, shop.put(), timezone_id="America/New_York")
    ask(page)
    there = opens.astimezone(ZoneInfo("America/New_York"))
    back = f"We are closed just now and back on {there:%A} at {there.hour}:00"
    expect(part(page, "waiting-said")).to_contain_text(back)
    part(page, "waiting-offer").focus()
    page.keyboard.press("Enter")
    expect(part(page, "waiting-value")).to_be_focused()
    page.keyboard.type("mia@")
    page.keyboard.press("Enter")
    alert = part(page, "waiting-form").get_by_role("alert")
    expect(alert).to_have_text("Please write an e-mail address such as name@example.com.")
    expect(part(page, "waiting-value")).to_have_attribute("aria-invalid", "true")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type(MAIL)
    expect(alert).to_be_hidden()
    page.keyboard.press("Tab")
    page.keyboard.type("<img src=x onerror=alert(1)>")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    thanks = "Thank you. We get back to you by e-mail. We are closed just now and back on"
    expect(part(page, "waiting-said")).to_contain_text(thanks)
    expect(part(page, "waiting-form")).to_be_hidden()
    expect(part(page, "waiting-offer")).to_be_focused()
    part(page, "input").fill("hello")  # to the bot nobody talks now, but he may go on
    part(page, "input").press("Enter")
    expect(part(page, "message").filter(has_text="hello")).to_be_visible()
    page.reload()
    expect(part(page, "waiting-said")).to_contain_text(thanks)
    assert MAIL not in page.content()

    ana = desk.console("ana")
    expect(ana.get_by_test_id("row-contact")).to_have_count(1)
    ana.goto(f"{desk.address}/console#/tickets/{store.tickets()[0].id}")
    expect(ana.get_by_test_id("wants-contact")).to_have_text("Wants to be reached by e-mail")
    expect(ana.get_by_test_id("details")).to_contain_text(MAIL)
    expect(ana.get_by_test_id("details")).to_contain_text("<img src=x onerror=alert(1)>")
    assert console_findings(ana) == []

    part(page, "waiting-offer").click()
    page.get_by_label("By phone").check()
    expect(page.get_by_label("Your phone number")).to_have_attribute("type", "tel")
    part(page, "waiting-value").fill("+44 20 7946 0958")
    part(page, "waiting-send").click()
    expect(part(page, "waiting-said")).to_contain_text("We call you back.")
    expect(ana.get_by_test_id("wants-contact")).to_have_text("Wants to be reached by phone")
    expect(ana.get_by_test_id("details")).to_contain_text("+44 20 7946 0958")
    ticket = store.tickets()[0]
    store.erase(ticket.conversation_id, "root")
    expect(ana.get_by_test_id("conversation-error")).to_be_visible()
    expect(ana.get_by_test_id("details")).not_to_contain_text("7946")
    with pytest.raises(NotFound):
        store.ticket(ticket.id)
    assert page.complaints == []  # type: ignore[attr-defined]


def test_what_cannot_be_sent_stays_and_can_be_sent_again(
    shop: Shop, browser: Browser, store: Store
) -> None:
    closed(store)
    page = visit(browser, shop.put())
    ask(page)
    part(page, "waiting-offer").click()
    part(page, "waiting-value").fill(MAIL)
    page.route("**/contact", lambda route: route.abort())
    part(page, "waiting-send").click()
    alert = part(page, "waiting-form").get_by_role("alert")
    expect(alert).to_have_text("This could not be sent. Please try again.")
    expect(part(page, "waiting-value")).to_have_value(MAIL)
    page.unroute("**/contact")
    part(page, "waiting-send").click()
    expect(part(page, "waiting-said")).to_contain_text("Thank you.")
    part(page, "waiting-offer").click()
    part(page, "waiting-cancel").click()
    expect(part(page, "waiting-form")).to_be_hidden()
    page.context.close()


def test_who_comes_next_to_the_device_sees_no_address(
    shop: Shop, browser: Browser, store: Store
) -> None:
    closed(store)
    page = visit(browser, shop.put())
    ask(page)
    part(page, "waiting-offer").click()
    part(page, "waiting-value").fill(MAIL)
    part(page, "waiting-send").click()
    expect(part(page, "waiting-said")).to_contain_text("Thank you.")
    part(page, "waiting-offer").click()
    expect(part(page, "waiting-value")).to_have_value("")
    part(page, "waiting-value").fill("half@")
    part(page, "waiting-about").fill("my secret")
    page.evaluate("frontdesk.reset()")
    expect(part(page, "waiting")).to_be_hidden()
    ask(page)
    part(page, "waiting-offer").click()
    expect(part(page, "waiting-value")).to_have_value("")
    expect(part(page, "waiting-about")).to_have_value("")
    page.context.close()


@pytest.mark.parametrize(
    ("lang", "width", "scheme", "words"),
    [
        ("ar", 320, "dark", "خارج أوقات العمل"),
        ("de", 320, "light", "wieder da"),
        ("fr", 1280, "dark", "de retour"),
        ("es", 640, "light", "Volvemos"),
        ("zh", 320, "light", "恢复服务"),
    ],
)
def test_every_language_waits_without_barriers(
    shop: Shop, browser: Browser, store: Store, lang: str, width: int, scheme: Any, words: str
) -> None:
    closed(store)
    attributes = 'data-color="#ffd400"'
    page = visit(
        browser, shop.put(lang=lang, attributes=attributes), width=width, color_scheme=scheme
    )
    ask(page)
    expect(part(page, "waiting-said")).to_contain_text(words)
    found = {"waiting": findings(page)}
    part(page, "waiting-offer").click()
    expect(part(page, "waiting-value")).to_be_focused()
    found["form"] = findings(page)
    part(page, "waiting-value").fill("nobody")
    part(page, "waiting-send").click()
    expect(part(page, "waiting-form").get_by_role("alert")).to_be_visible()
    found["error"] = findings(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    part(page, "waiting-value").fill(MAIL)
    part(page, "waiting-send").click()
    expect(part(page, "waiting-form")).to_be_hidden()
    found["thanks"] = findings(page)
    assert {state: barriers for state, barriers in found.items() if barriers} == {}
    assert page.complaints == []  # type: ignore[attr-defined]
    page.context.close()


def test_hours_that_are_over_are_told_by_the_visitors_day(browser: Browser, shop: Shop) -> None:
    """Today, tomorrow, a day of the week, a date: by his own calendar, not the desk's."""
    page = visit(browser, shop.put(), timezone_id="Asia/Tokyo")
    now = datetime(2026, 11, 24, 14, 30, tzinfo=UTC)  # 23:30 in Tokyo
    said = page.evaluate(
        """async ([desk, now, times]) => {
          const { hopes, wordsFor } = await import(`${desk}/static/widget/waiting.js`);
          const words = await wordsFor('en-GB');
          const one = { state: 'closed', place: null, within: null, late: false, contact: null };
          return times.map((at) => hopes({ ...one, opens_at: at }, words, 'en-GB', new Date(now)));
        }""",
        [
            shop.desk,
            now.isoformat(),
            [
                (now + timedelta(hours=hours)).isoformat() if hours else None
                for hours in (0.25, 1, 48, 240, 0)
            ],
        ],
    )
    assert said == [
        "We are closed just now and back today at 23:45.",
        "We are closed just now and back tomorrow at 0:30.",
        "We are closed just now and back on Thursday at 23:30.",
        "We are closed just now and back on Friday 4 December at 23:30.",
        "We are closed just now.",
    ]
    page.context.close()
