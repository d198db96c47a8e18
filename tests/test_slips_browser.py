"""Where a console slips: slow answers, events that come at the wrong moment, held keys, a drag too
far; and what must be gone when a customer is erased or another one signs in."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from conftest import add_person
from served import Served, serve
from service.config import Config
from service.records import Operator
from service.store import Store

pytestmark = pytest.mark.browser


@pytest.fixture
def ana(store: Store) -> Operator:
    return add_person(store, "ana@desk.example", "operator")


@pytest.fixture
def ben(store: Store) -> Operator:
    return add_person(store, "ben@desk.example", "operator")


@pytest.fixture
def desk(
    config: Config, store: Store, browser: Browser, ana: Operator, ben: Operator
) -> Iterator[Served]:
    with serve(config, store, browser) as desk:
        yield desk


# --- who sees what -------------------------------------------------------------------------------


def test_the_next_customer_of_a_browser_sees_nothing_of_the_one_before(
    desk: Served, store: Store
) -> None:
    page = desk.browser.new_context().new_page()

    def come(identifier: str) -> None:
        page.goto(f"{desk.address}/healthz")
        page.evaluate("who => { sessionStorage.who = who }", identifier)
        page.goto(f"{desk.address}/")
        panel = page.locator("[part~=panel]")
        expect(panel).to_be_attached()
        if not panel.is_visible():
            page.locator("[part~=launcher]").click()

    identify = "['identify', {identifier: sessionStorage.who}]"
    page.add_init_script(f"(window.frontdesk ||= []).push({identify})")
    box, log = page.locator("textarea[part~=input]"), page.locator("[part~=log]")
    come("uma")
    box.fill("a person, about my turnip")
    box.press("Enter")
    expect(log).to_contain_text("A colleague will")
    box.fill("and what I have not sent")
    come("uma")
    expect(log).to_contain_text("turnip")
    expect(box).to_have_value("and what I have not sent")
    come("zoe")
    expect(box).to_have_value("")
    box.fill("a person please")
    box.press("Enter")
    expect(log).to_contain_text("A colleague will")
    assert "turnip" not in log.inner_text()
    assert len({ticket.conversation_id for ticket in store.tickets()}) == 2
