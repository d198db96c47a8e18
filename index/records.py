"""What the model saw in a message and what the index found for it.

Used by every room; imports numpy only, so a web worker without a model can hold these records.
"""

from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

OUT_OF_SCOPE = "out_of_scope"
LEXICAL_WEIGHT = 0.16  # docs/decisions.md; half and one and a half times it are about as good
SENTIMENTS = ("negative", "neutral", "positive")

Vector = NDArray[np.float32]
Number = TypeVar("Number", float, NDArray[np.float32])
HitKind = Literal["template", "example", "passage"]


@dataclass(frozen=True, slots=True)
class Scored:
    """A label with its calibrated probability, 0 to 1."""

    label: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Entity:
    """A labelled span: characters ``start`` to ``end`` (exclusive) of the message.

    ``value`` is the normalised form ("KM-482913" for "#482913"); ``exact`` tells a span that a
    pattern recognised from one that the token head learned.
    """

    start: int
    end: int
    label: str
    text: str
    value: str
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """What one encoder pass saw in one message.

    ``vector`` has shape ``(hidden,)`` and unit length. ``intents`` (every label of the release)
    and ``sentiments`` (three, or none when the release learned no sentiment) are sorted, most
    likely first. ``in_scope`` is the calibrated probability, 0 to 1, that the desk knows this kind
    of message.
    """

    text: str
    vector: Vector
    intents: tuple[Scored, ...]
    sentiments: tuple[Scored, ...]
    in_scope: float
    entities: tuple[Entity, ...]
    release: str

    @property
    def intent(self) -> Scored | None:
        """The most likely intent; none when the release has no intents."""
        return self.intents[0] if self.intents else None

    @property
    def sentiment(self) -> Scored | None:
        """The most likely sentiment; none when the release learned none."""
        return self.sentiments[0] if self.sentiments else None

    @property
    def certainty(self) -> float:
        """The score that the promise is calibrated on: intent confidence times ``in_scope``."""
        return self.intents[0].confidence * self.in_scope if self.intents else 0.0


@dataclass(frozen=True, slots=True)
class Hit:
    """A found template, example or passage.

    ``score`` is the cosine similarity, -1 to 1. ``lexical`` is how much of the message's wording
    the text has (``index.lexical``): 0 nothing, 1 all of it; 0 for examples, which are found by
    cosine alone. An example is ``fresh`` when the release that reads is older.
    """

    kind: HitKind
    id: str
    score: float
    intent: str | None
    text: str
    lexical: float = 0.0
    fresh: bool = False

    @property
    def relevance(self) -> float:
        """What hits are ordered by; the cosine when nothing lexical was asked for."""
        return relevance(self.score, self.lexical)


def relevance(cosine: Number, lexical: Number) -> Number:
    """A weighted sum of what vectors and letters say, for one hit or an array of them."""
    return cosine + LEXICAL_WEIGHT * lexical


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What the release promises and the scores from which it keeps the promise.

    ``answer`` bounds ``Reading.certainty`` from below for an answer, ``clarify`` for a question
    back; ``in_scope`` bounds ``Reading.in_scope``. ``answer`` above 1 means that no promise could
    be made from the held-out rows. ``promise`` is the share of answers that must be right and
    ``risk`` the chance, over held-out samples, that calibration fails to keep it.
    """

    promise: float
    risk: float
    answer: float
    clarify: float
    in_scope: float

    def allow(self, reading: Reading) -> bool:
        """Whether the promise covers an answer to this message."""
        return reading.certainty >= self.answer and reading.in_scope >= self.in_scope
