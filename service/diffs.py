"""Comparisons of a release with the champion, kept for the console to show before a promotion.

``frontdesk releases diff --keep`` writes one; a web worker reads it, or starts that command: it
never loads a model itself. One at a time: the child inherits a lock, so that it is held exactly
as long as the child lives, whichever worker asks. The files hold customers' words.
"""

import fcntl
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from index.champion import champion, previous
from service.config import Config
from service.cores import everywhere
from service.errors import Conflict
from service.files import write_whole

log = logging.getLogger("frontdesk.diffs")

MOST_SECONDS = 900  # then a comparison is given up
TRIES = 5  # at the lock, which a look at who is running holds for a moment
TELL_CHARACTERS = 500


def folder(config: Config) -> Path:
    """Where they are kept; whoever forgets a customer empties it."""
    return config.home / "diffs"


def keep(config: Config, release: str, report: dict[str, Any]) -> None:
    """Keep the report as the newest about this release, and none about releases that are gone."""
    kept_in = folder(config)
    kept_in.mkdir(mode=0o700, parents=True, exist_ok=True)
    for file in kept_in.glob("rel_*"):
        if not (config.releases / file.stem).is_dir():
            file.unlink(missing_ok=True)
    write_whole(kept_in / f"{release}.json", orjson.dumps(report).decode(), private=True)


def kept(config: Config, release: str) -> dict[str, Any] | None:
    """The newest report about a release; none when there is none, or a damaged one."""
    try:
        report = orjson.loads((folder(config) / f"{release}.json").read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return None
    return report if isinstance(report, dict) else None


def opposite(config: Config, release: str) -> str | None:
    """What a release is compared with: the champion; the champion, with the one before it."""
    current = champion(config.releases)
    return previous(config.releases) if release == current else current


def is_stale(config: Config, release: str, report: Mapping[str, Any]) -> bool:
    """Whether the report compares with another release than one would today."""
    return report.get("before_release") != opposite(config, release)


def problem(config: Config, release: str) -> str | None:
    """What the last comparison that was started here failed of."""
    try:
        return (folder(config) / f"{release}.problem").read_text(encoding="utf-8") or None
    except FileNotFoundError:
        return None


def running(config: Config) -> str | None:
    """The release that is being compared now."""
    try:
        lock = os.open(folder(config) / "lock", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        return None if _locks(lock, fcntl.LOCK_SH) else os.read(lock, 200).decode()
    finally:
        os.close(lock)


def start(config: Config, release: str, since: str) -> None:
    """Compare with its opposite in a child process; ``Conflict`` while another one is compared."""
    before = opposite(config, release)
    if before is None or before == release:
        is_first = champion(config.releases) == release
        raise Conflict("No champion was before it." if is_first else "There is no champion yet.")
    folder(config).mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = os.open(folder(config) / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if not any(_locks(lock, fcntl.LOCK_EX, pause) for pause in [0.0] + [0.05] * (TRIES - 1)):
            raise Conflict("Another comparison is running.")
        os.truncate(lock, 0)
        os.write(lock, release.encode())
        (folder(config) / f"{release}.problem").unlink(missing_ok=True)
        with everywhere():
            child = subprocess.Popen(  # noqa: S603 - our own command; the id is one of our releases
                command(config, before, release, since),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=(lock,),
                start_new_session=True,
            )
    finally:
        os.close(lock)
    threading.Thread(target=_wait, args=(config, release, child), daemon=True).start()


def command(config: Config, before: str, after: str, since: str) -> list[str]:
    """What compares two releases and keeps the result."""
    home = ["--home", str(config.home)]
    diff = ["releases", "diff", before, after, "--since", since, "--keep"]
    return [sys.executable, "-m", "service", *home, *diff]


def _wait(config: Config, release: str, child: "subprocess.Popen[bytes]") -> None:
    try:
        _, told = child.communicate(timeout=MOST_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        told = child.communicate()[1] + b"It took too long."
    if child.returncode:
        text = told.decode(errors="replace").strip()[-TELL_CHARACTERS:]
        log.warning("comparing %s with its opposite failed: %s", release, text)
        write_whole(folder(config) / f"{release}.problem", text, private=True)


def _locks(lock: int, kind: int, pause: float = 0.0) -> bool:
    time.sleep(pause)
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
