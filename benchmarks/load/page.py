"""A run's figures as a page in Markdown: tables, and what they come to against the goals."""

from collections.abc import Iterator, Mapping
from typing import Any

from benchmarks.load.costs import CONNECTIONS, MOST_SECONDS

TITLES = {
    "mosec": "mosec, embedding alone",
    "litserve": "LitServe, embedding alone",
    "flask": "three models behind Flask",
}
DONE = {
    "answer": "answered",
    "clarify": "asked what was meant",
    "ask": "asked for a fact",
    "handoff": "handed over",
    "none": "for a person who had taken over",
}
BUSY = 0.3  # cores
VERDICT = {True: "met", False: "missed"}
Figures = Mapping[str, Any]


def page(result: Figures, picture: str) -> str:
    """The whole page; ``picture`` is the file name of the plot."""
    parts = (_head, _servers, _goals, _offered, _ladder, _templates, _lengths)
    lines = [line for part in parts for line in ("", *part(result))][1:]
    lines[2:2] = [f"![Throughput and latency]({picture})", ""]
    return "\n".join([*lines, ""])


def _head(result: Figures) -> Iterator[str]:
    machine, bare = result["machine"], result["median"]["bare"]
    changed = " + changes" if result["dirty"] else ""
    where = f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gib']} GiB"
    alone = f"{bare['rate']:.0f} messages/s in bulk, {bare['one_ms']:.2f} ms for one"
    yield f"# Load, {result['at'][:10]}, commit {result['commit']}{changed}"
    yield ""
    yield (
        f"{where}; {len(result['rounds'])} rounds of {result['seconds']} s a load, medians; "
        f"{bare['tokens']:.1f} tokens a message."
    )
    yield f"The bare encoder ({bare['how']}): {alone}."
    shares = result["median"]["frontdesk"]["full"]["actions"]
    told = ", ".join(f"{100 * shares[name]:.0f} % {words}" for name, words in DONE.items())
    yield f"Of the turns at 32 connections: {told}."
    if result["busy_cores"] >= BUSY:
        yield ""
        yield (
            f"**Others used the machine ({result['busy_cores']:.1f} cores before the run): "
            "the figures mean little, least of all beside mosec and LitServe, whose threads then "
            "wait for each other.**"
        )


def _servers(result: Figures) -> Iterator[str]:
    found = result["median"]
    yield "| server | messages/s, 32 connections | median ms | p99 ms | one customer: median ms |"
    yield "|---|---|---|---|---|"
    yield _row("**frontdesk, whole turns**", found["frontdesk"])
    yield from (_row(title, found[name]) for name, title in TITLES.items())


def _row(title: str, found: Figures) -> str:
    full, one = found["full"], found["one"]
    if full["failed"] + one["failed"]:
        title = f"{title} ({full['failed'] + one['failed']:.0f} failed)"
    times = f"{full['median_ms']:.1f} | {full['p99_ms']:.1f} | {one['median_ms']:.1f}"
    return f"| {title} | {full['rate']:.1f} | {times} |"


def _goals(result: Figures) -> Iterator[str]:
    found, lengths = result["median"], result["lengths"]
    ours, bare = found["frontdesk"], found["bare"]
    rate, one = ours["full"]["rate"], bare["one_ms"]
    longest, shortest = lengths[-1], lengths[0]
    least = [
        ("turns, of mosec's embeddings", rate / found["mosec"]["full"]["rate"], 2.5),
        ("turns, of the Flask server's messages", rate / found["flask"]["full"]["rate"], 30),
        ("turns, of the bare encoder's messages", rate / bare["rate"], 0.6),
    ]
    most = [
        ("one customer: median, in bare passes", ours["one"]["median_ms"] / one, 1.6),
        (
            "half the peak rate: p99, in bare passes",
            ours["offered"]["50"]["p99_ms"] / one,
            4,
        ),
        (
            f"a turn after {longest['messages']:,} messages, of one after {shortest['messages']}",
            longest["median_ms"] / shortest["median_ms"],
            1.1,
        ),
    ]
    yield "| goal | wanted | found | |"
    yield "|---|---|---|---|"
    for name, is_, goal in least:
        yield f"| {name} | ≥ {goal} | {is_:.2f} | {VERDICT[is_ >= goal]} |"
    for name, is_, goal in most:
        yield f"| {name} | ≤ {goal} | {is_:.2f} | {VERDICT[is_ <= goal]} |"


def _offered(result: Figures) -> Iterator[str]:
    yield "| offered, of the peak | turns/s | median ms | p90 ms | p99 ms | with a person |"
    yield "|---|---|---|---|---|---|"
    for share, load in result["median"]["frontdesk"]["offered"].items():
        yield f"| {share} % {_load(load)}"


def _ladder(result: Figures) -> Iterator[str]:
    yield "| customers at once | turns/s | median ms | p90 ms | p99 ms | with a person |"
    yield "|---|---|---|---|---|---|"
    for load in result["ladder"]:
        yield f"| {load['customers']} {_load(load)}"


def _load(load: Figures) -> str:
    times = " | ".join(f"{load[name]:.1f}" for name in ("median_ms", "p90_ms", "p99_ms"))
    failed = f" ({load['failed']:.0f} failed)" if load["failed"] else ""
    return f"| {load['rate']:.0f}{failed} | {times} | {100 * load['actions']['none']:.0f} % |"


def _templates(result: Figures) -> Iterator[str]:
    yield (
        f"| templates | ready after s | turns/s, {CONNECTIONS} connections | one customer: median "
        "ms | p99 ms |"
    )
    yield "|---|---|---|---|---|"
    for size in result["templates"]:
        if size["ready_seconds"] is None:
            yield f"| {size['templates']:,} | not within {MOST_SECONDS} | | | |"
            continue
        one = size["one"]
        yield (
            f"| {size['templates']:,} | {size['ready_seconds']:.1f} | {size['many']['rate']:.0f} "
            f"| {one['median_ms']:.1f} | {one['p99_ms']:.1f} |"
        )
    yield ""
    yield "Each start encodes what the desk before it did not have."


def _lengths(result: Figures) -> Iterator[str]:
    yield "| earlier messages | one customer: median ms | p90 ms | turns |"
    yield "|---|---|---|---|"
    for each in result["lengths"]:
        times = f"{each['median_ms']:.2f} | {each['p90_ms']:.2f}"
        yield f"| {each['messages']:,} | {times} | {each['turns']} |"
