"""Counts failed sign-ins, so that guessing is slow.

Kept in the process. Nobody is locked out for longer than the window. Failures count three times:
for an account from one address, for an address whatever the account, and for an account wherever
they come from. The last would let a stranger lock somebody out, so it does not hold for addresses
from which that person is signed in.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Hashable

from service.errors import TooMany
from service.web.addresses import network_of

OF_ADDRESS = 60
OF_ACCOUNT = 60
OF_SECOND_FACTOR = 10
SECOND_FACTOR_WINDOW = 900.0  # a code is one of a million: ten in a quarter of an hour are few


class Attempts:
    """Failed attempts by key, of the last ``window`` seconds."""

    def __init__(self, most: int = 10, window: float = 300.0) -> None:
        self.most = most
        self.window = window
        self.failed: dict[Hashable, deque[float]] = {}
        self.lock = threading.Lock()

    def begin(self, key: Hashable, *, count_only: bool = False) -> None:
        """Count an attempt, before it is known how it ends: many at once must not slip through.

        Raises ``TooMany`` when there were too many, unless it is to be counted only.
        """
        with self.lock:
            times = self._recent(key)
            if len(times) >= self.most and not count_only:
                wait = int(self.window - (time.monotonic() - times[0])) + 1
                raise TooMany("Too many failed attempts. Try again later.", retry_after=wait)
            self.failed.setdefault(key, deque(maxlen=self.most)).append(time.monotonic())
            for known in [k for k in self.failed if not self._recent(k)]:
                del self.failed[known]

    def is_full(self, key: Hashable) -> bool:
        """Whether the next attempt would be one too many."""
        with self.lock:
            return len(self._recent(key)) >= self.most

    def take_back(self, key: Hashable) -> None:
        """The last attempt was none: its password was not looked at."""
        with self.lock:
            times = self._recent(key)
            if times:
                times.pop()

    def forget(self, key: Hashable) -> None:
        """A right password clears the account."""
        with self.lock:
            self.failed.pop(key, None)

    def _recent(self, key: Hashable) -> deque[float]:
        times = self.failed.get(key, deque())
        while times and time.monotonic() - times[0] > self.window:
            times.popleft()
        return times


class SignIns:
    """The three counts of sign-ins, and the one of second factors."""

    def __init__(self) -> None:
        self.pairs = Attempts()
        self.addresses = Attempts(OF_ADDRESS)
        self.accounts = Attempts(OF_ACCOUNT)
        self.second = Attempts(OF_SECOND_FACTOR, SECOND_FACTOR_WINDOW)

    def begin(self, email: str, address: str, is_known: Callable[[], bool]) -> None:
        """Count an attempt; ``TooMany`` when there were too many. ``is_known`` is asked only when
        the account is being guessed at: whether its owner is signed in from this address."""
        account, network = _key(email), network_of(address)
        spared = self.accounts.is_full(account) and is_known()
        self.pairs.begin((account, address))
        try:
            self.addresses.begin(network)
        except TooMany:
            self.pairs.take_back((account, address))
            raise
        try:
            self.accounts.begin(account, count_only=spared)
        except TooMany:
            self.pairs.take_back((account, address))
            self.addresses.take_back(network)
            raise

    def take_back(self, email: str, address: str) -> None:
        """It was no failure: not looked at, or the password was right."""
        account = _key(email)
        self.pairs.take_back((account, address))
        self.addresses.take_back(network_of(address))
        self.accounts.take_back(account)

    def forget(self, email: str, address: str) -> None:
        """A right password clears the account, from this address."""
        self.take_back(email, address)
        self.pairs.forget((_key(email), address))


def _key(email: str) -> str:
    return email.strip().casefold()
