"""People edit content in real browsers: preview, drafts, two at once, history."""

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from axe import findings
from conftest import PASSWORD_HASH
from desk_console import picture, sign_in, too_wide, visit
from live import LiveServer
from service.config import Config
from service.records.content import Article, Example, GoldenCase
from service.store import Store, open_store

pytestmark = pytest.mark.browser

PICTURES = os.environ.get("TEST_PICTURES")  # a folder to look at what the tests see
ATTACK = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
KEPT = "() => Object.keys(localStorage).filter((key) => key.startsWith('frontdesk.edit.'))"
ONE_LEFT = f"""() => new Promise((done) => {{
    const look = () => (({KEPT})().length === 1 ? done() : setTimeout(look, 50));
    look();
}})"""
SECTIONS = ("content", "examples", "articles", "golden", "facts", "history", "try")


@pytest.fixture(scope="module")
def desk(
    tmp_path_factory: pytest.TempPathFactory, first_database: Path
) -> Iterator[tuple[LiveServer, Store]]:
    """One server for the module; each test has an item of its own."""
    home = tmp_path_factory.mktemp("desk") / "home"
    home.mkdir()
    shutil.copy(first_database, home / "desk.db")
    store = open_store(Config(home=home))
    for name in ("Ana", "Ben"):
        store.add_operator(f"{name.lower()}@desk.example", name, "operator", PASSWORD_HASH)
    with LiveServer(home) as server:
        yield server, store
    store.close()


def template(store: Store, name: str) -> str | None:
    return next((t.text for t in store.content().templates if t.name == name), None)


def card(page: Page, name: str):  # type: ignore[no-untyped-def]
    return page.locator(f'[data-testid="template"][data-name="{name}"]')


def test_an_answer_is_edited_with_its_preview_and_by_keyboard(
    browser: Browser, desk: tuple[LiveServer, Store]
) -> None:
    server, store = desk
    page, problems = sign_in(browser, server, "ana", "content/call_us")
    edit = card(page, "call_us")
    expect(edit.get_by_test_id("usage")).to_have_text("never sent")
    expect(edit.get_by_test_id("preview")).to_have_text("Call Phone is missing.")
    text = edit.get_by_test_id("edit-text")
    text.fill("Ring {shop_name} about {order_number}, {nobody}")
    preview = edit.get_by_test_id("edit-preview")
    expect(preview).to_contain_text("Ring Lantern & Co about Order number, {nobody}")
    expect(preview).to_contain_text("neither a fact nor a slot")
    text.press("Control+s")
    expect(edit.get_by_test_id("edit-error")).to_contain_text("{nobody}")
    text.fill("Ring {shop_name}.")
    text.press("Control+Enter")
    expect(page.get_by_test_id("toasts")).to_contain_text("Saved")
    assert template(store, "call_us") == "Ring {shop_name}."
    assert [line for line in problems if "422" not in line] == []


def test_what_is_not_saved_survives_a_reload(
    browser: Browser, desk: tuple[LiveServer, Store]
) -> None:
    server, store = desk
    page, problems = sign_in(browser, server, "ana", "content/return_policy")
    text = card(page, "return_policy").get_by_test_id("edit-text")
    text.fill("Not ready yet, {return_days} days")
    expect(card(page, "return_policy").get_by_test_id("edit-unsaved")).to_have_text("Not saved yet")
    page.get_by_test_id("edit-example").get_by_test_id("edit-text").fill("half an exam")
    page.reload()
    expect(text).to_have_value("Not ready yet, {return_days} days")
    example = page.get_by_test_id("edit-example").get_by_test_id("edit-text")
    expect(example).to_have_value("half an exam")
    card(page, "return_policy").get_by_test_id("edit-discard").click()
    expect(text).to_have_value("You have {return_days} days.")
    page.reload()
    expect(text).to_have_value("You have {return_days} days.")
    assert template(store, "return_policy") == "You have {return_days} days."
    assert problems == []


