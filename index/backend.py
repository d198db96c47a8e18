"""What runs a network: token ids in, numbers out, in batches of similar length.

The reader holds one backend, torch's (`index.network`) or the compiled one (`index.compiled`); both
pass their batches through `collect`. Imports neither, so that a process that reads with one does
not load the other.
"""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from index.tokens import Tokens
from index.viterbi import Transitions


@dataclass(frozen=True, slots=True)
class Raw:
    """What the network said about ``n`` texts, before calibration, in the order of the texts.

    ``vectors`` is ``(n, hidden)``, ``intents`` and ``sentiments`` are logits ``(n, labels)`` with
    0 columns when there is no head; ``distances`` ``(n,)`` are to the nearest intent, 0 without
    intents; ``tags`` holds the best tag of each token that begins a word, ``(length,)``; else 0.
    """

    vectors: NDArray[np.float32]
    intents: NDArray[np.float32]
    distances: NDArray[np.float32]
    sentiments: NDArray[np.float32]
    tags: list[NDArray[np.int64]]


@dataclass(frozen=True, slots=True)
class Outputs:
    """One batch: ``vectors`` ``(batch, hidden)``, logits ``(batch, labels)``, ``distances``
    ``(batch,)`` and ``tags`` ``(tokens, tags)``, where text i has its tokens from ``begins[i]`` on;
    None for a head that is not there."""

    vectors: NDArray[np.float32]
    intents: NDArray[np.float32] | None
    distances: NDArray[np.float32] | None
    sentiments: NDArray[np.float32] | None
    tags: NDArray[np.float32] | None
    begins: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Widths:
    """Columns of a network's outputs; 0 where there is no such head."""

    hidden: int
    intents: int
    sentiments: int


class Backend(Protocol):
    """A loaded network. ``name`` says how it computes: vectors of two names do not mix. ``lanes``
    is how many calls of ``run`` are worth making at once."""

    @property
    def name(self) -> str: ...
    @property
    def lanes(self) -> int: ...
    @property
    def widths(self) -> Widths: ...
    def run(self, tokens: Sequence[Tokens]) -> Raw:
        """Pass texts through the network; safe from several threads at once."""

    def warm_up(self) -> None:
        """Do now what the first batch of each size would have to wait for."""


Pass = Callable[[Sequence[Tokens]], Outputs]
Many = Callable[[Pass, Iterable[Sequence[Tokens]]], Iterable[Outputs]]


def in_lanes(count: int) -> Many:
    """Pass so many batches at once, each in a thread of its own."""

    def run_all(run: Pass, batches: Iterable[Sequence[Tokens]]) -> list[Outputs]:
        with ThreadPoolExecutor(count) as pool:
            return list(pool.map(run, batches))

    return run_all


def collect(
    tokens: Sequence[Tokens],
    batches: Sequence[Sequence[int]],
    widths: Widths,
    transitions: Transitions | None,
    run: Pass,
    many: Many = map,
) -> Raw:
    """Pass texts through ``run`` in ``batches`` of their numbers, one by one or as ``many`` does
    it. ``transitions`` are those between the tags, None without them.
    """
    count = len(tokens)
    vectors = np.zeros((count, widths.hidden), np.float32)
    intents = np.zeros((count, widths.intents), np.float32)
    distances = np.zeros(count, np.float32)
    sentiments = np.zeros((count, widths.sentiments), np.float32)
    tags: list[NDArray[np.int64]] = [np.zeros(0, np.int64)] * count
    outputs = many(run, ([tokens[row] for row in rows] for rows in batches))
    for rows, output in zip(batches, outputs, strict=True):
        vectors[rows] = output.vectors
        if output.intents is not None:
            intents[rows] = output.intents
        if output.distances is not None:
            distances[rows] = output.distances
        if output.sentiments is not None:
            sentiments[rows] = output.sentiments
        if output.tags is not None and transitions is not None:
            words = [np.array(tokens[row].starts(), np.int64) for row in rows]
            at = [begin + places for begin, places in zip(output.begins, words, strict=True)]
            paths = transitions.find_paths(output.tags, at)
            for row, places, path in zip(rows, words, paths, strict=True):
                tags[row] = np.zeros(len(tokens[row].ids), np.int64)
                tags[row][places] = path
    return Raw(vectors, intents, distances, sentiments, tags)
