"""Reads a backup into a home: everything is checked before anything is put in its place.

Called by ``frontdesk restore``. The file may come from anybody: only plain files that its manifest
lists, of the size and sha256 listed there, are written, into a new folder; memory stays bounded.
"""

import contextlib
import gzip
import hashlib
import os
import shutil
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import orjson

from service.backup_manifest import DATABASE, FILES, NAME, RELEASES, Manifest, Member, read_manifest
from service.config import Config
from service.errors import Conflict, ContentError, StoreError
from service.store import known_migrations, open_store
from service.swap import alone, staging, swap

PIECE = 1 << 20
MOST_AT_ONCE = 16 * PIECE
DAMAGED = (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, ValueError, RecursionError)


@dataclass(frozen=True, slots=True)
class Restored:
    """What came in, and where the desk that was there before lies now.

    Its webhooks are off: it may be a copy, and what waited is known to the receivers already."""

    manifest: Manifest
    kept_aside: Path | None
    webhooks_off: int  # that were on


def restore(config: Config, path: Path, *, replace: bool = False) -> Restored:
    """Put the desk of the backup at ``path`` into the home, its schema up to date.

    Raises ``Conflict`` when the home is in use, when it has a desk and ``replace`` is not given,
    or for a backup of a newer frontdesk; ``ContentError`` when the file is damaged or no backup.
    Then the home is as it was.
    """
    home = config.home
    with _explained(path, home), _opened(path) as tar:
        manifest = _manifest(tar, path)
        home.mkdir(parents=True, exist_ok=True)
        with alone(home), staging(home) as staged:
            _refuse_desk(config, replace)
            _refuse_full(home, manifest)
            (staged / RELEASES).mkdir()
            (staged / FILES).mkdir(mode=0o700)  # also an empty one: it takes the old one's place
            _extract(tar, manifest, staged, path)
            off = _bring_up_to_date(config.model_copy(update={"home": staged}))
            return Restored(manifest, swap(staged), off)


def _refuse_desk(config: Config, replace: bool) -> None:
    if not replace and any(
        path.exists() for path in (config.database, config.releases, config.files)
    ):
        raise Conflict(
            f"There is a desk in {config.home} already; --replace puts the backup in its place"
            " and keeps it aside."
        )


def _refuse_full(home: Path, manifest: Manifest) -> None:
    needed = sum(member.size for member in manifest.members.values())
    free = shutil.disk_usage(home).free
    if needed > free:
        raise StoreError(
            f"{home} has no room: {needed / 1e6:.0f} MB are needed, {free / 1e6:.0f} are free."
        )


def _bring_up_to_date(staged: Config) -> int:
    """Apply the migrations that the backup lacks; if one fails, the desk in the home stays.

    Consoles and widgets that are open meanwhile know later numbers than the backup has. Returns how
    many webhooks were switched off: else the first start of a rehearsal would post to everybody.
    """
    with closing(open_store(staged)) as store:
        store.leave_gap()
        off = store.switch_webhooks_off()
    log = staged.database.with_name(f"{DATABASE}-wal")
    if log.exists():  # SQLite leaves it when it cannot be written into the database
        raise StoreError(f"{staged.home.parent} has no room for the database's log.")
    return off


class _Unpacked(gzip.GzipFile):
    """The tar inside; a header that asks for a mountain of memory is refused."""

    def read(self, size: int | None = -1) -> bytes:
        if size is None or not 0 <= size <= MOST_AT_ONCE:
            raise tarfile.ReadError(f"a header of {size} bytes")
        return super().read(size)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[tarfile.TarFile]:
    with _Unpacked(path, "rb") as unpacked, tarfile.open(fileobj=unpacked, mode="r:") as tar:
        yield tar


def _manifest(tar: tarfile.TarFile, path: Path) -> Manifest:
    """The first member, which must be the manifest of a schema that this version knows."""
    entry = tar.next()
    if entry is None or entry.name != NAME or entry.size > MOST_AT_ONCE or not _plain(entry):
        raise ContentError(f"{path} is no backup of frontdesk: it does not begin with {NAME}.")
    file = tar.extractfile(entry)
    manifest = read_manifest(orjson.loads(file.read() if file else b""), path)
    unknown = sorted(set(manifest.migrations) - known_migrations())
    if unknown:
        raise Conflict(
            f"{path} was written by a newer frontdesk, {manifest.version}"
            f" ({', '.join(unknown)}); upgrade this one."
        )
    return manifest


def _extract(tar: tarfile.TarFile, manifest: Manifest, folder: Path, path: Path) -> None:
    """Write every member that the manifest lists; ``ContentError`` if one is not as listed."""
    awaited = dict(manifest.members)
    while (entry := tar.next()) is not None:
        member = awaited.pop(entry.name, None)
        if member is None:
            raise ContentError(f"{path}: {entry.name!r} is not in its manifest, or there twice.")
        if not _plain(entry):
            raise ContentError(f"{path}: {entry.name} is no plain file.")
        if entry.size != member.size or not _write(tar, entry, member, folder / entry.name):
            raise ContentError(f"{path} is damaged: {entry.name} is not what was written.")
    if awaited:
        raise ContentError(f"{path} is incomplete: {min(awaited)} is missing.")
    # To the end, where gzip keeps the checksum of all: what is no member may be damaged, too.
    if tar.fileobj is None or len(tar.fileobj.read(MOST_AT_ONCE)) == MOST_AT_ONCE:
        raise ContentError(f"{path} is damaged: there is more in it than its members.")


def _plain(entry: tarfile.TarInfo) -> bool:
    return entry.type == tarfile.REGTYPE and not entry.issparse()


def _write(tar: tarfile.TarFile, entry: tarfile.TarInfo, member: Member, target: Path) -> bool:
    """Write one file, a new one always; whether it has the sha256 that it should have."""
    target.parent.mkdir(parents=True, exist_ok=True)
    private = entry.name == DATABASE or entry.name.startswith(f"{FILES}/")
    mode = 0o600 if private else 0o644
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    digest = hashlib.sha256()
    with open(os.open(target, flags, mode), "wb") as written:
        source = tar.extractfile(entry)
        while source and (piece := source.read(PIECE)):
            digest.update(piece)
            written.write(piece)
    return digest.hexdigest() == member.sha256


@contextlib.contextmanager
def _explained(path: Path, home: Path) -> Iterator[None]:
    """Name what is no backup, and what cannot be read or written."""
    try:
        yield
    except DAMAGED as error:
        raise ContentError(f"{path} is damaged, or no backup of frontdesk: {error}.") from None
    except OSError as error:
        raise StoreError(f"{path} cannot be restored into {home}: {error}.") from None
