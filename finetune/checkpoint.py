"""The working folder of a training: from it an interrupted one goes on.

Opened by `finetune.run` beside the release to be made; the training loop saves into it. It belongs
to one training, named by what determines the result, so that no other picks it up. It is read
without unpickling code, and is gone when the release is there.
"""

import hashlib
import json
import os
import pickle
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock, Timeout

from finetune.state import State

FORMAT = 1
PREFIX = ".training-"
STATES = "state-*.pt"  # one of each course
SECONDS = 60.0  # between two checkpoints, at least
SHARE = 0.01  # of the time of a training that writing them may take,
RARELY = 60  # but however slow the disk, one is written in so many times ``SECONDS``
KEPT = 7 * 24 * 3600  # seconds that the folder of a training that never went on is kept

Say = Callable[[str], None]


def identify(*determining: Any) -> str:
    """A name for the training that these JSON values determine."""
    text = json.dumps([FORMAT, *determining], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def stamp(folder: Path) -> list[tuple[str, int, int]]:
    """What tells one version of a folder from another: names, sizes and times of its files."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    stats = [(path.relative_to(folder).as_posix(), path.stat()) for path in files]
    return [(name, stat.st_size, stat.st_mtime_ns) for name, stat in stats]


class Checkpoint:
    """Where the courses of a training leave their states, every ``seconds`` or more rarely."""

    def __init__(self, folder: Path, say: Say, seconds: float) -> None:
        self._folder = folder
        self._say = say
        self._seconds = self._wait = seconds
        self._last = time.monotonic()
        self.saved = any(folder.glob(STATES))

    def resume(self, state: State) -> None:
        """Go on where this course was interrupted, if it was; say so."""
        place = self._place(state)
        if not place.is_file():
            return
        try:
            packed = torch.load(place, map_location="cpu", weights_only=True)
        except (OSError, EOFError, RuntimeError, ValueError, KeyError, pickle.UnpicklingError):
            self._say(f"{place} cannot be read; the training starts from the beginning.")
            return
        state.unpack(packed)
        self._say(
            f"Going on with an interrupted training after step {state.step} of {state.steps}."
        )

    def save_when_due(self, state: State) -> None:
        """Save if enough time has passed. A full disk costs the checkpoint, not the training."""
        started = time.monotonic()
        if started - self._last < self._wait:
            return
        try:
            self._save(state)
        except OSError as error:
            self._say(f"No checkpoint could be written to {self._folder}: {error.strerror}.")
        self._last = time.monotonic()
        slow = min((self._last - started) / SHARE, RARELY * self._seconds)
        self._wait = max(self._seconds, slow)

    def _place(self, state: State) -> Path:
        return self._folder / STATES.replace("*", str(state.course))

    def _save(self, state: State) -> None:
        place = self._place(state)
        draft = place.with_suffix(".draft")
        draft.parent.mkdir(exist_ok=True)
        try:
            with draft.open("wb") as file:
                torch.save(state.pack(), file)
                file.flush()
                os.fsync(file.fileno())
            os.replace(draft, place)
        finally:
            draft.unlink(missing_ok=True)
        self.saved = True


@contextmanager
def open_checkpoint(
    parent: Path, name: str, say: Say, *, fresh: bool = False, seconds: float = SECONDS
) -> Iterator[Checkpoint | None]:
    """The checkpoint of the training of this name, in a folder of its own inside ``parent``.

    None while another process works on the same training. ``fresh`` forgets what an interrupted one
    left. The folder stays when the training fails after a checkpoint, and else is removed.
    """
    _sweep(parent)
    folder = parent / f"{PREFIX}{name}"
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / "lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        say("Another process trains the same at this moment; this training keeps no checkpoint.")
        yield None
        return
    keep = False
    try:
        if fresh:
            for file in folder.glob(STATES):
                file.unlink()
        checkpoint = Checkpoint(folder, say, seconds)
        try:
            yield checkpoint
        except BaseException:
            keep = checkpoint.saved
            raise
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
        lock.release()


def _sweep(parent: Path) -> None:
    """Remove folders of trainings that nobody went on with for a week."""
    for folder in parent.glob(f"{PREFIX}*"):
        with suppress(OSError, Timeout):
            if time.time() - folder.stat().st_mtime > KEPT:
                with FileLock(folder / "lock").acquire(timeout=0):
                    shutil.rmtree(folder)
