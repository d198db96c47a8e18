"""A customer's widget and an operator's console on a network that loses, cuts and doubles: whatever
happens on the way, each message is there once and in order, in both pages and in the store."""

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from axe import findings
from conftest import PASSWORD, add_person
from live import LiveServer
from service.config import Config
from service.records.conversations import Message
from service.store import Store, open_store
from storm import Storm, storm

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(900)]

SEED = int(os.environ.get("STORM_SEED", "20261123"))  # another one: another storm
EACH = 500
PATIENCE = 240_000  # ms, with room for a machine that others use, too
PAGE_OF_CONSOLE = 200

# Both drivers do what a person does, in the page, and know after a reload how far they have come.
CUSTOMER = """([to]) => {
  const root = document.querySelector('frontdesk-widget').shadowRoot;
  const [input, form] = ['input', 'composer'].map((part) => root.querySelector(`[part~=${part}]`));
  const write = () => {
    const n = Number(localStorage.written ?? 0);
    if (n >= to) return;
    localStorage.written = n + 1;
    input.value = `customer ${n}`;
    input.dispatchEvent(new Event('input'));
    form.requestSubmit();
    setTimeout(write, 15);
  };
  write();
}"""
OPERATOR = """([to]) => {
  const box = document.querySelector('[data-testid=composer-text]');
  const send = document.querySelector('[data-testid=send]');
  const write = () => {
    const n = Number(localStorage.written ?? 0);
    if (!box.value.trim()) {
      if (n >= to) return;
      localStorage.written = n + 1;
      box.value = `operator ${n}`;
      box.dispatchEvent(new Event('input'));
    }
    if (send.getAttribute('aria-disabled') !== 'true') send.click(); // "Send", or "Try again"
    setTimeout(write, 5);
  };
  write();
}"""
IN_WIDGET = """() => [...document.querySelector('frontdesk-widget').shadowRoot
  .querySelectorAll('[part~=message]')].map((one) => one.dataset.id ?? one.dataset.state)"""
IN_CONSOLE = "() => [...document.querySelectorAll('article.message')].map((one) => one.dataset.id)"


@pytest.fixture
def store(tmp_path: Path, first_database: Path) -> Iterator[Store]:
    """The store of the real server, beside it."""
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(first_database, home / "desk.db")
    store = open_store(Config(home=home))
    yield store
    store.close()


@pytest.fixture
def network(tmp_path: Path, store: Store) -> Iterator[Storm]:
    """The real server without a model, which hands everything over, behind a bad network."""
    with LiveServer(tmp_path / "home") as server, storm(server.port, SEED) as network:
        yield network


def customer_of(browser: Browser, network: Storm) -> Page:
    """A customer who has asked for a person."""
    page = browser.new_context().new_page()
    page.goto(f"{network.address}/")
    page.locator("[part~=launcher]").click()
    page.locator("textarea[part~=input]").fill("a person please")
    page.locator("textarea[part~=input]").press("Enter")
    expect(page.locator("frontdesk-widget")).to_contain_text("your message is safe", timeout=30_000)
    return page


def console_of(browser: Browser, network: Storm, place: str) -> Page:
    """Ana, signed in at this place."""
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.goto(f"{network.address}/console{place}")
    page.get_by_test_id("email").fill("ana@desk.example")
    page.get_by_test_id("password").fill(PASSWORD)
    page.get_by_test_id("password").press("Enter")
    expect(page.get_by_test_id("composer-text")).to_be_visible(timeout=30_000)
    return page


def whole(store: Store, conversation: str) -> list[Message]:
    return store.recent_messages(conversation, 10_000)


def read_to_the_beginning(page: Page) -> None:
    """Page by page, until the console has no earlier messages."""
    button, shown = page.get_by_test_id("earlier"), page.locator("article.message")
    expect(shown.first).to_be_visible()
    while button.is_visible():
        before = shown.count()
        button.click()
        page.wait_for_function(
            "before => document.querySelectorAll('article.message').length > before", arg=before
        )


def check_pages(customer: Page, console: Page, store: Store, conversation: str, told: str) -> None:
    """Both show what the store has: all of it, once and in order."""
    wanted = [message.id for message in whole(store, conversation)]
    last = "last => (%s)().at(-1) === last"
    customer.wait_for_function(last % IN_WIDGET, arg=wanted[-1])
    assert customer.evaluate(IN_WIDGET) == wanted, told
    read_to_the_beginning(console)
    console.wait_for_function(last % IN_CONSOLE, arg=wanted[-1])
    assert console.evaluate(IN_CONSOLE) == wanted, told


