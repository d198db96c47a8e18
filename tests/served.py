"""A desk with a fake engine, served to a real browser out of the test's own process.

For tests that need readings and suggestions, which the real server has only with a model.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from flask import Flask
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import WSGIRequestHandler, make_server

from chromium import watch
from conftest import PASSWORD
from fakes import FakeEngines
from service.app import create_app
from service.config import Config
from service.store import Store

expect.set_options(timeout=15_000)  # with room for a machine that others use, too


class Quiet(WSGIRequestHandler):
    """Logs nothing, and lets a connection serve one request: streams hold theirs."""

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002
        pass


@dataclass
class Served:
    """A running desk, and the pages that people have open in it."""

    app: Flask
    store: Store
    engines: FakeEngines
    port: int
    browser: Browser
    problems: list[list[str]]

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def console(
        self,
        name: str,
        place: str = "",
        *,
        width: int = 1440,
        before: str = "",
        **options: Any,
    ) -> Page:
        """A console of its own browser context, signed in; ``before`` runs ahead of the page."""
        context = self.browser.new_context(viewport={"width": width, "height": 900}, **options)
        if before:
            context.add_init_script(before)
        page = context.new_page()
        self.problems.append(watch(page))
        self.sign_in(page, name, place)
        return page

    def sign_in(self, page: Page, name: str, place: str = "") -> None:
        page.goto(f"{self.address}/console{place}")
        page.get_by_test_id("email").fill(f"{name}@desk.example")
        page.get_by_test_id("password").fill(PASSWORD)
        page.get_by_test_id("password").press("Enter")
        expect(page.get_by_test_id("live")).to_have_text("Live")

    def said(self, text: str, customer: Mapping[str, Any] | None = None) -> tuple[str, str]:
        """A customer writes this first; the conversation's id and the ticket's, empty if none."""
        conversation, _ = self.store.create_conversation(**(customer or {"name": "Mia"}))
        return conversation.id, self.say(conversation.id, text, "first")

    def say(self, conversation_id: str, text: str, client_id: str) -> str:
        """A customer writes; the ticket's id, empty if there is none."""
        desk = self.app.config["FRONTDESK"].desk
        turn = desk.receive(self.store.conversation(conversation_id), client_id, text)
        return turn.ticket.id if turn.ticket else ""


@contextmanager
def serve(config: Config, store: Store, browser: Browser) -> Iterator[Served]:
    """Serve the store's desk; all that pages complained about fails the test in the end."""
    engines = FakeEngines(store)
    app = create_app(config, store=store, engines=engines)
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    server.daemon_threads = True  # type: ignore[attr-defined]
    server.block_on_close = False  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    desk = Served(app, store, engines, server.port, browser, [])
    try:
        yield desk
        problems = [problem for page in desk.problems for problem in page]
        assert not problems, "\n".join(problems)
    finally:
        for context in browser.contexts:
            context.close()
        app.config["FRONTDESK"].serving = lambda: False
        server.shutdown()
        thread.join()
        server.server_close()
