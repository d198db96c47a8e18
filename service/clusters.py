"""Groups of like messages, and names for them by their words; used by `frontdesk review`.

Pure functions of unit vectors and texts. Imports scikit-learn, so no server may import it.
"""

import itertools
import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import HDBSCAN
from sklearn.feature_extraction.text import CountVectorizer

Vectors = NDArray[np.float32]

ALIKE = 0.85  # cosine from which one decision labels both, docs/decisions.md
SMALLEST = 5  # wordings of a cluster
NEIGHBOURS = 3  # wordings that make a place dense, itself among them
BLOCK = 512  # rows of similarities at a time
WORD = r"(?u)\b[^\W\d_]{2,}\b"
WORDS = 3  # of a name, at most
CLEAR = 0.5  # share of the best word's score that another needs to be in a name


def like_groups(vectors: Vectors, alike: float = ALIKE) -> list[list[int]]:
    """Every row in one group: around the row with the most like it, those with a cosine of at least
    ``alike`` to it; then around the next of what is left. The row in the middle comes first."""
    neighbours = np.zeros(len(vectors), np.int64)
    for start in range(0, len(vectors), BLOCK):
        block = slice(start, start + BLOCK)
        neighbours[block] = (vectors[block] @ vectors.T >= alike).sum(axis=1)
    free = np.ones(len(vectors), bool)
    groups = []
    for middle in np.argsort(-neighbours, kind="stable"):
        if not free[middle]:
            continue
        group = [int(middle)]
        if neighbours[middle] > 1:
            cosines = vectors @ vectors[middle]
            near = np.flatnonzero(free & (cosines >= alike))
            ordered = near[np.argsort(-cosines[near], kind="stable")]
            group += [int(row) for row in ordered if row != middle]
        free[group] = False
        groups.append(group)
    return groups


def dense_groups(
    vectors: Vectors,
    smallest: int = SMALLEST,
    neighbours: int = NEIGHBOURS,
    chosen: Literal["leaf", "eom"] = "leaf",
) -> list[list[int]]:
    """Rows in the dense places, by HDBSCAN (Campello et al., 2013), the most typical row of each
    first; those between them are in none. ``chosen`` are the smallest clusters, or those that last
    longest as the density falls ("eom")."""
    if len(vectors) < max(smallest, neighbours):
        return []
    # Euclidean distances between unit vectors are in the order of their cosines. All of them at
    # once: in hundreds of dimensions a tree of them is twenty times slower.
    found = HDBSCAN(
        min_cluster_size=smallest,
        min_samples=neighbours,
        algorithm="brute",
        cluster_selection_method=chosen,
        copy=True,
    ).fit_predict(vectors)
    groups = []
    for label in range(found.max() + 1):
        rows = np.flatnonzero(found == label)
        typical = vectors[rows] @ vectors[rows].mean(axis=0)
        groups.append([int(row) for row in rows[np.argsort(-typical, kind="stable")]])
    return groups


def find_words(
    groups: Sequence[Sequence[str]], others: Sequence[Sequence[str]]
) -> list[tuple[str, ...]]:
    """For each group of texts the words that tell it from the rest, in the order in which its texts
    have them; none where no word stands in two texts.

    Class-based TF-IDF (Grootendorst, 2022, "BERTopic") over texts instead of occurrences;
    ``others`` are further groups to tell it from.
    """
    if not groups:
        return []
    counter = CountVectorizer(token_pattern=WORD, binary=True)
    sizes = [len(group) for group in (*groups, *others)]
    try:
        counts = counter.fit_transform(text for group in (*groups, *others) for text in group)
    except ValueError:  # there is no word at all
        return [() for _ in groups]
    words = counter.get_feature_names_out()
    spans = itertools.pairwise(np.cumsum([0, *sizes]))
    classes = np.stack([np.asarray(counts[start:end].sum(axis=0))[0] for start, end in spans])
    everywhere = np.log(1 + classes.sum() / len(classes) / np.maximum(classes.sum(axis=0), 1))
    named = []
    for group, row in zip(groups, classes, strict=False):
        scores = np.where(row >= 2, row / len(group) * everywhere, 0.0)
        best = [at for at in np.argsort(-scores, kind="stable")[:WORDS] if scores[at] > 0]
        chosen = [words[at] for at in best if scores[at] >= CLEAR * scores[best[0]]]
        named.append(tuple(sorted(chosen, key=lambda word: _place(word, group))))
    return named


def make_name(words: Iterable[str], taken: Iterable[str]) -> str:
    """The words as an intent's name that is not taken: ASCII letters, digits and underscores."""
    plain = unicodedata.normalize("NFKD", "_".join(words)).encode("ascii", "ignore").decode()
    name = re.sub(r"[^a-z0-9]+", "_", plain.lower()).strip("_") or "new_intent"
    name = name if name[0].isalpha() else f"intent_{name}"
    known, number, free = set(taken), 2, name
    while free in known:
        free, number = f"{name}_{number}", number + 1
    return free


def _place(word: str, texts: Sequence[str]) -> float:
    """Where the word stands in texts that have it, from 0 to 1, on average."""
    places = [
        found.index(word) / len(found)
        for found in (re.findall(WORD, text.lower()) for text in texts)
        if word in found
    ]
    return sum(places) / len(places)
