"""The nightly job: freeze, train, judge, promote or keep, with every step on disk.

Called by ``frontdesk retrain``. A night that was killed goes on where it was; two never run at
once; whatever fails, the champion stays. It changes nothing in the store but that it finishes
erasures: a release must be forgetful before it speaks.
"""

import fcntl
import hashlib
import json
import logging
import os
import resource
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from finetune.fit import Progress
from finetune.forget import forget
from finetune.freeze import freeze_desk, read_frozen, write_frozen
from finetune.prepare import prepare
from finetune.recipe import Recipe
from finetune.rows import Row, digest
from finetune.run import train_release
from finetune.verdict import Bench, Verdict, judge, read_verdict
from index.champion import champion, list_releases, previous, promote, running_trial
from index.errors import ReleaseError
from index.release import write_json
from service.config import Config
from service.engine import load_reader, release_engine
from service.errors import Conflict, DeskError
from service.nights import (
    LOCK,
    NIGHTS,
    OVER,
    ROWS,
    STATE,
    VERDICT,
    Night,
    Stage,
    list_nights,
    read_night,
)
from service.records.content import Content
from service.store import Store

log = logging.getLogger("frontdesk.night")

FRESH = timedelta(hours=30)  # a night that was cut off goes on within them; then another begins
STALE_DRAFT = 24 * 3600  # seconds after which what a killed training left behind goes
KEPT = 30  # nights with their rows
REJECTED = 1  # challengers that lost, the last ones, whose folders stay to be looked at
TRIES = 5  # at the lock, which somebody who looks whether a night runs holds for a moment


