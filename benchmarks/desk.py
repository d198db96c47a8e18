"""What the starter desk reaches on this machine: training, held-out metrics, start.

``make bench``. Makes a desk in a temporary folder with the product's own commands, and starts the
real server twice; what that carries is `benchmarks.load`'s. Loopback only; ends by itself. Writes a
row a run to benchmarks/results/desk.jsonl.
"""

import http.client
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results" / "desk.jsonl"
PORT = 8741


def frontdesk(home: Path, *arguments: str) -> Any:
    """Run a command; its JSON report."""
    command = [sys.executable, "-m", "service", "--home", str(home), *arguments, "--json"]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def is_ready() -> bool:
    """Whether ``/readyz`` says 200."""
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def wait_until_ready(process: "subprocess.Popen[bytes]") -> float:
    """Seconds until ``/readyz`` says 200."""
    start = time.perf_counter()
    while time.perf_counter() - start < 120 and process.poll() is None:
        if is_ready():
            return time.perf_counter() - start
        time.sleep(0.05)
    raise RuntimeError("the server did not get ready")


def measure(home: Path) -> dict[str, Any]:
    """Train, and start twice: the first start encodes the content."""
    frontdesk(home, "init")
    start = time.perf_counter()
    trained = frontdesk(home, "train")["metrics"]
    figures: dict[str, Any] = {
        "train_seconds": time.perf_counter() - start,
        "intent_accuracy": trained["intent"]["accuracy"],
        "sentiment_macro_f1": trained["sentiment"]["macro_f1"],
        "out_of_scope_auroc": trained["out_of_scope"]["auroc"],
        "answered_in_scope": trained["promise"]["answered_in_scope"],
        "precision": trained["promise"]["precision"],
        "held_out_rows": trained["rows"],
    }
    for start_name in ("first_start_seconds", "second_start_seconds"):
        command = [sys.executable, "-m", "service", "--home", str(home), "serve"]
        process = subprocess.Popen([*command, "--port", str(PORT)], stderr=subprocess.DEVNULL)
        try:
            figures[start_name] = wait_until_ready(process)
        finally:
            process.terminate()
            process.wait(timeout=30)
    return figures


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder) / "home")
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    ).stdout.strip()
    row = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {platform.python_version()}",
        **figures,
    }
    RESULTS.parent.mkdir(exist_ok=True)
    with RESULTS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")
    print(json.dumps(row, indent=2))


if __name__ == "__main__":
    main()
