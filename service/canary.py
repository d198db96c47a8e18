"""A canary: whether the conversations that a challenger began go worse than the champion's, and
whether it reads at all.

Called by `service.trials`. Conversations are compared, not messages, which are not independent of
each other. The desk decides who answers; this only stops what is significantly worse.
"""

import fcntl
import logging
import os
import threading
import time
from pathlib import Path

from index.trial import Trial, end_trial
from service.proportions import chance_of_more, level, looks
from service.records.trials import Arm
from service.store import Store

log = logging.getLogger("frontdesk.trials")

# What could be worse, in words, of how many, and how many of them.
TESTS = (
    ("were handed over", "conversations", "handed_over"),
    ("were rated unhelpful", "rated", "unhelpful"),
)


LOCK = ".trial-look"  # beside the releases
STAND_INS = 10  # in a row
STAND_IN_SECONDS = 10.0  # between the first and the last: the model's restart is over by then


class StandIns:
    """How often in a row the champion had to answer in a challenger's place, in this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._trial, self._error = "", ""
        self._count, self._since, self._last = 0, 0.0, 0.0

    def count(self, trial: Trial, error: str) -> None:
        """The challenger could not read a message."""
        with self._lock:
            if trial.id != self._trial:
                self._trial, self._count = trial.id, 0
            self._last = time.monotonic()
            if not self._count:
                self._since = self._last
            self._count, self._error = self._count + 1, error

    def forget(self) -> None:
        """It could read one."""
        with self._lock:
            self._count = 0

    def reason(self, trial: Trial) -> str | None:
        """Why to end the trial, if it is to end."""
        with self._lock:
            if trial.id != self._trial or self._count < STAND_INS:
                return None
            if self._last - self._since < STAND_IN_SECONDS:
                return None
            return f"It could not read {self._count} messages in a row: {self._error}"


def stop(releases: Path, trial: Trial, reason: str) -> str | None:
    """End the trial, unless somebody else did, and return the reason."""
    if end_trial(releases, reason, trial.id) is None:
        return None
    log.warning("the canary %s was stopped: %s", trial.release, reason)
    return reason


class Looks:
    """The looks at canaries of one process: of all that share a folder of releases, one looks for
    as long as it lives."""

    def __init__(self, store: Store, releases: Path) -> None:
        self.store = store
        self.releases = releases
        self._lock: int | None = None
        self._worse: tuple[Trial, int, str] | None = None  # found, and not yet acted on

    def look(self, trial: Trial) -> str | None:
        """Stop the canary when it is worse, and return why; looks only as often as is allowed.

        A look is spent when it was acted on; until then what it found stands.
        """
        if not self._is_mine():
            return None
        if self._worse is None or self._worse[0].id != trial.id:
            self._worse = self._found(trial)
        if self._worse is None:
            return None
        _, number, reason = self._worse
        told = stop(self.releases, trial, reason)
        self.store.claim_look(trial.id, number)
        self._worse = None
        return told

    def close(self) -> None:
        """Let another process look."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _found(self, trial: Trial) -> tuple[Trial, int, str] | None:
        """The number of the look that is due and in what the challenger is worse, if in anything;
        a look that finds nothing is spent."""
        arms = self.store.trial_arms(trial.started_at)
        challenger, other = arms.get(trial.release, Arm()), arms.get(trial.champion, Arm())
        number = looks(challenger.conversations)
        if number <= self.store.last_look(trial.id):
            return None
        reason = worse(challenger, other, number)
        if reason is None:
            self.store.claim_look(trial.id, number)
            return None
        return trial, number, reason

    def _is_mine(self) -> bool:
        """Whether this process looks; the kernel lets another one when it dies."""
        if self._lock is None:
            lock = os.open(self.releases / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(lock)
                return False
            self._lock = lock
        return True


def worse(challenger: Arm, champion: Arm, number: int) -> str | None:
    """In what the challenger is significantly worse at this look, if in anything."""
    allowed = level(number, len(TESTS))
    for words, whole, part in TESTS:
        counts = [getattr(arm, name) for arm in (challenger, champion) for name in (part, whole)]
        chance = chance_of_more(*counts)
        if chance <= allowed:
            return (
                f"{counts[0]:,} of {counts[1]:,} conversations {words}, {counts[2]:,} of "
                f"{counts[3]:,} with the champion (p = {chance:.2g}, allowed at look {number}: "
                f"{allowed:.2g})."
            )
    return None
