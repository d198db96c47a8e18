"""The review queue on CLINC150 with a third of the intents hidden: ``python -m benchmarks.review``.

A release knows two thirds of the intents. It reads messages of the others and, one in ten,
messages out of scope; what it is not sure of is clustered, as `frontdesk review` does, with several
settings. Then the queue is made of a mixed day (known, hidden, out of scope), and somebody who
never errs decides from the top: how many messages do so many decisions label, and how many of them
rightly, when groups are accepted whole? Nothing is asked that the release was trained on.

``--release`` takes a release that knows what ``--write`` wrote; without, one is trained, which
takes minutes.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from sklearn.metrics import homogeneity_completeness_v_measure

from index.records import OUT_OF_SCOPE
from service.clusters import dense_groups, like_groups
from service.engine import ReleaseEngine, load_reader, release_engine
from service.records.content import Content, Example, Intent, Template
from service.records.past import DecidedMessage
from service.records.proposals import Proposal
from service.review import propose

DATA = Path(__file__).parents[2] / "shared" / "data" / "clinc150.jsonl"
TAUGHT = {"train": 8, "valid": 2}  # examples of a known intent: a young desk
TAUGHT_OUTSIDE = {"train": 50, "valid": 30}
LIKELY = 90  # messages of the hidden intent that is asked most; the k-th has 90 / (k + 1) ** 0.7
BATCH = 256


@dataclass(frozen=True)
class Parts:
    """Rows to teach, and pools of rows that nothing was taught."""

    taught: list[dict[str, str]]
    hidden: dict[str, list[str]]
    known: dict[str, list[str]]
    outside: list[str]


def divide(data: Path, seed: int) -> Parts:
    """Hide every third intent."""
    rows = [json.loads(line) for line in data.read_text(encoding="utf-8").splitlines()]
    intents = sorted({row["intent"] for row in rows} - {OUT_OF_SCOPE})
    chance = random.Random(seed)
    hidden = set(chance.sample(intents, len(intents) // 3))
    by_split = defaultdict(list)
    for row in rows:
        by_split[row["intent"], row["split"]].append(row)
    taught: list[dict[str, str]] = []
    pools: tuple[dict[str, list[str]], dict[str, list[str]]] = ({}, {})
    for name in [*intents, OUT_OF_SCOPE]:
        sizes = TAUGHT_OUTSIDE if name == OUT_OF_SCOPE else TAUGHT
        for split, size in sizes.items():
            chance.shuffle(by_split[name, split])
            if name not in hidden:
                taught += by_split[name, split][:size]
        pool = [row["text"] for row in by_split[name, "test"]]
        if name in hidden:  # nothing of it was taught, so all may be asked
            pool += [row["text"] for row in by_split[name, "train"] + by_split[name, "valid"]]
        pools[name in hidden][name] = pool
    outside = pools[False].pop(OUT_OF_SCOPE)
    return Parts(taught, pools[True], pools[False], outside)


def draw(parts: Parts, seed: int, *, even: int = 0, known: int = 0) -> list[tuple[str, str]]:
    """Texts with what they are: of hidden intents, ``known`` of known ones, one in ten outside."""
    chance = random.Random(seed)
    names = sorted(parts.hidden)
    chance.shuffle(names)
    drawn = []
    for place, name in enumerate(names):
        size = even or max(3, round(LIKELY / (place + 1) ** 0.7))
        drawn += [(text, name) for text in chance.sample(parts.hidden[name], size)]
    pool = [(text, name) for name, texts in parts.known.items() for text in texts]
    drawn += chance.sample(pool, known)
    drawn += [(text, OUT_OF_SCOPE) for text in chance.sample(parts.outside, len(drawn) // 9)]
    chance.shuffle(drawn)
    return drawn


def measure_clusters(
    engine: ReleaseEngine,
    drawn: Sequence[tuple[str, str]],
    settings: Sequence[tuple[int, int, str]],
) -> Iterator[dict[str, Any]]:
    """V-measure and purity of the clusters, and what of the messages is in one."""
    readings = read(engine, [text for text, _ in drawn])
    unsure = [not engine.thresholds.allow(reading) for reading in readings]
    vectors = np.stack([r.vector for r, keep in zip(readings, unsure, strict=True) if keep])
    gold = [name for (_, name), keep in zip(drawn, unsure, strict=True) if keep]
    inside = sum(name != OUT_OF_SCOPE for name in gold)
    for smallest, neighbours, chosen in settings:
        started = time.process_time()
        groups = dense_groups(vectors, smallest, neighbours, chosen)
        took = time.process_time() - started
        pairs = [(at, gold[row]) for at, rows in enumerate(groups) for row in rows]
        kept = [(at, name) for at, name in pairs if name != OUT_OF_SCOPE]
        tops = [Counter(gold[row] for row in rows).most_common(1)[0] for rows in groups]
        scores = homogeneity_completeness_v_measure(*zip(*[(n, a) for a, n in kept], strict=True))
        yield {
            "smallest": smallest,
            "neighbours": neighbours,
            "chosen": chosen,
            "messages": len(gold),
            "clusters": len(groups),
            "intents_found": len({name for name, _ in tops} - {OUT_OF_SCOPE}),
            "purity": sum(count for _, count in tops) / len(pairs),
            "v_measure": float(scores[2]),
            "covered": len(kept) / inside,
            "outside_in_clusters": (len(pairs) - len(kept)) / (len(gold) - inside),
            "cpu_seconds": took,
        }


def measure_alike(
    engine: ReleaseEngine, drawn: Sequence[tuple[str, str]], limits: Sequence[float]
) -> Iterator[dict[str, Any]]:
    """What a cosine makes of groups that one decision labels."""
    vectors = np.stack([reading.vector for reading in read(engine, [text for text, _ in drawn])])
    for limit in limits:
        groups = like_groups(vectors, limit)
        names = [Counter(drawn[row][1] for row in rows) for rows in groups]
        right = sum(found.most_common(1)[0][1] for found in names if found.total() > 1)
        grouped = sum(found.total() for found in names if found.total() > 1)
        yield {
            "cosine": limit,
            "groups": len(groups),
            "of_several": sum(found.total() > 1 for found in names),
            "grouped": grouped / len(drawn),
            "purity": right / grouped,
        }


def measure_queue(
    engine: ReleaseEngine, content: Content, drawn: Sequence[tuple[str, str]]
) -> dict[str, Any]:
    """What the first decisions label, when every group is accepted whole as what most of it is."""
    readings = read(engine, [text for text, _ in drawn])
    gold = {f"m{at}": name for at, (_, name) in enumerate(drawn)}
    messages = []
    for at, reading in enumerate(readings):
        sure = engine.thresholds.allow(reading)
        messages.append(DecidedMessage(f"m{at}", f"c{at}", reading.text, sure, not sure, False))
    queue = propose(messages, content, engine)
    known = {intent.name for intent in content.intents}
    tops = [top_of(proposal, gold) for proposal in queue]
    labels = [p for p in queue if p.kind == "label"]
    fresh = [p for p in queue if p.kind == "intent"]
    return {
        "messages": len(messages),
        "unsure": sum(not message.answered for message in messages),
        "label_groups": len(labels),
        "new_intents": len(fresh),
        "new_intents_that_are_new": share(
            top_of(p, gold)[0] not in known | {OUT_OF_SCOPE} for p in fresh
        ),
        "suggested_rightly": share(
            p.intent == top_of(p, gold)[0] for p in labels if top_of(p, gold)[0] in known
        ),
        **{
            f"first_{number}": {
                "messages": sum(p.count for p in queue[:number]),
                "rightly": sum(n for _, n in tops[:number]) / sum(p.count for p in queue[:number]),
            }
            for number in (20, 50, 100)
        },
        "names": [f"{p.name} <- {top_of(p, gold)[0]}" for p in fresh],
    }


def top_of(proposal: Proposal, gold: dict[str, str]) -> tuple[str, int]:
    """What most of its messages are, and how many those are."""
    return Counter(gold[t.message_id or ""] for t in proposal.texts).most_common(1)[0]


def share(values: Iterator[bool]) -> float:
    listed = list(values)
    return sum(listed) / len(listed) if listed else 0.0


def read(engine: ReleaseEngine, texts: Sequence[str]) -> list[Any]:
    return [r for at in range(0, len(texts), BATCH) for r in engine.read(texts[at : at + BATCH])]


def desk_of(taught: Sequence[dict[str, str]]) -> Content:
    """A desk with an answer to every known intent."""
    names = sorted({row["intent"] for row in taught} - {OUT_OF_SCOPE})
    return Content(
        intents=tuple(Intent(name, "all", name) for name in names),
        templates=tuple(Template(name, name, name) for name in names),
        examples=tuple(
            Example(f"e{at}", row["text"], row["intent"]) for at, row in enumerate(taught)
        ),
    )


def train(rows: Path, folder: Path) -> Path:
    """A release of these rows."""
    command = [sys.executable, "-m", "service", "--home", str(folder / "home"), "train"]
    arguments = ["--data", str(rows), "--out", str(folder / "release")]
    subprocess.run([*command, *arguments], check=True, stdout=subprocess.DEVNULL)
    return folder / "release"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--release", type=Path)
    parser.add_argument("--write", type=Path, help="only write the rows to teach here")
    arguments = parser.parse_args()
    parts = divide(arguments.data, arguments.seed)
    lines = "".join(f"{json.dumps(row)}\n" for row in parts.taught)
    if arguments.write:
        arguments.write.write_text(lines, encoding="utf-8")
        return
    with tempfile.TemporaryDirectory() as scratch:
        rows = Path(scratch) / "taught.jsonl"
        rows.write_text(lines, encoding="utf-8")
        release = arguments.release or train(rows, Path(scratch))
        reader = load_reader(release, "cpu")
        content = desk_of(parts.taught)
        engine = release_engine(reader, content, None)
    chosen: tuple[Literal["leaf", "eom"], ...] = ("leaf", "eom")
    settings = [(s, n, c) for s in (5, 8) for n in (2, 3) for c in chosen]
    for even in (30, 0):
        print("30 messages of each hidden intent" if even else f"{LIKELY} to 3 of each")
        for line in measure_clusters(engine, draw(parts, arguments.seed + 1, even=even), settings):
            print(json.dumps(line), flush=True)
    mixed = draw(parts, arguments.seed + 2, known=1500)
    for line in measure_alike(engine, mixed, (0.75, 0.8, 0.85, 0.9, 0.95)):
        print(json.dumps(line), flush=True)
    print(json.dumps(measure_queue(engine, content, mixed), indent=1))


if __name__ == "__main__":
    main()
