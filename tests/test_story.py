"""The main job in two real browsers, a customer's and an operator's, on the starter desk."""

import json
import re
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, expect

from chromium import watch
from starter_desk import Starter, frontdesk, running_server

pytestmark = [
    pytest.mark.model,
    pytest.mark.browser,
    pytest.mark.slow,
]

PASSWORD = "a-password-for-ana"


@pytest.fixture
def home(starter: Starter, tmp_path: Path) -> Path:
    home = starter.copy(tmp_path / "home")
    frontdesk(home, "operator", "add", "ana@desk.example", "--name", "Ana", "--password", PASSWORD)
    return home


class Customer:
    """Somebody at the widget of the demo page."""

    def __init__(self, browser: Browser, address: str) -> None:
        self.page = browser.new_context(viewport={"width": 1200, "height": 800}).new_page()
        self.problems = watch(self.page)
        self.page.goto(address)
        self.page.locator("[part=launcher]").click()

    def say(self, text: str) -> None:
        self.page.locator("[part=input]").fill(text)
        self.page.locator("[part=input]").press("Enter")
        expect(self.said_by("customer").last).to_contain_text(text)

    def said_by(self, author: str) -> Locator:
        return self.page.locator(f"[part=message][data-author={author}] [part=bubble]")

    def expect_answer(self, words: str | re.Pattern[str]) -> None:
        expect(self.said_by("desk").last).to_contain_text(words, timeout=10_000)


class Operator:
    """Ana in the console."""

    def __init__(self, browser: Browser, address: str, password: str = PASSWORD) -> None:
        self.page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
        self.problems = watch(self.page)
        self.page.goto(f"{address}/console")
        self.see("email").fill("ana@desk.example")
        self.see("password").fill(password)
        self.see("sign-in").click()
        expect(self.see("operator")).to_contain_text("Ana")

    def see(self, name: str) -> Locator:
        return self.page.get_by_test_id(name)


def test_the_whole_story(browser: Browser, home: Path, tmp_path: Path) -> None:
    with running_server(home, log=tmp_path / "server.log") as address:
        calm, customer = Customer(browser, address), Customer(browser, address)
        operator = Operator(browser, address)
        misread = ask_and_be_answered(customer)
        calm.say("Please let me talk to a real person")
        calm.expect_answer(HANDED_OVER)
        expect(operator.see("ticket")).to_have_count(1)
        customer.say(ANGRY)
        customer.expect_answer(HANDED_OVER)
        handle(operator, customer)
        correct(operator, misread, REALLY)
        learn(home, address, misread)
        assert customer.problems + calm.problems + operator.problems == []


HANDED_OVER = re.compile("colleague|person")
ANGRY = "This is outrageous!! Nobody helps me, you are useless. I am furious and sick of waiting!"


def ask_and_be_answered(customer: Customer) -> str:
    """The right answer; a missing fact asked for; a question back whose choice works."""
    customer.say("where is my parcel KM-482913?")
    customer.expect_answer("KM-482913")
    customer.say("what can I pay with?")
    customer.expect_answer(re.compile("card|PayPal", re.IGNORECASE))
    customer.say(UNCLEAR)
    choice = customer.page.locator("[part=suggestion]").first
    expect(choice).to_be_visible(timeout=10_000)
    wanted = choice.inner_text()
    choice.click()
    expect(customer.said_by("customer").last).to_contain_text(wanted)
    expect(customer.page.locator("[part=message][data-author=desk]").last).not_to_contain_text(
        "Is it one of these", timeout=10_000
    )
    return UNCLEAR


UNCLEAR = "my address and my delivery"  # two things at once, and no request
REALLY = "change_delivery_address"


def handle(operator: Operator, customer: Customer) -> None:
    """The angry customer's ticket is on top; the reply arrives at once, in both directions."""
    expect(operator.see("ticket")).to_have_count(2)
    top = operator.see("ticket").first
    expect(top).to_contain_text("outrageous")
    expect(top.get_by_test_id("priority")).to_contain_text("Urgent")
    top.click()
    operator.see("act-claim").click()
    expect(customer.page.locator("[part=status]")).to_contain_text("Ana")
    operator.see("composer-text").fill("I am Ana, and I will sort this out with you now.")
    operator.see("send").click()
    expect(customer.said_by("operator").last).to_contain_text("I am Ana", timeout=2_000)
    customer.say("Thank you. It is about the boots.")
    expect(operator.see("log")).to_contain_text("It is about the boots.", timeout=2_000)
    expect(customer.said_by("operator")).to_have_count(1)


def correct(operator: Operator, text: str, wanted: str) -> None:
    """The operator says what the unclear message really was, and resolves; asked for what the
    angry one was about, he says nothing."""
    message = operator.see("message-customer").filter(has_text=text)
    message.get_by_test_id("correct").click()
    operator.see("correct-search").fill(wanted.replace("_", " "))
    operator.see("correction").locator(f"[data-intent={wanted}]").click()
    operator.see("correct-save").click()
    chip = message.get_by_test_id("intent-chip")
    expect(chip).to_have_attribute("data-state", re.compile("corrected|confirmed"))
    operator.see("act-resolve").click()
    expect(operator.see("resolving")).to_contain_text("outrageous")
    operator.see("resolving-silent").click()
    expect(operator.see("status")).to_contain_text("Resolved")


def learn(home: Path, address: str, text: str) -> None:
    """``frontdesk train`` learns it, and the running server reads with the new release."""
    before = confidence_in(REALLY, home, text)
    report = frontdesk(home, "train")
    deadline = time.monotonic() + 30  # 2 s where nothing runs beside it
    while release_of(address) != report["release"]:
        assert time.monotonic() < deadline, "the server did not take the new release"
        time.sleep(0.2)
    assert confidence_in(REALLY, home, text) > before + 0.1


def release_of(address: str) -> str:
    """The release that the running server reads with."""
    with urllib.request.urlopen(f"{address}/readyz", timeout=10) as response:
        return str(json.load(response)["release"])


def confidence_in(intent: str, home: Path, text: str) -> float:
    """How sure ``frontdesk read`` is that a text has this intent; 0 outside of the first five."""
    command = [sys.executable, "-m", "service", "--home", str(home), "read"]
    done = subprocess.run(command, input=f"{text}\n".encode(), capture_output=True, check=True)
    found: list[dict[str, Any]] = json.loads(done.stdout)["intents"]
    return next((float(e["confidence"]) for e in found if e["label"] == intent), 0.0)
