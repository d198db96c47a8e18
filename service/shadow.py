"""A shadow: what the challenger would have done with turns that the champion has answered.

Run by `service.trials` in every web process. Its work begins when the customer has the reply, and
is dropped, and counted, when there is no time for it. The challenger routes each turn in the state
of the dialogue that the champion found, with the desk's own functions.
"""

import queue
import threading
from collections import Counter
from dataclasses import dataclass

from index.trial import Trial
from service.comparison import kind_of
from service.engine import EngineSource
from service.errors import EngineAway, EngineBusy, EngineChanged
from service.records.conversations import Conversation, Dialogue
from service.records.trials import Disagreement
from service.records.turns import Turn
from service.replay import respond
from service.store import Store
from service.trace import said_json

ROOM = 64  # turns that wait to be read; more are dropped
SAME, DROPPED, FAILED = "same", "dropped", "failed"  # counted beside the kinds of a comparison


@dataclass(frozen=True, slots=True)
class Seen:
    """A turn that the champion answered, and the state of the dialogue before it."""

    trial: Trial
    message_id: str
    text: str
    dialogue: Dialogue


class Shadow:
    """Compares turns one by one, and keeps what it found until it is written."""

    def __init__(self, store: Store, engines: EngineSource) -> None:
        self.store = store
        self.engines = engines
        self._waiting: queue.Queue[Seen] = queue.Queue(ROOM)
        self._lock = threading.Lock()
        self._counts: dict[str, Counter[str]] = {}  # by trial
        self._disagreements: list[tuple[str, Disagreement]] = []  # with their trials

    def seen(self, conversation: Conversation, turn: Turn) -> Seen | None:
        """What there is to read of a turn, if anything; ``conversation`` is as it was before."""
        tried = self.engines.on_trial()
        if tried is None or tried.trial.mode != "shadow":
            return None
        if not turn.message.text:  # a file, which nobody reads
            return None
        if turn.repeated or turn.action == "none" or not tried.trial.includes(conversation.id):
            return None
        dialogue = Dialogue() if conversation.status == "resolved" else conversation.dialogue
        return Seen(tried.trial, turn.message.id, turn.message.text, dialogue)

    def offer(self, seen: Seen) -> None:
        """Have it read when there is time; never waits."""
        try:
            self._waiting.put_nowait(seen)
        except queue.Full:
            self._count(seen.trial, DROPPED)

    def work(self, seconds: float) -> None:
        """Read one turn, if one comes in time."""
        try:
            seen = self._waiting.get(timeout=seconds)
        except queue.Empty:
            return
        self._count(seen.trial, self._compare(seen))

    def flush(self) -> None:
        """Write what was found since the last time, in one transaction a trial.

        What could not be written is kept for the next time.
        """
        with self._lock:
            counts, self._counts = self._counts, {}
            found, self._disagreements = self._disagreements, []
        try:
            for trial_id in list(counts):
                its = [disagreement for of, disagreement in found if of == trial_id]
                self.store.record_shadow(trial_id, counts[trial_id], its)
                del counts[trial_id]
        finally:
            with self._lock:
                for trial_id, counted in counts.items():
                    self._counts.setdefault(trial_id, Counter()).update(counted)
                self._disagreements[:0] = [one for one in found if one[0] in counts]

    def _count(self, trial: Trial, name: str) -> None:
        with self._lock:
            self._counts.setdefault(trial.id, Counter())[name] += 1

    def _compare(self, seen: Seen) -> str:
        """Under which name to count this turn."""
        tried = self.engines.on_trial()
        if tried is None or tried.trial.id != seen.trial.id or tried.engine is None:
            return DROPPED
        engine = tried.engine
        message = self.store.past_message(seen.message_id)
        if message is None or message.said is None or message.said.release != seen.trial.champion:
            return DROPPED  # erased meanwhile, or answered by nobody's model or another's
        if message.content != engine.catalogue.revision:
            return DROPPED  # edited since, or the challenger does not know of the edit yet
        try:
            reading = engine.read_idly([seen.text])[0]
        except (EngineBusy, EngineChanged):
            return DROPPED
        except EngineAway:
            return FAILED
        said = message.said
        would = respond("", message, seen.dialogue, engine, reading, engine.search(reading)).said
        kind = kind_of(said, would)
        if kind is None:
            return SAME
        found = Disagreement(message.id, kind, said_json(said), said_json(would))
        with self._lock:
            self._disagreements.append((seen.trial.id, found))
        return kind
