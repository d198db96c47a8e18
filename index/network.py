"""The network: one encoder, and on its one pass a vector, intent, sentiment and token tags.

Trained in `finetune`, read with by `index.reader`. It knows outputs by number, not by label.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from index.backend import BUDGET, Outputs, Raw, Widths, collect
from index.crf import Crf
from index.errors import ReleaseError
from index.tokens import Tokens

Pooling = Literal["mean", "cls"]
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
        features, states = self.features(ids, mask)
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
        # ModernBERT normalises once more after the last layer of ``hidden_states``.
        layers = [*passed.hidden_states[:-1], passed.last_hidden_state][-self.layers :]
        pooled = [self.pool(layer.float(), mask) for layer in layers]
        units = [SCALE * nn.functional.normalize(layer, dim=-1) for layer in pooled]
        return torch.cat(units, dim=-1), passed.last_hidden_state

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


@torch.inference_mode()
def run(
    network: Network, tokens: Sequence[Tokens], device: torch.device, budget: int = BUDGET
) -> Raw:
    """Pass texts through a network that is in evaluation mode, in batches of similar length.

    ``budget`` bounds the tokens of a batch, padding included.
    """

    def forward(ids: NDArray[np.int64], mask: NDArray[np.int64]) -> Outputs:
        output = network(*to_tensors(ids, mask, device))
        return Outputs(
            vectors=output.vectors.cpu().numpy(),
            intents=_to_array(output.intents),
            distances=_to_array(output.distances),
            sentiments=_to_array(output.sentiments),
            tags=_to_array(output.tags),
        )

    transitions = network.crf.transitions() if network.crf else None
    return collect(tokens, network.widths, transitions, forward, budget)


class TorchBackend:
    """A network on a device, read with torch."""

    def __init__(self, network: Network, device: torch.device) -> None:
        self.name = f"torch {device.type}"
        self.lanes = 1
        self.widths = network.widths
        self._network = network
        self._device = device

    def run(self, tokens: Sequence[Tokens]) -> Raw:
        """Pass texts through the network; safe from several threads at once."""
        return run(self._network, tokens, self._device)

    def warm_up(self) -> None:
        """Nothing: no size of a batch takes longer the first time."""


def to_tensors(
    ids: NDArray[np.int64], mask: NDArray[np.int64], device: torch.device
) -> tuple[Tensor, Tensor]:
    """A padded batch on the device."""
    return torch.from_numpy(ids).to(device), torch.from_numpy(mask).to(device)


def _to_array(values: Tensor | None) -> NDArray[np.float32] | None:
    return None if values is None else values.float().cpu().numpy()


def choose_device(name: str) -> torch.device:
    """The device that ``name`` means: auto (a GPU if there is one), cpu, cuda or cuda:N.

    Raises ``ReleaseError`` when there is none of that name.
    """
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
    return encoder, _read_pooling(folder)


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


def _read_pooling(folder: Path) -> Pooling:
    path = folder / "1_Pooling" / "config.json"
    if not path.is_file():
        return "mean"
    try:
        config: Any = json.loads(path.read_bytes())
        mode = config.get("pooling_mode")
        cls = mode == "cls" or bool(config.get("pooling_mode_cls_token"))
    except (OSError, ValueError, AttributeError) as error:
        raise ReleaseError(f"{path} cannot be read: {error}") from None
    return "cls" if cls else "mean"
