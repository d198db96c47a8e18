"""A shop that embeds the widget: pages on an origin of their own, and hands on the widget in them.

Used by the browser tests of the widget; ``findings`` is what axe has to say of any page.
"""

import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from playwright.sync_api import Browser, Locator, Page, expect

from axe import AUDIT, AXE
from chromium import watch

RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "rules": {"target-size": {"enabled": True}},
}
# axe cannot tell the contrast inside a shadow whose host has no size: this is WCAG's own formula.
CONTRAST = """() => {
  const colour = (text) => {
    const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number);
    return text.startsWith('color(') ? [r * 255, g * 255, b * 255, a] : [r, g, b, a];
  };
  const over = ([r, g, b, a], under) => [r, g, b].map((v, i) => v * a + under[i] * (1 - a));
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((v) => v / 255)
      .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (a, b) => {
    const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
  };
  const ground = (element) => {
    if (!element) return [255, 255, 255];
    return over(colour(getComputedStyle(element).backgroundColor), ground(element.parentElement));
  };
  const seen = (element, text) => {
    let [front, back] = [over(colour(text), ground(element)), ground(element)];
    for (let at = element; at; at = at.parentElement) {
      const opacity = Number(getComputedStyle(at).opacity);
      const under = ground(at.parentElement);
      [front, back] = [over([...front, opacity], under), over([...back, opacity], under)];
    }
    return ratio(front, back);
  };
  const root = document.querySelector('frontdesk-widget').shadowRoot;
  const found = [];
  for (const element of root.querySelectorAll('.root *')) {
    const style = getComputedStyle(element);
    const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!element.checkVisibility({ opacityProperty: true })) continue;
    if (element.closest('[aria-disabled=true], .unseen')) continue;
    const large = parseFloat(style.fontSize) >= 24;
    const colours = own ? [style.color] : [];
    if (element.placeholder && !element.value)
      colours.push(getComputedStyle(element, '::placeholder').color);
    if (element.matches('.icon')) colours.push(style.color);
    for (const text of colours) {
      const least = large || element.matches('.icon') ? 3 : 4.5;
      const contrast = seen(element, text);
      if (contrast < least - 0.05)
        found.push(`contrast: ${element.outerHTML.slice(0, 60)} ${contrast.toFixed(2)}`);
    }
  }
  return found;
}"""
PAGE = """<!doctype html>
<html lang="{lang}">
<head><meta charset="utf-8"><title>A shop</title>
<meta name="viewport" content="width=device-width, initial-scale=1">{head}</head>
<body><main><h1>A shop</h1><p>Socks, and other <a href="#socks">socks</a>.</p>{body}</main>
<script src="{desk}/widget.js" {attributes}></script>{foot}</body>
</html>"""


class Shop:
    """A site on loopback; ``pages`` maps a path to headers and body."""

    def __init__(self, desk: str) -> None:
        self.desk = desk
        self.pages: dict[str, tuple[Mapping[str, str], str]] = {}
        shop = self

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                headers, body = shop.pages.get(self.path, ({}, ""))
                self.send_response(200 if body else 204)  # the icon
                for name, value in (
                    {"Content-Type": "text/html; charset=utf-8"} | dict(headers)
                ).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.address = f"http://127.0.0.1:{self.server.server_port}"

    def put(
        self,
        *,
        attributes: str = "",
        head: str = "",
        body: str = "",
        foot: str = "",
        lang: str = "en",
        headers: Mapping[str, str] | None = None,
        path: str = "/",
    ) -> str:
        """Publish a page with the widget; returns its address."""
        html = PAGE.format(
            desk=self.desk, attributes=attributes, head=head, body=body, foot=foot, lang=lang
        )
        self.pages[path] = (headers or {}, html)
        return self.address + path


@contextmanager
def open_shop(desk: str) -> Iterator[Shop]:
    """The shop, until the block ends."""
    shop = Shop(desk)
    thread = threading.Thread(target=shop.server.serve_forever, daemon=True)
    thread.start()
    yield shop
    shop.server.shutdown()
    shop.server.server_close()
    thread.join()


def visit(browser: Browser, address: str, *, width: int = 1280, **options: Any) -> Page:
    """A new customer on the page, with the widget there; ``complaints`` collects what is wrong."""
    context = browser.new_context(viewport={"width": width, "height": 800}, **options)
    page = context.new_page()
    complaints = watch(page)
    page.goto(address)
    page.wait_for_selector("frontdesk-widget", state="attached")
    page.complaints = complaints  # type: ignore[attr-defined]
    return page


def part(page: Page, name: str) -> Locator:
    """A part of the widget, inside its shadow."""
    return page.locator(f"frontdesk-widget [part~='{name}']")


def open_chat(page: Page) -> None:
    part(page, "launcher").click()
    expect(part(page, "panel")).to_be_visible()


def say(page: Page, text: str) -> None:
    """Write a message and wait until the desk has it."""
    part(page, "input").fill(text)
    part(page, "input").press("Enter")
    expect(part(page, "message").filter(has_text=text).last).to_have_attribute("data-state", "sent")


def await_stillness(page: Page) -> None:
    """Until nothing moves but what always does."""
    page.evaluate("""() => Promise.all([document, ...[...document.querySelectorAll('*')]
      .flatMap((e) => e.shadowRoot ?? [])].flatMap((root) => root.getAnimations())
      .filter((a) => a.effect.getTiming().iterations !== Infinity)
      .map((a) => a.finished.catch(() => {})))""")


def findings(page: Page) -> list[str]:
    """What axe finds, up to WCAG 2.2 AA, and what is too pale; nothing moves meanwhile."""
    await_stillness(page)
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    told = [re.sub(r"\s+", " ", found) for found in page.evaluate(AUDIT, RULES)]
    return told + list(page.evaluate(CONTRAST))
