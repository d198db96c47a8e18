"""How often each operator's labels are overruled by others, or contradict what others say of like
messages: so that one who labels wrongly shows by name.

A pure function of labels. Nobody is right by definition: a label is held against the majority of
its nearest neighbours by others, and an operator against all colleagues.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.alike import trigrams
from service.proportions import chance_of_as_many
from service.records.labels import Label

NEWEST = 3000  # labels that are compared: twice as many take four times as long
LIKE = 0.25  # Jaccard similarity of trigrams from which a message is a neighbour
NEIGHBOURS = 5
ENOUGH = 10  # comparisons, below which nobody stands out
CHANCE = 0.01  # that somebody of all operators stands out who labels as the others do


@dataclass(frozen=True, slots=True)
class Agreement:
    """What became of one operator's ``labels``: ``overruled`` by a colleague's later word on the
    same message; of those ``compared`` with others' on like messages, ``contradicting`` them.

    ``stands_out`` when that many would come by chance to hardly anybody with the others' rate.
    """

    operator_id: str
    operator_name: str
    labels: int
    overruled: int
    compared: int
    contradicting: int
    stands_out: bool

    @property
    def agreement(self) -> float | None:
        """The share of what was compared in which others say the same."""
        return 1 - self.contradicting / self.compared if self.compared else None


def agreements(labels: Sequence[Label]) -> list[Agreement]:
    """Every operator with labels of an intent, who contradicts the others most first."""
    newest = [label for label in labels if label.explicit and label.intent][-NEWEST:]
    given = _last_of_each(newest)
    names = {label.operator_id: label.operator_name for label in given}
    owned = Counter(label.operator_id for label in given)
    overruled = _overruled(newest, given)
    compared, contradicting = _compare(given)
    found = []
    for operator_id, name in names.items():
        wrong, of = contradicting[operator_id], compared[operator_id]
        others = contradicting.total() - wrong, compared.total() - of
        usual = (others[0] + 1) / (others[1] + 2)
        unlikely = chance_of_as_many(wrong, of, usual) < CHANCE / len(names)
        counts = owned[operator_id], overruled[operator_id], of, wrong
        found.append(Agreement(operator_id, name, *counts, of >= ENOUGH and unlikely))
    return sorted(found, key=lambda a: (a.agreement is None, a.agreement or 0, a.operator_name))


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
