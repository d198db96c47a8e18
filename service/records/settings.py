"""What a desk says of itself: its slots, when people work, how soon it promises to reply.

Part of `service.records.content.Content`, which people write and the store keeps.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from index.locales import Locale
from service.records.words import ContactForm, Priority


@dataclass(frozen=True, slots=True)
class Slot:
    """A fact that a reply may need from the customer, and how to recognise it.

    By a ``pattern``, whose value has the ``format``, or as a built-in ``kind``; with neither, only
    by what is learned from annotated examples.
    """

    name: str
    title: str
    ask: str
    ask_again: str
    pattern: str | None = None
    format: str = "{0}"
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class Hours:
    """When people work: by day of the week, spans such as "09:00-17:30" in the desk's time zone.
    ``closed`` are dates on which nobody does."""

    timezone: str
    days: Mapping[str, tuple[str, ...]]
    closed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sla:
    """How soon a desk promises to reply and to resolve: minutes by priority; one that is missing
    promises nothing."""

    first_reply: Mapping[Priority, int] = field(default_factory=dict)
    next_reply: Mapping[Priority, int] = field(default_factory=dict)
    resolution: Mapping[Priority, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DeskSettings:
    """What a desk says of itself: name, promise, facts for templates, its own replies, slots.

    ``protected`` are intents that no night may make worse, each by more messages than it says.
    ``region`` and ``languages`` are what it says of its customers; ``locale`` is what follows.
    ``sla`` is what it promises them, in its ``hours`` if it states any. ``contact_form`` says
    when a customer who waits may leave an address: while the desk is closed, also while nobody is
    there ("away"), or never.
    """

    name: str = "frontdesk"
    language: str = "en"
    region: str = ""
    languages: tuple[str, ...] = ()
    promise: float = 0.95
    facts: Mapping[str, str] = field(default_factory=dict)
    slots: tuple[Slot, ...] = ()
    replies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    suggested: tuple[str, ...] = ()
    protected: Mapping[str, int] = field(default_factory=dict)
    sla: Sla | None = None
    hours: Hours | None = None
    contact_form: ContactForm = "away"

    def slot(self, name: str) -> Slot | None:
        """The slot of that name, if the desk defines it."""
        return next((slot for slot in self.slots if slot.name == name), None)

    @property
    def locale(self) -> Locale:
        """Where customers are: the country of ``language`` ("en-GB") unless ``region`` says it,
        and its language and English unless ``languages`` does.
        """
        language, _, country = self.language.replace("_", "-").partition("-")
        own = country.upper() if len(country) == 2 else ""
        spoken = self.languages or tuple(dict.fromkeys((language.lower(), "en")))
        return Locale(self.region or own, spoken)
