"""Two operators in real browsers label a message, take it back, disagree and settle it."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from chromium import watch
from conftest import PASSWORD, PASSWORD_HASH
from drafts import handoff, trace
from live import LiveServer
from service.config import Config
from service.store import open_store
from small_desk import small_desk

pytestmark = pytest.mark.browser

TEXT = "When does my parcel come, and what do I do if nobody is at home?"
PICTURES = os.environ.get("TEST_PICTURES")  # a folder to look at what the test sees


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A desk with two operators and one ticket, whose message a model has read."""
    home = tmp_path / "home"
    home.mkdir()
    store = open_store(Config(home=home))
    store.replace_content(small_desk())
    for name in ("Ana", "Ben"):
        store.add_operator(f"{name.lower()}@desk.example", name, "operator", PASSWORD_HASH)
    conversation, _ = store.create_conversation(name="Uma")
    read = trace("handoff", "delivery_cost")
    read["reading"] |= {"in_scope": 0.9, "entities": []}
    read |= {"hits": [], "thresholds": {"in_scope": 0.5}}
    read["route"] |= {"slots": {}, "choices": []}
    store.record_turn(handoff(conversation.id, text=TEXT, trace=read))
    store.close()
    return home


class Operator:
    """Somebody in the console, with the ticket open."""

    def __init__(self, browser: Browser, server: LiveServer, name: str, **look: object) -> None:
        self.page: Page = browser.new_context(**look).new_page()  # type: ignore[arg-type]
        self.problems = watch(self.page)
        self.page.goto(f"http://127.0.0.1:{server.port}/console")
        self.see("email").fill(f"{name}@desk.example")
        self.see("password").fill(PASSWORD)
        self.see("sign-in").click()
        self.see("ticket").first.click()
        self.chip = self.see("intent-chip")
        expect(self.chip).to_contain_text("Delivery cost")

    def see(self, name: str):  # type: ignore[no-untyped-def]
        return self.page.get_by_test_id(name)

    def correct(self, words: str) -> None:
        self.see("correct").click()
        self.see("correct-search").fill(words)
        self.page.keyboard.press("Enter")
        self.see("correct-save").click()
        expect(self.see("correction")).to_have_count(0)

    def picture(self, name: str) -> None:
        if PICTURES:
            self.page.screenshot(path=f"{PICTURES}/{name}.png")


def test_labels_are_taken_back_and_contradictions_settled(
    browser: Browser, home: Path, tmp_path: Path
) -> None:
    with LiveServer(home) as server:
        wide = {"viewport": {"width": 1440, "height": 900}}
        narrow = {"viewport": {"width": 320, "height": 640}, "color_scheme": "dark"}
        ana, ben = (
            Operator(browser, server, "ana", **wide),
            Operator(browser, server, "ben", **narrow),
        )

        ana.see("confirm").click()
        expect(ana.chip).to_have_attribute("data-state", "confirmed")
        expect(ben.chip).to_have_attribute("data-state", "confirmed")  # told live
        ana.picture("confirmed")
        ana.see("toasts").get_by_role("button", name="Undo").click()
        expect(ana.chip).to_have_attribute("data-state", "read")
        expect(ana.see("undo")).to_have_count(0)
        expect(ana.see("toasts")).to_contain_text("Taken back")

        ana.correct("track")
        expect(ana.chip).to_contain_text("Track order")
        expect(ana.chip).to_have_attribute(
            "title", "The desk read Delivery cost 0.90; Ana corrected it"
        )
        expect(ben.chip).to_contain_text("Track order")
        ben.correct("return")
        for operator, said in (
            (ana, "You said Track order, Ben said"),
            (ben, "Ana said Track order, You said"),
        ):
            expect(operator.see("conflict")).to_contain_text(f"{said} Return policy")
            expect(operator.chip).to_contain_text("Return policy")  # the last one is shown
        ana.picture("conflict-wide")
        ben.picture("conflict-narrow-dark")

        ben.see("undo").click()
        expect(ana.see("conflict")).to_have_count(0)
        ben.correct("gift")
        ana.see("conflict").get_by_role("button", name="It is Track order").click()
        for operator in (ana, ben):
            expect(operator.see("conflict")).to_have_count(0)
            expect(operator.chip).to_contain_text("Track order")
        ben.correct("gift")
        ana.see("nav-agreement").click()
        expect(ana.see("operator-agreement")).to_have_count(1)  # her own; all are for admins
        expect(ana.see("agreement").get_by_test_id("conflict")).to_contain_text(
            "Ben said Gift card"
        )
        ana.picture("agreement")
        ana.page.keyboard.press("Escape")
        ben.see("back").click()
        ben.see("nav-agreement").click()
        dialog = ben.see("agreement")
        expect(dialog.get_by_test_id("conflict")).to_be_visible()
        ben.picture("agreement-narrow-dark")
        dialog.get_by_role("button", name="It is Gift card").click()
        expect(dialog).to_contain_text("Nothing to settle")
        ben.picture("agreement-empty")
        ben.page.keyboard.press("Escape")
        ben.see("ticket").first.click()
        expect(ana.see("conflict")).to_have_count(0)
        ana.correct("track")
        ben.see("settle-other").click()
        ben.see("correct-search").fill("hello")
        expect(ben.see("correction").locator("input[type=radio]:checked")).to_have_count(0)
        ben.picture("settle-other")
        ben.page.keyboard.press("Enter")
        with ben.page.expect_request("**/labels/settle") as settled:
            ben.see("correct-save").click()
        posted = settled.value.post_data_json
        assert {"intent": "greeting", "messages": posted["messages"]} == posted  # no guessed mood
        expect(ana.chip).to_contain_text("Greeting")
        expect(ana.see("conflict")).to_have_count(0)
        assert ana.problems + ben.problems == []
