"""The index finds the nearest of each kind by vector and letters, and nothing in an empty desk."""

import numpy as np
import pytest

from index.records import LEXICAL_WEIGHT
from index.search import POOL, Entry, SearchIndex

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


def test_letters_decide_between_near_vectors() -> None:
    entries = [
        Entry("passage", "p1", None, "Returns are free."),
        Entry("passage", "p2", None, "Kayaks are sent by truck."),
    ]
    index = SearchIndex.build(np.stack([unit(1, 0.1), unit(1, 0)]), entries)
    query = unit(1, 0.1)
    assert [hit.id for hit in index.search(query)] == ["p1", "p2"]
    first, second = index.search(query, "how is a kayak sent?")
    assert first.id == "p2"
    assert first.lexical > 2 * second.lexical
    assert first.score == pytest.approx(float(unit(1, 0.1) @ unit(1, 0)))
    assert first.relevance == pytest.approx(first.score + LEXICAL_WEIGHT * first.lexical)


def test_letters_find_what_the_vector_alone_would_miss() -> None:
    far = Entry("passage", "far", None, "Kayaks are sent by truck.")
    near = [Entry("passage", f"p{n}", None, "Returns are free.") for n in range(2 * POOL)]
    vectors = np.stack([unit(0.95, 0.312), *[unit(1, 0.001 * n) for n in range(2 * POOL)]])
    index = SearchIndex.build(vectors, [far, *near])
    assert "far" not in {hit.id for hit in index.search(unit(1, 0))}
    hits = index.search(unit(1, 0), "kayaks by truck")
    assert hits[0].id == "far"
    assert len(hits) == 5


def test_examples_are_found_by_cosine_alone() -> None:
    entries = [Entry("example", "e1", "a", "where is it"), Entry("example", "e2", "b", "kayak")]
    index = SearchIndex.build(np.stack([unit(1, 0), unit(1, 0.2)]), entries)
    hits = index.search(unit(1, 0), "kayak")
    assert [(hit.id, hit.lexical, hit.relevance) for hit in hits] == [
        ("e1", 0, hits[0].score),
        ("e2", 0, hits[1].score),
    ]
