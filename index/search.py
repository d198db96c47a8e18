"""The FAISS index over templates, examples and passages: vectors in, hits out.

Built by the engine from the store's content with the champion's vectors; a cache that is thrown
away with its release. Inner product of unit vectors is the cosine. It never encodes text.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import faiss
import numpy as np
from numpy.typing import NDArray

from index.records import Hit, HitKind, Vector


@dataclass(frozen=True, slots=True)
class Entry:
    """A template, example or passage that can be found; ``text`` is what was encoded."""

    kind: HitKind
    id: str
    intent: str | None
    text: str


class SearchIndex:
    """Exact nearest neighbours, one flat index a kind, so that no kind crowds out another."""

    def __init__(self, shelves: dict[HitKind, tuple[faiss.Index, list[Entry]]]) -> None:
        self._shelves = shelves

    @classmethod
    def build(cls, vectors: NDArray[np.float32], entries: Sequence[Entry]) -> "SearchIndex":
        """Index unit ``vectors`` of shape ``(n, hidden)``, one an entry; ``n`` may be 0.

        Raises ``ValueError`` when the counts differ.
        """
        if len(vectors) != len(entries):
            raise ValueError(f"{len(vectors)} vectors for {len(entries)} entries")
        shelves: dict[HitKind, tuple[faiss.Index, list[Entry]]] = {}
        for kind in dict.fromkeys(entry.kind for entry in entries):
            rows = [row for row, entry in enumerate(entries) if entry.kind == kind]
            index = faiss.IndexFlatIP(vectors.shape[1])
            index.add(np.ascontiguousarray(vectors[rows], dtype=np.float32))
            shelves[kind] = (index, [entries[row] for row in rows])
        return cls(shelves)

    def __len__(self) -> int:
        return sum(len(entries) for _, entries in self._shelves.values())

    def search(self, vector: Vector, k: int = 5, kind: HitKind | None = None) -> list[Hit]:
        """The ``k`` nearest of each kind, or of ``kind`` alone, best first.

        ``vector`` has shape ``(hidden,)`` and unit length.
        """
        query = np.ascontiguousarray(vector, dtype=np.float32)[None]
        hits = []
        for name, (index, entries) in self._shelves.items():
            if kind not in (None, name) or k < 1:
                continue
            scores, rows = index.search(query, min(k, len(entries)))
            for score, row in zip(scores[0], rows[0], strict=True):
                entry = entries[row]
                hits.append(Hit(entry.kind, entry.id, float(score), entry.intent, entry.text))
        return sorted(hits, key=lambda hit: -hit.score)
