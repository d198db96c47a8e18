"""The desk's content arranged for one look-up per question: what the router and replies read.

Built by the engine from one content snapshot, so that a message is read, routed and answered
with one and the same content. Never changes after it is built.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from index.records import OUT_OF_SCOPE
from service.records.content import Content, Intent, Template
from service.records.settings import DeskSettings

TALK_TO_PERSON = "talk_to_person"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Intents and templates by name, with the desk's settings.

    ``bare`` marks a catalogue made from a release's labels alone: its intents need no template.
    """

    settings: DeskSettings
    intents: Mapping[str, Intent]
    templates: Mapping[str, tuple[Template, ...]]
    revision: int = 0
    bare: bool = False

    @classmethod
    def of(cls, content: Content) -> "Catalogue":
        """The catalogue of a content snapshot."""
        templates: dict[str, tuple[Template, ...]] = {}
        for template in content.templates:
            templates[template.intent] = (*templates.get(template.intent, ()), template)
        intents = {intent.name: intent for intent in content.intents}
        return cls(content.settings, intents, templates, content.revision)

    @classmethod
    def of_labels(cls, labels: Iterable[str]) -> "Catalogue":
        """A catalogue for a release without a desk: every label is an answerable intent."""
        intents = {
            label: Intent(label, group="", title=label.replace("_", " "))
            for label in labels
            if label != OUT_OF_SCOPE
        }
        return cls(DeskSettings(), intents, {}, bare=True)

    def template(self, name: str) -> Template | None:
        """The template of that name."""
        return next((t for ts in self.templates.values() for t in ts if t.name == name), None)

    def title(self, intent: str) -> str:
        """How an intent is named to a customer."""
        known = self.intents.get(intent)
        return known.title if known else intent.replace("_", " ").capitalize()
