"""Few vectors are all compared, of many enough; building them leaves the cores to others."""

import gc
import os
import threading

import faiss
import numpy as np
import pytest

from index import nearest
from index.nearest import build_nearest, lists_for

MANY = 4000


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """Unit vectors around 200 places, more than are compared one by one."""
    monkeypatch.setattr(nearest, "EXACT", MANY - 1)
    chance = np.random.default_rng(0)
    vectors = chance.normal(size=(200, 32))[chance.integers(200, size=MANY)]
    vectors += 0.3 * chance.normal(size=(MANY, 32))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def test_few_vectors_are_all_compared() -> None:
    vectors = np.eye(3, dtype=np.float32)
    scores, rows = build_nearest(vectors).search(vectors[1:2] * 0.5, 3)
    assert rows[0, 0] == 1
    assert scores[0].tolist() == [0.5, 0, 0]


def test_a_query_finds_the_same_alone_and_among_others() -> None:
    """Few queries are compared one by one, more of them by BLAS."""
    vectors = np.random.default_rng(0).normal(size=(1000, 384))
    vectors = np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)
    index = build_nearest(vectors)
    queries = vectors[:50] + 0.02 * vectors[50:100]
    scores, rows = index.search(queries, 5)
    alone = [index.search(query[None], 5) for query in queries]
    assert np.array_equal(rows, np.concatenate([found for _, found in alone]))
    assert np.abs(scores - np.concatenate([found for found, _ in alone])).max() < 1e-6
    assert rows[:, 0].tolist() == list(range(50))


@pytest.mark.filterwarnings("ignore")
def test_of_many_the_nearest_are_found_with_their_cosines(many: np.ndarray) -> None:
    index = build_nearest(many)
    assert index.nprobe < index.nlist == lists_for(MANY)
    queries, cosines = many[:100], many[:100] @ many.T
    scores, rows = index.search(queries, 5)
    least = np.sort(cosines, axis=1)[:, -5, None]
    assert np.mean(np.take_along_axis(cosines, rows, 1) >= least - 1e-3) >= 0.99
    assert np.abs(scores - np.take_along_axis(cosines, rows, 1)).max() < 2e-4
    assert np.abs(index.reconstruct_batch(np.arange(MANY)) - many).max() < 1e-3


def test_centres_are_taken_over_and_outlive_the_index_before(many: np.ndarray) -> None:
    index = build_nearest(many)
    centres = index.quantizer.reconstruct_n(0, index.nlist)
    changed = np.concatenate([many[1:], many[:1]])
    following = build_nearest(changed, index)
    del index
    gc.collect()
    assert np.array_equal(following.quantizer.reconstruct_n(0, following.nlist), centres)
    assert following.search(many[:1], 1)[1].tolist() == [[MANY - 1]]


def test_centres_of_another_size_are_not(many: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    few = build_nearest(many[:10])
    assert build_nearest(many, few).ntotal == MANY
    monkeypatch.setattr(nearest, "EXACT", 500)
    half = build_nearest(many[: MANY // 4])
    assert build_nearest(many, half).nlist == lists_for(MANY) != half.nlist


def test_building_leaves_the_cores_to_others(
    many: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, int]] = []

    def watched(*given: object) -> None:
        priority = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
        seen.append((faiss.omp_get_max_threads(), priority))

    before = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    monkeypatch.setattr(nearest, "_build_lists", watched)
    faiss.omp_set_num_threads(2)
    build_nearest(many)
    assert seen == [(1, max(before, nearest.NICE))]
    assert faiss.omp_get_max_threads() == 2
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == before


@pytest.mark.parametrize(("count", "lists"), [(20_001, 512), (100_000, 1024), (2_000_000, 4096)])
def test_lists_grow_with_the_root(count: int, lists: int) -> None:
    assert lists_for(count) == lists
    assert lists_for(count + 50) == lists
