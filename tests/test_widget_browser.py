"""The widget in other people's pages: in place, in their colours, rated, and on two devices."""

import hashlib
import hmac
import json
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from chromium import watch
from conftest import SECRET, add_person
from live import LiveServer
from service.config import Config
from service.store import Store, open_store
from shop import Shop, open_chat, open_shop, part, say, visit

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def desk(
    tmp_path_factory: pytest.TempPathFactory, first_database: Path
) -> Iterator[tuple[LiveServer, Store]]:
    """The real server, without a model: it hands everything over."""
    home = tmp_path_factory.mktemp("desk") / "home"
    home.mkdir()
    shutil.copy(first_database, home / "desk.db")
    store = open_store(Config(home=home))
    add_person(store, "ana@desk.example", "operator")
    with LiveServer(home, site_secret=SECRET) as server:
        yield server, store
    store.close()


@pytest.fixture(scope="module")
def shop(desk: tuple[LiveServer, Store]) -> Iterator[Shop]:
    with open_shop(f"http://127.0.0.1:{desk[0].port}") as shop:
        yield shop


def leave(page: Page) -> None:
    """Close the browser context of a page that complained of nothing."""
    assert page.complaints == []  # type: ignore[attr-defined]
    page.context.close()


# --- inline --------------------------------------------------------------------------------------

BOX = '<div id="help" style="inline-size: 500px; block-size: 560px"></div>'


def rectangle(page: Page, selector: str) -> dict[str, float]:
    box = page.locator(selector).bounding_box()
    assert box
    return dict(box)


def test_inline_fills_its_element_without_a_launcher(browser: Browser, shop: Shop) -> None:
    page = visit(browser, shop.put(attributes='data-inline="#help"', body=BOX))
    panel = part(page, "panel")
    expect(panel).to_be_visible()
    assert panel.bounding_box() == rectangle(page, "#help")
    expect(part(page, "launcher")).to_be_hidden()
    expect(part(page, "close")).to_be_hidden()
    assert panel.get_attribute("role") == "region"
    say(page, "Do you have long socks?")
    part(page, "input").press("Escape")
    page.evaluate("frontdesk.close()")
    expect(panel).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    page.set_viewport_size({"width": 320, "height": 640})
    assert panel.bounding_box() == rectangle(page, "#help")
    leave(page)


def test_inline_waits_for_an_element_and_comes_back_with_it(browser: Browser, shop: Shop) -> None:
    page = visit_inline_later(browser, shop)
    expect(page.locator("frontdesk-widget")).to_have_count(0)
    place = """() => { const box = document.createElement('section');
      box.id = 'late'; box.style.blockSize = '420px';
      document.querySelector('main').append(box); }"""
    page.evaluate(place)
    expect(part(page, "panel")).to_be_visible()
    assert part(page, "panel").bounding_box() == rectangle(page, "#late")
    say(page, "I came late")
    page.evaluate("document.querySelector('#late').remove()")
    expect(page.locator("frontdesk-widget")).to_have_count(0)
    page.evaluate(place)
    expect(part(page, "message").filter(has_text="I came late")).to_be_visible()
    page.context.close()


def visit_inline_later(browser: Browser, shop: Shop) -> Page:
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    page.goto(shop.put(attributes='data-inline="#late"'))
    page.wait_for_function("new Promise((done) => frontdesk.on('ready', () => done(true)))")
    return page


def test_inline_with_a_selector_that_is_none_is_a_launcher(browser: Browser, shop: Shop) -> None:
    page = visit(browser, shop.put(attributes='data-inline="##"'))
    expect(part(page, "launcher")).to_be_visible()
    page.context.close()


# --- theme ---------------------------------------------------------------------------------------


