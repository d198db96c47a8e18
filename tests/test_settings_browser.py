"""The console's settings pages in a real browser, as people use them, on the real server."""

import re
from collections.abc import Iterator

import pyotp
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from axe import findings
from chromium import watch
from conftest import PASSWORD, add_person
from index.champion import promote
from live import LiveServer
from service.config import Config
from service.store import Store
from test_release import write_release

pytestmark = pytest.mark.browser

NEW = "a heap of wet gravel"
XSS = "<img src=x onerror=\"document.title='owned'\">"
WIDER = """() => [...document.querySelectorAll("desk-settings *, dialog *")].filter((element) =>
    element.checkVisibility() && !element.closest(".settings-tabs") &&
    element.getBoundingClientRect().right > document.documentElement.clientWidth + 1
).map((element) => element.outerHTML.slice(0, 100))"""


@pytest.fixture
def server(config: Config, store: Store) -> Iterator[LiveServer]:
    for name, role in (("ada", "admin"), ("lena", "lead"), ("olga", "operator")):
        add_person(store, f"{name}@desk.example", role)  # type: ignore[arg-type]
    with LiveServer(config.home) as server:
        yield server


class Visitor:
    """Somebody with a browser of their own."""

    def __init__(
        self, browser: Browser, server: LiveServer, width: int = 1280, dark: bool = False
    ) -> None:
        scheme = "dark" if dark else "light"
        self.context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme
        )
        self.page: Page = self.context.new_page()
        self.problems = watch(self.page)
        self.address = f"http://127.0.0.1:{server.port}/console"

    def come(self, name: str, password: str = PASSWORD, at: str = "account") -> "Visitor":
        self.page.goto(f"{self.address}#/settings/{at}")
        self.see("email").fill(f"{name}@desk.example")
        self.see("password").fill(password)
        self.see("sign-in").click()
        return self

    def open(self, name: str) -> None:
        self.see(f"settings-{name}").click()

    def see(self, name: str) -> Locator:
        return self.page.get_by_test_id(name)

    def person(self, name: str) -> Locator:
        return self.see("person").filter(has_text=name)

    def agree(self) -> None:
        self.see("question-form-save").click()
        expect(self.see("question")).to_have_count(0)

    def secret(self) -> str:
        """What is shown once, and put away."""
        return self.secrets()[0]

    def secrets(self) -> list[str]:
        """The same, of several."""
        expect(self.see("secret-text").first).to_be_visible()
        shown = self.see("secret-text").all_inner_texts()
        self.see("secret-done").click()
        expect(self.see("secret")).to_have_count(0)
        return shown


def test_one_changes_name_and_password_and_ends_other_sessions(
    browser: Browser, server: LiveServer
) -> None:
    here, there = (Visitor(browser, server).come("olga") for _ in range(2))
    expect(there.see("live")).to_have_text("Live")
    expect(there.see("session")).to_have_count(2)
    here.page.reload()
    here.see("account-name").fill(XSS)
    here.see("account-save").click()
    expect(here.see("operator")).to_have_text(XSS)
    assert "owned" not in here.page.title()

    here.see("password-old").fill("a guess")
    here.see("password-new").fill("short")
    expect(here.see("strength")).to_have_text("5 more characters, please.")
    here.see("password-new").fill(NEW)
    expect(here.see("strength")).to_have_text("Long enough.")
    here.see("password-save").click()
    expect(here.see("password-error")).to_have_text("This is not your password.")
    here.see("password-old").fill(PASSWORD)
    here.see("password-save").click()
    expect(here.see("session")).to_have_count(1)
    expect(here.see("password-new")).to_have_value("")
    there.page.reload()
    expect(there.see("sign-in")).to_be_visible()
    expect(here.see("live")).to_have_text("Live")

    there.come("olga", NEW)
    expect(there.see("session")).to_have_count(2)
    there.see("session-end").click()
    expect(there.see("session")).to_have_count(1)
    here.page.reload()
    expect(here.see("sign-in")).to_be_visible()
    here.come("olga", NEW)
    expect(here.see("session")).to_have_count(2)
    here.see("sign-out-others").click()
    here.agree()
    expect(here.see("session")).to_have_count(1)


