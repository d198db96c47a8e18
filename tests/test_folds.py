"""Cross validation: every row is tested once, near-duplicates stay together, marks are kept."""

import math
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from finetune.folds import cross_evaluate, split_folds, summarise_folds
from finetune.report import describe_folds
from finetune.rows import Row
from finetune.split import group_rows
from service.errors import ContentError
from tiny import make_encoder, make_rows, tiny_recipe


def texts(rows: list[Row], split: str) -> set[str]:
    return {row.text for row in rows if row.split == split}


def test_every_row_is_tested_once_and_like_ones_stay_together() -> None:
    rows = make_rows()
    folds = split_folds(rows, 4)
    tested = Counter(text for fold in folds for text in texts(fold, "test"))
    assert set(tested.values()) == {1}
    assert set(tested) == {row.text for row in rows}
    for fold in folds:
        assert len(fold) == len(rows)
        for group in group_rows(rows):
            assert len({fold[n].split for n in group}) == 1
        greetings = Counter(row.split for row in fold if row.intent == "greeting")
        assert set(greetings) == {"train", "valid", "test"}
        assert len(texts(fold, "valid")) >= len(rows) * 0.1


def test_order_of_folds_does_not_depend_on_chance() -> None:
    assert split_folds(make_rows(), 3) == split_folds(make_rows(), 3)


def test_marked_rows_keep_their_place() -> None:
    rows = make_rows()
    marks = {rows[0].text: "train", rows[30].text: "valid", rows[50].text: "test"}
    marked = [replace(row, split=marks.get(row.text)) for row in rows]  # type: ignore[arg-type]
    support = Row("goods come back to us", "greeting", support=True)
    twins = [Row("back to us come goods", "greeting"), Row(rows[0].text + "!", rows[0].intent)]
    for fold in split_folds([*marked, support, *twins], 3):
        assert rows[50].text not in {row.text for row in fold}
        assert texts(fold, "valid") >= {rows[30].text}
        assert {rows[0].text, support.text, *(twin.text for twin in twins)} <= texts(fold, "train")
        # With valid rows at hand none is taken from those that train.
        assert all(
            r.text == rows[30].text or r.intent == rows[30].intent
            for r in fold
            if r.split == "valid"
        )


def test_the_only_example_of_an_intent_trains() -> None:
    for fold in split_folds([*make_rows(), Row("an odd one", "lonely")], 3):
        assert "an odd one" in texts(fold, "train")


def test_too_few_rows_are_refused() -> None:
    rows = [replace(row, split="train") for row in make_rows()]
    with pytest.raises(ContentError, match="there are 0"):
        split_folds(rows, 2)
    with pytest.raises(ContentError, match="50 folds"):
        split_folds(make_rows()[:20], 50)


def test_summary_leaves_out_what_a_fold_lacks() -> None:
    each = [
        {"intent": {"accuracy": 0.5}, "promise": {"precision": None}},
        {"intent": {"accuracy": 0.7}, "promise": {"precision": 1.0}},
        {"intent": {"accuracy": math.nan}},
    ]
    accuracy, precision = summarise_folds(each)
    assert accuracy["mean"] == pytest.approx(0.6)
    assert accuracy["deviation"] == pytest.approx(0.2 / math.sqrt(2))
    assert (accuracy["lowest"], accuracy["highest"], accuracy["folds"]) == (0.5, 0.7, 2)
    assert (precision["mean"], precision["deviation"], precision["folds"]) == (1.0, None, 1)
    text = describe_folds({"folds": 3, "tested": 9, "figures": [accuracy, precision]})
    assert "in 2 folds only" in text
    assert "–" in text


def test_folds_are_trained_and_measured_apart(tmp_path: Path) -> None:
    torch.set_num_threads(1)
    recipe = tiny_recipe(make_encoder(tmp_path / "encoder"), epochs=12)
    told: set[str] = set()
    found = cross_evaluate(
        make_rows(), recipe, 2, device="cpu", progress=lambda stage, *_: told.add(stage)
    )
    figures = {line["name"]: line for line in found["figures"]}
    accuracy = figures["intent.accuracy"]
    assert accuracy["lowest"] <= accuracy["mean"] <= accuracy["highest"]
    assert accuracy["mean"] >= 0.7
    assert len(accuracy["values"]) == len(found["each"]) == 2
    assert any(len(set(line["values"])) == 2 for line in figures.values())  # not one fold twice
    assert found["tested"] == found["rows"] == len(make_rows())
    assert [fold["splits"]["test"] for fold in found["each"]] == pytest.approx(
        [found["rows"] / 2] * 2, abs=8
    )
    assert {"fold 1/2, evaluate", "fold 2/2, evaluate"} <= told
    assert "Intent accuracy" in describe_folds(found)
