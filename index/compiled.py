"""The compiled network of a release: 8-bit integers on the CPU, through OpenVINO and without torch.

`finetune.compiling` makes it, and puts it into a release only when it reads as well as the network
that it was made of. A release without one is read with torch.
"""

import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import starmap
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from index.backend import Batch, Outputs, Pass, Raw, Widths, collect
from index.errors import ReleaseError
from index.release import HEADS
from index.tokens import MAX_TOKENS, Tokens, pad
from index.viterbi import Transitions

COMPILED = "compiled/network.xml"  # its weights lie beside it
BUDGET = 256  # tokens of a pass: more of them would be padded more and gain nothing
BULK = 128  # texts from which one call is divided among the cores
SMALL = 2  # rows that every core may work on
# A shape that was not met before costs as much as several passes: code is made for it. So there are
# few, and all can be met before a customer has to wait.
LENGTHS = (*range(8, 33, 4), *range(48, MAX_TOKENS + 1, 16))
ROWS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)
OUTPUTS = ("vectors", "intents", "distances", "sentiments", "tags")


def is_compiled(release: Path) -> bool:
    """Whether the release has a compiled network and OpenVINO is installed to run it."""
    return (release / COMPILED).is_file() and find_spec("openvino") is not None


def load_openvino() -> Any:
    """OpenVINO without its telemetry, which reports to Google Analytics unless it is missing."""
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    return openvino


class CompiledBackend:
    """A compiled network on this machine's cores.

    A small batch that finds all of them free has them all (``whole``); else each pass has one of
    ``lanes`` for itself, for two threads that wait for each other read less than two that do not.
    """

    name = "int8 cpu"

    def __init__(self, whole: Any, single: Any, transitions: Transitions | None) -> None:
        self.lanes = joblib.cpu_count()
        self._whole = whole.create_infer_request()
        self._free = [single.create_infer_request() for _ in range(self.lanes)]
        self._change = threading.Condition()
        self._whole_busy = False
        self._transitions = transitions
        self._names = [name for name in OUTPUTS if name in _names_of(whole)]
        columns = {name: whole.output(name).get_partial_shape() for name in self._names}
        width = {name: shape[1].get_length() for name, shape in columns.items() if len(shape) == 2}
        self.widths = Widths(width["vectors"], width.get("intents", 0), width.get("sentiments", 0))

    @classmethod
    def load(cls, release: Path) -> "CompiledBackend":
        """The compiled network in a release's folder. Raises ``ReleaseError``."""
        openvino = load_openvino()
        cores = joblib.cpu_count()  # those of a container, too
        settings = {
            "INFERENCE_NUM_THREADS": cores,
            "INFERENCE_PRECISION_HINT": "f32",  # of what is not in 8 bits
            "ENABLE_CPU_PINNING": False,  # web processes use the same cores
        }
        try:
            core = openvino.Core()
            whole, single = (
                core.compile_model(release / COMPILED, "CPU", {**settings, "NUM_STREAMS": streams})
                for streams in (1, cores)
            )
            heads = load_file(release / HEADS)
        except (OSError, RuntimeError, SafetensorError) as error:
            raise ReleaseError(f"{release / COMPILED} cannot be loaded: {error}") from None
        transitions = None
        if "crf.first" in heads:
            transitions = Transitions(heads["crf.first"], heads["crf.follows"])
        return cls(whole, single, transitions)

    def run(self, tokens: Sequence[Tokens]) -> Raw:
        """Pass texts through the network; safe from several threads at once."""
        many = self._in_lanes if len(tokens) > BULK else starmap
        return collect(tokens, self.widths, self._transitions, self._pass, BUDGET, many)

    def together(self, tokens: Sequence[Tokens]) -> NDArray[np.float32]:
        """Vectors of texts that are passed in one batch, however different their lengths are."""
        return self._pass(*pad(tokens)).vectors

    def _in_lanes(self, run: Pass, batches: Iterable[Batch]) -> list[Outputs]:
        """Every core has a batch of its own."""
        with ThreadPoolExecutor(self.lanes) as pool:
            return list(pool.map(lambda batch: run(*batch), batches))

    def warm_up(self) -> None:
        """Meet every shape that a batch can be rounded up to, the smallest first."""
        sizes = (
            (rows, length) for rows in range(1, ROWS[-1] + 1) for length in range(1, MAX_TOKENS)
        )
        shapes = {
            (_fitting(ROWS, rows), _fitting(LENGTHS, length))
            for rows, length in sizes
            if rows == 1 or rows * length <= BUDGET
        }
        for shape in sorted(shapes):
            inputs = {"ids": np.zeros(shape, np.int64), "mask": np.ones(shape, np.int64)}
            with self._lent(shape[0]) as request:
                request.infer(inputs, share_inputs=True)

    @contextmanager
    def _lent(self, count: int) -> Iterator[Any]:
        """Something to pass so many rows with, as soon as there is one."""
        with self._change:
            alone = len(self._free) == self.lanes and not self._whole_busy
            if alone and (count <= SMALL or self.lanes == 1):
                request, self._whole_busy = self._whole, True
            else:
                self._change.wait_for(lambda: self._free)
                request = self._free.pop()
        try:
            yield request
        finally:
            with self._change:
                if request is self._whole:
                    self._whole_busy = False
                else:
                    self._free.append(request)
                self._change.notify()

    def _pass(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> Outputs:
        count, length = ids.shape
        rows, columns = _fitting(ROWS, count), _fitting(LENGTHS, length)
        if (rows, columns) != ids.shape:
            around = ((0, rows - count), (0, columns - length))
            ids, mask = np.pad(ids, around), np.pad(mask, around)
            mask[count:, 0] = 1  # so that no row is without any token
        with self._lent(count) as request:
            request.infer({"ids": ids, "mask": mask}, share_inputs=True)
            whole = {name: request.get_tensor(name).data for name in self._names}
            found = {name: numbers[:count].copy() for name, numbers in whole.items()}
        if "tags" in found:
            found["tags"] = found["tags"][:, :length]
        return Outputs(
            vectors=found["vectors"],
            intents=found.get("intents"),
            distances=found.get("distances"),
            sentiments=found.get("sentiments"),
            tags=found.get("tags"),
        )


def _fitting(sizes: Sequence[int], size: int) -> int:
    """The smallest of the sizes that holds this one, or the size itself if none does."""
    return next((each for each in sizes if each >= size), size)


def _names_of(model: Any) -> set[str]:
    return {name for output in model.outputs for name in output.names}
