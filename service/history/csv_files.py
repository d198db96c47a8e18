"""CSV of past conversations: a line each of ``conversation_id, author, text, at``, or a question
and its answer a line. Called by ``service.history.threads``.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from service.errors import ContentError
from service.history.threads import Line, Thread
from service.records.words import Author
from service.transfer.csv_files import read_table
from service.transfer.rows import Line as Record

ENDINGS = (".csv", ".tsv")
FIELDS = ("conversation_id", "author", "text", "at", "name", "subject", "question", "answer")
AUTHORS: Mapping[str, Author] = {
    **dict.fromkeys(
        ("customer", "user", "client", "contact", "visitor", "requester", "end-user", "incoming"),
        "customer",
    ),
    **dict.fromkeys(
        ("operator", "agent", "staff", "support", "admin", "person", "outgoing"), "operator"
    ),
    **dict.fromkeys(("desk", "bot", "system", "automation", "note"), "desk"),
}


def read(path: Path, columns: Mapping[str, str]) -> Iterator[Thread]:
    """Conversations in the order of their first lines; ``ContentError`` names file and line."""
    unknown = next((field for field in columns if field not in FIELDS), None)
    if unknown is not None:
        raise ContentError(f"--map: there is no field {unknown!r}; known: {', '.join(FIELDS)}.")
    threads: dict[str, list[Record]] = {}
    for record in read_table(path, columns, FIELDS):
        fields = record.fields
        if "question" in fields and "answer" in fields:
            pair = (
                Line("customer", fields["question"] or ""),
                Line("operator", fields["answer"] or ""),
            )
            yield Thread(f"{path}:{record.number}", pair)
            continue
        missing = next((n for n in ("conversation_id", "author", "text") if n not in fields), None)
        if missing is not None:
            raise ContentError(
                f"{path}, line 1: there is no column {missing!r}; the columns are "
                f"{', '.join(fields)}. Say which is which: --map {missing}=COLUMN. Or have "
                "questions and answers: question, answer."
            )
        if not fields["conversation_id"]:
            raise ContentError(f"{path}, line {record.number}: conversation_id: is empty.")
        threads.setdefault(str(fields["conversation_id"]), []).append(record)
    for records in threads.values():
        yield _thread(path, records)


def _thread(path: Path, records: list[Record]) -> Thread:
    times = [_time(path, record) for record in records if record.fields.get("at")]
    first = records[0]
    if len(times) == len(records):
        pairs = zip(times, range(len(records)), strict=True)
        records = [records[place] for _, place in sorted(pairs)]
    lines = tuple(Line(_author(path, each), str(each.fields["text"] or "")) for each in records)
    names = dict.fromkeys(str(each.fields["name"]) for each in records if each.fields.get("name"))
    subject = str(records[0].fields.get("subject") or "")
    return Thread(f"{path}:{first.number}", lines, tuple(names), subject)


def _author(path: Path, record: Record) -> Author:
    given = str(record.fields["author"] or "").strip().casefold()
    if given not in AUTHORS:
        raise ContentError(
            f"{path}, line {record.number}: author: {given!r} is none of {', '.join(AUTHORS)}."
        )
    return AUTHORS[given]


def _time(path: Path, record: Record) -> datetime:
    try:
        at = datetime.fromisoformat(str(record.fields["at"]).strip())
    except ValueError:
        place = f"{path}, line {record.number}"
        raise ContentError(f"{place}: at: not a time like 2026-11-23T09:30:00Z.") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
