"""The receivers in docs/webhooks.md, run as they stand there: they take what the desk sends, and
nothing else."""

import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from live import free_port, surroundings
from receiver import LOOPBACK
from service.outgoing import post
from service.webhooks import EVENTS, PAUSES, Outgoing, headers, new_secret

PAGE = (Path(__file__).parent.parent / "docs" / "webhooks.md").read_text(encoding="utf-8")
RUN = {"python": [sys.executable, "-c"], "js": ["node", "-e"]}


@pytest.fixture(params=RUN)
def receiver(request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """The address and the secret of a receiver of the page."""
    (code,) = re.findall(rf"```{request.param}\n(.*?)```", PAGE, re.DOTALL)
    assert len([line for line in code.splitlines() if line]) <= 20
    port, secret = free_port(), new_secret()
    environment = surroundings() | {"PORT": str(port), "WEBHOOK_SECRET": secret}
    with subprocess.Popen(
        [*RUN[request.param], code], env=environment, stderr=subprocess.DEVNULL
    ) as process:
        _await(port)
        yield f"http://127.0.0.1:{port}/", secret
        process.kill()


def _await(port: int) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.01)


def test_a_receiver_of_the_page_takes_what_is_genuine(receiver: tuple[str, str]) -> None:
    address, secret = receiver
    now, body = int(time.time()), '{"type": "ticket.opened", "ö": 1}'.encode()

    def answer(*secrets: str, at: int = now, sent: bytes = body) -> int | None:
        outgoing = Outgoing("whd_1", "whk_1", address, secrets, body, 0)
        return post(address, sent, headers(outgoing, at), LOOPBACK).status

    assert answer(secret) == 204
    assert answer(new_secret(), secret) == 204  # while it is replaced
    assert answer(new_secret()) == 401
    assert answer(secret, sent=body + b" ") == 401
    assert answer(secret, at=now - 3600) == 401


def test_the_page_tells_every_event_and_pause() -> None:
    for event in EVENTS:
        assert f"`{event}`" in PAGE
    units = {"s": 1, "min": 60, "h": 3600}
    (row,) = re.findall(r"\| after \|(.*)\|\n", PAGE)
    told = [cell.split() for cell in row.split("|")]
    assert [int(number) * units[unit] for number, unit in told] == list(PAUSES)
