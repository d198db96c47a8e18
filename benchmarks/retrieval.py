"""How well the index finds answers that no training has spoken of: by vector, by letters, by both.

``python -m benchmarks.retrieval [RELEASE_FOLDER…]`` measures the default encoder as it comes, and
each release given. Uses the product's own passages, index and letters, and ../shared/data.
Average precision and recall@1 in percent, means over the queries.
"""

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from finetune.encoders import find_encoder
from finetune.recipe import DEFAULT_ENCODER
from index.lexical import LexicalIndex
from index.network import Network, load_encoder, run
from index.reader import Reader
from index.search import Entry, SearchIndex
from index.tokens import Tokenizer
from service.engine import passages

DATA = Path(__file__).parents[1] / ".." / "shared" / "data"
FILES = ("stackfaq_entries.jsonl", "stackfaq_queries.jsonl", "bitext_answers.jsonl")
ANSWERS_AN_INTENT = 40  # of Bitext, the first ones: 27 intents, 1,080 answers
Encode = Callable[[Sequence[str]], NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Task:
    """Queries with the label that is wanted of each; ``Entry.intent`` is an entry's label.

    ``once`` counts a label where it is found first, so that one rank is relevant. ``own`` is the
    id of the entry that a query came with, which is left out.
    """

    name: str
    entries: list[Entry]
    queries: list[str]
    wanted: list[str]
    own: list[str | None]
    once: bool


def tasks(data: Path = DATA) -> list[Task]:
    """StackFAQ's passages with their question, its answers alone, and Bitext's answers."""
    faq, asked, bitext = (_rows(data / name) for name in FILES)
    texts = [(row["id"], row["question"], answer) for row in faq for answer in row["answers"]]
    whole = [(label, piece) for label, title, text in texts for piece in passages(title, text)]
    alone = [(label, text) for label, _, text in texts]
    queries, wanted = [row["text"] for row in asked], [row["id"] for row in asked]
    none: list[str | None] = [None] * len(queries)
    kept = list(_first_of_each(bitext))
    answers = [
        Entry("template", f"bitext#{number}", row["intent"], row["answer"])
        for number, row in enumerate(kept)
    ]
    return [
        Task("StackFAQ, question and answer", _entries(whole), queries, wanted, none, True),
        Task("StackFAQ, answer alone", _entries(alone), queries, wanted, none, True),
        Task("StackFAQ, every passage of the entry", _entries(whole), queries, wanted, none, False),
        Task(
            "Bitext, answer alone",
            answers,
            [row["question"] for row in kept],
            [row["intent"] for row in kept],
            [entry.id for entry in answers],
            False,
        ),
    ]


def missing(data: Path = DATA) -> list[str]:
    """The files that a run needs and that are not there."""
    return [str(data / name) for name in FILES if not (data / name).is_file()]


def measure(encode: Encode, data: Path = DATA) -> dict[str, dict[str, dict[str, float]]]:
    """Task to method (dense, lexical, hybrid) to ``map`` and ``recall_at_1``, both 0 to 1."""
    known: dict[str, NDArray[np.float32]] = {}

    def encode_once(texts: Sequence[str]) -> NDArray[np.float32]:
        fresh = [text for text in dict.fromkeys(texts) if text not in known]
        if fresh:
            known.update(zip(fresh, encode(fresh), strict=True))
        return np.stack([known[text] for text in texts])

    return {task.name: measure_task(task, encode_once) for task in tasks(data)}


def measure_task(task: Task, encode: Encode) -> dict[str, dict[str, float]]:
    """The figures of each method on one task."""
    index = SearchIndex.build(encode([entry.text for entry in task.entries]), task.entries)
    letters = LexicalIndex([entry.text for entry in task.entries])
    found: dict[str, list[tuple[float, bool]]] = {"dense": [], "lexical": [], "hybrid": []}
    everything = len(task.entries)
    for row, vector in enumerate(encode(task.queries)):
        text = task.queries[row]
        by_letters = np.argsort(-letters.scores(text), kind="stable")
        ranked: dict[str, Iterable[Any]] = {
            "dense": index.search(vector, k=everything),
            "lexical": (task.entries[at] for at in by_letters),
            "hybrid": index.search(vector, text, k=everything),
        }
        for method, entries in ranked.items():
            labels = [entry.intent for entry in entries if entry.id != task.own[row]]
            found[method].append(judge(labels, task.wanted[row], task.once))
    return {
        method: {
            "map": float(np.mean([precision for precision, _ in judged])),
            "recall_at_1": float(np.mean([first for _, first in judged])),
        }
        for method, judged in found.items()
    }


def judge(labels: Sequence[str | None], wanted: str, once: bool) -> tuple[float, bool]:
    """Average precision of a ranking, and whether its first is right.

    With ``once`` each label counts where it comes first: precision at that one rank, 1 / rank.
    """
    ranked = list(dict.fromkeys(labels)) if once else labels
    ranks = [rank for rank, label in enumerate(ranked, start=1) if label == wanted]
    precisions = [number / rank for number, rank in enumerate(ranks, start=1)]
    return float(np.mean(precisions)), ranks[0] == 1


def base_encode() -> Encode:
    """The default encoder without any training, as a desk would use it."""
    folder = find_encoder(DEFAULT_ENCODER)
    encoder, pooling = load_encoder(folder)
    network = Network(encoder, pooling, intents=0, sentiments=0, tags=0).eval()
    tokenizer = Tokenizer.load(folder)
    return lambda texts: run(network, tokenizer.split(texts), torch.device("cpu")).vectors


def table(figures: dict[str, dict[str, dict[str, float]]]) -> str:
    """The figures as a Markdown table: MAP / recall@1."""
    lines = ["| set | dense | lexical | hybrid |", "|---|---|---|---|"]
    for name, methods in figures.items():
        cells = [f"{100 * m['map']:.1f} / {100 * m['recall_at_1']:.1f}" for m in methods.values()]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    absent = missing()
    if absent:
        sys.exit(f"Nothing was measured: {', '.join(absent)} missing.")
    encoders = {DEFAULT_ENCODER: base_encode()}
    encoders |= {folder: Reader.load(folder, device="cpu").encode for folder in sys.argv[1:]}
    for name, encode in encoders.items():
        print(f"{name}\n\n{table(measure(encode))}\n", flush=True)


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _entries(pieces: Sequence[tuple[str, str]]) -> list[Entry]:
    return [Entry("passage", f"faq#{n}", *piece) for n, piece in enumerate(pieces)]


def _first_of_each(rows: Iterable[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    seen: Counter[str] = Counter()
    for row in rows:
        seen[row["intent"]] += 1
        if seen[row["intent"]] <= ANSWERS_AN_INTENT:
            yield row


if __name__ == "__main__":
    main()
