"""Whether a challenger may take the champion's place: a list of checks, each with its reason.

Called by `finetune.night`. Both are judged on the same rows, which neither has learned from, and on
the golden cases. A verdict changes nothing: who called for it promotes, or does not.
"""

import json
import time
from collections import Counter, defaultdict
from collections.abc import Container, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from statistics import median

from finetune.clean import clean
from finetune.evaluate import Metrics, judge_readings, read
from finetune.rows import Row
from finetune.split import group_rows
from finetune.statistics import binomial_tail, effective_size, sign_test
from index.compiled import COMPILED
from index.reader import Reader
from index.records import OUT_OF_SCOPE, Hit, Reading, Thresholds
from index.seen import fingerprint, read_fingerprints
from service.engine import ReleaseEngine
from service.nights import Check
from service.records.content import GoldenCase
from service.records.conversations import Dialogue
from service.router import decide

CHANCE = 0.05  # that so uneven a change comes from two releases that are equally good
CONTRARY = 0.1  # the same, of a change for the worse that counts against a release
FEWEST = 5  # rows of an intent that turned worse, before it counts
LOST = 0.05  # chance at which the promise counts as broken on the rows at hand
CALIBRATION = ("calibration_error", "calibration_error_by_chance")
WORSE_CALIBRATED = 0.02  # calibration error that a challenger may have more,
CALIBRATED = 0.05  # or whatever it was, if it is no more than this
SLOWER, LARGER = 2.0, 1.5  # one compiled in floats is half as fast as one in 8 bits
SINGLES = 40  # messages that are timed, one by one
ANSWERED_WRONGLY, LEFT, UNDERSTOOD, ANSWERED = range(4)  # ranks of what customers get
CAUTIOUS = ("clarify", "handoff")  # actions that are no answer, and no wrong one


@dataclass(frozen=True, slots=True)
class Verdict:
    """The checks and the figures behind them; ``better`` when all passed."""

    checks: list[Check]
    figures: Metrics

    @property
    def better(self) -> bool:
        return all(check.passed for check in self.checks)

    @property
    def reason(self) -> str:
        """Why, in one line."""
        failed = [check.told for check in self.checks if not check.passed]
        return " ".join(failed) if failed else self.checks[0].told

    def to_json(self) -> Metrics:
        """As it is kept."""
        checks = [asdict(check) for check in self.checks]
        return {
            "better": self.better,
            "reason": self.reason,
            "checks": checks,
            "figures": self.figures,
        }


def read_verdict(path: Path) -> Verdict:
    """A verdict as ``to_json`` wrote it."""
    told = json.loads(path.read_bytes())
    return Verdict([Check(**check) for check in told["checks"]], told["figures"])


@dataclass(frozen=True, slots=True)
class Bench:
    """What releases are judged on: ``usual`` rows, which were set aside before any release read
    them, ``corrected`` ones, which operators labelled, and the ``golden`` cases. ``learned`` are
    the rows that the challenger was trained on; ``folders`` those of the releases, by id;
    ``protected`` the intents that may be worse by so many messages at the most; ``traffic`` all
    messages that were labelled, each with what it stands for (`finetune.traffic`)."""

    usual: Sequence[Row]
    corrected: Sequence[Row]
    learned: Sequence[Row]
    golden: Sequence[GoldenCase]
    folders: Mapping[str, Path]
    protected: Mapping[str, int] = field(default_factory=dict)
    traffic: Sequence[Row] = ()


@dataclass(frozen=True, slots=True)
class Kept:
    """How a champion keeps its promise: of messages worth ``trials`` even ones, ``right`` were
    answered rightly; ``broken`` when so few come by chance less often than in one of twenty."""

    right: int = 0
    trials: int = 0
    broken: bool = False


