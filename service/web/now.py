"""What is true right now and kept nowhere: who looks at a ticket, who writes.

Asked by every event stream of a process once a second, so the answer is kept for a moment and
shared. Knows who is there, and never a word of what is written.
"""

import contextlib
import threading
import time

from service.errors import StoreError
from service.records.conversations import Conversation
from service.records.people import PresenceState, Present
from service.store import Store
from service.web.shapes.inbox import present_json

FRESH_SECONDS = 0.3  # an answer is shared for so long
LOOK_SECONDS = 12.0  # a console renews every five
TYPE_SECONDS = 6.0
TYPE_AGAIN_SECONDS = 2.5  # so often a customer's typing is written, however often it is told
TELL_AGAIN_SECONDS = 4.0  # the widget shows for six that a person writes
MOST_REMEMBERED = 10_000


class Now:
    """Who is there, by this process's knowledge: at most ``FRESH_SECONDS`` old."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._present = Present()
        self._asked = float("-inf")
        self._typed: dict[str, float] = {}

    def present(self) -> Present:
        """Who is there."""
        with self._lock:
            if time.monotonic() - self._asked < FRESH_SECONDS:
                return self._present
            before, self._present = self._present, self._store.present()
            self._asked = time.monotonic()
            left = before != self._present
            found = self._present
        if left:
            with contextlib.suppress(StoreError):  # whoever writes next removes it, too
                self._store.forget_absent()
        return found

    def operator_looks(
        self, operator_id: str, tab: str, ticket_id: str | None, state: PresenceState
    ) -> None:
        """One tab of an operator's has this ticket open, or none."""
        if ticket_id is None:
            self._store.forget_presence(operator_id, tab)
        else:
            self._store.note_presence(operator_id, tab, ticket_id, state, LOOK_SECONDS)
        self._forget()

    def customer_types(self, conversation: Conversation) -> None:
        """Somebody may be waiting to see it, unless the desk has the conversation."""
        at = time.monotonic()
        with self._lock:
            if at - self._typed.get(conversation.id, float("-inf")) < TYPE_AGAIN_SECONDS:
                return
            if len(self._typed) >= MOST_REMEMBERED:
                self._typed.clear()
            if not conversation.owned_by_person:
                return
            self._typed[conversation.id] = at
        self._store.note_typing(conversation.id, TYPE_SECONDS)
        self._forget()

    def customer_wrote(self, conversation_id: str) -> None:
        """What was being written has come."""
        with self._lock:
            typed = self._typed.pop(conversation_id, None) is not None
            known = typed or conversation_id in self._present.typing
        if known:
            self._store.forget_typing(conversation_id)
            self._forget()

    def _forget(self) -> None:
        with self._lock:
            self._asked = float("-inf")


class PresentPeople:
    """What a console's stream tells of it: all of it, whenever it has changed."""

    def __init__(self, now: Now) -> None:
        self._now = now
        self._told = Present()

    def news(self) -> list[tuple[str, object]]:
        """The event to send now, if there is any."""
        present = self._now.present()
        if present == self._told:
            return []
        self._told = present
        return [("presence", present_json(present))]


class WritingOperator:
    """What a customer's stream tells of it: that a person writes a reply, again while it lasts."""

    def __init__(self, now: Now, conversation_id: str) -> None:
        self._now = now
        self._conversation_id = conversation_id
        self._told_at = float("-inf")

    def news(self) -> list[tuple[str, object]]:
        """The event to send now, if there is any."""
        for one in self._now.present().operators:
            if one.conversation_id == self._conversation_id and one.state == "writing":
                if time.monotonic() - self._told_at < TELL_AGAIN_SECONDS:
                    return []
                self._told_at = time.monotonic()
                return [("typing", {"author": "operator", "name": one.operator_name})]
        self._told_at = float("-inf")
        return []
