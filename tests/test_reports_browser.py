"""Reports in a real browser: figures, charts with tables behind them, CSV, and honest words."""

import csv
import os
import shutil
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from axe import findings
from conftest import PASSWORD_HASH
from desk_console import picture, sign_in, too_wide
from drafts import draft, handoff, trace
from live import LiveServer
from service.config import Config
from service.records.content import Intent
from service.records.settings import DeskSettings
from service.store import Store, open_store

pytestmark = pytest.mark.browser

PICTURES = os.environ.get("TEST_PICTURES")  # a folder to look at what the tests see
ATTACK = '=HYPERLINK("https://evil.example","<img src=x>")'


@pytest.fixture(scope="module")
def desk(
    tmp_path_factory: pytest.TempPathFactory, first_database: Path
) -> Iterator[tuple[LiveServer, Store]]:
    home = tmp_path_factory.mktemp("desk") / "home"
    home.mkdir()
    shutil.copy(first_database, home / "desk.db")
    store = open_store(Config(home=home))
    store.add_operator("ana@desk.example", "Ana", "admin", PASSWORD_HASH)
    store.add_operator("ben@desk.example", ATTACK, "operator", PASSWORD_HASH)
    with LiveServer(home) as server:
        yield server, store
    store.close()


def fill_desk(store: Store) -> None:
    """A morning of yesterday: six answers, a ticket that was resolved, a label, a rating."""
    ben = store.operator_by_email("ben@desk.example").id
    conversation = store.create_conversation()[0].id
    for number in range(6):
        turn = store.record_turn(draft(conversation, str(number), trace=trace(intent="greeting")))
        assert turn.reply
    store.correct_message(turn.message.id, ben, intent="greeting")
    store.record_feedback(conversation, turn.reply.id, helpful=True, rating=4)
    ticket = store.record_turn(handoff(conversation, "late", text="a person")).ticket
    assert ticket
    store.post_operator_message(ticket.id, ben, client_id="r", text="Here.")
    store.resolve_ticket(ticket.id, ben, None)


def age(home: Path, days: int) -> None:
    """Move all that happened into the past."""
    then = (datetime.now(UTC) - timedelta(days=days)).strftime("%Y-%m-%dT09:30:00.000Z")
    with sqlite3.connect(home) as db:
        for table, column in (("turn", "at"), ("message", "at"), ("conversation", "created_at")):
            db.execute(f"UPDATE {table} SET {column} = ?", (then,))


def figure(page: Page, name: str):  # type: ignore[no-untyped-def]
    return page.locator(f'.tile[data-name="{name}"]')


def test_reports_from_an_empty_desk_to_figures_charts_and_files(
    browser: Browser, desk: tuple[LiveServer, Store], tmp_path: Path
) -> None:
    server, store = desk
    zone = {"timezone_id": "Asia/Kathmandu"}
    page, problems = sign_in(browser, server, "ana", "reports", **zone)
    body = page.get_by_test_id("reports")
    expect(body).to_contain_text("Nobody wrote in this time.")
    expect(figure(page, "Right answers")).to_contain_text("nobody has labelled an answer")
    expect(page.get_by_test_id("report-hours")).to_contain_text("No customer wrote")
    assert page.locator(".chart").count() == 0
    assert findings(page) == []

    fill_desk(store)
    page.get_by_test_id("period-7").click()
    expect(figure(page, "Messages").locator("strong")).to_have_text("7")
    expect(figure(page, "Messages")).to_contain_text("from none")
    expect(figure(page, "Answered").locator("strong")).to_have_text("85.7 %")
    expect(figure(page, "Right answers")).to_contain_text("by 1 label; likely 20.6 % to 100.0 %")
    expect(figure(page, "Right answers")).to_contain_text("too few to be sure")
    expect(figure(page, "Satisfaction")).to_contain_text("4.0 of 5")
    messages = page.get_by_test_id("report-messages")
    expect(messages.get_by_role("img", name="What became of messages")).to_be_visible()
    messages.locator("summary").click()
    expect(messages.locator("tbody tr")).to_have_count(7)
    expect(messages.locator("tbody tr").last.locator("td")).to_have_text(["7", "6", "0", "1"])
    expect(page.get_by_test_id("report-operators")).to_contain_text(ATTACK)
    expect(page.get_by_test_id("report-unused")).to_contain_text("Gift card")
    assert page.locator("img").count() == 0

    with page.expect_download() as caught:
        page.get_by_test_id("csv-operators").click()
    file = tmp_path / "operators.csv"
    caught.value.save_as(file)
    rows = list(csv.reader(file.read_text(encoding="utf-8-sig").splitlines()))
    assert rows[1][:4] == [f"'{ATTACK}", "1", "1", "1"]  # text, and no formula

    age(store.path, 40)  # type: ignore[attr-defined]
    page.get_by_test_id("period-30").click()
    expect(body).to_contain_text("In the period before, somebody did.")
    page.get_by_test_id("period-90").click()
    expect(figure(page, "Messages").locator("strong")).to_have_text("7")
    then = datetime.now(UTC) - timedelta(days=40)
    # 09:30 UTC is a quarter past three in the afternoon in Nepal.
    rects = page.locator(".chart-heat .heat-cell title")
    expect(rects).to_have_text([f"{then:%A} 15:00: 7"])
    page.get_by_test_id("period-own").click()
    page.get_by_test_id("report-from").fill(f"{then:%Y-%m-%d}")
    page.get_by_test_id("report-to").fill(f"{then:%Y-%m-%d}")
    expect(figure(page, "Messages").locator("strong")).to_have_text("7")
    expect(page.get_by_test_id("report-messages")).to_contain_text("By the hour")
    page.get_by_test_id("report-to").fill("2001-01-01")
    expect(body).to_contain_text("Choose a first day that is not after the last one.")
    assert problems == []


@pytest.mark.slow
def test_reports_fit_every_width_and_are_accessible(
    browser: Browser, desk: tuple[LiveServer, Store]
) -> None:
    server, store = desk
    fill_desk(store)
    name = "ein_sehr_langer_name_" * 4
    store.save_intent(Intent(name, "long", "Long"))
    conversation = store.create_conversation()[0].id
    store.record_turn(draft(conversation, "long", trace=trace(intent=name)))
    assert store.content().settings != DeskSettings()
    for width, scheme in ((1440, "dark"), (768, "light"), (320, "light")):
        look = {"viewport": {"width": width, "height": 800}, "color_scheme": scheme}
        page, problems = sign_in(browser, server, "ana", "reports", **look)
        expect(page.locator(".chart-heat")).to_be_visible()
        for summary in page.locator("desk-reports summary").all():
            summary.click()
        assert findings(page) == [], (width, scheme)
        assert too_wide(page) == [], (width, scheme)
        picture(page, PICTURES, f"reports-{width}-{scheme}")
        assert problems == []
        page.context.close()


def test_an_operator_sees_only_his_own_figures(
    browser: Browser, desk: tuple[LiveServer, Store]
) -> None:
    server, store = desk
    fill_desk(store)
    ana = store.operator_by_email("ana@desk.example").id
    ticket = store.record_turn(handoff(store.create_conversation()[0].id)).ticket
    assert ticket
    store.post_operator_message(ticket.id, ana, client_id="r", text="Hello.")
    page, _ = sign_in(browser, server, "ben", "reports")
    panel = page.get_by_test_id("report-operators")
    expect(panel.locator("tbody tr")).to_have_count(1)
    expect(panel).to_contain_text("Your own figures")
    expect(panel).not_to_contain_text("Ana")
