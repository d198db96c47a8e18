"""Puts a restored desk in the place of the one in a home, and keeps others out meanwhile.

Every command shares the home while it runs, a server for as long as it serves; a restore wants it
alone. The lock is flock(2) on the folder itself: it needs no file, a server's workers inherit it,
and the kernel releases it when its last holder dies. Called by the command line and by
``service.restore``; knows nothing of what a desk holds but the names of its files.
"""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from service.errors import Conflict, StoreError

STAGED = ".restore-"  # a desk that is being put together
DECIDED = ".restored-"  # a whole one, on its way in
ASIDE = "before-restore-"
# What comes in, and what of the old desk goes out before it: the log first, which would be read
# as the new database's.
PARTS = {
    "desk.db": ("desk.db-wal", "desk.db-shm", "desk.db"),
    "releases": ("releases",),
    "files": ("files",),
}


@contextlib.contextmanager
def sharing(home: Path) -> Iterator[None]:
    """Use the home beside others; a restore that was cut short is finished first.

    Raises ``Conflict`` while a restore is under way. A home that is not there needs no lock.
    """
    if not home.is_dir():
        yield
        return
    with opened(home) as folder:
        while True:
            if not lock(folder, fcntl.LOCK_SH):
                raise Conflict(f"A restore into {home} is under way; try again when it is done.")
            if not any(home.glob(f"{DECIDED}*")):
                break
            fcntl.flock(folder, fcntl.LOCK_EX)  # from those only who are about to do the same
            finish(home)
        yield


@contextlib.contextmanager
def alone(home: Path) -> Iterator[None]:
    """Keep the home to oneself, what earlier restores left behind cleared away.

    Raises ``Conflict`` when a server or another command uses it.
    """
    with opened(home) as folder:
        if not lock(folder, fcntl.LOCK_EX):
            raise Conflict(
                f"{home} is in use: stop its server, and wait for other frontdesk commands."
            )
        finish(home)
        for left in home.glob(f"{STAGED}*"):
            shutil.rmtree(left, ignore_errors=True)
        yield


@contextlib.contextmanager
def staging(home: Path) -> Iterator[Path]:
    """A new folder inside the home to put a desk together in; removed unless it was swapped in."""
    now = datetime.now(UTC)
    folder = Path(tempfile.mkdtemp(prefix=f"{STAGED}{now:%Y%m%dT%H%M%SZ}-", dir=home))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def swap(staged: Path) -> Path | None:
    """Put a staged desk in its home's place; returns where the old one lies now, if there was one.

    One rename decides it: killed before, the home has the old desk; killed after it, whoever comes
    next finishes. The caller has the home alone.
    """
    for path in [*staged.rglob("*"), staged]:
        sync(path)
    home, name = staged.parent, staged.name.removeprefix(STAGED)
    staged.rename(home / f"{DECIDED}{name}")
    sync(home)
    finish(home)
    aside = home / f"{ASIDE}{name}"
    return aside if aside.is_dir() else None


def finish(home: Path) -> None:
    """Finish the swap that was decided, wherever it was cut short; else do nothing."""
    for decided in home.glob(f"{DECIDED}*"):
        aside = home / f"{ASIDE}{decided.name.removeprefix(DECIDED)}"
        for new, old in PARTS.items():
            if not (decided / new).exists():
                continue  # it is in its place already
            for name in old:
                if os.path.lexists(home / name):
                    aside.mkdir(mode=0o700, exist_ok=True)
                    (home / name).rename(aside / name)
            (decided / new).rename(home / new)
        for folder in (aside, home):
            if folder.is_dir():
                sync(folder)
        shutil.rmtree(decided)


@contextlib.contextmanager
def opened(folder: Path) -> Iterator[int]:
    """A descriptor of the folder, for locks; they end with it."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise StoreError(f"{folder} cannot be used: {error.strerror}.") from None
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def lock(descriptor: int, kind: int) -> bool:
    """Whether the lock could be had at once."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def sync(path: Path) -> None:
    """Have a file or folder on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
