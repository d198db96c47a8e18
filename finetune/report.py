"""Metrics and findings as text that people read in a terminal: headlines first, then details.

Called by the commands. It computes nothing and prints nothing.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from finetune.findings import RULES, SEVERITIES, Finding
from finetune.rows import Row
from finetune.svg import clean_text

ROWS_SHOWN = 6
TRIALS_SHOWN = 10
FIGURES = {  # those that a compiled network must keep, and a student is compared in
    "intent": "intent accuracy",
    "out_of_scope": "out-of-scope AUROC",
    "retrieval": "nearest example of the same intent",
    "answers": "answered rightly",
    "answered": "share answered",
    "sentiment": "sentiment accuracy",
    "tags": "words with the right tag",
}
SPEEDS = {
    "texts_per_second": "texts a second, many at once",
    "alone_ms": "milliseconds for one alone",
}
CURVE = {
    "accuracy": "intent accuracy",
    "sentiment_macro_f1": "sentiment macro-F1",
    "entity_f1": "entity F1",
    "out_of_scope_auroc": "out-of-scope AUROC",
}


def describe(metrics: Mapping[str, Any]) -> str:
    """The metrics of `finetune.evaluate` as lines of text."""
    where = metrics.get("measured_on", "these")
    where = "crossed training" if where == "crossed" else where
    lines = [f"Measured on {metrics['rows']} {where} rows:"]
    lines += [f"  {name:<28} {value}" for name, value in _headlines(metrics)]
    if "distil" in metrics:
        lines += ["", *_distil_lines(metrics["distil"])]
    if "int8" in metrics:
        lines += ["", *_int8_lines(metrics["int8"])]
    if "intent" in metrics:
        lines += ["", *_table("intent", metrics["intent"]["classes"])]
        confused = metrics["intent"]["confused"]
        if confused:
            lines += ["", "Most confused:"]
            lines += [
                f"  {pair['count']:>3} x {pair['intent']} read as {pair['read_as']}"
                for pair in confused[:10]
            ]
    if "sentiment" in metrics:
        lines += ["", *_table("sentiment", metrics["sentiment"]["classes"])]
    return "\n".join(lines)


def headline(metrics: Mapping[str, Any]) -> str:
    """The few figures that say how good a release is, in one line."""
    return ", ".join(f"{name} {value}" for name, value in _headlines(metrics))


def describe_cleaning(report: Mapping[str, Any]) -> str:
    """What cleaning dropped, in one line."""
    dropped = [
        f"{report[name]} {name.replace('_', ' ')}"
        for name in ("duplicates", "conflicts", "empty", "too_long")
        if report[name]
    ]
    return f"{report['kept']} of {report['read']} rows kept" + (
        f" (dropped: {', '.join(dropped)})" if dropped else ""
    )


def describe_findings(findings: Sequence[Finding], rows: int, limit: int) -> str:
    """A lint's findings by kind, ``limit`` of each with their rows and what to do about them."""
    lines = [f"{rows} rows: {summarise(findings) or 'nothing found'}"]
    for kind, group in groupby(findings, key=lambda finding: finding.kind):
        found, rule = list(group), RULES[kind]
        lines += ["", f"{rule.severity}: {rule.title} ({len(found)})", f"  {rule.advice}"]
        for finding in found[:limit]:
            lines += [f"  - {finding.message}", *_rows(finding.rows)]
        if len(found) > limit:
            lines.append(f"  … and {len(found) - limit} more; --limit {len(found)} shows them")
    # Customers wrote the texts: nothing in them may move a terminal's cursor or begin a line.
    return "\n".join(" ".join(clean_text(line).splitlines()) for line in lines)


def summarise(findings: Sequence[Finding]) -> str:
    """How many findings of each severity and kind, in one line; "" without any."""
    parts = []
    for severity in SEVERITIES:
        kinds = Counter(found.kind for found in findings if found.rule.severity == severity)
        if kinds:
            named = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
            plural = "" if kinds.total() == 1 else "s"
            parts.append(f"{kinds.total()} {severity}{plural} ({named})")
    return "; ".join(parts)


def describe_folds(found: Mapping[str, Any]) -> str:
    """What a cross validation came to, as a table."""
    lines = [f"{found['folds']} folds; each of {found['tested']} rows was tested once:"]
    lines.append(f"  {'':<34}   mean  deviation  lowest  highest")
    for line in found["figures"]:
        deviation = "–" if line["deviation"] is None else f"{line['deviation']:.3f}"
        few = "" if line["folds"] == found["folds"] else f"  in {line['folds']} folds only"
        lines.append(
            f"  {line['figure']:<34}  {line['mean']:.3f}  {deviation:>9}  {line['lowest']:>6.3f}  "
            f"{line['highest']:>7.3f}{few}"
        )
    return "\n".join(lines)


def describe_curve(points: Sequence[Mapping[str, Any]]) -> str:
    """A learning curve as a table, one line for each share of the training rows."""
    known = {name: title for name, title in CURVE.items() if any(name in p for p in points)}
    lines = ["What more rows bring:", "  " + "  ".join(["share   rows", *known.values()])]
    for point in points:
        line = f"  {_percent(point['share']):>7} {point['rows']:>4}"
        for name, title in known.items():
            line += f"  {point[name]:>{len(title)}.3f}" if name in point else " " * (len(title) + 2)
        lines.append(line)
    return "\n".join(lines)


