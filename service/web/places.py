"""How many event streams a process carries, and who has them.

An open stream occupies a thread, so that one customer, or all of them, must not take those of
the others, of the console, or of plain requests. Called by ``service.web.stream``; never waits.
"""

import threading
from collections import Counter

from service.web.addresses import public_network

MOST_OF_CONVERSATION = 8  # the tabs of one customer
CONSOLE_RESERVE = 64


class Places:
    """Places for streams: a quarter of them, at most 64, are the console's own; of the others one
    address of the internet may have half."""

    def __init__(self, places: int) -> None:
        console = max(1, min(CONSOLE_RESERVE, places // 4))
        self.console = threading.Semaphore(console)
        self.customers = threading.Semaphore(max(1, places - console))
        self.most_of_address = max(1, (places - console) // 2)
        self.taken: Counter[str] = Counter()  # by conversation, and by network
        self.lock = threading.Lock()

    def take(self, conversation_id: str | None, address: str = "") -> bool:
        """Take a place of a conversation, or of the console (None); false when there is none."""
        if conversation_id is None:
            return self.console.acquire(blocking=False)
        network = public_network(address)
        with self.lock:
            if self.taken[conversation_id] >= MOST_OF_CONVERSATION:
                return False
            if network and self.taken[network] >= self.most_of_address:
                return False
            if not self.customers.acquire(blocking=False):
                return False
            self.taken.update([conversation_id, *([network] if network else [])])
            return True

    def give_back(self, conversation_id: str | None, address: str = "") -> None:
        """The stream has ended."""
        if conversation_id is None:
            self.console.release()
            return
        network = public_network(address)
        with self.lock:
            self.customers.release()
            self.taken.subtract([conversation_id, *([network] if network else [])])
            self.taken += Counter()  # drops who has none left
