"""One look at the desk: is anything surging, has anything drifted? Begins and ends alarms.

Called by ``frontdesk watch``, which the server starts every few minutes in a process of its own, at
low priority, so that no customer waits for it. Numbers of hours and days that are over are kept in
a file beside the index's cache, so that a look reads only what is new. Loads no model.
"""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from index.champion import champion
from index.errors import ReleaseError
from service import drift, surge
from service.config import Config
from service.files import write_whole
from service.records.alarms import Alarm, AlarmDraft, AlarmKind, ReadMessage
from service.store import Store

log = logging.getLogger("frontdesk.watch")
Active = Mapping[tuple[AlarmKind, str], Alarm]

SAMPLE = 2000  # messages that tell a day
KEPT_DAYS = 90
QUIET = timedelta(hours=1)  # without a find, until a surge is over: one alarm a surge
DRIFT_EVERY = timedelta(hours=1)
UNSEEN = timedelta(days=7)  # until a drift that no day shows again is over
MOST_SURGE = timedelta(days=1)
MOST_ALARMS = 500
SHOWN = 10  # messages of a surge
ENOUGH_OF_TODAY = 0.5  # of a usual day's customers, before today is told from its messages


@dataclass(slots=True)
class Memory:
    """What is known of hours and days that are over: numbers, and nobody's words.

    ``hours`` are counted from 1970; ``[wrote, negative]`` by subject.
    """

    path: Path
    hours: dict[int, dict[str, list[int]]] = field(default_factory=dict)
    days: dict[str, drift.Day] = field(default_factory=dict)
    drift_at: str = ""
    figures: dict[str, Any] = field(default_factory=dict)  # as they were judged then

    @classmethod
    def read(cls, path: Path) -> "Memory":
        """As it was written; empty when it was not, or cannot be read."""
        memory = cls(path)
        try:
            kept = orjson.loads(path.read_bytes())
            memory.hours = {int(hour): counts for hour, counts in kept["hours"].items()}
            memory.days = {day: _day_from(value) for day, value in kept["days"].items()}
            memory.drift_at, memory.figures = kept["drift_at"], kept["figures"]
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return cls(path)
        return memory

    def write(self) -> None:
        """Keep it for the next look."""
        value = {
            "hours": {str(hour): counts for hour, counts in self.hours.items()},
            "days": {day: asdict(value) for day, value in self.days.items()},
            "drift_at": self.drift_at,
            "figures": self.figures,
        }
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(self.path, orjson.dumps(value).decode(), private=True)


@dataclass(slots=True)
class Outcome:
    """What a look has found."""

    at: str
    begun: list[Alarm] = field(default_factory=list)
    ended: list[Alarm] = field(default_factory=list)
    subjects: int = 0  # intents, and the desk, of which is known what is usual