class NightFailed(DeskError):
    """The night could not be brought to its end; the champion stays."""

    status = 500
    code = "night_failed"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a night may take: minutes from its start, and GiB of memory; 0 is no limit."""

    minutes: float = 0.0
    memory: float = 0.0


def run_night(
    config: Config,
    store: Store,
    recipe: Recipe,
    limits: Limits,
    progress: Progress,
    say: Callable[[str], None],
    *,
    trusting: bool = False,
) -> tuple[Night, Verdict | None]:
    """One night, or the rest of one that was cut off. The verdict is none when nothing was new.
    When ``trusting``, labels of operators who stand out count, too.

    Raises ``Conflict`` when another one runs, ``NightFailed`` when it came to nothing.
    """
    place = config.home / NIGHTS
    place.mkdir(mode=0o700, exist_ok=True)
    with _alone(config.home / LOCK):
        night = _unfinished(place)
        if night and trusting and night.left_out:
            _save(place / night.id, _end(night, "failed", "Begun anew, with everybody's labels."))
            night = None
        night = night or _begin(place)
        told = _limited(limits, night, progress)
        job = _Job(config, store, place / night.id, recipe, told, say, trusting=trusting)
        try:
            return job.run(night)
        except Exception as error:  # a job's top: whatever went wrong, the night has an end
            log.exception("the night failed")
            reason = f"{error}".splitlines()[0] if f"{error}" else type(error).__name__
            folder = place / night.id
            with suppress(OSError):
                _save(folder, _end(read_night(folder) or night, "failed", reason))
            raise NightFailed(f"The champion stays: {reason}") from error
        finally:
            with suppress(OSError, ReleaseError):
                _tidy(config, place)


class _Job:
    """What the steps of one night share."""

    def __init__(
        self,
        config: Config,
        store: Store,
        folder: Path,
        recipe: Recipe,
        progress: Progress,
        say: Callable[[str], None],
        *,
        trusting: bool,
    ) -> None:
        self.trusting = trusting
        self.config = config
        self.store = store
        self.folder = folder
        self.recipe = recipe
        self.progress = progress
        self.say = say

    def run(self, night: Night) -> tuple[Night, Verdict | None]:
        """Every step that is not done yet."""
        content = self.store.content()
        if night.stage == "begun":
            night = self._freeze(night, content)
        rows, held_out = read_frozen(self.folder / ROWS)
        if night.stage == "frozen":
            if self._is_known(night):
                told = "Nothing was learned since the champion was trained."
                return self._saved(_end(night, "kept", told)), None
            night = self._train(night, rows)
        if night.stage == "trained":
            night = self._judge(night, content, rows, held_out)
        verdict = read_verdict(self.folder / VERDICT)
        if not night.better:
            return self._saved(_end(night, "kept", night.reason)), verdict
        assert night.release is not None
        if champion(self.config.releases) not in (night.champion, night.release):
            # Somebody promoted or rolled back meanwhile: that one was not compared.
            self.say("There is another champion by now: the verdict is made again.")
            return self.run(self._saved(replace(night, stage="trained", better=False)))
        forget(self.store, self.config)  # customers may have been erased since the rows were frozen
        promote(self.config.releases, night.release)
        self.store.promoted(night.release, f"proven better by {night.id}")
        return self._saved(_end(night, "promoted", night.reason)), verdict

    def _freeze(self, night: Night, content: Content) -> Night:
        frozen = freeze_desk(self.store, content, self.config.releases, trusting=self.trusting)
        write_frozen(self.folder / ROWS, frozen)
        rows = digest([*frozen.rows, *frozen.held_out])
        golden = sorted(f"{case}" for case in content.golden)
        settings = content.settings
        decides = [rows, self.recipe.to_json(), settings.promise, golden]
        decides += [sorted(settings.protected.items())] if settings.protected else []
        self.say(f"{len(frozen.rows)} rows, {len(frozen.held_out)} more held out.")
        for name, labels in frozen.left_out.items():
            self.say(f"{name} stands out from the others: {labels} labels are left out.")
        return self._saved(
            replace(
                night,
                stage="frozen",
                champion=champion(self.config.releases),
                rows=len(frozen.rows),
                held_out=len(frozen.held_out),
                masked=frozen.masked,
                left_out=frozen.left_out,
                dataset=hashlib.sha256(json.dumps(decides).encode()).hexdigest(),
            )
        )

    def _is_known(self, night: Night) -> bool:
        """Whether the last night with a verdict decided by the same: it would decide so again."""
        for earlier in list_nights(self.config.home):
            if earlier.id != night.id and earlier.stage in ("promoted", "kept"):
                champions = (earlier.champion, earlier.release)
                return earlier.dataset == night.dataset and night.champion in champions
        return False

    def _train(self, night: Night, rows: list[Row]) -> Night:
        release = self._made_before(night, rows)
        started = time.monotonic()
        if release is None:
            against = self.config.releases / night.champion if night.champion else None
            release = train_release(
                rows,
                self.recipe,
                releases=self.config.releases,
                against=against,
                promise=self.store.content().settings.promise,
                device=self.config.device,
                progress=self.progress,
                say=self.say,
            ).manifest.id
        took = time.monotonic() - started
        return self._saved(
            replace(night, stage="trained", release=release, training_seconds=round(took, 1))
        )

    def _made_before(self, night: Night, rows: list[Row]) -> str | None:
        """The release of this night, if it was killed between writing it and saying so."""
        wanted = prepare(rows, self.recipe.cross_fit).digest
        for manifest in list_releases(self.config.releases):
            path = self.config.releases / manifest.id / "recipe.json"
            fits = manifest.created_at >= night.begun_at and manifest.dataset == wanted
            if fits and json.loads(path.read_bytes()) == self.recipe.to_json():
                return manifest.id
        return None

    def _judge(self, night: Night, content: Content, rows: list[Row], held_out: list[Row]) -> Night:
        """Judge the challenger against whoever is champion now."""
        self.progress("judge", 0, 1)
        current = champion(self.config.releases)
        night = replace(night, champion=None if current == night.release else current)
        releases = [name for name in (night.release, night.champion) if name is not None]
        folders = {name: self.config.releases / name for name in releases}
        cache = self.config.cache  # so that the server finds it when it changes over
        engines = [
            release_engine(load_reader(folder, self.config.device), content, cache)
            for folder in folders.values()
        ]
        prepared = prepare(rows, self.recipe.cross_fit)
        protected = content.settings.protected
        bench = Bench(
            usual=prepared.test,
            corrected=held_out,
            learned=prepared.train,
            golden=content.golden,
            folders=folders,
            protected=protected,
            traffic=[*rows, *held_out],
        )
        verdict = judge(engines[0], engines[1] if night.champion else None, bench)
        write_json(self.folder / VERDICT, verdict.to_json())
        self.progress("judge", 1, 1)
        return self._saved(
            replace(night, stage="judged", better=verdict.better, reason=verdict.reason)
        )

    def _saved(self, night: Night) -> Night:
        _save(self.folder, night)
        return night


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold the lock of the home's nights; ``Conflict`` when another process does."""
    with open(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+") as file:
        for left in reversed(range(TRIES)):
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if not left:
                    raise Conflict("Another retraining of this desk is running.") from None
                time.sleep(0.05)
        yield


def _limited(limits: Limits, night: Night, progress: Progress) -> Progress:
    """A progress that ends the night when it takes more than it may, as seen at every step."""
    begun = datetime.fromisoformat(night.begun_at)
    most = limits.memory * 2**20 if limits.memory else float("inf")

    def tell(stage: str, done: int, whole: int) -> None:
        took = (datetime.now(UTC) - begun).total_seconds()
        if limits.minutes and took > 60 * limits.minutes:
            raise NightFailed(f"It takes more than {limits.minutes:g} minutes.")
        if resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > most:  # in KiB
            raise NightFailed(f"It takes more than {limits.memory:g} GiB of memory.")
        progress(stage, done, whole)

    return tell


def _begin(place: Path) -> Night:
    now = datetime.now(UTC)
    night = Night(f"nig_{now:%Y%m%dT%H%M%SZ}_{secrets.token_hex(4)}", _iso(now))
    (place / night.id).mkdir(mode=0o700)
    _save(place / night.id, night)
    return night


def _unfinished(place: Path) -> Night | None:
    """The last night, if it was cut off and is fresh."""
    for folder in sorted(place.glob("nig_*"), reverse=True):
        night = read_night(folder)
        if night is None:
            continue
        fresh = datetime.fromisoformat(night.begun_at) > datetime.now(UTC) - FRESH
        return night if fresh and night.stage not in OVER else None
    return None


def _end(night: Night, stage: Stage, reason: str) -> Night:
    return replace(night, stage=stage, reason=reason, ended_at=_iso(datetime.now(UTC)))


def _save(folder: Path, night: Night) -> None:
    temporary = folder / f".{STATE}"
    write_json(temporary, asdict(night))
    temporary.replace(folder / STATE)


def _tidy(config: Config, place: Path) -> None:
    """Forget old nights, what killed trainings left, and challengers that lost; never a release
    that was a champion."""
    found = [read_night(folder) for folder in sorted(place.glob("nig_*"), reverse=True)]
    nights = [night for night in found if night is not None]
    for night in nights[KEPT:]:
        shutil.rmtree(place / night.id, ignore_errors=True)
    lost = [n.release for n in nights if n.stage not in ("promoted", "judged") and n.release]
    spared = {champion(config.releases), previous(config.releases), *lost[:REJECTED]}
    spared |= {night.release for night in nights if night.stage in ("promoted", "judged")}
    spared |= {night.champion for night in nights}
    trial = running_trial(config.releases)
    spared |= {trial.release} if trial else set()
    for release in set(lost) - spared:
        shutil.rmtree(config.releases / str(release), ignore_errors=True)
    for draft in config.releases.glob(".draft-*"):
        if time.time() - draft.stat().st_mtime > STALE_DRAFT:
            shutil.rmtree(draft, ignore_errors=True)


def _iso(time: datetime) -> str:
    return time.isoformat(timespec="seconds").replace("+00:00", "Z")
