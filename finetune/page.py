"""The report of a release: one HTML file that needs no network and no JavaScript.

Called when a release is written and by `frontdesk evaluate --html`. Figures are those of
``metrics.json``; parts that those lack are left out. The template escapes everything but the
figures that `finetune.charts` drew.
"""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader
from markupsafe import Markup, escape

from finetune import charts
from finetune.charts import percent
from finetune.compare import LOWER_IS_BETTER
from finetune.details import shorten
from finetune.headlines import MEASURED, headlines, verdict
from finetune.report import FIGURES, SPEEDS, describe_cleaning
from finetune.svg import clean_text
from index.records import OUT_OF_SCOPE
from index.release import Release

Metrics = Mapping[str, Any]
View = dict[str, Any]

# What the learning curve shows: the first that was measured.
LEARNING = {
    "accuracy": "intent accuracy",
    "sentiment_macro_f1": "sentiment macro-F1",
    "entity_f1": "entity F1",
}
CLASSES = 200  # labels in a table; the others are counted
TRIALS = 10


def write_report(file: Path, release: Release, metrics: Metrics) -> None:
    """Write the report of what a release reached. Raises ``OSError``."""
    file.write_text(render(release, metrics), encoding="utf-8", errors="replace")


def render(release: Release, metrics: Metrics) -> str:
    """The report as HTML. Raises nothing for metrics that lack parts, as those of old releases."""
    figures = headlines(metrics)
    lows = [figure.interval[0] for figure in figures if figure.interval]
    page, recipe = environment().get_template("report.html"), _recipe(release)
    return page.render(
        manifest=release.manifest,
        labels=release.labels,
        metrics=metrics,
        measured=_measured(metrics),
        verdict=verdict(metrics),
        headlines=figures,
        base=0.5 if min(lows, default=0) >= 0.5 else 0.0,
        intents=_classes(metrics, "intent"),
        sentiments=_classes(metrics, "sentiment"),
        entities=_classes(metrics, "entities"),
        figures=_figures(release, metrics),
        changes=_changes(metrics.get("changes")),
        counts=_counts(metrics.get("labels")),
        search=_search(metrics.get("search")),
        made=_made(release, recipe),
        titles=FIGURES,
        speeds=SPEEDS,
        soup=recipe.get("soup", 1),
        cleaning=describe_cleaning(metrics["cleaning"]) if "cleaning" in metrics else "",
    )


