"""What trials of releases found; a trial itself is a file beside the releases (`index.trial`)."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from service.records.trials import Arm, Disagreement


class TrialStore(Protocol):
    """What trials of releases found. A disagreement goes with the message that it is about."""

    def first_release(self, conversation_id: str) -> str | None:
        """The release that read a conversation's first turn; none when none did yet."""

    def record_shadow(
        self, trial_id: str, counts: Mapping[str, int], disagreements: Sequence[Disagreement]
    ) -> None:
        """Add to a trial's counts, and keep the newest 500 disagreements of all trials; those about
        messages that are gone are passed over."""

    def shadow_counts(self, trial_id: str) -> dict[str, int]:
        """What was counted, by name."""

    def disagreements(self, trial_id: str, limit: int = 50) -> list[Disagreement]:
        """The newest first."""

    def trial_arms(self, since: str, until: str | None = None) -> dict[str, Arm]:
        """What became of the conversations that began then, by the release of their first turn."""

    def last_look(self, trial_id: str) -> int:
        """How often a trial was looked at; 0 when never."""

    def claim_look(self, trial_id: str, number: int) -> bool:
        """Whether this is the first to look at a trial for the ``number``-th time."""
