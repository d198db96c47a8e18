"""How much one customer, or many who write alike, may count for in a night.

Called by `finetune.freeze`. What a message means is said by operators, never by who wrote it; but
who writes most would have most to say about what is learned and by what releases are judged.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from finetune.rows import Row
from finetune.split import group_rows
from index.seen import normalise
from service.records.past import Origin

ONE = 5.0  # what the rows of one customer weigh together at most,
ALIKE = 10.0  # and rows that are alike, whoever wrote them
JUDGES = 5  # rows of one customer that judge


def temper(rows: Sequence[Row], origins: Mapping[str, Origin]) -> list[Row]:
    """The rows, in their order, with a smaller ``share`` where one customer or one kind of wording
    is too heavy; only of rows that come from messages, which ``origins`` has by a row's place."""
    written = [number for number, row in enumerate(rows) if row.place in origins]
    by_writer: dict[str, list[int]] = defaultdict(list)
    for number in written:
        by_writer[origins[rows[number].place].writer].append(number)
    tempered = list(rows)
    _lighten(tempered, by_writer.values(), ONE)
    groups = group_rows([rows[number] for number in written])
    _lighten(tempered, [[written[place] for place in group] for group in groups], ALIKE)
    return tempered


def choose_judges(rows: Sequence[Row], origins: Mapping[str, Origin]) -> list[Row]:
    """The rows, in their order, without those of a customer beyond the first ``JUDGES``, which are
    the same ones every night."""
    by_writer: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_writer[origins[row.place].writer].append(row)
    chosen = {
        row.place
        for own in by_writer.values()
        for row in sorted(own, key=lambda row: hashlib.sha256(row.place.encode()).digest())[:JUDGES]
    }
    return [row for row in rows if row.place in chosen]


def _lighten(rows: list[Row], groups: Iterable[list[int]], most: float) -> None:
    """Leave each group a share of its weight. The same text, which trains once, counts once."""
    for group in groups:
        weights: dict[str, float] = {}
        for number in group:
            text, weight = normalise(rows[number].text), rows[number].weight * rows[number].share
            weights[text] = max(weight, weights.get(text, 0.0))
        total = sum(weights.values())
        for number in group if total > most else ():
            rows[number] = replace(rows[number], share=rows[number].share * most / total)
