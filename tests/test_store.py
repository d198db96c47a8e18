"""The contract of ``service.store.Store``, run on every store that there is.

The cases are in ``contract_*.py``. A store joins by a subclass of ``StoreContract`` that says how
to open it.
"""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from service.records.people import Operator
from service.records.tickets import Ticket
from service.sqlite.store import SqliteStore
from service.store import Store

pytest.register_assert_rewrite(
    "contract_accounts",
    "contract_alarms",
    "contract_canned",
    "contract_conversations",
    "contract_erasures",
    "contract_events",
    "contract_files",
    "contract_history",
    "contract_inbox",
    "contract_labels",
    "contract_presence",
    "contract_proposals",
    "contract_tickets",
    "contract_trials",
    "contract_webhooks",
    "contract_waiting",
    "contract_content",
)

from contract_accounts import AccountContract  # noqa: E402
from contract_alarms import AlarmContract  # noqa: E402
from contract_canned import CannedReplyContract  # noqa: E402
from contract_content import ContentContract, OwnContract, PeopleContract  # noqa: E402
from contract_conversations import ConversationContract, TurnContract  # noqa: E402
from contract_erasures import ErasureContract  # noqa: E402
from contract_events import EventContract, WaitingContract  # noqa: E402
from contract_files import FileContract  # noqa: E402
from contract_history import HistoryContract  # noqa: E402
from contract_inbox import (  # noqa: E402
    ClockContract,
    FilterContract,
    MoveContract,
    SearchContract,
    ViewContract,
)
from contract_labels import LabelContract  # noqa: E402
from contract_presence import PastContract, PresenceContract  # noqa: E402
from contract_proposals import ProposalContract  # noqa: E402
from contract_tickets import LearningContract, TicketContract  # noqa: E402
from contract_trials import TrialContract  # noqa: E402
from contract_waiting import ContactContract, QueueContract  # noqa: E402
from contract_webhooks import DeliveryContract, OutboxContract, WebhookContract  # noqa: E402
from drafts import Clock, handoff  # noqa: E402


class StoreContract(
    ConversationContract,
    TurnContract,
    EventContract,
    WaitingContract,
    TicketContract,
    SearchContract,
    FilterContract,
    MoveContract,
    ClockContract,
    ViewContract,
    LearningContract,
    LabelContract,
    ProposalContract,
    ContentContract,
    HistoryContract,
    PeopleContract,
    AccountContract,
    ErasureContract,
    FileContract,
    AlarmContract,
    CannedReplyContract,
    PresenceContract,
    PastContract,
    TrialContract,
    WebhookContract,
    OutboxContract,
    DeliveryContract,
    QueueContract,
    ContactContract,
    OwnContract,
):
    """What every store keeps. A subclass gives ``open_store``, which opens the same data again."""

    @pytest.fixture
    def clock(self) -> Clock:
        return Clock()

    @pytest.fixture
    def open_store(self, tmp_path: Path, clock: Clock) -> Callable[[], Store]:
        raise NotImplementedError

    @pytest.fixture
    def store(self, open_store: Callable[[], Store]) -> Iterator[Store]:
        store = open_store()
        yield store
        store.close()

    @pytest.fixture
    def conversation_id(self, store: Store) -> str:
        return store.create_conversation()[0].id

    @pytest.fixture
    def ana(self, store: Store) -> Operator:
        return store.add_operator("ana@example.com", "Ana", "operator", "hash")

    @pytest.fixture
    def ben(self, store: Store) -> Operator:
        return store.add_operator("ben@example.com", "Ben", "admin", "hash")

    @pytest.fixture
    def ticket(self, store: Store, conversation_id: str) -> Ticket:
        ticket = store.record_turn(handoff(conversation_id)).ticket
        assert ticket is not None
        return ticket


class TestSqliteStore(StoreContract):
    """The store that ships."""

    @pytest.fixture
    def open_store(self, clock: Clock) -> Iterator[Callable[[], Store]]:
        # In memory where there is such a folder: flushing to disk is tested elsewhere, and slow.
        memory = Path("/dev/shm")
        with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
            yield lambda: SqliteStore.open(Path(folder) / "home" / "desk.db", clock=clock)
