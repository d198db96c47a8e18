"""The search for a recipe: it begins with the given one, prunes, stops in time, and goes on."""

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import optuna
import pytest
import torch
from filelock import FileLock
from optuna.trial import TrialState

import finetune.study as study_module
from finetune.recipe import RANGES, Recipe, read_recipe
from finetune.report import describe_search
from finetune.rows import Row
from finetune.space import change, find_space
from finetune.state import Epoch
from finetune.study import OutOfTimeError, TrialWatch, Tried, open_study, restart, search_recipe
from finetune.tracking import Tracking
from index.release import Labels
from service.errors import Conflict, ContentError
from tiny import make_rows, tiny_recipe

pytestmark = pytest.mark.usefixtures("one_thread")

LABELS = Labels(("a", "b"), ("negative", "neutral", "positive"), ())


@pytest.fixture
def scores(monkeypatch: pytest.MonkeyPatch) -> list[Recipe]:
    """Instead of a training: the score is higher the closer the dropout is to 0.3."""
    tried: list[Recipe] = []

    def train(*arguments: Any) -> tuple[None, list[Epoch]]:
        recipe, watch = arguments[1].recipe, arguments[3]
        tried.append(recipe)
        watch.step(1, torch.zeros(()), 0.1)
        history = [Epoch(1, 0.5, 1 - abs(recipe.dropout - 0.3))]
        watch.epoch(history[0], 1)
        return None, history

    monkeypatch.setattr(study_module, "train_network", train)
    return tried


def new_study(folder: Path) -> optuna.Study:
    return open_study(folder / "one.journal", "one", 13)


def add(study: optuna.Study, scores: dict[int, float], value: float) -> None:
    trial = study.ask({})
    for tenth, score in scores.items():
        trial.report(score, tenth)
    study.tell(trial, value)


def watch_of(study: optuna.Study, epochs: int, deadline: float = float("inf")) -> TrialWatch:
    return TrialWatch(study.ask({}), epochs, deadline, Tracking())


def test_given_recipe_is_the_first_trial_and_the_best_is_written(
    encoder: Path, tmp_path: Path, scores: list[Recipe]
) -> None:
    base = tiny_recipe(encoder)
    told: list[tuple[Tried, Tried]] = []
    found = search_recipe(
        make_rows(), base, 12, tmp_path, device="cpu", tell_trial=lambda *pair: told.append(pair)
    )
    assert scores[0] == base
    assert found.given is not None
    assert found.given.score == pytest.approx(1 - 0.3)
    assert found.best.score is not None
    assert found.best.score == max(t.score or 0 for t in found.tried) > 0.7
    assert read_recipe(found.file) == found.recipe in scores
    assert len(scores) == len(found.tried) == len(told) == 12
    assert len({recipe.learning_rate for recipe in scores}) == 12
    assert told[0][0] == told[0][1]
    text = describe_search(found.to_json(), str(found.file))
    assert str(found.file) in text
    assert f"{found.best.score:.4f}" in text
    assert json.loads(json.dumps(found.to_json()))["best"] == found.best.number


def test_search_that_finds_nothing_better_keeps_the_given_recipe(
    encoder: Path, tmp_path: Path, scores: list[Recipe]
) -> None:
    base = tiny_recipe(encoder, dropout=0.3)
    found = search_recipe(make_rows(), base, 3, tmp_path, device="cpu")
    assert found.recipe == base
    assert found.best == found.given


def test_what_a_search_finds_holds_rows_out(
    encoder: Path, tmp_path: Path, scores: list[Recipe]
) -> None:
    base = tiny_recipe(encoder, cross_fit=4)
    found = search_recipe(make_rows(), base, 1, tmp_path, device="cpu")
    assert found.recipe == read_recipe(found.file) == replace(base, cross_fit=0)
    assert scores == [found.recipe]


