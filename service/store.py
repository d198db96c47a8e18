"""What the desk needs from storage: one contract, kept by every store and tested on each.

Its parts are protocols of their own (``service.contract``), where what holds for all of them is
told, too. This is also the only place that knows which store ships, and that only when one is
opened.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from service.contract.accounts import AuditStore, OperatorStore, SecondFactorStore, SessionStore
from service.contract.alarms import AlarmStore
from service.contract.content import ContentStore
from service.contract.conversations import ConversationStore
from service.contract.erasures import ErasureStore
from service.contract.files import FileStore
from service.contract.inbox import CannedReplyStore, InboxStore, PresenceStore
from service.contract.review import ReviewStore
from service.contract.tickets import TicketStore
from service.contract.trials import TrialStore
from service.contract.waiting import WaitingStore
from service.contract.webhooks import WebhookStore
from service.records.storage import StoreCopy

if TYPE_CHECKING:
    from service.config import Config


class Store(
    ConversationStore,
    FileStore,
    TicketStore,
    InboxStore,
    ReviewStore,
    ContentStore,
    OperatorStore,
    SessionStore,
    SecondFactorStore,
    AuditStore,
    ErasureStore,
    AlarmStore,
    CannedReplyStore,
    PresenceStore,
    WaitingStore,
    TrialStore,
    WebhookStore,
    Protocol,
):
    """All of it; ``service.sqlite`` is the one that ships."""

    def setting(self, name: str) -> str | None:
        """A value of the desk's own (site secret and the like)."""

    def ensure_setting(self, name: str, value: str) -> str:
        """Write it unless it is there; returns what stands."""

    def save_site(
        self,
        *,
        name: str,
        welcome: Sequence[str],
        suggested: Sequence[str],
        own: Mapping[str, str],
        seen: str | None = None,
    ) -> None:
        """The site's settings: three of the content's, and values by the names of ``setting``.
        ``InvalidInput`` when an intent that is suggested is not there; with ``seen``, the version
        that was edited, ``Edited`` when it is another one by now."""

    def check(self) -> None:
        """Raise when the storage cannot be read and written."""

    def backup(self, path: Path) -> StoreCopy:
        """A consistent copy as a new file, taken while the desk runs, without uploads that were
        not sent; ``Conflict`` when there is one already."""

    def close(self) -> None:
        """Release every connection; a second time does nothing."""


def open_store(config: "Config") -> Store:
    """The store of this configuration, its schema up to date; ``StoreError`` when it is away.

    Open one in each process, after any fork.
    """
    from service.sqlite.store import SqliteStore

    return SqliteStore.open(config.database)


def known_migrations() -> frozenset[str]:
    """The names of the migrations that this version of the store applies."""
    from service.sqlite.store import known_migrations as known

    return known()
