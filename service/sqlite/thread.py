"""A conversation inside a write transaction: it says things, changes hands, and is saved.

The only writer of messages and of the conversation's row, so that numbers, epochs and events
cannot come apart. Used by the conversation and the ticket parts of the SQLite store.
"""

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import replace

from service.errors import NotFound
from service.records.conversations import Dialogue, Message, ReplyDraft, Suggestion
from service.records.words import Action, Author, Status
from service.sqlite.commit import Transaction
from service.sqlite.file_rows import take_along
from service.sqlite.ids import new_id
from service.sqlite.outbox import message_happened
from service.sqlite.rows import conversation_from, to_json

INSERT = """
INSERT INTO message (id, conversation_id, seq, author, text, at, note, client_id, operator_id,
  template, action, reply_to, suggestions)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
SAVE = """
UPDATE conversation SET status = ?, epoch = ?, dialogue = ?, last_number = ?, updated_at = ?
WHERE id = ?
"""


class Thread:
    """One conversation being written; ``conversation`` is how it stands by now."""

    def __init__(self, transaction: Transaction, row: sqlite3.Row, at: str) -> None:
        self.conversation = conversation_from(row)
        self.at = at
        self._transaction = transaction
        self._number: int = row["last_number"]

    def say(
        self,
        author: Author,
        text: str,
        *,
        ticket_id: str | None = None,
        note: bool = False,
        client_id: str | None = None,
        operator_id: str | None = None,
        operator_name: str | None = None,
        template: str | None = None,
        action: Action | None = None,
        reply_to: str | None = None,
        suggestions: tuple[Suggestion, ...] = (),
        files: Sequence[str] = (),
    ) -> Message:
        """Add a message and its event; a message's ``seq`` is its event's number. ``files`` are
        ids of uploads that it takes along."""
        message = Message(
            id=new_id("msg"),
            conversation_id=self.conversation.id,
            seq=self._next(),
            author=author,
            text=text,
            at=self.at,
            note=note,
            client_id=client_id,
            operator_id=operator_id,
            operator_name=operator_name,
            template=template,
            action=action,
            reply_to=reply_to,
            suggestions=suggestions,
        )
        self._transaction.connection.execute(
            INSERT,
            (
                *(message.id, message.conversation_id, message.seq, author, text, self.at, note),
                *(client_id, operator_id, template, action, reply_to),
                to_json(suggestions) if suggestions else None,
            ),
        )
        if files:
            taken = take_along(self._transaction.connection, message, files)
            message = replace(message, files=taken)
        # The event's message is read from its own row: nothing is kept twice.
        self._transaction.tell(
            "message",
            {"ticket_id": ticket_id},
            self.at,
            conversation_id=message.conversation_id,
            number=message.seq,
            public=not note,
        )
        if not note:
            message_happened(self._transaction, message, ticket_id)
        return message

    def reply(
        self, draft: ReplyDraft, *, reply_to: str | None = None, ticket_id: str | None = None
    ) -> Message:
        """The desk's words."""
        return self.say(
            "desk",
            draft.text,
            ticket_id=ticket_id,
            template=draft.template,
            action=draft.action,
            reply_to=reply_to,
            suggestions=draft.suggestions,
        )

    def remember(self, dialogue: Dialogue) -> None:
        """What the router shall know at the next turn."""
        self.conversation = replace(self.conversation, dialogue=dialogue)

    def pass_to(self, status: Status, operator_name: str | None = None) -> None:
        """Change who speaks: a new epoch, which outdates replies that are being computed.

        From resolved to desk nobody else comes to speak, so what the desk computes still counts.
        """
        woken = (self.conversation.status, status) == ("resolved", "desk")
        epoch = self.conversation.epoch + (0 if woken else 1)
        self.conversation = replace(self.conversation, status=status, epoch=epoch)
        self._transaction.tell(
            "conversation",
            {"id": self.conversation.id, "status": status, "operator": operator_name},
            self.at,
            conversation_id=self.conversation.id,
            number=self._next(),
            public=True,
        )

    def save(self) -> None:
        """Write the conversation's own row."""
        now = self.conversation
        self._transaction.connection.execute(
            SAVE, (now.status, now.epoch, to_json(now.dialogue), self._number, self.at, now.id)
        )

    def _next(self) -> int:
        self._number += 1
        return self._number


@contextlib.contextmanager
def opened(transaction: Transaction, conversation_id: str, at: str) -> Iterator[Thread]:
    """The conversation, saved when the block ends well; ``NotFound`` when there is none."""
    row = transaction.connection.execute(
        "SELECT * FROM conversation WHERE id = ?", (conversation_id,)
    ).fetchone()
    if row is None:
        raise NotFound(f"There is no conversation {conversation_id}.")
    thread = Thread(transaction, row, at)
    yield thread
    thread.save()