def judge(challenger: ReleaseEngine, champion: ReleaseEngine | None, bench: Bench) -> Verdict:
    """The verdict on a challenger; without a champion it need only be good enough.

    Rows that either has seen, or that are like one that the challenger has learned, are set aside;
    of rows that are like each other one counts.
    """
    seen = set[str]()
    for engine in (challenger, champion):
        seen |= (read_fingerprints(bench.folders[engine.release]) or set()) if engine else set()
    kept = choose_rows([*bench.usual, *bench.corrected], bench.learned, seen)
    usual = {row.text for row in bench.usual}
    places = [row.text in usual for row in kept]
    now = read(challenger.reader, kept)
    figures: Metrics = {
        "rows": len(kept),
        "corrected": len(kept) - sum(places),
        "set_aside": len(bench.usual) + len(bench.corrected) - len(kept),
        "challenger": _measure(challenger.reader, kept, now),
    }
    before = champion.thresholds if champion else None
    kept_so_far = _look_at_traffic(champion, bench) if champion else Kept()
    broken = kept_so_far.broken
    plain = [
        pair for pair, is_usual in zip(zip(kept, now, strict=True), places, strict=True) if is_usual
    ]
    checks = [
        _check_golden(challenger, champion, bench.golden, cautious=broken),
        _check_promise(plain, challenger.thresholds, before),
    ]
    if champion is not None:
        then = read(champion.reader, kept)
        figures["champion"] = _measure(champion.reader, kept, then)
        ranks = [
            (_rank(row, old, champion.thresholds), _rank(row, new, challenger.thresholds))
            for row, old, new in zip(kept, then, now, strict=True)
        ]
        if broken:  # what it answers more than it should is nothing to be held to
            ranks = [(min(old, UNDERSTOOD), min(new, UNDERSTOOD)) for old, new in ranks]
        steady = [ranked for ranked, is_usual in zip(ranks, places, strict=True) if is_usual]
        intents = _check_intents(kept, ranks, bench.protected)
        checks = [_check_better(ranks, steady), intents, *checks]
        figures["traffic"] = asdict(kept_so_far)
        if broken:
            told = f"{kept_so_far.right} of {kept_so_far.trials} answers of the champion are right"
            promised = f"promised are {champion.thresholds.promise:.0%}"
            told += f", {promised}: that it answers more counts for nothing."
            checks[0] = replace(checks[0], told=f"{checks[0].told} {told}")
        checks += [_check_moods(kept, then, now), _check_calibration(figures)]
        checks += _check_cost(challenger, champion, kept, bench.folders)
    return Verdict(checks, figures)


def choose_rows(rows: Sequence[Row], learned: Sequence[Row], seen: Container[str]) -> list[Row]:
    """The rows that may judge: one of those that are like each other, if they agree what it is, and
    none that is like a learned one. A copy proves nothing that its original does not."""
    kept, _ = clean([replace(row, support=False) for row in rows])
    together = [*learned, *kept]
    chosen = []
    for group in group_rows(together):
        own = [together[number] for number in group]
        if min(group) >= len(learned) and len({row.intent for row in own}) == 1:
            chosen.append(min(own, key=lambda row: row.text))
    return [row for row in chosen if row.intent and fingerprint(row.text) not in seen]


def _look_at_traffic(champion: ReleaseEngine, bench: Bench) -> Kept:
    """How right the champion's answers are to labelled messages that it had not learned, each
    counting for those of its kind."""
    seen = read_fingerprints(bench.folders[champion.release]) or set()
    rows = [
        row
        for row in bench.traffic
        if row.stands is not None and row.intent and fingerprint(row.text) not in seen
    ]
    answered = [
        (row.stands or 0.0, _first(reading) == row.intent)
        for row, reading in zip(rows, read(champion.reader, rows), strict=True)
        if _answers(reading, champion.thresholds)
    ]
    counts = [count for count, _ in answered]
    if not any(counts):
        return Kept()
    trials = round(effective_size(counts))
    right = sum(count for count, is_right in answered if is_right)
    rightly = round(right / sum(counts) * trials)
    chance = binomial_tail(rightly, trials, champion.thresholds.promise)
    return Kept(rightly, trials, chance <= LOST)


def _rank(row: Row, reading: Reading, thresholds: Thresholds) -> int:
    """What a reading is worth to a customer: answered rightly, understood but left to somebody,
    neither, answered wrongly."""
    outside = reading.in_scope < thresholds.in_scope
    right = outside if row.intent == OUT_OF_SCOPE else _first(reading) == row.intent
    if _answers(reading, thresholds):
        return ANSWERED if right else ANSWERED_WRONGLY
    if row.intent == OUT_OF_SCOPE:
        return ANSWERED if right else LEFT  # that it is not for the desk is all there is to say
    return UNDERSTOOD if right and not outside else LEFT


