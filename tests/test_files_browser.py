"""Files between two people in real browsers: attached, on their way, seen by both, refused."""

import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Error, FilePayload, Locator, Page, Route, expect

from axe import findings
from chromium import watch
from pictures import PAGE, PDF, picture
from served import Served
from service.store import Store

pytestmark = pytest.mark.browser

UPLOADS = "**/api/v1/conversations/*/files"


def payload(name: str = "crack.png", content: bytes | None = None) -> FilePayload:
    kinds = {"png": "image/png", "pdf": "application/pdf"}
    kind = kinds.get(name.rsplit(".", maxsplit=1)[-1], "application/octet-stream")
    return {"name": name, "mimeType": kind, "buffer": content or picture(size=(640, 400))}


class Shopper:
    """A customer at the demo page, with the chat open."""

    def __init__(self, desk: Served, locale: str = "en", **options: Any) -> None:
        context = desk.browser.new_context(locale=locale, **options)
        self.page: Page = context.new_page()
        self.problems = watch(self.page)
        desk.problems.append(self.problems)
        self.page.goto(f"{desk.address}/")
        self.see("launcher").click()
        expect(self.see("attach")).to_be_visible()
        self.input = self.see("input")

    def see(self, part: str) -> Locator:
        return self.page.locator(f"frontdesk-widget [part~={part}]")

    def attach(self, *files: FilePayload) -> None:
        self.see("picker").set_input_files(list(files))

    def expect_person(self) -> None:
        """The desk has the message and has handed it over."""
        expect(self.page.locator("frontdesk-widget")).to_contain_text("A colleague will")

    @property
    def send(self) -> Locator:
        return self.see("send")


def barriers(page: Page) -> list[str]:
    """What axe says of the widget; the shop around it is not what this is about."""
    return [found for found in findings(page) if found.split(": ")[1].startswith("frontdesk-")]


def ticket_of(store: Store) -> str:
    (ticket,) = store.tickets()
    return ticket.id


def shown(image: Locator) -> None:
    """The picture itself is there, not the words in its place."""
    expect(image).to_be_visible()
    image.page.wait_for_function("(image) => image.naturalWidth > 0", arg=image.element_handle())


def carry(page: Page, target: Locator, event: str, name: str, content: bytes) -> None:
    """Let a paste or a drop bring a file."""
    target.evaluate(
        """(element, [event, name, bytes]) => {
          const brought = new DataTransfer();
          brought.items.add(new File([new Uint8Array(bytes)], name, { type: 'image/png' }));
          const how = { bubbles: true, cancelable: true, composed: true };
          element.dispatchEvent(event === 'paste'
            ? new ClipboardEvent(event, { ...how, clipboardData: brought })
            : new DragEvent(event, { ...how, dataTransfer: brought }));
        }""",
        [event, name, list(content)],
    )


# --- between two people --------------------------------------------------------------------------


def test_a_picture_and_a_paper_go_from_the_customer_to_the_operator_and_back(
    desk: Served, store: Store
) -> None:
    shopper = Shopper(desk)
    shopper.attach(payload(), payload("receipt.pdf", PDF))
    expect(shopper.see("tray-item")).to_have_count(2)
    expect(shopper.see("tray-item").first).to_have_attribute("data-state", "done")
    expect(shopper.see("tray-item").last).to_have_attribute("data-state", "done")
    assert barriers(shopper.page) == []
    shopper.input.fill("it is broken")
    shopper.input.press("Enter")
    expect(shopper.see("tray-item")).to_have_count(0)
    shown(shopper.see("picture").locator("img"))
    expect(shopper.see("file")).to_contain_text("receipt.pdf")
    shopper.expect_person()

    page = desk.console("ana", f"#/tickets/{ticket_of(store)}")
    said = page.get_by_test_id("message-customer")
    expect(said).to_contain_text("it is broken")
    shown(said.get_by_test_id("file-picture").locator("img"))
    with page.expect_download() as download:
        said.get_by_test_id("file-paper").click()
    assert download.value.suggested_filename == "receipt.pdf"
    assert Path(download.value.path()).read_bytes() == PDF
    assert findings(page) == []

    page.get_by_test_id("file-input").set_input_files([payload("form.pdf", PDF)])
    expect(page.get_by_test_id("tray-item")).to_have_attribute("data-state", "done")
    assert findings(page) == []
    page.get_by_test_id("send").click()  # without a word
    expect(page.get_by_test_id("tray-item")).to_have_count(0)
    expect(page.get_by_test_id("message-operator").get_by_test_id("file-paper")).to_be_visible()
    theirs = shopper.see("file").last
    expect(theirs).to_contain_text("form.pdf")
    with shopper.page.expect_download() as download:
        theirs.click()
    assert download.value.suggested_filename == "form.pdf"
    assert Path(download.value.path()).read_bytes() == PDF
    assert barriers(shopper.page) == []


