"""The banner of an alarm in two consoles at once, on the real server without a model."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from chromium import watch
from conftest import PASSWORD, add_person
from drafts import handoff
from live import LiveServer
from service.config import Config
from service.records.alarms import AlarmDraft
from service.store import Store, open_store

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SHARE = "48 % this hour (31 of 64 customers); usually 12 %."
LATE = f"Negative messages about delivery late are at {SHARE}"
SURE = "Fewer messages than usual are read surely: 51 % of messages were, usually 79 % to 89 %."


@pytest.fixture
def desk(tmp_path: Path, first_database: Path) -> Iterator[tuple[LiveServer, Store]]:
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(first_database, home / "desk.db")
    store = open_store(Config(home=home))
    for name in ("ana", "ben"):
        add_person(store, f"{name}@desk.example", "operator")
    with LiveServer(home) as server:
        yield server, store
    store.close()


def sign_in(browser: Browser, server: LiveServer, name: str, width: int = 1280) -> Page:
    page = browser.new_context(viewport={"width": width, "height": 720}).new_page()
    page.goto(f"http://127.0.0.1:{server.port}/console")
    page.get_by_test_id("email").fill(f"{name}@desk.example")
    page.get_by_test_id("password").fill(PASSWORD)
    page.get_by_test_id("sign-in").click()
    expect(page.get_by_test_id("live")).to_have_text("Live")
    return page


def test_an_alarm_in_two_consoles(browser: Browser, desk: tuple[LiveServer, Store]) -> None:
    server, store = desk
    conversation_id = store.create_conversation()[0].id
    turn = store.record_turn(handoff(conversation_id, text="WHERE is it <b>now</b>?", trace=None))
    ana, ben = (sign_in(browser, server, name) for name in ("ana", "ben"))
    problems = watch(ana)
    expect(ana.get_by_test_id("alarms")).to_be_hidden()

    draft = AlarmDraft("surge", "delivery_late", LATE, 0.48, 0.12, (turn.message.id,))
    alarm, _ = store.sound_alarm(draft)
    for page in (ana, ben):
        expect(page.get_by_test_id("alarm")).to_contain_text(LATE)
    expect(ana.locator("#announcer")).to_have_text(f"Alarm. {LATE}")
    expect(ana.get_by_test_id("alarm").locator("em")).to_have_text("delivery late")

    store.sound_alarm(AlarmDraft("drift", "sure", SURE, 0.51, 0.84))
    expect(ana.get_by_test_id("alarm")).to_have_count(1)  # the other one is folded away
    ana.get_by_test_id("alarm-more").click()
    expect(ana.get_by_test_id("alarm")).to_have_count(2)

    mine = ana.get_by_test_id("alarm").filter(has_text="delivery late")
    mine.get_by_test_id("alarm-see").click()
    sheet = ana.get_by_test_id("alarm-messages")
    expect(sheet).to_contain_text("WHERE is it <b>now</b>?")
    sheet.get_by_role("link", name="Open the ticket").click()
    expect(ana.get_by_test_id("log")).to_contain_text("WHERE is it")

    mine.get_by_test_id("alarm-acknowledge").click()
    expect(ana.get_by_test_id("alarm-taken")).to_contain_text("You look after it")
    expect(ben.get_by_test_id("alarm-taken")).to_contain_text("Ana looks after it")
    expect(ben.get_by_test_id("toasts")).to_contain_text("Ana looks after it")
    ben.get_by_test_id("alarm-hide").click()
    expect(ben.get_by_test_id("alarm-taken")).to_have_count(0)
    ben.reload()
    expect(ben.get_by_test_id("alarm")).to_have_count(1)
    expect(ben.get_by_test_id("alarm-taken")).to_have_count(0)

    store.end_alarm(alarm.id)
    expect(ana.get_by_test_id("alarm-taken")).to_have_count(0)
    assert problems == []


def test_the_banner_leaves_room_on_a_phone(
    browser: Browser, desk: tuple[LiveServer, Store]
) -> None:
    server, store = desk
    for n in range(12):
        words = (
            f"Negative messages about {'very_long_' * 12}{n} are at 48 % this hour; usually 12 %."
        )
        store.sound_alarm(AlarmDraft("surge", f"intent_{n}", words, 0.48, 0.12))
    page = sign_in(browser, server, "ana", width=320)
    expect(page.get_by_test_id("alarm")).to_have_count(1)
    page.get_by_test_id("alarm-more").click()
    expect(page.get_by_test_id("alarm")).to_have_count(12)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    box = page.get_by_test_id("alarms").bounding_box()
    assert box
    assert box["height"] <= 0.46 * 720
    page.get_by_test_id("alarm-acknowledge").first.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("alarm-taken")).to_have_count(1)