def _answers(reading: Reading, thresholds: Thresholds) -> bool:
    """Whether the desk answers such a message."""
    return reading.in_scope >= thresholds.in_scope and reading.certainty >= thresholds.answer


def _first(reading: Reading) -> str | None:
    """The intent that it takes the message for."""
    return reading.intent.label if reading.intent else None


def _measure(reader: Reader, rows: Sequence[Row], readings: Sequence[Reading]) -> Metrics:
    return judge_readings(rows, readings, reader.labels, reader.thresholds)


def _check_better(ranks: Sequence[tuple[int, int]], usual: Sequence[tuple[int, int]]) -> Check:
    """The sign test over paired rows (McNemar's, with more than two outcomes).

    Corrected messages are mostly those that a champion failed, on which even its equal is better:
    so the usual ones, which nobody chose, must not say the contrary.
    """
    mended, broken = _count(ranks)
    chance = sign_test(mended, broken)
    told = f"Of {len(ranks)} messages it handles {mended} better and {broken} worse"
    if mended <= broken or chance > CHANCE:
        return Check("better", False, f"{told}, which is no proof (chance {chance:.2f}).")
    gained, lost = _count(usual)
    if lost > gained and sign_test(gained, lost) <= CONTRARY:
        told += f"; but of the {len(usual)} that nobody corrected, {gained} and {lost}."
        return Check("better", False, told)
    return Check("better", True, f"{told} (chance {chance:.3f}).")


