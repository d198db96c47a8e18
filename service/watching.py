"""Starts ``frontdesk watch`` every few minutes while the server runs, in a process of its own.

Used by the server in the one process that owns the model; it only waits. The child has Python's
lock to itself and a low priority, so that customers do not notice it.
"""

import logging
import subprocess
import sys
import threading

from service.config import Config

log = logging.getLogger("frontdesk.watch")

FIRST_SECONDS = 60.0  # after the start, which has better to do
MOST_SECONDS = 300.0


class Watching:
    """A thread that starts a look, waits for its end, and for the next one."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.stopped = threading.Event()
        self.lock = threading.Lock()  # no child is started once it is closed
        self.child: subprocess.Popen[bytes] | None = None
        self.thread = threading.Thread(target=self._run, name="watching", daemon=True)

    def start(self) -> None:
        """Start looking, unless the setting says never."""
        if self.config.watch_minutes:
            self.thread.start()

    def close(self) -> None:
        """Look no more, and wait for nothing: a look that is under way is given up, and the next
        one does its work."""
        with self.lock:
            self.stopped.set()
            if self.child is not None:
                self.child.kill()

    def _run(self) -> None:
        pause = FIRST_SECONDS
        while not self.stopped.wait(pause):
            pause = 60.0 * self.config.watch_minutes
            try:
                self._look()
            except Exception:  # a loop top: whatever went wrong, look again
                log.exception("the watch could not be started")

    def _look(self) -> None:
        with self.lock:
            if self.stopped.is_set():
                return
            self.child = subprocess.Popen(  # noqa: S603 - our own command
                command(self.config), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
            )
        try:
            code = self.child.wait(timeout=MOST_SECONDS)
        except subprocess.TimeoutExpired:
            self.child.kill()
            code = self.child.wait()
        if code and not self.stopped.is_set():
            log.warning("frontdesk watch ended with %d", code)


def command(config: Config) -> list[str]:
    """What looks once."""
    return [sys.executable, "-m", "service", "--home", str(config.home), "watch"]
