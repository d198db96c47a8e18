"""The widget for everybody: barriers in any state, the order of focus, what is told, stillness."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from conftest import add_person
from live import LiveServer
from service.config import Config
from service.store import Store, open_store
from shop import Shop, findings, open_chat, open_shop, part, say, visit
from test_widget_browser import CROSS, close_ticket

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def desk(
    tmp_path_factory: pytest.TempPathFactory, first_database: Path
) -> Iterator[tuple[LiveServer, Store]]:
    home = tmp_path_factory.mktemp("desk") / "home"
    home.mkdir()
    shutil.copy(first_database, home / "desk.db")
    store = open_store(Config(home=home))
    add_person(store, "ana@desk.example", "operator")
    with LiveServer(home) as server:
        yield server, store
    store.close()


@pytest.fixture(scope="module")
def shop(desk: tuple[LiveServer, Store]) -> Iterator[Shop]:
    with open_shop(f"http://127.0.0.1:{desk[0].port}") as shop:
        yield shop


LOOKS = [
    pytest.param("en", 1280, "light", id="English, light"),
    pytest.param("ar", 320, "dark", id="Arabic, dark, 320 px"),
    pytest.param("de", 640, "dark", id="German, dark, 200 % of 1280 px"),
    pytest.param("zh", 320, "light", id="Chinese, light, 320 px"),
    pytest.param("es", 640, "light", id="Spanish, light, 200 %"),
    pytest.param("fr", 1280, "dark", id="French, dark"),
]


@pytest.mark.parametrize(("lang", "width", "scheme"), LOOKS)
def test_no_state_has_a_barrier(
    browser: Browser,
    shop: Shop,
    desk: tuple[LiveServer, Store],
    lang: str,
    width: int,
    scheme: Any,
) -> None:
    zoom = 2 if width == 640 else 1  # what a zoom of 200 % leaves of 1280 by 800
    page = visit(
        browser,
        shop.put(lang=lang, attributes='data-color="#ffd400"'),
        width=width,
        color_scheme=scheme,
        device_scale_factor=zoom,
    )
    if zoom == 2:
        page.set_viewport_size({"width": 640, "height": 400})
    found: dict[str, list[str]] = {}

    def check(state: str) -> None:
        found[state] = findings(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, state

    expect(part(page, "launcher")).to_be_visible()
    check("closed")
    open_chat(page)
    check("open")
    say(page, "My parcel is late: https://example.com/" + "x" * 60)
    check("conversation")
    part(page, "menu-button").click()
    expect(part(page, "menu")).to_be_visible()
    check("menu")
    page.keyboard.press("Escape")

    page.route("**/messages", refuse)
    part(page, "input").fill("this is refused")
    part(page, "input").press("Enter")
    expect(part(page, "retry")).to_be_visible()
    check("error")
    page.unroute("**/messages")
    part(page, "remove").click()

    waiting: list[Route] = []
    close_ticket(desk[1])
    expect(part(page, "rating")).to_be_visible()
    check("rating")
    part(page, "rating-face").nth(1).check(force=True)
    expect(part(page, "rating-send")).to_be_visible()
    check("rating chosen")
    part(page, "rating-send").click()
    expect(part(page, "rating-said")).to_be_visible()
    check("rated")

    page.route("**/messages", lambda route: waiting.append(route))  # noqa: PLW0108
    part(page, "input").fill("and now?")
    part(page, "input").press("Enter")
    expect(part(page, "typing")).to_be_visible()
    check("typing")
    page.context.set_offline(True)
    expect(part(page, "banner")).to_be_visible()
    check("offline")
    assert {state: barriers for state, barriers in found.items() if barriers} == {}
    page.context.close()


def test_a_barrier_would_be_found(browser: Browser, shop: Shop) -> None:
    page = visit(browser, shop.put())
    open_chat(page)
    expect(part(page, "attach")).to_be_visible()  # the last that is drawn
    page.evaluate("""() => {
      const root = document.querySelector('frontdesk-widget').shadowRoot;
      root.querySelector('.launcher').removeAttribute('aria-label');
      root.querySelector('.status').style.color = '#ddd';
    }""")
    named = {found.split(":")[0] for found in findings(page)}
    assert {"button-name", "contrast"} <= named
    page.context.close()


def refuse(route: Route) -> None:
    if route.request.method != "POST":
        route.continue_()
        return
    problem = {"status": 422, "code": "invalid_input", "detail": "text: no.", "title": "No"}
    kind = {**CROSS, "Content-Type": "application/problem+json"}
    route.fulfill(status=422, headers=kind, body=json.dumps(problem))


def focused(page: Page) -> str:
    """The part that has the focus, or what has it in the page."""
    where: str = page.evaluate("""() => {
      const outside = document.activeElement;
      const inside = outside.shadowRoot?.activeElement;
      return inside ? inside.getAttribute('part') ?? inside.tagName : outside.tagName;
    }""")
    return where


def test_focus_goes_through_in_reading_order_and_comes_back(browser: Browser, shop: Shop) -> None:
    page = visit(browser, shop.put())
    expect(part(page, "launcher")).to_be_visible()
    page.keyboard.press("Tab")
    assert focused(page) == "A"
    page.keyboard.press("Tab")
    assert focused(page) == "launcher"
    page.keyboard.press("Enter")
    assert focused(page) == "input"
    expect(part(page, "attach")).to_be_visible()
    order = []
    for _ in range(7):
        page.keyboard.press("Shift+Tab")
        order.append(focused(page))
    above = ["suggestion", "suggestion", "scroll", "close", "menu-button", "A"]
    assert order == ["attach", *above]
    part(page, "input").focus()
    page.keyboard.press("Escape")
    expect(part(page, "panel")).to_be_hidden()
    assert focused(page) == "launcher"
    page.context.close()


def test_a_panel_over_the_whole_screen_keeps_the_focus(browser: Browser, shop: Shop) -> None:
    page = visit(browser, shop.put(), width=320)
    open_chat(page)
    expect(part(page, "panel")).to_have_attribute("aria-modal", "true")
    expect(part(page, "attach")).to_be_visible()
    seen = set()
    for _ in range(14):
        page.keyboard.press("Tab")
        seen.add(focused(page))
    assert seen == {"menu-button", "close", "scroll", "suggestion", "attach", "input", "send"}
    page.context.close()


def test_what_happens_is_announced(
    browser: Browser, shop: Shop, desk: tuple[LiveServer, Store]
) -> None:
    page = visit(browser, shop.put())
    open_chat(page)
    assert part(page, "log").get_attribute("role") == "log"
    say(page, "hello")
    expect(part(page, "log")).to_have_attribute("aria-live", "polite")
    assert part(page, "status").get_attribute("role") == "status"
    assert part(page, "banner").get_attribute("role") == "status"
    expect(part(page, "launcher")).to_have_attribute("aria-expanded", "true")
    part(page, "close").click()
    close_ticket(desk[1], "Here is your answer.")
    expect(part(page, "announcer")).to_have_text("Ana: Here is your answer.")
    expect(part(page, "launcher")).to_have_attribute("aria-label", "Open chat, 1 new message")
    page.context.close()


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_nothing_moves_for_who_wants_stillness(browser: Browser, shop: Shop, motion: Any) -> None:
    page = visit(browser, shop.put(), reduced_motion=motion)
    part(page, "launcher").click()
    moving = page.evaluate("""() => document.querySelector('frontdesk-widget').shadowRoot
      .getAnimations().length""")
    assert bool(moving) == (motion == "no-preference")
    page.context.close()


def test_targets_are_large_enough_for_a_finger(browser: Browser, shop: Shop) -> None:
    page = visit(browser, shop.put(), width=320, has_touch=True, is_mobile=True)
    part(page, "launcher").tap()
    expect(part(page, "panel")).to_be_visible()
    small = page.evaluate("""() => [...document.querySelector('frontdesk-widget').shadowRoot
      .querySelectorAll('button, textarea')].filter((b) => b.offsetParent)
      .map((b) => [b.getAttribute('part'), b.getBoundingClientRect()])
      .filter(([, box]) => Math.min(box.width, box.height) < 34).map(([part]) => part)""")
    assert small == []
    page.context.close()


def test_language_and_direction_are_marked(browser: Browser, shop: Shop) -> None:
    page = visit(browser, shop.put(lang="ar"))
    open_chat(page)
    root = page.locator("frontdesk-widget .root")
    expect(root).to_have_attribute("dir", "rtl")
    expect(root).to_have_attribute("lang", re.compile("^ar"))
    box = part(page, "launcher").bounding_box()
    assert box
    assert box["x"] == 20  # where lines end
    page.context.close()
