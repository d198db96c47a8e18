"""The index finds the nearest of each kind by vector and letters, and nothing in an empty desk."""

import numpy as np
import pytest

from index import nearest, search
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


def test_of_many_entries_the_same_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = np.random.default_rng(0)
    vectors = chance.normal(size=(600, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    entries = [Entry("passage", f"p{n}", None, f"number {n}") for n in range(300)]
    entries += [Entry("example", f"e{n}", "a", f"number {n}") for n in range(300)]
    few = SearchIndex.build(vectors, entries)
    expected = [few.search(query, "number 123") for query in vectors[::50]]
    monkeypatch.setattr(search, "FEW", 299)
    monkeypatch.setattr(nearest, "EXACT", 299)
    monkeypatch.setattr(nearest, "SEARCHED", nearest.lists_for(300))
    many = SearchIndex.build(vectors, entries)
    for query, wanted in zip(vectors[::50], expected, strict=True):
        found = many.search(query, "number 123")
        assert [hit.id for hit in found] == [hit.id for hit in wanted]
        assert [hit.score for hit in found] == pytest.approx([h.score for h in wanted], abs=1e-3)
    # Where the lists that are searched hold fewer than are wanted, fewer are found.
    monkeypatch.setattr(nearest, "SEARCHED", 1)
    sparse = SearchIndex.build(vectors, entries)
    hits = sparse.search(vectors[400], k=200, kind="example")
    assert hits[0].id == "e100"
    assert len({hit.id for hit in hits}) == len(hits) < 200
    assert len(sparse.search(vectors[100], "number 123", k=200, kind="passage")) < 300


def test_what_has_not_changed_is_taken_over(monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[int] = []

    def counting(vectors: np.ndarray, before: object = None) -> object:
        built.append(len(vectors))
        return nearest.build_nearest(vectors)

    monkeypatch.setattr("index.search.build_nearest", counting)
    before = SearchIndex.build(VECTORS, ENTRIES)
    assert built == [1, 2, 1]
    edited = [*ENTRIES[:3], Entry("passage", "p1", None, "Kayaks are sent by truck.")]
    turned = np.concatenate([VECTORS[:3], [unit(0, 1, 0, 1)]])
    after = SearchIndex.build(turned, edited, before)
    assert built == [1, 2, 1, 1]
    fresh = SearchIndex.build(turned, edited)
    query = unit(1, 2, 3, 4)
    assert after.search(query, "a kayak") == fresh.search(query, "a kayak")
    assert before.search(query, kind="passage")[0].text == "Returns are free."
    assert len(SearchIndex.build(VECTORS[:1], ENTRIES[:1], after)) == 1


def test_few_and_many_entries_are_weighed_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the pool holds every entry, and however many messages are weighed at once."""
    rng = np.random.default_rng(3)
    vectors = rng.normal(size=(40, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    words = ["tent", "stove", "kayak", "rope", "jacket", "parcel", "norway"]
    texts = [" ".join(rng.choice(words, 3)) for _ in range(40)]
    entries = [Entry("template", f"t{at}", None, text) for at, text in enumerate(texts)]
    index = SearchIndex.build(vectors, entries)
    messages = ["my tent", "", "kayak to norway", "???", "stove stove"]
    queries = vectors[:5] + 0.1
    all_at_once = index.search_all(queries, messages, k=6)
    assert all_at_once == [index.search(*each, k=6) for each in zip(queries, messages, strict=True)]
    monkeypatch.setattr("index.search.CELLS", 1)
    assert index.search_all(queries, messages, k=6) == all_at_once
    monkeypatch.setattr("index.search.FEW", 0)
    for some, all_of in zip(index.search_all(queries, messages, k=6), all_at_once, strict=True):
        assert [hit.id for hit in some] == [hit.id for hit in all_of]
        assert [hit.score for hit in some] == pytest.approx([hit.score for hit in all_of])
        assert [hit.lexical for hit in some] == [hit.lexical for hit in all_of]