def test_two_factor_sign_in_is_set_up_and_asked_for(browser: Browser, server: LiveServer) -> None:
    olga = Visitor(browser, server).come("olga")
    olga.see("totp-begin").click()
    olga.see("confirm-password").fill(PASSWORD)
    olga.see("confirm-password").press("Enter")
    picture = olga.see("totp-picture")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.complete && image.naturalWidth > 0")
    secret = olga.see("totp-secret").inner_text().replace(" ", "")
    assert findings(olga.page) == []
    olga.see("totp-code").fill("000000")
    olga.see("totp-confirm-save").click()
    expect(olga.see("totp-confirm-error")).to_contain_text("This code is wrong")
    code = pyotp.TOTP(secret).now()
    olga.see("totp-code").fill(code)
    olga.see("totp-confirm-save").click()
    expect(olga.see("secret-text")).to_have_count(10)
    assert findings(olga.page) == []
    recovery, other = olga.secrets()[:2]
    expect(olga.see("totp-state")).to_contain_text("10 recovery codes left")
    olga.see("sign-out").click()
    expect(olga.see("sign-in")).to_be_visible()
    expect(olga.page).to_have_url(re.compile("#/$"))
    olga.come("olga")
    expect(olga.see("totp")).to_be_focused()
    assert findings(olga.page) == []
    olga.see("totp").fill(code)
    olga.see("sign-in").click()
    expect(olga.see("sign-in-error")).to_contain_text("was used before")
    olga.see("totp").fill(recovery)
    olga.see("totp").press("Enter")
    expect(olga.see("totp-state")).to_contain_text("9 recovery codes left")
    olga.see("totp-off").click()
    olga.see("confirm-password").fill(PASSWORD)
    olga.see("confirm-code").fill(code)
    olga.see("password-form-save").click()
    expect(olga.see("password-form-error")).to_contain_text("was used before")
    assert findings(olga.page) == []
    olga.see("confirm-code").fill(other)
    olga.see("password-form-save").click()
    expect(olga.see("totp-begin")).to_be_visible()


def test_an_admin_adds_changes_and_disables_people(browser: Browser, server: LiveServer) -> None:
    ada = Visitor(browser, server).come("ada", at="people")
    olga = Visitor(browser, server).come("olga")
    expect(olga.see("session")).to_have_count(1)
    ada.see("person-email").fill("nora@desk.example")
    ada.see("person-name").fill(XSS)
    ada.see("person-role").select_option("lead")
    ada.see("person-add-save").click()
    expect(ada.see("secret")).to_contain_text("shown only now")
    password = ada.secret()
    expect(ada.see("person")).to_have_count(4)
    expect(ada.person("nora@").get_by_test_id("person-shown")).to_have_text(XSS)
    nora = Visitor(browser, server).come("nora", password, at="tokens")
    expect(nora.see("no-tokens")).to_be_visible()

    ada.person("olga@").get_by_test_id("role").select_option("admin")
    expect(ada.see("toasts")).to_contain_text("Olga is admin now.")
    ada.person("olga@").get_by_test_id("role").select_option("operator")
    ada.person("ada@").get_by_test_id("role").select_option("lead")
    expect(ada.see("toasts")).to_contain_text("This is the last admin")
    expect(ada.person("ada@").get_by_test_id("role")).to_have_value("admin")

    ada.person("olga@").get_by_test_id("disable").click()
    ada.agree()
    expect(ada.person("olga@").get_by_test_id("disabled")).to_be_visible()
    olga.page.reload()
    expect(olga.see("sign-in")).to_be_visible()
    ada.person("olga@").get_by_test_id("enable").click()
    expect(ada.see("disabled")).to_have_count(0)
    ada.person("olga@").get_by_test_id("reset").click()
    ada.see("question-form-save").click()
    olga.come("olga", ada.secret())
    expect(olga.see("session")).to_have_count(1)
    ada.person("olga@").get_by_test_id("sign-out-person").click()
    ada.agree()
    olga.page.reload()
    expect(olga.see("sign-in")).to_be_visible()
    assert "owned" not in ada.page.title()


def test_tokens_are_made_used_and_revoked(browser: Browser, server: LiveServer) -> None:
    olga = Visitor(browser, server).come("olga", at="tokens")
    olga.see("token-make-save").click()
    expect(olga.see("token-make-error")).to_have_text("This is empty.")
    olga.see("token-name").fill(f"till {XSS}")
    olga.see("confirm-password").fill("a guess")
    olga.see("token-make-save").click()
    expect(olga.see("token-make-error")).to_have_text("This is not your password.")
    expect(olga.see("confirm-password")).to_be_focused()
    olga.see("confirm-password").fill(PASSWORD)
    olga.see("token-make-save").click()
    token = olga.secret()
    expect(olga.see("token")).to_contain_text("never used")
    assert server.call("GET", "/api/v1/tickets", token=token)[0] == 200
    olga.page.reload()
    expect(olga.see("token")).to_contain_text("used just now")
    ada = Visitor(browser, server).come("ada", at="tokens")
    expect(ada.see("token")).to_contain_text("Olga")
    ada.see("token-revoke").click()
    ada.agree()
    expect(ada.see("token")).to_have_count(0)
    assert server.call("GET", "/api/v1/tickets", token=token)[0] == 401
    assert "owned" not in olga.page.title() + ada.page.title()


