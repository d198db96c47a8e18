"""A search for a better recipe: trainings with other hyperparameters, chosen by Optuna.

Called by ``train --search``. Trials are judged by the score that stops a training, on the tuning
rows: never on test rows, which say how good the outcome is, nor on those that certify the promise,
which would no longer hold. The first trial is the given recipe, so the best is never worse there.
Every trial is on disk as it runs, and a search that was interrupted goes on.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from math import inf
from pathlib import Path
from typing import Any

import optuna
import torch
from filelock import FileLock, Timeout
from optuna.distributions import distribution_to_json
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.study import Study
from optuna.trial import FrozenTrial, Trial, TrialState
from torch import Tensor

from finetune.encoders import find_encoder
from finetune.fit import Progress, Setup, prefixed, train_network
from finetune.prepare import prepare
from finetune.recipe import Recipe, write_recipe
from finetune.rows import Row
from finetune.space import Space, change, find_space
from finetune.state import Epoch
from finetune.tracking import Track, Tracking, no_tracking
from index.network import choose_device
from service.errors import Conflict, ContentError

RANDOM_TRIALS = 6  # before Tree-structured Parzen Estimators (Bergstra et al. 2011) choose
FULL_TRIALS = 4  # before one is pruned
TENTHS = 10  # of a training: at these, trials of different lengths compare
FIRST_TENTH = 3  # in which one may be pruned
FAILED = "failed"  # attribute of a trial that failed by itself; one without it was interrupted
STATES = {TrialState.COMPLETE: "complete", TrialState.PRUNED: "pruned"}


@dataclass(frozen=True, slots=True)
class Tried:
    """A trial: the fields that were searched, and the best score of its epochs, 0 to 1.

    ``state`` is complete, pruned (it fell behind; the score is that of its last epoch), failed (it
    ran out of memory) or interrupted (another trial repeats it).
    """

    number: int
    state: str
    score: float | None
    seconds: float | None
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Found:
    """What a search came to: the best recipe, its file, and everything tried, on how many rows.

    ``given`` is the trial of the recipe that the search began with, None when that one failed.
    """

    recipe: Recipe
    file: Path
    study: str
    rows: int
    best: Tried
    given: Tried | None
    tried: Sequence[Tried]

    def to_json(self) -> dict[str, Any]:
        """The search as it stands among a release's metrics."""
        return {
            "study": self.study,
            "rows": self.rows,
            "best": self.best.number,
            "score": self.best.score,
            "given": self.given.score if self.given else None,
            "trials": [asdict(tried) for tried in self.tried],
        }


def search_recipe(
    rows: Sequence[Row],
    base: Recipe,
    trials: int,
    folder: Path,
    *,
    seconds: float = inf,
    device: str = "auto",
    progress: Progress | None = None,
    track: Track = no_tracking,
    tell_trial: Callable[[Tried, Tried], object] = lambda tried, best: None,
) -> Found:
    """The best recipe of ``trials`` around ``base``, also in a file that `read_recipe` reads.

    The study is kept in ``folder`` under a name that follows from the rows and the recipe; trials
    that it holds already count. The recipe always holds rows out, for else those that certify the
    promise would be among those that trials have seen. After ``seconds`` the running trial is
    broken off, but never the first. ``tell_trial(tried, best)`` is called after each. Raises
    ``ContentError`` when no rows can judge, ``Conflict`` when another search has the study open or
    no trial succeeds, and ``ReleaseError`` when the encoder or the device is missing.
    """
    end = time.monotonic() + seconds
    base = replace(base, cross_fit=0)
    place, encoder, prepared = choose_device(device), find_encoder(base.encoder), prepare(rows)
    if not prepared.tuning:
        raise ContentError("A search needs held-out rows, which take four examples of an intent.")
    tell = progress or (lambda stage, done, whole: None)
    space = find_space(base, prepared.labels, len(prepared.train))
    name = name_study(prepared.digest, base, space)
    file = folder / f"{name}.yml"
    given = {field: getattr(base, field) for field in space}

    def fit(trial: Trial, deadline: float) -> float:
        recipe, label = change(base, trial.params), f"trial {trial.number + 1}"
        epochs, _ = recipe.plan(len(prepared.train))
        with track(label, recipe) as tracking:
            watch = TrialWatch(trial, epochs, deadline, tracking)
            setup = Setup(encoder, recipe, place)
            _, history = train_network(prepared, setup, prefixed(label, tell), watch)
            score = max(epoch.score or 0.0 for epoch in history)
            tracking.finish({"score": score})
        return score

    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / f"{name}.lock", timeout=0):
            study = open_study(folder / f"{name}.journal", name, base.seed)
            restart(study, given)
            for one, leader in _search(study, space, trials, end, fit):
                _keep(file, name, base, leader)
                tell_trial(one, leader)
            best = _best(study)
            if best is None:
                raise Conflict(f"No trial of {name} succeeded; the study is in {folder}.")
            _keep(file, name, base, best)
    except Timeout:
        raise Conflict(f"Another search has the study {name} open.") from None
    tried = [_tried(trial) for trial in study.trials if trial.params]
    first = next((t for t in tried if t.state == "complete" and t.values == given), None)
    recipe = change(base, dict(best.values))
    return Found(recipe, file, name, len(prepared.tuning), best, first, tried)