def test_a_picture_without_a_word_is_handed_over_and_opens_large(
    desk: Served, store: Store
) -> None:
    shopper = Shopper(desk)
    shopper.attach(payload())
    expect(shopper.send).to_have_attribute("aria-disabled", "false")
    shopper.send.click()
    expect(shopper.page.locator("frontdesk-widget")).to_contain_text("A colleague will look at")
    picture_button = shopper.see("picture")
    shown(picture_button.locator("img"))
    picture_button.press("Enter")
    viewer = shopper.see("viewer")
    shown(viewer.locator("img"))
    assert barriers(shopper.page) == []
    shopper.page.keyboard.press("Escape")
    expect(viewer).to_have_count(0)
    expect(shopper.see("panel")).to_be_visible()  # Escape closed only the picture
    expect(picture_button).to_be_focused()

    page = desk.console("ana", f"#/tickets/{ticket_of(store)}")
    said = page.get_by_test_id("message-customer")
    expect(said).to_contain_text("Not read: no model looks at files.")
    expect(said.get_by_test_id("correct")).to_have_count(0)
    expect(page.get_by_test_id("conversation-reason")).to_contain_text("files without words")
    shopper.page.reload()  # what was here before comes from the desk now
    expect(shopper.see("panel")).to_be_visible()  # it was open
    shown(shopper.see("picture").locator("img"))


def test_files_are_pasted_and_dropped(desk: Served, store: Store) -> None:
    shopper = Shopper(desk)
    carry(shopper.page, shopper.input, "paste", "pasted.png", picture())
    carry(shopper.page, shopper.see("panel"), "dragover", "dropped.png", picture())
    expect(shopper.see("panel")).to_have_class(re.compile(r"\bover\b"))
    carry(shopper.page, shopper.see("panel"), "drop", "dropped.png", picture())
    expect(shopper.see("panel")).not_to_have_class(re.compile(r"\bover\b"))
    expect(shopper.see("tray-item")).to_contain_text(["pasted.png", "dropped.png"])
    copied = """(element) => {
      const brought = new DataTransfer();
      brought.items.add(new File(['x'], 'table.png', { type: 'image/png' }));
      brought.setData('text/html', '<table>');
      brought.setData('text/plain', 'a table');
      const how = { bubbles: true, cancelable: true, clipboardData: brought };
      return element.dispatchEvent(new ClipboardEvent('paste', how));
    }"""
    assert shopper.input.evaluate(copied)  # words, which the browser puts in by itself
    expect(shopper.see("tray-item")).to_have_count(2)
    shopper.input.fill("it is broken")
    expect(shopper.send).to_have_attribute("aria-disabled", "false")
    shopper.input.press("Enter")
    expect(shopper.see("picture")).to_have_count(2)
    shopper.expect_person()

    page = desk.console("ana", f"#/tickets/{ticket_of(store)}")
    text = page.get_by_test_id("composer-text")
    carry(page, text, "paste", "a.png", picture())
    carry(page, text, "drop", "b.png", picture())
    expect(page.get_by_test_id("tray-item")).to_contain_text(["a.png", "b.png"])


