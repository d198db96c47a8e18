"""How often the alarms of ``service.surge`` and ``service.drift`` go off on ordinary days, and how
soon they notice a surge or a change. ``python -m benchmarks.ordinary_days`` prints tables; tests
use its days.

Days are simulated: a daily and weekly pattern of volume and of mood, weekends, growth, and hours
that differ from each other by more than chance.
"""

import argparse
import math
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from service import drift, surge
from service.records.alarms import ReadMessage

STEPS = 12  # looks an hour
MINUTES = 60 // STEPS


@dataclass(frozen=True, slots=True)
class Shop:
    """A desk's customers: ``volume`` a day in all, over so many intents (Zipf's law)."""

    volume: float = 2000.0
    intents: int = 30
    usual: float = 0.12
    dispersion: float = 0.01
    growth: float = 0.3  # over 60 days
    spread: float = 0.4  # of intents' usual shares, as a standard deviation of their logarithms

    def shares(self) -> NDArray[np.float64]:
        weights = 1 / np.arange(1, self.intents + 1)
        return np.asarray(weights / weights.sum())


@dataclass(frozen=True, slots=True)
class Planted:
    """A surge: an intent's share is ``factor`` times as high for so many hours from ``hour`` on."""

    intent: int
    hour: int
    hours: int = 2
    factor: float = 2.0