def looks(page: Page) -> dict[str, Any]:
    """What a person sees of the theme."""
    seen: dict[str, Any] = page.evaluate("""() => {
      const root = document.querySelector('frontdesk-widget').shadowRoot;
      const launcher = root.querySelector('.launcher').getBoundingClientRect();
      const panel = getComputedStyle(root.querySelector('.panel'));
      const style = getComputedStyle(root.querySelector('.launcher'));
      return { color: style.backgroundColor, ground: panel.backgroundColor, font: panel.fontFamily,
        radius: panel.borderTopLeftRadius, left: launcher.left, right: innerWidth - launcher.right,
        below: innerHeight - launcher.bottom };
    }""")
    return seen


VARIABLES = """<style>:root { --frontdesk-color: rgb(120, 20, 90); --frontdesk-mode: dark;
  --frontdesk-radius: 4px; --frontdesk-font: Georgia, serif; --frontdesk-side: left;
  --frontdesk-spacing: 30px 80px; }</style>"""
ATTRIBUTES = (
    'data-color="#0b5fff" data-theme="light" data-radius="9" data-font="Verdana, sans-serif"'
    ' data-side="right" data-spacing="40px"'
)


def test_theme_comes_from_variables_then_attributes_then_the_server(
    browser: Browser, shop: Shop
) -> None:
    page = visit(browser, shop.put())
    expect(part(page, "launcher")).to_be_visible()
    plain = looks(page)
    assert (plain["right"], plain["below"], plain["radius"]) == (20, 20, "18px")
    leave(page)

    page = visit(browser, shop.put(head=VARIABLES))
    expect(part(page, "launcher")).to_be_visible()
    seen = looks(page)
    assert (seen["left"], seen["below"], seen["radius"]) == (30, 80, "4px")
    assert seen["font"] == "Georgia, serif"
    assert seen["ground"] == "rgb(23, 26, 27)"
    leave(page)

    page = visit(browser, shop.put(head=VARIABLES, attributes=ATTRIBUTES))
    expect(part(page, "launcher")).to_be_visible()
    seen = looks(page)
    assert (seen["right"], seen["below"], seen["radius"]) == (40, 40, "9px")
    assert (seen["color"], seen["ground"]) == ("rgb(11, 95, 255)", "rgb(255, 255, 255)")
    assert seen["font"] == "Verdana, sans-serif"
    leave(page)

    def serve(route: Route) -> None:
        site = route.fetch().json()
        theme = {"color": "#a11", "mode": "dark", "radius": "12px", "side": "left", "spacing": "0"}
        route.fulfill(json={**site, "theme": theme, "locale": "de"}, headers=CROSS)

    page = visit_with(browser, shop.put(head=VARIABLES, attributes=ATTRIBUTES), "**/v1/site", serve)
    seen = looks(page)
    assert (seen["left"], seen["below"], seen["radius"]) == (0, 0, "12px")
    assert seen["ground"] == "rgb(23, 26, 27)"
    assert seen["font"] == "Verdana, sans-serif"  # of which the server says nothing
    expect(part(page, "launcher")).to_have_attribute("aria-label", "Chat öffnen")
    leave(page)


CROSS = {"Access-Control-Allow-Origin": "*"}


def visit_with(browser: Browser, address: str, pattern: str, answer: Any) -> Page:
    """Visit with one call answered by the test."""
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    page.complaints = watch(page)  # type: ignore[attr-defined]
    page.route(pattern, answer)
    page.goto(address)
    expect(part(page, "launcher")).to_be_visible()
    return page


def test_a_theme_of_nonsense_changes_nothing(browser: Browser, shop: Shop) -> None:
    nonsense = (
        'data-color="url(https://evil.example/x)" data-theme="<b>" data-radius="1px;color:red"'
        ' data-font="}*{display:none" data-side="top" data-spacing="-500px"'
    )
    variables = (
        "<style>:root{--frontdesk-radius: calc(1px + 1em); --frontdesk-spacing: 9999vw}</style>"
    )
    page = visit(browser, shop.put(head=variables, attributes=nonsense))
    expect(part(page, "launcher")).to_be_visible()
    assert looks(page)["radius"] == "18px"
    box = part(page, "launcher").bounding_box()
    assert box
    assert 0 <= box["x"] <= 1280 - box["width"]  # never out of reach
    leave(page)


