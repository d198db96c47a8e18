"""Content in and out of the desk: ``import FORMAT PATH`` and ``export FORMAT PATH``."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click

from service.cli import config_of, emit
from service.commands.home import open_desk
from service.content import check, read_desk
from service.content_export import write_desk
from service.errors import ContentError
from service.history import threads
from service.labels import undisputed
from service.records.content import Content
from service.transfer.changes import Change, changes
from service.transfer.formats import DESK, FORMATS, format_named
from service.transfer.left_out import left_out
from service.transfer.merging import Merged, merge
from service.transfer.pieces import Note, Options

SHOWN = 10
SAMPLE = 6_000
CHOICE = click.Choice([DESK, *FORMATS])


def _counts(content: Content) -> dict[str, int]:
    return {
        "intents": len(content.intents),
        "templates": len(content.templates),
        "examples": len(content.examples),
        "articles": len(content.articles),
        "golden_cases": len(content.golden),
    }


def _words(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items())


@click.command(name="import")
@click.argument("format", type=CHOICE)
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Change nothing; say what would change.")
@click.option(
    "--map",
    "columns",
    multiple=True,
    metavar="FIELD=COLUMN",
    help="csv: which column is text, intent, sentiment, question, answer…  Repeatable.",
)
@click.option(
    "--history", is_flag=True, help="PATH holds past conversations: propose intents and answers."
)
@click.option(
    "--sample",
    type=click.IntRange(1),
    default=SAMPLE,
    show_default=True,
    help="--history: so many conversations are looked at, drawn by chance.",
)
@click.option("--json", "as_json", is_flag=True, help="Report as one JSON object.")
@click.pass_context
def import_content(
    ctx: click.Context,
    format: str,  # noqa: A002
    path: Path,
    dry_run: bool,
    columns: tuple[str, ...],
    history: bool,
    sample: int,
    as_json: bool,
) -> None:
    """Bring content in: the desk's own folder, or what another system wrote.

    "desk" makes the desk equal to a folder of files. Every other format adds to what is there and
    updates it; nothing is removed, and the same import twice changes nothing more.

    Everything is read and checked first; a mistake changes nothing.

    With --history, PATH is a file or a folder of past conversations (zendesk, chatwoot, csv). The
    content stays; what customers wanted, and how people answered it, goes to the review queue.
    """
    mapping = _mapping(format, columns)
    if history:
        if format not in threads.FORMATS:
            some = ", ".join(threads.FORMATS)
            raise click.UsageError(f"--history is for the formats {some}.")
        from service.commands.history import import_history  # with scikit-learn

        import_history(ctx, format, path, mapping, sample=sample, dry_run=dry_run, as_json=as_json)
        return
    store = open_desk(config_of(ctx))
    ctx.call_on_close(store.close)
    before = store.content()
    if format == DESK:
        merged = Merged(read_desk(path, before.settings.contact_form), (), ())
    else:
        settings = before.settings
        facts = [name for name, value in settings.facts.items() if value]
        variables = frozenset((*facts, *(slot.name for slot in settings.slots)))
        imported = format_named(format).read(path, Options(variables, mapping))
        merged = merge(before, imported)
        check(merged.content, str(path))
    made = changes(before, merged.content)
    # The order of a folder counts, too, and is no change that is counted.
    if not dry_run and (format == DESK or any(change.any for change in made.values())):
        store.replace_content(merged.content)
    report = {
        "format": format,
        "dry_run": dry_run,
        **_counts(merged.content),
        "changes": {kind: _shown(change) for kind, change in made.items()},
        "not_carried_over": [asdict(note) for note in merged.not_carried_over],
        "notes": [asdict(note) for note in merged.notes],
    }
    emit(as_json, report, "\n".join(_import_lines(merged, made, dry_run)))


@click.command(name="export")
@click.argument("format", type=CHOICE)
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Report as one JSON object.")
@click.pass_context
def export_content(ctx: click.Context, format: str, path: Path, as_json: bool) -> None:  # noqa: A002
    """Write the desk's content: "desk" and "rasa" as a folder, the others as one file.

    What a format has no place for is listed; only "desk" holds everything. Labels that operators
    contradict each other in stay behind until they are settled.
    """
    store = open_desk(config_of(ctx))
    ctx.call_on_close(store.close)
    whole = store.content()
    content = replace(whole, examples=tuple(undisputed(whole.examples)))
    lost: tuple[Note, ...] = ()
    try:
        if format == DESK:
            write_desk(content, path)
            gone = ("examples of intents that are gone",)
            lost = tuple(left_out(content, "operators' corrections of before", gone))
        else:
            lost = format_named(format).write(content, path)
    except OSError as error:
        raise ContentError(f"{path} cannot be written: {error.strerror}.") from None
    lost += tuple(left_out(whole, "nobody has settled them yet", ("contested labels",)))
    counts = _counts(content)
    report = {"format": format, **counts, "not_carried_over": [asdict(note) for note in lost]}
    held = _words(counts) if format == DESK else f"what {format} holds of {_words(counts)}"
    lines = [f"Exported {held} to {path}."]
    lines += ["Not carried over:"] if lost else []
    lines += [f"  {note.what}: {note.where}: {note.why}" for note in lost]
    emit(as_json, report, "\n".join(lines))


def _mapping(format: str, columns: Sequence[str]) -> dict[str, str]:  # noqa: A002
    """The fields and columns of ``--map``."""
    if columns and format != "csv":
        raise click.UsageError("--map is for the format csv.")
    mapping = {}
    for given in columns:
        field, equals, column = given.partition("=")
        if not (field and equals and column):
            raise click.UsageError(f"--map {given}: expected FIELD=COLUMN, as in text=Utterance.")
        if field in mapping:
            raise click.UsageError(f"--map gives {field!r} two columns.")
        mapping[field] = column
    return mapping


def _shown(change: Change) -> dict[str, Any]:
    counts = {n: getattr(change, n) for n in ("added", "updated", "removed", "unchanged")}
    names = {kind: list(found) for kind, found in (change.names or {}).items() if found}
    return {**counts, "names": names}


def _import_lines(merged: Merged, made: Mapping[str, Change], dry_run: bool) -> list[str]:
    """The report for people: what changes, what was changed on the way, what stayed behind."""
    lines = [f"The desk {'would have' if dry_run else 'has'} {_words(_counts(merged.content))}."]
    for kind, change in made.items():
        for verb in ("added", "updated", "removed"):
            count = getattr(change, verb)
            if count:
                names = (change.names or {}).get(verb, ())
                more = [f"and {count - SHOWN} more"] if names and count > SHOWN else []
                some = f" ({', '.join([*names[:SHOWN], *more])})" if names else ""
                lines.append(f"  {kind.replace('_', ' ')} {verb}: {count}{some}")
    if len(lines) == 1:
        lines.append("  nothing changes" if dry_run else "  nothing changed")
    lines += _note_lines("Please look at:", merged.notes)
    return lines + _note_lines("Not carried over:", merged.not_carried_over)


def _note_lines(title: str, notes: Sequence[Note]) -> list[str]:
    lines = [f"  {note.where}: {note.what}: {note.why}" for note in notes]
    return [title, *lines] if lines else []
