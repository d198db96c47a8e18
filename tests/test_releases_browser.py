"""The console's page of releases and nights in a real browser, on the real server."""

import hashlib
import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from chromium import watch
from index.champion import champion
from starter_desk import Starter, frontdesk, running_server
from test_damage import cut, twin
from test_nights import write_night
from test_story import PASSWORD

pytestmark = [pytest.mark.model, pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(900)]

SLOWLY = 300_000  # ms: two models are loaded beside the one that serves


def careful(home: Path) -> str:
    """A release that answers only what it is next to certain of; its id."""
    name = twin(home)
    folder = home / "releases" / name
    file, manifest = folder / "calibration.json", folder / "manifest.json"
    calibration = json.loads(file.read_text())
    calibration["thresholds"] |= {"answer": 0.9999, "clarify": 0.9998}
    file.write_text(json.dumps(calibration))
    told = json.loads(manifest.read_text())
    told["files"]["calibration.json"] = hashlib.sha256(file.read_bytes()).hexdigest()
    manifest.write_text(json.dumps(told))
    return name


def post(address: str, path: str, body: Any, token: str = "") -> Any:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    asked = urllib.request.Request(f"{address}/api/v1{path}", json.dumps(body).encode(), headers)
    with urllib.request.urlopen(asked, timeout=30) as answer:
        return json.load(answer)


def customers_write(address: str) -> None:
    for text in ("where is my order KM-482913?", "how do I send it back", "what can I pay with?"):
        begun = post(address, "/conversations", {})
        path = f"/conversations/{begun['conversation']['id']}/messages"
        post(address, path, {"client_id": "1", "text": text}, begun["token"])


class Visitor:
    """Somebody at the page of releases."""

    def __init__(self, browser: Browser, address: str, email: str) -> None:
        self.page: Page = browser.new_context(viewport={"width": 1200, "height": 900}).new_page()
        self.problems = watch(self.page)
        self.page.goto(f"{address}/console#/releases")
        self.see("email").fill(email)
        self.see("password").fill(PASSWORD)
        self.see("sign-in").click()
        expect(self.see("release").first).to_be_visible(timeout=20_000)

    def see(self, name: str) -> Locator:
        return self.page.get_by_test_id(name)

    def card(self, release: str) -> Locator:
        return self.see("release").filter(has_text=release)


def test_an_admin_sees_what_changes_promotes_and_rolls_back(
    browser: Browser, starter: Starter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("starter_desk.READY_SECONDS", SLOWLY / 1000)
    home = starter.copy(tmp_path / "home")
    old, new = champion(home / "releases"), careful(home)
    for name, role in (("ada", "admin"), ("olga", "operator")):
        account = ["operator", "add", f"{name}@desk.example", "--role", role]
        frontdesk(home, *account, "--password", PASSWORD)
    with running_server(home, log=tmp_path / "server.log") as address:
        customers_write(address)
        ada = Visitor(browser, address, "ada@desk.example")
        expect(ada.see("no-nights")).to_contain_text("The first night has not run yet")
        expect(ada.see("release").first).to_contain_text(str(old))
        promote(ada, old=str(old), new=new)
        look_at_a_night(ada, home)
        roll_back(ada, old=str(old), new=new)
        olga = Visitor(browser, address, "olga@desk.example")
        for admins in ("promote", "rollback", "look"):
            expect(olga.see(admins)).to_have_count(0)
        read_the_report(olga)
        see_the_damage(olga, home, old=str(old), new=new)
        assert ada.problems + olga.problems == []


def promote(ada: Visitor, *, old: str, new: str) -> None:
    """Nothing was compared yet: that is done first, and can be waited for."""
    ada.card(new).get_by_test_id("promote").click()
    expect(ada.see("comparing")).to_be_visible()
    expect(ada.see("promotion-act")).to_have_text("Promote without comparing")
    lost = ada.see("kind-answer_lost")
    expect(lost).to_contain_text("No longer answered", timeout=SLOWLY)
    expect(lost.get_by_test_id("change").first).to_contain_text("Track order")
    expect(lost).to_contain_text("where is my order KM-482913?")
    ada.see("promotion-act").click()
    expect(ada.see("promotion")).to_have_count(0)
    expect(ada.see("release").first).to_contain_text(new)
    expect(ada.card(old)).to_contain_text("champion before")
    # What it changed stays to be seen, as what the nights promote.
    expect(ada.card(new).get_by_test_id("diff-line")).to_contain_text("It changed")
    expect(ada.see("taking-over")).to_have_count(0, timeout=SLOWLY)


def look_at_a_night(ada: Visitor, home: Path) -> None:
    """It appears by itself; its verdict is a table."""
    words = "a reason of many words " * 30
    write_night(home, 21, stage="kept", reason=words, ended_at="2026-11-21T03:07:00Z")
    broken = write_night(home, 22)
    (home / "nights" / broken / "night.json").write_text('{"id": "nig_')
    expect(ada.see("night")).to_contain_text("Champion kept", timeout=30_000)
    expect(ada.see("unreadable")).to_contain_text(broken)
    ada.see("night").locator("summary").click()
    expect(ada.see("check")).to_have_count(2)
    failed = ada.see("check").filter(has_text="Failed")
    expect(failed).to_contain_text("Worse in refund (6 worse, 0 better).")
    ada.page.set_viewport_size({"width": 320, "height": 640})
    wide = "e => [...e.querySelectorAll('*')].filter(x => x.scrollWidth > innerWidth).length"
    assert ada.see("releases").evaluate(wide) == 0
    ada.page.set_viewport_size({"width": 1200, "height": 900})


def roll_back(ada: Visitor, *, old: str, new: str) -> None:
    ada.see("rollback").click()
    expect(ada.see("kind-answer_gained")).to_be_visible(timeout=SLOWLY)
    ada.see("promotion-act").click()
    expect(ada.see("release").first).to_contain_text(old)
    expect(ada.card(new).get_by_test_id("diff-line")).to_contain_text("It would change")


def read_the_report(olga: Visitor) -> None:
    with olga.page.context.expect_page() as opened:
        olga.see("report").first.click()
    expect(opened.value.get_by_role("heading", level=1)).to_be_visible()
    opened.value.close()


def see_the_damage(olga: Visitor, home: Path, *, old: str, new: str) -> None:
    cut(home / "releases" / new)
    (home / "releases" / "champion").write_text(f"{new}\n")
    told = olga.see("release-problem")
    expect(told).to_contain_text("is not what was written", timeout=60_000)
    expect(told).to_contain_text(f"The release {old} speaks on")
    expect(olga.card(old).get_by_test_id("speaks")).to_be_visible()
