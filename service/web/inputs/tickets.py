"""What operators do with tickets, one or many, and what they write in them."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from service.web.inputs.body import Body, Id, Name
from service.web.inputs.conversations import WithFiles

Note = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
TagName = Annotated[
    str, StringConstraints(strip_whitespace=True, pattern=r'^[^"\n\r]+$', max_length=40)
]
TagNames = Annotated[list[TagName], Field(max_length=20)]
Until = Annotated[str, StringConstraints(max_length=40)]


class NewOperatorMessage(WithFiles):
    """A reply to the customer, or a note for colleagues."""

    note: bool = False
    template: Name | None = None


class NewAssignment(Body):
    """Whose a ticket shall be, null for nobody's; the note is for colleagues."""

    to: Id | None
    note: Note | None = None


class NewTags(Body):
    """Tags to put on a ticket and to take off, by name; those that are not there yet are made."""

    add: TagNames = Field(default_factory=list)
    remove: TagNames = Field(default_factory=list)


class NewSnooze(Body):
    """Put off until a time, or without one until the customer writes."""

    until: Until | None = None


class NewMerge(Body):
    """The ticket that goes on."""

    into: Id
    note: Note | None = None


class NewBulk(Body):
    """What to do with many tickets; what belongs to another action is refused."""

    tickets: Annotated[list[Id], Field(min_length=1, max_length=200)]
    action: Literal["claim", "assign", "tag", "snooze", "wake", "return", "resolve", "reopen"]
    to: Id | None = None
    note: Note | None = None
    add: TagNames = Field(default_factory=list)
    remove: TagNames = Field(default_factory=list)
    until: Until | None = None
