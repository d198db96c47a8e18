"""Drives a server on loopback with wrk for a bounded time, and says what came of it.

wrk shares the machine with the server that it drives; it takes a few percent of a core, from every
server alike.
"""

import json
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SCRIPT = Path(__file__).with_name("messages.lua")
Place = tuple[str, str]  # a path and the token that it wants, or none


@dataclass(frozen=True, slots=True)
class Load:
    """What a time under load came to. ``failed`` counts answers that were no 2xx, too."""

    rate: float  # answers a second
    failed: int
    median_ms: float
    p90_ms: float
    p99_ms: float


def drive(
    port: int,
    places: Sequence[Place],
    texts: Sequence[str],
    *,
    connections: int = 32,
    seconds: int = 8,
    pause_ms: float = 0,
) -> Load:
    """Post texts to places for so many seconds; every connection posts again when it is answered,
    after a pause that is ``pause_ms`` on average."""
    with tempfile.TemporaryDirectory() as folder:
        paths, words = Path(folder) / "places", Path(folder) / "texts"
        paths.write_text("".join(f"{path}\t{token}\n" for path, token in places))
        words.write_text("".join(f"{json.dumps(text)}\n" for text in texts))
        threads = min(2, connections)
        command = ["wrk", f"-t{threads}", f"-c{connections}", f"-d{seconds}s"]
        command += ["--timeout", "30s", "-s", str(SCRIPT), f"http://127.0.0.1:{port}", "--"]
        command += [str(paths), str(words), str(threads), str(pause_ms)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    said = json.loads(done.stdout.splitlines()[-1])
    return Load(
        rate=said["requests"] / said["seconds"],
        failed=said["failed"],
        median_ms=said["median_ms"],
        p90_ms=said["p90_ms"],
        p99_ms=said["p99_ms"],
    )
