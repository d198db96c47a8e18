"""The review queue: what waits for one decision of a person, and what follows from it."""

from collections.abc import Sequence
from typing import Protocol

from service.records.proposals import (
    Acceptance,
    Proposal,
    ProposalKind,
    ProposalSource,
    ProposalState,
)


class ReviewStore(Protocol):
    """The queue of what waits for one decision of a person. Every change tells "review" with the
    number of those that are open."""

    def proposals(
        self,
        *,
        state: ProposalState = "open",
        kind: ProposalKind | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[Proposal]:
        """Proposals of a state, the most valuable first; all of them without a ``limit``."""

    def count_proposals(self, state: ProposalState = "open") -> int:
        """How many proposals stand in a state."""

    def proposal(self, proposal_id: str) -> Proposal:
        """One proposal."""

    def add_proposals(self, proposals: Sequence[Proposal]) -> list[Proposal]:
        """Put these into the queue; ids, places and times are filled in. A message's text goes when
        the message goes; a proposal whose last text goes is gone, too."""

    def replace_proposals(
        self, source: ProposalSource, proposals: Sequence[Proposal]
    ) -> list[Proposal]:
        """The same, in the place of the open ones of this source."""

    def accept_proposal(
        self, proposal_id: str, operator_id: str, acceptance: Acceptance
    ) -> Proposal:
        """Do what an operator decided, in one transaction. By the proposal's kind:

        "label": every message is corrected, as ``correct_message`` does, but for what somebody has
        corrected already; a text without a message becomes an example with the source "review".
        "intent": the same, and before that the intent is made, unless one that is there was chosen.
        "answer": labels nothing. An answer becomes a template of the intent; a label has none.

        ``Conflict`` when somebody else was first or it was dismissed; the second time by the same
        operator changes nothing. ``InvalidInput`` for labels that are not there, an intent that is
        there already, an answer that does not fit, and when nothing is left.
        """

    def dismiss_proposal(self, proposal_id: str, operator_id: str) -> Proposal:
        """Take it out of the queue; rules as for accepting."""
