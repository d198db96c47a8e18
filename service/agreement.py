"""How often each operator's labels are overruled by others, or contradict what others say of like
messages or what the desk was sure of: so that one who labels wrongly shows by name.

A pure function of labels and readings. Nobody is right by definition: a label is held against the
majority of its nearest neighbours by others, and against what the desk read before it was told; an
operator against all colleagues, with messages of which the desk was as sure. The desk's readings
alone accuse nobody: who only corrects contradicts them more than who confirms. Trainings leave out
the labels of who stands out (`finetune.freeze`).
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.alike import trigrams
from index.records import OUT_OF_SCOPE
from service.proportions import chance_of_more, chances_of_parts
from service.records.labels import Label, ReadAs

NEWEST = 3000  # labels that are compared: twice as many take four times as long
LIKE = 0.25  # Jaccard similarity of trigrams from which a message is a neighbour
NEIGHBOURS = 5
ENOUGH = 10  # comparisons, below which nobody stands out
FEWEST = 3  # operators: of two who contradict each other nobody knows which one is wrong
CHANCE = 0.01  # of each of the two tests, that somebody stands out who labels as the others do
LEANING = 0.1  # so little chance must contradicting colleagues have for readings to be believed
SURE = (0.5, 0.8, 0.95)  # where bands of the desk's certainty begin, beyond the first


@dataclass(frozen=True, slots=True)
class Agreement:
    """What became of one operator's ``labels``: ``overruled`` by a colleague's later word on the
    same message; of those ``compared`` with others' on like messages, ``contradicting`` them; of
    those whose message the desk had ``read``, ``read_otherwise``.

    ``stands_out`` when that many would come by chance to hardly anybody with the others' rate.
    """

    operator_id: str
    operator_name: str
    labels: int
    overruled: int
    compared: int
    contradicting: int
    read: int
    read_otherwise: int
    stands_out: bool

    @property
    def agreement(self) -> float | None:
        """The share of what was compared in which others say the same."""
        return 1 - self.contradicting / self.compared if self.compared else None


def agreements(labels: Sequence[Label], read: Mapping[str, ReadAs]) -> list[Agreement]:
    """Every operator with labels of an intent, who contradicts the others most first. ``read`` is
    what the desk took messages for, by their id."""
    said = [label for label in labels if label.explicit and label.intent]
    newest = _newest_of_each(said)
    given = _last_of_each(newest)
    names = {label.operator_id: label.operator_name for label in given}
    owned = Counter(label.operator_id for label in given)
    overruled = _overruled(newest, given)
    compared, contradicting = _compare(given)
    bands = _hold_against_readings(_last_of_each(said), read)
    everybody = sum(bands.values(), np.zeros((2, len(SURE) + 1), np.int64))
    found = []
    for operator_id, name in names.items():
        wrong, of = contradicting[operator_id], compared[operator_id]
        others = contradicting.total() - wrong, compared.total() - of
        by_colleagues = 1.0
        if of >= ENOUGH and len(names) >= FEWEST:
            by_colleagues = chance_of_more(wrong, of, *others)
        own = bands.get(operator_id, np.zeros_like(everybody))
        by_desk = _chance_of_readings(own, everybody - own)
        level = CHANCE / len(names)
        stands_out = by_colleagues < level or (by_desk < level and by_colleagues < LEANING)
        counts = owned[operator_id], overruled[operator_id], of, wrong
        seen = int(own[0].sum()), int(own[1].sum())
        found.append(Agreement(operator_id, name, *counts, *seen, stands_out))
    return sorted(found, key=lambda a: (a.agreement is None, a.agreement or 0, a.operator_name))


def distrusted(labels: Sequence[Label], read: Mapping[str, ReadAs]) -> dict[str, str]:
    """Messages that are labelled by nobody but operators who stand out, and who labelled each last,
    by name."""
    out = {found.operator_id for found in agreements(labels, read) if found.stands_out}
    by_message: dict[str, list[Label]] = defaultdict(list)
    for label in labels if out else ():
        if label.undone_by is None:
            by_message[label.message_id].append(label)
    return {
        message_id: told[-1].operator_name
        for message_id, told in by_message.items()
        if all(label.operator_id in out for label in told)
    }


def _hold_against_readings(
    given: Sequence[Label], read: Mapping[str, ReadAs]
) -> dict[str, NDArray[np.int64]]:
    """By operator, ``(2, bands)`` by how sure the desk was: labels whose message it had read, and
    those of which it said otherwise. One of an intent that it did not know by then says nothing of
    who gave it."""
    known = {OUT_OF_SCOPE}
    bands: dict[str, NDArray[np.int64]] = {}
    for label in given:
        reading = read.get(label.message_id)
        if reading is None:
            continue
        known.update(reading.considered)
        if label.intent in known:
            own = bands.setdefault(label.operator_id, np.zeros((2, len(SURE) + 1), np.int64))
            said, certainty = reading.verdict
            own[:, sum(certainty >= least for least in SURE)] += 1, said != label.intent
    return bands


def _chance_of_readings(own: NDArray[np.int64], others: NDArray[np.int64]) -> float:
    """The chance that as many of one's labels or more are read otherwise, if in each band everybody
    contradicts the desk as often: the tail of a sum of hypergeometric counts (Fisher 1935). Bands
    in which the others have hardly a label say nothing."""
    chances, observed = np.ones(1), 0
    for mine, wrong, theirs, theirs_wrong in zip(*own.tolist(), *others.tolist(), strict=True):
        if theirs >= ENOUGH:
            chances = np.convolve(chances, chances_of_parts(mine, theirs, wrong + theirs_wrong))
            observed += wrong
    return min(1.0, float(chances[observed:].sum()))


def _newest_of_each(labels: Sequence[Label]) -> list[Label]:
    """The newest labels of each operator, so that all together are as many as can be compared: who
    left long ago is known by what he said then."""
    counts = Counter(label.operator_id for label in labels)
    most, room = 0, NEWEST
    for number, count in enumerate(sorted(counts.values())):  # who has few leaves room to others
        most = room // (len(counts) - number)
        room -= min(count, most)
    left = Counter(dict.fromkeys(counts, most))
    newest = []
    for label in reversed(labels):
        if left[label.operator_id] > 0:
            left[label.operator_id] -= 1
            newest.append(label)
    return newest[::-1]


def _last_of_each(labels: Sequence[Label]) -> list[Label]:
    """The last label of each operator of each message, unless they took it back themselves."""
    last = {(e.operator_id, e.message_id): e for e in labels if e.undone_by != e.operator_id}
    return list(last.values())


def _overruled(labels: Sequence[Label], given: Sequence[Label]) -> Counter[str]:
    """By operator: labels that a colleague took back, or said otherwise after."""
    by_message: dict[str, list[Label]] = defaultdict(list)
    for label in labels:
        by_message[label.message_id].append(label)
    found: Counter[str] = Counter()
    for label in given:
        told = by_message[label.message_id]
        after = told[told.index(label) + 1 :]
        found[label.operator_id] += label.undone_by is not None or any(
            e.undone_by is None and e.operator_id != label.operator_id and e.intent != label.intent
            for e in after
        )
    return found


def _compare(given: Sequence[Label]) -> tuple[Counter[str], Counter[str]]:
    """By operator: labels that were held against those of others, and how many they contradict."""
    compared: Counter[str] = Counter()
    contradicting: Counter[str] = Counter()
    voting = [label for label in given if label.undone_by is None]
    if not voting:
        return compared, contradicting
    shapes = trigrams([label.text for label in voting])
    sizes = shapes.sum(axis=1)
    owners = np.array([label.operator_id for label in voting])
    votes = {id(label): shapes[place] for place, label in enumerate(voting)}
    for label in given:
        shape = votes[id(label)] if id(label) in votes else trigrams([label.text])[0]
        said = _others_say(label, shape, voting, shapes, sizes, owners)
        if said is not None:
            compared[label.operator_id] += 1
            contradicting[label.operator_id] += said != label.intent
    return compared, contradicting


def _others_say(
    label: Label,
    shape: NDArray[np.float32],
    voting: Sequence[Label],
    shapes: NDArray[np.float32],
    sizes: NDArray[np.float32],
    owners: NDArray[np.str_],
) -> str | None:
    """What most of the nearest messages are according to others; None without a majority."""
    common = shapes @ shape
    alike = common / np.maximum(sizes + shape.sum() - common, 1)
    alike[owners == label.operator_id] = 0
    nearest = [n for n in np.argsort(-alike, kind="stable")[:NEIGHBOURS] if alike[n] >= LIKE]
    ranked = Counter(str(voting[n].intent) for n in nearest).most_common(2)
    if not ranked or (len(ranked) > 1 and ranked[0][1] == ranked[1][1]):
        return None
    return ranked[0][0]
