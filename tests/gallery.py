"""Every page and state of the running product, wide and narrow, light and dark, as pictures.

Called by ``take_screenshots.py``, with a server on `busy_desk`. A picture is named
VIEW-WIDTH-THEME.webp; README.md beside them shows all.
"""

import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw
from playwright.sync_api import Browser, FilePayload, Page, Request, Route, expect

from conftest import PASSWORD
from pictures import PDF

SIZES = {320: 640, 768: 900, 1440: 900}
THEMES = ("light", "dark")
SETTLED = """() => document.fonts.status === "loaded"
  && ![...document.querySelectorAll(".skeleton, [aria-busy=true]")].some((e) => e.checkVisibility())
  && document.getAnimations().every((a) => a.playState !== "running"
    || a.effect?.getTiming().iterations === Infinity)"""
QUALITY = 70
CALM = 6  # times in a row that nothing is awaited

Act = Callable[[Page], None]


def stay(page: Page) -> None:
    """Nothing to do before the picture."""


@dataclass(frozen=True, slots=True)
class View:
    """A page of the console by the ``place`` in its address, or a state of the widget."""

    name: str
    title: str
    place: str = ""
    act: Act = stay
    language: str = ""


def click(*names: str) -> Act:
    """Click what has these test ids, one after the other."""

    def act(page: Page) -> None:
        for name in names:
            page.get_by_test_id(name).first.click()

    return act


def press(*keys: str) -> Act:
    def act(page: Page) -> None:
        page.locator("body").press(keys[0])
        for key in keys[1:]:
            page.keyboard.press(key)

    return act


def open_ticket(page: Page) -> None:
    page.get_by_test_id("ticket").first.click()
    expect(page.get_by_test_id("log")).to_be_visible()


def see_why(page: Page) -> None:
    open_ticket(page)
    page.get_by_test_id("why").last.click()


def correct(page: Page) -> None:
    open_ticket(page)
    page.get_by_test_id("correct").last.click()
    page.get_by_test_id("correct-search").fill("refund")


def insert_reply(page: Page) -> None:
    open_ticket(page)
    page.get_by_test_id("composer-text").press_sequentially("/re")


def resolve(page: Page) -> None:
    open_ticket(page)
    if page.get_by_test_id("act-claim").is_visible():
        page.get_by_test_id("act-claim").click()
    page.get_by_test_id("act-resolve").click()


def search(page: Page) -> None:
    page.locator("body").press("/")
    page.keyboard.type("parcel")


def try_text(page: Page) -> None:
    page.get_by_test_id("try-text").fill("my pan is dented and I want my money back")
    page.get_by_test_id("try-ask").click()
    expect(page.get_by_test_id("tried")).to_be_visible()


def find_command(page: Page) -> None:
    page.locator("body").press("Control+k")
    page.get_by_test_id("palette-input").fill("re")


def photo() -> FilePayload:
    """A lamp with a crack in its glass, as drawn as pictures of tests may be."""
    image = Image.new("RGB", (960, 720), "#e8e2d6")
    drawn = ImageDraw.Draw(image)
    drawn.rectangle((0, 520, 960, 720), fill="#b9a58a")
    drawn.polygon([(330, 120), (630, 120), (720, 360), (240, 360)], fill="#2f4a4d")
    drawn.rectangle((462, 360, 498, 560), fill="#8a6f3c")
    drawn.ellipse((360, 540, 600, 600), fill="#8a6f3c")
    drawn.line([(560, 130), (525, 190), (575, 240), (530, 300), (560, 358)], "#f4f1ea", width=7)
    written = io.BytesIO()
    image.save(written, "PNG")
    return {"name": "cracked-lamp.png", "mimeType": "image/png", "buffer": written.getvalue()}


PAPER: FilePayload = {"name": "receipt.pdf", "mimeType": "application/pdf", "buffer": PDF}


