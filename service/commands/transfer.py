"""Content in and out of the desk: ``import FORMAT PATH`` and ``export FORMAT PATH``."""

from pathlib import Path

import click

from service.cli import config_of, emit
from service.commands.home import open_desk
from service.content import read_desk
from service.content_export import write_desk
from service.errors import ContentError
from service.records import Content

FORMATS = click.Choice(["desk"])


def _counts(content: Content) -> dict[str, int]:
    return {
        "intents": len(content.intents),
        "templates": len(content.templates),
        "examples": len(content.examples),
        "articles": len(content.articles),
        "golden_cases": len(content.golden),
    }


def _words(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items())


@click.command(name="import")
@click.argument("format", type=FORMATS)
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Report as one JSON object.")
@click.pass_context
def import_content(ctx: click.Context, format: str, path: Path, as_json: bool) -> None:  # noqa: A002
    """Make the desk's content equal to a folder of files.

    Everything is read and checked first; a mistake changes nothing.
    """
    content = read_desk(path)
    store = open_desk(config_of(ctx))
    ctx.call_on_close(store.close)
    store.replace_content(content)
    counts = _counts(content)
    emit(as_json, {"format": format, **counts}, f"Imported {_words(counts)}.")


@click.command(name="export")
@click.argument("format", type=FORMATS)
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Report as one JSON object.")
@click.pass_context
def export_content(ctx: click.Context, format: str, path: Path, as_json: bool) -> None:  # noqa: A002
    """Write the desk's content as a folder of files."""
    store = open_desk(config_of(ctx))
    ctx.call_on_close(store.close)
    content = store.content()
    try:
        write_desk(content, path)
    except OSError as error:
        raise ContentError(f"{path} cannot be written: {error.strerror}.") from None
    counts = _counts(content)
    emit(as_json, {"format": format, **counts}, f"Exported {_words(counts)} to {path}.")