def environment() -> Environment:
    """Templates that escape by default, whatever their names end in."""
    made = Environment(
        loader=PackageLoader("finetune", "pages"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        percent=percent,
        score=_score,
        signed=_signed,
        width=_width,
        plural=_plural,
        shown=_shown,
        label=_label,
        brief=lambda value: _shown(shorten(str(value))),
    )
    return made


def _measured(metrics: Metrics) -> str:
    where = MEASURED.get(str(metrics.get("measured_on")), "rows given")
    return f"{metrics.get('rows', 0)} {where}"


def _classes(metrics: Metrics, head: str) -> View:
    """Labels from the worst F1 up, the larger first where it is the same."""
    table = metrics.get(head, {}).get("classes", {})
    lines = [
        {"label": label, "precision": None, "recall": None, **line} for label, line in table.items()
    ]
    lines.sort(key=lambda line: (line["f1"], -line["support"], line["label"]))
    perfect = sum(line["f1"] == 1 for line in lines)
    return {"lines": lines[:CLASSES], "more": max(0, len(lines) - CLASSES), "perfect": perfect}


def _figures(release: Release, metrics: Metrics) -> dict[str, Markup]:
    """Every figure that the metrics have enough for."""
    found: dict[str, str] = {}
    for head in ("intent", "sentiment"):
        part = metrics.get(head, {})
        if part.get("reliability"):
            found[f"{head}_reliability"] = charts.reliability(
                f"{head}-reliability", f"{head} confidence", part["reliability"]
            )
    if metrics.get("sentiment", {}).get("matrix"):
        table = metrics["sentiment"]["matrix"]
        found["sentiment_matrix"] = charts.matrix(
            "moods", "Sentiments and how they were read", table, False
        )
    if metrics.get("intent", {}).get("matrix", {}).get("labels"):
        table = metrics["intent"]["matrix"]
        found["intent_matrix"] = charts.matrix("confused", "Intents that are confused", table, True)
    if metrics.get("promise", {}).get("curve"):
        found["coverage"] = charts.coverage(metrics["promise"])
    found |= _scope_figures(metrics.get("out_of_scope", {}))
    epochs = metrics.get("epochs") or []
    if epochs:
        loss = [(float(e["number"]), float(e["loss"])) for e in epochs]
        found["loss"] = charts.course(
            "loss", "Loss by epoch", loss, "training loss", "epoch", False
        )
    score = [(float(e["number"]), float(e["score"])) for e in epochs if e["score"] is not None]
    if score:
        found["score"] = charts.course(
            "score", "Score by epoch", score, "score on held-out rows", "epoch"
        )
    for name, words in LEARNING.items():
        learned = [p for p in metrics.get("learning") or [] if name in p]
        if learned and "learning" not in found:
            found["learning"] = charts.course(
                "learning",
                f"{words.capitalize()} by share of the training rows",
                [(float(p["share"]), float(p[name])) for p in learned],
                words,
                "share of the training rows",
                band=[p.get(f"{name}_interval") or (p[name], p[name]) for p in learned],
            )
    return {name: Markup(text) for name, text in found.items()}  # noqa: S704 built as a tree


def _scope_figures(part: Metrics) -> dict[str, str]:
    histograms, threshold = part.get("histograms"), part.get("threshold")
    if not histograms:
        return {}
    odds = math.log(threshold / (1 - threshold)) if threshold and 0 < threshold < 1 else None
    mark = f"in scope from {percent(threshold)}" if threshold is not None else ""
    return {
        "in_scope": charts.scope(
            "in-scope",
            "In-scope probability of known and other messages",
            histograms["in_scope"],
            threshold,
            mark,
            "in-scope probability",
        ),
        "log_odds": charts.scope(
            "log-odds",
            "Scope score of known and other messages",
            histograms["log_odds"],
            odds,
            mark,
            "scope score, named by its probability",
        ),
    }


def _changes(changes: Metrics | None) -> View | None:
    """The comparison with the champion, and sentences about it."""
    if not changes:
        return None
    heads = [
        {"name": name, "title": name.capitalize(), **changes[name]}
        for name in ("intent", "sentiment")
        if name in changes
    ]
    return {**changes, "heads": heads, "lower": LOWER_IS_BETTER}


def _search(search: Metrics | None) -> View | None:
    """The best trials of the search for the recipe, and what they changed."""
    if not search:
        return None
    complete = [trial for trial in search["trials"] if trial["state"] == "complete"]
    complete.sort(key=lambda trial: (-trial["score"], trial["number"]))
    names = list(complete[0]["values"]) if complete else []
    lines = [
        {**trial, "shown": [_plain(trial["values"].get(name)) for name in names]}
        for trial in complete[:TRIALS]
    ]
    count = sum(trial["state"] != "interrupted" for trial in search["trials"])
    return {**search, "count": count, "names": [_words(name) for name in names], "lines": lines}


def _counts(labels: Metrics | None) -> View | None:
    """Rows per intent and sentiment in each split, the largest intents first."""
    if not labels:
        return None
    tables = {}
    for name, table in labels.items():
        lines = [
            {"label": label, "parts": parts, "rows": sum(parts.values())}
            for label, parts in table.items()
        ]
        known = [sum(p.values()) for name, p in table.items() if name != OUT_OF_SCOPE]
        lines.sort(key=lambda line: (-int(str(line["rows"])), str(line["label"])))
        tables[name] = {
            "lines": lines[:CLASSES],
            "more": max(0, len(lines) - CLASSES),
            "most": max(known, default=0) or 1,
            "parts": list(next(iter(table.values()))) if table else [],
        }
    return tables


def _made(release: Release, recipe: Mapping[str, Any]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Calibration and recipe as tables."""
    calibration = release.calibration.to_json()
    numbers = {**calibration.pop("thresholds"), **calibration}
    tables = {"Calibration": numbers, "Recipe": recipe}
    return [
        (title, [(_words(name), _plain(value)) for name, value in table.items()])
        for title, table in tables.items()
        if table
    ]


def _recipe(release: Release) -> dict[str, Any]:
    """The recipe that the release was made by; empty when it cannot be read."""
    try:
        found: dict[str, Any] = json.loads((release.path / "recipe.json").read_bytes())
    except (OSError, ValueError):
        return {}
    return found


def _words(name: str) -> str:
    return name.replace("_", " ")


def _plain(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _shown(value: object) -> str:
    return clean_text(str(value))


def _label(value: object) -> Markup:
    """A label that may break after its underscores."""
    return escape(_shown(value)).replace("_", Markup("_<wbr>"))


def _score(value: float | None) -> str:
    return "–" if value is None or not math.isfinite(value) else f"{value:.3f}"


def _signed(value: float) -> str:
    return "0.000" if abs(value) < 0.0005 else f"{value:+.3f}".replace("-", "−")


def _width(value: float | None) -> str:
    """A share as the length of a bar."""
    return f"{100 * min(1.0, max(0.0, value or 0.0)):.1f}%"


def _plural(count: int, one: str, many: str = "") -> str:
    return f"{count} {one if count == 1 else many or one + 's'}"
