"""From labelled rows to rows by what they are for: cleaned, split, and dealt where they are few.

Called by `finetune.run` and by the search, before anything is trained. It never looks at a model.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from finetune.batches import find_labels
from finetune.clean import CleanReport, clean
from finetune.rows import SPLITS, Row, digest
from finetune.split import deal, group_rows, set_aside, split, stratum_of
from index.release import Labels
from service.errors import ContentError

FEW = 300  # rows that certify the promise: below, it is so cautious that the desk answers little


@dataclass(frozen=True, slots=True)
class Prepared:
    """Cleaned rows by what they are for; ``tuning`` and ``promised`` are the held-out rows.

    With ``parts`` they train, too: it has the part, from 0, of each of ``[*tuning, *promised]``,
    ``(n,)``, and what certifies is how networks that were trained without a part read that part.
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
    def held(self) -> list[Row]:
        """The rows that calibrate: first those for tuning, then those for the promise."""
        return [*self.tuning, *self.promised]


def prepare(rows: Sequence[Row], parts: int = 0) -> Prepared:
    """Clean and split; deal the rows into ``parts`` if too few would be held out.

    Rows marked valid are held out, however few. Raises ``ContentError`` when no training row
    carries a label.
    """
    kept, cleaning = clean(rows)
    prepared = arrange(split(kept), cleaning)
    marked = any(row.split == "valid" for row in kept)
    if parts < 2 or marked or len(prepared.promised) >= FEW:
        return prepared
    return _deal_out(prepared, parts)


def arrange(placed: Sequence[Row], cleaning: CleanReport) -> Prepared:
    """Rows that have their splits, by what they are for. Raises ``ContentError`` as `prepare`."""
    places = {name: [row for row in placed if row.split == name] for name in SPLITS}
    labels = find_labels(places["train"])
    if not (labels.intents or labels.sentiments or labels.entities):
        raise ContentError("There is nothing to train on: no training row carries a label.")
    tuning, promised = set_aside(places["valid"])
    train = [*places["train"], *_name_rows(labels, places["train"])]
    return Prepared(labels, train, tuning, promised, places["test"], cleaning, digest(placed))


def without(prepared: Prepared, part: int) -> Prepared:
    """What trains the network that reads a part: all rows but that part, with none held out."""
    assert prepared.parts is not None
    held = zip(prepared.held, prepared.parts, strict=True)
    away = {id(row) for row, place in held if place == part}
    rows = [row for row in prepared.train if id(row) not in away]
    return replace(prepared, train=rows, tuning=[], promised=[], parts=None)


def _name_rows(labels: Labels, train: Sequence[Row]) -> list[Row]:
    """The names of the intents as support rows, where they are words and there is no title."""
    titled = {row.intent for row in train if row.support}
    return [
        Row(words, name, place=f"name of {name}", support=True, own=True)
        for name in labels.intents
        if name not in titled and re.search(r"[^\W\d_]{3}", words := _words_of_name(name))
    ]


def _words_of_name(name: str) -> str:
    """The words of "cancel_order", "CancelOrder" or "faq/cancel-order"."""
    return " ".join(re.findall(r"[^\W_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name))).lower()


def _deal_out(prepared: Prepared, parts: int) -> Prepared:
    """All rows but the test rows train and, unless nothing else is like them, calibrate.

    Support rows only train, and so does the only group of like texts of an intent: a network
    without it would know nothing of that intent.
    """
    rows = [*prepared.train, *prepared.held]
    own = [row for row in rows if not row.support]
    groups = group_rows(own)
    counts = Counter(stratum_of(own[group[0]]) for group in groups)
    dealt = [own[n] for group in groups if counts[stratum_of(own[group[0]])] > 1 for n in group]
    tuning, promised = set_aside(dealt)
    if not (tuning and promised):
        return prepared
    numbers = np.array(deal([*tuning, *promised], parts), np.int64)
    return replace(prepared, train=rows, tuning=tuning, promised=promised, parts=numbers)
