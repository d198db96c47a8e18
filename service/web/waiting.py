"""What customers who wait for a person may expect, for the chat API and its streams.

Every stream of a process asks once a second, so what the desk did lately and the queue are kept for
a moment and shared. What follows from them is `service.expecting`'s.
"""

import threading
import time
from datetime import UTC, datetime

from service.expecting import LOOK_BACK, Outlook, expectation, outlook, places
from service.records.waiting import Expectation, Queued
from service.store import Store
from service.times import since
from service.web.shapes.conversations import expectation_json

QUEUE_SECONDS = 1.0  # the queue is shared for so long
OUTLOOK_SECONDS = 5.0


class Waiting:
    """Who waits, by this process's knowledge: at most some seconds old."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._places: dict[str, tuple[Queued, int]] = {}
        self._told: dict[str, tuple[str | None, int]] = {}  # since when, and the first ``within``
        self._outlook: Outlook | None = None
        self._queue_at = self._outlook_at = float("-inf")

    def expectation(self, conversation_id: str) -> Expectation | None:
        """What its customer may expect; none unless he waits for a person."""
        with self._lock:
            if time.monotonic() - self._queue_at >= QUEUE_SECONDS:
                self._places = places(self._store.queue())
                self._queue_at = time.monotonic()
                self._told = {k: v for k, v in self._told.items() if k in self._places}
            own = self._places.get(conversation_id)
            if own is None:
                return None
            now = datetime.now(UTC)
            if self._outlook is None or time.monotonic() - self._outlook_at >= OUTLOOK_SECONDS:
                self._outlook = outlook(self._store.lately(since(LOOK_BACK)), now)
                self._outlook_at = time.monotonic()
            return self._expected(conversation_id, *own, self._outlook, now)

    def _expected(
        self, conversation_id: str, own: Queued, before: int, ahead: Outlook, now: datetime
    ) -> Expectation:
        """By what he was told first for this wait: a queue that gets shorter must not make late
        what comes as it was said."""
        since, told = self._told.get(conversation_id, (None, None))
        found = expectation(own, before, ahead, now, told if since == own.since else None)
        if found.within is not None:
            self._told[conversation_id] = (own.since, found.within)
        return found

    def forget(self) -> None:
        """Look at the queue anew: this process has just changed it. What the desk did lately says
        the same a moment later, and takes longer to read."""
        with self._lock:
            self._queue_at = float("-inf")


class WaitingCustomer:
    """What a customer's stream tells of it: whenever it has changed."""

    def __init__(self, waiting: Waiting, conversation_id: str) -> None:
        self._waiting = waiting
        self._conversation_id = conversation_id
        self._told: Expectation | None = None

    def news(self) -> list[tuple[str, object]]:
        """The event to send now, if there is any."""
        expected = self._waiting.expectation(self._conversation_id)
        if expected == self._told:
            return []
        self._told = expected
        return [("expectation", expectation_json(expected))] if expected else []
