"""Attacks in every field, and every page and view opened in a real browser: nothing runs, nothing
is asked of anybody else, and what was written is shown as text."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page, Request, expect

from calls import Caller
from chromium import watch
from conftest import add_person, signed_in
from hostile import API, World, decided, operations, world
from poison import (
    HOST,
    PAYLOADS,
    UNDERSTOOD,
    Poison,
    open_fields,
    poison_everything,
)
from served import Served
from service.config import Config
from service.store import Store
from test_hostile_access import bearer

CONSOLE = Path(__file__).parent.parent / "service" / "web" / "static" / "console"
OPEN = {
    name: most for name, most in open_fields().items() if name.rsplit(".", 1)[-1] not in UNDERSTOOD
}
# Fields that take any text and are shown on no page, with the reason.
NOT_SHOWN = {
    "NewConversation.customer.identifier_hash": "a signature, checked and dropped",
    "NewSession.email": "looked up, and kept nowhere",
    "TriedMessage.text": "answered, and kept nowhere",
    "NewMessage.client_id": "an attribute of its line in the widget",
    "NewOperatorMessage.client_id": "told to the widget and the console, and shown by none",
    "NewPresence.tab": "kept for seconds",
    "NewTags.remove[]": "names what goes",
    "NewBulk.remove[]": "names what goes",
}
TRIPPED = "window.tripped = () => console.error('tripped')"
# What no text may become: elements and attributes that run, load or frame.
RUNS = """() => {
  const roots = [document], found = [];
  for (const root of roots) for (const one of root.querySelectorAll('*')) {
    if (one.shadowRoot) roots.push(one.shadowRoot);
    const address = ['href', 'src', 'action', 'formaction', 'srcdoc', 'data', 'xlink:href'];
    for (const { name, value } of one.attributes) {
      const runs = address.includes(name) && /^\\s*(javascript|data:text|vbscript)/i.test(value);
      if (runs || /^on/i.test(name)) found.push(`${one.localName} ${name}=${value}`);
    }
    if (one.matches('script:not([src]), iframe, object, embed, base, [http-equiv], img:not([alt])'))
      found.push(one.outerHTML.slice(0, 100));
  }
  return found;
}"""
# The console's own words behind an override in the same line would be read backwards.
TURNED = r"""() => {
  const found = [];
  for (const root of [document]) {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const node = walker.currentNode;
      if (node.nodeType !== 3 || !node.data.includes('\u202e')) continue;
      let around = node.parentElement;
      const look = (one) => getComputedStyle(one);
      while (look(around).display === 'inline' && /^(normal|embed)$/.test(look(around).unicodeBidi))
        around = around.parentElement;
      if (!around.checkVisibility()) continue;
      const behind = document.createRange();
      behind.setStart(node, node.data.lastIndexOf('\u202e'));
      behind.setEndAfter(around.lastChild);
      const [, , rest = ''] = /^.*?q\d+x\d+z(@mail.example)?(.*)/s.exec(behind.toString()) ?? [];
      const apart = around.matches('pre, dd, .sr, .conv-here *') || around.querySelector('p');
      if (/\p{L}/u.test(rest) && !apart)
        found.push(`${around.localName}.${around.className}: ${around.textContent.slice(0, 120)}`);
    }
  }
  return found;
}"""
TEXTS = """() => {
  const roots = [document], found = [];
  for (const root of roots) {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const node = walker.currentNode;
      if (node.nodeType === 3) found.push(node.data);
      else if (node.shadowRoot) roots.push(node.shadowRoot);
      else if (/^(input|textarea)$/.test(node.localName)) found.push(node.value);
    }
  }
  return found;
}"""

SHOWS = """([element, mark]) => [...document.querySelectorAll(`${element}, ${element} *`)].some(
  (one) => (one.value ?? one.textContent ?? '').toString().includes(mark) && one.textContent)"""
MARK = f"q{len(PAYLOADS) - 1}x"  # of the last attack, in all its texts


@dataclass
class Tour:
    """A person who opens everything; ``seen`` are all texts that were on any page."""

    page: Page
    desk: Served
    seen: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("request", self._note)
        self.page.on("dialog", lambda dialog: self.asked.append(f"dialog {dialog.message}"))

    def _note(self, request: Request) -> None:
        if not request.url.startswith((self.desk.address, "blob:", "data:image/")):
            self.asked.append(request.url)

    def look(self, where: str) -> None:
        """At what is there now."""
        assert self.page.evaluate(RUNS) == [], where
        assert self.asked == [], where
        assert self.page.evaluate(TURNED) == [], where
        self.seen |= set(self.page.evaluate(TEXTS))

    def visit(self, place: str, element: str, mark: str) -> None:
        """A place whose element shows something with this mark."""
        self.page.evaluate("place => { location.hash = place }", place)
        expect(self.page.locator(element)).to_be_visible()
        self.page.wait_for_function(SHOWS, arg=[element, mark])
        self.look(place)


@pytest.fixture
def hostile(app: Flask, store: Store, config: Config) -> World:
    return world(app, store, config)


# --- what no field takes -------------------------------------------------------------------------


def body_of(name: str, value: Any) -> dict[str, Any]:
    """A body in which only this field is filled."""
    *outer, last = name.split(".")[1:]
    leaf = re.match(r"\w+", last)
    assert leaf
    for mark in reversed(re.findall(r"\[\]|{}", last)):
        value = [value] if mark == "[]" else {"monday" if "days" in name else "a_name": value}
    made: dict[str, Any] = {leaf[0]: value}
    for one in reversed(outer):
        made = {one: made}
    return made


def routes_of(name: str) -> Iterator[str]:
    schema = name.split(".", maxsplit=1)[0]
    for route, described in operations().items():
        body = described.get("requestBody", {}).get("content", {}).get("application/json")
        if body and body["schema"]["$ref"].endswith(f"/{schema}"):
            yield route


@pytest.mark.parametrize(
    "value", ["a\0b", "\0", "x" * 200_000, ["a"], {"a": 1}, 1.5, True], ids=type
)
def test_every_field_refuses_what_is_no_text(value: Any, hostile: World) -> None:
    """A NUL, which ends texts elsewhere; endless ones; and other kinds of values."""
    for name in open_fields():
        for route in routes_of(name):
            method, path = route.partition(" ")[0], hostile.path(route)
            token = (
                hostile.token if decided()[route] == "its customer" else hostile.api("ada").token
            )
            answer = Caller(hostile.app).call(
                method, path, body_of(name, value), headers=bearer(token or "")
            )
            assert answer.status_code == 422, f"{name} {answer.status_code} {answer.text[:200]}"
            named = [one["field"] for one in (answer.json or {}).get("errors", [])]
            wanted = re.sub(r"\[\]|{}", "", name.split(".", 1)[1]).split(".")[0]
            assert [one for one in named if one.split(".")[0] == wanted], f"{name} {named}"


def test_half_a_character_is_no_text(hostile: World) -> None:
    for name in open_fields():
        for route in routes_of(name):
            method, path = route.partition(" ")[0], hostile.path(route)
            token = (
                hostile.token if decided()[route] == "its customer" else hostile.api("ada").token
            )
            raw = json.dumps(body_of(name, "HALF")).replace("HALF", "a\\ud800b")
            caller = Caller(hostile.app, token)
            answer = caller.call(method, path, data=raw, content_type="application/json")
            assert answer.status_code == 422, f"{name} {answer.text}"


def test_what_a_table_holds_is_no_formula(hostile: World) -> None:
    """The audit log as a file for spreadsheets, with a name that would be one."""
    ada = signed_in(hostile.app, "ada@desk.example")
    for sign in ("=", "+", "-", "@"):
        ada.put(f"{API}/account", {"name": f"{sign}HYPERLINK({HOST})"})
    rows = ada.get(f"{API}/audit.csv").text
    assert HOST in rows
    assert not re.search(r'(^|,)"?[=+@-]', rows, re.MULTILINE)


# --- what pages make of the rest -----------------------------------------------------------------


@pytest.mark.browser
@pytest.mark.slow
def test_no_page_runs_what_anybody_wrote_and_all_of_it_is_shown(desk: Served, store: Store) -> None:
    ada = add_person(store, "ada@desk.example", "admin")
    admin = Caller(desk.app, store.create_api_token(ada.id))
    filled: dict[str, list[str]] = {}
    tickets: list[str] = []
    customers: list[tuple[str, str]] = []
    for number, payload in enumerate(PAYLOADS):
        poison = Poison(desk.app, store, payload, admin, number)
        tickets = poison_everything(poison)
        customers.append(poison.customers[0])
        for name, texts in poison.filled.items():
            filled.setdefault(name, []).extend(texts)
    missed = set(OPEN) - set(filled) - set(NOT_SHOWN)
    assert sorted(missed) == [], "fields that no scenario in tests/poison.py fills"

    tour = Tour(desk.console("ada", before=TRIPPED), desk)
    see_the_inbox(tour, tickets)
    see_every_section(tour)
    see_the_rest(tour)
    see_as_customers(tour, customers)

    shown = "\n".join(re.sub(r"\s+", " ", text) for text in tour.seen)
    # Of the last attack where that was taken, else of any.
    wanted = {
        name: [text for text in texts if MARK in text] or texts for name, texts in filled.items()
    }
    missing = {
        name: texts
        for name, texts in wanted.items()
        if name not in NOT_SHOWN and not any(_shown(text, shown) for text in texts)
    }
    assert missing == {}, "shown nowhere: a view that the tour leaves out?"
    for problems in desk.problems:  # of the tickets that are none
        problems[:] = [told for told in problems if "404 (NOT FOUND)" not in told]


def _shown(text: str, shown: str) -> bool:
    return re.sub(r"\s+", " ", text) in shown


def see_the_inbox(tour: Tour, tickets: list[str]) -> None:
    page = tour.page
    expect(page.get_by_test_id("ticket").first).to_be_visible()
    tour.look("inbox")
    listed = page.get_by_test_id("ticket").evaluate_all("all => all.map((one) => one.dataset.id)")
    assert len(listed) >= 2 * len(PAYLOADS)
    for ticket in (*listed, *tickets):
        page.evaluate("place => { location.hash = place }", f"#/tickets/{ticket}")
        expect(page.get_by_test_id("composer-text")).to_be_attached()
        expect(page.locator("article.message").first).to_be_visible()
        expect(page.get_by_test_id("past-who")).to_be_visible()
        tour.look(ticket)
    page.get_by_test_id("past-conversation").first.click()
    page.get_by_test_id("why").first.click()
    tour.look("trace")
    for key in ("a", "t", "s", "?", "f"):
        page.get_by_test_id("conversation-title").focus()
        page.keyboard.press(key)
        expect(page.locator("dialog[open]")).to_be_visible()
        tour.look(f"the key {key}")
        page.keyboard.press("Escape")
        expect(page.locator("dialog[open]")).to_have_count(0)
    for view in page.get_by_test_id("saved-view").filter(has_text=MARK).all():
        view.click()
        expect(page.get_by_test_id("search")).to_have_value(re.compile(MARK))
        tour.look("a saved view")
    page.get_by_test_id("search").fill("")


def see_every_section(tour: Tour) -> None:
    """Of content, as the console's own list names them, and one item of each."""
    router, store = (CONSOLE / "router.js").read_text(), tour.desk.store
    sections = re.findall(r'"(\w+)"', re.search(r"SECTIONS = .*?\[(.*?)\]", router)[1])  # type: ignore[index]
    name, content = f"x{len(PAYLOADS) - 1}", store.content()
    one = {
        "examples": next(e.id for e in content.examples if MARK in e.text),
        "articles": name,
        "golden": next(g.id for g in content.golden if MARK in g.text),
        "content": name,
    }
    for section in ("content", *sections):
        tour.visit(f"#/{section}", "desk-content", MARK if section != "try" else "")
        if section in one:
            tour.visit(f"#/{section}/{one[section]}", "desk-content", MARK)
    page = tour.page
    page.get_by_test_id("try-text").fill(f"{PAYLOADS[-1]} hello")
    page.get_by_test_id("try-text").press("Control+Enter")
    tour.look("try")