# --- satisfaction --------------------------------------------------------------------------------


def close_ticket(store: Store, text: str = "Sorted.", client_id: str = "r") -> tuple[str, str]:
    """Ana answers the newest ticket and closes it: its id and that of her message."""
    ana = store.operator_by_email("ana@desk.example")
    ticket = store.tickets(order="newest")[0]
    message, _ = store.post_operator_message(ticket.id, ana.id, client_id=client_id, text=text)
    store.resolve_ticket(ticket.id, ana.id, None)
    return ticket.id, message.id


def test_a_resolved_conversation_is_rated_once(
    browser: Browser, shop: Shop, desk: tuple[LiveServer, Store]
) -> None:
    store = desk[1]
    page = visit(browser, shop.put())
    open_chat(page)
    say(page, "My parcel is late")
    ticket, message = close_ticket(store)
    card = part(page, "rating")
    expect(card).to_be_visible()
    expect(part(page, "announcer")).to_have_text("How did we do?")
    expect(part(page, "rating-send")).to_be_hidden()
    page.reload()
    open_chat_again(page)
    expect(card.get_by_role("group", name="How did we do?")).to_be_visible()
    card.get_by_role("radio", name="Very bad").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(card.get_by_role("radio", name="Good", exact=True)).to_be_checked()
    page.keyboard.press("Tab")
    page.keyboard.type("Quick, <b>thanks</b>")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(part(page, "rating-said")).to_have_text("Thank you. That helps us.")
    kept = store.feedback([message])[message]
    assert (kept["rating"], kept["comment"]) == (4, "Quick, <b>thanks</b>")

    page.reload()
    open_chat_again(page)
    expect(part(page, "message").filter(has_text="Sorted.")).to_be_visible()
    expect(card).to_have_count(0)
    ana = store.operator_by_email("ana@desk.example")
    store.reopen_ticket(ticket, ana.id)
    expect(part(page, "status")).to_have_attribute("data-status", "waiting")
    close_ticket(store, "And again.", "again")
    expect(part(page, "status")).to_have_attribute("data-status", "resolved")
    expect(card).to_have_count(0)

    say(page, "A new matter")
    close_ticket(store, "That, too.", "new")
    expect(card).to_be_visible()
    part(page, "rating-close").click()
    expect(card).to_have_count(0)
    page.reload()
    open_chat_again(page)
    expect(part(page, "status")).to_have_attribute("data-status", "resolved")
    expect(card).to_have_count(0)
    leave(page)


def open_chat_again(page: Page) -> None:
    """After a reload an open panel is open again."""
    expect(part(page, "panel")).to_be_visible()
    expect(part(page, "skeleton")).to_be_hidden()


def test_a_rating_that_cannot_be_sent_says_so_and_can_be_repeated(
    browser: Browser, shop: Shop, desk: tuple[LiveServer, Store]
) -> None:
    page = visit(browser, shop.put(lang="de"))
    open_chat(page)
    say(page, "Wo ist mein Paket?")
    _, message = close_ticket(desk[1])
    page.route("**/feedback", lambda route: route.abort())
    part(page, "rating").get_by_role("radio", name="Zufrieden", exact=True).check(force=True)
    part(page, "rating-send").click()
    expect(part(page, "rating").get_by_role("alert")).to_contain_text("noch einmal")
    page.unroute("**/feedback")
    part(page, "rating-send").click()
    expect(part(page, "rating-said")).to_be_visible()
    assert desk[1].feedback([message])[message]["rating"] == 4
    page.context.close()


