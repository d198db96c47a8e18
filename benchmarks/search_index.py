"""Which kind of FAISS index is worth it for how many vectors: ``python -m benchmarks.search_index
RELEASE_FOLDER``.

The texts of ../shared/data are encoded by the release; 500 of them are the queries and are left out
of every index. Up to some 145,000 vectors are real. Beyond that more are grown from them: a real
vector plus a part of the difference of two of its real neighbours, so that they spread as the real
ones do around them; what the queries' neighbours then look like stands in the results.

Every index is built in a process of its own, on one thread as in the product, and searched with the
cheapest setting that finds 99 % of the five nearest. What was measured is kept in ``--work``, so
that an interrupted run goes on. Writes
benchmarks/results/search-index-DATE-COMMIT.json and .md.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from benchmarks.understanding.machine import ROOT, describe_commit, describe_machine
from index.nearest import ROUNDS, TRAINED_ON, lists_for
from index.reader import Reader

DATA = ROOT / ".." / "shared" / "data"
WORK = ROOT / "build" / "search_index"
RESULTS = ROOT / "benchmarks" / "results"
SIZES = (1_000, 100_000, 2_000_000)
QUERIES = 500
WANTED = 0.99  # of the five nearest
NEAREST, FURTHER = 5, 50
NEIGHBOURS = 16  # of a real vector, from which others are grown
BATCH = 16
LONGEST, FEWEST = 5, 5  # seconds and searches that are timed
SAME = 1e-6  # cosines that rounding may tell apart
BLOCK = 100_000
Vectors = NDArray[np.float32]
Figures = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A kind of index in FAISS's words; ``{lists}`` stands for as many as suit the size.

    ``knob`` is what trades time for recall. It is built for no more than ``most`` vectors.
    """

    name: str
    factory: str
    knob: str = ""
    most: int = SIZES[-1]


CANDIDATES = (
    Candidate("exact", "Flat"),
    Candidate("exact, 16 bits", "SQfp16"),
    Candidate("exact, 8 bits", "SQ8"),
    Candidate("HNSW", "HNSW32,Flat", "efSearch", 100_000),
    Candidate("HNSW, 16 bits", "HNSW32,SQfp16", "efSearch"),
    Candidate("HNSW, 8 bits", "HNSW32,SQ8", "efSearch", 100_000),
    Candidate("IVF", "IVF{lists},Flat", "nprobe", 100_000),
    Candidate("IVF, 16 bits", "IVF{lists},SQfp16", "nprobe"),
    Candidate("IVF, 8 bits", "IVF{lists},SQ8", "nprobe"),
    Candidate(
        "IVF, 4 bits fast scan, refined in 8", "IVF{lists},PQ192x4fs,Refine(SQ8)", "nprobe", 100_000
    ),
    Candidate("IVF, RaBitQ, refined in 8", "IVF{lists},RaBitQ,Refine(SQ8)", "nprobe"),
)


def main() -> None:
    """Measure, and write what came of it."""
    options = _options()
    options.work.mkdir(parents=True, exist_ok=True)
    real = real_vectors(options.release, options.data, options.work)
    queries, real = real[:QUERIES], real[QUERIES:]
    sizes = [_measure_size(count, real, queries, options) for count in options.sizes]
    result = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        **describe_commit(),
        "machine": describe_machine("cpu"),
        "faiss": faiss.__version__,
        "real": len(real),
        "sizes": sizes,
    }
    page = _page(result)
    place = RESULTS / f"search-index-{result['at'][:10]}-{result['commit']}"
    place.with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    place.with_suffix(".md").write_text(page, encoding="utf-8")
    print(page)


def _measure_size(
    count: int, real: Vectors, queries: Vectors, options: argparse.Namespace
) -> Figures:
    work = options.work / str(count)
    work.mkdir(exist_ok=True)
    if not (work / "exact.npy").is_file():
        np.save(work / "queries.npy", queries)
        base = real[:count] if count <= len(real) else grow(real, count)
        np.save(work / "base.npy", base)
        np.save(work / "exact.npy", exact(base, queries))
    places = np.load(work / "exact.npy")[:, [0, NEAREST - 1, FURTHER - 1]]
    spread = np.quantile(places, (0.1, 0.5, 0.9), axis=0).T.round(3).tolist()
    for candidate in CANDIDATES:
        kept = work / f"{candidate.name}.json"
        if count <= candidate.most and options.only in candidate.name and not kept.is_file():
            with ProcessPoolExecutor(1, get_context("spawn")) as alone:
                figures = alone.submit(measure, candidate, count, work).result()
            print(count, json.dumps(figures), file=sys.stderr, flush=True)
            kept.write_text(json.dumps(figures), encoding="utf-8")
    found = [work / f"{candidate.name}.json" for candidate in CANDIDATES]
    indexes = [json.loads(kept.read_text(encoding="utf-8")) for kept in found if kept.is_file()]
    return {"count": count, "cosines_of_nearest": spread, "indexes": indexes}


