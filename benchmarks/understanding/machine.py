"""Where and on what the figures were measured: the machine, the commit, the code that trains.

Called by the command. It asks git and the operating system and changes neither.
"""

import hashlib
import os
import platform
import subprocess
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from index.network import choose_device

ROOT = Path(__file__).resolve().parents[2]
TRAINS = ("index", "finetune")  # the code that a release follows from
MEASURES = (*TRAINS, "benchmarks")


def describe_machine(device: str) -> dict[str, str | int]:
    """Processor, cores that this process may use, memory, versions, and the device's name."""
    import torch

    place = choose_device(device)
    on_gpu = place.type == "cuda"
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "threads": torch.get_num_threads(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "device": torch.cuda.get_device_name(place) if on_gpu else "cpu",
        "system": platform.platform(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "transformers": version("transformers"),
    }


def describe_commit() -> dict[str, str | bool]:
    """The commit, and whether the working tree differs from it (results aside)."""
    changes = _git("status", "--porcelain", "--", ".", ":!benchmarks/results")
    return {"commit": _git("rev-parse", "--short", "HEAD") or "none", "dirty": bool(changes)}


def digest_code(rooms: Iterable[str]) -> str:
    """The sha256 of the rooms' Python files.

    It stands for the commit where figures and releases are remembered: a change of the docs
    leaves hours of training valid, and one that is not committed yet does not.
    """
    total = hashlib.sha256()
    for file in sorted(file for room in rooms for file in (ROOT / room).rglob("*.py")):
        total.update(f"{file.relative_to(ROOT)}\0".encode() + file.read_bytes() + b"\0")
    return total.hexdigest()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(ROOT), *arguments]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:  # no git here
        return ""
