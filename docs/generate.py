"""Writes the reference pages that are made from the code: commands, settings, OpenAPI.

``make docs`` runs it; tests/test_docs.py fails when a page is not what it would write.
"""

import tempfile
from pathlib import Path

import click
import orjson

from service.cli import cli
from service.config import PREFIX, Config

HERE = Path(__file__).parent
MADE = "<!-- made by docs/generate.py -->"


def commands() -> str:
    """docs/commands.md: the help of every command."""
    parts = [f"# Commands\n\n{MADE}\n"]
    context = click.Context(
        cli, info_name="frontdesk", terminal_width=90, max_content_width=90, **cli.context_settings
    )
    parts.append(f"```text\n{cli.get_help(context)}\n```\n")
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        if command is not None:
            parts += _help(command, context, name, 2)
    return "\n".join(parts)


def _help(command: click.Command, parent: click.Context, name: str, level: int) -> list[str]:
    context = click.Context(
        command, parent=parent, info_name=name, terminal_width=90, max_content_width=90
    )
    path = context.command_path
    parts = [f"{'#' * level} {path}\n", f"```text\n{command.get_help(context)}\n```\n"]
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            found = command.get_command(context, inner)
            if found is not None:
                parts += _help(found, context, inner, level + 1)
    return parts


def settings() -> str:
    """docs/settings.md: every setting with its default."""
    rows = [
        f"| `{PREFIX}{name.upper()}` | `{field.default}` | {field.description} |"
        for name, field in Config.model_fields.items()
    ]
    return "\n".join(
        [
            f"# Settings\n\n{MADE}\n",
            "Settings are environment variables. An unknown `FRONTDESK_…` variable is an error, so",
            "that a misspelt one is not ignored. `FRONTDESK_X_FILE` names a file that holds the",
            "value of `X`, for secrets. Options of a command win over variables.\n",
            "What people set while the desk runs is in the console, under *Settings*, and in the",
            "[API](api.md): [hours, promises, the form for addresses](inbox.md#promises), and the",
            "site with [the widget's look](widget.md#looks).\n",
            "| variable | default | meaning |",
            "|---|---|---|",
            *rows,
            "",
        ]
    )


def openapi() -> str:
    """docs/openapi.json: what the server serves."""
    from service.app import create_app
    from service.engine import NoEngines
    from service.store import open_store
    from service.web.openapi import document

    with tempfile.TemporaryDirectory() as home:
        config = Config(home=Path(home))
        store = open_store(config)
        try:
            app = create_app(config, store=store, engines=NoEngines())
            return orjson.dumps(document(app), option=orjson.OPT_INDENT_2).decode() + "\n"
        finally:
            store.close()


PAGES = {"commands.md": commands, "settings.md": settings, "openapi.json": openapi}

if __name__ == "__main__":
    for name, write in PAGES.items():
        (HERE / name).write_text(write(), encoding="utf-8")