def name_study(digest: str, base: Recipe, space: Space) -> str:
    """The name under which trials are kept: other rows, recipe or bounds make another study."""
    bounds = {field: distribution_to_json(bound) for field, bound in space.items()}
    key = json.dumps([digest, base.to_json(), bounds], sort_keys=True)
    return f"std_{sha256(key.encode()).hexdigest()[:12]}"


def open_study(journal: Path, name: str, seed: int) -> Study:
    """The study in a journal file, new or as it was left; the caller keeps others away.

    Raises ``Conflict`` when the file cannot be read.
    """
    if journal.exists():
        # A write that was cut off by a crash would spoil the line after it.
        whole = journal.read_bytes()
        if not whole.endswith(b"\n"):
            journal.write_bytes(whole[: whole.rfind(b"\n") + 1])
    journal.with_name(f"{journal.name}.lock").unlink(missing_ok=True)  # Optuna's, of a crash
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        study = optuna.create_study(
            storage=JournalStorage(JournalFileBackend(str(journal))),
            study_name=name,
            direction="maximize",
            load_if_exists=True,
            pruner=optuna.pruners.MedianPruner(FULL_TRIALS, n_warmup_steps=FIRST_TENTH),
        )
    except (ValueError, KeyError) as error:
        raise Conflict(f"{journal} is damaged ({error}); remove it to search anew.") from None
    # The same seed again would draw the same trials again.
    seed = (seed + len(study.trials)) % 2**32
    study.sampler = optuna.samplers.TPESampler(n_startup_trials=RANDOM_TRIALS, seed=seed)
    return study


def restart(study: Study, given: Mapping[str, Any]) -> None:
    """Queue what was running when the search was interrupted, and first of all ``given``."""
    for trial in study.get_trials(states=[TrialState.RUNNING]):
        study.tell(trial.number, state=TrialState.FAIL)
        if _done(study):
            study.enqueue_trial(trial.params)
    if not _done(study) and not study.get_trials(states=[TrialState.WAITING]):
        study.enqueue_trial(dict(given))


class OutOfTimeError(Exception):
    """The time of the search is over."""


class TrialWatch:
    """Looks on while a trial trains, and ends it when it falls behind or the time is over.

    At each tenth of its training a trial is held against the median of the others (the median
    stopping rule of Golovin et al. 2017, "Google Vizier").
    """

    def __init__(self, trial: Trial, epochs: int, deadline: float, tracking: Tracking) -> None:
        self._trial, self._epochs = trial, epochs
        self._deadline, self._tracking = deadline, tracking
        self._tenth, self._score = 0, 0.0

    def step(self, step: int, loss: Tensor, rate: float) -> None:
        """Raises ``OutOfTimeError`` when it is time."""
        self._tracking.step(step, loss, rate)
        if time.monotonic() > self._deadline:
            raise OutOfTimeError

    def epoch(self, epoch: Epoch, step: int) -> None:
        """Raises ``optuna.TrialPruned`` when the trial is worse than half of the others were."""
        self._tracking.epoch(epoch, step)
        tenth, score = TENTHS * epoch.number // self._epochs, epoch.score or 0.0
        for passed in range(self._tenth + 1, tenth):
            self._trial.report(self._score, passed)
        if tenth > self._tenth:
            self._trial.report(score, tenth)
        self._tenth, self._score = tenth, score
        if tenth < TENTHS and self._trial.should_prune():
            raise optuna.TrialPruned


def _search(
    study: Study, space: Space, trials: int, end: float, fit: Callable[[Trial, float], float]
) -> Iterator[tuple[Tried, Tried]]:
    """Run what is left of ``trials`` until ``end``; each with the best so far, if there is one."""
    best = _best(study)
    while len(_done(study)) < trials and (time.monotonic() < end or not best):
        trial = study.ask(space)
        try:
            _run(study, trial, fit, end if best else inf)
        except OutOfTimeError:
            return
        best = _best(study)
        if best:
            yield _tried(study.trials[trial.number]), best


def _keep(file: Path, study: str, base: Recipe, best: Tried) -> None:
    remark = f"{study}, trial {best.number + 1}: {best.score:.4f}"
    write_recipe(file, change(base, dict(best.values)), remark)


def _run(study: Study, trial: Trial, fit: Callable[[Trial, float], float], deadline: float) -> None:
    """Run a trial and tell the study; one that is interrupted stays as running."""
    try:
        study.tell(trial, fit(trial, deadline))
    except optuna.TrialPruned:
        study.tell(trial, state=TrialState.PRUNED)
    except torch.OutOfMemoryError as error:
        trial.set_user_attr(FAILED, str(error))
        study.tell(trial, state=TrialState.FAIL)


def _done(study: Study) -> list[FrozenTrial]:
    return [t for t in study.trials if t.state in STATES or FAILED in t.user_attrs]


def _best(study: Study) -> Tried | None:
    """The complete trial of the highest score, of equal ones the first."""
    complete = [_tried(t) for t in study.get_trials(states=[TrialState.COMPLETE])]
    return max(complete, key=lambda one: (one.score or 0.0, -one.number), default=None)


def _tried(trial: FrozenTrial) -> Tried:
    failed = "failed" if FAILED in trial.user_attrs else "interrupted"
    return Tried(
        trial.number,
        STATES.get(trial.state, failed),
        trial.value,
        trial.duration.total_seconds() if trial.duration else None,
        trial.params,
    )
