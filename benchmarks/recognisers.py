"""What the built-in kinds find in real messages, and what they cost.

``python -m benchmarks.recognisers [--hits FILE] FILE.jsonl …`` with labelled rows. Hits are written
for reading: whether one is right is for a person to say.
"""

import argparse
import json
import random
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from index.kinds import KINDS, PERSONAL
from index.locales import Locale
from index.recognisers import KindRecogniser, Recogniser, recognise

TODAY = date(2026, 11, 25)
HOSTILE = 10_000


def main() -> None:
    """Print a table of hits and costs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--region", default="US")
    parser.add_argument("--languages", default="en", help="separated by commas")
    parser.add_argument("--texts", type=int, default=5000)
    parser.add_argument("--hits", type=Path, help="write every hit here")
    options = parser.parse_args()
    locale = Locale(options.region, tuple(options.languages.split(",")))
    texts = sorted({json.loads(line)["text"] for f in options.files for line in f.open()})
    texts = random.Random(1).sample(texts, min(options.texts, len(texts)))
    kinds: dict[str, list[Recogniser]] = {k: [KindRecogniser(k, k, locale)] for k in KINDS}
    groups = {**kinds, "personal": [kinds[k][0] for k in PERSONAL]}
    groups["all"] = [kinds[kind][0] for kind in (*PERSONAL, "date", "money")]
    print(f"{len(texts)} texts, {sum(map(len, texts)) / len(texts):.0f} characters on average")
    lines = []
    for name, group in groups.items():
        began = time.thread_time()
        recognise("on 5 may call +49 30 901820", group, TODAY)
        first = time.thread_time() - began
        hits, spent = [], []
        for text in texts:
            began = time.thread_time()
            found = recognise(text, group, TODAY)
            spent.append(time.thread_time() - began)
            hits += [f"{name}\t{e.text}\t{e.value}\t{text}" for e in found]
        spent.sort()
        worst = max(_timed(text, group) for text in hostile())
        print(
            f"{name:12} {len(hits):5} hits   first text {first * 1e3:6.1f} ms   "
            f"median {spent[len(spent) // 2] * 1e6:5.0f} us   "
            f"mean {sum(spent) / len(spent) * 1e6:5.0f} us   worst hostile {worst * 1e3:6.0f} ms"
        )
        lines += hits if name in KINDS else []
    if options.hits:
        options.hits.write_text("\n".join(lines) + "\n", encoding="utf-8")


def hostile() -> Iterator[str]:
    """Texts of 10,000 characters that make patterns try again and again."""
    pieces = (
        "a", "1", "@", "a@", "a.", "a@a.", "1 ", "1-", "+1 ", "+49 ", "4111 ", "DE89 3704 ", "de",
        "1,234", "$", "$1", "1.000,", "1 may ", "may ", "3 days ", "a a week ", "last friday ",
        "1/1/", "2026-03-04 ", "tomorrow ", "1st of ", "\u00a0", "fri 3 ", "0171 1234567 ", "in 3 ",
    )  # fmt: skip
    for piece in pieces:
        yield (piece * HOSTILE)[:HOSTILE]


def _timed(text: str, group: list[Recogniser]) -> float:
    began = time.thread_time()
    recognise(text, group, TODAY)
    return time.thread_time() - began


if __name__ == "__main__":
    main()
