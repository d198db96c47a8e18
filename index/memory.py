"""Freed memory goes back to the system, which the C library else keeps for itself.

Called by the watcher of engines after an old one has gone: what an engine held lies scattered over
the arenas of many threads, and glibc gives such pages back only when it is asked to.
"""

import ctypes
from contextlib import suppress


def give_memory_back() -> None:
    """Give free pages back; with another C library than glibc nothing happens. Python goes on
    meanwhile."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