def attach_reply(page: Page) -> None:
    open_ticket(page)
    if page.get_by_test_id("act-claim").is_visible():
        page.get_by_test_id("act-claim").click()
    page.get_by_test_id("file-input").set_input_files([photo(), PAPER])
    expect(page.locator("[data-testid=tray-item][data-state=done]")).to_have_count(2)


SIGN_IN = View("sign-in", "Sign-in")
CONSOLE = (
    View("inbox", "Inbox"),
    View("ticket", "A ticket with the customer's past and suggested replies", "", open_ticket),
    View("trace", "Why the desk did what it did", "", see_why),
    View("correction", "Saying what a message really was", "", correct),
    View("replies", "Templates and canned replies by /", "", insert_reply),
    View("files", "Files for a reply", "", attach_reply),
    View("resolving", "Resolving with the label in one step", "", resolve),
    View("search", "Search", "", search),
    View("palette", "Command palette", "", find_command),
    View("help", "Keyboard help", "", press("?")),
    View("content", "Intents and templates", "content"),
    View("intent", "An intent with its templates and examples", "content/refund_status"),
    View("examples", "Examples", "examples"),
    View("articles", "Articles", "articles"),
    View("golden", "Golden cases", "golden"),
    View("facts", "Facts of the desk", "facts"),
    View("history", "History of the content", "history"),
    View("try", "What the desk would answer now", "try", try_text),
    View("review", "Review queue", "review"),
    View("releases", "Releases and nights", "releases"),
    View("agreement", "Agreement of operators", "", click("nav-agreement")),
    View("reports", "Reports", "reports"),
    View("account", "My account", "settings/account"),
    View("hours", "Hours and promises", "settings/hours"),
    View("people", "People", "settings/people"),
    View("tokens", "API tokens", "settings/tokens"),
    View("site", "The site and the widget", "settings/site"),
    View("webhooks", "Webhooks", "settings/webhooks"),
    View("audit", "Audit log", "settings/audit"),
)


def open_widget(page: Page) -> None:
    page.locator("[part=launcher]").click()
    expect(page.locator("[part=input]")).to_be_visible()


def say(text: str, *more: str) -> Act:
    def act(page: Page) -> None:
        open_widget(page)
        for line in (text, *more):
            answers = page.locator("[part=message][data-author=desk]")
            before = answers.count()
            page.locator("[part=input]").fill(line)
            page.locator("[part=input]").press("Enter")
            expect(answers.nth(before)).to_be_visible(timeout=20_000)

    return act


def open_menu(page: Page) -> None:
    open_widget(page)
    page.locator("[part=menu-button]").click()


def attach_files(page: Page) -> None:
    say("my lamp came with a crack in the glass")(page)
    page.locator("[part=picker]").set_input_files([photo(), PAPER])
    expect(page.locator("[part~=tray-item]")).to_have_count(2)


def go_offline(page: Page) -> None:
    say("what can I pay with?")(page)
    page.context.set_offline(True)
    page.locator("[part=input]").fill("And in instalments?")
    page.locator("[part=input]").press("Enter")
    expect(page.locator("[part=banner]")).to_be_visible(timeout=20_000)


WIDGET = (
    View("widget-closed", "The widget, closed"),
    View("widget-welcome", "The widget's first words", "", open_widget),
    View("widget-answer", "An answer", "", say("where is my parcel KM-482913?")),
    View("widget-choice", "“Did you mean?”", "", say("my address and my delivery")),
    View("widget-person", "Handed over to a person", "", say("I want to talk to a real person")),
    View("widget-files", "Files about to be sent", "", attach_files),
    View("widget-menu", "The widget's menu", "", open_menu),
    View("widget-offline", "Without a connection", "", go_offline),
    View("widget-arabic", "In Arabic, from right to left", "", open_widget, "ar"),
)


