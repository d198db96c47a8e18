"""Takes from disk what is no longer wanted: erased files, uploads that were never sent, remains.

Called by the server every minute in the process that owns the model, and by ``frontdesk erase``.
The store says what is gone; killed at any moment, the next call goes on.
"""

import logging
import threading
from datetime import UTC, datetime, timedelta

from service.config import Config
from service.errors import StoreError
from service.store import Store
from service.times import written
from service.uploads.shelf import Shelf

log = logging.getLogger("frontdesk.uploads")

UNSENT = timedelta(days=1)
PAUSE_SECONDS = 60.0
PAUSES_OF_REMAINS = 60  # the whole folder is gone through once an hour
BATCH = 500


def remove_gone(store: Store, shelf: Shelf) -> int:
    """Remove the files whose rows went; returns how many there were."""
    count = 0
    while gone := store.gone_files(BATCH):
        shelf.remove(gone)
        store.forget_gone_files(gone)
        count += len(gone)
    return count


def sweep(store: Store, shelf: Shelf) -> None:
    """What was erased, and what no message took along for a day."""
    store.drop_unsent_files(written(datetime.now(UTC) - UNSENT))
    remove_gone(store, shelf)


def sweep_remains(store: Store, shelf: Shelf) -> None:
    """What has lain on the shelf for a day and no row knows of."""
    old = shelf.old()
    for start in range(0, len(old), BATCH):
        batch = old[start : start + BATCH]
        shelf.remove(set(batch) - store.known_files(batch))


class Sweeping:
    """A thread that sweeps now and then."""

    def __init__(self, config: Config, store: Store) -> None:
        self.store = store
        self.shelf = Shelf(config.files)
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self._run, name="sweeping", daemon=True)

    def start(self) -> None:
        """Begin."""
        self.thread.start()

    def close(self) -> None:
        """Sweep no more; waits for what is under way."""
        self.stopped.set()
        if self.thread.is_alive():
            self.thread.join(timeout=5)

    def _run(self) -> None:
        pauses = 0
        while not self.stopped.wait(PAUSE_SECONDS):
            try:
                sweep(self.store, self.shelf)
                if pauses % PAUSES_OF_REMAINS == 0:
                    sweep_remains(self.store, self.shelf)
            except (StoreError, OSError) as error:
                log.warning("files could not be swept: %s", error)
            except Exception:  # a loop top: whatever went wrong, go on
                log.exception("files could not be swept")
            pauses += 1
