"""Describes a view for the OpenAPI document at the place where the view is written.

``service.web.openapi`` reads the descriptions; the decorator changes nothing about a view.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from service.web.inputs.body import Body

Auth = Literal["none", "conversation", "operator", "lead", "admin"]
V = TypeVar("V", bound=Callable[..., object])


@dataclass(frozen=True, slots=True)
class Operation:
    """One documented call; ``returns`` maps a status to the name of a response schema."""

    summary: str
    returns: Mapping[int, str]
    body: type[Body] | None = None
    upload: type[Body] | None = None  # fields of a form, beside its ``file``
    query: Mapping[str, str] = field(default_factory=dict)
    auth: Auth = "none"


def operation(
    summary: str,
    *,
    returns: Mapping[int, str],
    body: type[Body] | None = None,
    upload: type[Body] | None = None,
    query: Mapping[str, str] | None = None,
    auth: Auth = "none",
) -> Callable[[V], V]:
    """Attach the description to the view."""

    def describe(view: V) -> V:
        view.operation = Operation(summary, returns, body, upload, query or {}, auth)  # type: ignore[attr-defined]
        return view

    return describe
