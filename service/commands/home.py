"""Makes a desk's home: the folder, the database, the starter content."""

from pathlib import Path

import click

from service.cli import config_of, emit
from service.config import Config
from service.content import read_desk
from service.errors import Conflict, NotFound, StoreError
from service.records.content import Content
from service.store import Store, open_store

STARTER = Path(__file__).parent.parent / "starter"


@click.command()
@click.option("--empty", is_flag=True, help="Without the starter content.")
@click.option("--json", "as_json", is_flag=True, help="Report as one JSON object.")
@click.pass_context
def init(ctx: click.Context, empty: bool, as_json: bool) -> None:
    """Make the home: database and starter content."""
    config = config_of(ctx)
    content = make_home(config, empty=empty)
    counts = {
        "home": str(config.home),
        "intents": len(content.intents),
        "templates": len(content.templates),
        "examples": len(content.examples),
        "articles": len(content.articles),
        "golden_cases": len(content.golden),
    }
    summary = ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in list(counts.items())[1:])
    emit(as_json, counts, f"The desk in {config.home} is ready: {summary}.")


def has_desk(config: Config) -> bool:
    """Whether the home holds a desk already."""
    if not config.database.exists():
        return False
    store = open_store(config)
    try:
        return store.content_revision() > 0
    finally:
        store.close()


def open_desk(config: Config) -> Store:
    """The home's store; ``NotFound`` when there is no desk, so that a misspelt home stays empty."""
    if not config.database.exists():
        raise NotFound(f"There is no desk in {config.home}. Make one: frontdesk init.")
    return open_store(config)


def make_home(config: Config, *, empty: bool = False) -> Content:
    """Fill a new home; ``Conflict`` when there is a desk in it."""
    content = Content() if empty else read_desk(STARTER)
    try:
        config.home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{config.home} cannot be made: {error.strerror}.") from None
    if has_desk(config):
        raise Conflict(f"There is a desk in {config.home} already.")
    store = open_store(config)
    try:
        store.replace_content(content)
        return store.content()
    finally:
        store.close()