def mood(shop: Shop, hours: int, rng: np.random.Generator) -> tuple[NDArray[np.float64], ...]:
    """Customers and shares by hour and intent, ``(hours, intents)`` each."""
    hour = np.arange(hours)
    weekend = (hour // 24) % 7 >= 5
    day = 1 + 0.9 * np.sin((hour % 24 - 9) / 24 * 2 * math.pi)
    volume = day / day.mean() * np.where(weekend, 0.5, 1.0) * (1 + shop.growth * hour / 1440)
    own = shop.usual * np.exp(rng.normal(0, shop.spread, shop.intents))
    evening = 1 + 0.25 * np.sin((hour % 24 - 14) / 24 * 2 * math.pi)
    shares = np.clip(own * (evening * np.where(weekend, 1.2, 1.0))[:, None], 0.005, 0.6)
    size = (1 - shop.dispersion) / shop.dispersion
    drawn = rng.beta(shares * size, (1 - shares) * size)
    return (shop.volume / 24 * volume)[:, None] * shop.shares(), drawn


def draw(
    shop: Shop, days: int, rng: np.random.Generator, planted: Planted | None = None
) -> NDArray[np.int64]:
    """How many wrote and were negative: ``(steps, intents + 1, 2)``, the desk's first."""
    rates, shares = mood(shop, days * 24, rng)
    if planted is not None:
        span = slice(planted.hour, planted.hour + planted.hours)
        raised = shares[span, planted.intent] * planted.factor
        shares[span, planted.intent] = np.minimum(raised, 0.95)
    total = rng.poisson(np.repeat(rates, STEPS, 0) / STEPS)
    negative = rng.binomial(total, np.repeat(shares, STEPS, 0))
    both = np.stack([total, negative], -1)
    return np.concatenate([both.sum(1, keepdims=True), both], 1)


def looks(
    steps: NDArray[np.int64], first: int, every: int = 1
) -> Iterator[tuple[int, dict[str, surge.Finding]]]:
    """What is found at each step from ``first`` on, with the step."""
    hourly = steps.reshape(-1, STEPS, *steps.shape[1:]).sum(1)
    names = [surge.DESK, *(f"intent_{n}" for n in range(1, steps.shape[1]))]
    surging: set[str] = set()
    known, usual = -1, {}
    for step in range(first, len(steps) + 1, every):
        # Hour 0 is a Monday's first.
        hour = (step - STEPS // 2) // STEPS
        if hour != known:
            known, start = hour, max(0, hour - surge.WEEKS * surge.WEEK)
            past = {name: hourly[start : hour - 1, n] for n, name in enumerate(names)}
            usual = surge.usual_at(past, start - surge.MONDAY, hour - surge.MONDAY)
        last = steps[step - STEPS : step].sum(0)
        window = {name: surge.Count(*map(int, last[n])) for n, name in enumerate(names)}
        found = surge.look(usual, window, surging)
        surging = {s for s, f in found.items() if f.begins or (s in surging and f.goes_on)}
        for name in surging:
            hourly[hour, names.index(name)] = 0
        yield step, found


def alarms(steps: NDArray[np.int64], first: int, every: int = 1) -> list[tuple[int, str]]:
    """When an alarm began, and of what; one is over after an hour without a find."""
    seen: dict[str, int] = {}
    begun = []
    for step, found in looks(steps, first, every):
        for subject, finding in found.items():
            active = step - seen.get(subject, -STEPS) < STEPS
            if finding.begins and not active:
                begun.append((step, subject))
            if finding.begins or (active and finding.goes_on):
                seen[subject] = step
    return begun


def delay(shop: Shop, seed: int, factor: float) -> tuple[int, int | None]:
    """Customers of the first hour of a surge in the largest intent, on a Wednesday from eleven to
    one, and the minutes until the alarm, if it came before the surge was over."""
    hour = 24 * 30 + 11
    steps = draw(shop, 32, np.random.default_rng(seed), Planted(0, hour, factor=factor))
    begin, end = hour * STEPS, (hour + 2) * STEPS
    told = [s for s, name in alarms(steps[:end], begin - STEPS) if s > begin and name == "intent_1"]
    customers = int(steps[begin : begin + STEPS, 1, 0].sum())
    return customers, (told[0] - begin) * MINUTES if told else None


# --- drift ---------------------------------------------------------------------------------------

KNOWN = frozenset(f"{a}{b}{c}" for a in "abcdefgh" for b in "klmnop" for c in "rstuv")
FIRST = date(2026, 3, 2)  # a Monday


def read_messages(
    messages: int, rng: np.random.Generator, *, odd: float = 0.0, mood: float = 0.0
) -> list[ReadMessage]:
    """A day's messages. A share is ``odd``: nothing that the desk knows. ``mood`` moves all of the
    day's figures a little, as days do by themselves."""
    known = sorted(KNOWN)
    strange = rng.random(messages) < odd
    confidence = np.where(strange, rng.beta(2, 5, messages), rng.beta(9 + 2 * mood, 1.2, messages))
    near = rng.beta(12, 3 - 0.3 * mood, messages)
    nearest = np.where(strange, rng.beta(5, 5, messages), near)
    handed = rng.random(messages) < np.where(strange, 0.6, 0.18 - 0.02 * mood)
    fresh = rng.random((messages, 6)) < np.where(strange, 0.35, 0.05 - 0.005 * mood)[:, None]
    picked = rng.integers(len(known), size=(messages, 6))
    return [
        ReadMessage(
            id=f"m{n}",
            conversation_id=f"c{n}",
            text=" ".join("xyzzy" if new else known[k] for new, k in zip(*words, strict=True)),
            action="handoff" if handed[n] else "answer",
            release="rel_1",
            confidence=float(confidence[n]),
            sure=bool(confidence[n] > 0.57),
            nearest=float(nearest[n]),
        )
        for n, words in enumerate(zip(fresh, picked, strict=True))
    ]


def simulate_days(
    count: int, volume: float, rng: np.random.Generator, odd_from: int | None = None, odd: float = 0
) -> list[drift.Day]:
    """Measured days: weekends are quieter and different, volumes grow, days differ."""
    days = []
    for n in range(count):
        day = FIRST + timedelta(days=n)
        weekend = day.weekday() >= 5
        messages = int(rng.poisson(volume * (0.5 if weekend else 1) * (1 + 0.3 * n / 60)))
        mood = rng.normal(-0.5 if weekend else 0, 0.4)
        strange = odd if odd_from is not None and n >= odd_from else 0.0
        read = read_messages(messages, rng, odd=0.05 + strange, mood=mood)
        days.append(drift.measure(day, read, KNOWN))
    return days


def drifted(days: list[drift.Day], first: int) -> list[tuple[int, str]]:
    """The days of ``first`` and later on which a figure began to be out of its range."""
    on: set[str] = set()
    begun = []
    for n in range(first, len(days)):
        now, before = (drift.departures(days[k], days[:k]) for k in (n, n - 1))
        found = drift.alarms(now, before)
        begun += [(n, name) for name in found if name not in on]
        calm = {name for name, departure in now.items() if abs(departure.score) < drift.CALM}
        on = (on | set(found)) - calm
    return begun


# --- tables --------------------------------------------------------------------------------------


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=4)
    runs = parser.parse_args().runs
    print("| customers a day | dispersion | false alarms in 30 days |\n|---|---|---|")
    for volume in (500.0, 2000.0, 10000.0):
        for dispersion in (0.001, 0.003, 0.01):
            shop = Shop(volume, dispersion=dispersion)
            drawn = (draw(shop, 60, np.random.default_rng(seed)) for seed in range(runs))
            count = sum(len(alarms(steps, 15 * 24 * STEPS)) for steps in drawn)
            print(f"| {volume:,.0f} | {dispersion} | {count / runs / 45 * 30:.2f} |", flush=True)
    print("\n| customers in the hour | share x | dispersion | in that hour | in two | minutes |")
    print("|---|---|---|---|---|---|")
    for volume in (1000.0, 2000.0, 5000.0, 10000.0, 20000.0):
        for factor in (2.0, 3.0, 4.0):
            for dispersion in (0.001, 0.003):
                shop = Shop(volume, dispersion=dispersion, spread=0.0)
                tries = [delay(shop, seed, factor) for seed in range(10 * runs)]
                caught = [minutes for _, minutes in tries if minutes is not None]
                soon, ever = sum(m <= 60 for m in caught) / len(tries), len(caught) / len(tries)
                customers = statistics.mean(count for count, _ in tries)
                middle = f"{statistics.median(caught):.0f}" if caught else "-"
                what = f"{customers:.0f} | {factor:.0f} | {dispersion}"
                print(f"| {what} | {soon:.0%} | {ever:.0%} | {middle} |", flush=True)
    print("\n| messages a day | false alarms in 30 days | days until 10 % odd | 20 % |")
    print("|---|---|---|---|")
    for volume in (100.0, 500.0, 2000.0):
        calm = [simulate_days(60, volume, np.random.default_rng(s)) for s in range(runs)]
        count = sum(len(drifted(days, 15)) for days in calm)
        cells = [f"{count / runs / 45 * 30:.2f}"]
        for odd in (0.1, 0.2):
            delays = []
            for seed in range(runs):
                days = simulate_days(40, volume, np.random.default_rng(100 + seed), 30, odd)
                found = [n - 30 + 1 for n, _ in drifted(days, 30)]
                delays.append(str(found[0]) if found else "-")
            cells.append(" ".join(sorted(delays)))
        print(f"| {volume:,.0f} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