def describe_search(found: Mapping[str, Any], file: str) -> str:
    """What a search came to: the trials, the best first, and where the recipe is."""
    trials = [trial for trial in found["trials"] if trial["state"] != "interrupted"]
    trials.sort(key=lambda trial: (trial["state"] != "complete", -(trial["score"] or 0)))
    better = ""
    if found["given"] is not None:
        points = 100 * (found["score"] - found["given"])
        better = f", {points:.2f} points above the given recipe"
    lines = [
        f"{len(trials)} trials, judged by {found['rows']} held-out rows: the best scores "
        f"{found['score']:.4f}{better}.",
        f"Recipe: {file}",
    ]
    for trial in trials[:TRIALS_SHOWN]:
        score = "" if trial["score"] is None else f"{trial['score']:.4f}"
        values = " ".join(f"{name}={_brief(value)}" for name, value in trial["values"].items())
        lines.append(f"  {trial['number'] + 1:>4} {trial['state']:<11} {score:<6} {values}")
    if len(trials) > TRIALS_SHOWN:
        lines.append(f"  … and {len(trials) - TRIALS_SHOWN} more, in metrics.json")
    return "\n".join(lines)


def _brief(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _rows(rows: Sequence[Row]) -> list[str]:
    lines = []
    for row in rows[:ROWS_SHOWN]:
        text = row.text if len(row.text) <= 80 else row.text[:77] + "..."
        labels = ", ".join(filter(None, (row.intent, row.sentiment, row.split)))
        lines.append(f'      {row.place}  "{text}"  {labels}'.rstrip())
    if len(rows) > ROWS_SHOWN:
        lines.append(f"      … and {len(rows) - ROWS_SHOWN} more rows")
    return lines


def _headlines(metrics: Mapping[str, Any]) -> list[tuple[str, str]]:
    lines = []
    if "intent" in metrics:
        intent = metrics["intent"]
        lines.append(("intent accuracy", _percent(intent["accuracy"])))
        lines.append(("intent macro-F1", f"{intent['macro_f1']:.3f}"))
        lines.append(("calibration error", f"{intent['calibration_error']:.3f}"))
    if "sentiment" in metrics:
        lines.append(("sentiment macro-F1", f"{metrics['sentiment']['macro_f1']:.3f}"))
    if "entities" in metrics:
        lines.append(("entity F1", f"{metrics['entities']['f1']:.3f}"))
    if "out_of_scope" in metrics:
        scope = metrics["out_of_scope"]
        if "auroc" in scope:
            lines.append(("out-of-scope AUROC", f"{scope['auroc']:.3f}"))
        lines.append(("out-of-scope recall", _percent(scope["recall"])))
    if "promise" in metrics:
        lines.extend(_promise_lines(metrics["promise"]))
    return lines


def _int8_lines(made: Mapping[str, Any]) -> list[str]:
    if made["reason"]:
        lines = [f"CPUs read in 32-bit floats; 8-bit integers would not do: {made['reason']}."]
    else:
        lines = ["CPUs read in 8-bit integers, checked on rows that did not train:"]
    for name, line in made.get("figures", {}).items():
        pair = f"{_percent(line['int8'])} (32-bit floats: {_percent(line['float32'])})"
        lines.append(f"  {FIGURES[name]:<34} {pair}")
    return lines


def _distil_lines(made: Mapping[str, Any]) -> list[str]:
    layers = ", ".join(str(layer + 1) for layer in made["layers"])
    lines = [
        f"A student with the layers {layers} of its teacher; {made['messages']} messages without "
        "labels trained it, too. Beside its teacher, on rows that trained neither:",
        f"  {'':<36} student   teacher",
    ]
    for name, line in made["figures"].items():
        pair = f"{_percent(line['student']):>7}   {_percent(line['teacher']):>7}"
        lines.append(f"  {FIGURES[name]:<36} {pair}")
    for name, title in SPEEDS.items():
        pair = f"{made['speeds']['student'][name]:>7.1f}   {made['speeds']['teacher'][name]:>7.1f}"
        lines.append(f"  {title:<36} {pair}")
    return lines


def _promise_lines(promise: Mapping[str, Any]) -> list[tuple[str, str]]:
    if promise["threshold"] > 1:
        share = _percent(promise["promise"])
        return [("answered", f"nothing: too few rows, or too few read rightly, to promise {share}")]
    lines = [("answered", _percent(promise["answered"]))]
    if promise["precision"] is not None:
        wanted = _percent(promise["promise"])
        lines.append(("answered rightly", f"{_percent(promise['precision'])} (promise {wanted})"))
    return lines


def _table(title: str, classes: Mapping[str, Mapping[str, float]]) -> list[str]:
    width = max([len(title), *(len(label) for label in classes)])
    lines = [f"{title:<{width}}  precision  recall     f1  rows"]
    for label, line in classes.items():
        lines.append(
            f"{label:<{width}}  {line['precision']:>9.3f}  {line['recall']:>6.3f}  "
            f"{line['f1']:>5.3f}  {line['support']:>4.0f}"
        )
    return lines


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
