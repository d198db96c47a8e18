"""What web processes and the process that owns the model say to each other: JSON, a frame each way.

A connection is a Unix socket in a folder of the server's own user. It carries one question at a
time, and a side that is in doubt closes it: an answer cannot reach another question.
"""

import os
import socket
import struct
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import orjson

from index.records import Entity, Hit, Reading, Scored, Thresholds
from index.trial import Trial

STUCK_SECONDS = 2
MOST_BYTES = 64 * 2**20
NO_VECTOR = np.zeros(0, np.float32)


class Key(NamedTuple):
    """Which engine: a release with a revision of the content."""

    release: str
    revision: int


class State(NamedTuple):
    """The engine that reads now; the ``problem`` without one, or with a newer one. While a
    ``trial`` runs, the ``challenger`` is the same of the release on trial."""

    key: Key | None
    thresholds: Thresholds | None
    problem: str
    trial: Trial | None = None
    challenger: "State | None" = None


@dataclass(frozen=True, slots=True)
class FoundReading(Reading):
    """A reading that came with its hits; its vector stayed where the model is."""

    hits: tuple[Hit, ...] = ()


def dial(address: Path) -> Connection:
    """A connection to whoever listens there. Raises ``OSError``."""
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(str(address))
        return limited(line)


def limited(line: socket.socket) -> Connection:
    """The socket as a connection that waits only a moment for the rest of a frame, or for room."""
    moment = struct.pack("ll", STUCK_SECONDS, 0)
    for way in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
        line.setsockopt(socket.SOL_SOCKET, way, moment)
    return Connection(line.detach())


def listen(address: Path, backlog: int) -> socket.socket:
    """Listen there, also when somebody who is gone did before."""
    address.unlink(missing_ok=True)
    line = socket.socket(socket.AF_UNIX)
    line.bind(str(address))
    line.listen(backlog)
    line.setblocking(False)
    return line


def send(line: Connection, message: Any) -> None:
    """Send one object. Raises ``OSError``."""
    send_bytes(line, orjson.dumps(message))


def send_bytes(line: Connection, frame: bytes) -> None:
    """Send what an object became. Raises ``OSError``, and then nothing more can go there."""
    try:
        line.send_bytes(frame)
    except OSError:
        with socket.socket(fileno=os.dup(line.fileno())) as cut, suppress(OSError):
            cut.shutdown(socket.SHUT_RDWR)
        raise


def receive(line: Connection) -> Any:
    """The next object. Raises ``OSError``, ``EOFError`` or, for what is no JSON, ``ValueError``."""
    return orjson.loads(line.recv_bytes(MOST_BYTES))


def pack_reading(reading: Reading, hits: Sequence[Hit]) -> list[Any]:
    """A reading and what was found for it, as JSON takes it."""
    return [
        reading.text,
        *_columns(reading.intents),
        *_columns(reading.sentiments),
        reading.in_scope,
        [[e.start, e.end, e.label, e.text, e.value, e.exact] for e in reading.entities],
        reading.release,
        [[h.kind, h.id, h.score, h.intent, h.text, h.lexical, h.fresh] for h in hits],
    ]


def unpack_reading(packed: Sequence[Any]) -> FoundReading:
    """What ``pack_reading`` made. Raises ``ValueError`` or ``TypeError`` for anything else."""
    text, intents, likely, moods, felt, in_scope, entities, release, hits = packed
    return FoundReading(
        text=text,
        vector=NO_VECTOR,
        intents=tuple(map(Scored, intents, likely)),
        sentiments=tuple(map(Scored, moods, felt)),
        in_scope=in_scope,
        entities=tuple(Entity(*fields) for fields in entities),
        release=release,
        hits=tuple(Hit(*fields) for fields in hits),
    )


def pack_state(state: State) -> dict[str, Any]:
    """A state, as JSON takes it."""
    return {
        "key": list(state.key) if state.key else None,
        "thresholds": state.thresholds,
        "problem": state.problem,
        "trial": state.trial,
        "challenger": pack_state(state.challenger) if state.challenger else None,
    }


def unpack_state(packed: dict[str, Any]) -> State:
    """What ``pack_state`` made."""
    key, thresholds = packed["key"], packed["thresholds"]
    trial, challenger = packed["trial"], packed["challenger"]
    return State(
        Key(*key) if key else None,
        Thresholds(**thresholds) if thresholds else None,
        packed["problem"],
        Trial(**trial) if trial else None,
        unpack_state(challenger) if challenger else None,
    )


def _columns(scored: Sequence[Scored]) -> tuple[list[str], list[float]]:
    return [entry.label for entry in scored], [entry.confidence for entry in scored]