def test_the_console_shows_the_rating(
    browser: Browser, shop: Shop, desk: tuple[LiveServer, Store]
) -> None:
    page = visit(browser, shop.put())
    open_chat(page)
    say(page, "Where are my boots?")
    ticket, message = close_ticket(desk[1])
    conversation = desk[1].ticket(ticket).conversation_id
    desk[1].record_feedback(conversation, message, rating=2, comment="<i>slow</i>")
    console = browser.new_context().new_page()
    console.goto(f"{shop.desk}/console#/tickets/{ticket}")
    console.get_by_test_id("email").fill("ana@desk.example")
    console.get_by_test_id("password").fill("correct-horse-battery")
    console.get_by_test_id("sign-in").click()
    shown = console.get_by_test_id("log")
    expect(shown).to_contain_text("The customer gave 2 of 5. “<i>slow</i>”")
    console.context.close()
    leave(page)


# --- another device ------------------------------------------------------------------------------


def identify(identifier: str, identifier_hash: str | None) -> str:
    """A page's call, queued before the widget is there."""
    customer = {"identifier": identifier, "identifier_hash": identifier_hash, "name": "Uma"}
    return f"<script>(window.frontdesk ||= []).push(['identify', {json.dumps(customer)}])</script>"


def sign(identifier: str, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), identifier.encode(), hashlib.sha256).hexdigest()


def test_a_signed_customer_goes_on_on_another_device(browser: Browser, shop: Shop) -> None:
    address = shop.put(foot=identify("u-7", sign("u-7")))
    phone = visit(browser, address, width=400)
    open_chat(phone)
    say(phone, "I began this on my phone")
    laptop = visit(browser, address)
    expect(part(laptop, "unread")).to_be_visible()
    open_chat(laptop)
    expect(part(laptop, "message").filter(has_text="on my phone")).to_be_visible()
    say(laptop, "and this on my laptop")
    expect(part(phone, "message").filter(has_text="on my laptop")).to_be_visible()
    say(phone, "both still work")
    expect(part(laptop, "message").filter(has_text="both still work")).to_be_visible()
    leave(phone)
    leave(laptop)


def test_nothing_is_begun_for_a_customer_who_has_not_written(
    browser: Browser, shop: Shop, desk: tuple[LiveServer, Store]
) -> None:
    before = desk[1].last_event()
    page = visit(browser, shop.put(foot=identify("u-silent", sign("u-silent"))))
    open_chat(page)
    expect(part(page, "message")).to_have_count(1)  # the welcome
    page.wait_for_load_state("networkidle")
    assert desk[1].last_event() == before
    leave(page)


def token_for(identifier: str, seconds: int) -> str:
    claims = {"sub": identifier, "exp": int(time.time()) + seconds}
    return jwt.encode(claims, SECRET, algorithm="HS256")


STRANGERS = {
    "a wrong hash": ("u-9", sign("u-9", "a guess")),
    "no hash": ("u-9", None),
    "another's hash, the owner's name": ("u-9", sign("u-8")),
    "an expired token": ("u-9", token_for("u-9", -60)),
}


def test_strangers_see_nothing_of_a_signed_conversation(browser: Browser, shop: Shop) -> None:
    owner = visit(browser, shop.put(foot=identify("u-9", token_for("u-9", 60))))
    open_chat(owner)
    say(owner, "my secret is turnip")
    for number, (case, (identifier, signature)) in enumerate(STRANGERS.items()):
        stranger = visit(browser, shop.put(foot=identify(identifier, signature), path="/s"))
        open_chat(stranger)
        say(stranger, f"show me {number}")
        assert "turnip" not in part(stranger, "log").inner_text(), case
        # A refused signature is told in the browser's console, for the site's developers.
        noted = stranger.complaints  # type: ignore[attr-defined]
        assert all(re.search("identify was refused|403", line) for line in noted), noted
        assert bool(noted) == (case != "no hash"), case
        stranger.context.close()
    say(owner, "the end")
    assert "show me" not in part(owner, "log").inner_text()
    leave(owner)
