"""The release folder: what it holds, how it is written whole or not at all, how it is checked.

Called by `Reader.load`, by training (which writes one) and by commands that list releases. Imports
no torch, so a web worker may read labels and thresholds. It never loads weights and knows nothing
of which release is the champion (see `index.champion`).
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from index.calibration import Calibration
from index.errors import ReleaseError

FORMAT = 3  # 1 had no prototypes, 2 no transitions between tags
MANIFEST = "manifest.json"
Pooling = Literal["mean", "cls"]

ENCODER = "encoder"
HEADS = "heads.safetensors"
REPORT = "report.html"  # for people; releases of earlier versions have none
REVISED, REPLACED = ".revised-", ".replaced-"  # a copy of a release that takes its place, and it
PARTS = ("recipe.json", "labels.json", "calibration.json", "metrics.json", HEADS)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a release is made of. ``files`` maps relative paths to their sha256.

    ``dataset`` is the hash of the frozen rows that it was trained, calibrated and tested on.
    ``note`` says what was changed since, and when.
    """

    id: str
    created_at: str
    encoder: str
    dataset: str
    files: Mapping[str, str]
    format: int = FORMAT
    note: str = ""


@dataclass(frozen=True, slots=True)
class Labels:
    """The labels of each head, in the order of its outputs; an empty one has no head."""

    intents: tuple[str, ...] = ()
    sentiments: tuple[str, ...] = ()
    entities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Release:
    """A release folder that was found whole, with everything but its weights."""

    path: Path
    manifest: Manifest
    labels: Labels
    calibration: Calibration
    metrics: Mapping[str, Any]

    @property
    def id(self) -> str:
        """The release's id, "rel_…"."""
        return self.manifest.id


def load_release(path: Path) -> Release:
    """The release at ``path``, verified. Raises ``ReleaseError``."""
    manifest = verify(path)
    labels = _read_json(path / "labels.json")
    try:
        return Release(
            path=path,
            manifest=manifest,
            labels=Labels(**{name: tuple(values) for name, values in labels.items()}),
            calibration=Calibration.from_json(_read_json(path / "calibration.json")),
            metrics=_read_json(path / "metrics.json"),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ReleaseError(
            f"The release {path} has malformed labels or calibration: {error}"
        ) from None


def read_intents(path: Path) -> frozenset[str] | None:
    """The intents that the release at ``path`` knows, files unchecked; None when that cannot be
    read, or it is gone."""
    try:
        return frozenset(_read_json(path / "labels.json")["intents"])
    except (ReleaseError, KeyError, TypeError):
        return None


def read_manifest(path: Path) -> Manifest:
    """The manifest of the release at ``path``, files unchecked. Raises ``ReleaseError``."""
    if not path.is_dir():
        raise ReleaseError(f"There is no release at {path}.")
    fields = _read_json(path / MANIFEST)
    if fields.get("format") != FORMAT:
        raise ReleaseError(
            f"The release {path} has format {fields.get('format')!r}; this version reads {FORMAT}."
        )
    try:
        return Manifest(**fields)
    except TypeError as error:
        raise ReleaseError(f"{path / MANIFEST} is malformed: {error}") from None


def verify(path: Path) -> Manifest:
    """Check that every file is there and has the content it was written with.

    Raises ``ReleaseError`` naming the first file that is missing or damaged.
    """
    manifest = read_manifest(path)
    unlisted = [part for part in PARTS if part not in manifest.files]
    if unlisted:
        raise ReleaseError(f"The manifest of {path} does not list {unlisted[0]}.")
    for name, digest in manifest.files.items():
        file = path / name
        if not file.is_file():
            raise ReleaseError(f"The release {path} is incomplete: {name} is missing.")
        if _sha256(file) != digest:
            raise ReleaseError(f"The release {path} is damaged: {name} is not what was written.")
    return manifest


@contextmanager
def draft(parent: Path) -> Iterator[Path]:
    """A new folder inside ``parent`` to write a release into; removed unless it was published.

    Raises ``ReleaseError`` when ``parent`` cannot be written to.
    """
    try:
        parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=".draft-", dir=parent))
    except OSError as error:
        raise ReleaseError(f"{parent} cannot be written to: {error.strerror}.") from None
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def seal(
    folder: Path,
    *,
    encoder: str,
    dataset: str,
    describe: Callable[[Manifest], object] | None = None,
) -> Manifest:
    """Write the manifest of a folder that is otherwise complete, and return it.

    ``describe`` may add pages that name the release: they are in the manifest, not in the id.
    """
    missing = [part for part in PARTS if not (folder / part).is_file()]
    if missing:
        raise ReleaseError(f"The draft {folder} lacks {', '.join(missing)}.")
    files = _hash_files(folder)
    now = datetime.now(UTC)
    short = hashlib.sha256(json.dumps([now.isoformat(), files]).encode()).hexdigest()[:8]
    manifest = Manifest(
        id=f"rel_{now:%Y%m%dT%H%M%SZ}_{short}",
        created_at=now.isoformat(timespec="seconds"),
        encoder=encoder,
        dataset=dataset,
        files=files,
    )
    if describe is not None:
        describe(manifest)
        added = _hash_files(folder, known=files)
        manifest = replace(manifest, files=dict(sorted({**files, **added}.items())))
    _write_manifest(folder, manifest)
    return manifest