# --- on the way ----------------------------------------------------------------------------------


def held(page: Page, pattern: str) -> Callable[[], None]:
    """Keep these calls waiting; the result lets them go on."""
    waiting: list[Route] = []
    page.route(pattern, lambda route: waiting.append(route))  # noqa: PLW0108

    def let_go() -> None:
        for route in waiting:
            with suppress(Error):  # called off meanwhile
                route.continue_()
        page.unroute(pattern)

    return let_go


def test_nothing_is_sent_while_a_file_is_on_its_way_and_it_can_be_called_off(
    desk: Served, store: Store
) -> None:
    shopper = Shopper(desk)
    let_go = held(shopper.page, UPLOADS)
    shopper.attach(payload("slow.png"), payload("other.png"))
    expect(shopper.see("tray-item").first.locator("progress")).to_be_visible()
    shopper.input.fill("it is broken")
    shopper.input.press("Enter")
    expect(shopper.input).to_have_value("it is broken")
    expect(shopper.send).to_have_attribute("aria-disabled", "true")
    shopper.see("tray-remove").first.click()
    expect(shopper.see("tray-item")).to_have_count(1)
    expect(shopper.input).to_be_focused()
    let_go()
    expect(shopper.see("tray-item")).to_have_attribute("data-state", "done")
    shopper.input.press("Enter")
    expect(shopper.see("picture")).to_have_count(1)
    shopper.expect_person()
    (message,) = (m for m in store.recent_messages(store.tickets()[0].conversation_id) if m.files)
    assert [file.name for file in message.files] == ["other.png"]
    shopper.problems.clear()  # of the call that was called off


def test_an_upload_goes_on_by_itself_when_the_network_is_back(desk: Served, store: Store) -> None:
    shopper = Shopper(desk)
    shopper.page.context.set_offline(True)
    shopper.attach(payload())
    expect(shopper.see("tray-item")).to_contain_text("Waiting for the connection")
    shopper.input.fill("it is broken")
    shopper.input.press("Enter")
    expect(shopper.input).to_have_value("it is broken")
    shopper.page.context.set_offline(False)
    expect(shopper.see("tray-item")).to_have_attribute("data-state", "done")
    shopper.input.press("Enter")
    expect(shopper.see("picture")).to_have_count(1)
    shopper.expect_person()
    shopper.problems.clear()  # the network's failures are this test's own


def test_a_message_that_waits_keeps_its_files_through_a_reload(desk: Served, store: Store) -> None:
    shopper = Shopper(desk)
    shopper.attach(payload("kept.png"))
    expect(shopper.see("tray-item")).to_have_attribute("data-state", "done")
    shopper.page.route("**/messages", lambda route: route.abort())
    shopper.input.fill("it is broken")
    shopper.input.press("Enter")
    expect(shopper.see("tray-item")).to_have_count(0)
    shopper.page.unroute("**/messages")
    shopper.page.reload()
    expect(shopper.see("panel")).to_be_visible()  # it was open
    shown(shopper.see("picture").locator("img"))
    shopper.expect_person()
    (message,) = (m for m in store.recent_messages(store.tickets()[0].conversation_id) if m.files)
    assert [file.name for file in message.files] == ["kept.png"]
    shopper.problems.clear()


def test_a_message_whose_files_are_gone_goes_without_them(desk: Served, store: Store) -> None:
    shopper = Shopper(desk)
    shopper.attach(payload())
    expect(shopper.see("tray-item")).to_have_attribute("data-state", "done")
    store.drop_unsent_files("2999")  # it has waited for more than a day
    shopper.input.fill("it is broken")
    shopper.input.press("Enter")
    said = shopper.see("message").filter(has_text="it is broken")
    expect(said).to_have_attribute("data-state", "failed")
    expect(said).to_contain_text("Attach it again")
    shopper.see("retry").click()
    shopper.expect_person()
    expect(said).to_have_attribute("data-state", "sent")
    expect(shopper.see("picture")).to_have_count(0)
    shopper.attach(payload())
    expect(shopper.see("tray-item")).to_have_attribute("data-state", "done")
    store.drop_unsent_files("2999")
    shopper.send.click()  # without a word, so that nothing is left
    expect(shopper.see("remove")).to_be_visible()
    expect(shopper.see("retry")).to_have_count(0)
    shopper.see("remove").click()
    expect(shopper.see("picture")).to_have_count(0)
    shopper.problems.clear()  # what was refused is this test's own


