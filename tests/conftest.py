"""Fixtures: a home in a temporary folder, its store with a small desk, the application, clients."""

import logging
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from flask import Flask
from werkzeug.security import generate_password_hash

from calls import Caller
from fakes import FakeEngines, FakeReader
from service import engine
from service.app import create_app, open_parts
from service.config import Config
from service.content_export import write_desk
from service.engine import NoEngines
from service.errors import EngineAway
from service.records.content import Content
from service.records.people import Operator, Role
from service.store import Store, open_store
from small_desk import small_desk
from starter_desk import starter

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from served import Served

__all__ = ["starter"]

PASSWORD = "correct-horse-battery"
# One round: tests sign in often, and the strength of the hash is not what they are about.
PASSWORD_HASH = generate_password_hash(PASSWORD, method="pbkdf2:sha256:1")
TRAINING_SECONDS = 1500  # with room for a machine that others use, too
SECRET = "a site secret that is long enough for HS256"


@pytest.hookimpl(tryfirst=True)  # before ``-m`` chooses
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whichever test is the first to need the starter desk waits for its training, too."""
    for item in items:
        if "starter" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.timeout(TRAINING_SECONDS))
            item.add_marker(pytest.mark.model)
            item.add_marker(pytest.mark.slow)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the machine's may reach a test."""
    for name in os.environ:
        if name.startswith(("FRONTDESK_", "OTEL_")):
            monkeypatch.delenv(name)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny encoder, in a folder that the tests of one module share."""
    from tiny import make_encoder  # with torch, which most tests do without

    return make_encoder(tmp_path_factory.mktemp("encoder"))


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """The system's Chromium; the tests of one module share it."""
    from chromium import chromium  # with Playwright, which most tests do without

    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """A tiny network is faster on one thread, above all where tests run side by side."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(home=tmp_path / "home", site_secret=SECRET, max_text=500)


@pytest.fixture(scope="session")
def content() -> Content:
    return small_desk()


@pytest.fixture
def desk_folder(tmp_path: Path, content: Content) -> Path:
    """The small desk as files."""
    folder = tmp_path / "desk"
    write_desk(content, folder)
    return folder


@pytest.fixture(scope="session")
def first_database(tmp_path_factory: pytest.TempPathFactory, content: Content) -> Path:
    """A database with the small desk, made once and copied for every test."""
    store = open_store(Config(home=tmp_path_factory.mktemp("first")))
    store.replace_content(content)
    copy = tmp_path_factory.mktemp("copy") / "desk.db"
    store.backup(copy)
    store.close()
    return copy


@pytest.fixture
def store(config: Config, first_database: Path) -> Iterator[Store]:
    config.home.mkdir()
    shutil.copy(first_database, config.database)
    store = open_store(config)
    yield store
    store.close()


@pytest.fixture
def engines(store: Store) -> FakeEngines:
    return FakeEngines(store)


@pytest.fixture(scope="session")
def routes(first_database: Path) -> Iterator[Flask]:
    """The application's routes: half of what a test would take goes into compiling them."""
    config = Config(home=first_database.parent, site_secret=SECRET)
    store = open_store(config)
    yield create_app(config, store=store, engines=NoEngines())
    store.close()


@pytest.fixture
def app(routes: Flask, config: Config, store: Store, engines: FakeEngines) -> Flask:
    """The application with parts of the test's own; ``create_app`` makes a whole one."""
    routes.config["FRONTDESK"] = open_parts(config, store, engines)
    return routes


@pytest.fixture
def client(app: Flask) -> Caller:
    """A caller without any credentials; it holds every response against the OpenAPI document."""
    return Caller(app)


def add_person(store: Store, email: str, role: Role) -> Operator:
    name = email.split("@", maxsplit=1)[0].title()
    return store.add_operator(email, name, role, PASSWORD_HASH)


def signed_in(app: Flask, email: str, password: str = PASSWORD) -> Caller:
    caller = Caller(app)
    made = caller.post("/api/v1/sessions", {"email": email, "password": password})
    assert made.status_code == 201, made.text
    return caller


@pytest.fixture
def olga(store: Store) -> Operator:
    return add_person(store, "olga@desk.example", "operator")


@pytest.fixture
def ana(store: Store) -> Operator:
    return add_person(store, "ana@desk.example", "operator")


@pytest.fixture
def ben(store: Store) -> Operator:
    return add_person(store, "ben@desk.example", "operator")


@pytest.fixture
def desk(
    config: Config, store: Store, browser: "Browser", ana: Operator, ben: Operator
) -> Iterator["Served"]:
    """The real server for browsers, with Ana and Ben as its operators."""
    from served import serve  # with Playwright, which most tests do without

    with serve(config, store, browser) as desk:
        yield desk


@pytest.fixture
def operator(app: Flask, olga: Operator) -> Caller:
    """Olga, signed in with a cookie."""
    return signed_in(app, olga.email)


@pytest.fixture
def colleague(app: Flask, store: Store) -> Caller:
    """Another operator, signed in."""
    return signed_in(app, add_person(store, "karl@desk.example", "operator").email)


@pytest.fixture
def lead(app: Flask, store: Store) -> Caller:
    """A lead, signed in."""
    return signed_in(app, add_person(store, "lena@desk.example", "lead").email)


@pytest.fixture
def admin(app: Flask, store: Store) -> Caller:
    """An admin, signed in."""
    return signed_in(app, add_person(store, "ada@desk.example", "admin").email)


@pytest.fixture
def readers(monkeypatch: pytest.MonkeyPatch) -> list[FakeReader]:
    """The readers that were loaded; a release folder with a file ``broken`` cannot be."""
    loaded: list[FakeReader] = []

    def load(folder: Path, _device: str) -> FakeReader:
        if (folder / "broken").exists():
            raise EngineAway((folder / "broken").read_text())
        loaded.append(FakeReader(folder.name))
        return loaded[-1]

    monkeypatch.setattr(engine, "load_reader", load)
    return loaded


@pytest.fixture(autouse=True)
def logging_as_at_the_start() -> None:
    """Libraries that a test loads (NNCF, MLflow's database) change what is logged by all others."""
    logging.disable(logging.NOTSET)
    logging.getLogger().setLevel(logging.WARNING)
    for name in ["frontdesk", *logging.root.manager.loggerDict]:
        if name.split(".")[0] == "frontdesk":
            logger = logging.getLogger(name)
            logger.disabled, logger.propagate = False, True
            logger.setLevel(logging.NOTSET)