def test_the_site_is_changed_and_the_widget_follows(browser: Browser, server: LiveServer) -> None:
    ada = Visitor(browser, server).come("ada", at="site")
    ada.see("site-name").fill(f"Moor {XSS}"[:80])
    ada.see("site-welcome").fill("Good day.\n\nHello <b>there</b>.")
    expect(ada.see("suggested").first).to_be_visible()
    for _ in range(ada.see("suggested").count()):
        ada.see("suggested").first.get_by_role("button").click()
    ada.see("site-suggest").select_option("return_policy")
    ada.see("site-color").fill("#aa3300")
    ada.see("site-theme").select_option("dark")
    ada.see("site-origins").fill("no origin")
    ada.see("site-save").click()
    expect(ada.see("site-error")).to_contain_text("is no origin")
    ada.see("site-origins").fill("https://shop.example")
    ada.see("site-save").click()
    expect(ada.see("toasts")).to_contain_text("Customers see it within seconds")
    site = server.call("GET", "/api/v1/site")[2]
    assert site["theme"] == {"color": "#aa3300", "mode": "dark"}
    ada.page.reload()
    expect(ada.see("site-welcome")).to_have_value("Good day.\n\nHello <b>there</b>.")
    expect(ada.see("suggested")).to_have_count(1)
    expect(ada.see("site-color")).to_have_value("#aa3300")
    expect(ada.see("site-origins")).to_have_value("https://shop.example")


def test_the_log_is_read_filtered_and_kept(
    browser: Browser, server: LiveServer, store: Store
) -> None:
    for n in range(60):
        store.note("trial.begin", f"rel_{n}{XSS}")
    ada = Visitor(browser, server).come("ada", at="audit")
    expect(ada.see("audit-entry")).to_have_count(50)
    expect(ada.see("audit-entry").first).to_contain_text("signed in")
    ada.see("audit-older").click()
    expect(ada.see("audit-older")).to_be_hidden()
    assert ada.see("audit-entry").count() > 60
    ada.see("audit-what").select_option("trial.begin")
    expect(ada.see("audit-entry").first).to_contain_text(f"rel_59{XSS}")
    ada.see("audit-who").select_option(label="Ada")
    expect(ada.see("audit-none")).to_be_visible()
    ada.see("audit-what").select_option("")
    expect(ada.see("audit-entry")).to_have_count(1)
    with ada.page.expect_download() as download:
        ada.see("audit-csv").click()
    table = download.value.path().read_text()
    assert len(table.splitlines()) == 2
    assert "session.begin" in table
    ada.see("audit-to").fill("2020-01-01")
    expect(ada.see("audit-none")).to_be_visible()
    assert "owned" not in ada.page.title()


@pytest.mark.parametrize("name", ["olga", "lena"])
def test_who_is_no_admin_finds_no_admins_page(
    name: str, browser: Browser, server: LiveServer
) -> None:
    visitor = Visitor(browser, server).come(name, at="account")
    expect(visitor.see("session")).to_have_count(1)
    calls: list[str] = []
    visitor.page.on("request", lambda request: calls.append(request.url))
    for page in ("people", "site", "webhooks", "audit"):
        expect(visitor.see(f"settings-{page}")).to_have_count(0)
        visitor.page.goto(f"{visitor.address}#/settings/{page}")
        expect(visitor.see("admins-only")).to_be_visible()
    for path in ("/people", "/settings", "/webhooks", "/audit", "/audit.csv", "/tokens?of=all"):
        status = visitor.page.evaluate("path => fetch(path).then(r => r.status)", f"/api/v1{path}")
        assert status == 403


def test_a_lead_looks_at_a_trial_and_an_operator_does_not(
    browser: Browser, server: LiveServer, config: Config
) -> None:
    releases = [write_release(config.releases).id for _ in range(2)]
    promote(config.releases, releases[0])
    lena, olga = (Visitor(browser, server).come(name) for name in ("lena", "olga"))
    for visitor in (lena, olga):
        visitor.see("nav-releases").click()
        expect(visitor.see("release")).to_have_count(2)
        expect(visitor.see("promote")).to_have_count(0)
    lena.see("open-trial").click()
    expect(lena.see("no-trial")).to_be_visible()
    expect(lena.see("trial-begin")).to_have_count(0)
    expect(olga.see("open-trial")).to_have_count(0)


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (768, True), (320, False)])
def test_every_page_fits_and_can_be_used_by_everybody(
    width: int, dark: bool, browser: Browser, server: LiveServer, store: Store
) -> None:
    ada = store.operator_by_email("ada@desk.example")
    store.create_api_token(ada.id, "a very long name " * 4)
    store.add_operator(f"{'long' * 20}@desk.example", "Ann " + "x" * 70, "operator", "h")
    visitor = Visitor(browser, server, width, dark).come("ada")
    for name, shown in (
        ("account", "session"),
        ("tokens", "token"),
        ("people", "person"),
        ("site", "site-name"),
        ("audit", "audit-entry"),
    ):
        visitor.page.goto(f"{visitor.address}#/settings/{name}")
        expect(visitor.see(shown).first).to_be_visible()
        assert findings(visitor.page) == [], name
        assert visitor.page.evaluate(WIDER) == [], name
        assert visitor.page.evaluate("document.documentElement.scrollWidth") <= width
    visitor.page.route(re.compile("/api/v1/people"), lambda route: route.abort())
    visitor.page.goto(f"{visitor.address}#/settings/people")
    expect(visitor.see("settings-error")).to_be_visible()
    assert findings(visitor.page) == []