class Watch:
    """Looks at one desk."""

    def __init__(self, config: Config, store: Store) -> None:
        self.config = config
        self.store = store
        self.memory = Memory.read(config.home / "cache" / "watch.json")

    def look(self, now: datetime) -> Outcome:
        """Bring alarms up to date with what has happened until ``now``."""
        now = now.astimezone(UTC)
        outcome = Outcome(_iso(now))
        known = self.store.alarms(MOST_ALARMS)
        active = {(a.kind, a.subject): a for a in known if a.ended_at is None}
        self._surges(now, active, outcome)
        if now >= _time(self.memory.drift_at) + DRIFT_EVERY:
            self._drift(now, active, outcome)
        self.memory.write()
        for alarm in outcome.begun:
            log.warning("alarm %s began: %s", alarm.id, alarm.words)
        for alarm in outcome.ended:
            log.warning("alarm %s ended: %s", alarm.id, alarm.words)
        return outcome

    # --- surges ----------------------------------------------------------------------------------

    def _surges(self, now: datetime, active: Active, outcome: Outcome) -> None:
        since = now - timedelta(hours=1)
        hour = _hour(now - timedelta(minutes=30))
        past, first = self._past(hour)
        self._leave_out_surges(past, first)
        usual = surge.usual_at(past, first, hour)
        window = {
            count.intent or surge.DESK: surge.Count(count.total, count.negative)
            for count in self.store.mood_counts(_iso(since), _iso(now), hourly=False)
        }
        surging = {subject for kind, subject in active if kind == "surge"}
        found = surge.look(usual, window, surging)
        outcome.subjects = len(found)
        for subject, finding in found.items():
            if finding.begins or (subject in surging and finding.goes_on):
                messages = self.store.negative_messages(subject, _iso(since), _iso(now), SHOWN)
                words = surge.in_words(finding)
                share = (finding.share, finding.usual)
                self._sound(AlarmDraft("surge", subject, words, *share, tuple(messages)), outcome)
        for (kind, subject), alarm in active.items():
            goes_on = subject in found and found[subject].goes_on
            if kind == "surge" and not goes_on and now - _time(alarm.seen_at) >= QUIET:
                outcome.ended.append(self.store.end_alarm(alarm.id))

    def _past(self, hour: int) -> tuple[dict[str, surge.Counts], int]:
        """Counts of the weeks until the hour before ``hour``, and their first hour."""
        first, last = hour - surge.WEEKS * surge.WEEK, hour - 1
        hours = self.memory.hours
        missing = [h for h in range(first, last) if h not in hours]
        for start, end in _spans(missing, 24):
            read = self.store.mood_counts(_iso(_moment(start)), _iso(_moment(end + 1)))
            hours |= {h: {} for h in range(start, end + 1)}
            for row in read:
                at = _hour(datetime.fromisoformat(f"{row.hour}:00+00:00"))
                hours[at][row.intent or surge.DESK] = [row.total, row.negative]
        self.memory.hours = hours = {h: hours[h] for h in range(first, last)}
        past: dict[str, surge.Counts] = {}
        for number, counts in enumerate(hours.values()):
            for subject, count in counts.items():
                if subject not in past:
                    past[subject] = np.zeros((last - first, 2), np.int64)
                past[subject][number] = count
        return past, first

    def _leave_out_surges(self, past: Mapping[str, surge.Counts], first: int) -> None:
        """Surges are not usual; but what lasts longer than ``MOST_SURGE`` becomes so."""
        for alarm in self.store.alarms(MOST_ALARMS):
            begun = _time(alarm.began_at) - timedelta(hours=1)
            end = min(_time(alarm.seen_at), begun + MOST_SURGE)
            if alarm.kind == "surge" and alarm.subject in past and _hour(end) >= first:
                rows = slice(max(0, _hour(begun) - first), _hour(end) - first + 1)
                past[alarm.subject][rows] = 0

    def _sound(self, draft: AlarmDraft, outcome: Outcome) -> None:
        alarm, new = self.store.sound_alarm(draft)
        if new:
            outcome.begun.append(alarm)

    # --- drift -----------------------------------------------------------------------------------

    def _drift(self, now: datetime, active: Active, outcome: Outcome) -> None:
        """Judge the last day that is over; and today, if it says enough and is far off."""
        content = self.store.content()
        known = drift.words_of([example.text for example in content.examples])
        today = now.date()
        days = self._days(today, known)
        last, before = (days.get(today - timedelta(days=n)) for n in (1, 2))
        found: dict[str, drift.Departure] = {}
        if last is not None:
            judged = drift.departures(last, _until(days, last.day))
            earlier = drift.departures(before, _until(days, before.day)) if before else {}
            found = drift.alarms(judged, earlier)
            self.memory.figures = {name: asdict(departure) for name, departure in judged.items()}
            for departure in found.values():
                self._drifted(departure, last.day, known, outcome)
            self._end_calm(judged, last.day, active, outcome)
        if self._is_telling(today):
            so_far = drift.measure(today, self._read(today), known)
            far = drift.alarms(drift.departures(so_far, _until(days, today)), {})
            for name in far.keys() - found.keys():
                self._drifted(far[name], today, known, outcome)
        self._end_unseen(now, active, outcome)
        self.memory.drift_at = outcome.at

    def _days(self, today: date, known: frozenset[str]) -> dict[date, drift.Day]:
        """The days that are over, oldest first, those that are not known yet measured now."""
        kept = self.memory.days
        for ago in range(drift.PAST_DAYS + 1, 0, -1):
            day = today - timedelta(days=ago)
            if day.isoformat() not in kept:
                kept[day.isoformat()] = drift.measure(day, self._read(day), known)
        oldest = (today - timedelta(days=KEPT_DAYS)).isoformat()
        self.memory.days = {d: kept[d] for d in sorted(kept) if oldest <= d < today.isoformat()}
        return {day.day: day for day in self.memory.days.values() if day.figures}

    def _read(self, day: date) -> list[ReadMessage]:
        return self.store.read_messages(f"{day}T", f"{day + timedelta(days=1)}T", SAMPLE)

    def _is_telling(self, today: date) -> bool:
        """Whether today had enough customers to be held against whole days."""
        daily: dict[date, int] = {}
        for hour, counts in self.memory.hours.items():
            day = _moment(hour).date()
            daily[day] = daily.get(day, 0) + counts.get(surge.DESK, [0])[0]
        so_far = daily.pop(today, 0)
        return bool(daily) and so_far >= max(
            1, ENOUGH_OF_TODAY * float(np.median(list(daily.values())))
        )

    def _drifted(
        self, departure: drift.Departure, day: date, known: frozenset[str], outcome: Outcome
    ) -> None:
        words = drift.in_words(departure)
        if departure.figure == "sure" and (promised := self.held_out()) is not None:
            words += f" On held-out examples it was {100 * promised:.0f} %."
        shown = drift.telling(departure, self._read(day), known)
        numbers = (departure.value, departure.usual)
        self._sound(AlarmDraft("drift", departure.figure, words, *numbers, shown), outcome)

    def _end_calm(
        self,
        judged: Mapping[str, drift.Departure],
        day: date,
        active: Active,
        outcome: Outcome,
    ) -> None:
        """End the alarms of figures that were back in their range on a day that came after."""
        for (kind, figure), alarm in active.items():
            after = alarm.began_at[:10] <= day.isoformat()
            calm = figure in judged and abs(judged[figure].score) < drift.CALM
            if kind == "drift" and after and calm:
                outcome.ended.append(self.store.end_alarm(alarm.id))

    def _end_unseen(self, now: datetime, active: Active, outcome: Outcome) -> None:
        """End what was not found again for long: days may be too small to be judged, or be neither
        back in the range nor out of it."""
        for (kind, _), before in active.items():
            alarm = self.store.alarm(before.id)  # it may have gone on or ended in this look
            unseen = now - _time(alarm.seen_at) >= UNSEEN
            if kind == "drift" and alarm.ended_at is None and unseen:
                outcome.ended.append(self.store.end_alarm(alarm.id))

    def held_out(self) -> float | None:
        """The share of held-out examples that the champion reads surely enough to answer."""
        try:
            release = champion(self.config.releases)
            metrics = (self.config.releases / str(release) / "metrics.json").read_bytes()
            return float(orjson.loads(metrics)["promise"]["answered"])
        except (OSError, ReleaseError, ValueError, KeyError, TypeError):
            return None


def _until(days: Mapping[date, drift.Day], end: date) -> list[drift.Day]:
    return [day for day in days.values() if day.day < end]


def _day_from(value: Mapping[str, Any]) -> drift.Day:
    figures = {name: drift.Measured(**f) for name, f in value["figures"].items()}
    day = date.fromisoformat(value["day"])
    return drift.Day(day, value["messages"], value["release"], figures)


def _spans(numbers: list[int], most: int) -> Iterator[tuple[int, int]]:
    """First and last of runs without a gap, at most so long."""
    while numbers:
        length = 1
        while length < min(most, len(numbers)) and numbers[length] == numbers[0] + length:
            length += 1
        yield numbers[0], numbers[length - 1]
        numbers = numbers[length:]


def _hour(moment: datetime) -> int:
    return int(moment.timestamp()) // 3600


def _moment(hour: int) -> datetime:
    return datetime.fromtimestamp(hour * 3600, UTC)


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text) if text else datetime.fromtimestamp(0, UTC)


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
