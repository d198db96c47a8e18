"""The month as a page in Markdown with its verdicts, and as a picture."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benchmarks.plotting import Axis, curves, even, panel, picture
from finetune.svg import write

FIRST, LAST = 0.45, 0.85  # answered share wanted: under, at least
PRECISE = 0.95
NIGHT_SECONDS, SWAP_SECONDS = 600, 5
WEEK = 7
NOISE = 0.05  # chance that any promoted night of the month counts as worse though none is
Figures = Mapping[str, Any]


def page(result: Figures, picture_name: str) -> str:
    """The whole page; ``picture_name`` is the file name of the plot."""
    lines = [*_head(result), "", f"![The month]({picture_name})", ""]
    lines += [*_verdicts(result), "", *_table(result["days"]), ""]
    return "\n".join(lines)


def plot(result: Figures) -> str:
    """The picture as SVG text."""
    days = result["days"]
    root = picture("month", 2, 2, "A desk's first month", _head_line(result))
    x = _days(days)
    share = Axis((0, 1), [(tick / 5, f"{20 * tick} %") for tick in range(6)], "")
    panels: list[tuple[str, Axis, dict[str, Sequence[float]]]] = [
        (
            "Messages that an intent fits",
            share,
            {
                "answered": [_share(day) for day in days],
                "known": [1 - day["unknown"] / day["inside"] for day in days],
            },
        ),
        (
            "Of the answers, right ones",
            Axis((0.8, 1), [(0.8 + t / 20, f"{80 + 5 * t} %") for t in range(5)], ""),
            {"right": [max(0.8, _precision([day])) for day in days]},
        ),
        (
            "Champion's accuracy, intents that it may know",
            share,
            {"accuracy": [day["accuracy"] for day in days]},
        ),
        (
            "The night",
            even(max(day["night_seconds"] for day in days), "seconds"),
            {
                "whole": [day["night_seconds"] for day in days],
                "training": [day["training_seconds"] for day in days],
            },
        ),
    ]
    for number, (title, y, lines) in enumerate(panels):
        group = panel(root, number % 2, number // 2, title)
        numbers = [float(day["day"]) for day in days]
        curves(group, x, y, {n: list(zip(numbers, v, strict=True)) for n, v in lines.items()})
    return write(root)


def _days(days: Sequence[Figures]) -> Axis:
    last = days[-1]["day"]
    step = max(1, round(last / 6))
    ticks = [(float(day), str(day)) for day in range(1, last + 1, step)]
    return Axis((1, max(2, last)), ticks, "day")


def _head(result: Figures) -> Iterator[str]:
    machine, changed = result["machine"], " + changes" if result["dirty"] else ""
    yield f"# A month, {result['at'][:10]}, commit {result['commit']}{changed}"
    yield ""
    yield (
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gib']} GiB, "
        f"{machine['device']}. {_head_line(result)}"
    )


def _head_line(result: Figures) -> str:
    options, (known, fresh) = result["options"], result["intents"]
    bad = f"; one of three operators errs in {100 * float(options['bad']):.0f} % of his labels"
    again = ", ".join(map(str, result["resumed"]))
    resumed = f", the server started anew on day {again}" if again else ""
    return (
        f"{options['rows']}: {known} intents with 5 examples each, {fresh} more turn up; "
        f"{options['messages']} messages a day, 10 % of them outside of every intent; operators "
        f"err in {100 * float(options['errs']):.0f} % of their labels"
        f"{bad if float(options['bad']) else ''}. {len(result['days'])} days played{resumed}."
    )


def _verdicts(result: Figures) -> Iterator[str]:
    days = result["days"]
    yield "| wanted | found | |"
    yield "|---|---|---|"
    first, last = _share(days[0]), _share(days[-1])
    yield _line(f"answered on day 1: under {_percent(FIRST)}", _percent(first), first < FIRST)
    wanted = f"answered on the last day: at least {_percent(LAST)}"
    yield _line(wanted, f"{_percent(last)} on day {days[-1]['day']}", last >= LAST)
    weeks = [days[at : at + WEEK] for at in range(0, len(days), WEEK)]
    precisions = [_precision(week) for week in weeks]
    yield _line(
        f"answers right, every week: at least {_percent(PRECISE)}",
        ", ".join(map(_percent, precisions)),
        min(precisions) >= PRECISE,
    )
    changes = [(day["day"], day["changed"]) for day in days if day["changed"]]
    worse = [
        number
        for number, changed in changes
        if changed["worse"] > changed["better"] and changed["chance"] < NOISE / len(changes)
    ]
    yield _line("no promoted night worse than the one before", _name(worse), not worse)
    golden = [day["day"] for day in days if day["golden_broken"]]
    yield _line("golden cases never broken", _name(golden), not golden)
    longest = max(day["night_seconds"] for day in days)
    wanted = f"a night: under {NIGHT_SECONDS // 60} minutes"
    yield _line(wanted, f"{longest / 60:.1f} minutes at most", longest < NIGHT_SECONDS)
    swaps = [day["swap_seconds"] for day in days if day["promoted"]] or [0.0]
    yield _line(f"a swap: under {SWAP_SECONDS} s", f"{max(swaps):.1f} s", max(swaps) < SWAP_SECONDS)


def _table(days: Sequence[Figures]) -> Iterator[str]:
    yield (
        "| day | answered | after a question back | right | handed over | unknown intents | "
        "champion's accuracy | rows | night | s | training, s | swap, s | server, MiB |"
    )
    yield "|---|---|---|---|---|---|---|---|---|---|---|---|---|"
    for day in days:
        chosen = day["outcomes"].get("chosen", 0) / day["inside"]
        failed = ", ".join(day["failed_checks"]) or "nothing new"
        night = "promoted" if day["promoted"] else f"kept ({failed})"
        swap = f"{day['swap_seconds']:.1f}" if day["promoted"] else ""
        yield (
            f"| {day['day']} | {_percent(_share(day))} | {_percent(chosen)} | "
            f"{_percent(_precision([day]))} | {day['escalations']} of {day['messages']} | "
            f"{_percent(day['unknown'] / day['inside'])} | {_percent(day['accuracy'])} | "
            f"{day['rows']} + {day['held_out']} | {night} | {day['night_seconds']:.0f} | "
            f"{day['training_seconds']:.0f} | {swap} | {day['memory_mib']:.0f} |"
        )


def _share(day: Figures) -> float:
    """Of the messages that an intent fits, those that the desk answered."""
    outcomes = day["outcomes"]
    return float((outcomes.get("answered", 0) + outcomes.get("chosen", 0)) / day["inside"])


def _precision(days: Sequence[Figures]) -> float:
    """Of all answers, the right ones."""
    answers = sum(day["answers"] for day in days)
    return sum(day["right"] for day in days) / answers if answers else 1.0


def _line(wanted: str, found: str, met: bool) -> str:
    return f"| {wanted} | {found} | {'met' if met else '**missed**'} |"


def _name(days: Sequence[int]) -> str:
    return f"day {', '.join(map(str, days))}" if days else "none"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
