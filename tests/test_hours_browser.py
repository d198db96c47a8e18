"""Hours, promises and the widget's look in the console, as leads and admins set them."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from axe import findings
from conftest import add_person
from served import Served
from service.store import Store
from shop import open_shop, part, visit

pytestmark = pytest.mark.browser

HOURS, SITE = "#/settings/hours", "#/settings/site"
WIDER = """() => [...document.querySelectorAll("desk-settings *")].filter((element) =>
    element.checkVisibility() && !element.closest(".settings-tabs, .look-preview") &&
    element.getBoundingClientRect().right > document.documentElement.clientWidth + 1
).map((element) => element.outerHTML.slice(0, 100))"""


@pytest.fixture
def team(desk: Served, store: Store) -> Served:
    add_person(store, "lena@desk.example", "lead")
    add_person(store, "ada@desk.example", "admin")
    return desk


def forget_refusals(team: Served) -> None:
    """Browsers report what the desk refuses; all else stays, and fails the test."""
    for problems in team.problems:
        refused = [problem for problem in problems if re.search(r"status of 4(03|09|22) ", problem)]
        for problem in refused:
            problems.remove(problem)


def spans(page: Page, day: str) -> list[tuple[str, str]]:
    row = page.get_by_test_id(f"hours-{day}")
    ends = [
        [box.input_value() for box in row.get_by_test_id(f"hours-{end}").all()]
        for end in ("from", "to")
    ]
    return list(zip(*ends, strict=True))


def test_a_lead_sets_hours_and_promises_and_sees_what_they_mean(team: Served, store: Store) -> None:
    page = team.console("lena", HOURS)
    preview = page.get_by_test_id("hours-preview")
    expect(preview).to_contain_text("Open round the clock.")
    assert findings(page) == []
    page.get_by_test_id("hours-always").uncheck()
    page.get_by_test_id("hours-zone").select_option("Europe/Berlin")
    assert spans(page, "friday") == [("09:00", "17:00")]
    monday = page.get_by_test_id("hours-monday")
    monday.get_by_test_id("hours-to").fill("12:30")
    monday.get_by_test_id("hours-add").click()
    monday.get_by_test_id("hours-from").last.fill("11:00")
    monday.get_by_test_id("hours-to").last.fill("18:00")
    expect(preview).to_contain_text("The hours of monday overlap")
    page.get_by_test_id("edit-save").click()
    expect(page.get_by_test_id("edit-error")).to_contain_text("monday overlap")
    assert findings(page) == []
    monday.get_by_test_id("hours-from").last.fill("13:30")
    page.get_by_test_id("hours-copy").click()
    saturday = page.get_by_test_id("hours-saturday")
    saturday.get_by_test_id("hours-add").click()
    saturday.get_by_test_id("hours-from").fill("22:00")
    saturday.get_by_test_id("hours-to").fill("02:00")
    expect(saturday).to_contain_text("the next day")
    page.get_by_test_id("holiday-date").fill("2026-12-25")
    page.get_by_test_id("holiday-add").click()
    expect(page.get_by_test_id("holiday")).to_have_text("25 Dec 2026")
    box = page.get_by_test_id("promise-first_reply-high")
    box.fill("soon")
    expect(page.get_by_test_id("promises-problem")).to_contain_text("“soon” (First reply, high) is")
    box.fill("30m")
    page.get_by_test_id("promise-resolution-high").fill("8h")
    page.get_by_test_id("edit-contact_form").select_option("closed")
    expect(preview).to_contain_text("A high ticket that comes on")
    expect(preview).to_contain_text(" and resolved by ")
    page.get_by_test_id("edit-save").click()
    expect(page.get_by_test_id("toasts")).to_contain_text("Saved.")
    expect(page.get_by_test_id("edit-unsaved")).to_be_empty()
    settings = store.content().settings
    assert settings.hours is not None
    assert settings.sla is not None
    assert settings.hours.timezone == "Europe/Berlin"
    assert settings.hours.days["thursday"] == ("09:00-12:30", "13:30-18:00")
    assert settings.hours.days["saturday"] == ("22:00-02:00",)
    assert "sunday" not in settings.hours.days
    assert settings.hours.closed == ("2026-12-25",)
    assert (settings.sla.first_reply, settings.sla.resolution) == ({"high": 30}, {"high": 480})
    assert settings.contact_form == "closed"
    page.reload()
    expect(page.get_by_test_id("promise-resolution-high")).to_have_value("8h")
    assert spans(page, "saturday") == [("22:00", "02:00")]
    expect(page.get_by_test_id("edit-save")).to_be_disabled()
    assert findings(page) == []
    forget_refusals(team)


def test_of_two_who_set_hours_the_second_sees_both_and_chooses(team: Served, store: Store) -> None:
    lena, ada = (team.console(name, HOURS) for name in ("lena", "ada"))
    ada.get_by_test_id("promise-first_reply-urgent").fill("5m")
    lena.get_by_test_id("promise-first_reply-urgent").fill("10m")
    lena.get_by_test_id("edit-save").click()
    expect(lena.get_by_test_id("toasts")).to_contain_text("Saved.")
    ada.get_by_test_id("edit-save").click()
    conflict = ada.get_by_test_id("edit-conflict")
    expect(conflict).to_contain_text("Lena saved another version")
    assert findings(ada) == []
    ada.get_by_test_id("keep-mine").click()
    expect(ada.get_by_test_id("toasts")).to_contain_text("Saved.")
    sla = store.content().settings.sla
    assert sla is not None
    assert sla.first_reply == {"urgent": 5}
    forget_refusals(team)


def test_hours_are_the_leads_and_the_admins(team: Served) -> None:
    page = team.console("ana", HOURS)
    expect(page.get_by_test_id("leads-only")).to_be_visible()
    expect(page.get_by_test_id("settings-hours")).to_have_count(0)
    status = page.evaluate("""() => fetch('/api/v1/promises', {method: 'PUT', body: '{"sla": null}',
      headers: {'Content-Type': 'application/json'}}).then((response) => response.status)""")
    assert status == 403
    forget_refusals(team)


def test_an_admin_sets_the_look_and_sees_it_before_customers_do(
    team: Served, browser: Browser
) -> None:
    page = team.console("ada", SITE)
    preview = page.get_by_test_id("look-preview")
    launcher = preview.locator("[part~='launcher']")
    expect(launcher).to_be_visible()
    stage = preview.bounding_box()
    assert stage
    right = launcher.bounding_box()
    assert right
    assert stage["x"] <= right["x"] <= stage["x"] + stage["width"] - right["width"]
    page.get_by_test_id("site-color").fill("#ffd400")
    words = page.get_by_test_id("look-contrast")
    expect(words).to_contain_text("would not stand out from the panel: the widget makes it darker")
    page.get_by_test_id("site-color").fill("#0b5fff")
    expect(words).to_contain_text("readable (WCAG AA)")
    expect(launcher).to_have_css("background-color", "rgb(11, 95, 255)")
    page.get_by_test_id("site-side").select_option("left")
    page.get_by_test_id("site-locale").select_option("de")
    page.get_by_test_id("site-theme").select_option("dark")
    page.get_by_test_id("site-radius").fill("4px")
    expect(launcher).to_have_attribute("aria-label", "Chat schließen")
    panel = preview.locator("[part~='panel']")
    expect(panel).to_have_css("background-color", "rgb(23, 26, 27)")
    expect(panel).to_have_css("border-top-left-radius", "4px")
    left = launcher.bounding_box()
    assert left
    assert left["x"] < stage["x"] + stage["width"] / 2 < right["x"]
    assert findings(page) == []
    page.get_by_test_id("site-radius").fill("round")
    page.get_by_test_id("site-save").click()
    expect(page.get_by_test_id("site-error")).to_be_visible()
    page.get_by_test_id("site-radius").fill("4px")
    page.get_by_test_id("site-save").click()
    expect(page.get_by_test_id("toasts")).to_contain_text("Customers see it within seconds")
    with open_shop(team.address) as shop:
        customer = visit(browser, shop.put(attributes='data-side="right" data-font="Georgia"'))
        seen = part(customer, "launcher")
        expect(seen).to_have_attribute("aria-label", "Chat öffnen")
        box = seen.bounding_box()
        assert box
        assert box["x"] < 100
        assert customer.complaints == []  # type: ignore[attr-defined]
    forget_refusals(team)


def test_of_two_who_set_the_look_the_second_sees_both(team: Served) -> None:
    one, two = (team.console("ada", SITE) for _ in range(2))
    for page, name in ((one, "Moor"), (two, "Heath")):
        page.get_by_test_id("site-name").fill(name)
    one.get_by_test_id("site-save").click()
    expect(one.get_by_test_id("toasts")).to_contain_text("Saved.")
    two.get_by_test_id("site-save").click()
    conflict = two.get_by_test_id("site-conflict")
    expect(conflict).to_contain_text("Ada saved another version")
    assert findings(two) == []
    conflict.get_by_test_id("take-theirs").click()
    expect(two.get_by_test_id("site-name")).to_have_value("Moor")
    forget_refusals(team)


def test_who_saves_a_name_leaves_as_it_is_who_may_embed_the_widget(
    team: Served, store: Store
) -> None:
    one, two = (team.console("ada", SITE) for _ in range(2))
    one.get_by_test_id("site-origins").fill("https://shop.example")
    one.get_by_test_id("site-save").click()
    expect(one.get_by_test_id("toasts")).to_contain_text("Saved.")
    two.get_by_test_id("site-name").fill("Heath")
    two.get_by_test_id("site-save").click()
    conflict = two.get_by_test_id("site-conflict")
    expect(conflict).to_contain_text("Heath")
    expect(conflict).not_to_contain_text("shop.example")
    conflict.get_by_test_id("keep-mine").click()
    expect(two.get_by_test_id("toasts")).to_contain_text("Saved.")
    assert store.setting("site_origins") == "https://shop.example"
    forget_refusals(team)


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (768, "dark"), (320, "light")])
def test_nothing_is_wider_than_the_screen(team: Served, width: int, scheme: str) -> None:
    for place, there in ((HOURS, "hours-preview"), (SITE, "look-preview")):
        page = team.console("ada", place, width=width, color_scheme=scheme)
        expect(page.get_by_test_id(there)).to_be_visible()
        if place == HOURS:
            page.get_by_test_id("hours-always").uncheck()
            page.get_by_test_id("hours-monday").get_by_test_id("hours-add").click()
        assert page.evaluate(WIDER) == []
        assert findings(page) == []
        page.context.close()