def take_all(browser: Browser, address: str, folder: Path) -> Sequence[View]:
    """Take every picture; returns the views in the order in which people may look at them."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.webp"):
        old.unlink()
    for theme in THEMES:
        for width, height in SIZES.items():
            look = {"viewport": {"width": width, "height": height}, "color_scheme": theme}
            for view, page in _console(browser, address, look):
                page.keep(folder / f"{view.name}-{width}-{theme}.webp")
            for view in WIDGET:
                page = Quiet(browser, look)
                if view.language:
                    page.speak(view.language)
                page.goto(address)
                view.act(page.page)
                page.keep(folder / f"{view.name}-{width}-{theme}.webp")
                page.page.context.close()
    views = (*WIDGET, SIGN_IN, *CONSOLE)
    (folder / "README.md").write_text(_index(views), encoding="utf-8")
    return views


class Quiet:
    """A page in a window of its own that tells when nothing is on its way to it any more."""

    def __init__(self, browser: Browser, look: dict[str, object]) -> None:
        context = browser.new_context(**look, locale="en-GB")  # type: ignore[arg-type]
        self.page = context.new_page()
        self.awaited: set[Request] = set()
        self.page.on("request", self._ask)
        for over in ("requestfinished", "requestfailed"):
            self.page.on(over, self._have)

    def _ask(self, request: Request) -> None:
        if not request.url.partition("?")[0].endswith("/events"):  # which has no end
            self.awaited.add(request)

    def _have(self, request: Request) -> None:
        self.awaited.discard(request)

    def speak(self, language: str) -> None:
        """Let the page say that it is in another language, which the widget follows."""

        def told(route: Route) -> None:
            page = route.fetch()
            route.fulfill(
                response=page, body=page.text().replace('lang="en"', f'lang="{language}"')
            )

        self.page.route(re.compile(r"/$"), told)

    def goto(self, address: str) -> None:
        self.page.goto("about:blank")  # so that it is loaded anew
        self.awaited.clear()
        self.page.goto(address)

    def settle(self) -> None:
        """Wait until everything is there and nothing moves."""
        calm = 0
        while calm < CALM:
            self.page.wait_for_timeout(50)
            calm = calm + 1 if not self.awaited else 0
        self.page.wait_for_function(SETTLED)

    def keep(self, place: Path) -> None:
        """Take the picture."""
        self.settle()
        with Image.open(io.BytesIO(self.page.screenshot())) as picture:
            picture.save(place, "WEBP", quality=QUALITY, method=6)


def _console(
    browser: Browser, address: str, look: dict[str, object]
) -> Iterator[tuple[View, Quiet]]:
    """The console's views one after the other, each in a page loaded anew."""
    quiet = Quiet(browser, look)
    page = quiet.page
    quiet.goto(f"{address}/console")
    expect(page.get_by_test_id("sign-in")).to_be_visible()
    yield SIGN_IN, quiet
    page.get_by_test_id("email").fill("ana@desk.example")
    page.get_by_test_id("password").fill(PASSWORD)
    page.get_by_test_id("sign-in").click()
    expect(page.get_by_test_id("live")).to_have_text("Live", timeout=20_000)
    for view in CONSOLE:
        quiet.goto(f"{address}/console#/{view.place}")
        expect(page.get_by_test_id("live")).to_have_text("Live", timeout=20_000)
        quiet.settle()
        view.act(page)
        yield view, quiet
    page.context.close()


def _index(views: Sequence[View]) -> str:
    lines = [
        "# Screenshots",
        "",
        "Made by `make screenshots` from the running product on two weeks of made-up customers.",
        "",
    ]
    for view in views:
        lines += [f"## {view.title}", ""]
        for theme in THEMES:
            names = [f"{view.name}-{width}-{theme}.webp" for width in SIZES]
            tags = [f'<img src="{name}" alt="{view.title}, {name}" height="360">' for name in names]
            lines += [" ".join(tags), ""]
    return "\n".join(lines)