def real_vectors(release: Path, data: Path, work: Path) -> Vectors:
    """Unit vectors of all different texts of the data, in an order by chance; kept in ``work``."""
    kept = work / f"{release.resolve().name}.npy"
    if not kept.is_file():
        texts: dict[str, None] = {}
        for path in sorted(data.glob("*.jsonl")):
            for line in path.read_text(encoding="utf-8").splitlines():
                row = json.loads(line)
                values = [*(row.get(name) for name in ("text", "question", "answer"))]
                values += row.get("answers", [])
                texts |= dict.fromkeys(value for value in values if value)
        vectors = Reader.load(release, device="cpu").encode(list(texts))
        np.save(kept, np.random.default_rng(1).permutation(vectors))
    return np.asarray(np.load(kept))


def grow(real: Vectors, count: int) -> Vectors:
    """The real vectors and as many more as ``count`` wants, ``(count, hidden)``."""
    chance = np.random.default_rng(2)
    grown = np.empty((count, real.shape[1]), np.float32)
    grown[: len(real)] = real
    index = _build(Candidate("", "IVF{lists},SQfp16", "nprobe"), real, threads=2)
    _set(index, "nprobe", 16)
    near = np.concatenate(
        [
            index.search(real[at : at + BLOCK], NEIGHBOURS + 1)[1]
            for at in range(0, len(real), BLOCK)
        ]
    )[:, 1:]
    for start in range(len(real), count, BLOCK):
        rows = chance.integers(len(real), size=min(BLOCK, count - start))
        one, other = near[rows, chance.integers(NEIGHBOURS, size=(2, len(rows)))]
        part = chance.uniform(0.5, 1, size=(len(rows), 1)).astype(np.float32)
        fresh = real[rows] + part * (real[one] - real[other])
        fresh /= np.linalg.norm(fresh, axis=1, keepdims=True)
        grown[start : start + len(rows)] = fresh
    return grown


def exact(base: Vectors, queries: Vectors) -> Vectors:
    """Cosines of the nearest, best first, ``(queries, 50)``."""
    index = faiss.IndexFlatIP(base.shape[1])
    cosines = []
    for start in range(0, len(base), BLOCK):
        index.reset()
        index.add(base[start : start + BLOCK])
        cosines.append(index.search(queries, FURTHER)[0])
    return -np.sort(-np.concatenate(cosines, axis=1), axis=1)[:, :FURTHER]


def measure(candidate: Candidate, count: int, work: Path) -> Figures:
    """Build a candidate over the saved vectors, find its setting, and time it."""
    base, wanted = np.load(work / "base.npy", mmap_mode="r"), np.load(work / "exact.npy")
    queries = np.load(work / "queries.npy")
    before, cpu, start = _memory(), time.process_time(), time.perf_counter()
    index = _build(candidate, base, threads=1)
    figures: Figures = {
        **asdict(candidate),
        "build_seconds": time.perf_counter() - start,
        "build_cpu_seconds": time.process_time() - cpu,
        "mib": (_memory() - before) / 2**20,
        "settings": [],
    }
    most = lists_for(count) if candidate.knob == "nprobe" else 1024
    setting = 8 if candidate.knob else 0
    while True:
        _set(index, candidate.knob, setting)
        recalls = {
            f"recall_at_{k}": _recall(index.search(queries, k)[1], base, queries, wanted)
            for k in (NEAREST, FURTHER)
        }
        figures["settings"].append({"setting": setting, **recalls})
        if recalls["recall_at_5"] >= WANTED or not candidate.knob or 2 * setting > most:
            break
        setting *= 2
    return {**figures, "setting": setting, **recalls, **_times(index, queries)}


