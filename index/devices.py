"""What this machine has to compute with, told without loading torch."""

import sys
from pathlib import Path

DRIVERS = ("/dev/nvidiactl", "/dev/dxg", "/dev/kfd")  # NVIDIA, Windows' subsystem, AMD


def may_have_gpu() -> bool:
    """Whether torch, which takes a second to load, could find a GPU here."""
    return sys.platform == "win32" or any(Path(driver).exists() for driver in DRIVERS)
