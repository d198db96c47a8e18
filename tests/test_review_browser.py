"""The console's review queue in a real browser, with the keyboard and at every width."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from conftest import PASSWORD, PASSWORD_HASH
from drafts import draft
from live import LiveServer
from service.config import Config
from service.records.people import Operator
from service.records.proposals import Proposal, ProposedText
from service.store import Store

pytestmark = pytest.mark.browser

WIDER = """() => [...document.querySelectorAll("desk-review *")].filter((element) =>
    element.getBoundingClientRect().right > document.documentElement.clientWidth + 1
).map((element) => element.outerHTML.slice(0, 80))"""
LONG = "the zip of the jacket that I ordered three weeks ago for my daughter is " + "broken" * 20
PARCELS = ("where is my parcel", "wheres my parcel??", "my parcel is not here", LONG)


@pytest.fixture
def ana(store: Store) -> Operator:
    return store.add_operator("ana@desk.example", "Ana", "operator", PASSWORD_HASH)


@pytest.fixture
def queue(store: Store, ana: Operator) -> list[Proposal]:
    """A new intent out of past tickets, a group to label, a missing answer."""
    said = [store.record_turn(draft(store.create_conversation()[0].id, text=t)) for t in PARCELS]
    texts = tuple(ProposedText(turn.message.text, turn.message.id) for turn in said)
    label = Proposal("label", "review", texts, 34, 31.0, intent="return_policy", confidence=0.41)
    wraps = tuple(ProposedText(f"can you gift-wrap order {n}") for n in range(60))
    fresh = Proposal(
        "intent", "history", wraps, 210, 90.0, name="gift_wrap", title="Gift wrap", share=0.043
    )
    return store.add_proposals(
        [
            fresh,
            replace(label, handed_over=21, unhelpful=3, share=0.012),
            replace(label, kind="answer", count=4, value=4.0, confidence=None),
        ]
    )


@pytest.fixture
def server(config: Config, store: Store) -> Iterator[LiveServer]:
    with LiveServer(config.home) as server:
        yield server


def sign_in(browser: Browser, server: LiveServer, width: int = 1280, **options: str) -> Page:
    context = browser.new_context(viewport={"width": width, "height": 860}, **options)
    page = context.new_page()
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    page.goto(f"http://127.0.0.1:{server.port}/console#/review")
    page.get_by_test_id("email").fill("ana@desk.example")
    page.get_by_test_id("password").fill(PASSWORD)
    page.get_by_test_id("password").press("Enter")
    return page


def test_a_queue_is_worked_through_with_the_keyboard(
    browser: Browser, server: LiveServer, store: Store, queue: list[Proposal]
) -> None:
    page = sign_in(browser, server)
    expect(page.locator("#nav-review .count")).to_have_text("3")
    expect(page.get_by_test_id("proposal")).to_have_count(3)
    page.keyboard.press("j")
    expect(page.locator("desk-review h2").last).to_have_text("Is “Gift wrap” an intent of its own?")
    expect(page.get_by_test_id("review-why")).to_have_text(
        "210 past tickets, 4.3 % of the traffic."
    )
    page.get_by_test_id("review-answer").fill("Yes: write it into the note of {nobody}.")
    page.get_by_test_id("review-accept").click()
    expect(page.get_by_role("alert")).to_contain_text("unknown variable {nobody}")
    page.get_by_test_id("review-answer").fill("Yes: write it into the note.")
    page.get_by_test_id("review-text").first.uncheck()
    page.get_by_test_id("review-title").fill("Wrap it as a present")
    page.get_by_test_id("review-title").press("Enter")
    expect(page.get_by_test_id("review-why")).to_have_text(
        "34 like messages, 21 were handed over, 3 were rated badly, the desk is on average 41 % "
        "sure, 1.2 % of the traffic."
    )
    content = store.content()
    assert content.intents[-1].title == "Wrap it as a present"
    assert content.templates[-1].text == "Yes: write it into the note."
    assert len([e for e in content.examples if e.source == "review"]) == 59

    page.get_by_test_id("review-text").nth(2).uncheck()
    page.keyboard.press("l")
    expect(page.get_by_test_id("correction")).to_contain_text("What are these 34 really?")
    page.get_by_test_id("correct-search").fill("order")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.get_by_test_id("correct-save").click()
    expect(page.locator("desk-review h2").last).to_have_text("Return policy has no answer")
    labelled = store.corrections([text.message_id or "" for text in queue[1].texts])
    assert len(labelled) == 3
    assert queue[1].texts[2].message_id not in labelled

    page.keyboard.press("d")
    expect(page.get_by_test_id("review-empty")).to_contain_text("Nothing to decide")
    expect(page.locator("#nav-review .count")).to_have_text("")
    page.context.close()


def test_enter_accepts_what_is_suggested(
    browser: Browser, server: LiveServer, store: Store, queue: list[Proposal]
) -> None:
    page = sign_in(browser, server)
    page.get_by_test_id("proposal").nth(1).click()
    expect(page.get_by_test_id("review-accept")).to_contain_text("Label as Return policy")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("toasts")).to_contain_text("Labelled as Return policy.")
    found = store.corrections([text.message_id or "" for text in queue[1].texts])
    assert [one.intent for one in found.values()] == ["return_policy"] * 4
    page.context.close()


def hold(page: Page, key: str, times: int = 4) -> None:
    """Press a key and let the browser repeat it."""
    for _ in range(times):
        page.keyboard.down(key)
        page.wait_for_timeout(150)
    page.keyboard.up(key)


def test_a_key_that_is_held_decides_once(
    browser: Browser, server: LiveServer, store: Store, ana: Operator, queue: list[Proposal]
) -> None:
    page = sign_in(browser, server)
    page.get_by_test_id("proposal").first.click()
    hold(page, "d")
    expect(page.get_by_test_id("review-accept")).to_contain_text("Label as Return policy")
    assert [p.id for p in store.proposals(state="dismissed")] == [queue[0].id]
    store.add_proposals([replace(queue[1], id="", value=value) for value in (30.0, 29.0)])
    expect(page.get_by_test_id("proposal")).to_have_count(4)
    hold(page, "Enter")
    expect(page.get_by_test_id("proposal")).to_have_count(3)
    assert [p.id for p in store.proposals(state="accepted")] == [queue[1].id]
    page.keyboard.press("l")
    hold(page, "Enter")
    expect(page.get_by_test_id("correction")).to_be_visible()  # chosen, and not yet saved
    assert len(store.proposals()) == 3
    page.keyboard.press("Escape")
    hold(page, "k")
    assert "#/review/" in page.url
    page.context.close()


def test_a_choice_is_not_lost_while_another_decision_is_saved(
    browser: Browser, server: LiveServer, store: Store, queue: list[Proposal]
) -> None:
    page = sign_in(browser, server)
    waiting: list[Route] = []
    page.route("**/dismiss", lambda route: waiting.append(route))  # noqa: PLW0108 - not a builtin
    page.get_by_test_id("proposal").nth(1).click()
    page.keyboard.press("d")
    page.keyboard.press("l")
    dialog = page.get_by_test_id("correction")
    page.get_by_test_id("correct-save").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Choose an intent or a sentiment first")
    page.get_by_test_id("correct-negative").click()
    page.get_by_test_id("correct-save").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Not saved. The decision before")
    page.keyboard.press("Escape")
    waiting[0].abort()
    expect(page.get_by_test_id("review-page").get_by_role("alert")).to_contain_text("Not saved")
    page.keyboard.press("l")
    page.get_by_test_id("correct-negative").click()
    page.get_by_test_id("correct-save").click()
    expect(page.get_by_test_id("proposal")).to_have_count(2)
    found = store.corrections([text.message_id or "" for text in queue[1].texts])
    assert [(one.intent, one.sentiment) for one in found.values()] == [(None, "negative")] * 4
    page.context.close()


def test_what_somebody_else_decides_leaves_the_list(
    browser: Browser, server: LiveServer, store: Store, ana: Operator, queue: list[Proposal]
) -> None:
    page = sign_in(browser, server)
    expect(page.get_by_test_id("proposal")).to_have_count(3)
    expect(page.get_by_test_id("live")).to_have_text("Live")
    store.dismiss_proposal(queue[0].id, ana.id)
    expect(page.get_by_test_id("proposal")).to_have_count(2)
    expect(page.locator("#nav-review .count")).to_have_text("2")
    page.context.close()


@pytest.mark.parametrize("width", [320, 768, 1280])
def test_the_queue_fits_every_width(
    browser: Browser, server: LiveServer, queue: list[Proposal], width: int
) -> None:
    page = sign_in(browser, server, width)
    expect(page.get_by_test_id("proposal")).to_have_count(3)
    assert page.evaluate(WIDER) == []
    for number in range(3):
        page.goto(re.sub("#.*", f"#/review/{queue[number].id}", page.url))
        expect(page.get_by_test_id("review-accept")).to_be_visible()
        assert page.evaluate(WIDER) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.context.close()
