"""The report of a release: the figures of its metrics, safe, whole and small whatever they hold."""

import re
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from finetune import charts
from finetune.charts import percent
from finetune.compare import compare_figures, compare_readings
from finetune.evaluate import judge_readings
from finetune.headlines import headlines, verdict
from finetune.page import render
from finetune.rows import Row
from finetune.svg import clean_text
from index.records import SENTIMENTS, Thresholds
from index.release import Labels
from made_readings import (
    EVIL,
    THRESHOLDS,
    make_metrics,
    make_reading,
    make_release,
    make_rows,
)

VOID = {"meta", "link", "br", "wbr", "hr", "img"}


class Outline(HTMLParser):
    """Tags, ids and links of a page; fails where tags do not match."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        found = dict(attrs)
        self.ids += [found["id"] or ""] if "id" in found else []
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]
        assert not [name for name in found if name.startswith("on")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def draw(metrics: dict[str, Any]) -> tuple[str, Outline]:
    html = render(make_release(metrics), metrics)
    outline = Outline()
    outline.feed(html)
    assert outline.open == []
    assert len(set(outline.ids)) == len(outline.ids)
    assert all(link.removeprefix("#") in outline.ids for link in outline.links), outline.links
    for svg in re.findall(r"<svg.*?</svg>", html, re.DOTALL):
        root = ET.fromstring(svg)
        assert root.get("role") == "img"
        assert [child.tag.rpartition("}")[2] for child in root][:2] == ["title", "desc"]
    html.encode("utf-8")
    return html, outline


def all_parts() -> dict[str, Any]:
    rows, readings = make_rows()
    before = [make_reading(row.text, row.intent or "", 0.7, 0.9) for row in rows]
    metrics = make_metrics(learning=[{"share": s, "rows": 9, "accuracy": s} for s in (0.5, 1.0)])
    metrics["changes"] = {
        "against": "rel_before",
        "rows": len(rows),
        "set_aside": 2,
        "unseen": False,
        "figures": compare_figures(
            judge_readings(rows, before, make_release({}).labels, THRESHOLDS), metrics
        ),
        **compare_readings(rows, before, readings),
    }
    return metrics


def test_figures_on_the_page_are_those_of_the_metrics() -> None:
    metrics = all_parts()
    _, page = draw(metrics)
    text = " ".join(page.text.split())
    assert "rel_20260101T000000Z_abcdef01" in text
    assert "700 train, 200 valid, 70 test" in text
    for part, name in (("promise", "answered"), ("promise", "precision"), ("intent", "top3")):
        assert percent(metrics[part][name]).replace("\u00a0", " ") in text
        low, high = metrics[part][f"{name}_interval"]
        assert f"{percent(low)} to {percent(high)}".replace("\u00a0", " ") in text
    for value in (
        metrics["sentiment"]["macro_f1"],
        metrics["out_of_scope"]["auroc"],
        metrics["intent"]["calibration_error"],
        metrics["entities"]["f1"],
        *(line["f1"] for line in metrics["intent"]["classes"].values()),
    ):
        assert f"{value:.3f}" in text
    for part in ("mistakes",):
        assert f"Misread messages: {metrics['intent'][part]['count']}" in text
    assert "got: " + str(metrics["promise"]["wrong"]["count"]) in text
    assert "1 of 3 rows kept (dropped: 1 duplicates)" in text
    assert "The release before kept no list" in text
    assert f"Right before, wrong now: {metrics['changes']['intent']['broken']['count']}" in text
    assert {"#changes", "#promise", "#training", "#rows"} <= set(page.links)


def test_classes_stand_worst_first() -> None:
    metrics = make_metrics()
    classes = metrics["intent"]["classes"]
    html, _ = draw(metrics)
    rows = html[html.index('id="intents"') :]
    order = sorted(classes, key=lambda label: classes[label]["f1"])
    places = [rows.index(label.replace("_", "_<wbr>") + "</th>") for label in order]
    assert places == sorted(places)


def test_messages_are_text_and_nothing_runs_or_loads() -> None:
    metrics = make_metrics(cleaning=make_metrics()["cleaning"])
    metrics["intent"]["classes"]["<img src=x onerror=1>"] = {"f1": 0.1, "support": 1}
    html, page = draw(metrics)
    assert metrics["intent"]["mistakes"]["shown"][0]["text"] == EVIL
    assert "<script" not in html
    assert "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;" in html
    assert "{{ 7*7 }}" in html
    assert "twice &lt;b&gt;" in html
    assert "\x00" not in html
    assert "\ud800" not in html
    assert page.tags.isdisjoint({"script", "img", "link", "iframe", "object", "base", "form"})
    assert "default-src 'none'" in html
    assert not re.search(r"(?:src|href)=[\"']?(?:https?:)?//|url\(|@import", html)


def degenerate() -> dict[str, dict[str, Any]]:
    labels = Labels(("a", "b"), SENTIMENTS, ())
    read = [make_reading("x", "a"), make_reading("y", "a")]
    one = judge_readings([Row("x", "a"), Row("y", "a")], read, labels, THRESHOLDS)
    outside = judge_readings([Row("x", "out_of_scope")], read[:1], labels, THRESHOLDS)
    never = Thresholds(0.95, 0.1, answer=1.01, clarify=1.01, in_scope=0.0)
    return {
        "nothing": {},
        "no labels": {"measured_on": "test", **judge_readings([Row("x")], read[:1], labels, never)},
        "no rows": {"measured_on": "valid", **judge_readings([], [], labels, never)},
        "one intent, no sentiment": one,
        "only outliers": outside,
        "nothing is promised": judge_readings([Row("x", "b")], read[:1], labels, never),
        "sentiment alone": judge_readings([Row("x", None, "neutral")], read[:1], labels, never),
        "one epoch, not finite": {
            **one,
            "epochs": [{"number": 1, "loss": float("nan"), "score": 0.0}],
        },
        "release that cannot be read": {**one, "changes": {"against": "r", "error": "<gone>"}},
        "all rows seen": {
            **one,
            "changes": {
                "against": "r",
                "rows": 0,
                "set_aside": 2,
                "unseen": True,
                "figures": [],
                **compare_readings([], [], []),
            },
        },
        "an old release": {
            "measured_on": "test",
            "rows": 3,
            "intent": {
                "rows": 3,
                "accuracy": 1.0,
                "top3": 1.0,
                "macro_f1": 1.0,
                "calibration_error": 0.1,
                "classes": {"a": {"precision": 1, "recall": 1, "f1": 1, "support": 3}},
                "confused": [],
            },
            "out_of_scope": {"rows": 1, "recall": 1.0},
            "promise": {
                "promise": 0.95,
                "threshold": 0.5,
                "rows": 3,
                "answered": 1.0,
                "answered_in_scope": None,
                "precision": 1.0,
            },
            "entities": {
                "rows": 1,
                "f1": 1,
                "precision": 1,
                "recall": 1,
                "classes": {"w": {"f1": 1, "support": 1}},
            },
        },
    }


@pytest.mark.parametrize("name", degenerate())
def test_metrics_that_lack_parts_break_nothing(name: str) -> None:
    html, _ = draw(degenerate()[name])
    assert "nan" not in html.lower().replace("nano", "")


def test_page_of_many_rows_is_small() -> None:
    rows = [
        Row(f"{number} " + "<&'\">" * 400, f"intent_{number % 150}", SENTIMENTS[number % 3])
        for number in range(20_000)
    ]
    labels = Labels(tuple(f"intent_{n}" for n in range(150)), SENTIMENTS, ())
    guess = [
        make_reading(row.text, f"intent_{(n + n % 7) % 150}", 0.3 + n % 60 / 100)
        for n, row in enumerate(rows)
    ]
    metrics: dict[str, Any] = {
        "measured_on": "test",
        **judge_readings(rows, guess, labels, THRESHOLDS),
    }
    metrics["changes"] = {
        "against": "r",
        "rows": len(rows),
        "set_aside": 0,
        "unseen": True,
        "figures": [],
        **compare_readings(rows, guess, guess[1:] + guess[:1]),
    }
    html, page = draw(metrics)
    assert len(html.encode()) < 1_000_000
    assert "more that are not kept" in page.text


def test_verdict_and_headlines_agree_with_the_promise() -> None:
    promise = {"promise": 0.9, "threshold": 0.5, "answered": 0.8, "precision": 0.95}
    cases = {
        (0.91, 0.97): ("beyond chance", "good"),
        (0.85, 0.97): ("on these messages", "good"),
    }
    for interval, (words, standing) in cases.items():
        found = verdict({"promise": {**promise, "precision_interval": interval}})
        assert words in found.remark
        assert found.standing == standing
    for interval, words in {(0.8, 0.92): "chance", (0.8, 0.88): "broken"}.items():
        low = {**promise, "precision": 0.86, "precision_interval": interval}
        assert words in verdict({"promise": low}).remark
        assert [h.standing for h in headlines({"promise": low})] == ["", "bad"]
    assert verdict({"promise": {**promise, "threshold": 1.01}}).standing == "bad"


def test_percent_never_claims_a_whole_that_is_none() -> None:
    assert percent(1.0) == "100\u00a0%"
    assert percent(0.99999) == "99.9\u00a0%"
    assert percent(0.935) == "93.5\u00a0%"
    assert percent(float("nan")) == "–"


def test_labels_in_figures_are_escaped_and_cut() -> None:
    table = {"labels": ["<a&b>\x00", "x" * 90], "counts": [[1, 2], [0, 0]], "left_out": 0}
    for numbered in (True, False):
        ET.fromstring(charts.matrix("m", "<t>", table, numbered))
    assert clean_text("a\x00b\ud800\x9fc\n") == "a�b��c\n"
