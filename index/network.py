"""The network: one encoder, and on its one pass a vector, intent, sentiment and token tags.

Trained in `finetune`, read with by `index.reader`. It knows outputs by number, not by label.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from index.backend import Outputs, Pass, Raw, Widths, collect, in_lanes
from index.crf import Crf
from index.errors import ReleaseError
from index.release import Pooling, read_pooling
from index.tokens import Tokens, bucket, pad

BUDGET = 1024  # tokens of a batch, padding included,
GPU_BUDGET = 16_384  # and where thousands are computed at once
LAYERS = 3  # the last ones, whose pooled states the heads see side by side
SCALE = 16.0  # length of each of them


@dataclass(frozen=True, slots=True)
class Output:
    """One pass over a batch. ``vectors`` is ``(batch, hidden)`` of unit length; the heads' logits
    are ``(batch, labels)`` and, for ``tags``, ``(batch, length, tags)``; none without that head.
    ``distances`` ``(batch,)`` is how far the nearest intent lies; none without intents and in
    training."""

    vectors: Tensor
    intents: Tensor | None
    distances: Tensor | None
    sentiments: Tensor | None
    tags: Tensor | None


class Prototypes(nn.Module):
    """Where the intents lie among the vectors: their means, and how vectors spread around them.

    The distance is Mahalanobis' with one covariance for all intents (Lee et al. 2018, "A Simple
    Unified Framework for Detecting Out-of-Distribution Samples"). ``finetune.prototypes`` fits it;
    before that it measures from the origin.
    """

    whitening: Tensor
    centres: Tensor

    def __init__(self, intents: int, hidden: int) -> None:
        super().__init__()
        self.register_buffer("whitening", torch.eye(hidden))
        self.register_buffer("centres", torch.zeros(intents, hidden))

    def forward(self, vectors: Tensor) -> Tensor:
        """Distance from each of the vectors ``(batch, hidden)`` to the nearest centre."""
        apart: Tensor = torch.cdist(vectors @ self.whitening, self.centres)
        return apart.min(dim=-1).values


class Network(nn.Module):
    """An encoder with optional heads; a count of 0 leaves a head out.

    ``tags`` counts the BIO tags of the token head: outside, then begin and inside of each label.
    """

    def __init__(
        self, encoder: nn.Module, pooling: Pooling, *, intents: int, sentiments: int, tags: int
    ) -> None:
        super().__init__()
        config: Any = encoder.config
        hidden = int(config.hidden_size)
        self.encoder = encoder
        self.pooling = pooling
        self.hidden = hidden
        self.layers = min(LAYERS, int(config.num_hidden_layers))
        features = self.layers * hidden
        self.intents = nn.Linear(features, intents) if intents else None
        self.prototypes = Prototypes(intents, hidden) if intents else None
        self.sentiments = nn.Linear(features, sentiments) if sentiments else None
        self.tags = nn.Linear(hidden, tags) if tags else None
        self.crf = Crf(tags) if tags else None
        self.dropout = nn.Dropout(0.1)

    def forward(self, ids: Tensor, mask: Tensor) -> Output:
        """One pass over ids and mask of shape ``(batch, length)``."""
        return self._judge(*self.features(ids, mask))

    def forward_packed(self, ids: Tensor, places: Tensor, texts: Tensor, shares: Tensor) -> Output:
        """The same with several texts a row: see `index.layout.Packed`. ``tags`` are
        ``(rows, length, tags)``. For encoders with absolute positions only.
        """
        table = getattr(getattr(self.encoder, "embeddings", None), "position_embeddings", None)
        padding = getattr(table, "padding_idx", None)
        own = texts[:, None, :, None] == texts[:, None, None, :]
        unseen = torch.zeros(own.shape).masked_fill(~own, torch.finfo(torch.float32).min)
        passed = self.encoder(
            input_ids=ids,
            attention_mask=unseen,
            position_ids=places + (0 if padding is None else padding + 1),  # RoBERTa's begin there
            output_hidden_states=True,
        )
        layers = self._last_layers(passed)
        pooled = [shares @ layer.reshape(-1, self.hidden) for layer in layers]
        return self._judge(self._units(pooled), layers[-1])

    def _judge(self, features: Tensor, states: Tensor) -> Output:
        vectors = nn.functional.normalize(features[:, -self.hidden :], dim=-1)
        features = self.dropout(features)
        return Output(
            vectors=vectors,
            intents=self.intents(features) if self.intents else None,
            distances=self.prototypes(vectors) if self.prototypes and not self.training else None,
            sentiments=self.sentiments(features) if self.sentiments else None,
            tags=self.tags(self.dropout(states.float())) if self.tags else None,
        )

    def features(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """What the heads for the text see, ``(batch, layers * hidden)``, with the last layer at the
        end, and the last layer's token states, ``(batch, length, hidden)``."""
        passed = self.encoder(input_ids=ids, attention_mask=mask, output_hidden_states=True)
        layers = self._last_layers(passed)
        pooled = [self.pool(layer.float(), mask) for layer in layers]
        return self._units(pooled), layers[-1]

    def _last_layers(self, passed: Any) -> list[Tensor]:
        # ModernBERT normalises once more after the last layer of ``hidden_states``.
        return [*passed.hidden_states[:-1], passed.last_hidden_state][-self.layers :]

    def _units(self, pooled: Sequence[Tensor]) -> Tensor:
        return torch.cat([SCALE * nn.functional.normalize(each, dim=-1) for each in pooled], dim=-1)

    def pool(self, states: Tensor, mask: Tensor) -> Tensor:
        """Token states ``(batch, length, hidden)`` to one of ``(batch, hidden)`` a text."""
        if self.pooling == "cls":
            return states[:, 0]
        weights = mask.unsqueeze(-1).to(states.dtype)
        return (states * weights).sum(1) / weights.sum(1).clamp(min=1)

    @property
    def widths(self) -> Widths:
        """Columns of the outputs."""
        return Widths(
            self.hidden,
            self.intents.out_features if self.intents else 0,
            self.sentiments.out_features if self.sentiments else 0,
        )

    def heads(self) -> dict[str, Tensor]:
        """The weights of the heads alone, prototypes included, by name."""
        state = self.state_dict()
        return {name: value for name, value in state.items() if not name.startswith("encoder.")}


