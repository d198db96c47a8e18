"""FAISS's index of unit vectors, of the kind that suits their number; used by `index.search`.

Few vectors are all compared. Many are kept in lists around centres (an inverted file), of which
only those nearest to the query are compared, and 99 of 100 of the five nearest are found, as
`benchmarks.search_index` measures; these are kept in 16-bit floats, and their cosines are off by
less than 0.0001 (measured up to 100,000 vectors).
"""

import math
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import faiss
import numpy as np
from numpy.typing import NDArray

EXACT = 20_000  # vectors up to which all are compared
SEARCHED = 64  # lists
TRAINED_ON = 40  # vectors a list
ROUNDS = 5  # of k-means
BLOCK = 10_000  # vectors that are added at once
BLAS_FROM = 1500  # queries times numbers of a vector, so four of 384; FAISS begins at 128,000
NICE = 10  # a tenth of a core while customers want them all

faiss.cvar.distance_compute_blas_threshold = BLAS_FROM


def build_nearest(vectors: NDArray[np.float32], before: faiss.Index | None = None) -> faiss.Index:
    """An index of unit vectors ``(n, hidden)`` by their inner product, for any number of threads.

    A large one is built in a thread that leaves the cores to others. It takes over the centres of
    ``before``, an index of similar vectors, where that has as many.
    """
    count, hidden = vectors.shape
    if count > EXACT:
        with ThreadPoolExecutor(1, initializer=_stand_back) as alone:
            return alone.submit(_build_lists, vectors, before).result()
    index = faiss.IndexFlatIP(hidden)
    index.add(np.ascontiguousarray(vectors, dtype=np.float32))
    return index


def _build_lists(vectors: NDArray[np.float32], before: faiss.Index | None) -> faiss.Index:
    count, hidden = vectors.shape
    lists = lists_for(count)
    centres: faiss.Index = faiss.IndexFlatIP(hidden)
    if isinstance(before, faiss.IndexIVF) and before.nlist == lists:
        centres = faiss.clone_index(before.quantizer)  # for it goes when ``before`` does
    index = faiss.IndexIVFScalarQuantizer(
        centres,
        hidden,
        lists,
        faiss.ScalarQuantizer.QT_fp16,
        faiss.METRIC_INNER_PRODUCT,
        False,  # the vectors themselves, not their difference from the centre
    )
    index.cp.niter, index.cp.max_points_per_centroid = ROUNDS, TRAINED_ON
    rows = np.random.default_rng(0).choice(count, min(count, TRAINED_ON * lists), replace=False)
    index.train(np.ascontiguousarray(vectors[np.sort(rows)], dtype=np.float32))
    for start in range(0, count, BLOCK):
        index.add(np.ascontiguousarray(vectors[start : start + BLOCK], dtype=np.float32))
    index.make_direct_map()  # by which a row's vector is found again
    index.nprobe = SEARCHED
    return index


def lists_for(count: int) -> int:
    """How many lists: some four times the root, a power of two, so that few edits change it."""
    return int(2 ** round(math.log2(4 * math.sqrt(count))))


def _stand_back() -> None:
    """Compute on one core, and only while nobody else wants it."""
    faiss.omp_set_num_threads(1)
    if sys.platform == "linux":  # where a thread has a priority of its own
        own = threading.get_native_id()
        # Never back up: only root may, where the server itself was started with less.
        os.setpriority(os.PRIO_PROCESS, own, max(NICE, os.getpriority(os.PRIO_PROCESS, own)))
