"""How many event streams a process carries, and who has them.

An open stream occupies a thread, so that one customer, or all of them, must not take those of
the others, of the console, or of plain requests. Called by ``service.web.stream``; never waits.
"""

import threading
from collections import Counter

MOST_OF_CONVERSATION = 8  # the tabs of one customer
CONSOLE_RESERVE = 64


class Places:
    """Places for streams: a quarter of them, at most 64, are the console's own."""

    def __init__(self, places: int) -> None:
        console = max(1, min(CONSOLE_RESERVE, places // 4))
        self.console = threading.Semaphore(console)
        self.customers = threading.Semaphore(max(1, places - console))
        self.taken: Counter[str] = Counter()
        self.lock = threading.Lock()

    def take(self, conversation_id: str | None) -> bool:
        """Take a place of a conversation, or of the console (None); false when there is none."""
        if conversation_id is None:
            return self.console.acquire(blocking=False)
        with self.lock:
            if self.taken[conversation_id] >= MOST_OF_CONVERSATION:
                return False
            if not self.customers.acquire(blocking=False):
                return False
            self.taken[conversation_id] += 1
            return True

    def give_back(self, conversation_id: str | None) -> None:
        """The stream has ended."""
        if conversation_id is None:
            self.console.release()
            return
        with self.lock:
            self.customers.release()
            self.taken[conversation_id] -= 1
            self.taken += Counter()  # drops who has none left
