"""Keeps the inbox's clock: every second, what was put off comes back and what waits too long rises.

Used by the server in the one process that owns the model. It holds no state: whatever was due while
nobody looked is done by the next look, after a restart, too.
"""

import logging
import threading

from service.errors import StoreError
from service.store import Store

log = logging.getLogger("frontdesk.clockwork")

PAUSE_SECONDS = 1.0


class Clockwork:
    """A thread that asks the store to look at what is due."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self._run, name="clockwork", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self.thread.start()

    def close(self) -> None:
        """Look no more; waits for a look that is under way."""
        self.stopped.set()
        if self.thread.is_alive():
            self.thread.join(timeout=5)

    def _run(self) -> None:
        while not self.stopped.wait(PAUSE_SECONDS):
            try:
                while self.store.tick_tickets() and not self.stopped.is_set():
                    continue
            except StoreError as error:
                log.warning("the clock could not be kept: %s", error)
            except Exception:  # a loop top: whatever went wrong, look again
                log.exception("the clock could not be kept")
