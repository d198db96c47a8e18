"""Slows down whoever writes more than people do: in one conversation, and from one address.

Asked by the routes that customers write to. Each kind of call has a measure of its own in a
conversation, so that typing keeps nobody from sending; an address has room for a whole office.
Counted in the process, and only for addresses of the internet: one of this machine or of a private
network may be a proxy's, with every customer behind it (`FRONTDESK_TRUSTED_PROXIES`).
"""

import math
import threading
import time
from collections.abc import Hashable

from service.errors import TooMany
from service.web.addresses import public_network

OFFICE = 20  # times as many calls may come from one address as in one conversation
FORGOTTEN_AFTER = 10_000  # keys, before those that are at rest are forgotten


class Throttle:
    """So many calls a minute for each key, and half of them at once; 0 is no limit.

    The generic cell rate algorithm (ITU-T I.371): of a key it keeps when it will be at rest.
    """

    def __init__(self, per_minute: int) -> None:
        self.gap = 60.0 / per_minute if per_minute else 0.0
        self.ahead = self.gap * max(1, per_minute // 2)
        self.rests: dict[Hashable, float] = {}
        self.lock = threading.Lock()

    def take(self, key: Hashable) -> None:
        """Count a call. Raises ``TooMany``, which says when to come back, and counts nothing."""
        if not self.gap:
            return
        now = time.monotonic()
        with self.lock:
            rest = max(now, self.rests.get(key, now)) + self.gap
            if rest - now > self.ahead + 1e-6:
                wait = math.ceil(rest - now - self.ahead)
                raise TooMany("That is faster than can be read.", retry_after=wait)
            self.rests[key] = rest
            if len(self.rests) > FORGOTTEN_AFTER:
                busy = {known: until for known, until in self.rests.items() if until > now}
                # Too many that are busy: forgetting them all is better than growing for ever.
                self.rests = busy if len(busy) <= FORGOTTEN_AFTER // 2 else {}


class Throttles:
    """What customers' calls are measured by."""

    def __init__(self, calls: int, conversations: int) -> None:
        self.calls = Throttle(calls)
        self.of_address = Throttle(OFFICE * calls)
        self.conversations = Throttle(conversations)

    def begin(self, address: str) -> None:
        """Somebody there begins a conversation. Raises ``TooMany``."""
        if network := public_network(address):
            self.conversations.take(network)

    def write(self, address: str, conversation_id: str, kind: str) -> None:
        """Somebody there writes in a conversation: a call of this kind. Raises ``TooMany``."""
        if network := public_network(address):
            self.of_address.take(network)
            self.calls.take((network, conversation_id, kind))
