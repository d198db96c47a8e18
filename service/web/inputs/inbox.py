"""What operators keep to find their way and to write less, and which ticket they look at."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from service.web.inputs.body import Body, Id
from service.web.inputs.tickets import TagName

Search = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]
Order = Literal["priority", "newest", "oldest"]


class TagChange(Body):
    """Another name or colour."""

    name: TagName | None = None
    color: Annotated[str, StringConstraints(max_length=20)] | None = None


class NewView(Body):
    """A search to keep in the side bar."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
    q: Search = ""
    order: Order = "priority"
    shared: bool = False


class ViewChange(Body):
    """What to change of a view."""

    name: (
        Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)] | None
    ) = None
    q: Search | None = None
    order: Order | None = None
    shared: bool | None = None


class ViewOrder(Body):
    """Views of one list, in their new order."""

    views: Annotated[list[Id], Field(min_length=1, max_length=60)]


class NewPresence(Body):
    """Which ticket one tab of an operator's has open; none when it has none any more."""

    tab: Id
    ticket_id: Id | None = None
    state: Literal["looking", "writing", "noting"] = "looking"


class NewCannedReply(Body):
    """A reply to be used often: the team's, or one's own."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=8000)]
    own: bool = False
