"""The search index finds the nearest of each kind, and nothing in an empty desk."""

import numpy as np
import pytest

from index.search import Entry, SearchIndex

VECTORS = np.eye(4, dtype=np.float32)
ENTRIES = [
    Entry("template", "t1", "greeting", "Hello!"),
    Entry("example", "e1", "greeting", "hi"),
    Entry("example", "e2", "goodbye", "bye"),
    Entry("passage", "p1", None, "Returns are free."),
]


def unit(*values: float) -> np.ndarray:
    vector = np.array(values, np.float32)
    return vector / np.linalg.norm(vector)


def test_each_kind_keeps_its_best_hits() -> None:
    hits = SearchIndex.build(VECTORS, ENTRIES).search(unit(0.1, 3, 2, 0), k=1)
    assert {hit.kind: hit.id for hit in hits} == {
        "template": "t1",
        "example": "e1",
        "passage": "p1",
    }
    assert hits[0].id == "e1"
    assert hits[0].intent == "greeting"


def test_scores_are_cosines_best_first() -> None:
    hits = SearchIndex.build(VECTORS, ENTRIES).search(unit(0, 3, 4, 0), k=5, kind="example")
    assert [(hit.id, round(hit.score, 5)) for hit in hits] == [("e2", 0.8), ("e1", 0.6)]


def test_empty_index_finds_nothing() -> None:
    index = SearchIndex.build(np.zeros((0, 4), np.float32), [])
    assert index.search(unit(1, 0, 0, 0)) == []
    assert len(index) == 0


def test_missing_kind_finds_nothing() -> None:
    index = SearchIndex.build(VECTORS[:1], ENTRIES[:1])
    assert index.search(unit(1, 0, 0, 0), kind="passage") == []


def test_counts_must_agree() -> None:
    with pytest.raises(ValueError, match="4 vectors for 1"):
        SearchIndex.build(VECTORS, ENTRIES[:1])
