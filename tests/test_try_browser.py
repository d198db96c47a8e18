"""The test box in a real browser, on an application in this process with the fake engine."""

import threading
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from flask import Flask
from playwright.sync_api import Browser, expect
from werkzeug.serving import make_server

from axe import findings
from desk_console import sign_in, too_wide
from fakes import FakeEngines
from index.trial import Trial
from live import LiveServer, free_port
from service.engine import OnTrial
from service.records.content import Template
from service.records.people import Operator
from service.store import Store

pytestmark = pytest.mark.browser


@pytest.fixture
def server(app: Flask, olga: Operator) -> Iterator[LiveServer]:
    running = make_server("127.0.0.1", free_port(), app, threaded=True)
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    yield SimpleNamespace(port=running.server_port)  # type: ignore[misc]
    running.shutdown()
    thread.join(timeout=10)


def test_a_message_is_tried_edited_and_made_a_golden_case(
    browser: Browser, server: LiveServer, store: Store, engines: FakeEngines
) -> None:
    page, problems = sign_in(browser, server, "olga", "try")
    text = page.get_by_test_id("try-text")
    text.fill("hello <b>there</b>")
    text.press("Enter")
    expect(page.get_by_test_id("tried-reply")).to_have_text("Hello!")
    expect(page.get_by_test_id("trace-words")).to_contain_text("Looked like Greeting (95 %)")
    assert findings(page) == []
    # An edit that has just been saved shows by itself.
    store.save_template(Template("greeting", "greeting", "Good day from {shop_name}!"))
    reply = page.get_by_test_id("tried-reply")
    expect(reply).to_have_text("Good day from Lantern & Co!", timeout=10_000)

    page.get_by_test_id("make-golden").click()
    form = page.get_by_test_id("edit-golden_case")
    expect(form.get_by_test_id("edit-intent")).to_have_value("greeting")
    expect(form.get_by_test_id("edit-action")).to_have_value("answer")
    form.get_by_test_id("edit-save").click()
    expect(page.get_by_test_id("toasts")).to_contain_text("The golden case was added.")
    page.get_by_test_id("make-example").click()
    form = page.get_by_test_id("edit-example")
    form.get_by_test_id("edit-intent").select_option("gift_card")
    form.get_by_test_id("edit-save").click()
    expect(page.get_by_test_id("toasts")).to_contain_text("The example was added.")
    content = store.content()
    assert content.golden[-1].text == content.examples[-1].text == "hello <b>there</b>"
    assert content.examples[-1].intent == "gift_card"
    assert store.report("2000-01-01", "2100-01-01")["turns"]["total"] == 0

    trial = Trial("trl_1", "rel_new", "rel_fake", "shadow", 0.2, "2026-03-01T00:00:00Z")
    engines.tried = OnTrial(trial, engines.current(), "")
    page.get_by_test_id("try-challenger").check()
    text.fill("a person please, this is terrible")
    page.get_by_test_id("try-ask").click()
    expect(page.get_by_test_id("tried-side")).to_have_count(2)
    expect(page.get_by_test_id("trace-words").last).to_contain_text("Handed over because")
    page.set_viewport_size({"width": 320, "height": 700})
    assert too_wide(page) == []
    assert findings(page) == []
    assert problems == []


def test_without_a_model_the_box_says_so(
    browser: Browser, server: LiveServer, engines: FakeEngines
) -> None:
    engines.away = True
    page, _ = sign_in(browser, server, "olga", "try")
    page.get_by_test_id("try-text").fill("hello")
    page.get_by_test_id("try-ask").click()
    expect(page.get_by_test_id("try-error")).to_contain_text("The desk had a problem")
