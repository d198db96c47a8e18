"""A thread that does the same thing again and again while the server runs.

Used by the server in the one process that owns the model, for the inbox's clock and for files.
"""

import logging
import threading
from collections.abc import Callable

from service.errors import StoreError


class Rounds:
    """Calls ``go`` every ``seconds``, the first time after as many, and at once again where it says
    that there is more. Whatever goes wrong is logged, and the next round is done all the same."""

    def __init__(self, name: str, seconds: float, go: Callable[[], bool]) -> None:
        self.go = go
        self.seconds = seconds
        self.log = logging.getLogger(f"frontdesk.{name}")
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self.thread.start()

    def close(self) -> None:
        """Begin no other round; waits for one that is under way."""
        self.stopped.set()
        if self.thread.is_alive():
            self.thread.join(timeout=5)

    def _run(self) -> None:
        while not self.stopped.wait(self.seconds):
            try:
                while self.go() and not self.stopped.is_set():
                    continue
            except (StoreError, OSError) as error:
                self.log.warning("this round failed, the next one goes on: %s", error)
            except Exception:  # a loop top: whatever went wrong, go on
                self.log.exception("this round failed, the next one goes on")