def test_two_people_edit_one_answer_and_nothing_is_lost(
    browser: Browser, desk: tuple[LiveServer, Store]
) -> None:
    server, store = desk
    ana, _ = sign_in(browser, server, "ana", "content/greeting")
    ben, _ = sign_in(browser, server, "ben", "content/greeting")
    mine, his = (card(page, "greeting") for page in (ana, ben))
    his.get_by_test_id("edit-text").fill("Hello from Ben and all!")
    mine.get_by_test_id("edit-text").fill("Hello from Ana!")
    mine.get_by_test_id("edit-save").click()
    expect(ana.get_by_test_id("toasts")).to_contain_text("Saved")
    his.get_by_test_id("edit-save").click()
    conflict = his.get_by_test_id("edit-conflict")
    expect(conflict).to_contain_text("Ana saved another version")
    expect(conflict.locator("del")).to_have_text("Ana")
    expect(conflict.locator("ins").first).to_contain_text("Ben")
    assert findings(ben) == []
    picture(ben, PICTURES, "conflict")
    assert template(store, "greeting") == "Hello from Ana!"
    conflict.get_by_test_id("keep-mine").click()
    expect(conflict).to_be_hidden()
    expect(mine.get_by_test_id("edit-text")).to_have_value("Hello from Ben and all!")
    assert template(store, "greeting") == "Hello from Ben and all!"
    # And the other choice.
    his.get_by_test_id("edit-text").fill("Once more")
    save_as(store, "greeting", "From a third")
    his.get_by_test_id("edit-save").click()
    expect(conflict).to_be_visible()
    conflict.get_by_test_id("take-theirs").click()
    expect(his.get_by_test_id("edit-text")).to_have_value("From a third")
    assert template(store, "greeting") == "From a third"


def save_as(store: Store, name: str, text: str) -> None:
    store.save_template(
        replace(next(t for t in store.content().templates if t.name == name), text=text)
    )


def test_what_was_deleted_comes_back_and_so_does_any_version(
    browser: Browser, desk: tuple[LiveServer, Store]
) -> None:
    server, store = desk
    page, problems = sign_in(browser, server, "ana", "content/delivery_cost")
    edit = card(page, "delivery_cost")
    edit.get_by_test_id("edit-text").fill("To {postcode} it is free.")
    edit.get_by_test_id("edit-save").click()
    expect(page.get_by_test_id("toasts")).to_contain_text("Saved")
    edit.get_by_test_id("edit-delete").click()
    expect(edit).to_have_count(0)
    assert template(store, "delivery_cost") is None
    page.get_by_test_id("toasts").get_by_role("button", name="Undo").click()
    expect(edit.get_by_test_id("edit-text")).to_have_value("To {postcode} it is free.")
    edit.get_by_test_id("edit-history").click()
    sheet = page.get_by_test_id("history-sheet")
    expect(sheet.get_by_test_id("change")).to_have_count(3)
    first = sheet.get_by_test_id("change").last
    expect(first.locator("ins")).to_contain_text(["free"])
    expect(first).to_contain_text("Ana changed this")
    assert findings(page) == []
    picture(page, PICTURES, "history")
    first.get_by_test_id("restore-before").click()
    expect(sheet.get_by_test_id("change")).to_have_count(4)
    page.keyboard.press("Escape")
    expect(edit.get_by_test_id("edit-text")).to_have_value("To {postcode} it costs 4 pounds.")
    visit(page, "history")
    expect(page.get_by_test_id("changes")).to_contain_text("Delivery cost")
    assert problems == []


