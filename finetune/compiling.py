"""From a trained network to its compiled twin in 8-bit integers, and the check that it may serve.

Called by `finetune.run` while a release is written. The twin is made by post-training quantisation
with training texts (NNCF; activations are smoothed as in Xiao et al. 2023, "SmoothQuant"). When it
reads worse than the network that it was made of, one in 32-bit floats takes its place.
"""

import io
import logging
import math
import re
import shutil
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from finetune.batches import Dataset, pick
from finetune.calibrate import judge
from finetune.statistics import auroc
from index.backend import Raw
from index.calibration import Calibration
from index.compiled import (
    COMPILED,
    FLOATS,
    INTEGERS,
    NUMBERS,
    OUTPUTS,
    CompiledBackend,
    load_openvino,
)
from index.errors import ReleaseError
from index.layout import LONG, Layout, Packed, Padded
from index.network import Network, run
from index.spans import IGNORED
from index.tokens import Tokens, pad

TEXTS = 300  # that show how large the numbers become
NEIGHBOURS = 1000  # training rows among which the nearest of a held-out row is looked for
TOLERANCE = 0.002  # of each figure that the twin may lose; of what counts rows, one row at least
SAME = 1e-3  # and the most by which packing may change a number of a vector in floats
ALONE = 8  # texts that are read alone, too,
APART = 0.01  # and the most that others may turn a vector by, as cosine distance
CPU = torch.device("cpu")
# What encoders raise for an input that they were not made for, and OpenVINO for such an encoder.
UNFIT = (
    RuntimeError,
    TypeError,
    ValueError,
    ArithmeticError,
    LookupError,
    AttributeError,
    AssertionError,
)


class Figure(NamedTuple):
    """A share, of so many ``rows`` or, with 0, of none that could be counted; one of ``enough``
    will do, however much it lost."""

    value: float
    rows: int = 0
    enough: float = math.inf

    def holds(self, after: float) -> bool:
        """Whether a twin may come to ``after`` where the network comes to this."""
        allowed = max(TOLERANCE, 1.0 / self.rows) if self.rows else TOLERANCE
        return after >= min(self.value - allowed - 1e-9, self.enough)


def compile_network(
    folder: Path, network: Network, train: Dataset, held: Dataset, calibration: Calibration
) -> dict[str, Any]:
    """Put the twin of a network into the release that is being written in ``folder``.

    ``train`` are the rows that the network learned from, ``held`` those that it is checked with,
    for which some of the former do when there are none. Returns, for the metrics, whether a twin
    ``serves`` and in which ``numbers``, the ``reason`` if not in 8-bit integers, and the figures of
    these beside the network's. A network that cannot be compiled is no error: its release is read
    with torch.
    """
    some = choose_neighbours(train)
    held = held if len(held) else some
    place = next(network.parameters()).device
    network.to(CPU)
    try:
        return _try_levels(folder, network, some, held, calibration)
    except (ImportError, ReleaseError, *UNFIT) as error:
        shutil.rmtree((folder / COMPILED).parent, ignore_errors=True)
        return {"serves": False, "reason": _first_line(error)}
    finally:
        network.to(place)


def choose_neighbours(rows: Dataset) -> Dataset:
    """Some training rows, always the same ones: what retrieval is measured among."""
    return pick(rows, np.random.default_rng(0).permutation(len(rows))[:NEIGHBOURS])


def _try_levels(
    folder: Path, network: Network, some: Dataset, held: Dataset, calibration: Calibration
) -> dict[str, Any]:
    """Make the fastest twin that is as good as the network, with more and more in floats."""

    def measure(read: Callable[[Sequence[Tokens]], Raw]) -> dict[str, Figure]:
        return measure_figures(read(held.tokens), held, read(some.tokens), some, calibration)

    model, batches = _trace(network, some.tokens[:TEXTS])
    by_length = sorted(held.tokens, key=lambda tokens: len(tokens.ids))
    before = measure(lambda tokens: run(network, tokens, CPU))
    made: dict[str, Any] = {"serves": False}
    for exact in _levels(network):
        try:
            _quantise(model, batches, exact, folder / COMPILED)
            twin = CompiledBackend.load(folder)
            _check_alone(twin, by_length)
        except (ImportError, ReleaseError, *UNFIT) as error:
            made |= {"reason": _first_line(error)}
            continue
        after = measure(twin.run)
        worse = _worse(before, after)
        figures = {
            name: {"float32": figure.value, "int8": _value(after, name), "rows": figure.rows}
            for name, figure in before.items()
        }
        reason = f"worse in {', '.join(worse)}" if worse else ""
        made = {"serves": not worse, "reason": reason, "exact": len(exact), "figures": figures}
        if not worse:
            return {**made, "numbers": INTEGERS}
    _write(model, FLOATS, folder / COMPILED)
    twin = CompiledBackend.load(folder)
    _check_alone(twin, by_length)
    if not _worse(before, measure(twin.run)):
        return {**made, "serves": True, "numbers": FLOATS}
    shutil.rmtree((folder / COMPILED).parent)
    return made


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0]


