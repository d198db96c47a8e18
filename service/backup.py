"""Writes a backup: database, files, releases and champion in one compressed tar.

Called by ``frontdesk backup`` while the desk runs. It copies the database in one moment of it,
holds no lock that a writer waits for, and reads files piece by piece. What is a cache or half made
stays out, and nothing in the home is changed.
"""

import contextlib
import fcntl
import gzip
import hashlib
import io
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import BinaryIO

from index.champion import CHAMPION, PREVIOUS, champion, previous
from index.release import MANIFEST
from service.backup_manifest import DATABASE, FILES, NAME, RELEASES, Manifest, Member
from service.config import Config
from service.errors import Conflict, NotFound, StoreError
from service.store import Store
from service.swap import lock, opened, sync
from service.uploads.shelf import PREVIEW

DRAFT = ".frontdesk-backup-"
LEVEL = 1  # 6 takes 2.6 times the time for a fifth less of the database, nothing less of weights


def back_up(
    config: Config, store: Store, path: Path, *, all_releases: bool = False, overwrite: bool = False
) -> tuple[Path, Manifest]:
    """Write the desk to ``path``, or under a name with the time when that is a folder.

    The file is there whole, readable by its owner alone and on disk, or not at all. Raises
    ``Conflict`` when it exists already, ``StoreError`` when it cannot be written. A file that is
    lost from disk stops no backup: the manifest names it.
    """
    now = datetime.now(UTC)
    target = path / f"frontdesk-{now:%Y%m%dT%H%M%SZ}.tar.gz" if path.is_dir() else path
    if not target.parent.is_dir():
        raise NotFound(f"There is no folder {target.parent}.")
    _refuse_taken(target, overwrite)
    try:
        with _draft(target.parent) as draft:
            copy = store.backup(draft / DATABASE)
            speaks, before = champion(config.releases), previous(config.releases)
            for name, release in ((CHAMPION, speaks), (PREVIOUS, before)):
                if release is not None:
                    (draft / name).write_text(f"{release}\n", encoding="ascii")
            wanted = None if all_releases else {speaks, before}
            missing = _missing(store, config.files, copy.files)
            sources = _sources(draft, config.releases, wanted) | _files(config.files, copy.files)
            manifest = Manifest(
                version=version("frontdesk"),
                created_at=now.isoformat(timespec="seconds"),
                migrations=copy.migrations,
                conversations=copy.conversations,
                messages=copy.messages,
                tickets=copy.tickets,
                champion=speaks,
                releases=tuple(sorted({n.split("/")[1] for n in sources if n.count("/") > 1})),
                missing=missing,
                members={name: _member(source) for name, source in sources.items()},
            )
            written = draft / "backup"
            _write(written, manifest, sources)
            _refuse_taken(target, overwrite)
            written.rename(target)
            sync(target.parent)
    except OSError as error:
        if isinstance(error, FileNotFoundError) and config.home in Path(error.filename).parents:
            told = f"{error.filename} was removed while it was copied; try again."
            raise StoreError(told) from None
        raise StoreError(f"The backup {target} cannot be written: {error}.") from None
    return target, manifest


def _refuse_taken(target: Path, overwrite: bool) -> None:
    if os.path.lexists(target) and not overwrite:
        raise Conflict(f"{target} exists already; --overwrite replaces it.")


@contextlib.contextmanager
def _draft(parent: Path) -> Iterator[Path]:
    """A folder beside the target, for its owner alone; those that killed backups left go."""
    for left in parent.glob(f"{DRAFT}*"):
        with contextlib.suppress(StoreError), opened(left) as descriptor:
            if lock(descriptor, fcntl.LOCK_EX):
                shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=DRAFT, dir=parent))
    try:
        with opened(folder) as descriptor:
            lock(descriptor, fcntl.LOCK_EX)
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sources(draft: Path, releases: Path, wanted: set[str | None] | None) -> dict[str, Path]:
    """Where each member is read from; of the releases those ``wanted``, else all."""
    sources = {DATABASE: draft / DATABASE}
    for name in (CHAMPION, PREVIOUS):
        if (draft / name).is_file():
            sources[f"{RELEASES}/{name}"] = draft / name
    for folder in sorted(releases.glob("rel_*")):
        if (folder / MANIFEST).is_file() and (wanted is None or folder.name in wanted):
            for file in sorted(folder.rglob("*")):
                if file.is_file():
                    sources[f"{RELEASES}/{file.relative_to(releases).as_posix()}"] = file
    return sources


def _missing(store: Store, folder: Path, known: tuple[str, ...]) -> tuple[str, ...]:
    """Which files of messages are lost; ``StoreError`` for one that was erased a moment ago, as
    the copy of the database knows of it, and its customer, still."""
    missing = [file_id for file_id in known if not (folder / file_id).is_file()]
    if set(missing) - store.known_files(missing):
        raise StoreError("Files were erased while the desk was copied; try again.")
    return tuple(missing)


def _files(folder: Path, known: tuple[str, ...]) -> dict[str, Path]:
    """What people attached, as far as the copy of the database knows of it."""
    return {
        f"{FILES}/{name}": folder / name
        for file_id in known
        for name in (file_id, f"{file_id}{PREVIEW}")
        if (folder / name).is_file()
    }


def _member(source: Path) -> Member:
    with source.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return Member(size=file.tell(), sha256=digest)


def _write(path: Path, manifest: Manifest, sources: Mapping[str, Path]) -> None:
    with (
        open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file,
        gzip.GzipFile("", "wb", LEVEL, file, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w:") as tar,
    ):
        told = manifest.model_dump_json(indent=2).encode()
        tar.addfile(_entry(NAME, len(told)), io.BytesIO(told))
        for name, source in sources.items():
            member = manifest.members[name]
            with source.open("rb") as opened_source:
                read = Hashing(opened_source)
                tar.addfile(_entry(name, member.size), read)
            if read.digest.hexdigest() != member.sha256:
                raise StoreError(f"{source} was changed while it was copied; try again.")
    sync(path)


def _entry(name: str, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o600
    return entry


class Hashing:
    """A file that is read once, by somebody else, and whose sha256 is wanted, too."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """Up to ``size`` bytes."""
        piece = self.file.read(size)
        self.digest.update(piece)
        return piece
