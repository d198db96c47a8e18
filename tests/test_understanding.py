"""The bench of understanding: what counts as a point, a draw and a miss, and a small run of it."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result

from benchmarks.understanding.__main__ import main
from benchmarks.understanding.accuracy import measure_few, measure_joint
from benchmarks.understanding.bench import Bench
from benchmarks.understanding.cases import CASES
from benchmarks.understanding.draws import (
    few,
    inside,
    new_intents,
    repartition,
    sample,
    teaching,
    unite,
)
from benchmarks.understanding.elsewhere import METHOD, TASK, name_ranks, name_speed
from benchmarks.understanding.figures import Figure, Outcome, summary, table
from benchmarks.understanding.measures import (
    Realised,
    highest_threshold,
    polarity,
    realise,
    refuse,
)
from benchmarks.understanding.promises import measure_growth
from finetune.batches import pick
from finetune.calibrate import Judged
from finetune.recipe import read_recipe
from finetune.rows import Row, Span, read_rows
from index.backend import Raw
from index.records import Reading, Scored, Thresholds
from tiny import make_encoder, make_rows, tiny_recipe

SPLITS_OF_SIX = ("train", "train", "train", "valid", "valid", "test")


def reading(**scores: float) -> Reading:
    ranked = tuple(Scored(label, score) for label, score in scores.items())
    return Reading("", np.zeros(2, np.float32), (), ranked, 1.0, (), "rel")


def rows_of(intents: dict[str, int], split: str) -> list[Row]:
    rows = [
        Row(f"{name} {split} {n}", name) for name, count in intents.items() for n in range(count)
    ]
    return [replace(row, split=split) for row in rows]  # type: ignore[arg-type]


class TestRefusing:
    """Five known messages, of which the second surest is wrong, and three out-of-scope ones."""

    known = np.array([0.9, 0.8, 0.7, 0.6, 0.2])
    right = np.array([True, False, True, True, True])
    outside = np.array([0.65, 0.3, 0.1])

    def test_a_refused_message_and_a_wrong_one_both_cost_accuracy(self) -> None:
        point = refuse(0.6, self.known, self.right, self.outside)
        assert (point.accuracy, point.recall) == (pytest.approx(3 / 5), pytest.approx(2 / 3))

    def test_a_score_at_the_threshold_is_not_refused(self) -> None:
        assert refuse(0.65, self.known, self.right, self.outside).recall == pytest.approx(2 / 3)

    @pytest.mark.parametrize(("accuracy", "threshold"), [(0.8, 0.2), (0.6, 0.6), (0.41, 0.6)])
    def test_the_highest_threshold_keeps_the_accuracy(
        self, accuracy: float, threshold: float
    ) -> None:
        assert highest_threshold(self.known, self.right, accuracy) == threshold
        assert refuse(threshold, self.known, self.right, self.outside).accuracy >= accuracy
        above = np.nextafter(threshold, 1)
        assert refuse(above, self.known, self.right, self.outside).accuracy < accuracy

    def test_there_is_none_where_too_few_are_right(self) -> None:
        assert highest_threshold(self.known, self.right, 0.81) is None

    def test_rows_of_one_score_are_kept_or_refused_together(self) -> None:
        ties = np.array([0.5, 0.5, 0.5, 0.9])
        assert highest_threshold(ties, np.ones(4, np.bool_), 0.5) == 0.5


def test_neutral_is_merged_away() -> None:
    readings = [
        reading(neutral=0.8, positive=0.15, negative=0.05),
        reading(negative=0.6, positive=0.3, neutral=0.1),
    ]
    labels, shares = polarity(readings)
    assert labels == ["positive", "negative"]
    assert shares == pytest.approx([0.75, 2 / 3])


class TestRealised:
    judged = Judged(
        certainty=np.array([0.9, 0.8, 0.7, 0.9, 0.2], np.float32),
        in_scope=np.array([0.9, 0.9, 0.1, 0.9, 0.9], np.float32),
        right=np.array([True, False, True, False, True]),
        near=np.zeros(5, np.bool_),
        outliers=np.array([False, False, False, True, False]),
        counts=np.ones(5, np.float32),
    )

    def test_an_answered_out_of_scope_message_is_wrong(self) -> None:
        found = realise(self.judged, Thresholds(0.9, 0.1, answer=0.5, clarify=0, in_scope=0.5))
        assert found == Realised(pytest.approx(1 / 3), pytest.approx(3 / 5), pytest.approx(2 / 4))
        assert not found.kept(0.5)
        assert found.kept(1 / 3)

    def test_a_desk_that_answers_nothing_breaks_no_promise(self) -> None:
        found = realise(self.judged, Thresholds(0.9, 0.1, answer=1.01, clarify=0, in_scope=0))
        assert found == Realised(None, 0.0, 0.0)
        assert found.kept(0.99)


def test_no_text_of_the_test_part_trains_whatever_its_label() -> None:
    rows = [
        Row("Where is it?", "track", split="train"),
        Row("where  IS it?", "cancel", split="valid"),
        Row("stop it", "cancel", split="train"),
        Row("good", "praise", split="train"),
        Row("where is it?", "track", split="test"),
    ]
    assert [row.text for row in teaching(rows, unseen=[Row("Good")])] == ["stop it"]


def test_a_sample_keeps_every_split_and_label() -> None:
    rows = rows_of({"a": 100, "b": 2}, "train") + rows_of({"a": 40}, "test")
    kept = sample(rows, 0.1)
    counts = Counter((row.split, row.intent) for row in kept)
    assert counts == {("train", "a"): 10, ("train", "b"): 1, ("test", "a"): 4}
    assert kept == sample(rows, 0.1)
    assert kept == [row for row in rows if row in kept]
    assert sample(rows, 1.0) == rows


def test_few_examples_are_of_training_rows_alone_and_differ_by_draw() -> None:
    rows = rows_of({"a": 50, "b": 50, "rare": 3, "out_of_scope": 50}, "train")
    rows += rows_of({"a": 50}, "valid") + rows_of({"a": 50}, "test")
    drawn = few(rows, 10, seed=1)
    assert Counter(row.intent for row in drawn) == {"a": 10, "b": 10, "rare": 3}
    assert {row.split for row in drawn} == {"train"}
    assert len({row.text for row in drawn}) == 23
    assert drawn == few(rows, 10, seed=1) != few(rows, 10, seed=2)


def test_a_union_gives_each_row_the_label_of_its_set_alone() -> None:
    slots = Row("play it", "PlayMusic", entities=(Span(0, 4, "x"),), split="train")
    wish = Row("track it", "track", sentiment="neutral", split="train")
    joined = unite({"intent": [wish], "entities": [slots]})
    assert joined == [replace(wish, sentiment=None), replace(slots, intent=None)]


def test_new_intents_are_known_ones_and_always_the_same() -> None:
    rows = rows_of({"a": 1, "b": 1, "c": 1, "out_of_scope": 1}, "train")
    fresh = new_intents(rows, 2)
    assert fresh < {"a", "b", "c"}
    assert len(fresh) == 2
    assert fresh == new_intents(list(reversed(rows)), 2)


def test_a_repartition_deals_every_row_once() -> None:
    parts = repartition([3, 5, 12], seed=4)
    assert [len(part) for part in parts] == [3, 5, 12]
    assert sorted(np.concatenate(parts)) == list(range(20))
    assert any(
        (one != other).any() for one, other in zip(parts, repartition([3, 5, 12], 5), strict=True)
    )


def test_picked_rows_keep_their_fields_together() -> None:
    numbers = np.arange(4, dtype=np.float32)
    raw = Raw(
        vectors=np.stack([numbers, numbers], axis=1),
        intents=numbers[:, None],
        distances=numbers,
        sentiments=np.zeros((4, 0), np.float32),
        tags=[np.full(n, n, np.int64) for n in range(4)],
    )
    picked = pick(raw, np.array([2, 0]))
    assert picked.vectors.tolist() == [[2, 2], [0, 0]]
    assert picked.distances.tolist() == [2, 0]
    assert picked.sentiments.shape == (2, 0)
    assert [tags.tolist() for tags in picked.tags] == [[2, 2], []]


@pytest.mark.parametrize(
    ("figure", "verdict"),
    [
        (Figure("", 0.9731, 0.973), "met"),
        (Figure("", 0.973, 0.973), "met"),
        (Figure("", 0.9662, 0.973), "**short by 0.68 points**"),
        (Figure("", 0.97299, 0.973), "**short by less than 0.01 points**"),
        (Figure("", 0.0342, 0.03, "score", "most"), "**over by 0.0042**"),
        (Figure("", 0.01, 0.03, "score", "most"), "met"),
        (Figure("", -0.3, -0.3, "points"), "met"),
        (Figure("", -0.45, -0.3, "points"), "**short by 0.15 points**"),
        (Figure("", 16, 18, "count", whole=20), "**short by 2**"),
        (Figure("", 1.25, 1.5, "times"), "**short by 0.25 ×**"),
        (Figure("", None, 0.5), "not measured"),
        (Figure("", 0.5), ""),
    ],
)
def test_a_miss_says_by_how_much(figure: Figure, verdict: str) -> None:
    assert figure.verdict() == verdict


def test_the_table_has_goals_measures_and_misses() -> None:
    figures = (
        Figure("accuracy", 0.9662, 0.973, note="one | two"),
        Figure("splits", 19, 18, "count", whole=20),
        Figure("recall", 0.5),
        Figure("gap", None, -0.3, "points"),
    )
    outcomes = [Outcome("a", "Set A", seconds=90, figures=figures), Outcome("b", "B", skipped="no")]
    assert table(outcomes).splitlines()[2:] == [
        "| **Set A** |  |  |  | 1.5 min |",
        "| accuracy | ≥ 97.30 % | 96.62 % | **short by 0.68 points** | one / two |",
        "| splits | ≥ 18 | 19 of 20 | met |  |",
        "| recall |  | 50.00 % |  |  |",
        "| gap | ≥ -0.30 points | – | not measured |  |",
        "| **B** |  |  |  | no |",
    ]
    told = summary(outcomes)
    assert told.startswith("1 of 3 goals are met.")
    assert "- a: accuracy: **short by 0.68 points**" in told
    assert "- a: gap: not measured" in told
    assert "- b: no" in told
    assert "recall" not in told


def test_an_outcome_is_read_as_it_was_written() -> None:
    figures = (Figure("splits", 19, 18, "count", whole=20, parts={"precision": [0.9, None]}),)
    training = {"name": "a", "rows": 5, "seconds": 1.0}
    outcome = Outcome("a", "A", "2026-11-22", 1.5, figures, (training,))
    assert Outcome.from_json(json.loads(json.dumps(outcome.to_json()))) == outcome


def test_training_must_be_faster_than_the_trainer_and_as_accurate() -> None:
    ours = {"rows_per_second": 150.0, "accuracy": 0.965}
    speed, accuracy = name_speed(ours, {"rows_per_second": 90.0, "accuracy": 0.966})
    assert speed.value == pytest.approx(150 / 90)
    assert speed.verdict() == "met"
    assert accuracy.verdict() == "**short by 0.10 points**"


def test_the_goal_of_retrieval_is_for_how_the_desk_searches() -> None:
    found = {"map": 0.8, "recall_at_1": 0.7}
    figures = name_ranks({TASK: {"dense": found, METHOD: found}}, "as it comes", 0.765)
    assert [(f.what.removeprefix(TASK), f.value, f.goal) for f in figures] == [
        (", hybrid: MAP", 0.8, 0.765),
        (", dense: MAP", 0.8, None),
        (", dense: recall@1", 0.7, None),
        (", hybrid: recall@1", 0.7, None),
    ]
    assert name_ranks({}, "as it comes", 0.765)[0].verdict() == "not measured"


def to_json(row: Row, split: str) -> dict[str, Any]:
    spans = None if row.entities is None else [asdict(span) for span in row.entities]
    labels = {"intent": row.intent, "sentiment": row.sentiment, "entities": spans}
    return {"text": row.text, **labels, "split": split}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A folder with a tiny random encoder, a recipe, and made-up rows for public ones."""
    encoder = make_encoder(tmp_path / "encoder")
    recipe = tiny_recipe(encoder, epochs=12).to_json()
    (tmp_path / "recipe.json").write_text(json.dumps(recipe))
    made = make_rows()
    sets = {
        "clinc150": [row for row in made if row.intent and row.entities is None],
        "goemotions_sentiment": [row for row in made if row.sentiment],
        "uci_sentiment": [Row(f"{mood} film", sentiment=mood) for mood in ("positive", "negative")],
        "snips": [row for row in made if row.entities],
    }
    (tmp_path / "data").mkdir()
    for name, rows in sets.items():
        splits = ("test",) if name.startswith("uci") else SPLITS_OF_SIX
        lines = [
            json.dumps(to_json(row, splits[(number + number // 6) % len(splits)]))
            for number, row in enumerate(rows)
        ]
        (tmp_path / "data" / f"{name}.jsonl").write_text("\n".join(lines))
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield tmp_path
    torch.set_num_threads(before)


@pytest.fixture
def quick(place: Path) -> Bench:
    """A bench whose trainings take eight steps: enough to be measured, not to be good."""
    recipe = replace(read_recipe(place / "recipe.json"), max_steps=8)
    return Bench(place / "data", place / "work", recipe, code="", device="cpu")


@pytest.fixture
def without_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the other benchmarks were not there."""
    monkeypatch.setattr("benchmarks.understanding.elsewhere.find_spec", lambda name: None)


def run(place: Path, *more: str) -> Result:
    """The command, its results into a folder of their own."""
    folders = [f"--{name}={place / name}" for name in ("data", "work", "results")]
    recipe = f"--recipe={place / 'recipe.json'}"
    return CliRunner().invoke(main, [*folders, recipe, "--device=cpu", *more])


def written(place: Path) -> Any:
    """The JSON of the one run that wrote results."""
    (file,) = (place / "results").glob("*.json")
    return json.loads(file.read_bytes())


def test_a_run_measures_against_goals_and_remembers_what_it_did(place: Path) -> None:
    done = run(place, "--only=clinc")
    assert done.exit_code == 0, done.output
    assert "in-scope accuracy | ≥ 97.30 %" in done.stdout
    result = written(place)
    assert result["machine"]["device"] == "cpu"
    assert result["machine"]["torch"] == torch.__version__
    (case,) = result["cases"]
    rows = read_rows([place / "data" / "clinc150.jsonl"])
    assert case["trainings"][0]["rows"] == len(inside(teaching(rows)))
    figures = {figure["what"]: figure["value"] for figure in case["figures"]}
    assert figures["in-scope accuracy"] > 0.5
    assert 0 <= figures["ECE of the intent"] < 1

    run(place, "--only=clinc")
    assert written(place)["cases"] == result["cases"], "it was not measured again"
    run(place, "--only=clinc", "--fresh")
    (again,) = written(place)["cases"]
    assert again["trainings"][0]["reused"]
    assert again["trainings"][0]["release"] == case["trainings"][0]["release"]
    assert {figure["what"]: figure["value"] for figure in again["figures"]} == figures


def test_other_rows_make_another_release(quick: Bench) -> None:
    rows = inside(teaching(quick.rows("clinc150")))
    first = quick.train("a", rows)
    assert quick.train("a", rows) == first
    assert quick.train("a", rows[1:]) != first
    assert [one["reused"] for one in quick.trainings] == [False, True, False]


def test_a_sample_says_that_it_is_one(place: Path, without_others: None) -> None:
    assert run(place, "--only=trainer").exit_code == 0
    assert "sample" not in run(place, "--only=trainer").stdout
    assert "**A sample, 90 % of the rows" in run(place, "--only=trainer", "--sample=0.9").stdout
    assert len(list((place / "results").glob("*-sample.md"))) == 1


def test_only_a_whole_run_is_a_result(
    place: Path, without_others: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.understanding.__main__.RESULTS", place / "whole")
    arguments = [f"--data={place / 'data'}", f"--work={place / 'work'}", "--device=cpu"]
    assert CliRunner().invoke(main, [*arguments, "--only=trainer"]).exit_code == 0
    assert not (place / "whole").exists()
    assert list((place / "work").glob("understanding-*.md"))
    monkeypatch.setattr("benchmarks.understanding.cases.CASES", {"trainer": CASES["trainer"]})
    assert CliRunner().invoke(main, [*arguments, "--sample=0.5"]).exit_code == 0
    assert not (place / "whole").exists()
    assert CliRunner().invoke(main, arguments).exit_code == 0
    assert list((place / "whole").glob("understanding-*.md"))


def test_few_examples_are_all_that_a_draw_has(quick: Bench) -> None:
    accuracy, error, _, right, answered = measure_few(quick)
    assert [one["rows"] for one in quick.trainings] == [30, 30, 30]
    assert accuracy.value == pytest.approx(np.mean(accuracy.parts["draws"]))
    assert error.value == pytest.approx(np.mean(error.parts["draws"]))
    assert right.value == pytest.approx(np.mean(right.parts["draws"]))
    assert answered.value == pytest.approx(np.mean(answered.parts["draws"]))


def test_a_joint_release_is_compared_on_each_set(quick: Bench) -> None:
    figures = {figure.what: figure for figure in measure_joint(quick)}
    rows = {one["name"]: one["rows"] for one in quick.trainings}
    assert set(rows) == {"joint", "clinc", "goemotions", "slots"}
    assert rows["joint"] == rows["clinc"] + rows["goemotions"] + rows["slots"]
    gaps = [figure for figure in figures.values() if figure.unit == "points"]
    assert len(gaps) == 3
    for gap in gaps:
        assert gap.value == pytest.approx(100 * (gap.parts["joint"] - gap.parts["single"]))
    own = figures["in-scope accuracy"].value
    assert own == figures["in-scope accuracy, joint less single"].parts["joint"]


def test_a_desk_that_grows_is_asked_before_it_knows(
    quick: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.understanding.promises.NEW", 1)
    figures = {figure.what: figure for figure in measure_growth(quick)}
    counts = [figure for figure in figures.values() if figure.unit == "count"]
    assert [figure.whole for figure in counts] == [20] * 6
    for figure in counts:
        answers = [share for share in figure.parts["answered"] if share]
        assert (figure.value is None) == (not answers), "a promise that nobody made was not kept"
    assert all(len(figure.parts["precision"]) == 20 for figure in counts)
    wrongly = figures["between: answered all the same, wrongly"].value
    assert wrongly is not None
    assert 0 <= wrongly <= 1
    assert [one["name"] for one in quick.trainings] == ["clinc-120", "clinc"]
    assert quick.trainings[0]["rows"] < quick.trainings[1]["rows"]


def test_what_is_missing_is_said_before_anything_trains(place: Path) -> None:
    done = run(place)
    assert done.exit_code == 1
    assert "lacks bitext_answers.jsonl, bitext_intents.jsonl" in done.output
    assert "--data" in done.output
    assert not (place / "work").exists()
    assert run(place, "--only=clinc,nonsense").exit_code == 2


def test_a_case_that_fails_leaves_the_others_their_turn(place: Path, without_others: None) -> None:
    (place / "data" / "clinc150.jsonl").write_text("no row")
    done = run(place, "--only=clinc,trainer")
    assert done.exit_code == 1
    failed, absent = written(place)["cases"]
    assert "clinc150.jsonl:1: not valid JSON" in failed["skipped"]
    assert absent["skipped"] == "benchmarks.trainer is not in this version"
    assert not absent["failed"]
