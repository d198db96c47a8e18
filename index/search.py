"""The index over templates, examples and passages: a message's vector and words in, hits out.

Built by the engine from the store's content with the champion's vectors; a cache that is thrown
away with its release. FAISS finds by vector (`index.nearest`), where the inner product of unit
vectors is the cosine; templates and passages are found by their letters, too. It never encodes
text.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import faiss
import numpy as np
from numpy.typing import NDArray

from index.lexical import LexicalIndex
from index.nearest import build_nearest
from index.records import Hit, HitKind, Vector, relevance

FEW = 500  # entries that are all weighed, no more than `nearest.EXACT`; of more only
POOL = 50  # the nearest by vector, and as many by letters
CELLS = 20_000  # pairs of a message and an entry that are weighed at once


@dataclass(frozen=True, slots=True)
class Entry:
    """A template, example or passage that can be found; ``text`` is what was encoded. An example
    is ``fresh`` when the release that reads is older."""

    kind: HitKind
    id: str
    intent: str | None
    text: str
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Shelf:
    """The entries of one kind, by vector and, unless they are examples, by letters."""

    vectors: faiss.Index
    letters: LexicalIndex | None
    entries: list[Entry]

    def find(self, queries: NDArray[np.float32], texts: Sequence[str], k: int) -> list[list[Hit]]:
        """The ``k`` most relevant to each query, ``(queries, hidden)``, best first."""
        # FAISS's threads wait for each other by spinning, and no search is long enough for that.
        faiss.omp_set_num_threads(1)
        if self.letters is None:
            cosines, rows = self.vectors.search(queries, min(k, len(self.entries)))
            return [
                [self._hit(row, score) for row, score in zip(*nearest, strict=True) if row >= 0]
                for nearest in zip(rows.tolist(), cosines.tolist(), strict=True)
            ]
        block = max(1, CELLS // len(self.entries))
        found: list[list[Hit]] = []
        for start in range(0, len(texts), block):
            part = slice(start, start + block)
            shares = self.letters.scores_all(texts[part])
            weigh = self._weigh_all if len(self.entries) <= FEW else self._weigh_some
            found += weigh(queries[part], shares, k)
        return found

    def _weigh_all(
        self, queries: NDArray[np.float32], shares: NDArray[np.float32], k: int
    ) -> list[list[Hit]]:
        """The ``k`` most relevant of all."""
        found, rows = self.vectors.search(queries, len(self.entries))
        cosines = np.empty_like(found)
        np.put_along_axis(cosines, rows, found, axis=1)
        best = np.argsort(-relevance(cosines, shares), axis=1, kind="stable")[:, :k]
        picked = (np.take_along_axis(values, best, axis=1).tolist() for values in (cosines, shares))
        return [
            [self._hit(*hit) for hit in zip(*columns, strict=True)]
            for columns in zip(best.tolist(), *picked, strict=True)
        ]

    def _weigh_some(
        self, queries: NDArray[np.float32], shares: NDArray[np.float32], k: int
    ) -> list[list[Hit]]:
        """The ``k`` most relevant of the nearest by vector and as many by letters."""
        _, rows = self.vectors.search(queries, min(max(k, POOL), len(self.entries)))
        return [self._weigh(*row, k) for row in zip(queries, shares, rows, strict=True)]

    def _weigh(
        self, query: Vector, shares: NDArray[np.float32], nearest: NDArray[np.int64], k: int
    ) -> list[Hit]:
        sharing = np.argpartition(-shares, len(nearest) - 1)[: len(nearest)]
        among = np.zeros(len(self.entries), np.bool_)
        among[sharing[shares[sharing] > 0]] = True
        among[nearest[nearest >= 0]] = True
        found = np.flatnonzero(among)
        scores = self.vectors.reconstruct_batch(found) @ query
        best = np.argsort(-relevance(scores, shares[found]), kind="stable")[:k]
        return [self._hit(found[at], scores[at], shares[found[at]]) for at in best]

    def _hit(self, row: int, score: float, share: float = 0.0) -> Hit:
        entry = self.entries[row]
        found = entry.kind, entry.id, float(score), entry.intent, entry.text, float(share)
        return Hit(*found, entry.fresh)


class SearchIndex:
    """Nearest neighbours on one shelf a kind, so that no kind crowds out another.

    Examples are found by cosine alone: the router holds it against a threshold.
    """

    def __init__(self, shelves: dict[HitKind, Shelf]) -> None:
        self._shelves = shelves

    @classmethod
    def build(
        cls,
        vectors: NDArray[np.float32],
        entries: Sequence[Entry],
        before: "SearchIndex | None" = None,
    ) -> "SearchIndex":
        """Index unit ``vectors`` of shape ``(n, hidden)``, one an entry; ``n`` may be 0.

        What has not changed since ``before``, an index with vectors of the same network, is taken
        from there. Raises ``ValueError`` when the counts differ.
        """
        if len(vectors) != len(entries):
            raise ValueError(f"{len(vectors)} vectors for {len(entries)} entries")
        shelves: dict[HitKind, Shelf] = {}
        for kind in dict.fromkeys(entry.kind for entry in entries):
            rows = [row for row, entry in enumerate(entries) if entry.kind == kind]
            kept = [entries[row] for row in rows]
            old = before._shelves.get(kind) if before else None
            if old and old.entries == kept:
                shelves[kind] = old
                continue
            index = build_nearest(vectors[rows], old.vectors if old else None)
            letters = None
            if kind != "example":
                letters = LexicalIndex([entry.text for entry in kept], old.letters if old else None)
            shelves[kind] = Shelf(index, letters, kept)
        return cls(shelves)

    def __len__(self) -> int:
        return sum(len(shelf.entries) for shelf in self._shelves.values())

    def search(
        self, vector: Vector, text: str = "", k: int = 5, kind: HitKind | None = None
    ) -> list[Hit]:
        """The ``k`` most relevant of each kind, or of ``kind`` alone, best first.

        ``vector`` has shape ``(hidden,)`` and unit length; without the ``text`` that it stands for,
        the cosine decides alone.
        """
        return self.search_all(vector[None], [text], k, kind)[0]

    def search_all(
        self,
        vectors: NDArray[np.float32],
        texts: Sequence[str],
        k: int = 5,
        kind: HitKind | None = None,
    ) -> list[list[Hit]]:
        """The same for many at once, ``(n, hidden)``, which costs less than one by one."""
        queries = np.ascontiguousarray(vectors, dtype=np.float32)
        hits: list[list[Hit]] = [[] for _ in texts]
        for name, shelf in self._shelves.items():
            if kind in (None, name) and k > 0 and texts:
                for row, found in enumerate(shelf.find(queries, texts, k)):
                    hits[row] += found
        return [sorted(found, key=lambda hit: -hit.relevance) for found in hits]
