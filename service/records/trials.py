"""What trials of releases found: where a challenger differs, and what became of both arms."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Disagreement:
    """What a challenger would have done with a message, and the champion did.

    ``kind`` is one of `service.comparison.KINDS`. The last three are the message's own, which the
    store knows.
    """

    message_id: str
    kind: str
    champion: Mapping[str, Any]
    challenger: Mapping[str, Any]
    conversation_id: str = ""
    text: str = ""
    at: str = ""


@dataclass(frozen=True, slots=True)
class Arm:
    """What became of the conversations that a release began.

    ``handed_over`` counts conversations with a ticket; ``rated`` those with a thumb, and
    ``unhelpful`` those with one down. Of the ``turns`` that the desk decided so many were
    ``answered``, and ``stood_in`` were decided by another release.
    """

    conversations: int = 0
    handed_over: int = 0
    rated: int = 0
    unhelpful: int = 0
    turns: int = 0
    answered: int = 0
    stood_in: int = 0
