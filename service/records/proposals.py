"""What waits in the review queue for one decision of a person.

Made by `frontdesk review` and from past conversations of another system (`service.history`).
Nothing follows from one before somebody accepts it.
"""

from dataclasses import dataclass
from typing import Literal

ProposalKind = Literal["label", "intent", "answer"]
ProposalSource = Literal["review", "history"]
ProposalState = Literal["open", "accepted", "dismissed"]


@dataclass(frozen=True, slots=True)
class ProposedText:
    """What a customer wrote, and its message where the desk has it. ``place`` is its lasting number
    within the proposal."""

    text: str
    message_id: str | None = None
    place: int = 0


@dataclass(frozen=True, slots=True)
class Proposal:
    """What waits for one decision of a person. By its kind:

    - "label": like messages that want one label; ``intent`` is what the desk thinks.
    - "intent": a new intent ``name`` with its ``title``, and perhaps an ``answer``.
    - "answer": messages of an ``intent`` that has no fitting answer.

    It stands for ``count`` messages, ``share`` (0 to 1) of the traffic, and holds up to a few
    hundred ``texts`` of them, the most typical first. ``handed_over`` of them went to a person,
    ``unhelpful`` were rated badly, and ``confidence`` is the mean of how sure the desk was. The
    highest ``value`` comes first: roughly, how many messages a decision would help.
    """

    kind: ProposalKind
    source: ProposalSource
    texts: tuple[ProposedText, ...]
    count: int
    value: float
    name: str = ""
    title: str = ""
    answer: str = ""
    intent: str | None = None
    share: float = 0.0
    handed_over: int = 0
    unhelpful: int = 0
    confidence: float | None = None
    id: str = ""
    state: ProposalState = "open"
    made_at: str = ""
    decided_at: str | None = None
    decided_by: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Questions of past conversations that want the same, by their places in a list, the most
    typical first; and the places of the answers to them, the most central one first."""

    questions: tuple[int, ...]
    answers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What a person makes of a proposal; what is None is as proposed.

    ``left_out`` are the places of texts that do not belong. An empty ``answer`` is none.
    """

    intent: str | None = None
    sentiment: str | None = None
    name: str | None = None
    title: str | None = None
    group: str = "learned"
    answer: str | None = None
    left_out: tuple[int, ...] = ()
