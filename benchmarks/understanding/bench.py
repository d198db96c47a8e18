"""The bench of one case: reads the sets, trains as `frontdesk train` does, and remembers releases.

Made by the command for each case. A release is kept in the work folder under a key of everything
that it follows from, so a run that was interrupted goes on where it stopped.
"""

import hashlib
import json
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.understanding.draws import sample
from finetune.batches import Dataset, number
from finetune.cli import ProgressBar
from finetune.evaluate import Metrics, judge_readings, read
from finetune.recipe import Recipe
from finetune.rows import Row, digest, read_rows
from finetune.run import train_release
from index.backend import Raw
from index.network import choose_device, load_network, run
from index.reader import Reader
from index.records import OUT_OF_SCOPE, Reading, Thresholds
from index.release import ENCODER, HEADS, load_release, write_json
from index.spans import tag_count
from index.tokens import Tokenizer


@dataclass(frozen=True, slots=True)
class Heard:
    """Test rows with what a release read in them, and the product's own metrics of that."""

    rows: Sequence[Row]
    readings: Sequence[Reading]
    metrics: Metrics
    thresholds: Thresholds

    def known(self) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """``in_scope`` of the in-scope rows, and which of them are right, both ``(n,)``."""
        pairs = [p for p in zip(self.rows, self.readings, strict=True) if not _outside(p[0])]
        right = [row.intent == seen.intents[0].label for row, seen in pairs]
        return np.array([seen.in_scope for _, seen in pairs]), np.array(right, np.bool_)

    def outside(self) -> NDArray[np.float64]:
        """``in_scope`` of the out-of-scope rows, ``(m,)``."""
        pairs = zip(self.rows, self.readings, strict=True)
        return np.array([seen.in_scope for row, seen in pairs if _outside(row)])


class Bench:
    """What a case measures with. ``trainings`` lists the releases that it asked for."""

    def __init__(
        self,
        data: Path,
        work: Path,
        recipe: Recipe,
        *,
        code: str,
        share: float = 1.0,
        device: str = "auto",
    ) -> None:
        self.data = data
        self.recipe = recipe
        self.device = device
        self.trainings: list[dict[str, Any]] = []
        self._work = work
        self._code = code
        self.share = share

    def rows(self, name: str) -> list[Row]:
        """The rows of a set, or the sample of them. Raises ``ContentError``."""
        return sample(read_rows([self.data / f"{name}.jsonl"]), self.share)

    def train(self, name: str, rows: Sequence[Row], **changes: Any) -> Path:
        """A release trained on these rows, or the one that was made of the same before.

        ``changes`` are to the recipe. The key covers the code of training and reading, the recipe,
        the rows and the device.
        """
        recipe, place = replace(self.recipe, **changes), choose_device(self.device)
        facts = [self._code, recipe.to_json(), digest(rows), place.type]
        key = hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]
        release = self._work / "releases" / f"{name}-{key}"
        note = release.with_suffix(".json")
        reused = release.is_dir() and note.is_file()
        if not reused:
            say(f"{name}: training on {len(rows)} rows")
            self._train(release, note, rows, recipe)
        told = json.loads(note.read_bytes())
        self.trainings.append({"name": name, "key": key, **told, "reused": reused})
        return release

    def hear(self, release: Path, rows: Sequence[Row]) -> Heard:
        """What the release reads in all of these rows; nothing is cleaned away."""
        say(f"{release.name}: reading {len(rows)} rows")
        reader = Reader.load(release, self.device)
        readings = read(reader, rows)
        metrics = judge_readings(rows, readings, reader.labels, reader.thresholds)
        return Heard(rows, readings, metrics, reader.thresholds)

    def pass_through(self, path: Path, rows: Sequence[Row]) -> tuple[Raw, Dataset]:
        """What the release's network says of the rows before calibration, and their labels.

        In 32-bit floats, as `finetune.fit` calibrates.
        """
        say(f"{path.name}: passing {len(rows)} rows through")
        place, labels = choose_device(self.device), load_release(path).labels
        network = load_network(
            path / ENCODER,
            path / HEADS,
            intents=len(labels.intents),
            sentiments=len(labels.sentiments),
            tags=tag_count(labels.entities),
        ).to(place)
        dataset = number(rows, labels, Tokenizer.load(path / ENCODER))
        return run(network, dataset.tokens, place), dataset

    def _train(self, release: Path, note: Path, rows: Sequence[Row], recipe: Recipe) -> None:
        if release.is_dir():  # cut off before its time was written down
            shutil.rmtree(release)
        at = datetime.now(UTC).isoformat(timespec="seconds")
        begin = time.perf_counter()
        with ProgressBar() as bar:
            made = train_release(rows, recipe, out=release, device=self.device, progress=bar)
        seconds = round(time.perf_counter() - begin, 1)
        fields = {"release": made.manifest.id, "at": at, "rows": len(rows), "seconds": seconds}
        write_json(note, fields)


def say(line: str) -> None:
    """Tell people on stderr how far it is."""
    print(f"[{datetime.now(UTC):%H:%M:%S}] {line}", file=sys.stderr, flush=True)


def _outside(row: Row) -> bool:
    return row.intent == OUT_OF_SCOPE
