"""What a turn costs with more templates, and in a longer conversation.

Called by the command, on copies of the bench's home.
"""

import http.client
import math
import time
from collections.abc import Sequence
from statistics import median, quantiles

from benchmarks.load.bench import Bench, Figures, tell
from benchmarks.load.homes import copy_home, fill_conversations, grow_templates
from benchmarks.load.servers import WARM_SECONDS, NotReady, call, frontdesk, start_conversations

SIZES = (0, 1_000, 10_000, 50_000)  # templates; 0: as many as the desk has
MOST_SECONDS = 120  # for a server to encode its templates and get ready
CONNECTIONS = 16
LENGTHS = (0, 100, 1_000, 10_000)  # earlier messages
TURNS = 200  # of each length
GROWS = 20  # a conversation gets at most length / GROWS turns, so that it stays about as long


def against_templates(bench: Bench) -> list[Figures]:
    """Turns with more and more templates; ends at a size that does not get ready in time.

    ``ready_seconds`` are of a start at which the templates beyond the last size are new.
    """
    home = copy_home(bench.home, bench.folder / "templates")
    found: list[Figures] = []
    for size in SIZES:
        count, port = grow_templates(home, size), bench.port()
        start = time.monotonic()
        try:
            with frontdesk(home, port, bench.log, MOST_SECONDS):
                ready = time.monotonic() - start - WARM_SECONDS
                many, one = bench.turns(port, CONNECTIONS), bench.turns(port, 1)
        except NotReady:
            found.append({"templates": count, "ready_seconds": None})
            break
        found.append({"templates": count, "ready_seconds": ready, "many": many, "one": one})
        tell("templates", found[-1])
    return found


def against_length(bench: Bench) -> list[Figures]:
    """One customer's turns in short and long conversations, taken in turn on one server."""
    home = copy_home(bench.home, bench.folder / "lengths")
    turns = {length: max(1, length // GROWS) for length in LENGTHS}
    places = {
        length: fill_conversations(home, math.ceil(TURNS / turns[length]), length)
        for length in LENGTHS
    }
    took: dict[int, list[float]] = {length: [] for length in LENGTHS}
    port = bench.port()
    with frontdesk(home, port, bench.log):
        texts = _answered(port, bench.texts)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        for number in range(TURNS):
            body = {"client_id": f"new{number}", "text": texts[number % len(texts)]}
            turned = number % len(LENGTHS)  # who is first meets the text cold
            for length in (*LENGTHS[turned:], *LENGTHS[:turned]):
                path, token = places[length][number // turns[length]]
                start = time.perf_counter()
                said = call(connection, "POST", path, body, token)
                if said["action"] != "none":  # with a person: no whole turn
                    took[length].append(1000 * (time.perf_counter() - start))
        connection.close()
    return [tell("length", _summed(length, took[length])) for length in LENGTHS]


def _answered(port: int, texts: Sequence[str]) -> list[str]:
    """The texts that a calm customer gets an answer to, so that no person takes over."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    kept = []
    for (path, token), text in zip(start_conversations(port, len(texts)), texts, strict=True):
        said = call(connection, "POST", path, {"client_id": "first", "text": text}, token)
        if said["action"] == "answer" and not said["suggestions"]:
            kept.append(text)
    connection.close()
    return kept


def _summed(length: int, took: list[float]) -> Figures:
    return {
        "messages": length,
        "turns": len(took),
        "median_ms": median(took),
        "p90_ms": quantiles(took, n=10)[-1],
    }
