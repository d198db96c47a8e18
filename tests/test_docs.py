"""The docs name every command, route and setting, and pages made from code are current."""

import re
from pathlib import Path

import click
import pytest
from flask import Flask

from docs.generate import PAGES
from finetune.recipe import RANGES
from service.cli import cli
from service.config import PREFIX, Config
from service.metrics import Metrics

DOCS = Path(__file__).parent.parent / "docs"
README = DOCS.parent / "README.md"


@pytest.mark.parametrize("name", PAGES)
def test_a_page_made_from_code_is_what_the_code_would_write(name: str) -> None:
    written = (DOCS / name).read_text(encoding="utf-8")
    assert written == PAGES[name](), f"docs/{name} is old: run `make docs`"


def test_every_command_is_in_the_reference() -> None:
    page = (DOCS / "commands.md").read_text(encoding="utf-8")
    context = click.Context(cli, info_name="frontdesk")
    for name in cli.list_commands(context):
        assert f"## frontdesk {name}\n" in page


def test_every_setting_is_in_the_reference() -> None:
    page = (DOCS / "settings.md").read_text(encoding="utf-8")
    for name in Config.model_fields:
        assert f"`{PREFIX}{name.upper()}`" in page


def test_every_field_of_a_recipe_is_explained() -> None:
    page = (DOCS / "training.md").read_text(encoding="utf-8")
    explained = re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`.*?) \|", page, re.MULTILINE)))
    assert set(explained) == set(RANGES)


def test_every_api_route_is_in_the_docs(app: Flask) -> None:
    page = (DOCS / "api.md").read_text(encoding="utf-8")
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        if path.startswith("/static"):
            continue
        # A call on one thing may be told at its collection; an action, as `…, /action`.
        collection = re.sub(r"/\{(name|\w+_id)\}$", "", path)
        action = "/" + path.rsplit("/", 1)[1]
        known = f"`{path}`" in page or f"{path}`" in page or f"{collection}`" in page
        assert known or f"`{action}`" in page, f"{path} is not in docs/api.md"


@pytest.mark.parametrize("page", [README, *sorted(DOCS.glob("*.md"))], ids=lambda p: p.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        if target.startswith("http") or target == "product":
            continue
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_dashboard_shows_metrics_that_there_are() -> None:
    dashboard = (DOCS.parent / "deploy" / "grafana.json").read_text(encoding="utf-8")
    shown = re.findall(r"(frontdesk_\w+?)(?:_total|_bucket|_sum|_count)\b", dashboard)
    known = {family.name for family in Metrics().registry.collect()}
    assert len(set(shown)) >= 4
    assert set(shown) <= known