def see_the_rest(tour: Tour) -> None:
    page = tour.page
    tour.visit("#/review", "desk-review", MARK)
    tour.visit("#/releases", "desk-releases", "")
    tour.visit("#/reports", "desk-reports", MARK)
    settings = (CONSOLE / "settings.js").read_text()
    for name in re.findall(r'{ name: "(\w+)", heading', settings):
        bare = name in ("account", "hours")  # which show no words of others
        tour.visit(f"#/settings/{name}", "desk-settings", "" if bare else MARK)
    page.get_by_test_id("nav-agreement").click()
    expect(page.get_by_role("dialog")).to_contain_text(MARK)
    tour.look("agreement")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    for words in ("edit canned", PAYLOADS[-1]):
        page.get_by_test_id("palette-input").fill(words)
        tour.look("palette")
    page.get_by_test_id("palette-input").fill("edit canned")
    page.keyboard.press("Enter")
    page.get_by_test_id("canned-item").filter(has_text=MARK).last.click()
    tour.look("canned replies")
    page.keyboard.press("Escape")
    for place in ("#/tickets/%", "#/tickets/<script>", "#/content/%E0%A4%A", "#//canary.invalid"):
        page.evaluate("place => { location.hash = place }", place)
        tour.look(place)
    assert page.url.startswith(tour.desk.address)


def see_as_customers(tour: Tour, customers: list[tuple[str, str]]) -> None:
    """The widget of everybody who was poisoned, with what the desk's own people wrote."""
    page = tour.desk.browser.new_context().new_page()
    tour.desk.problems.append(watch(page))
    page.add_init_script(TRIPPED)
    widget = Tour(page, tour.desk, tour.seen)
    page.goto(f"{tour.desk.address}/")
    for conversation, token in customers:
        bond = {"id": conversation, "token": token, "begun_at": 0}
        key = f"frontdesk:{tour.desk.address}/:conversation"
        page.evaluate("([key, bond]) => { localStorage[key] = bond }", [key, json.dumps(bond)])
        page.reload()
        page.evaluate("frontdesk.open({ text: '<img src=x onerror=tripped()>' })")
        expect(page.locator("[part~=message]").nth(2)).to_be_visible()
        widget.look(f"the widget of {conversation}")
