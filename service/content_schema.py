"""The shape of the files of a desk folder, checked by pydantic.

Used by ``service.content`` only; what the fields mean is told in docs/content.md.
"""

import re
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from service.records.words import ContactForm

NAME = r"^[a-z][a-z0-9_]*$"


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be blank")
    return text


Words = Annotated[str, AfterValidator(_not_blank)]


class FileModel(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SlotEntry(FileModel):
    name: str = Field(pattern=NAME)
    title: Words
    ask: Words
    ask_again: str = ""
    pattern: str | None = None
    format: str = "{0}"
    kind: str | None = None


class HoursEntry(FileModel):
    """Spans by day, as one text or a list of them: ``monday: 09:00-12:30, 13:30-17:00``."""

    timezone: Words
    monday: list[str] = Field(default_factory=list)
    tuesday: list[str] = Field(default_factory=list)
    wednesday: list[str] = Field(default_factory=list)
    thursday: list[str] = Field(default_factory=list)
    friday: list[str] = Field(default_factory=list)
    saturday: list[str] = Field(default_factory=list)
    sunday: list[str] = Field(default_factory=list)
    closed: list[str] = Field(default_factory=list)

    @field_validator("*", mode="before")
    @classmethod
    def _as_list(cls, value: Any, field: ValidationInfo) -> Any:
        if field.field_name == "timezone":
            return value
        if isinstance(value, str):
            return [part.strip() for part in value.split(",") if part.strip()]
        # YAML reads 2026-12-25 as a date.
        return [str(part) for part in value] if isinstance(value, list) else value


def _minutes(value: Any) -> Any:
    """``15m``, ``8h`` or ``2d`` in minutes; a number is minutes."""
    span = SPAN.fullmatch(value.strip()) if isinstance(value, str) else None
    return int(span[1]) * MINUTES[span[2]] if span else value


SPAN = re.compile(r"(\d{1,6})\s*([mhd])")
MINUTES = {"m": 1, "h": 60, "d": 24 * 60}
Minutes = Annotated[int, BeforeValidator(_minutes), Field(ge=1, le=525_600)]
Promise = dict[Literal["low", "normal", "high", "urgent"], Minutes]


class SlaEntry(FileModel):
    first_reply: Promise = Field(default_factory=dict)
    next_reply: Promise = Field(default_factory=dict)
    resolution: Promise = Field(default_factory=dict)


class DeskFile(FileModel):
    name: Words
    language: str = "en"
    region: str = ""
    languages: list[str] = Field(default_factory=list)
    promise: float = Field(0.95, ge=0.5, lt=1)
    facts: dict[str, str] = Field(default_factory=dict)
    slots: list[SlotEntry] = Field(default_factory=list)
    replies: dict[str, list[str]] = Field(default_factory=dict)
    suggested: list[str] = Field(default_factory=list)
    protected: dict[str, Annotated[int, Field(ge=0)]] = Field(default_factory=dict)
    sla: SlaEntry | None = None
    hours: HoursEntry | None = None
    contact_form: ContactForm | None = None

    @field_validator("protected", mode="before")
    @classmethod
    def _names_alone(cls, value: Any) -> Any:
        """A list protects without any tolerance."""
        named = isinstance(value, list) and all(isinstance(name, str) for name in value)
        return dict.fromkeys(value, 0) if named else value


class TemplateEntry(FileModel):
    name: str = Field(pattern=NAME)
    text: Words
    sentiment: Literal["negative", "neutral", "positive"] | None = None


class SpanEntry(FileModel):
    start: int = Field(ge=0)
    end: int
    label: Words


class LineEntry(FileModel):
    """Without ``entities`` the text may hold annotations; with them it is meant literally."""

    text: Words
    sentiment: Literal["negative", "neutral", "positive"] | None = None
    entities: list[SpanEntry] | None = None
    split: Literal["train", "valid", "test"] | None = None
    weight: float | None = Field(default=None, gt=0, le=10)

    @model_validator(mode="after")
    def _spans_lie_in_the_text_and_apart(self) -> "LineEntry":
        for span in self.entities or ():
            if not span.start < span.end <= len(self.text):
                raise ValueError("entities must lie within the text")
        spans = sorted((span.start, span.end) for span in self.entities or ())
        if any(second[0] < first[1] for first, second in pairwise(spans)):
            raise ValueError("entities must not overlap")
        return self


class IntentLineEntry(LineEntry):
    intent: Words


class ExampleEntry(LineEntry):
    @model_validator(mode="before")
    @classmethod
    def _text_alone(cls, value: Any) -> Any:
        """Most examples are only their text."""
        return {"text": value} if isinstance(value, str) else value


class IntentEntry(FileModel):
    name: str = Field(pattern=NAME)
    title: str = ""
    description: str = ""
    slots: list[str] = Field(default_factory=list)
    action: Literal["answer", "handoff"] = "answer"
    priority: Literal["low", "normal", "high", "urgent"] = "normal"
    examples: list[ExampleEntry] = Field(default_factory=list)
    templates: list[TemplateEntry] = Field(default_factory=list)


class GroupEntry(FileModel):
    group: str = Field(pattern=NAME)
    intents: list[IntentEntry]


class GoldenEntry(FileModel):
    text: Words
    intent: str
    action: Literal["answer", "clarify", "ask", "handoff"]


class ArticleFile(FileModel):
    title: Words
    intents: list[str] = Field(default_factory=list)
    updated: str = ""
