"""The inbox's clock in the server: what was due while nobody looked is done by the next look."""

import shutil
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest

from conftest import add_person
from drafts import handoff
from live import LiveServer
from service.clockwork import clockwork
from service.config import Config
from service.errors import StoreError
from service.records.tickets import TicketChange
from service.sqlite.base import iso
from service.store import Store, open_store


class Failing:
    """A store that is away at first, and then says what was due."""

    def __init__(self) -> None:
        self.looks = 0
        self.enough = threading.Event()

    def tick_tickets(self) -> int:
        self.looks += 1
        if self.looks == 1:
            raise StoreError("locked")
        if self.looks == 2:
            raise ZeroDivisionError
        if self.looks > 5:
            self.enough.set()
        return 1 if self.looks == 4 else 0


def test_the_clock_goes_on_whatever_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.clockwork.PAUSE_SECONDS", 0.001)
    store = Failing()
    rounds = clockwork(cast(Store, store))
    rounds.start()
    assert store.enough.wait(10)
    rounds.close()
    assert not rounds.thread.is_alive()


@pytest.mark.slow
def test_a_snooze_that_ended_while_the_server_was_down_ends_at_its_start(
    tmp_path: Path, first_database: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(first_database, home / "desk.db")
    store = open_store(Config(home=home))
    ana = add_person(store, "ana@desk.example", "operator")
    ticket = store.record_turn(handoff(store.create_conversation()[0].id)).ticket
    assert ticket
    until = iso(datetime.now(UTC) + timedelta(milliseconds=50))
    store.change_ticket(ticket.id, ana.id, TicketChange("snooze", until=until))
    seen = store.last_event()
    with LiveServer(home):
        assert store.wait(seen, 30) > seen
    assert store.ticket(ticket.id).snoozed_until is None
    store.close()
