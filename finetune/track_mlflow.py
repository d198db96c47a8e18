"""A training as a run of MLflow: in an SQLite file of a folder, or on a server.

Loaded by `finetune.tracking` when it is asked for.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

EXPERIMENT = "frontdesk"
FILE = "mlflow.db"


class MlflowRun:
    """A run of the experiment "frontdesk"."""

    def __init__(self, place: str, name: str, recipe: Mapping[str, Any]) -> None:
        # A desk tells nobody that it trains; MLflow would, unless told so before it is imported.
        os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
        from mlflow.tracking import MlflowClient

        artifacts = None
        if "://" not in place:
            folder = Path(place).absolute()
            folder.mkdir(parents=True, exist_ok=True)
            place, artifacts = f"sqlite:///{folder / FILE}", (folder / "artifacts").as_uri()
        self._client = MlflowClient(tracking_uri=place)
        found = self._client.get_experiment_by_name(EXPERIMENT)
        experiment = (
            found.experiment_id
            if found
            else self._client.create_experiment(EXPERIMENT, artifact_location=artifacts)
        )
        self._id = self._client.create_run(experiment, run_name=name).info.run_id
        for field, value in recipe.items():
            self._client.log_param(self._id, field, value)

    def number(self, name: str, value: float, step: int) -> None:
        """A point of a curve."""
        self._client.log_metric(self._id, name, value, step=step)

    def finish(self, figures: Mapping[str, float]) -> None:
        """The figures as metrics without a course."""
        for name, value in figures.items():
            self._client.log_metric(self._id, f"figure/{name}", value)

    def close(self, complete: bool) -> None:
        """End the run."""
        self._client.set_terminated(self._id, "FINISHED" if complete else "KILLED")
