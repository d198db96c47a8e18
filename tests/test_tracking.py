"""What trainings log: real files of TensorBoard and MLflow, and nothing that leaves the machine."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

import finetune.tracking as tracking_module
from finetune.recipe import Recipe
from finetune.state import Epoch
from finetune.tracking import TRACKERS, Tracker, Tracking, no_tracking
from service.errors import Conflict


class Noted:
    """A run that remembers."""

    def __init__(self, place: str, name: str, recipe: Mapping[str, Any]) -> None:
        self.place, self.name, self.recipe = place, name, recipe
        self.numbers: list[tuple[str, float, int]] = []
        self.figures: dict[str, float] = {}
        self.complete: bool | None = None

    def number(self, name: str, value: float, step: int) -> None:
        self.numbers.append((name, value, step))

    def finish(self, figures: Mapping[str, float]) -> None:
        self.figures = dict(figures)

    def close(self, complete: bool) -> None:
        self.complete = complete


def train_a_little(tracking: Tracking) -> None:
    for step in range(1, 21):
        tracking.step(step, torch.tensor(1 / step), 0.001 * step)
    tracking.epoch(Epoch(1, 0.25, 0.75), 20)
    tracking.finish(
        {
            "intent": {"accuracy": 0.9, "classes": {}},
            "promise": {"precision": None, "answered": 0.5},
            "out_of_scope": {"auroc": float("nan")},
        }
    )


def test_some_steps_every_epoch_and_the_known_figures_are_noted() -> None:
    run = Noted("", "", {})
    train_a_little(Tracking([run]))
    assert [step for name, _, step in run.numbers if name == "train/loss"] == [1, 10, 20]
    assert ("train/learning_rate", pytest.approx(0.01), 10) in run.numbers
    assert ("epoch/score", 0.75, 20) in run.numbers
    assert run.figures == {"intent/accuracy": 0.9, "promise/answered": 0.5}
    Tracking([run]).finish({"score": 0.5})
    assert run.figures == {"score": 0.5}


def test_nobody_listens_by_default() -> None:
    with no_tracking("release", Recipe()) as tracking:
        train_a_little(tracking)


@pytest.mark.parametrize("error", [None, KeyboardInterrupt])
def test_run_is_closed_and_knows_whether_it_is_complete(
    monkeypatch: pytest.MonkeyPatch, error: type[BaseException] | None
) -> None:
    runs: list[Noted] = []
    monkeypatch.setattr(
        tracking_module,
        "TRACKERS",
        {"notes": (("json",), "here:Run")},
    )
    made = type("Made", (), {"Run": lambda *parts: runs.append(Noted(*parts)) or runs[-1]})
    monkeypatch.setattr(tracking_module.importlib, "import_module", lambda name: made)
    tracker = Tracker({"notes": "a place"})
    try:
        with tracker("fold 1/2", Recipe(epochs=7)) as tracking:
            train_a_little(tracking)
            if error:
                raise error
    except KeyboardInterrupt:
        assert error
    (run,) = runs
    assert run.complete is not bool(error)
    assert (run.place, run.recipe["epochs"]) == ("a place", 7)
    assert run.name.endswith(" fold 1/2")


def test_missing_package_is_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracking_module, "find_spec", lambda name: None)
    for kind in TRACKERS:
        with pytest.raises(Conflict, match=rf"pip install 'frontdesk\[{kind}\]'"):
            Tracker({kind: "somewhere"})


def test_tensorboard_reads_what_was_logged(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    with Tracker({"tensorboard": str(tmp_path)})("trial 2", Recipe()) as tracking:
        train_a_little(tracking)
    (folder,) = tmp_path.iterdir()
    assert folder.name.endswith("-trial-2")
    events = EventAccumulator(str(folder))
    events.Reload()
    tags = events.Tags()["scalars"]
    assert {"train/loss", "train/learning_rate", "epoch/loss", "epoch/score"} <= set(tags)
    assert "figure/intent/accuracy" in tags
    assert [event.step for event in events.Scalars("train/loss")] == [1, 10, 20]
    assert events.Scalars("epoch/score")[0].value == pytest.approx(0.75)


# MLflow's own models use what SQLAlchemy 2.1 deprecates.
@pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy")
@pytest.mark.slow
def test_mlflow_reads_what_was_logged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_DISABLE_TELEMETRY", raising=False)
    tracker = Tracker({"mlflow": str(tmp_path / "new")})
    with tracker("release", Recipe(epochs=7)) as tracking:
        train_a_little(tracking)
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"
    with pytest.raises(KeyboardInterrupt), tracker("trial 1", Recipe()):
        raise KeyboardInterrupt
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=f"sqlite:///{tmp_path}/new/mlflow.db")
    experiment = client.get_experiment_by_name("frontdesk")
    assert experiment is not None
    broken, run = client.search_runs([experiment.experiment_id])
    assert (broken.info.status, run.info.status) == ("KILLED", "FINISHED")
    assert run.data.params["epochs"] == "7"
    assert run.data.metrics["figure/intent/accuracy"] == 0.9
    steps = [m.step for m in client.get_metric_history(run.info.run_id, "train/loss")]
    assert steps == [1, 10, 20]
