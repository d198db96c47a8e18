"""What the store knows of files; it never has their bytes."""

from collections.abc import Sequence
from typing import Protocol

from service.records.conversations import File, FileDraft, FileLimits


class FileStore(Protocol):
    """What is known of files; their bytes are on the shelf (`service.uploads.shelf`). One is made
    known when it is there, judged and clean, and can be read when a message has taken it along."""

    def find_file(
        self, conversation_id: str, client_id: str, operator_id: str | None = None
    ) -> File | None:
        """What this operator, or the customer, has uploaded under a client id."""

    def require_room(self, conversation_id: str, limits: FileLimits) -> None:
        """``ConversationFull`` or ``TooMany`` when customers' files have come to a limit."""

    def add_file(self, draft: FileDraft, limits: FileLimits | None = None) -> File:
        """Make a file known, within the limits; under a client id that is taken, returns the file
        that has it."""

    def sent_file(self, file_id: str, conversation_id: str | None = None) -> File:
        """A file of a message; with a conversation only of one that its customer may see. Else
        ``NotFound``, as for a file that was not sent yet."""

    def drop_unsent_files(self, before: str) -> int:
        """Forget what came before that time and no message took along; returns how many."""

    def gone_files(self, limit: int) -> list[str]:
        """Ids of files that are known no more, however that came, and whose bytes may still lie on
        the shelf."""

    def forget_gone_files(self, file_ids: Sequence[str]) -> None:
        """These are off the shelf."""

    def known_files(self, file_ids: Sequence[str]) -> set[str]:
        """Which of these are known."""
