"""What the starter desk reaches on this machine: training, held-out metrics, start, turns a second.

``make bench``. Makes a desk in a temporary folder with the product's own commands, starts the real
server, and posts a bounded number of messages with 1, 8 and 32 customers at a time. Loopback only;
ends by itself. Writes a row a run to benchmarks/results/desk.jsonl.
"""

import http.client
import json
import os
import platform
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from service.commands.home import STARTER
from service.content import read_desk

RESULTS = Path(__file__).parent / "results" / "desk.jsonl"
PORT = 8741
TURNS = 240
ROUNDS = 3


def frontdesk(home: Path, *arguments: str) -> Any:
    """Run a command; its JSON report."""
    command = [sys.executable, "-m", "service", "--home", str(home), *arguments, "--json"]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def call(method: str, path: str, body: object = None, token: str = "") -> tuple[int, Any]:
    """One request on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    connection.request(method, path, json.dumps(body) if body is not None else None, headers)
    response = connection.getresponse()
    value = json.loads(response.read() or b"null")
    connection.close()
    return response.status, value


def wait_until_ready(process: "subprocess.Popen[bytes]") -> float:
    """Seconds until ``/readyz`` says 200."""
    start = time.perf_counter()
    while time.perf_counter() - start < 120 and process.poll() is None:
        try:
            if call("GET", "/readyz")[0] == 200:
                return time.perf_counter() - start
        except OSError:
            pass
        time.sleep(0.05)
    raise RuntimeError("the server did not get ready")


def post_turns(customers: int, texts: list[str]) -> dict[str, float]:
    """Post ``TURNS`` messages, each customer in a conversation of its own, one after another."""
    took: list[float] = []

    def talk(number: int) -> None:
        made = call("POST", "/api/v1/conversations", {})[1]
        path = f"/api/v1/conversations/{made['conversation']['id']}/messages"
        for turn in range(TURNS // customers):
            text = texts[(number * 31 + turn) % len(texts)]
            start = time.perf_counter()
            status, _ = call("POST", path, {"client_id": f"c{turn}", "text": text}, made["token"])
            took.append(time.perf_counter() - start)
            if status != 201:
                raise RuntimeError(f"a turn was answered with {status}")

    threads = [threading.Thread(target=talk, args=(n,)) for n in range(customers)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    whole = time.perf_counter() - start
    ordered = sorted(took)
    return {
        "turns_per_second": len(took) / whole,
        "median_ms": 1000 * median(ordered),
        "p99_ms": 1000 * ordered[int(0.99 * (len(ordered) - 1))],
    }


def measure(home: Path) -> dict[str, Any]:
    """Train, serve, talk."""
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
    texts = [case.text for case in read_desk(STARTER).golden]
    for start_name in ("first_start_seconds", "second_start_seconds"):
        command = [sys.executable, "-m", "service", "--home", str(home), "serve"]
        process = subprocess.Popen([*command, "--port", str(PORT)], stderr=subprocess.DEVNULL)
        try:
            figures[start_name] = wait_until_ready(process)
            if start_name.startswith("second"):
                for customers in (1, 8, 32):
                    rounds = [post_turns(customers, texts) for _ in range(ROUNDS)]
                    figures[f"customers_{customers}"] = {
                        name: median(r[name] for r in rounds) for name in rounds[0]
                    }
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
