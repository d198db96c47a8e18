"""For how many messages of the traffic a labelled one stands.

Called by `finetune.freeze`. What operators label is no fair sample of what customers write: all
that was left to a person is labelled, and of what was answered well only what somebody happened to
look through. A desk that calibrated by that as it is would think that it fails far more often than
it does, and answer nothing; one that left it out would never learn how its answers fare. So each
labelled message stands for those of its kind, by what became of them: weighting by the inverse of
the sampling rate (Horvitz & Thompson 1952, "A Generalization of Sampling Without Replacement From a
Finite Universe").
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from finetune.rows import SURE, Row
from finetune.statistics import effective_size
from service.records.past import Origin, Outcome


def weigh(
    rows: Sequence[Row], origins: Mapping[str, Origin], traffic: Mapping[Outcome, int]
) -> list[Row]:
    """The rows, in their order; those with an origin, by place, and a label that somebody has said
    get what they stand for. ``traffic`` counts messages by what became of them.

    All together they stand for as many examples as so uneven a sample is worth.
    """
    sampled = [
        (number, outcome)
        for number, row in enumerate(rows)
        if row.weight >= SURE
        and row.place in origins
        and (outcome := origins[row.place].outcome) is not None
    ]
    counts = Counter(outcome for _, outcome in sampled)
    # Never fewer than there are: what was read long ago may have been counted no more.
    each = {name: max(1.0, traffic.get(name, 0) / count) for name, count in counts.items()}
    stood = [each[outcome] for _, outcome in sampled]
    share = effective_size(stood) / sum(stood) if stood else 0.0
    weighed = list(rows)
    for number, outcome in sampled:
        weighed[number] = replace(rows[number], stands=each[outcome] * share)
    return weighed
