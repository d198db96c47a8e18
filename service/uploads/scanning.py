"""Asks a command of the operator's own, a virus scanner say, whether a file is clean.

Called when a file is received, before anybody can read it and outside of every transaction. A
scanner that fails, hangs or is not there has not said that the file is clean.
"""

import contextlib
import logging
import os
import shlex
import signal
import subprocess
from pathlib import Path

from service.errors import FileRefused, FileUnchecked

log = logging.getLogger("frontdesk.uploads")

CLEAN, REFUSED = 0, 1
KILLED_SECONDS = 5.0
SEARCHED = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def require_clean(command: str, seconds: float, path: Path) -> None:
    """Nothing when the command, given the file's path, ends with 0, or when there is no command.

    Raises ``FileRefused`` for 1, and ``FileUnchecked`` for all else. It sees none of the desk's
    settings, and what it says is not read.
    """
    if not command:
        return
    ended = _run([*shlex.split(command), str(path)], seconds)
    if ended == REFUSED:
        log.warning("the scanner has refused a file")
        raise FileRefused("The virus scanner has refused this file.")
    if ended != CLEAN:
        log.error("the scanner %s", "did not end in time" if ended is None else f"ended {ended}")
        raise FileUnchecked("This file cannot be checked now. Try again later.")


def _run(command: list[str], seconds: float) -> int | None:
    """The exit code; None when it had to be stopped, with all that it has started."""
    try:
        running = subprocess.Popen(  # noqa: S603
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={"PATH": SEARCHED},
            start_new_session=True,
        )
    except OSError as error:
        log.error("the scanner cannot be run: %s", error)
        return -1
    try:
        return running.wait(seconds)
    except subprocess.TimeoutExpired:
        return None
    finally:
        with contextlib.suppress(OSError):  # gone, or somebody else by now: sudo, say
            os.killpg(running.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            running.wait(KILLED_SECONDS)
