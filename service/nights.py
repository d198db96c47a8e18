"""What is kept of every night of learning: how far it is, how it ended, and the verdict's checks.

Written by ``frontdesk retrain`` (`finetune.night`) into ``HOME/nights``; read by it and by the web,
which shows the nights. A file that is damaged or half written is left out, never an error.
"""

import fcntl
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import orjson
from pydantic import AfterValidator, FiniteFloat, TypeAdapter, ValidationError

log = logging.getLogger("frontdesk.nights")

NIGHTS = "nights"
STATE, ROWS, VERDICT = "night.json", "rows.jsonl", "verdict.json"
LOCK = "retrain.lock"
Stage = Literal["begun", "frozen", "trained", "judged", "promoted", "kept", "failed"]
OVER: tuple[Stage, ...] = ("promoted", "kept", "failed")


def _with_zone(text: str) -> str:
    if datetime.fromisoformat(text).tzinfo is None:
        raise ValueError("has no time zone")
    return text


Time = Annotated[str, AfterValidator(_with_zone)]


@dataclass(frozen=True, slots=True)
class Night:
    """How far a night is. ``dataset`` is a hash of all that it decides by: the rows, how to train,
    what to promise and protect, the golden cases. ``left_out`` counts labels of operators who stand
    out, by their names. ``reason`` is in words: why it promoted, kept or failed."""

    id: str
    begun_at: Time
    stage: Stage = "begun"
    champion: str | None = None
    release: str | None = None
    rows: int = 0
    held_out: int = 0
    masked: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict)
    dataset: str = ""
    better: bool = False
    reason: str = ""
    ended_at: Time | None = None
    training_seconds: FiniteFloat = 0.0


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that a challenger must do; ``told`` says in words what was found."""

    name: str
    passed: bool
    told: str


@dataclass(frozen=True, slots=True)
class Judged:
    """What is kept of a verdict for people: its checks, and how many ``rows`` judged, of which
    operators ``corrected`` some; ``set_aside`` are those that a release has seen."""

    checks: tuple[Check, ...]
    rows: int = 0
    corrected: int = 0
    set_aside: int = 0


NIGHT, JUDGED = TypeAdapter(Night), TypeAdapter(Judged)


def list_nights(home: Path) -> list[Night]:
    """All nights, the newest first; those that cannot be read are left out."""
    return [night for _, night in _found(home) if night is not None]


def unreadable_nights(home: Path) -> list[str]:
    """The ids of those that cannot be read, the newest first."""
    return [folder.name for folder, night in _found(home) if night is None]


def read_night(folder: Path) -> Night | None:
    """The night whose folder this is; none when it is not there, or damaged."""
    try:
        night = NIGHT.validate_json((folder / STATE).read_bytes())
    except (OSError, ValidationError):
        return None
    return night if night.id == folder.name else None


def read_judged(folder: Path) -> Judged | None:
    """The verdict of a night; none before there is one, or when it is damaged."""
    try:
        told: Mapping[str, Any] = orjson.loads((folder / VERDICT).read_bytes())
        return JUDGED.validate_python({**told["figures"], "checks": told["checks"]})
    except FileNotFoundError:
        return None
    except (OSError, orjson.JSONDecodeError, ValidationError, KeyError, TypeError) as error:
        log.warning("%s cannot be read: %s", folder / VERDICT, type(error).__name__)
        return None


def is_running(home: Path) -> bool:
    """Whether a night is under way: its process holds the lock for as long as it lives."""
    try:
        lock = os.open(home / LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


def _found(home: Path) -> list[tuple[Path, Night | None]]:
    folders = sorted((home / NIGHTS).glob("nig_*"), reverse=True)
    return [(folder, read_night(folder)) for folder in folders]