def test_search_goes_on_where_it_was(
    encoder: Path, tmp_path: Path, scores: list[Recipe], monkeypatch: pytest.MonkeyPatch
) -> None:
    base, rows = tiny_recipe(encoder), make_rows()
    first = search_recipe(rows, base, 3, tmp_path, device="cpu")
    assert len(search_recipe(rows, base, 3, tmp_path, device="cpu").tried) == len(scores) == 3

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    whole = study_module.train_network
    monkeypatch.setattr(study_module, "train_network", interrupt)
    with pytest.raises(KeyboardInterrupt):
        search_recipe(rows, base, 5, tmp_path, device="cpu")
    monkeypatch.setattr(study_module, "train_network", whole)
    found = search_recipe(rows, base, 5, tmp_path, device="cpu")
    assert [t.state for t in found.tried] == [*["complete"] * 3, "interrupted", *["complete"] * 2]
    assert found.tried[3].values == found.tried[4].values
    assert found.study == first.study
    assert len({recipe.learning_rate for recipe in scores}) == len(scores) == 5

    other = search_recipe([*rows, Row("quite new", "greeting")], base, 1, tmp_path, device="cpu")
    assert other.study != found.study


def test_given_recipe_is_tried_again_when_it_was_interrupted(tmp_path: Path) -> None:
    study = new_study(tmp_path)
    restart(study, {"dropout": 0.1})
    space = find_space(Recipe(), LABELS, 1000)
    assert study.ask({"dropout": space["dropout"]}).params == {"dropout": 0.1}
    again = new_study(tmp_path)
    restart(again, {"dropout": 0.1})
    restart(again, {"dropout": 0.1})
    assert again.ask({"dropout": space["dropout"]}).params == {"dropout": 0.1}
    states = [trial.state for trial in again.trials]
    assert states == [TrialState.FAIL, TrialState.RUNNING]


def test_torn_line_of_a_crash_is_dropped(tmp_path: Path) -> None:
    add(new_study(tmp_path), {}, 0.5)
    with (tmp_path / "one.journal").open("a") as file:
        file.write('{"op_code":4,"wor')
    study = new_study(tmp_path)
    add(study, {}, 0.6)
    assert [trial.value for trial in new_study(tmp_path).trials] == [0.5, 0.6]


def test_damaged_study_is_named(tmp_path: Path) -> None:
    add(new_study(tmp_path), {}, 0.5)
    journal = tmp_path / "one.journal"
    journal.write_text("no json\n" + journal.read_text())
    with pytest.raises(Conflict, match=r"one\.journal is damaged"):
        new_study(tmp_path)


def test_trial_that_falls_behind_is_pruned_and_others_are_not(tmp_path: Path) -> None:
    study = new_study(tmp_path)
    for score in (0.8, 0.82, 0.84, 0.86):
        add(study, {3: score, 6: score, 10: score}, score)
    good = watch_of(study, 3)
    for number in (1, 2, 3):
        good.epoch(Epoch(number, 0.1, 0.9), number)
    with pytest.raises(optuna.TrialPruned):
        watch_of(study, 3).epoch(Epoch(1, 0.1, 0.5), 1)
    # Twice as long: at a sixth of it nobody can tell yet.
    long = watch_of(study, 6)
    long.epoch(Epoch(1, 0.1, 0.5), 1)
    with pytest.raises(optuna.TrialPruned):
        long.epoch(Epoch(2, 0.1, 0.5), 2)
    assert study.trials[-1].intermediate_values == {1: 0.5, 2: 0.5, 3: 0.5}


def test_pruned_trials_count(
    encoder: Path, tmp_path: Path, scores: list[Recipe], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TrialWatch, "epoch", _prune_all_but_the_first())
    found = search_recipe(make_rows(), tiny_recipe(encoder), 3, tmp_path, device="cpu")
    assert [tried.state for tried in found.tried] == ["complete", "pruned", "pruned"]


def _prune_all_but_the_first() -> Any:
    def epoch(self: TrialWatch, epoch: Epoch, step: int) -> None:
        if self._trial.number:
            raise optuna.TrialPruned

    return epoch


