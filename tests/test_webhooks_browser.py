"""The console's page of webhooks in a real browser, on the real server, with a real receiver."""

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from axe import findings
from conftest import PASSWORD, add_person
from live import LiveServer
from receiver import Receiver, receiving
from service.config import Config
from service.store import Store
from service.webhooks import EVENTS, Try
from test_courier import verified
from test_settings_browser import WIDER, XSS, Visitor

pytestmark = pytest.mark.browser

LONG = f"https://93.184.215.14/{'in-a-path-that-is-long/' * 8}?token={'t' * 60}"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@pytest.fixture
def server(config: Config, store: Store) -> Iterator[LiveServer]:
    add_person(store, "ada@desk.example", "admin")
    add_person(store, "lena@desk.example", "lead")
    with LiveServer(config.home, webhook_networks="127.0.0.0/8") as server:
        yield server


def test_an_admin_makes_tries_changes_and_removes_a_webhook(
    browser: Browser, server: LiveServer, receiver: Receiver
) -> None:
    receiver.statuses, receiver.answer = [500, 200], XSS.encode()
    ada = Visitor(browser, server).come("ada", at="webhooks")
    expect(ada.see("no-webhooks")).to_be_visible()
    ada.see("webhook-add-save").click()
    expect(ada.see("webhook-add-error")).to_contain_text("This must be an http or https address")
    ada.see("webhook-address").fill("http://10.0.0.1/")
    ada.see("webhook-add-save").click()
    expect(ada.see("webhook-add-error")).to_have_text("Choose at least one event.")
    ada.see("event-ticket.opened").check()
    ada.see("webhook-description").fill(XSS)
    ada.see("confirm-password").fill("a guess")
    ada.see("webhook-add-save").click()
    expect(ada.see("webhook-add-error")).to_have_text("This is not your password.")
    ada.see("confirm-password").fill(PASSWORD)
    ada.see("webhook-add-save").click()
    expect(ada.see("webhook-add-error")).to_contain_text("It leads to what is not public")
    ada.see("webhook-address").fill(receiver.address)
    ada.see("confirm-password").fill(PASSWORD)
    ada.see("webhook-add-save").click()
    expect(ada.see("secret")).to_contain_text("shown only now")
    secret = ada.secret()
    expect(ada.see("webhook")).to_contain_text(XSS)
    expect(ada.see("webhook-state")).to_have_text("on")

    ada.see("webhook-test").click()
    (heard,) = receiver.wait_for(1, 60)
    assert verified(secret, heard)
    assert json.loads(heard.body)["type"] == "webhook.test"
    expect(ada.see("delivery-state")).to_have_text("again")
    ada.see("delivery").get_by_text("webhook.test").click()
    expect(ada.see("try-answer")).to_have_text(XSS)
    expect(ada.see("delivery-body")).to_contain_text('"type": "webhook.test"')
    ada.see("send-again").click()
    expect(ada.see("delivery-state")).to_have_text("taken")
    expect(ada.see("try")).to_have_count(2)
    ada.see("log-filter").select_option("yes")
    expect(ada.see("log-none")).to_have_text("Everything was taken.")
    assert receiver.heard[0].headers["webhook-id"] == receiver.heard[1].headers["webhook-id"]

    ada.see("webhook-rotate").click()
    ada.see("password-question").get_by_test_id("confirm-password").fill(PASSWORD)
    ada.see("password-form-save").click()
    assert ada.secret() != secret
    expect(ada.see("webhook-old-secret")).to_be_visible()
    ada.see("webhook-change").click()
    dialog = ada.see("webhook-dialog")
    expect(dialog.get_by_test_id("event-ticket.opened")).to_be_checked()
    dialog.get_by_test_id("webhook-texts").check()
    dialog.get_by_test_id("confirm-password").fill(PASSWORD)
    dialog.get_by_test_id("webhook-edit-save").click()
    expect(ada.see("webhook-state").nth(1)).to_have_text("with texts")
    ada.see("webhook-off").click()
    ada.agree()
    expect(ada.see("webhook-state").first).to_have_text("off")
    expect(ada.see("webhook-test")).to_have_count(0)
    ada.see("webhook-on").click()
    expect(ada.see("webhook-state").first).to_have_text("on")
    ada.see("webhook-remove").click()
    ada.agree()
    expect(ada.see("no-webhooks")).to_be_visible()
    ada.open("audit")
    expect(ada.see("audit-entry").first).to_contain_text("removed a webhook")
    assert "owned" not in ada.page.title()
    assert [one for one in ada.problems if "422" not in one] == []


