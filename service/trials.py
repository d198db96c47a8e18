"""Trials of a challenger beside the champion: begun, watched, and told of.

Web routes and commands begin and tell; a thread of every web process reads for the shadow and looks
at the canary. The file that says what is on trial is `index.trial`'s.
"""

import logging
import threading
import time
from pathlib import Path
from typing import Any

from index.champion import champion, list_releases, running_trial
from index.release import verify
from index.trial import Mode, Trial, begin_trial, last_trial
from service.canary import Looks, StandIns, stop
from service.comparison import KINDS
from service.engine import EngineSource
from service.errors import Conflict, InvalidInput, NotFound
from service.proportions import LEVEL, next_look, wilson
from service.records.trials import Arm, Disagreement
from service.shadow import DROPPED, FAILED, SAME, Shadow
from service.store import Store

log = logging.getLogger("frontdesk.trials")

WAIT_SECONDS = 1.0
FLUSH_SECONDS = 2.0
LOOK_SECONDS = 60.0
ARMS_SECONDS = 30.0
MOST_OF_CANARY = 0.5  # there must be somebody to compare with
STOPPED = "Stopped by hand."
OVER = "The champion changed, or the release is gone."


class Trials:
    """This process's part in whatever trial runs. Start it after a fork, never before."""

    def __init__(
        self, store: Store, engines: EngineSource, releases: Path, stand_ins: StandIns
    ) -> None:
        self.stand_ins = stand_ins  # the desk counts them
        self.shadow = Shadow(store, engines)
        self.looks = Looks(store, releases)
        self.store = store
        self.engines = engines
        self.releases = releases
        self._flushed = self._looked = 0.0
        self._counting = threading.Lock()
        self._counted: tuple[tuple[str, str | None], float, dict[str, Arm]] | None = None
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="trials", daemon=True)

    def start(self) -> None:
        """Work in the background from now on."""
        self._thread.start()

    def close(self) -> None:
        """Stop, and write what was found."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(timeout=2 * WAIT_SECONDS)
            self.shadow.flush()
        self.looks.close()

    def arms(self, trial: Trial) -> dict[str, Arm]:
        """What became of the trial's conversations, counted at most every half a minute."""
        with self._counting:
            key, now = (trial.id, trial.ended_at), time.monotonic()
            if self._counted is None or self._counted[0] != key or now >= self._counted[1]:
                found = self.store.trial_arms(trial.started_at, trial.ended_at)
                self._counted = key, now + ARMS_SECONDS, found
            return self._counted[2]

    def step(self) -> None:
        """Do what is due, and wait a moment for a turn to read."""
        self.shadow.work(WAIT_SECONDS)
        now = time.monotonic()
        if now - self._flushed >= FLUSH_SECONDS:
            self._flushed = now
            self.shadow.flush()
        tried = self.engines.on_trial()
        if tried is None or tried.trial.mode != "canary":
            return
        if reason := self.stand_ins.reason(tried.trial):
            stop(self.releases, tried.trial, reason)
        elif now - self._looked >= LOOK_SECONDS:
            self.looks.look(tried.trial)
            self._looked = now  # one that could not be acted on is soon looked at again

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self.step()
            except Exception:  # a loop top: customers are answered without it
                if not self._stopped.wait(WAIT_SECONDS):
                    log.exception("the trial could not be followed")


def put_on_trial(releases: Path, release_id: str, mode: Mode, share: float) -> Trial:
    """Begin a trial of a release beside the champion, in the place of any other.

    Raises ``NotFound``, ``Conflict`` for the champion itself, ``InvalidInput`` for a share that is
    none, and ``ReleaseError`` when the release is not whole.
    """
    if release_id not in {manifest.id for manifest in list_releases(releases)}:
        raise NotFound(f"There is no release {release_id!r}.")
    most = MOST_OF_CANARY if mode == "canary" else 1.0
    if not 0 < share <= most:
        raise InvalidInput(f"share: must be above 0 and at most {most:g}.", field="share")
    current = champion(releases)
    if current is None:
        raise Conflict("There is no champion yet to compare it with.")
    if current == release_id:
        raise Conflict(f"{release_id} is the champion.")
    verify(releases / release_id)
    return begin_trial(releases, release_id, current, mode, share)


def trial_json(
    store: Store, releases: Path, running: Trials | None = None, limit: int = 50
) -> dict[str, Any]:
    """The last trial with its figures; a ``running`` server knows whether the challenger is loaded,
    and keeps what it counted for a moment."""
    trial = last_trial(releases)
    if trial is None:
        return {"trial": None, "running": False, "ready": None, "problem": None}
    engines = running.engines if running else None
    is_running = running_trial(releases) is not None
    told = trial.to_json()
    if not is_running and trial.ended_at is None:
        told["reason"] = OVER
    tried = engines.on_trial() if engines else None
    ready = tried is not None and tried.trial.id == trial.id and tried.engine is not None
    value: dict[str, Any] = {
        "trial": told,
        "running": is_running,
        "ready": ready if engines and is_running else None,
        "problem": tried.problem or None if tried and is_running else None,
    }
    if trial.mode == "shadow":
        found = store.disagreements(trial.id, limit)
        value["shadow"] = _shadow_json(store.shadow_counts(trial.id))
        value["disagreements"] = [_disagreement_json(one) for one in found]
    else:
        since, until = trial.started_at, trial.ended_at
        arms = running.arms(trial) if running else store.trial_arms(since, until)
        value["canary"] = _canary_json(arms, trial)
    return value


def _shadow_json(counts: dict[str, int]) -> dict[str, Any]:
    kinds = {kind: counts.get(kind, 0) for kind in KINDS}
    changed = sum(kinds.values())
    compared = changed + counts.get(SAME, 0)
    return {
        "compared": compared,
        "changed": _share_json(changed, compared),
        "kinds": kinds,
        "dropped": counts.get(DROPPED, 0),
        "failed": counts.get(FAILED, 0),
    }


def _canary_json(arms: dict[str, Arm], trial: Trial) -> dict[str, Any]:
    challenger = arms.get(trial.release, Arm())
    return {
        "challenger": _arm_json(challenger),
        "champion": _arm_json(arms.get(trial.champion, Arm())),
        "next_look": next_look(challenger.conversations),
        "level": LEVEL,
    }


def _arm_json(arm: Arm) -> dict[str, Any]:
    return {
        "conversations": arm.conversations,
        "turns": arm.turns,
        "stood_in": arm.stood_in,
        "handed_over": _share_json(arm.handed_over, arm.conversations),
        "answered": _share_json(arm.answered, arm.turns),
        "unhelpful": _share_json(arm.unhelpful, arm.rated),
    }


def _share_json(part: int, whole: int) -> dict[str, Any]:
    """A share with its 95 % interval, as of one look alone."""
    low, high = wilson(part, whole)
    share = part / whole if whole else None
    rounded = {"low": round(low, 4), "high": round(high, 4)}
    return {"count": part, "of": whole, "share": share and round(share, 4), **rounded}


def _disagreement_json(one: Disagreement) -> dict[str, Any]:
    return {
        "conversation_id": one.conversation_id,
        "message_id": one.message_id,
        "at": one.at,
        "text": one.text,
        "kind": one.kind,
        "champion": dict(one.champion),
        "challenger": dict(one.challenger),
    }
