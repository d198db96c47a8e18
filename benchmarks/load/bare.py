"""The encoder alone, as JSON on stdout: `python -m benchmarks.load.bare RELEASE TEXTS`.

32 messages of similar length at a time, tokens ready, on every core: what a turn could cost if
reading were all of it; and the time of one message alone.
"""

import json
import sys
import time
from pathlib import Path
from statistics import median

from index.reader import Reader
from index.release import ENCODER
from index.tokens import Tokenizer

SINGLES = 200


def main() -> None:
    texts = json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
    reader = Reader.load(sys.argv[1], "cpu")
    reader.warm_up()
    reader.warm_up_batches()
    tokens = Tokenizer.load(Path(sys.argv[1]) / ENCODER).split(texts)
    many = sorted((tokens * 32)[: 32 * len(texts)], key=lambda text: len(text.ids))
    run = reader.backend.run
    run(many)
    start = time.perf_counter()
    run(many)
    rate = len(many) / (time.perf_counter() - start)
    took = []
    for number in range(SINGLES):
        start = time.perf_counter()
        run([tokens[number % len(tokens)]])
        took.append(1000 * (time.perf_counter() - start))
    length = sum(len(text.ids) for text in tokens) / len(tokens)
    said = {"rate": rate, "one_ms": median(took), "tokens": length, "how": reader.backend.name}
    print(json.dumps(said))


if __name__ == "__main__":
    main()
