"""A soak's samples as a page in Markdown with its verdict, and as a picture."""

from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Any

from benchmarks.plotting import Axis, curves, even, panel, picture
from benchmarks.soak.processes import ROLES
from finetune.svg import write

WARM_MINUTES = 10
MOST_GROWTH = 0.05
TOGETHER = 5  # samples whose median stands for a moment
UNITS = {
    "memory_mib": "memory, MiB",
    "anonymous_mib": "of it no file's, MiB",
    "files": "open files",
    "threads": "threads",
}
Figures = Mapping[str, Any]


def page(result: Figures, picture_name: str) -> str:
    """The whole page; ``picture_name`` is the file name of the plot."""
    lines = [*_head(result), "", f"![What it holds]({picture_name})", "", *_table(result), ""]
    return "\n".join([*lines, f"**{verdict(result)}**", ""])


def plot(result: Figures) -> str:
    """The picture as SVG text."""
    samples = result["samples"]
    minutes = [sample["minute"] for sample in samples]
    root = picture("soak", 2, 2, "What the server holds under steady load", verdict(result))
    until = even(minutes[-1], "minutes")
    x = Axis((0, minutes[-1]), [t for t in until.ticks if t[0] <= minutes[-1]], until.label)
    memory = {role: _line(samples, role, "memory_mib") for role in ROLES}
    panels = {
        ("Proportional memory", "MiB"): {**memory, "all": _sum(memory)},
        ("Latency", "ms a turn"): {
            name: [sample[f"{name}_ms"] for sample in samples] for name in ("median", "p99")
        },
        ("Open files", ""): {role: _line(samples, role, "files") for role in ROLES},
        ("Threads", ""): {role: _line(samples, role, "threads") for role in ROLES},
    }
    for number, ((title, unit), lines) in enumerate(panels.items()):
        group = panel(root, number % 2, number // 2, title)
        y = even(max(max(line) for line in lines.values()), unit)
        points = {name: list(zip(minutes, line, strict=True)) for name, line in lines.items()}
        curves(group, x, y, points)
    return write(root)


def verdict(result: Figures) -> str:
    """Whether the memory of all processes together stays, in a sentence."""
    samples = result["samples"]
    if samples[0]["minute"] > WARM_MINUTES or samples[-1]["minute"] < 2 * WARM_MINUTES:
        return f"No verdict: shorter than {2 * WARM_MINUTES} minutes."
    seen = [{pid for use in sample["roles"].values() for pid in use["pids"]} for sample in samples]
    if any(pids != seen[0] for pids in seen):
        return "Missed: a process ended and was replaced."
    grown, own = (_growth(samples, what) for what in ("memory_mib", "anonymous_mib"))
    said = "met" if grown <= MOST_GROWTH else "missed"
    return (
        f"Memory from minute {WARM_MINUTES} to the end: {100 * grown:+.1f} % "
        f"({100 * own:+.1f} % without files' pages), wanted ≤ {100 * MOST_GROWTH:.0f} %: {said}."
    )


def _head(result: Figures) -> Iterator[str]:
    machine, samples = result["machine"], result["samples"]
    changed = " + changes" if result["dirty"] else ""
    total = sum(result["actions"].values()) or 1
    yield f"# Soak, {result['at'][:10]}, commit {result['commit']}{changed}"
    yield ""
    yield (
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gib']} GiB; "
        f"{samples[-1]['minute']:.0f} minutes at {median(s['rate'] for s in samples):.1f} turns/s, "
        f"{total:,.0f} turns, of them {100 * result['actions']['none'] / total:.0f} % for a person "
        "who had taken over."
    )
    yield (
        f"Median {median(s['median_ms'] for s in samples):.1f} ms a turn; p99 of a sample "
        f"{median(s['p99_ms'] for s in samples):.1f} ms in the middle, "
        f"{max(s['p99_ms'] for s in samples):.1f} at most. "
        f"{sum(s['failed'] for s in samples)} turns failed; {result['edits']} edits of the "
        f"content, {result['console_failed']} rounds of the console failed."
    )


def _table(result: Figures) -> Iterator[str]:
    samples = result["samples"]
    first = _ends([sample["minute"] for sample in samples], samples)[0]
    yield f"| process | what | minute {first:.0f} | end | growth |"
    yield "|---|---|---|---|---|"
    for what, unit in UNITS.items():
        lines = {role: _line(samples, role, what) for role in ROLES}
        for role, line in {**lines, "**all**": _sum(lines)}.items():
            early, late = _ends(line, samples)
            growth = f"{100 * (late / early - 1):+.1f} %" if early else ""
            yield f"| {role} | {unit} | {early:.0f} | {late:.0f} | {growth} |"


def _growth(samples: Sequence[Figures], what: str) -> float:
    """Of all processes together, as a share."""
    early, late = _ends(_sum({role: _line(samples, role, what) for role in ROLES}), samples)
    return late / early - 1


def _line(samples: Sequence[Figures], role: str, what: str) -> list[float]:
    return [float(sample["roles"][role][what]) for sample in samples]


def _sum(lines: Mapping[str, Sequence[float]]) -> list[float]:
    return [sum(values) for values in zip(*lines.values(), strict=True)]


def _ends(line: Sequence[float], samples: Sequence[Figures]) -> tuple[float, float]:
    """The value when the server is warm and at the end, each the median of some samples; of a run
    that is shorter, of its first and last ones."""
    warm = [v for v, s in zip(line, samples, strict=True) if s["minute"] >= WARM_MINUTES] or line
    count = min(TOGETHER, max(1, len(warm) // 2))
    return median(warm[:count]), median(warm[-count:])
