"""Takes from disk what is no longer wanted: erased files, uploads that were never sent, remains.

Called by the server every minute in the process that owns the model, and by ``frontdesk erase``.
The store says what is gone; killed at any moment, the next call goes on.
"""

from datetime import UTC, datetime, timedelta
from itertools import count

from service.config import Config
from service.rounds import Rounds
from service.store import Store
from service.times import written
from service.uploads.shelf import Shelf

UNSENT = timedelta(days=1)
PAUSE_SECONDS = 60.0
ROUNDS_OF_REMAINS = 60  # the whole folder is gone through once an hour
BATCH = 500


def remove_gone(store: Store, shelf: Shelf) -> int:
    """Remove the files whose rows went; returns how many there were."""
    removed = 0
    while gone := store.gone_files(BATCH):
        shelf.remove(gone)
        store.forget_gone_files(gone)
        removed += len(gone)
    return removed


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


def sweeping(config: Config, store: Store) -> Rounds:
    """What sweeps every minute, and once an hour goes through the whole folder."""
    shelf, rounds = Shelf(config.files), count()

    def go() -> bool:
        sweep(store, shelf)
        if next(rounds) % ROUNDS_OF_REMAINS == 0:
            sweep_remains(store, shelf)
        return False

    return Rounds("uploads", PAUSE_SECONDS, go)