def test_time_ends_a_trial_but_not_the_first(
    encoder: Path, tmp_path: Path, scores: list[Recipe]
) -> None:
    with pytest.raises(OutOfTimeError):
        watch_of(new_study(tmp_path), 3, time.monotonic() - 1).step(1, torch.zeros(()), 0.1)
    found = search_recipe(make_rows(), tiny_recipe(encoder), 9, tmp_path, seconds=0.0, device="cpu")
    assert len(found.tried) == 1


def test_trial_without_memory_fails_alone(
    encoder: Path, tmp_path: Path, scores: list[Recipe], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = study_module.train_network

    def train(*arguments: Any) -> Any:
        if len(scores) == 1:
            scores.append(arguments[1].recipe)
            raise torch.OutOfMemoryError("batches are too large")
        return whole(*arguments)

    monkeypatch.setattr(study_module, "train_network", train)
    found = search_recipe(make_rows(), tiny_recipe(encoder), 3, tmp_path, device="cpu")
    assert [tried.state for tried in found.tried] == ["complete", "failed", "complete"]


def test_given_recipe_may_fail_and_all_may_not(
    encoder: Path, tmp_path: Path, scores: list[Recipe], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = study_module.train_network

    def train(*arguments: Any) -> Any:
        if arguments[1].recipe == base:
            raise torch.OutOfMemoryError("the encoder is too large")
        return whole(*arguments)

    base = tiny_recipe(encoder)
    monkeypatch.setattr(study_module, "train_network", train)
    with pytest.raises(Conflict, match="No trial of std_"):
        search_recipe(make_rows(), base, 1, tmp_path, device="cpu")
    found = search_recipe(make_rows(), base, 2, tmp_path, device="cpu")
    assert found.given is None
    assert "above the given" not in describe_search(found.to_json(), "file")


def test_two_searches_do_not_share_a_study(
    encoder: Path, tmp_path: Path, scores: list[Recipe]
) -> None:
    found = search_recipe(make_rows(), tiny_recipe(encoder), 1, tmp_path, device="cpu")
    with (
        FileLock(tmp_path / f"{found.study}.lock"),
        pytest.raises(Conflict, match=found.study),
    ):
        search_recipe(make_rows(), tiny_recipe(encoder), 2, tmp_path, device="cpu")


def test_rows_that_cannot_judge_are_refused(encoder: Path, tmp_path: Path) -> None:
    with pytest.raises(ContentError, match="held-out rows"):
        search_recipe([Row("hi", "greeting")], tiny_recipe(encoder), 1, tmp_path, device="cpu")


@pytest.mark.parametrize(
    "base",
    [
        Recipe(),
        Recipe(learning_rate=1.0, layer_decay=0.3, dropout=0.9, typos=1.0, batch_size=1, epochs=1),
        Recipe(learning_rate=0.0, sentiment_weight=0.0, min_steps=0),
    ],
)
def test_given_recipe_lies_within_the_space(base: Recipe) -> None:
    for rows in (50, 5000):
        space = find_space(base, LABELS, rows)
        assert set(space) <= set(RANGES)
        for name, bounds in space.items():
            assert bounds._contains(bounds.to_internal_repr(getattr(base, name))), name
        assert ("sentiment_weight" in space) == bool(base.sentiment_weight)
        assert "entity_weight" not in space
        given = {name: getattr(base, name) for name in space}
        assert change(base, given) == base


def test_few_rows_search_the_steps_and_many_the_epochs() -> None:
    assert "min_steps" in find_space(Recipe(), LABELS, 50)
    assert "epochs" in find_space(Recipe(), LABELS, 50_000)


def test_values_are_rounded_for_people() -> None:
    assert change(Recipe(), {"typos": 0.123456}).typos == 0.123


def test_search_with_real_trainings(encoder: Path, tmp_path: Path) -> None:
    base = tiny_recipe(encoder, epochs=2, min_steps=0)
    found = search_recipe(make_rows(), base, 2, tmp_path, device="cpu")
    assert [tried.state for tried in found.tried] == ["complete", "complete"]
    assert found.given == found.tried[0]
    assert 0 < (found.given.score or 0) <= (found.best.score or 0) <= 1
    assert found.rows > 0
