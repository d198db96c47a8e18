"""Runs ``frontdesk deliver`` while there are webhooks, in a process of its own.

Used by the server in the one process that owns the model. The child has Python's lock to itself and
a low priority, so that customers do not notice it; when it dies, another one goes on.
"""

import contextlib
import logging
import os
import subprocess
import sys
import threading

from service.config import Config
from service.errors import StoreError
from service.store import Store

log = logging.getLogger("frontdesk.webhooks")

PAUSE_SECONDS = 1.0
AGAIN_SECONDS = 5.0  # after a child that ended by itself
END_SECONDS = 3.0  # for what is under way; what is not done by then is tried again


class Delivering:
    """A thread that sees to it that somebody delivers, as long as there is anything to deliver."""

    def __init__(self, config: Config, store: Store) -> None:
        self.config = config
        self.store = store
        self.stopped = threading.Event()
        self.lock = threading.Lock()  # no child is started once it is closed
        self.child: subprocess.Popen[bytes] | None = None
        self.thread = threading.Thread(target=self._run, name="delivering", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self.thread.start()

    def stop(self) -> None:
        """Look no more, and tell the child to end; waits for nothing."""
        with self.lock:
            self.stopped.set()
            if self.child is not None:
                self.child.terminate()

    def close(self) -> None:
        """The same, and see to it that it has ended. Twice is once."""
        self.stop()
        with self.lock:
            self._end()

    def _run(self) -> None:
        pause = PAUSE_SECONDS
        while not self.stopped.wait(pause):
            try:
                pause = self._look()
            except StoreError as error:
                log.warning("the webhooks could not be read: %s", error)
            except Exception:  # a loop top: whatever went wrong, look again
                log.exception("the delivery of webhooks could not be started")

    def _look(self) -> float:
        wanted = self.store.has_webhooks()
        with self.lock:
            if self.stopped.is_set():
                return PAUSE_SECONDS
            if not wanted:
                self._end()
            elif self.child is None:
                self.child = subprocess.Popen(  # noqa: S603 - our own command
                    command(self.config), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
                )
            elif self.child.poll() is not None:
                log.warning("frontdesk deliver ended with %d", self.child.returncode)
                self.child = None
                return AGAIN_SECONDS
        return PAUSE_SECONDS

    def _end(self) -> None:
        if self.child is None:
            return
        self.child.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.child.wait(timeout=END_SECONDS)
        self.child.kill()
        self.child.wait()
        self.child = None


def command(config: Config) -> list[str]:
    """What delivers until this process ends."""
    base = [sys.executable, "-m", "service", "--home", str(config.home)]
    return [*base, "deliver", "--parent", str(os.getpid())]
