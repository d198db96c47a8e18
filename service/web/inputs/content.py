"""What people write for the desk, item by item; a change names the version that was edited."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from service.web.inputs.body import Body, Line, Name, Sentiment, Text, Version

Action = Literal["answer", "clarify", "ask", "handoff"]


class IntentChange(Body):
    """An intent without its name, which the address carries."""

    group: Name
    title: Line
    description: Annotated[str, StringConstraints(max_length=2000)] = ""
    slots: list[Name] = Field(default_factory=list)
    action: Literal["answer", "handoff"] = "answer"
    priority: Literal["low", "normal", "high", "urgent"] = "normal"
    version: Version = None


class NewIntent(IntentChange):
    """An intent."""

    name: Name


class TemplateChange(Body):
    """A template without its name."""

    intent: Name
    text: Text
    sentiment: Sentiment | None = None
    version: Version = None


class NewTemplate(TemplateChange):
    """A template."""

    name: Name


class EntitySpan(Body):
    """Characters ``start`` to ``end`` of an example."""

    start: Annotated[int, Field(ge=0)]
    end: Annotated[int, Field(ge=1)]
    label: Name


class NewExample(Body):
    """A labelled text; spans count its characters as sent, spaces around it included."""

    text: Annotated[str, StringConstraints(max_length=100_000, pattern=r"\S")]
    intent: Name | None = None
    sentiment: Sentiment | None = None
    entities: list[EntitySpan] | None = None
    split: Literal["train", "valid", "test"] | None = None
    version: Version = None


class ArticleChange(Body):
    """An article without its id."""

    title: Line
    text: Text
    intents: list[Name] = Field(default_factory=list)
    version: Version = None


class NewArticle(ArticleChange):
    """An article."""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=100)]


class GoldenChange(Body):
    """A message whose intent and action must never break."""

    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
    intent: Name
    action: Action
    version: Version = None


class FactsChange(Body):
    """All of the desk's facts, by name; one that is empty is not known yet."""

    facts: Annotated[
        dict[Name, Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]],
        Field(max_length=500),
    ]
    version: Version = None


class Restored(Body):
    """Which side of a change an item becomes again; ``version`` is what it is now."""

    side: Literal["before", "after"] = "before"
    version: Version = None


class TriedMessage(Body):
    """A message to try; ``challenger``: also with the release on trial."""

    text: Text
    challenger: bool = False