def _worse(before: Mapping[str, Figure], after: Mapping[str, Figure]) -> list[str]:
    """The figures in which a twin loses more than it may."""
    return [name for name, figure in before.items() if not figure.holds(_value(after, name))]


def _value(figures: Mapping[str, Figure], name: str) -> float:
    return figures.get(name, Figure(0.0)).value


class _Flat(nn.Module):
    """The network with a tuple of tensors for its outputs."""

    def __init__(self, network: Network, layout: Layout) -> None:
        super().__init__()
        self.network = network
        self.packed = isinstance(layout, Packed)

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        read = self.network.forward_packed if self.packed else self.network.forward
        output = read(*inputs)
        found = (getattr(output, name) for name in OUTPUTS)
        return tuple(value for value in found if value is not None)


def _choose_layout(network: Network, tokens: Sequence[Tokens]) -> Layout:
    """Packed, if the network reads a few texts so as it reads them alone, else padded."""
    packed, some = Packed(network.pooling), tokens[:ALONE]
    inputs = packed.lay(some).inputs.values()
    try:
        with torch.inference_mode():
            together = network.forward_packed(*map(torch.from_numpy, inputs)).vectors
            alone = [network(*map(torch.from_numpy, pad([text]))).vectors for text in some]
    except UNFIT:  # it takes no such argument, or not of this shape
        return Padded()
    apart = (together[: len(some)] - torch.cat(alone)).abs().max()
    return packed if apart <= SAME else Padded()


def _trace(network: Network, tokens: Sequence[Tokens]) -> tuple[Any, list[Any]]:
    """The network as an OpenVINO model, and batches that show how large the numbers become."""
    openvino = load_openvino()
    layout = _choose_layout(network, tokens)
    divided = layout.divide([len(text.ids) for text in tokens])
    batches = [layout.lay([tokens[row] for row in rows]).inputs for rows in divided]
    example = tuple(map(torch.from_numpy, batches[0].values()))
    with torch.inference_mode():
        outputs = (network.forward_packed if isinstance(layout, Packed) else network)(*example)
    names = [name for name in OUTPUTS if getattr(outputs, name) is not None]
    any_size = openvino.PartialShape([-1, -1])
    with _quiet():
        model = openvino.convert_model(
            _Flat(network, layout), example_input=example, input=[any_size] * len(example)
        )
    for port, name in zip(model.inputs, layout.inputs, strict=True):
        port.get_tensor().set_names({name})
    for port, name in zip(model.outputs, names, strict=True):
        port.get_tensor().set_names({name})
    return model, batches


