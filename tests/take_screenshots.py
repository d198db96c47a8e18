"""``make screenshots``: pictures of the running product for README and docs.

Plays a short story on a freshly trained starter desk (or on TEST_STARTER_HOME) that has two weeks
behind it, with the real server and Chromium, and writes docs/screenshots/.
"""

import os
import tempfile
from pathlib import Path

from playwright.sync_api import expect

from busy_desk import live_through
from chromium import chromium
from conftest import PASSWORD
from gallery import take_all
from starter_desk import Starter, frontdesk, running_server
from test_story import HANDED_OVER, Customer, Operator

PICTURES = Path(__file__).parent.parent / "docs" / "screenshots"


def take(home: Path, log: Path) -> None:
    """The widget with an answer, the console with an upset ticket, the release's report."""
    live_through(home)
    frontdesk(home, "review", "--days", "30")
    with running_server(home, log=log) as address, chromium() as browser:
        shopper = Customer(browser, address)
        shopper.say("where is my parcel KM-482913?")
        shopper.expect_answer("KM-482913")
        shopper.page.wait_for_timeout(600)
        shopper.page.screenshot(path=PICTURES / "widget.png")
        for text in (
            "Please let me talk to a real person",
            "My pan arrived with a dent, KM-204418",
        ):
            other = Customer(browser, address)
            other.say(text)
            other.expect_answer(HANDED_OVER)
        shopper.say("Three weeks and STILL nothing. This is ridiculous, I am really angry now!")
        shopper.expect_answer(HANDED_OVER)
        operator = Operator(browser, address, PASSWORD)
        operator.see("ticket").first.click()
        operator.see("act-claim").click()
        expect(operator.see("status")).to_contain_text("Yours")
        operator.see("why").last.click()
        operator.page.wait_for_timeout(600)
        operator.page.screenshot(path=PICTURES / "console.png")
        release = (home / "releases" / "champion").read_text().strip()
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto((home / "releases" / release / "report.html").absolute().as_uri())
        page.screenshot(path=PICTURES / "report.png")
        take_all(browser, address, PICTURES)


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        trained = os.environ.get("TEST_STARTER_HOME")
        if trained:
            Starter(Path(trained), {}, 0).copy(home)
        else:
            frontdesk(home, "init")
            frontdesk(home, "train")
        take(home, Path(folder) / "server.log")


if __name__ == "__main__":
    main()