def test_an_intent_is_made_with_its_answer_and_examples(
    browser: Browser, desk: tuple[LiveServer, Store]
) -> None:
    server, store = desk
    page, problems = sign_in(browser, server, "ana", "content")
    page.get_by_test_id("intent-new").click()
    form = page.get_by_test_id("edit-intent")
    for field, value in (("name", "gift_wrap"), ("group", "orders"), ("title", "Gift wrap")):
        form.get_by_test_id(f"edit-{field}").fill(value)
    form.get_by_label("Order number").check()
    form.get_by_test_id("edit-save").click()
    expect(page.locator(".intent-head h2")).to_have_text("Gift wrap")
    page.get_by_test_id("template-new").click()
    new = page.locator('[data-testid="edit-template"][data-name="+gift_wrap"]')
    expect(new.get_by_test_id("edit-name")).to_have_value("gift_wrap")
    new.get_by_test_id("edit-text").fill("We wrap {order_number}.")
    new.get_by_test_id("edit-save").click()
    expect(card(page, "gift_wrap").get_by_test_id("preview")).to_contain_text("We wrap")
    example = page.locator('[data-testid="edit-example"][data-name="+gift_wrap"]')
    example.get_by_test_id("edit-text").fill("wrap my [Moth lamp](product) please")
    example.get_by_test_id("edit-save").click()
    expect(page.get_by_test_id("examples")).to_contain_text("wrap my [Moth lamp](product) please")
    example.get_by_test_id("edit-text").fill("So hello please")
    example.get_by_test_id("edit-text").press("Control+Enter")
    expect(page.get_by_test_id("toasts")).to_contain_text("is an example of greeting, too")
    content = store.content()
    made = next(i for i in content.intents if i.name == "gift_wrap")
    assert (made.group, made.slots) == ("orders", ("order_number",))
    spans = next(e.entities for e in content.examples if e.text == "wrap my Moth lamp please")
    assert spans == ({"start": 8, "end": 17, "label": "product"},)
    assert problems == []


def test_a_row_that_was_opened_is_not_closed_by_a_late_answer(
    browser: Browser, desk: tuple[LiveServer, Store]
) -> None:
    page, problems = sign_in(browser, desk[0], "ben", "examples")
    shown = page.get_by_test_id("example")
    expect(shown.first).to_be_visible()
    held: list[Route] = []
    page.route("**/api/v1/examples?*q=dreadful*", lambda route: held.append(route))  # noqa: PLW0108
    page.get_by_test_id("list-search").fill("dreadful")
    page.wait_for_timeout(400)
    assert len(held) == 1
    shown.first.get_by_test_id("example-open").click()
    shown.first.get_by_test_id("edit-text").fill("half of a sentence")
    with page.expect_response("**/api/v1/examples?*q=dreadful*"):
        held[0].continue_()
    page.wait_for_timeout(200)
    expect(shown.first.get_by_test_id("edit-text")).to_have_value("half of a sentence")
    # What is asked for afterwards is shown.
    page.unroute_all()
    page.get_by_test_id("list-search").fill("dreadfu")
    expect(page.get_by_test_id("list-total")).to_have_text("1 example")
    expect(page.get_by_test_id("edit-text")).to_have_count(0)
    assert problems == []


