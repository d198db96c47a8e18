"""A comparison of replays for people: text for the terminal, and one HTML file.

Called by ``frontdesk replay`` and ``frontdesk releases diff`` with what
`service.comparison.Comparison.report` tells.
"""

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from service.comparison import KINDS

GROUPS = 20  # told in a terminal
SHOWN = 2  # examples of each there
WIDTH = 90

Report = Mapping[str, Any]


def as_text(report: Report) -> str:
    """The comparison in a terminal's width, the changes that matter most first."""
    before, after, same = report["before"], report["after"], report["same_reply"]
    lines = [
        f"{_number(report['messages'])} messages; {_number(report['with_person'])} more in"
        " conversations that a person owned",
        f"answered     {_percent(before['answered_share'])} → {_percent(after['answered_share'])}",
        f"handed over  {_percent(before['handoff_share'])} → {_percent(after['handoff_share'])}",
        f"replies that change: {_number(report['changed'])} ({_percent(report['changed_share'])});"
        f" the same reply after another reading: {_number(same['other_intent'])},"
        f" with another confidence: {_number(same['other_confidence'])}",
    ]
    groups = report["groups"]
    for kind, title in KINDS.items():
        shown = [group for group in groups[:GROUPS] if group["kind"] == kind]
        if shown:
            lines += ["", f"{title}: {_number(report['kinds'][kind])}"]
        for group in shown:
            lines += _group_lines(group)
    if len(groups) > GROUPS:
        lines += ["", f"… and {len(groups) - GROUPS} more groups (--json or --html)"]
    return "\n".join(lines)


def as_page(report: Report) -> str:
    """The comparison as one HTML file, which needs no network and no JavaScript."""
    environment = Environment(
        loader=PackageLoader("service", "pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"percent": _percent, "number": _number, "side": _side}
    return environment.get_template("comparison.html").render(report=report, kinds=KINDS)


def _group_lines(group: Mapping[str, Any]) -> list[str]:
    lines = [f"{group['count']:>6}  {_side(group['from'])} → {_side(group['to'])}"]
    for example in group["examples"][:SHOWN]:
        before, after = example["before"], example["after"]
        lines += [
            f"        “{_short(example['text'])}”",
            f"          {_confidence(before)}  {_short(before['reply'])}",
            f"        → {_confidence(after)}  {_short(after['reply'])}",
        ]
    return lines


def _side(side: Mapping[str, Any]) -> str:
    """An action with its intent, and its template where that has another name."""
    intent, template = side["intent"], side["template"]
    return " ".join(filter(None, (side["action"], intent, template if template != intent else "")))


def _confidence(said: Mapping[str, Any]) -> str:
    return "   -" if said["confidence"] is None else f"{said['confidence']:.2f}"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= WIDTH else f"{line[: WIDTH - 1]}…"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _number(count: int) -> str:
    return f"{count:,}"
