"""Which release of a folder of releases speaks for the desk.

Two small files beside the releases hold an id each: `champion` and `previous`. They are replaced
atomically, so that a reader sees the old or the new one. Called by training, the engine and
the release commands; imports no torch. It does not judge whether a release deserves it.
"""

from contextlib import suppress
from pathlib import Path

from index.errors import ReleaseError
from index.release import Manifest, read_manifest, replace_text, verify
from index.trial import Trial, end_trial, last_trial

CHAMPION = "champion"
PREVIOUS = "previous"


def champion(releases: Path) -> str | None:
    """The id of the champion; none when no release was promoted yet."""
    return _read(releases / CHAMPION)


def previous(releases: Path) -> str | None:
    """The id of the release that was champion before; what `rollback` returns to."""
    return _read(releases / PREVIOUS)


def promote(releases: Path, release_id: str) -> None:
    """Make a release the champion, which ends a trial. Raises ``ReleaseError`` when it is not
    there, or not whole."""
    if verify(releases / release_id).id != release_id:
        raise ReleaseError(f"The folder {releases / release_id} holds another release.")
    current = champion(releases)
    if current == release_id:
        return
    if current is not None:
        replace_text(releases / PREVIOUS, current + "\n")
    replace_text(releases / CHAMPION, release_id + "\n")
    with suppress(ReleaseError):  # one that cannot be read does not run either
        end_trial(releases, f"{release_id} became the champion.")


def rollback(releases: Path) -> str:
    """Make the previous champion the champion again, and return its id.

    Raises ``ReleaseError`` when there was none or it is gone. Twice leads back to where one was.
    """
    last = previous(releases)
    if last is None or last == champion(releases):
        raise ReleaseError(f"There is no earlier champion in {releases}.")
    promote(releases, last)
    return last


def running_trial(releases: Path) -> Trial | None:
    """The trial that runs now: not ended, its champion still champion, its release still there."""
    trial = last_trial(releases)
    if trial is None or trial.ended_at is not None:
        return None
    is_there = trial.champion == champion(releases) and (releases / trial.release).is_dir()
    return trial if is_there else None


def list_releases(releases: Path) -> list[Manifest]:
    """The manifests of all releases, newest first; folders without a readable one are left out."""
    found = []
    for folder in releases.glob("rel_*") if releases.is_dir() else ():
        try:
            found.append(read_manifest(folder))
        except ReleaseError:
            continue
    return sorted(found, key=lambda manifest: (manifest.created_at, manifest.id), reverse=True)


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="ascii").strip() or None
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise ReleaseError(f"{path} cannot be read: {error}") from None
