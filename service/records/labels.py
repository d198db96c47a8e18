"""What messages really were, as operators say it, and where they do not agree."""

from dataclasses import dataclass
from typing import Literal

from index.records import OUT_OF_SCOPE

LabelKind = Literal["correction", "confirmation", "reply", "takeover"]


@dataclass(frozen=True, slots=True)
class Correction:
    """What a message really was, according to operators: the labels of it that count, as one.

    Who, when, of which kind and with which weight is that of the last of them.
    """

    id: str
    message_id: str
    operator_id: str
    intent: str | None
    sentiment: str | None
    template: str | None
    at: str
    kind: LabelKind = "correction"
    weight: float = 1.0
    operator_name: str = ""


@dataclass(frozen=True, slots=True)
class Label:
    """One thing that one operator said of one message, or that follows from a reply.

    ``text`` is the message's, and ``alike`` is the same for messages that say the same.
    ``settles`` what operators had said differently before. One that was undone counts no more.
    """

    id: str
    message_id: str
    conversation_id: str
    text: str
    alike: str
    operator_id: str
    operator_name: str
    kind: LabelKind
    weight: float
    intent: str | None
    sentiment: str | None
    template: str | None
    at: str
    settles: bool = False
    undone_by: str | None = None

    @property
    def explicit(self) -> bool:
        """Whether somebody said it, rather than that it follows from a reply."""
        return self.kind in ("correction", "confirmation")


@dataclass(frozen=True, slots=True)
class ReadAs:
    """What a release took a message for when it came: the intent that came first, how sure it was
    of that, and that the message is in scope. ``considered`` are intents that it knew by then."""

    intent: str
    certainty: float
    in_scope: float = 1.0
    considered: tuple[str, ...] = ()
    release: str | None = None

    @property
    def verdict(self) -> tuple[str, float]:
        """What it would say of the message in one word, and how sure it was of that."""
        if self.in_scope < 0.5:
            return OUT_OF_SCOPE, 1 - self.in_scope
        return self.intent, self.certainty


@dataclass(frozen=True, slots=True)
class LabelConflict:
    """Operators said different things of one message, or of messages that say the same.

    ``fields`` are what they differ in, ``said`` what each of them says of each message.
    """

    fields: tuple[str, ...]
    said: tuple[Label, ...]

    @property
    def message_ids(self) -> tuple[str, ...]:
        """The messages, the first that was labelled first."""
        return tuple(dict.fromkeys(label.message_id for label in self.said))
