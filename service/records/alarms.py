"""What alarms go by, and the alarms: something that people should look at."""

from dataclasses import dataclass
from typing import Literal

from service.records.words import Action

AlarmKind = Literal["surge", "drift"]


@dataclass(frozen=True, slots=True)
class MoodCount:
    """Customers who wrote in a span, and how many of them something negative; each counts once.

    ``hour`` is the hour's beginning ("2026-03-01T12"); ``intent`` None means all of them.
    """

    hour: str
    intent: str | None
    total: int
    negative: int


@dataclass(frozen=True, slots=True)
class ReadMessage:
    """How a customer's message was read. ``sure``: enough to be answered, by the release's own
    thresholds; ``nearest`` is the cosine of the nearest example that was found."""

    id: str
    conversation_id: str
    text: str
    action: Action
    release: str | None = None
    confidence: float | None = None
    sure: bool | None = None
    nearest: float | None = None


@dataclass(frozen=True, slots=True)
class AlarmDraft:
    """What an alarm tells now; ``messages`` are ids of those that show it."""

    kind: AlarmKind
    subject: str
    words: str
    value: float
    usual: float
    messages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that people should look at, from ``began_at`` until ``ended_at``.

    ``subject`` is an intent (empty: the whole desk) or a figure. ``peak`` is the value that was
    furthest from ``usual``; ``seen_at`` when it was last found. Holds no customer's words.
    """

    id: str
    kind: AlarmKind
    subject: str
    words: str
    value: float
    peak: float
    usual: float
    began_at: str
    seen_at: str
    ended_at: str | None = None
    acknowledged_by: str | None = None
    acknowledged_name: str | None = None
    acknowledged_at: str | None = None


@dataclass(frozen=True, slots=True)
class AlarmMessage:
    """A message that shows why there is an alarm."""

    id: str
    conversation_id: str
    ticket_id: str | None
    text: str
    at: str
