"""Somebody in the console, in a real browser: what tests of its pages share."""

from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, expect

from chromium import watch
from conftest import PASSWORD
from live import LiveServer

WIDER = """() => [...document.querySelectorAll("main *")].filter((element) =>
    element.getBoundingClientRect().right > document.documentElement.clientWidth + 1
    && !element.closest(".table-scroll, .content-tabs, .sr")
).map((element) => element.outerHTML.slice(0, 100))"""


def sign_in(
    browser: Browser, server: LiveServer, name: str, place: str = "", **options: object
) -> tuple[Page, list[str]]:
    """A signed-in person's own browser at this place, and what the page complains about."""
    look = {"viewport": {"width": 1280, "height": 860}} | options
    context: BrowserContext = browser.new_context(**look)  # type: ignore[arg-type]
    page = context.new_page()
    problems = watch(page)
    page.goto(f"http://127.0.0.1:{server.port}/console#/{place}")
    page.get_by_test_id("email").fill(f"{name}@desk.example")
    page.get_by_test_id("password").fill(PASSWORD)
    page.get_by_test_id("sign-in").click()
    expect(page.get_by_test_id("live")).to_have_text("Live", timeout=20_000)
    return page, problems


def visit(page: Page, place: str) -> None:
    page.evaluate("place => { location.hash = place }", f"#/{place}")


def too_wide(page: Page) -> list[str]:
    """Elements that reach beyond the page."""
    found: list[str] = page.evaluate(WIDER)
    return found


def picture(page: Page, folder: str | None, name: str) -> None:
    """A screenshot to look at, where somebody wants one."""
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png")