def _build(candidate: Candidate, base: Vectors, threads: int) -> Any:
    faiss.omp_set_num_threads(threads)
    lists = lists_for(len(base))
    factory = candidate.factory.format(lists=lists)
    index = faiss.index_factory(base.shape[1], factory, faiss.METRIC_INNER_PRODUCT)
    if candidate.knob == "nprobe":
        inner = index.base_index if hasattr(index, "base_index") else index
        faiss.extract_index_ivf(inner).cp.niter = ROUNDS
        faiss.extract_index_ivf(inner).cp.max_points_per_centroid = TRAINED_ON
    if hasattr(index, "k_factor"):
        index.k_factor = 4
    if not index.is_trained:
        rows = np.random.default_rng(3).choice(len(base), min(len(base), TRAINED_ON * lists), False)
        index.train(np.ascontiguousarray(base[np.sort(rows)]))
    for start in range(0, len(base), BLOCK):
        index.add(np.ascontiguousarray(base[start : start + BLOCK]))
    return index


def _set(index: Any, knob: str, setting: int) -> None:
    if knob:
        faiss.ParameterSpace().set_index_parameters(index, f"{knob}={setting}")


def _recall(found: NDArray[np.int64], base: Vectors, queries: Vectors, wanted: Vectors) -> float:
    """The share of the found ``(queries, k)`` that are no further than the ``k`` nearest are.

    Told by the cosine, for some texts have the same vector.
    """
    last = wanted[:, found.shape[1] - 1]
    right = [
        np.count_nonzero(base[rows[rows >= 0]] @ query >= least - SAME)
        for rows, query, least in zip(found, queries, last, strict=True)
    ]
    return float(np.mean(right)) / found.shape[1]


def _times(index: Any, queries: Vectors) -> Figures:
    """Medians in milliseconds, of one query and of one of a batch."""
    times: Figures = {}
    for threads in (1, 2):
        faiss.omp_set_num_threads(threads)
        # The processor's time where one thread works, so that what else runs does not count.
        clock = time.thread_time if threads == 1 else time.perf_counter
        ones = [queries[at : at + 1] for at in range(100)]
        many = [queries[at : at + BATCH] for at in range(0, 10 * BATCH, BATCH)]
        times[f"one_ms_{threads}"] = _time(index, ones, clock)
        times[f"batch_ms_{threads}"] = _time(index, many, clock) / BATCH
    return times


def _time(index: Any, asked: list[Vectors], clock: Callable[[], float]) -> float:
    spent: list[float] = []
    end = time.perf_counter() + LONGEST
    for queries in asked:
        if len(spent) >= FEWEST and time.perf_counter() > end:
            break
        start = clock()
        index.search(queries, FURTHER)
        spent.append(clock() - start)
    return 1000 * median(spent)


def _memory() -> int:
    """Bytes of this process that are in no file."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    (line,) = [line for line in status.splitlines() if line.startswith("RssAnon")]
    return int(line.split()[1]) * 1024


def _page(result: Figures) -> str:
    machine = result["machine"]
    changed = " + changes" if result["dirty"] else ""
    lines = [
        f"# Search index, {result['at'][:10]}, commit {result['commit']}{changed}",
        "",
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gib']} GiB; "
        f"FAISS {result['faiss']}; {QUERIES} queries, {result['real']:,} real vectors. "
        "Milliseconds for the 50 nearest, of one query and of one in a batch of 16; with one "
        "thread the processor's time, with two the clock's. Built on one thread.",
    ]
    for size in result["sizes"]:
        near = ["/".join(f"{value:.3f}" for value in place) for place in size["cosines_of_nearest"]]
        lines += [
            "",
            f"## {size['count']:,} vectors",
            "",
            f"Cosine of a query's 1st, 5th and 50th neighbour (10 % / median / 90 %): "
            f"{', '.join(near)}.",
            "",
            "| index | setting | recall@5 | recall@50 | one, 1 thread | 2 | of 16, 1 thread | 2 "
            "| MiB | build, s |",
            "|---|---|---|---|---|---|---|---|---|---|",
            *(_row(each) for each in size["indexes"]),
        ]
    return "\n".join([*lines, ""])


def _row(each: Figures) -> str:
    setting = f"{each['knob']} {each['setting']}" if each["knob"] else ""
    names = ("one_ms_1", "one_ms_2", "batch_ms_1", "batch_ms_2")
    times = " | ".join(f"{each[name]:.2f}" for name in names)
    recalls = f"{each['recall_at_5']:.3f} | {each['recall_at_50']:.3f}"
    tail = f"{each['mib']:.0f} | {each['build_cpu_seconds']:.1f}"
    return f"| {each['name']} | {setting} | {recalls} | {times} | {tail} |"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("release", type=Path, help="the release that encodes the texts")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of labelled rows")
    parser.add_argument("--work", type=Path, default=WORK, help="keeps the vectors; large")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--only", default="", help="candidates whose name has this")
    return parser.parse_args()


if __name__ == "__main__":
    main()
