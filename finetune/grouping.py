"""Groups questions that want the same, by what was asked and by what people answered.

Called by `finetune.history`. Density finds the cores (HDBSCAN; Campello, Moulavi and Sander, 2013),
what lies between them joins the nearest one, and cores that lie together become one. What was
measured stands in docs/decisions.md.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import HDBSCAN, AgglomerativeClustering
from sklearn.decomposition import PCA

from service.records.proposals import Group

Vectors = NDArray[np.float32]

ANSWER_WEIGHT = 1.0  # of an answer's vector beside its question's
DIMENSIONS = 20
SMALLEST = 5  # questions of a core
SHARE = 500  # and one of so many of all questions
CLOSE = 5  # neighbours that make a place dense
NEAR = 0.5  # cosine to the middle of a core from which a pair is of its group
TOGETHER = 0.25  # mean cosine distance up to which two cores are one


def group_vectors(questions: Vectors, answers: Vectors, owners: Sequence[int]) -> list[Group]:
    """Groups of pairs, the biggest first; a pair may be in none.

    ``questions`` ``(n, hidden)`` are of different texts, with unit lengths; ``answers`` the same
    number, of the answers to them. ``owners[place]`` is the row of a pair's question and answer.
    """
    if len(questions) < 2 * SMALLEST:
        return []
    both = _unit(np.hstack([questions, ANSWER_WEIGHT * answers]))
    labels = cluster(both)
    pairs: dict[int, list[int]] = {}
    for place, row in enumerate(owners):
        if labels[row] >= 0:
            pairs.setdefault(int(labels[row]), []).append(place)
    rows = np.asarray(owners)
    groups = [
        Group(
            _by_middle(members, questions[rows[members]]),
            _by_middle(members, answers[rows[members]]),
        )
        for members in pairs.values()
    ]
    return sorted(groups, key=lambda group: -len(group.questions))


def cluster(vectors: Vectors) -> NDArray[np.int64]:
    """The group of each row of unit length, ``(n,)``; -1 for a row that belongs to none."""
    width = min(DIMENSIONS, *vectors.shape)
    narrow = _unit(PCA(width, random_state=0).fit_transform(vectors))
    smallest = max(SMALLEST, len(vectors) // SHARE)
    labels: NDArray[np.int64] = HDBSCAN(
        min_cluster_size=smallest, min_samples=CLOSE, copy=True
    ).fit_predict(narrow)
    if labels.max() < 0:
        return labels
    # On the main axes what has nothing to do with them lies together; in the whole space it is far
    # from everything, its own middle included.
    nearness = vectors @ _middles(vectors, labels).T
    best = np.where(labels >= 0, labels, nearness.argmax(axis=1))
    far = np.take_along_axis(nearness, best[:, None], axis=1)[:, 0] < NEAR
    labels = _renumber(np.where(far, -1, best), smallest)
    if labels.max() < 1:
        return labels
    middles = _middles(narrow, labels)
    joined = AgglomerativeClustering(
        None, metric="cosine", linkage="average", distance_threshold=TOGETHER
    ).fit_predict(middles)
    together: NDArray[np.int64] = np.where(labels >= 0, joined[labels], -1)
    return together


def _renumber(labels: NDArray[np.int64], smallest: int) -> NDArray[np.int64]:
    """Labels from 0 without gaps; a group that has become too small is none."""
    names, counts = np.unique(labels, return_counts=True)
    kept = names[(names >= 0) & (counts >= smallest)]
    places = {name: place for place, name in enumerate(kept)}
    return np.array([places.get(label, -1) for label in labels])


def _middles(vectors: Vectors, labels: NDArray[np.int64]) -> Vectors:
    return _unit(np.stack([vectors[labels == k].mean(axis=0) for k in range(labels.max() + 1)]))


def _by_middle(members: Sequence[int], vectors: Vectors) -> tuple[int, ...]:
    """The members, the most central first."""
    order = np.argsort(-(vectors @ vectors.mean(axis=0)), kind="stable")
    return tuple(members[place] for place in order)


def _unit(vectors: Vectors) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Vectors = (vectors / np.maximum(lengths, 1e-9)).astype(np.float32)
    return unit