def test_a_thousand_messages_through_a_storm_are_there_once_and_in_order(
    browser: Browser, network: Storm, store: Store
) -> None:
    told = f"Again with STORM_SEED={network.seed}."
    add_person(store, "ana@desk.example", "operator")
    customer = customer_of(browser, network)
    (ticket,) = store.tickets()
    console = console_of(browser, network, f"#/tickets/{ticket.id}")
    pages = ((customer, CUSTOMER), (console, OPERATOR))

    began = time.monotonic()
    network.calm = False
    for page, driver in pages:
        page.evaluate(driver, [EACH])
    for page, _ in pages:
        page.wait_for_function("n => localStorage.written >= n", arg=EACH // 2, timeout=PATIENCE)
    for page, driver in pages:  # in the middle: something is on its way, or waits
        page.reload()
        page.wait_for_selector("frontdesk-widget, article.message", state="attached")
        page.evaluate(driver, [EACH])
    for page, _ in pages:
        page.wait_for_function("n => localStorage.written >= n", arg=EACH, timeout=PATIENCE)
    network.calm = True
    done = "() => Object.keys(localStorage).every((key) => !/outbox:|draft/.test(key))"
    for page, _ in pages:
        page.wait_for_function(done, timeout=PATIENCE)
    print(f"{time.monotonic() - began:.0f} s through {dict(network.met)}")

    assert min(network.met[fate] for fate in ("lost", "unanswered", "twice", "cut")) > 3, told
    everything = whole(store, ticket.conversation_id)
    for author, written in (("customer", "customer"), ("operator", "operator")):
        said = [m.text for m in everything if m.author == author and m.text[-1].isdigit()]
        assert said == [f"{written} {n}" for n in range(EACH)], told
    assert len(store.tickets()) == 1, told
    check_pages(customer, console, store, ticket.conversation_id, told)
    for page, _ in pages:
        page.reload()
    check_pages(customer, console, store, ticket.conversation_id, told)


def test_after_an_hour_of_sleep_both_pages_have_all_that_was_said(
    browser: Browser, network: Storm, store: Store
) -> None:
    """More than one answer of the desk's holds, and lines that nobody closed."""
    add_person(store, "ana@desk.example", "operator")
    ben = add_person(store, "ben@desk.example", "operator")
    customer = customer_of(browser, network)
    (ticket,) = store.tickets()
    console = console_of(browser, network, f"#/tickets/{ticket.id}")
    expect(console.get_by_test_id("live")).to_have_text("Live")
    for page in (customer, console):
        page.clock.install()

    network.asleep = True
    for n in range(2 * PAGE_OF_CONSOLE + 30):
        store.post_operator_message(ticket.id, ben.id, client_id=f"b{n}", text=f"ben {n}")
    network.asleep = False
    for page in (customer, console):
        page.clock.fast_forward("01:00:00")
    expect(console.get_by_test_id("log")).to_contain_text("ben 429")
    expect(console.get_by_test_id("earlier")).to_be_visible()
    assert findings(console) == []
    check_pages(customer, console, store, ticket.conversation_id, "")
    assert console.locator("article.message").count() > 2 * PAGE_OF_CONSOLE
    expect(console.get_by_test_id("earlier")).to_be_hidden()


def test_a_message_that_is_told_while_the_ticket_is_on_its_way_is_shown(
    browser: Browser, network: Storm, store: Store
) -> None:
    add_person(store, "ana@desk.example", "operator")
    customer = customer_of(browser, network)
    (ticket,) = store.tickets()
    console = console_of(browser, network, f"#/tickets/{ticket.id}")
    console.evaluate("location.hash = '#/'")
    console.reload()  # or the ticket would still be known
    expect(console.get_by_test_id("live")).to_have_text("Live")
    network.held = f"/api/v1/tickets/{ticket.id}"
    console.evaluate("id => { location.hash = `#/tickets/${id}` }", ticket.id)
    assert network.answered.wait(30)
    box = customer.locator("textarea[part~=input]")
    box.fill("one thing more")
    box.press("Enter")
    expect(console.get_by_test_id("ticket")).to_contain_text("one thing more")
    network.held = ""  # what the desk said before that arrives now
    expect(console.get_by_test_id("log")).to_contain_text("one thing more")


def test_the_longest_text_that_the_desk_takes_is_sent(
    browser: Browser, tmp_path: Path, store: Store
) -> None:
    """Browsers keep no more than 64 KiB alive after their page, and refuse what is longer."""
    text = "\u00e9" * 90_000
    with LiveServer(tmp_path / "home", max_text="100000") as server, storm(server.port, 0) as line:
        customer = customer_of(browser, line)
        customer.locator("textarea[part~=input]").fill(text)
        customer.locator("textarea[part~=input]").press("Enter")
        expect(customer.locator("[part~=message]").last).to_have_attribute("data-state", "sent")
    (ticket,) = store.tickets()
    assert whole(store, ticket.conversation_id)[-1].text == text
