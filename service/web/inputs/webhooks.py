"""Webhooks: addresses, and the events that they hear of."""

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from service.config import is_web_address
from service.web.inputs.accounts import MaybeConfirmed
from service.webhooks import EVENTS


def _web_address(address: str | None) -> str | None:
    if address is not None and not is_web_address(address):  # which an empty one is not either
        told = (
            "This must be an http or https address with a host, and without a user or a password."
        )
        raise PydanticCustomError("address", told)
    return address


def _known_events(events: list[str] | None) -> list[str] | None:
    if events == []:
        raise PydanticCustomError("events", "Choose at least one event.")
    for event in events or []:
        if event not in EVENTS:
            raise PydanticCustomError("event", "{told}", {"told": f"There is no event {event!r}."})
    return None if events is None else [event for event in EVENTS if event in events]


WebAddress = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=2000),
    AfterValidator(_web_address),
]
Events = Annotated[
    list[Annotated[str, StringConstraints(max_length=100)]],
    Field(max_length=2 * len(EVENTS), json_schema_extra={"minItems": 1}),
    AfterValidator(_known_events),
]
Description = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]


class NewWebhook(MaybeConfirmed):
    """An address that hears of events; customers' words only ``with_texts``. It outlives the
    session that makes it."""

    address: WebAddress
    events: Events
    description: Description = ""
    with_texts: bool = False
    active: bool = True


class WebhookUpdate(MaybeConfirmed):
    """What to change of a webhook; what is missing stays. Where what goes takes a password."""

    address: WebAddress | None = None
    events: Events | None = None
    description: Description | None = None
    with_texts: bool | None = None
    active: bool | None = None
