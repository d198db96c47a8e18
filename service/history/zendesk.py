"""Tickets of Zendesk with their comments, as its JSON export and its API have them.

``{"tickets": […], "users": […]}``, a list, or a line a ticket, which is read as a stream. The
requester is the customer; notes for colleagues are left out. Called by ``service.history.threads``.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from service.errors import ContentError
from service.files import parse
from service.history.threads import Line, Thread, documents
from service.records.words import Author
from service.transfer.markup import is_html, plain

ENDINGS = (".json", ".jsonl", ".ndjson")
MACHINES = ("rule", "system")  # channels of triggers and automations


class Loose(BaseModel):
    model_config = ConfigDict(extra="ignore")


class Person(Loose):
    """Who took part, as the export lists people or a ticket names its requester."""

    id: int | None = None
    name: str | None = None
    role: str | None = None


class Via(Loose):
    channel: str | int | None = None


class Comment(Loose):
    """What somebody wrote, in up to three forms."""

    author_id: int | None = None
    body: str | None = None
    html_body: str | None = None
    plain_body: str | None = None
    public: bool = True
    via: Via | None = None


class Ticket(Loose):
    """What counts of a ticket."""

    subject: str | None = None
    description: str | None = None
    status: str | None = None
    requester_id: int | None = None
    requester: Person | None = None
    comments: list[Comment] = Field(default_factory=list)


def read(path: Path, columns: Mapping[str, str]) -> Iterator[Thread]:
    """Every ticket that is not deleted; ``ContentError`` names the place and field of a mistake."""
    for where, value in documents(path):
        people = _people(value, where)
        for place, inner in _tickets(value, where):
            ticket = parse(Ticket, inner, Path(place))
            if ticket.status != "deleted":
                yield _thread(ticket, people, place)


def _tickets(value: Any, where: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, list):
        for number, entry in enumerate(value):
            yield from _tickets(entry, f"{where}, [{number}]")
    elif isinstance(value, dict) and isinstance(value.get("tickets"), list):
        for number, entry in enumerate(value["tickets"]):
            yield f"{where}, tickets[{number}]", entry
    elif isinstance(value, dict) and isinstance(value.get("ticket"), dict):
        yield where, value["ticket"]
    elif isinstance(value, dict) and {"comments", "description", "requester_id"} & value.keys():
        yield where, value
    else:
        raise ContentError(f"{where}: not a ticket (requester_id, comments).")


def _people(value: Any, where: str) -> dict[int, Person]:
    """The people that the API lists beside the tickets, by their ids."""
    listed = value.get("users") if isinstance(value, dict) else None
    if not isinstance(listed, list):
        return {}
    found = [parse(Person, each, Path(f"{where}, users[{n}]")) for n, each in enumerate(listed)]
    return {person.id: person for person in found if person.id is not None}


def _thread(ticket: Ticket, people: Mapping[int, Person], where: str) -> Thread:
    lines = [
        Line(_author(comment, ticket, people), _text(comment))
        for comment in ticket.comments
        if comment.public
    ]
    if not ticket.comments and ticket.description:
        lines = [Line("customer", ticket.description)]
    took_part = [ticket.requester, *(people.get(c.author_id or 0) for c in ticket.comments)]
    names = dict.fromkeys(person.name for person in took_part if person and person.name)
    return Thread(where, tuple(lines), tuple(names), ticket.subject or "")


def _author(comment: Comment, ticket: Ticket, people: Mapping[int, Person]) -> Author:
    requester = ticket.requester_id or (ticket.requester.id if ticket.requester else None)
    known = people.get(comment.author_id or 0)
    if comment.author_id is not None and comment.author_id == requester:
        return "customer"
    if known and known.role == "end-user":
        return "customer"
    return "desk" if comment.via and comment.via.channel in MACHINES else "operator"


def _text(comment: Comment) -> str:
    if comment.plain_body:
        return comment.plain_body
    text = comment.html_body or comment.body or ""
    return plain(text)[0] if comment.html_body or is_html(text) else text