def _levels(network: Network) -> Iterator[list[str]]:
    """The encoder's layers that stay in 32-bit floats: those that 8 bits harm most, which are the
    second ones of the feed-forward blocks; at first the lowest, then the lower half, then all."""
    narrowing = [
        name
        for name, layer in network.encoder.named_modules()
        if isinstance(layer, nn.Linear) and layer.in_features > layer.out_features
    ]
    counts = {min(1, len(narrowing)), len(narrowing) // 2, len(narrowing)}
    for count in sorted(counts - {0} or {0}):
        yield narrowing[:count]


def _quantise(model: Any, batches: Sequence[Any], exact: Sequence[str], place: Path) -> None:
    """Write the model in 8-bit integers, but for the heads, which cost nothing, and the encoder's
    layers of these names."""
    import nncf

    nncf.set_log_level(logging.ERROR)
    layers = "|".join(re.escape(name) for name in exact)
    patterns = [r"__module/.*", r"__module\.network(/|\.(?!encoder\.)).*"]
    patterns += [rf"__module\.network\.encoder\.({layers})/.*"] if exact else []
    with _quiet():
        twin = nncf.quantize(
            model,
            nncf.Dataset(batches),
            model_type=nncf.ModelType.TRANSFORMER,
            subset_size=len(batches),
            ignored_scope=nncf.IgnoredScope(patterns=patterns, validate=False),
        )
    _write(twin, INTEGERS, place)


def _write(model: Any, numbers: str, place: Path) -> None:
    """Write the model, and in it which numbers it computes with."""
    model.set_rt_info(numbers, NUMBERS)
    place.parent.mkdir(exist_ok=True)
    load_openvino().save_model(model, place, compress_to_fp16=False)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the warnings of tracing and the bars that would stand between lines of JSON.

    OpenVINO sets up the root logger, and leaves it so when it cannot convert a network.
    """
    from transformers.utils import logging as told

    root, level = logging.getLogger(), told.get_verbosity()
    before = root.level, root.filters[:], root.handlers[:]
    told.set_verbosity_error()  # type: ignore[no-untyped-call]
    try:
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        told.set_verbosity(level)
        root.setLevel(before[0])
        root.filters, root.handlers = before[1:]


def _check_alone(twin: CompiledBackend, tokens: Sequence[Tokens]) -> None:
    """Raise ``ReleaseError`` when a batch changes what is read: the mask was lost on the way."""
    fitting = [text for text in tokens if len(text.ids) <= LONG]  # beside which others have room
    short, longest = tokens[:ALONE], (fitting or tokens)[-1]
    beside = np.concatenate([twin.together([text, longest])[:1] for text in short])
    alone = np.concatenate([twin.run([text]).vectors for text in short])
    apart = float((1 - (beside * alone).sum(axis=1)).max())
    if not apart <= APART:
        raise ReleaseError(f"other texts of its batch turn a vector by {apart:.3f}")


def measure_figures(
    raw: Raw, rows: Dataset, near: Raw, learned: Dataset, calibration: Calibration
) -> dict[str, Figure]:
    """What ``raw`` says of ``rows``, with ``near`` of the ``learned`` rows: the figures that a twin
    must keep and a student is compared in. Of a twin's answers, those that keep the promise are
    enough."""
    judged = judge(raw, rows, calibration)
    known = ~judged.outliers
    answers = judged.certainty >= calibration.thresholds.answer
    answers &= judged.in_scope >= calibration.thresholds.in_scope
    examples = learned.intents != IGNORED
    intents = (rows.intents != IGNORED) & examples.any()
    moods = (rows.sentiments != IGNORED) & bool(raw.sentiments.shape[1])
    nearest = _best(raw.vectors[intents] @ near.vectors[examples].T)
    figures = {
        "intent": _share(judged.right[known]),
        "out_of_scope": Figure(auroc(judged.in_scope[known], judged.in_scope[~known])),
        "retrieval": _share(learned.intents[examples][nearest] == rows.intents[intents]),
        "answers": _share(judged.right[answers], calibration.thresholds.promise),
        "answered": _share(answers[known]),
        "sentiment": _share(_best(raw.sentiments[moods]) == rows.sentiments[moods]),
        "tags": _share(_tags_right(raw, rows)),
    }
    return {name: figure for name, figure in figures.items() if not math.isnan(figure.value)}


def _best(scores: NDArray[np.float32]) -> NDArray[np.int64]:
    """The best column of each row; of no rows, also without columns."""
    return scores.argmax(axis=1) if len(scores) else np.zeros(0, np.int64)


def _share(which: NDArray[np.bool_], enough: float = math.inf) -> Figure:
    return Figure(float(which.mean()) if len(which) else math.nan, len(which), enough)


def _tags_right(raw: Raw, rows: Dataset) -> NDArray[np.bool_]:
    """Which words of the annotated rows have the right tag."""
    right = [
        (said == truth)[truth != IGNORED]
        for said, truth in zip(raw.tags, rows.tags, strict=True)
        if len(said)
    ]
    return np.concatenate([np.zeros(0, np.bool_), *right])
