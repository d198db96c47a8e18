"""What the desk would do with a message now, as the test box of the console asks.

Called by the web. Reads, routes and words it with the desk's own functions, in a fresh dialogue,
and writes nothing: no turn, no ticket, no count in any report.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from index.records import Reading
from service.engine import Engine, EngineSource
from service.errors import EngineAway, EngineChanged
from service.records.conversations import Dialogue
from service.records.past import PastMessage
from service.replay import respond
from service.trace import trace_json

Json = dict[str, Any]
Read = Callable[[Sequence[str]], list[Reading]]


def try_out(engines: EngineSource, text: str) -> Json:
    """Trace and reply of the champion; ``EngineAway`` when nobody can read."""
    try:
        engine = engines.current()
        return _said(engine, engine.read, text)
    except EngineChanged:  # a release or an edit came in between; the next one is there
        engine = engines.current()
        return _said(engine, engine.read, text)


def try_challenger(engines: EngineSource, text: str) -> Json | None:
    """The same of the release on trial: it reads when no customer waits. None without a trial; with
    a ``problem`` when it cannot say."""
    tried = engines.on_trial()
    if tried is None:
        return None
    answer: Json = {"release": tried.trial.release, "problem": tried.problem or None, "said": None}
    if tried.engine is None:
        return answer
    try:
        answer["said"] = _said(tried.engine, tried.engine.read_idly, text)
    except EngineAway as error:
        answer["problem"] = error.message
    return answer


def _said(engine: Engine, read: Read, text: str) -> Json:
    reading = read([text])[0]
    hits = engine.search(reading)
    message = PastMessage(id="", key=text, text=text)
    would = respond("", message, Dialogue(), engine, reading, hits)
    trace = trace_json(
        reading, hits, would.route, engine.thresholds, {}, content=engine.catalogue.revision
    )
    return {"trace": trace, "reply": asdict(would.reply) if would.reply else None}