def run(
    network: Network, tokens: Sequence[Tokens], device: torch.device, budget: int = BUDGET
) -> Raw:
    """Pass texts through a network that is in evaluation mode, in batches of similar length.

    ``budget`` bounds the tokens of a batch, padding included.
    """
    batches = bucket([len(text.ids) for text in tokens], budget)
    transitions = network.crf.transitions() if network.crf else None
    forward = partial(pass_batch, network, device)
    return collect(tokens, batches, network.widths, transitions, forward)


@torch.inference_mode()
def pass_batch(network: Network, device: torch.device, batch: Sequence[Tokens]) -> Outputs:
    """One batch: a copy to the device, and for each text and each token one back."""
    ids, mask = to_tensors(*pad(batch), device)
    output = network(ids, mask)
    widths = network.widths
    each = [output.vectors, output.intents, output.sentiments]
    if output.distances is not None:
        each.append(output.distances[:, None])
    found = torch.cat([part.float() for part in each if part is not None], dim=-1).cpu().numpy()
    ends = np.cumsum([widths.hidden, widths.intents, widths.sentiments])
    vectors, intents, sentiments, distances = np.split(found, ends, axis=1)
    return Outputs(
        vectors=vectors,
        intents=intents,
        sentiments=sentiments,
        distances=None if output.distances is None else distances[:, 0],
        tags=None if output.tags is None else output.tags.flatten(0, 1).float().cpu().numpy(),
        begins=ids.shape[1] * np.arange(len(batch)),
    )


