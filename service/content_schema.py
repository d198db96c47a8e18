"""The shape of the files of a desk folder, checked by pydantic.

Used by ``service.content`` only; what the fields mean is told in docs/content.md.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

NAME = r"^[a-z][a-z0-9_]*$"


class FileModel(BaseModel):
    model_config = ConfigDict(extra="forbid", coerce_numbers_to_str=True)


class SlotEntry(FileModel):
    name: str = Field(pattern=NAME)
    title: str
    ask: str
    ask_again: str = ""
    pattern: str | None = None
    format: str = "{0}"


class DeskFile(FileModel):
    name: str = Field(min_length=1)
    language: str = "en"
    promise: float = Field(0.95, ge=0.5, lt=1)
    facts: dict[str, str] = Field(default_factory=dict)
    slots: list[SlotEntry] = Field(default_factory=list)
    replies: dict[str, list[str]] = Field(default_factory=dict)
    suggested: list[str] = Field(default_factory=list)


class TemplateEntry(FileModel):
    name: str = Field(pattern=NAME)
    text: str = Field(min_length=1)
    sentiment: Literal["negative", "neutral", "positive"] | None = None


class ExampleEntry(FileModel):
    text: str = Field(min_length=1)
    sentiment: Literal["negative", "neutral", "positive"] | None = None
    split: Literal["train", "valid", "test"] | None = None


class IntentEntry(FileModel):
    name: str = Field(pattern=NAME)
    title: str = ""
    description: str = ""
    slots: list[str] = Field(default_factory=list)
    action: Literal["answer", "handoff"] = "answer"
    priority: Literal["low", "normal", "high", "urgent"] = "normal"
    examples: list[str | ExampleEntry] = Field(default_factory=list)
    templates: list[TemplateEntry] = Field(default_factory=list)


class GroupEntry(FileModel):
    group: str = Field(pattern=NAME)
    intents: list[IntentEntry]


class GoldenEntry(FileModel):
    text: str = Field(min_length=1)
    intent: str
    action: Literal["answer", "clarify", "ask", "handoff"]


class LineEntry(FileModel):
    text: str = Field(min_length=1)
    sentiment: Literal["negative", "neutral", "positive"] | None = None
    split: Literal["train", "valid", "test"] | None = None


class ArticleFile(FileModel):
    title: str = Field(min_length=1)
    intents: list[str] = Field(default_factory=list)
    updated: str = ""
