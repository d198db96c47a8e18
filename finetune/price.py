"""What a student costs and brings: its figures and its speed beside those of its teacher.

Called by `finetune.run` once the student is written. The figures are those that a compiled twin is
checked with, on the same rows.
"""

import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from finetune.batches import Dataset
from finetune.compiling import choose_neighbours, compile_network, measure_figures
from finetune.encoders import save_encoder
from finetune.fit import Fitted, Setup
from index.backend import Backend
from index.compiled import CompiledBackend, is_compiled
from index.network import TorchBackend, run, save_heads
from index.release import ENCODER, HEADS
from index.tokens import Tokens

ROUNDS = 5  # of a measurement of speed, teacher and student in turn
TOGETHER, ALONE = 256, 20  # texts of a round that are read at once, and one by one


def measure_price(
    folder: Path, student: Fitted, teacher: Fitted, train: Dataset, held: Dataset, setup: Setup
) -> dict[str, Any]:
    """The student whose release is being written in ``folder`` beside its teacher.

    ``figures`` of both in 32-bit floats on ``held`` rows, which trained neither, or on some that
    did if there are none; ``speeds`` of what would serve on this machine, compiled or not.
    """
    texts = (held if len(held) else train).tokens
    with TemporaryDirectory(prefix="frontdesk-") as name:
        if setup.recipe.int8:
            save_heads(teacher.network, Path(name) / HEADS)
            save_encoder(teacher.network, setup.encoder, Path(name) / ENCODER)
            compile_network(Path(name), teacher.network, train, held, teacher.calibration)
        speeds = compare_speeds(
            _serving(Path(name), teacher, setup), _serving(folder, student, setup), texts
        )
    return {"figures": compare_figures(teacher, student, train, held, setup), "speeds": speeds}


def compare_figures(
    teacher: Fitted, student: Fitted, train: Dataset, held: Dataset, setup: Setup
) -> dict[str, Any]:
    """The figures of both by name, and how many rows each was counted on."""
    some = choose_neighbours(train)
    held = held if len(held) else some
    before, after = (
        measure_figures(
            run(fitted.network, held.tokens, setup.device),
            held,
            run(fitted.network, some.tokens, setup.device),
            some,
            fitted.calibration,
        )
        for fitted in (teacher, student)
    )
    return {
        name: {"teacher": before[name].value, "student": figure.value, "rows": figure.rows}
        for name, figure in after.items()
        if name in before
    }


def compare_speeds(teacher: Backend, student: Backend, tokens: Sequence[Tokens]) -> dict[str, Any]:
    """Texts a second, and milliseconds for one alone: medians of ``ROUNDS`` in which both read in
    turn, because others may use the machine, too. A first round warms up."""
    texts = [tokens[place % len(tokens)] for place in range(TOGETHER)]
    backends = {"teacher": teacher, "student": student}
    took: dict[str, list[tuple[float, float]]] = {name: [] for name in backends}
    for _ in range(1 + ROUNDS):
        for name, backend in backends.items():
            together = _time(backend, texts)
            alone = [_time(backend, [text]) for text in texts[:ALONE]]
            took[name].append((together, median(alone)))
    return {
        name: {
            "backend": backend.name,
            "texts_per_second": TOGETHER / median(together for together, _ in took[name][1:]),
            "alone_ms": 1000 * median(alone for _, alone in took[name][1:]),
        }
        for name, backend in backends.items()
    }


def _serving(folder: Path, fitted: Fitted, setup: Setup) -> Backend:
    """What reads with a release on this machine."""
    if setup.device.type == "cpu" and is_compiled(folder):
        return CompiledBackend.load(folder)
    return TorchBackend(fitted.network, [setup.device])


def _time(backend: Backend, texts: Sequence[Tokens]) -> float:
    started = time.perf_counter()
    backend.run(texts)
    return time.perf_counter() - started
