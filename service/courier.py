"""Delivers what waits for webhooks, each address for itself, so that a dead one holds nobody up.

Run by ``frontdesk deliver`` in one process at a time. Keeps no state that must survive it: a try
that it did not live to note is made again by the next one, under the same id.
"""

import logging
import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from service.config import Network
from service.errors import StoreError
from service.outgoing import SECONDS, Answer, post
from service.store import Store
from service.webhooks import (
    FAILING,
    GONE,
    KEPT,
    LASTS,
    MOST,
    TRIED,
    Outgoing,
    Try,
    headers,
    pause_after,
)

log = logging.getLogger("frontdesk.webhooks")

LANES = 4  # deliveries to one address at once; to one that fails, a single one
WAIT_SECONDS = 1.0  # until it looks again by itself
LONGEST_SECONDS = 600.0  # that a webhook is left alone of which a try could not be noted
TIDY_SECONDS = 3600.0


class Courier:
    """Takes what is due, sends it, notes how it went."""

    def __init__(
        self,
        store: Store,
        allowed: Sequence[Network],
        seconds: float = SECONDS,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.store = store
        self.allowed = allowed
        self.seconds = seconds
        self.clock = clock
        self.lock = threading.Lock()
        self.under_way: dict[str, set[str]] = defaultdict(set)  # deliveries by webhook
        self.lanes: dict[str, int] = defaultdict(int)
        self.defects: dict[str, int] = defaultdict(int)  # of a webhook, in a row
        self.resting: dict[str, float] = {}  # webhooks that are left alone because of them, till
        self.ending = False
        self.tidied = float("-inf")

    def run(self, wanted: Callable[[], bool]) -> None:
        """Deliver until it is no longer wanted; what is under way is waited for."""
        with ThreadPoolExecutor(MOST * LANES, thread_name_prefix="courier") as pool:
            try:
                while wanted():
                    self._look(pool)
            finally:
                self.ending = True

    def _look(self, pool: ThreadPoolExecutor) -> None:
        try:
            seen = self.store.last_event()
            for webhook_id, due, failing in self.store.due_webhooks():
                self._open_lanes(pool, webhook_id, 1 if failing else min(due, LANES))
            self._tidy()
            if not self.store.clear_webhooks():
                self.store.wait(seen, WAIT_SECONDS)
        except StoreError as error:
            log.warning("what is due could not be read: %s", error)
            time.sleep(WAIT_SECONDS)
        except Exception:  # a loop top: whatever went wrong, look again
            log.exception("what is due could not be read")
            time.sleep(WAIT_SECONDS)

    def _open_lanes(self, pool: ThreadPoolExecutor, webhook_id: str, wanted: int) -> None:
        with self.lock:
            if self._rests(webhook_id):
                return
            new = max(0, wanted - self.lanes[webhook_id])
            self.lanes[webhook_id] += new
        for _ in range(new):
            pool.submit(self._carry_on, webhook_id)

    def _carry_on(self, webhook_id: str) -> None:
        """One lane: deliver one after the other, until nothing is due. Where one is not taken, only
        the last of an address's lanes goes on."""
        try:
            while not self.ending and (outgoing := self._take(webhook_id)):
                taken = False
                try:
                    taken = self._deliver(outgoing)
                    self.defects.pop(webhook_id, None)
                finally:
                    with self.lock:
                        self.under_way[webhook_id].discard(outgoing.id)
                        last = self.lanes[webhook_id] == 1
                if not (taken or last):
                    break
        except StoreError as error:  # it is due still, and so tried again
            self._rest(webhook_id)
            log.warning("a delivery could not be noted: %s", error)
        except Exception:  # a loop top: a later look opens another lane
            self._rest(webhook_id)
            log.exception("a delivery could not be made")
        finally:
            with self.lock:
                self.lanes[webhook_id] -= 1

    def _rest(self, webhook_id: str) -> None:
        """Leave a webhook alone for longer each time: what was sent and not noted is sent again."""
        with self.lock:
            self.defects[webhook_id] += 1
            pause = min(WAIT_SECONDS * 2.0 ** min(self.defects[webhook_id], 30), LONGEST_SECONDS)
            self.resting[webhook_id] = time.monotonic() + pause

    def _rests(self, webhook_id: str) -> bool:
        return time.monotonic() < self.resting.get(webhook_id, 0.0)

    def _take(self, webhook_id: str) -> Outgoing | None:
        with self.lock:
            if self._rests(webhook_id):
                return None
            under_way = self.under_way[webhook_id]
            outgoing = self.store.next_delivery(webhook_id, tuple(under_way))
            if outgoing is not None:
                under_way.add(outgoing.id)
            return outgoing

    def _deliver(self, outgoing: Outgoing) -> bool:
        """Try it once; whether it was taken."""
        now = self.clock()
        told = headers(outgoing, int(now.timestamp()))
        answer = post(outgoing.address, outgoing.body, told, self.allowed, self.seconds)
        tried = Try(
            at=_iso(now),
            status=answer.status,
            problem=answer.problem,
            answer=answer.body.decode("utf-8", "replace").replace("\0", "\ufffd"),
            took_ms=round(1000 * answer.took),
        )
        old, overdue = (outgoing.begun_at <= _iso(now - age) for age in (TRIED, LASTS))
        pause = None if answer.taken or overdue else self._pause(outgoing, answer)
        self.store.note_try(
            outgoing,
            tried,
            taken=answer.taken,
            again_at=None if pause is None else _iso(self.clock() + timedelta(seconds=pause)),
            gone=answer.status == GONE,
            failing_before=_iso(now - FAILING) if old else "",
        )
        if not answer.taken:
            # The host alone: there may be a token in the rest of the address.
            where = urlsplit(outgoing.address).hostname
            why = answer.problem or f"HTTP {answer.status}"
            log.info("%s did not take delivery %s: %s", where, outgoing.id, why)
        return answer.taken

    def _pause(self, outgoing: Outgoing, answer: Answer) -> float | None:
        return pause_after(outgoing.failures + 1, answer.retry_after, random.random())  # noqa: S311

    def _tidy(self) -> None:
        if time.monotonic() - self.tidied < TIDY_SECONDS:
            return
        while self.store.forget_deliveries(_iso(self.clock() - KEPT)):
            continue
        self.tidied = time.monotonic()


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
