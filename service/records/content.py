"""What people write for a desk, as the store keeps it: intents, templates, examples, articles.

With its history, and how often it was used. The router reads it by way of `service.catalogue`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from service.records.settings import DeskSettings
from service.records.words import Action, Priority

ContentKind = Literal["intent", "template", "example", "article", "golden_case", "facts"]


@dataclass(frozen=True, slots=True)
class Intent:
    """What a customer may want. ``title`` is the text of its "did you mean" choice."""

    name: str
    group: str
    title: str
    description: str = ""
    slots: tuple[str, ...] = ()
    action: Literal["answer", "handoff"] = "answer"
    priority: Priority = "normal"


@dataclass(frozen=True, slots=True)
class Template:
    """An answer to an intent; one with a ``sentiment`` is the variant for that mood."""

    name: str
    intent: str
    text: str
    sentiment: str | None = None


@dataclass(frozen=True, slots=True)
class Example:
    """A labelled text. A missing label trains nothing. ``source`` says where it came from.

    ``weight`` is how much its loss counts in training. Of ``contested``, "intent" or "sentiment",
    operators do not agree what it is: that label trains nothing either until it is settled.
    """

    id: str
    text: str
    intent: str | None = None
    sentiment: str | None = None
    entities: tuple[Mapping[str, Any], ...] | None = None
    split: str | None = None
    source: str = "import"
    message_id: str | None = None
    operator_id: str | None = None
    at: str = ""
    weight: float = 1.0
    contested: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Article:
    """A help article in Markdown."""

    id: str
    title: str
    text: str
    intents: tuple[str, ...] = ()
    updated_at: str = ""


@dataclass(frozen=True, slots=True)
class GoldenCase:
    """A message whose intent and action must never break. The store names it; two that say the
    same are equal whatever their ids."""

    text: str
    intent: str
    action: Action
    id: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Content:
    """Everything that people write for a desk, as one consistent snapshot."""

    settings: DeskSettings = field(default_factory=DeskSettings)
    intents: tuple[Intent, ...] = ()
    templates: tuple[Template, ...] = ()
    examples: tuple[Example, ...] = ()
    articles: tuple[Article, ...] = ()
    golden: tuple[GoldenCase, ...] = ()
    revision: int = 0


@dataclass(frozen=True, slots=True)
class ContentChange:
    """One item of content as it was before a change and after it; None where it was not there.

    ``name`` is the item's name or id. ``operator_id`` is None for imports on the command line.
    """

    id: int
    kind: ContentKind
    name: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    at: str
    operator_id: str | None = None
    operator_name: str | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """How often replies were made of a template, and what customers thought of them."""

    used: int = 0
    helpful: int = 0
    unhelpful: int = 0
