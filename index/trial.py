"""Which release is on trial beside the champion, and how: one small file beside the releases.

The file `trial` tells of the last trial, also after its end. It is replaced atomically, so that a
reader sees the old or the new one. Called by the engines, the release commands, and `promote`,
which ends a trial: it is of one release beside one champion. Knows no storage; imports no torch.
"""

import fcntl
import hashlib
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from index.errors import ReleaseError
from index.release import replace_text

TRIAL = "trial"

Mode = Literal["shadow", "canary"]


@dataclass(frozen=True, slots=True)
class Trial:
    """A challenger beside a champion. A ``shadow`` only reads its ``share`` of the conversations, a
    ``canary`` answers it. Times are UTC ISO 8601 in milliseconds. A canary may answer what began
    ``since``: one that goes on with another share keeps what it has."""

    id: str
    release: str
    champion: str
    mode: Mode
    share: float
    started_at: str
    ended_at: str | None = None
    reason: str = ""
    since: str = ""

    def began(self, created_at: str) -> bool:
        """Whether a conversation of that time began in this trial or in those that it goes on."""
        return created_at >= (self.since or self.started_at)

    def includes(self, conversation_id: str) -> bool:
        """Whether a conversation is in the share; a greater share includes those of a smaller."""
        digest = hashlib.blake2b(conversation_id.encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") < self.share * 2**64

    def to_json(self) -> dict[str, Any]:
        """As the file, the API and commands have it."""
        return asdict(self)


def last_trial(releases: Path) -> Trial | None:
    """The trial that was begun last, ended or not. Raises ``ReleaseError``."""
    path = releases / TRIAL
    try:
        return Trial(**json.loads(path.read_bytes()))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise ReleaseError(f"{path} cannot be read: {error}") from None


def begin_trial(
    releases: Path, release_id: str, champion_id: str, mode: Mode, share: float
) -> Trial:
    """Put a release on trial, in the place of any other."""
    now = _now()
    with _alone(releases):
        try:
            last = last_trial(releases)
        except ReleaseError:  # one that cannot be read does not run either
            last = None
        goes_on = (
            last is not None
            and last.ended_at is None
            and (last.release, last.champion, last.mode) == (release_id, champion_id, mode)
        )
        since = (last.since or last.started_at) if last is not None and goes_on else now
        trial_id = f"trl_{secrets.token_hex(8)}"
        fresh = Trial(trial_id, release_id, champion_id, mode, share, now, since=since)
        _write(releases, fresh)
    return fresh


def end_trial(releases: Path, reason: str, trial_id: str | None = None) -> Trial | None:
    """End the trial, or only that one of this id; returns it, or nothing when none was ended."""
    with _alone(releases):
        last = last_trial(releases)
        if last is None or last.ended_at is not None or trial_id not in (None, last.id):
            return None
        ended = replace(last, ended_at=_now(), reason=reason)
        _write(releases, ended)
    return ended


@contextmanager
def _alone(releases: Path) -> Iterator[None]:
    """Let nobody else begin or end a trial meanwhile; the lock ends with its holder."""
    if not releases.is_dir():
        yield
        return
    descriptor = os.open(releases, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _write(releases: Path, trial: Trial) -> None:
    replace_text(releases / TRIAL, json.dumps(trial.to_json(), indent=2) + "\n")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