def test_what_a_customer_does_is_heard_and_logged(
    browser: Browser, server: LiveServer, receiver: Receiver, store: Store
) -> None:
    _, secret = store.add_webhook(receiver.address, tuple(EVENTS), with_texts=True)
    ada = Visitor(browser, server).come("ada", at="webhooks")
    path, token = server.start_conversation()
    server.call("POST", f"{path}/messages", {"client_id": "1", "text": "quixotry"}, token=token)
    receiver.wait_for(3, 60)
    assert all(verified(secret, heard) for heard in receiver.heard)
    assert any(b"quixotry" in heard.body for heard in receiver.heard)
    ada.see("webhook-log").click()
    expect(ada.see("delivery-state").filter(has_text="taken").nth(2)).to_be_visible()
    ada.see("webhook-log").click()
    expect(ada.see("hook-log")).to_be_hidden()


def test_a_webhook_that_said_gone_says_why_it_is_off(
    browser: Browser, server: LiveServer, receiver: Receiver
) -> None:
    receiver.statuses = [410]
    ada = Visitor(browser, server).come("ada", at="webhooks")
    ada.see("webhook-address").fill(receiver.address)
    ada.see("event-alarm.began").check()
    ada.see("confirm-password").fill(PASSWORD)
    ada.see("webhook-add-save").click()
    ada.secret()
    ada.see("webhook-test").click()
    expect(ada.see("delivery-state")).to_have_text("given up", timeout=60_000)
    ada.page.reload()
    expect(ada.see("webhook-state")).to_have_text("switched off: it answered 410 Gone")
    ada.open("audit")
    expect(ada.see("audit-entry").first).to_contain_text("switched a webhook off")


def test_a_lead_finds_no_webhooks(browser: Browser, server: LiveServer) -> None:
    lena = Visitor(browser, server).come("lena", at="webhooks")
    expect(lena.see("admins-only")).to_be_visible()
    expect(lena.see("settings-webhooks")).to_have_count(0)


def failing(store: Store) -> None:
    """A webhook with all that its page can show."""
    webhook, _ = store.add_webhook(LONG, tuple(EVENTS), description="x" * 200, with_texts=True)
    store.rotate_webhook_secret(webhook.id)
    answer = "A long answer without a space: " + "x" * 900
    for status in (None, 500, 204):
        store.test_webhook(webhook.id)
        outgoing = store.next_delivery(webhook.id)
        assert outgoing
        problem = "" if status else "no answer within 15 s"
        tried = Try("2026-03-01T12:00:00.000Z", status, problem, answer, 15_000)
        again = "2099-03-01T12:00:00.000Z" if status == 500 else None
        store.note_try(outgoing, tried, taken=status == 204, again_at=again)
        if status == 204:
            store.test_webhook(webhook.id)
            last = store.next_delivery(webhook.id)
            assert last
            store.note_try(last, tried, taken=False, again_at="2099-03-01T12:00:00.000Z")


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (768, True), (320, False)])
def test_the_page_fits_and_can_be_used_by_everybody(
    width: int, dark: bool, browser: Browser, server: LiveServer, store: Store
) -> None:
    visitor = Visitor(browser, server, width, dark).come("ada", at="webhooks")
    expect(visitor.see("no-webhooks")).to_be_visible()
    assert findings(visitor.page) == []
    failing(store)
    visitor.page.reload()
    visitor.see("webhook-log").click()
    expect(visitor.see("delivery")).to_have_count(4)
    visitor.see("delivery").last.locator("summary").click()
    expect(visitor.see("try-answer")).to_be_visible()
    for step in ("page", "dialog"):
        assert findings(visitor.page) == [], step
        assert visitor.page.evaluate(WIDER) == [], step
        assert visitor.page.evaluate("document.documentElement.scrollWidth") <= width
        if step == "page":
            visitor.see("webhook-change").click()
            expect(visitor.see("webhook-dialog")).to_be_visible()
    visitor.page.keyboard.press("Escape")
    visitor.page.route(re.compile("/deliveries"), lambda route: route.abort())
    visitor.see("webhook-log").click()
    visitor.see("webhook-log").click()
    expect(visitor.see("log-error")).to_be_visible()
    assert findings(visitor.page) == []
