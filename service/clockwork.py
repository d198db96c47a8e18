"""Keeps the inbox's clock: every second, what was put off comes back and what waits too long rises.

Used by the server in the one process that owns the model. It holds no state: whatever was due while
nobody looked is done by the next look, after a restart, too.
"""

from service.rounds import Rounds
from service.store import Store

PAUSE_SECONDS = 1.0


def clockwork(store: Store) -> Rounds:
    """What asks the store to look at what is due, in batches as large as it likes."""
    return Rounds("clockwork", PAUSE_SECONDS, lambda: store.tick_tickets() > 0)
