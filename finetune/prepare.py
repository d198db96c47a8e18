"""From labelled rows to rows by what they are for: cleaned, split, and dealt where they are few.

Called by `finetune.run`, cross validation and the search, before anything is trained. It never
looks at a model.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from finetune.batches import find_labels
from finetune.clean import CleanReport, clean
from finetune.rows import SPLITS, Row, digest
from finetune.split import deal, group_rows, set_aside, split, stratum_of
from index.alike import words_of
from index.release import Labels
from service.errors import ContentError

FEW = 300  # rows that certify the promise: below, it is so cautious that the desk answers little


@dataclass(frozen=True, slots=True)
class Prepared:
    """Cleaned rows by what they are for: ``tuning`` stops and calibrates, ``promised`` certifies.

    Without ``parts`` these two are held out. With them they train, too, and all of them certify: it
    has the part, from 0, of each row of ``calibrating``, ``(n,)``, and what counts is how networks
    that were trained without a part read that part.
    """

    labels: Labels
    train: list[Row]
    tuning: list[Row]
    promised: list[Row]
    test: list[Row]
    cleaning: CleanReport
    digest: str
    parts: NDArray[np.int64] | None = None

    @property
    def calibrating(self) -> list[Row]:
        """First the rows for tuning, then those for the promise."""
        return [*self.tuning, *self.promised]


def prepare(rows: Sequence[Row], parts: int = 0) -> Prepared:
    """Clean and split; deal the rows into ``parts`` where too few would be held out.

    Rows marked valid are held out, however few; beside rows without a mark, those marked train only
    train. Raises ``ContentError`` when no training row carries a label.
    """
    kept, cleaning = clean(rows)
    prepared = arrange(split(kept), cleaning)
    certifying = sum(row.intent is not None for row in prepared.promised)
    marks = {row.split for row in kept if not row.support}
    if parts < 2 or "valid" in marks or not prepared.labels.intents or certifying >= FEW:
        return prepared
    fixed = {row.text for row in kept if row.split == "train" and None in marks}
    return _deal_out(prepared, parts, fixed)


def arrange(placed: Sequence[Row], cleaning: CleanReport) -> Prepared:
    """Rows that have their splits, by what they are for. Raises ``ContentError`` as `prepare`."""
    places = {name: [row for row in placed if row.split == name] for name in SPLITS}
    train = places["train"]
    labels = find_labels(train)
    if not (labels.intents or labels.sentiments or labels.entities):
        raise ContentError("There is nothing to train on: no training row carries a label.")
    tuning, promised = set_aside(places["valid"])
    test = places["test"]
    return _name_intents(Prepared(labels, train, tuning, promised, test, cleaning, digest(placed)))


def without(prepared: Prepared, part: int) -> Prepared:
    """What trains the network that reads a part: all rows but that part, with none held out."""
    assert prepared.parts is not None
    dealt = zip(prepared.calibrating, prepared.parts, strict=True)
    away = {row for row, place in dealt if place == part}
    rows = [row for row in prepared.train if row not in away]
    assert len(rows) == len(prepared.train) - len(away)
    return replace(prepared, train=rows, tuning=[], promised=[], parts=None)


def _only_trains(row: Row) -> bool:
    return row.support and row.stands is None


def _name_intents(prepared: Prepared) -> Prepared:
    """With the names of the intents as support rows, where they are words and there is no title.

    Not where a row has the same words, which may be a test row, or another intent the same name.
    """
    titled = {row.intent for row in prepared.train if row.own}
    rows = [*prepared.train, *prepared.calibrating, *prepared.test]
    taken = {frozenset(words_of(row.text)) for row in rows}
    names = {name: _words_of_name(name) for name in prepared.labels.intents}
    counts = Counter(names.values())
    added = [
        Row(words, name, place=f"name of {name}", support=True, own=True)
        for name, words in names.items()
        if re.search(r"[^\W\d_]{3}", words)
        and name not in titled
        and counts[words] == 1
        and frozenset(words_of(words)) not in taken
    ]
    return replace(prepared, train=[*prepared.train, *added])


def _words_of_name(name: str) -> str:
    """The words of "cancel_order", "CancelOrder" or "faq/cancel-order"."""
    return " ".join(words_of(re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", name)))


def _deal_out(prepared: Prepared, parts: int, fixed: Collection[str]) -> Prepared:
    """All rows but the test rows train and, unless nothing else is like them, calibrate.

    Support rows that stand for no traffic and ``fixed`` texts only train, and so do rows like them,
    and those of an intent that all would be in one part: a network without it would know little of
    that intent.
    """
    rows = [*prepared.train, *prepared.calibrating]
    groups = [
        [rows[n] for n in group]
        for group in group_rows(rows)
        if not any(_only_trains(rows[n]) or rows[n].text in fixed for n in group)
    ]
    while True:
        dealt = [row for group in groups for row in group]
        numbers = dict(zip(dealt, deal(dealt, parts), strict=True))
        spread: dict[str, set[int]] = defaultdict(set)
        for row in rows:
            if not _only_trains(row):
                spread[stratum_of(row)].add(numbers.get(row, parts))
        known = [g for g in groups if all(len(spread[stratum_of(row)]) > 1 for row in g)]
        if len(known) == len(groups):
            break
        groups = known
    # Each part by itself, so that every network has a say in both.
    aside = [set_aside([row for row in dealt if numbers[row] == n]) for n in range(parts)]
    tuning = [row for pair in aside for row in pair[0]]
    promised = [row for pair in aside for row in pair[1]]
    if not (tuning and promised):
        return prepared
    return replace(
        prepared,
        labels=find_labels(rows),
        train=rows,
        tuning=tuning,
        promised=promised,
        parts=np.array([numbers[row] for row in [*tuning, *promised]], np.int64),
    )
