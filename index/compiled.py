"""The compiled network of a release, through OpenVINO and without torch: in 8-bit integers on the
CPU or, where these would not do, in 32-bit floats.

`finetune.compiling` makes it, and puts it into a release only when it reads as well as the network
that it was made of. A release without one is read with torch.
"""

import queue
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from index.backend import Outputs, Raw, Widths, collect, in_lanes
from index.errors import ReleaseError
from index.layout import Layout, Packed, Padded
from index.release import ENCODER, HEADS, read_pooling
from index.tokens import Tokens
from index.viterbi import Transitions

COMPILED = "compiled/network.xml"  # its weights lie beside it
BULK = 128  # texts from which one call is divided among the cores
NUMBERS = ["frontdesk", "numbers"]  # where a network says which numbers it computes with
INTEGERS, FLOATS = "int8", "float32"
_FIRST = threading.Lock()
OUTPUTS = ("vectors", "intents", "distances", "sentiments", "tags")


def is_compiled(release: Path) -> bool:
    """Whether the release has a compiled network and OpenVINO is installed to run it."""
    return (release / COMPILED).is_file() and find_spec("openvino") is not None


def load_openvino() -> Any:
    """OpenVINO without its telemetry, which reports to Google Analytics unless it is missing.

    It meets numpy here, in one thread: of two that give it their first arrays at once, one may keep
    Python's lock and the other what the first waits for (pybind11's ``npy_api``), for ever.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    with _FIRST:
        import openvino

        openvino.Tensor(np.zeros(1, np.float32))
    return openvino


class CompiledBackend:
    """A compiled network on this machine's cores, of which each pass has one for itself: two
    threads that wait for each other read less than two that do not.
    """

    def __init__(
        self, name: str, network: Any, layout: Layout, transitions: Transitions | None
    ) -> None:
        self.name = name
        self.lanes = joblib.cpu_count()
        self._free = queue.SimpleQueue[Any]()
        for _ in range(self.lanes):
            self._free.put(network.create_infer_request())
        self._layout = layout
        self._transitions = transitions
        self._names = [name for name in OUTPUTS if name in _names_of(network)]
        shapes = {name: network.output(name).get_partial_shape() for name in self._names}
        width = {
            name: shape[1].get_max_length() for name, shape in shapes.items() if len(shape) == 2
        }
        self.widths = Widths(width["vectors"], width.get("intents", 0), width.get("sentiments", 0))

    @classmethod
    def load(cls, release: Path) -> "CompiledBackend":
        """The compiled network in a release's folder. Raises ``ReleaseError``."""
        openvino = load_openvino()
        cores = joblib.cpu_count()  # those of a container, too
        settings = {
            "INFERENCE_NUM_THREADS": cores,
            "NUM_STREAMS": cores,
            "INFERENCE_PRECISION_HINT": "f32",  # of what is not in 8 bits
            "ENABLE_CPU_PINNING": False,  # web processes use the same cores
        }
        try:
            core = openvino.Core()
            # Read, not mapped: a file that is cut while it is in use would end the process.
            core.set_property({"ENABLE_MMAP": False})
            model = core.read_model(release / COMPILED)
            network = core.compile_model(model, "CPU", settings)
            layout = _layout_of(network, release / ENCODER)
            heads = load_file(release / HEADS)
        except (OSError, RuntimeError, SafetensorError) as error:
            raise ReleaseError(f"{release / COMPILED} cannot be loaded: {error}") from None
        transitions = None
        if "crf.first" in heads:
            transitions = Transitions(heads["crf.first"], heads["crf.follows"])
        said = model.has_rt_info(NUMBERS)
        name = f"{model.get_rt_info(NUMBERS).astype(str) if said else INTEGERS} cpu"
        return cls(name, network, layout, transitions)

    def run(self, tokens: Sequence[Tokens]) -> Raw:
        """Pass texts through the network; safe from several threads at once."""
        many = in_lanes(self.lanes) if len(tokens) > BULK else map
        batches = self._layout.divide([len(text.ids) for text in tokens])
        return collect(tokens, batches, self.widths, self._transitions, self._pass, many)

    def together(self, tokens: Sequence[Tokens]) -> NDArray[np.float32]:
        """Vectors of texts that are passed in one batch, however different their lengths are."""
        return self._pass(tokens).vectors

    def warm_up(self) -> None:
        """Meet the shapes that batches have."""
        for lengths in self._layout.samples():
            self._pass([_blank(length) for length in lengths])

    @contextmanager
    def _lane(self) -> Iterator[Any]:
        """Something to pass texts with, as soon as there is one."""
        request = self._free.get()
        try:
            yield request
        finally:
            self._free.put(request)

    def _pass(self, tokens: Sequence[Tokens]) -> Outputs:
        count, laid = len(tokens), self._layout.lay(tokens)
        with self._lane() as request:
            request.infer(laid.inputs, share_inputs=True)
            found = {name: request.get_tensor(name).data for name in self._names}
            found = {
                name: numbers.reshape(-1, numbers.shape[-1]).copy()
                if name == "tags"
                else numbers[:count].copy()
                for name, numbers in found.items()
            }
        return Outputs(
            vectors=found["vectors"],
            intents=found.get("intents"),
            distances=found.get("distances"),
            sentiments=found.get("sentiments"),
            tags=found.get("tags"),
            begins=laid.begins,
        )


def _layout_of(model: Any, encoder: Path) -> Layout:
    """How the texts must lie for a compiled network."""
    taken = {name for port in model.inputs for name in port.names}
    layouts: tuple[Layout, ...] = (Packed(read_pooling(encoder)), Padded())
    found = next((layout for layout in layouts if taken >= {*layout.inputs}), None)
    if found is None:
        raise ReleaseError(f"The compiled network takes {sorted(taken)}, which nobody can give.")
    return found


def _blank(length: int) -> Tokens:
    return Tokens([0] * length, [(0, 0)] * length, [None] * length)


def _names_of(model: Any) -> set[str]:
    return {name for output in model.outputs for name in output.names}
