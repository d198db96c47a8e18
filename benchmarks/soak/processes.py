"""What the processes of a running server hold, as Linux tells in /proc."""

from pathlib import Path
from typing import Any

ROLES = ("master", "web", "model")
MODEL_LIBRARY = "faiss"  # which only the owner of the model loads
Use = dict[str, Any]


def measure(master: int) -> dict[str, Use]:
    """By role: process ids, proportional memory (PSS), of it what is no file's, in MiB, open files
    and threads. The share of a file's page grows when somebody else lets go of it."""
    none = {"memory_mib": 0.0, "anonymous_mib": 0.0, "files": 0, "threads": 0}
    found: dict[str, Use] = {role: {"pids": [], **none} for role in ROLES}
    for pid in (master, *_children(master)):
        try:
            use = found["master" if pid == master else _role(pid)]
            seen = {**_memory(pid), "files": _count(pid, "fd"), "threads": _count(pid, "task")}
        except OSError:  # it has just ended
            continue
        use["pids"].append(pid)
        for name, value in seen.items():
            use[name] += value
    return found


def _children(pid: int) -> list[int]:
    return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _role(pid: int) -> str:
    return "model" if MODEL_LIBRARY in Path(f"/proc/{pid}/maps").read_text() else "web"


def _memory(pid: int) -> dict[str, float]:
    _, *lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    kilobytes = {name: int(words[0]) for name, *words in map(str.split, lines)}
    return {
        "memory_mib": kilobytes["Pss:"] / 1024,
        "anonymous_mib": kilobytes["Pss_Anon:"] / 1024,
    }


def _count(pid: int, what: str) -> int:
    return sum(1 for _ in Path(f"/proc/{pid}/{what}").iterdir())