def _count(ranks: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """How many rows are better, and how many worse."""
    return sum(new > old for old, new in ranks), sum(new < old for old, new in ranks)


def _check_intents(
    rows: Sequence[Row], ranks: Sequence[tuple[int, int]], protected: Mapping[str, int]
) -> Check:
    """No single intent may pay for the others; a protected one not even by chance, beyond the
    messages that it may lose."""
    changes: dict[str, Counter[bool]] = defaultdict(Counter)
    judged = {row.intent for row in rows}
    for row, (old, new) in zip(rows, ranks, strict=True):
        if row.intent and old != new:
            changes[row.intent][new > old] += 1
    worse = []
    for intent, count in sorted(changes.items()):
        mended, broken = count[True], count[False]
        told = f"{intent} ({broken} worse, {mended} better"
        if intent in protected and broken - mended > protected[intent]:
            worse.append(f"{told}, protected: {protected[intent]} at the most)")
        elif broken - mended >= FEWEST and sign_test(mended, broken) <= CONTRARY:
            worse.append(f"{told})")
    if worse:
        return Check("intents", False, f"Worse in {', '.join(worse)}.")
    unknown = sorted(set(protected) - judged)
    told = f" No message judges {', '.join(unknown)}, though protected." if unknown else ""
    return Check("intents", True, f"No intent is worse for it.{told}")


def _check_golden(
    challenger: ReleaseEngine,
    champion: ReleaseEngine | None,
    golden: Sequence[GoldenCase],
    *,
    cautious: bool = False,
) -> Check:
    """No golden case may break: one that the champion fails, too, is told, and holds up nobody.

    Where the champion answers more than it can promise, a case that the challenger asks back or
    hands over does not break: one that it answers wrongly does."""
    failed = _failed(challenger, golden, CAUTIOUS if cautious else ())
    known = _failed(champion, golden, alone=True) if champion else set()
    broken = [case for case in golden if case.text in failed - known]
    if broken:
        shown = "; ".join(repr(case.text) for case in broken[:3])
        return Check("golden", False, f"{len(broken)} golden cases break: {shown}.")
    told = f"All {len(golden)} golden cases pass."
    if failed:
        told = f"{len(golden) - len(failed)} of {len(golden)} golden cases pass, as before."
    return Check("golden", True, told)


def _failed(
    engine: ReleaseEngine,
    golden: Sequence[GoldenCase],
    allowed: Sequence[str] = (),
    *,
    alone: bool = False,
) -> set[str]:
    """Golden cases that are read or treated otherwise than they must be, or may be instead.

    ``alone`` is without the examples that are newer than the release: what they keep it from
    answering it does not fail, or a wrong label would excuse who learned it."""
    readings = engine.read([case.text for case in golden]) if golden else []
    hits: Sequence[Sequence[Hit]] = engine.search_all(readings)
    if alone:
        hits = [[hit for hit in found if hit.kind != "example"] for found in hits]
    failed = set()
    for case, reading, found in zip(golden, readings, hits, strict=True):
        route = decide(reading, found, Dialogue(), engine.catalogue, engine.thresholds)
        outside = case.intent == OUT_OF_SCOPE
        read_right = outside or _first(reading) == case.intent
        if not (read_right and route.action == case.action) and route.action not in allowed:
            failed.add(case.text)
    return failed


def _check_promise(
    usual: Sequence[tuple[Row, Reading]], thresholds: Thresholds, before: Thresholds | None
) -> Check:
    """Its answers to the usual messages keep what the desk promises, as far as these can tell.

    One that can promise nothing, and so answers nothing, may only follow its like.
    """
    if thresholds.answer > 1:
        told = f"No threshold keeps the promise of {thresholds.promise:.0%}: it answers nothing."
        return Check("promise", before is None or before.answer > 1, told)
    answered = [_first(seen) == row.intent for row, seen in usual if _answers(seen, thresholds)]
    right = sum(answered)
    told = f"{right} of {len(answered)} answers are right; promised are {thresholds.promise:.0%}."
    chance = binomial_tail(right, len(answered), thresholds.promise) if answered else 1.0
    return Check("promise", chance > LOST, told)


def _check_moods(rows: Sequence[Row], before: Sequence[Reading], after: Sequence[Reading]) -> Check:
    """Moods and entities may not pay for intents."""
    worse = []
    for name, is_right in (("sentiment", _mood_right), ("entities", _entities_right)):
        pairs = [
            (int(is_right(row, old)), int(is_right(row, new)))
            for row, old, new in zip(rows, before, after, strict=True)
            if getattr(row, name) is not None
        ]
        mended, broken = _count(pairs)
        if broken > mended and sign_test(mended, broken) <= CONTRARY:
            worse.append(f"{name} ({broken} worse, {mended} better)")
    told = f"Worse in {', '.join(worse)}." if worse else "Moods and entities are no worse."
    return Check("moods", not worse, told)


def _mood_right(row: Row, reading: Reading) -> bool:
    return reading.sentiment is not None and reading.sentiment.label == row.sentiment


def _entities_right(row: Row, reading: Reading) -> bool:
    """Whether the learned entities are those of the row, none more and none less."""
    found = {(e.start, e.end, e.label) for e in reading.entities if not e.exact}
    return found == {(e.start, e.end, e.label) for e in row.entities or ()}


def _check_calibration(figures: Metrics) -> Check:
    """Few rows never show 0: a perfectly calibrated release is not held to another one's luck."""
    (then, _), (now, lucky) = (
        [figures[name].get("intent", {}).get(key, 0.0) for key in CALIBRATION]
        for name in ("champion", "challenger")
    )
    told = f"Calibration error {now:.3f}, before {then:.3f}, of a perfect one here {lucky:.3f}."
    bound = max(CALIBRATED, max(then, lucky) + WORSE_CALIBRATED)
    return Check("calibration", now <= bound, told)


def _check_cost(
    challenger: ReleaseEngine,
    champion: ReleaseEngine,
    rows: Sequence[Row],
    folders: Mapping[str, Path],
) -> list[Check]:
    """It may not be much slower or larger; both are timed in turn."""
    took: dict[str, list[float]] = {challenger.release: [], champion.release: []}
    for row in rows[:SINGLES]:
        for engine in (challenger, champion):
            start = time.perf_counter()
            engine.reader.read([row.text])
            took[engine.release].append(1000 * (time.perf_counter() - start))
    now, then = (median(took[e.release] or [0.0]) for e in (challenger, champion))
    slow = Check(
        "latency", now <= SLOWER * then or not rows, f"{now:.1f} ms a message, before {then:.1f}."
    )
    new, old = (_size(folders[engine.release]) for engine in (challenger, champion))
    told = f"{new / 2**20:.0f} MiB, before {old / 2**20:.0f}."
    return [slow, Check("size", new <= LARGER * old, told)]


def _size(folder: Path) -> int:
    """In bytes, without what is compiled for CPUs, which differs by how its numbers are kept."""
    compiled = folder / Path(COMPILED).parent
    files = (path for path in folder.rglob("*") if path.is_file() and compiled not in path.parents)
    return sum(path.stat().st_size for path in files)
