"""The site's settings: its name and welcome, the widget's look, who may embed it."""

import re
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from service.config import origins_of
from service.web.inputs.body import Body, Name, Version

Greeting = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(:\d{1,5})?|https?://\[[0-9A-Fa-f:.]+\](:\d{1,5})?")
LENGTH = r"\d{1,4}(\.\d{1,3})?(px|rem|em|vw|vh)?"


class SiteChange(Body):
    """All of the site's settings; without a welcome the desk's usual words stand. Without origins
    or files those stay as they are."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
    welcome: Annotated[list[Greeting], Field(max_length=10)] = Field(default_factory=list)
    suggested: Annotated[list[Name], Field(max_length=8)] = Field(default_factory=list)
    color: Annotated[str, StringConstraints(pattern=r"^(#[0-9a-fA-F]{6})?$")] = ""
    theme: Literal["", "auto", "light", "dark"] = ""
    side: Literal["", "left", "right"] = ""
    spacing: Annotated[str, StringConstraints(max_length=30)] = ""
    radius: Annotated[str, StringConstraints(max_length=15)] = ""
    font: Annotated[str, StringConstraints(max_length=200)] = ""
    locale: Literal["", "ar", "de", "en", "es", "fr", "zh"] = ""
    version: Version = None
    allowed_origins: Annotated[str, StringConstraints(max_length=4000)] | None = None
    files: bool | None = None

    @field_validator("spacing", "radius")
    @classmethod
    def _are_lengths(cls, written: str, field: ValidationInfo) -> str:
        more = f"( {LENGTH})?" if field.field_name == "spacing" else ""
        if written and not re.fullmatch(LENGTH + more, written):
            raise PydanticCustomError("length", "This must be a length such as 20px.")
        return written

    @field_validator("font")
    @classmethod
    def _is_a_family(cls, written: str) -> str:
        if not re.fullmatch(r"[\w ,'\"-]*", written):
            told = "This must be names of fonts, with commas between them."
            raise PydanticCustomError("font", told)
        return written

    @field_validator("allowed_origins")
    @classmethod
    def _are_origins(cls, written: str | None) -> str | None:
        for origin in origins_of(written or ""):
            if origin != "*" and not ORIGIN.fullmatch(origin):
                told = f"{origin!r} is no origin such as https://shop.example"
                raise PydanticCustomError("origin", "{told}", {"told": told})
        return None if written is None else ",".join(origins_of(written)) or "*"