def test_who_is_told_to_come_back_tomorrow_is_not_tried_again_today(desk: Served) -> None:
    shopper = Shopper(desk)
    shopper.page.clock.install()
    calls: list[Route] = []

    def refuse(route: Route) -> None:
        calls.append(route)
        route.fulfill(status=429, json={"code": "too_many_requests"})

    shopper.page.route(UPLOADS, refuse)
    shopper.attach(payload())
    expect(shopper.see("tray-item")).to_contain_text("Please try again tomorrow.")
    shopper.page.clock.run_for(120_000)
    expect(shopper.see("tray-retry")).to_be_visible()
    assert len(calls) == 1
    shopper.problems.clear()


def test_what_cannot_be_sent_says_what_to_do(desk: Served) -> None:
    shopper = Shopper(desk)
    config = desk.app.config["FRONTDESK"].config
    shopper.attach(payload("huge.pdf", b"%PDF-" + b"x" * config.file_bytes))
    expect(shopper.see("tray-problem")).to_have_text(
        "huge.pdf is too large. At most 10 MB can be sent."
    )
    shopper.attach(payload("page.png", PAGE))
    item = shopper.see("tray-item")
    expect(item).to_have_attribute("data-state", "failed")
    expect(item).to_contain_text("Files of this kind cannot be sent. A picture or a PDF can.")
    assert barriers(shopper.page) == []
    shopper.see("tray-remove").click()
    for _ in range(config.files_per_message + 1):
        shopper.attach(payload("a.pdf", PDF))
    expect(shopper.see("tray-problem")).to_have_text("A message takes 5 files at most.")
    shopper.problems.clear()  # what was refused is this test's own


def test_a_failed_upload_can_be_tried_again(desk: Served) -> None:
    shopper = Shopper(desk)
    shopper.page.clock.install()
    shopper.page.route(UPLOADS, lambda route: route.abort())
    shopper.attach(payload())
    item = shopper.see("tray-item")
    for _ in range(8):
        shopper.page.clock.run_for(30_000)
    expect(item).to_have_attribute("data-state", "failed")
    shopper.page.unroute(UPLOADS)
    shopper.see("tray-retry").click()
    expect(item).to_have_attribute("data-state", "done")
    shopper.problems.clear()


def test_in_the_console_a_file_of_a_note_never_slips_into_a_reply(
    desk: Served, store: Store
) -> None:
    _, ticket = desk.said("it is broken")
    page = desk.console("ana", f"#/tickets/{ticket}")
    page.get_by_test_id("mode-note").click()
    page.get_by_test_id("file-input").set_input_files([payload("secret.pdf", PDF)])
    expect(page.get_by_test_id("tray-item")).to_contain_text("secret.pdf")
    page.get_by_test_id("mode-reply").click()
    expect(page.get_by_test_id("tray-item")).to_have_count(0)
    page.get_by_test_id("composer-text").fill("Dear Mia")
    page.get_by_test_id("send").click()
    expect(page.get_by_test_id("message-operator")).to_contain_text("Dear Mia")
    expect(page.get_by_test_id("message-operator").get_by_test_id("files")).to_have_count(0)
    page.get_by_test_id("mode-note").click()
    expect(page.get_by_test_id("tray-item")).to_contain_text("secret.pdf")
    page.get_by_test_id("send").click()
    expect(page.get_by_test_id("message-note").get_by_test_id("file-paper")).to_be_visible()