class TorchBackend:
    """A network on one or more devices, read with torch: a copy and a lane for each."""

    def __init__(self, network: Network, devices: Sequence[torch.device]) -> None:
        kinds = {device.type for device in devices}
        self.name = f"torch {'+'.join(sorted(kinds))}"
        self.lanes = len(devices)
        self.widths = network.widths
        self._budget = GPU_BUDGET if kinds == {"cuda"} else BUDGET
        self._transitions = network.crf.transitions() if network.crf else None
        self._free: SimpleQueue[Pass] = SimpleQueue()
        copies = [network, *(deepcopy(network) for _ in devices[1:])]
        for copy, device in zip(copies, devices, strict=True):
            self._free.put(partial(pass_batch, copy.to(device), device))

    def run(self, tokens: Sequence[Tokens]) -> Raw:
        """Pass texts through the network; safe from several threads at once."""
        batches = bucket([len(text.ids) for text in tokens], self._budget)
        many = in_lanes(self.lanes) if min(self.lanes, len(batches)) > 1 else map
        return collect(tokens, batches, self.widths, self._transitions, self._pass, many)

    def warm_up(self) -> None:
        """Nothing: no size of a batch takes longer the first time."""

    def _pass(self, batch: Sequence[Tokens]) -> Outputs:
        """With the first device that is free."""
        run = self._free.get()
        try:
            return run(batch)
        finally:
            self._free.put(run)


def to_tensors(
    ids: NDArray[np.int64], mask: NDArray[np.int64], device: torch.device
) -> tuple[Tensor, Tensor]:
    """A padded batch on the device."""
    both = torch.from_numpy(np.stack([ids, mask]))
    if device.type == "cuda":  # from where it can be copied without waiting
        both = both.pin_memory()
    ids_there, mask_there = both.to(device, non_blocking=True)
    return ids_there, mask_there


def choose_devices(names: str) -> list[torch.device]:
    """The devices that ``names`` means: auto (a GPU if there is one), cpu, cuda, cuda:N, or several
    of the last with commas between them.

    Raises ``ReleaseError`` when one is not there, or is named twice.
    """
    devices = [_find_device(name.strip()) for name in names.split(",")]
    alike = len({(device.type, device.index or 0) for device in devices}) < len(devices)
    if alike or (len(devices) > 1 and {device.type for device in devices} != {"cuda"}):
        raise ReleaseError(f"{names!r} is no list of different GPUs, such as cuda:0,cuda:1.")
    return devices


def choose_device(names: str) -> torch.device:
    """The device to train on: the first of them. Raises ``ReleaseError`` as ``choose_devices``."""
    return choose_devices(names)[0]


def _find_device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise ReleaseError(f"{name!r} is no device; use auto, cpu, cuda or cuda:N.") from None
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise ReleaseError(
            f"The device {name} is not there: this machine shows "
            f"{torch.cuda.device_count()} CUDA devices to this process. Use auto or cpu."
        )
    if device.type not in ("cpu", "cuda"):
        raise ReleaseError(f"{name!r} is not supported; use auto, cpu, cuda or cuda:N.")
    return device


def load_encoder(folder: Path) -> tuple[nn.Module, Pooling]:
    """An encoder in 32-bit floats with the pooling that its folder asks for, else mean pooling.

    The folder is a Hugging Face model or a sentence-transformers one. Raises ``ReleaseError``.
    """
    from transformers import AutoModel

    if not (folder / "config.json").is_file():
        raise ReleaseError(f"The encoder {folder} has no config.json.")
    try:
        with without_bars():
            encoder = AutoModel.from_pretrained(folder, dtype=torch.float32, local_files_only=True)
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise ReleaseError(f"The encoder {folder} cannot be loaded: {error}") from None
    return encoder, read_pooling(folder)


@contextmanager
def without_bars() -> Iterator[None]:
    """Keep transformers from drawing progress bars while it loads or saves."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]


def save_heads(network: Network, path: Path) -> None:
    """Write the heads' weights in 32-bit floats."""
    save_file(
        {name: value.float().contiguous().cpu() for name, value in network.heads().items()}, path
    )


def load_network(folder: Path, heads: Path, *, intents: int, sentiments: int, tags: int) -> Network:
    """The network of a release. Raises ``ReleaseError`` when the weights do not fit the labels."""
    encoder, pooling = load_encoder(folder)
    network = Network(encoder, pooling, intents=intents, sentiments=sentiments, tags=tags)
    try:
        weights = load_file(heads)
    except (OSError, SafetensorError) as error:
        raise ReleaseError(f"{heads} cannot be read: {error}") from None
    expected = {name: value.shape for name, value in network.heads().items()}
    if {name: value.shape for name, value in weights.items()} != expected:
        raise ReleaseError(f"{heads} does not fit the release's labels.")
    network.load_state_dict(weights, strict=False)
    return network.eval()
