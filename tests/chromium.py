"""The system's Chromium, and what a page in it complains about."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser, closed afterwards."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


def watch(page: Page) -> list[str]:
    """Everything that the page complains about."""
    problems: list[str] = []

    def note(line: ConsoleMessage) -> None:
        # The console asks who is signed in before anybody is: the browser reports that 401.
        expected = "401 (UNAUTHORIZED)" in line.text and "/sessions" in line.location["url"]
        if line.type in ("error", "warning") and not expected:
            problems.append(line.text)

    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", note)
    return problems
