"""How soon the desk promises to reply and to resolve, and when people work."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from service.records.words import ContactForm
from service.web.inputs.body import Body, Version

Minutes = Annotated[int, Field(ge=1, le=525_600)]
Promise = dict[Literal["low", "normal", "high", "urgent"], Minutes]
Spans = Annotated[list[Annotated[str, StringConstraints(max_length=20)]], Field(max_length=10)]
Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class NewSla(Body):
    """Minutes by priority; one that is missing promises nothing."""

    first_reply: Promise = Field(default_factory=dict)
    next_reply: Promise = Field(default_factory=dict)
    resolution: Promise = Field(default_factory=dict)


class NewHours(Body):
    """When people work: spans such as "09:00-17:30" by day, and dates on which nobody does."""

    timezone: Annotated[str, StringConstraints(min_length=1, max_length=60)]
    days: dict[Day, Spans]
    closed: Annotated[
        list[Annotated[str, StringConstraints(max_length=10)]], Field(max_length=400)
    ] = Field(default_factory=list)


class NewPromises(Body):
    """How soon the desk replies and resolves; null promises nothing, and no hours are all hours."""

    sla: NewSla | None
    hours: NewHours | None = None
    contact_form: ContactForm | None = Field(
        None, description="When a customer who waits may leave an address; null as it is."
    )
    version: Version = None
