"""Where the bytes of files lie: a folder of the home, under names that the desk makes itself.

Used when a file is received, sent, erased, and by `service.uploads.sweeping`. Never under what the
web serves as static, and never by a name that somebody else gave.
"""

import contextlib
import os
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from service.errors import NotFound, StoreError

NAME = re.compile(r"fil_[0-9A-Za-z]{22,40}")
PREVIEW = ".preview"
ARRIVING = ".arriving-"
RESERVE = 1_000_000_000  # bytes of the disk that files leave free
OLD_SECONDS = 86_400  # what nobody knows of after a day was left by a crash


def new_file_id() -> str:
    """An id that cannot be guessed, and the name on disk."""
    return f"fil_{secrets.token_hex(16)}"


class Shelf:
    """One folder of files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextlib.contextmanager
    def arriving(self) -> Iterator[Path]:
        """A folder for one file on its way, for the desk's own user alone; gone afterwards."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=ARRIVING, dir=self.folder) as place:
            yield Path(place)

    def require_room(self) -> None:
        """``StoreError`` when the disk is nearly full: the rest is for the database's."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if shutil.disk_usage(self.folder).free < RESERVE:
            raise StoreError("The desk's disk is nearly full, so no files can be taken.")

    def keep(self, file_id: str, content: Path, preview: Path | None) -> None:
        """Put it on the shelf; it is on disk when this returns."""
        if preview is not None:
            self._put(preview, self._path(file_id, PREVIEW))
        self._put(content, self._path(file_id))
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def path(self, file_id: str, *, preview: bool = False) -> Path:
        """Where it lies; ``NotFound`` when it does not."""
        path = self._path(file_id, PREVIEW if preview else "")
        if not path.is_file():
            raise NotFound("This file is no longer here.")
        return path

    def remove(self, file_ids: Iterable[str]) -> None:
        """Take these from disk; those that are gone already are passed over."""
        for file_id in file_ids:
            for ending in ("", PREVIEW):
                self._path(file_id, ending).unlink(missing_ok=True)

    def old(self) -> list[str]:
        """Ids of all that has lain here for a day, known or not; goes through the whole folder.
        Uploads that a crash cut short a day ago are removed."""
        before = time.time() - OLD_SECONDS
        found = set()
        for path in self.folder.iterdir() if self.folder.is_dir() else ():
            with contextlib.suppress(FileNotFoundError):  # taken away meanwhile
                if path.stat().st_mtime > before:
                    continue
                if path.name.startswith(ARRIVING):
                    _clear(path)
                elif NAME.fullmatch(path.name.removesuffix(PREVIEW)):
                    found.add(path.name.removesuffix(PREVIEW))
        return sorted(found)

    def _path(self, file_id: str, ending: str = "") -> Path:
        if not NAME.fullmatch(file_id):
            raise NotFound("There is no such file.")
        return self.folder / f"{file_id}{ending}"

    def _put(self, source: Path, target: Path) -> None:
        os.chmod(source, 0o600)
        descriptor = os.open(source, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        source.rename(target)


def _clear(folder: Path) -> None:
    for left in folder.iterdir():
        left.unlink(missing_ok=True)
    folder.rmdir()
