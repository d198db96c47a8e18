"""The release on trial, as a second engine in the process that owns the model.

Run by `service.engine_server`. Customers go before its loading; without a trial nothing is loaded,
and one file is looked for. Decides nothing about who reads or answers.
"""

from collections.abc import Callable

from index.champion import running_trial
from index.errors import ReleaseError
from index.trial import Trial
from service.config import Config
from service.engine import LOADING, Engines, ReleaseEngine
from service.store import Store

NO_CHAMPION = "The champion is not loaded."


class Challenger(Engines):
    """Follows the trial as ``Engines`` follows the champion, and ``after`` that has its engine."""

    beside = True
    trial: Trial | None = None
    warmed: ReleaseEngine | None = None  # an engine whose reader has met batches of all sizes

    def __init__(
        self, config: Config, store: Store, busy: Callable[[], bool], after: Engines
    ) -> None:
        super().__init__(config, store, busy)
        self.after = after

    def wanted(self) -> str | None:
        """The release on trial."""
        trial = running_trial(self.config.releases)
        return trial.release if trial else None

    def refresh(self) -> None:
        """Load what is on trial or its content if it has changed; let go of what is not."""
        try:
            trial = running_trial(self.config.releases)
        except ReleaseError as error:
            self._fail((None, 0), str(error))
            trial = None
        if trial != self.trial:
            self.trial, self.problem, self.failed = trial, LOADING, None
        engine = self.engine
        is_guarded = trial is not None and self._has_champion(trial)
        if trial is None or not is_guarded or (engine and engine.release != trial.release):
            self.engine = self.warmed = None
        if trial is None:
            return
        if not is_guarded:
            self.problem = NO_CHAMPION
            return
        super().refresh()
        self._warm_up(trial)

    def _has_champion(self, trial: Trial) -> bool:
        """Whether the champion serves with which this is compared; after damage another may."""
        serves = self.after.engine
        return serves is not None and serves.release == trial.champion

    def serving(self) -> ReleaseEngine | None:
        """The engine, when it may be asked: a canary meets customers who come together."""
        engine, trial = self.engine, self.trial
        if engine is None or trial is None or engine.release != trial.release:
            return None
        if not self._has_champion(trial):
            return None
        is_warm = self.warmed is not None and self.warmed.reader is engine.reader
        return engine if trial.mode == "shadow" or is_warm else None

    def _warm_up(self, trial: Trial) -> None:
        """Many texts together are a canary's business only, and take memory."""
        engine = self.engine
        if trial.mode != "canary" or engine is None or engine is self.warmed:
            return
        if self.warmed is None or self.warmed.reader is not engine.reader:
            engine.reader.warm_up_batches()
        self.warmed = engine

    def _serve_on(self, wanted: str, revision: int) -> None:
        """The champion answers in its place."""

    def _forget_others(self, release: str) -> None:
        """The champion's business."""