def test_in_the_console_what_cannot_be_sent_says_so_and_can_be_tried_again(
    desk: Served, store: Store
) -> None:
    _, ticket = desk.said("it is broken")
    page = desk.console("ana", f"#/tickets/{ticket}")
    page.get_by_test_id("file-input").set_input_files([payload("page.png", PAGE)])
    item = page.get_by_test_id("tray-item")
    expect(item).to_contain_text("Files of this kind cannot be sent.")
    expect(page.get_by_test_id("send")).to_have_attribute("aria-disabled", "true")
    assert findings(page) == []
    page.get_by_test_id("tray-remove").click()
    page.route("**/tickets/*/files", lambda route: route.abort())
    page.get_by_test_id("file-input").set_input_files([payload("a.pdf", PDF)])
    expect(item).to_contain_text("The desk cannot be reached.")
    page.unroute("**/tickets/*/files")
    page.get_by_test_id("tray-retry").click()
    expect(item).to_have_attribute("data-state", "done")
    desk.problems[-1].clear()  # what was refused is this test's own


def test_an_admin_switches_files_off_and_the_button_goes(desk: Served, store: Store) -> None:
    store.save_site(name="Lantern & Co", welcome=[], suggested=[], own={"site_files": "off"})
    desk.app.config["FRONTDESK"].site.forget()
    page = desk.browser.new_context().new_page()
    page.goto(f"{desk.address}/")
    page.locator("frontdesk-widget [part~=launcher]").click()
    expect(page.locator("frontdesk-widget [part~=input]")).to_be_visible()
    expect(page.locator("frontdesk-widget [part~=attach]")).to_have_count(0)


@pytest.mark.parametrize(
    ("language", "words", "told"),
    [
        ("ar", "إرفاق ملفات", "لا يمكن إرسال هذا النوع من الملفات"),
        ("de", "Dateien anhängen", "Dateien dieser Art können nicht gesendet werden"),
        ("zh", "添加文件", "无法发送此类文件"),
    ],
)
def test_files_speak_the_customers_language(
    desk: Served, language: str, words: str, told: str
) -> None:
    page = desk.browser.new_context(viewport={"width": 320, "height": 700}).new_page()

    def translated(route: Route) -> None:
        got = route.fetch()
        route.fulfill(response=got, body=got.text().replace('lang="en"', f'lang="{language}"'))

    page.route(f"{desk.address}/", translated)
    page.goto(f"{desk.address}/")
    page.locator("frontdesk-widget [part~=launcher]").click()
    attach = page.locator("frontdesk-widget [part~=attach]")
    expect(attach).to_have_attribute("aria-label", words)
    page.locator("frontdesk-widget [part~=picker]").set_input_files([payload("a.png", PAGE)])
    item = page.locator("frontdesk-widget [part~=tray-item]")
    expect(item).to_contain_text(told)
    assert barriers(page) == []
    wide = "(e) => e.scrollWidth <= e.clientWidth && e.getBoundingClientRect().right <= 320"
    assert item.evaluate(wide)
    box, send = (
        page.locator(f"frontdesk-widget [part~={one}]").bounding_box() for one in ("input", "send")
    )
    assert box
    assert send
    assert (send["x"] < box["x"]) == (language == "ar")  # mirrored


def test_every_language_has_the_same_words_for_files() -> None:
    path = Path(__file__).parent.parent / "service/web/static/widget/files_words.js"
    tables = re.findall(r"^const (\w\w) = \{(.*?)^\};", path.read_text(), re.DOTALL | re.MULTILINE)
    keys = {
        name: re.findall(r"^  (\w+): '.*(?<=.)',$", body, re.MULTILINE) for name, body in tables
    }
    marks = {name: re.findall(r"\{\w+\}", body) for name, body in tables}
    assert set(keys) == {"ar", "de", "en", "es", "fr", "zh"}
    assert all(of == keys["en"] for of in keys.values())
    assert all(sorted(of) == sorted(marks["en"]) for of in marks.values())
