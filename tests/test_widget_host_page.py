"""Pages that wish the widget ill: hostile style sheets, a strict policy, a layout to keep."""

import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from live import LiveServer
from service.config import Config
from shop import Shop, await_stillness, open_chat, open_shop, part, say, visit

pytestmark = [pytest.mark.browser, pytest.mark.slow]

HOSTILE = """
* { all: unset !important; display: block !important; }
*, *::before, *::after { color: red !important; background: yellow !important;
  margin: 9px !important; text-transform: uppercase !important;
  font: italic 40px/3 cursive !important; letter-spacing: 1em !important; opacity: 0.5 !important;
  transform: rotate(3deg) scale(1.2) !important; filter: blur(2px) !important;
  transition: all 9s !important; animation: none !important; pointer-events: none !important;
  visibility: hidden !important; direction: rtl !important;
  writing-mode: vertical-rl !important;
  float: left !important; position: absolute !important; z-index: 2147483647 !important;
  max-width: 3px !important; max-height: 3px !important; overflow: hidden !important; }
iframe, div, button, textarea, frontdesk-widget { display: none !important; width: 1px }
html > *:not(body) { display: none !important; left: -9px !important; contain: strict !important; }
:root { --ground: lime; --ink: lime; --fill: lime; --round: 99px; --dot: lime; --view-height: 10px;
  --view-top: 90px; --across: 900px; --up: 900px; --font: cursive; --cloud: 80px; --accent: lime; }
html { font-size: 72px !important; direction: rtl !important; margin: 90px !important;
  transform: none !important; filter: none !important; opacity: 1 !important; }
body { transform: translate(40px, 40px) rotate(5deg) !important; perspective: 10px !important;
  overflow: hidden !important; position: fixed !important; z-index: 2147483647 !important; }
"""
POLICY = (
    "default-src 'none'; script-src {desk}; connect-src {desk}; style-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)
MEASURE = """() => {
  const root = document.querySelector('frontdesk-widget').shadowRoot;
  const names = ['display', 'position', 'color', 'backgroundColor', 'fontFamily', 'fontSize',
    'fontStyle', 'fontWeight', 'lineHeight', 'letterSpacing', 'textTransform', 'textAlign',
    'direction', 'writingMode', 'opacity', 'visibility', 'filter', 'transform', 'float', 'cursor',
    'transitionDuration', 'pointerEvents', 'borderTopLeftRadius', 'borderTopWidth', 'padding',
    'margin', 'overflow', 'zIndex'];
  const measured = [...root.querySelectorAll('*')].filter((e) => !e.closest('.unread, svg, time'));
  return measured.map((e) => {
    const { x, y, width, height } = e.getBoundingClientRect();
    const style = getComputedStyle(e);
    const looks = Object.fromEntries(names.map((name) => [name, style[name]]));
    return { what: e.className || e.tagName, box: [x, y, width, height].map(Math.round), ...looks };
  });
}"""
SHIFTS = """() => { window.shifts = [];
  new PerformanceObserver((list) => shifts.push(...list.getEntries()
  .filter((e) => !e.hadRecentInput).map((e) => e.value)))
  .observe({ type: 'layout-shift', buffered: true }); }"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, first_database: Path) -> Iterator[Shop]:
    home = tmp_path_factory.mktemp("desk") / "home"
    home.mkdir()
    shutil.copy(first_database, Config(home=home).database)
    with LiveServer(home) as server, open_shop(f"http://127.0.0.1:{server.port}") as shop:
        shop.pages["/hostile.css"] = ({"Content-Type": "text/css"}, HOSTILE)
        yield shop


def settled(page: Page) -> list[dict[str, Any]]:
    """Every element of the widget, when nothing moves any more and the pointer is elsewhere."""
    page.mouse.move(5, 5)
    await_stillness(page)
    measured: list[dict[str, Any]] = page.evaluate(MEASURE)
    return measured


def test_hostile_styles_and_a_strict_policy_change_nothing(browser: Browser, shop: Shop) -> None:
    policy = {"Content-Security-Policy": POLICY.format(desk=shop.desk)}
    sheet = '<link rel="stylesheet" href="/hostile.css">'
    war = '<div style="position:fixed;inset:0;z-index:2147483647">on top</div>'
    kind = visit(browser, shop.put())
    hostile = visit(browser, shop.put(head=sheet, body=war, headers=policy, path="/hostile"))
    for page in (kind, hostile):
        open_chat(page)
        expect(part(page, "attach")).to_be_visible()
    assert settled(hostile) == settled(kind)
    for page in (kind, hostile):
        say(page, "Where is my order?")
        expect(part(page, "status")).to_have_attribute("data-status", "waiting")
        expect(part(page, "waiting")).to_be_visible()
        expect(part(page, "message")).to_have_count(3)
        page.evaluate("document.querySelector('frontdesk-widget').shadowRoot.activeElement.blur()")
    assert settled(hostile) == settled(kind)
    part(hostile, "menu-button").click()
    expect(part(hostile, "menu-person")).to_be_visible()
    part(hostile, "close").click()
    expect(part(hostile, "panel")).to_be_hidden()
    # The page's own <div style> is what the policy forbids; nothing of the widget's is.
    noted = hostile.complaints  # type: ignore[attr-defined]
    assert [
        line for line in noted if "style attribute" not in line and "inline style" not in line
    ] == []
    for page in (kind, hostile):
        page.context.close()


def test_inline_survives_hostile_styles(browser: Browser, shop: Shop) -> None:
    box = '<div id="help"></div>'
    keep = """<style>#help { all: revert !important; display: block !important;
      width: 500px !important; height: 500px !important; }</style>"""
    sheet = '<link rel="stylesheet" href="/hostile.css">'
    # Its box is the page's: what turns or hides that, turns or hides what is in it.
    css = re.sub(
        r"(transform|filter|visibility|zoom): [^;]+;", "", HOSTILE.split("html {", maxsplit=1)[0]
    )
    shop.pages["/less.css"] = ({"Content-Type": "text/css"}, css.replace("iframe, div,", "iframe,"))
    calm = visit(browser, shop.put(head=keep, body=box, attributes='data-inline="#help"'))
    wild_head = sheet.replace("hostile", "less") + keep
    wild = visit(
        browser, shop.put(head=wild_head, body=box, attributes='data-inline="#help"', path="/w")
    )
    for page in (calm, wild):
        expect(part(page, "suggestion").first).to_be_attached()
    sizes = [
        [(one["what"], one["box"][2:], one["color"], one["fontSize"]) for one in settled(page)]
        for page in (calm, wild)
    ]
    assert sizes[0] == sizes[1]
    for page in (calm, wild):
        page.context.close()


def test_the_page_does_not_move_and_nobody_else_is_asked(browser: Browser, shop: Shop) -> None:
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.add_init_script(f"({SHIFTS})()")
    page.goto(shop.put(body="<p>text</p>" * 60))
    before = page.evaluate("[document.documentElement.scrollWidth, document.body.offsetHeight]")
    open_chat(page)
    say(page, "hello")
    part(page, "close").click()
    expect(part(page, "panel")).to_be_hidden()
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert page.evaluate("shifts") == []
    after = page.evaluate("[document.documentElement.scrollWidth, document.body.offsetHeight]")
    assert after == before
    assert {url.split("/")[2] for url in asked} == {
        shop.desk.split("/")[2],
        shop.address.split("/")[2],
    }
    assert page.context.cookies() == []
    page.context.close()


def test_no_module_waits_for_another_to_name_it(browser: Browser, shop: Shop) -> None:
    page = browser.new_context().new_page()
    held: list[Any] = []
    pattern = re.compile(r"/static/widget/v-[0-9a-f]+/\w+\.js")
    page.route(pattern, lambda route: held.append(route))  # noqa: PLW0108 - not a builtin
    page.goto(shop.put())
    deadline = time.monotonic() + 20
    while len(held) < 14 and time.monotonic() < deadline:
        page.evaluate("1")  # while Playwright waits for this, it notes what the page asks for
    assert len(held) == 14
    for route in held:
        route.continue_()
    expect(part(page, "launcher")).to_be_visible()
    page.context.close()


def test_a_returning_visitor_loads_no_module_again(browser: Browser, shop: Shop) -> None:
    context = browser.new_context()
    fetched = []
    for _ in range(2):
        page = context.new_page()
        page.goto(shop.put())
        expect(part(page, "launcher")).to_be_visible()
        fetched = page.evaluate("""() => performance.getEntriesByType('resource')
          .filter((e) => e.name.includes('/static/widget/')).map((e) => e.transferSize > 0)""")
        assert len(fetched) >= 15
    assert not any(fetched)
    context.close()


def test_a_language_that_does_not_come_is_english(browser: Browser, shop: Shop) -> None:
    page = browser.new_context().new_page()
    page.route("**/strings/de.js", lambda route: route.abort())
    page.goto(shop.put(lang="de"))
    expect(part(page, "launcher")).to_have_attribute("aria-label", "Open chat")
    page.context.close()


def test_a_module_that_does_not_come_is_asked_for_again(browser: Browser, shop: Shop) -> None:
    page = browser.new_context().new_page()
    failed: list[str] = []

    def fail_once(route: Any) -> None:
        if failed:
            route.continue_()
            return
        failed.append(route.request.url)
        route.abort()

    page.route("**/log.js", fail_once)
    page.goto(shop.put())
    expect(part(page, "launcher")).to_be_visible(timeout=15_000)
    assert failed
    page.context.close()


@pytest.mark.parametrize(
    ("attributes", "lang", "locale", "label"),
    [
        ("", "fr", "de-DE", "Ouvrir la discussion"),
        ('data-locale="es"', "fr", "de-DE", "Abrir el chat"),
        ("", "tlh", "de-DE", "Chat öffnen"),
        ("", "", "zh-CN", "打开聊天"),
        ("", "tlh", "it-IT", "Open chat"),
    ],
)
def test_language_of_attribute_then_page_then_browser(
    browser: Browser, shop: Shop, attributes: str, lang: str, locale: str, label: str
) -> None:
    page = visit(browser, shop.put(attributes=attributes, lang=lang), locale=locale)
    expect(part(page, "launcher")).to_have_attribute("aria-label", label)
    page.context.close()
