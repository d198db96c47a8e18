"""Sentiment surges: is the share of negative customers far above what is usual at this hour?

Pure statistics, called by ``service.watch``. A customer counts once an hour and intent, however
often they write: one furious person is no surge. What is usual comes from the past four weeks, by
hour of the week, for each intent and for the desk; how much hours differ by themselves, too.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

WEEKS = 4
WEEK = 168  # hours
MONDAY = 72  # hours from 1970-01-01, a Thursday, to where weeks begin, turned round
WEEKEND = 120  # from this hour of the week on

DESK = ""  # the subject that stands for all intents
PRIOR = 40.0  # customers' worth of what is known from a wider span of hours
LEAST_PAST = 100  # customers that must have been seen before anything is usual
LEAST_DAYS = 3
LEAST_NEGATIVE = 5  # customers; fewer are an accident
LEAST_RATIO, LEAST_RISE = 1.5, 0.05  # a smaller rise may be certain, and is no surge
MOST_RESIDUAL = 16.0  # so that a past surge does not pass for ordinary noise
LEAST_VARIANCE = 2.0  # of a count that tells of dispersion; of smaller ones, the tails do
FIRST_GUESS, GUESSED = 0.005, 1000.0  # a dispersion, and as if seen with so many customers
MOST_DISPERSION = 0.2

FALSE_ALARMS = 1.0  # that a desk may have in a month, whatever its number of intents
HOURS = 30 * 24
LOOKS = 4.0  # independent ones that the twelve of an hour amount to, for they overlap
CALM = 0.05  # a surge goes on while its hour is less likely than this

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]


class Count(NamedTuple):
    """Customers of an hour: how many wrote, and how many of them something negative."""

    total: int
    negative: int


@dataclass(frozen=True, slots=True)
class Usual:
    """What is usual at an hour: the share, and the over-dispersion of a count around it."""

    share: float
    dispersion: float


@dataclass(frozen=True, slots=True)
class Finding:
    """The last hour of a subject. ``chance``: of so many negative ones on an ordinary day."""

    subject: str
    count: Count
    usual: float
    chance: float
    begins: bool
    goes_on: bool

    @property
    def share(self) -> float:
        """The share of negative customers."""
        return self.count.negative / self.count.total if self.count.total else 0.0


def look(
    usual: Mapping[str, Usual], window: Mapping[str, Count], surging: Collection[str] = ()
) -> dict[str, Finding]:
    """Judge the last hour of every subject of which is known what is usual.

    The chance of a false alarm is shared out evenly to all subjects and looks (Bonferroni), so that
    there are at most ``FALSE_ALARMS`` a month. An intent that surges, or is ``surging`` already, is
    no reason for an alarm of the whole desk.
    """
    limit = FALSE_ALARMS / (HOURS * LOOKS * max(1, len(usual)))
    found = {
        subject: _judge(subject, window.get(subject, Count(0, 0)), expected, limit)
        for subject, expected in usual.items()
    }
    if DESK in found:
        told = {s for s, f in found.items() if f.begins or s in surging} - {DESK}
        rest = _judge(DESK, _without(window, told), usual[DESK], limit)
        whole = found[DESK]
        found[DESK] = replace(whole, begins=whole.begins and rest.begins)
    return found


def usual_at(past: Mapping[str, Counts], first_hour: int, hour: int) -> dict[str, Usual]:
    """What is usual at an hour, for every subject that has been heard of enough.

    ``past`` is ``(hours, 2)`` a subject, how many wrote and how many were negative, from
    ``first_hour`` on; hours are counted from 1970. Hours of an earlier surge do not belong to it.
    """
    heard = [
        subject
        for subject, counts in past.items()
        if counts[:, 0].sum() >= LEAST_PAST and _days(counts) >= LEAST_DAYS
    ]
    slot = (hour + MONDAY) % WEEK
    found = {}
    # Intents are alike in how much their hours differ, and the most of them are rare: together.
    for group in ([s for s in heard if s != DESK], [s for s in heard if s == DESK]):
        if not group:
            continue
        counts = np.stack([past[subject] for subject in group])
        fit = _fit(counts, first_hour, FIRST_GUESS)
        fit = _fit(counts, first_hour, fit.dispersion)
        # How little is known of the share widens a count as dispersion does.
        widths = fit.dispersion + 1 / fit.weights[:, slot]
        for subject, share, width in zip(group, fit.shares[:, slot], widths, strict=True):
            found[subject] = Usual(float(share), float(width))
    return found


def in_words(finding: Finding) -> str:
    """What is surging, as a sentence."""
    of = f" about {finding.subject.replace('_', ' ')}" if finding.subject else ""
    share, usual = round(100 * finding.share), round(100 * finding.usual)
    customers = f"{finding.count.negative} of {finding.count.total} customers"
    return f"Negative messages{of} are at {share} % this hour ({customers}); usually {usual} %."


def tail(negative: int, total: int, usual: Usual) -> float:
    """The chance of at least ``negative`` of ``total``, by the beta-binomial distribution with mean
    ``share`` and intra-class correlation ``dispersion`` (Skellam 1948)."""
    if negative <= 0:
        return 1.0
    size = (1 - usual.dispersion) / usual.dispersion
    a, b = usual.share * size, (1 - usual.share) * size
    term = math.exp(
        math.lgamma(total + 1)
        - math.lgamma(negative + 1)
        - math.lgamma(total - negative + 1)
        + _log_beta(negative + a, total - negative + b)
        - _log_beta(a, b)
    )
    chance = term
    for k in range(negative, total):
        term *= (total - k) / (k + 1) * (k + a) / (total - k - 1 + b)
        chance += term
        if term < 1e-12 * chance:
            break
    return min(1.0, chance)


class _Fit(NamedTuple):
    shares: Floats  # (subjects, 168)
    weights: Floats  # (subjects, 168), independent customers' worth that each is known from
    dispersion: float


def _fit(counts: Counts, first_hour: int, dispersion: float) -> _Fit:
    """Shares by hour of the week from ``(subjects, hours, 2)``, each drawn to those of its time of
    day, and these to the whole's: the fewer customers it was seen with, the more.

    The dispersion is the moment estimate of the intra-class correlation, of all subjects together.
    """
    missing = -counts.shape[1] % WEEK  # hours of nothing in front, for whole weeks
    counts = np.pad(counts, ((0, 0), (missing, 0), (0, 0)))
    begin = (first_hour - missing + MONDAY) % WEEK
    slots = (begin + np.arange(counts.shape[1])) % WEEK
    n, k = counts[..., 0].astype(np.float64), counts[..., 1].astype(np.float64)
    worth = 1 / (1 + np.maximum(n - 1, 0) * dispersion)  # of a customer, who is one of many alike
    total, negative = _by_slot(n * worth, begin), _by_slot(k * worth, begin)
    whole = (negative.sum(1, keepdims=True) + 1) / (total.sum(1, keepdims=True) + 10)
    near = (_around(negative) + PRIOR * whole) / (_around(total) + PRIOR)
    weights = total + PRIOR
    shares = (negative + PRIOR * near) / weights
    expected, leverage = shares[:, slots], n * worth / weights[:, slots]
    variance = n * expected * (1 - expected)
    telling = variance >= LEAST_VARIANCE
    off = (k - n * expected)[telling] ** 2 / (variance * (1 - leverage))[telling]
    excess = float((np.minimum(off, MOST_RESIDUAL) - 1).sum()) + GUESSED * FIRST_GUESS
    found = excess / (float((n - 1)[telling].sum()) + GUESSED)
    return _Fit(shares, weights, min(MOST_DISPERSION, max(0.0, found)))


def _judge(subject: str, count: Count, usual: Usual, limit: float) -> Finding:
    least = max(LEAST_RATIO * usual.share, usual.share + LEAST_RISE)
    share = count.negative / count.total if count.total else 0.0
    chance = tail(count.negative, count.total, usual) if share > usual.share else 1.0
    begins = count.negative >= LEAST_NEGATIVE and share >= least and chance < limit
    return Finding(subject, count, usual.share, chance, begins, begins or chance < CALM)


def _without(window: Mapping[str, Count], intents: Collection[str]) -> Count:
    total, negative = window.get(DESK, Count(0, 0))
    for name in intents:
        gone = window.get(name, Count(0, 0))
        total, negative = total - gone.total, negative - gone.negative
    return Count(max(0, total), max(0, min(negative, total)))


def _days(counts: Counts) -> int:
    """How many days have customers."""
    whole = counts[len(counts) % 24 :, 0].reshape(-1, 24)
    return int((whole.sum(1) > 0).sum())


def _by_slot(values: Floats, begin: int) -> Floats:
    """``(subjects, hours)`` of whole weeks from a slot on, added up: ``(subjects, 168)``."""
    return np.roll(values.reshape(len(values), -1, WEEK).sum(1), begin, 1)


def _around(slots: Floats) -> Floats:
    """For each slot, what was at its time of day, the hour before and the one after, on the same
    kind of day, workday or weekend."""
    found = []
    for days in (slots[:, :WEEKEND], slots[:, WEEKEND:]):
        hours = days.reshape(len(days), -1, 24)
        day = hours.sum(1)
        near = day + np.roll(day, 1, 1) + np.roll(day, -1, 1)
        found.append(np.tile(near, hours.shape[1]))
    return np.concatenate(found, 1)


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