def publish(folder: Path, target: Path) -> None:
    """Move a sealed draft to ``target`` in one step, on disk before it returns.

    Raises ``ReleaseError`` when ``target`` exists and is not an empty folder.
    """
    for path in [*folder.rglob("*"), folder]:
        _sync(path)
    folder.chmod(0o755)
    try:
        os.rename(folder, target)
    except OSError as error:
        raise ReleaseError(f"The release cannot be put at {target}: {error.strerror}.") from None
    _sync(target.parent)


def revise(folder: Path, change: Callable[[Path], Collection[str]], note: str) -> None:
    """Put a changed copy in the place of the release at ``folder``, with a manifest that says so.

    ``change`` writes into the copy and returns the names of the files that it wrote; it must write
    them anew, for the others are the same files under a second name. Between two renames there is
    no release at ``folder``; a process that is killed just then leaves that to `finish_revisions`.
    """
    copy, old = (folder.with_name(f"{prefix}{folder.name}") for prefix in (REVISED, REPLACED))
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(folder, copy, copy_function=_link)
    manifest = read_manifest(copy)
    (copy / MANIFEST).unlink()
    changed = {name: _sha256(copy / name) for name in change(copy)}
    note = f"{manifest.note} {note}".strip()
    _write_manifest(copy, replace(manifest, files={**manifest.files, **changed}, note=note))
    for path in [*(copy / name for name in changed), copy / MANIFEST, copy]:
        _sync(path)
    folder.rename(old)
    copy.rename(folder)
    _sync(folder.parent)
    shutil.rmtree(old)


def finish_revisions(parent: Path) -> None:
    """Finish or undo what a killed `revise` left among the releases in ``parent``."""
    for old in parent.glob(f"{REPLACED}*"):
        name = old.name.removeprefix(REPLACED)
        if not (parent / name).exists():
            copy = parent / f"{REVISED}{name}"
            (copy if copy.exists() else old).rename(parent / name)
        shutil.rmtree(old, ignore_errors=True)
    for copy in parent.glob(f"{REVISED}*"):
        shutil.rmtree(copy, ignore_errors=True)


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write one JSON object in a form that people can read and compare."""
    text = json.dumps(content, indent=2, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8", errors="replace")


def replace_text(path: Path, text: str) -> None:
    """Write a file beside its place and move it there, flushed: it is never half written."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.chmod(name, 0o644)
    os.replace(name, path)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise ReleaseError(f"The release is incomplete: {path} is missing.") from None
    except (OSError, ValueError) as error:
        raise ReleaseError(f"{path} cannot be read: {error}") from None
    if not isinstance(content, dict):
        raise ReleaseError(f"{path} does not hold a JSON object.")
    return content


def _hash_files(folder: Path, known: Mapping[str, str] | None = None) -> dict[str, str]:
    """The sha256 of every file by its relative path, but for those that are known."""
    paths = sorted(file for file in folder.rglob("*") if file.is_file())
    names = [file.relative_to(folder).as_posix() for file in paths]
    return {name: _sha256(folder / name) for name in names if name not in (known or {})}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write_manifest(folder: Path, manifest: Manifest) -> None:
    # Without an empty note, which earlier versions do not know.
    write_json(folder / MANIFEST, {k: v for k, v in asdict(manifest).items() if k != "note" or v})


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # this file system has no second names
        shutil.copy2(source, target)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_pooling(folder: Path) -> Pooling:
    """The pooling that an encoder's folder asks for, else "mean". Raises ``ReleaseError``."""
    path = folder / "1_Pooling" / "config.json"
    if not path.is_file():
        return "mean"
    try:
        config: Any = json.loads(path.read_bytes())
        mode = config.get("pooling_mode")
        cls = mode == "cls" or bool(config.get("pooling_mode_cls_token"))
    except (OSError, ValueError, AttributeError) as error:
        raise ReleaseError(f"{path} cannot be read: {error}") from None
    return "cls" if cls else "mean"
