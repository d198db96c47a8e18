"""The learning curve: shares hold each other, are measured on the same rows, and are drawn."""

from pathlib import Path
from typing import Any

import torch

from finetune.learning import measure_shares, take_share
from finetune.prepare import prepare
from finetune.report import describe_curve
from finetune.rows import Row
from finetune.run import train_release
from finetune.split import group_rows
from tiny import WORDS, make_encoder, make_rows, tiny_recipe


def metrics_of(accuracy: float) -> dict[str, Any]:
    return {"intent": {"accuracy": accuracy, "accuracy_interval": [0, 1], "macro_f1": accuracy}}


def test_larger_share_holds_the_smaller_and_whole_groups() -> None:
    rows = prepare(make_rows()).train
    small, large = take_share(rows, 0.25), take_share(rows, 0.5)
    assert len(small) < len(large) < len(rows)
    assert {row.text for row in small} <= {row.text for row in large}
    assert {row.intent for row in small} == {row.intent for row in rows}
    for group in group_rows(rows):
        assert len({rows[n] in large for n in group}) == 1
    assert take_share(rows, 1.0) == rows


def test_rows_that_the_desk_wrote_are_in_every_share() -> None:
    own = Row("Say hello", "greeting", support=True, own=True)
    rows = [own, *(Row(f"{n} {n * n}", "greeting") for n in range(20))]
    assert take_share(rows, 0.1)[0] == own
    points = measure_shares(rows, (0.5,), lambda part, _: metrics_of(len(part)), metrics_of(1))
    assert [(p["rows"], p["share"]) for p in points] == [(10, 0.5), (20, 1.0)]
    assert points[0]["accuracy"] == 11


def test_share_that_adds_nothing_is_left_out() -> None:
    rows = [Row(text, "greeting") for text in ("hello", "good morning")]
    asked: list[int] = []

    def measure(part: list[Row], label: str) -> dict[str, Any]:
        asked.append(len(part))
        return metrics_of(0.5)

    points = measure_shares(rows, (0.1, 0.25, 0.5, 0.9), measure, metrics_of(0.75))
    assert asked == [1]
    assert [point["share"] for point in points] == [0.5, 1.0]
    assert "0.750" in describe_curve(points)


def test_release_keeps_and_draws_its_curve(tmp_path: Path) -> None:
    torch.set_num_threads(1)
    recipe = tiny_recipe(make_encoder(tmp_path / "encoder"), epochs=10)
    made = train_release(make_rows(), recipe, out=tmp_path / "with", device="cpu", curve=True)
    points = made.metrics["learning"]
    assert len(points) == 4
    rows = [point["rows"] for point in points]
    assert rows == sorted(set(rows))
    assert rows[-1] == made.metrics["splits"]["train"] - len(WORDS)  # less the intents' names
    assert points[-1]["accuracy"] == made.metrics["intent"]["accuracy"]
    assert points[0]["accuracy"] < points[-1]["accuracy"]
    assert "What more rows bring" in (made.path / "report.html").read_text()
    assert "entity F1" in describe_curve(points)

    # A point is what a training on these rows alone reaches.
    prepared = prepare(make_rows())
    rest = [*prepared.tuning, *prepared.promised, *prepared.test]
    half = [*take_share(prepared.train, 0.5), *rest]
    alone = train_release(half, recipe, out=tmp_path / "half", device="cpu")
    assert alone.metrics["splits"]["train"] - len(WORDS) == points[2]["rows"]
    assert alone.metrics["intent"]["accuracy"] == points[2]["accuracy"]
    assert alone.metrics["sentiment"]["macro_f1"] == points[2]["sentiment_macro_f1"]
    assert "learning" not in alone.metrics
