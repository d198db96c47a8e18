"""How soon the console is usable with 5,000 tickets: ``python -m benchmarks.console --home HOME``.

The real server on a copy of a trained home with 5,000 tickets and 100,000 messages, opened in real
Chromium: until the first tickets are drawn and the stream is live, when nothing is in the browser's
cache and when everything is; then lists and searches over HTTP, as the console asks for them.
Loopback only. Prints a table.
"""

import argparse
import http.client
import statistics
import tempfile
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import Browser, sync_playwright

from benchmarks.inbox import QUERIES, make
from benchmarks.load.homes import copy_home, opened
from benchmarks.load.servers import call, frontdesk
from service.passwords import hash_password
from service.sqlite.store import SqliteStore

CHROMIUM = "/usr/bin/chromium"
EMAIL, PASSWORD = "bench@desk.example", "a heap of gravel"
ROUNDS = 7
GOAL_OPEN, GOAL_LIST = 1000, 100  # ms
USABLE = """() => document.querySelector("[data-testid=ticket]")
  && document.querySelector("[data-testid=live]")?.textContent === "Live"
  ? performance.now() : false"""


def main() -> None:
    """Make the desk, measure, print."""
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        home = copy_home(options.home, Path(folder) / "home")
        with closing(SqliteStore.open(home / "desk.db")) as store:
            make(store, options.tickets, 20 * options.tickets)
            while store.tick_tickets():
                pass
        with opened(home) as desk:
            operator = desk.add_operator(EMAIL, "Bench", "operator", hash_password(PASSWORD))
            token = desk.create_api_token(operator.id)
        log = Path(folder) / "frontdesk.log"
        with frontdesk(home, options.port, log), sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            cold, warm = _open(browser, f"http://127.0.0.1:{options.port}/console")
            browser.close()
            print(f"{options.tickets} tickets, medians and the slowest of {ROUNDS}, in ms")
            _print("console, nothing cached", cold, GOAL_OPEN)
            _print("console, once more", warm, GOAL_OPEN)
            for query in QUERIES:
                took = _ask(options.port, token, query)
                _print(f"tickets: {query or 'the whole inbox'}", took, GOAL_LIST)


def _open(browser: Browser, address: str) -> tuple[list[float], list[float]]:
    """Until the console can be used, in ms from the beginning of the navigation."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        context = browser.new_context()
        page = context.new_page()
        page.goto(address)
        page.get_by_test_id("email").fill(EMAIL)
        page.get_by_test_id("password").fill(PASSWORD)
        page.get_by_test_id("sign-in").click()
        page.wait_for_function(USABLE)
        state = context.storage_state()
        context.close()
        context = browser.new_context(storage_state=state)
        for found in times:  # the first with an empty cache, then again with what that left
            page = context.new_page()
            page.goto(address)
            usable = page.wait_for_function(USABLE, polling="raf").json_value()
            found.append(float(usable))
            page.close()
        context.close()
    return times


def _ask(port: int, token: str, query: str) -> list[float]:
    """Milliseconds of a page of tickets over HTTP."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    took = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        call(connection, "GET", f"/api/v1/tickets?q={quote(query)}", token=token)
        took.append(1000 * (time.perf_counter() - start))
    connection.close()
    return took


def _print(name: str, took: list[float], goal: float) -> None:
    middle = statistics.median(took)
    told = "" if middle <= goal else f"  over {goal}"
    print(f"{middle:8.1f} {max(took):8.1f}  {name}{told}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.console", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="a trained home, only read")
    parser.add_argument("--tickets", type=int, default=5000)
    parser.add_argument("--port", type=int, default=8793)
    return parser.parse_args()


if __name__ == "__main__":
    main()