def test_examples_articles_golden_cases_and_facts_are_edited(
    browser: Browser, desk: tuple[LiveServer, Store]
) -> None:
    server, store = desk
    page, problems = sign_in(browser, server, "ben", "examples")
    page.get_by_test_id("list-search").fill("dreadful")
    expect(page.get_by_test_id("list-total")).to_have_text("1 example")
    page.get_by_test_id("example-open").click()
    row = page.get_by_test_id("example")
    row.get_by_test_id("edit-text").fill("this is truly dreadful")
    row.get_by_test_id("edit-save").click()
    expect(row.get_by_test_id("example-open")).to_contain_text("truly dreadful")

    visit(page, "articles")
    page.get_by_test_id("article-open").first.click()
    article = page.get_by_test_id("edit-article")
    article.get_by_test_id("edit-text").fill("You may.\n\n- In a box\n- **Soon**")
    expect(article.get_by_test_id("preview").locator("li")).to_have_text(["In a box", "Soon"])
    article.get_by_test_id("edit-save").click()
    expect(page.get_by_test_id("toasts")).to_contain_text("Saved.")

    visit(page, "golden")
    golden = page.locator("content-golden")
    golden.get_by_test_id("list-new").click()
    form = golden.get_by_test_id("edit-golden_case")
    form.get_by_test_id("edit-text").fill("hello there")
    form.get_by_test_id("edit-save").click()
    expect(form.get_by_test_id("edit-error")).to_contain_text("intent")
    form.get_by_test_id("edit-intent").select_option("greeting")
    form.get_by_test_id("edit-save").click()
    expect(golden.get_by_test_id("golden")).to_have_count(3)

    visit(page, "facts")
    facts = page.get_by_test_id("edit-facts")
    facts.get_by_test_id("fact-add").click()
    facts.get_by_test_id("fact-name").last.fill("opening_hours")
    facts.get_by_test_id("fact-value").last.fill(ATTACK)
    facts.get_by_test_id("edit-save").click()
    expect(page.get_by_test_id("toasts")).to_contain_text("Answers print it")
    content = store.content()
    assert "this is truly dreadful" in [example.text for example in content.examples]
    assert GoldenCase("hello there", "greeting", "answer") in content.golden
    assert content.settings.facts["opening_hours"] == ATTACK
    assert [line for line in problems if "422" not in line] == []


def test_an_erasure_reaches_what_is_being_edited_of_examples(
    browser: Browser, desk: tuple[LiveServer, Store]
) -> None:
    server, store = desk
    page, _ = sign_in(browser, server, "ben", "content/track_order")
    mine = card(page, "track_order")
    mine.get_by_test_id("edit-text").fill("My own words, {order_number}")
    page.get_by_test_id("example-open").first.click()
    row = page.get_by_test_id("example").filter(has=page.locator("form"))
    row.get_by_test_id("edit-text").fill("as she wrote to us")
    expect(row.get_by_test_id("edit-unsaved")).to_have_text("Not saved yet")
    assert len(page.evaluate(KEPT)) == 2
    store.erase(store.create_conversation()[0].id, "root")
    page.evaluate(ONE_LEFT)
    assert "template.track_order" in page.evaluate(KEPT)[0]


@pytest.mark.slow
def test_no_text_becomes_markup_and_every_section_is_accessible(
    browser: Browser, desk: tuple[LiveServer, Store]
) -> None:
    server, store = desk
    long = "Rindfleischetikettierungsüberwachungsaufgabe" * 6
    store.save_article(Article("attack", ATTACK + long, f"# {ATTACK}\n\n- {ATTACK}\n\n{long}"))
    store.add_examples(
        [Example("", ATTACK + long, "greeting"), Example("", "تتبع طلبي", "greeting")]
    )
    store.save_golden(GoldenCase(ATTACK + long, "greeting", "answer"))
    greeting = next(t for t in store.content().templates if t.name == "greeting_glad")
    store.save_template(replace(greeting, text=f"{ATTACK} {long}"))
    store.save_intent(replace(store.content().intents[6], title=ATTACK[:150], description=long))
    for width, scheme in ((1280, "light"), (320, "dark")):
        look = {"viewport": {"width": width, "height": 800}, "color_scheme": scheme}
        page, problems = sign_in(browser, server, "ana", "content/greeting", **look)
        for place in (*SECTIONS, "content/greeting", "articles/attack"):
            visit(page, place)
            expect(page.locator(".content-body > :not([hidden])")).to_be_visible()
            expect(page.locator("[aria-busy=true]:visible")).to_have_count(0)
            expect(page.get_by_text("One moment …").locator("visible=true")).to_have_count(0)
            assert findings(page) == [], (place, width, scheme)
            assert too_wide(page) == [], (place, width, scheme)
            picture(page, PICTURES, f"{place.replace('/', '-')}-{width}-{scheme}")
        assert page.locator("img").count() == 0
        expect(page).not_to_have_title(re.compile("owned"))
        assert problems == []
        page.context.close()
