"""The compiled network of a release: 8-bit integers on the CPU, through OpenVINO and without torch.

`finetune.compiling` makes it, and puts it into a release only when it reads as well as the network
that it was made of. A release without one is read with torch.
"""

import sys
import threading
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from index.backend import Outputs, Raw, Widths, collect
from index.errors import ReleaseError
from index.release import HEADS
from index.tokens import Tokens
from index.viterbi import Transitions

COMPILED = "compiled/network.xml"  # its weights lie beside it
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
    """A compiled network on this machine's cores; one pass at a time has them all."""

    name = "int8 cpu"

    def __init__(self, model: Any, transitions: Transitions | None) -> None:
        self._request = model.create_infer_request()
        self._lock = threading.Lock()
        self._transitions = transitions
        self._names = [name for name in OUTPUTS if name in _names_of(model)]
        columns = {name: model.output(name).get_partial_shape() for name in self._names}
        width = {name: shape[1].get_length() for name, shape in columns.items() if len(shape) == 2}
        self.widths = Widths(width["vectors"], width.get("intents", 0), width.get("sentiments", 0))

    @classmethod
    def load(cls, release: Path) -> "CompiledBackend":
        """The compiled network in a release's folder. Raises ``ReleaseError``."""
        openvino = load_openvino()
        settings = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": joblib.cpu_count(),  # those of a container, too
            "INFERENCE_PRECISION_HINT": "f32",  # of what is not in 8 bits
        }
        try:
            model = openvino.Core().compile_model(release / COMPILED, "CPU", settings)
            heads = load_file(release / HEADS)
        except (OSError, RuntimeError, SafetensorError) as error:
            raise ReleaseError(f"{release / COMPILED} cannot be loaded: {error}") from None
        transitions = None
        if "crf.first" in heads:
            transitions = Transitions(heads["crf.first"], heads["crf.follows"])
        return cls(model, transitions)

    def run(self, tokens: Sequence[Tokens]) -> Raw:
        """Pass texts through the network; safe from several threads at once."""
        return collect(tokens, self.widths, self._transitions, self._pass)

    def _pass(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> Outputs:
        with self._lock:
            self._request.infer({"ids": ids, "mask": mask}, share_inputs=True)
            found = {name: self._request.get_tensor(name).data.copy() for name in self._names}
        return Outputs(
            vectors=found["vectors"],
            intents=found.get("intents"),
            distances=found.get("distances"),
            sentiments=found.get("sentiments"),
            tags=found.get("tags"),
        )


def _names_of(model: Any) -> set[str]:
    return {name for output in model.outputs for name in output.names}
