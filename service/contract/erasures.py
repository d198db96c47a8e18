"""Forgetting customers, and what is left to do in files and releases after it."""

from collections.abc import Sequence
from typing import Protocol

from service.records.storage import Erasable, ErasedTexts, Erasure


class ErasureStore(Protocol):
    """Forgetting customers. ``customer`` is an e-mail address, an identifier, a customer's id, or
    the id of one conversation. ``NotFound`` when it means nobody, ``Conflict`` when it means
    several customers whom the site has identified."""

    def erasable(self, customer: str) -> Erasable:
        """What ``erase`` would remove."""

    def erase(self, customer: str, by: str) -> Erasure:
        """Remove customers with their conversations and all that belongs to these, the examples
        that came from them, and quotes of those examples in others' traces. Tells "erased" with the
        ids of the conversations and tickets that are gone, and of each ticket that only loses where
        its customer wanted to be reached: at the address or number that was named, or at the
        erased customers' addresses. What is a customer's id or identifier is no phone number."""

    def wipe(self) -> None:
        """See to it that the storage holds nothing any more of what was removed. Writers wait."""

    def erasures(self) -> list[Erasure]:
        """Every erasure, the newest first."""

    def erased_texts(self) -> list[ErasedTexts]:
        """Fingerprints of what was erased, as long as they are kept."""

    def finish_erasures(self, erasure_ids: Sequence[str], forget_before: str) -> None:
        """Note that these are done in files and releases, too; fingerprints of those that are done
        and older than ``forget_before`` are dropped."""
