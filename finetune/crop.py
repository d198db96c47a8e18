"""An encoder with some of its layers taken out: what a student begins with.

Called by `finetune.student`. It works by the shape of the encoder, as `finetune.build` does, and
refuses what does not load again as the encoder that it was made of.
"""

from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import torch
from torch import nn

from finetune.build import find_stacks
from finetune.encoders import save_encoder
from index.errors import ReleaseError
from index.network import Network, load_encoder
from service.errors import ContentError

MADE_UP = 16  # tokens of the text that tells whether an encoder was cropped rightly


def choose_layers(depth: int, count: int) -> list[int]:
    """Which ``count`` of ``depth`` layers stay, from 0: at equal steps, beginning with the first.

    Raises ``ContentError`` when that takes none away.
    """
    if not 1 <= count < depth:
        raise ContentError(
            f"A student needs at least one layer and fewer than the encoder's {depth}, not {count}."
        )
    return [place * depth // count for place in range(count)]


def count_layers(folder: Path) -> int:
    """Layers of the encoder in a folder. Raises ``ReleaseError`` when that cannot be told."""
    from transformers import AutoConfig

    try:
        config: Any = AutoConfig.from_pretrained(folder, local_files_only=True)
        return int(config.num_hidden_layers)
    except (AttributeError, OSError, ValueError) as error:
        raise ReleaseError(f"The layers of {folder} cannot be counted: {error}") from None


def crop_encoder(network: Network, source: Path, layers: Sequence[int], folder: Path) -> None:
    """Write the encoder of a network with these layers alone into a new ``folder``.

    Layers that are shared, as ALBERT's are, are passed fewer times. ``source`` has the tokenizer.
    Raises ``ReleaseError`` for an encoder that would load again as another one.
    """
    body = deepcopy(network.encoder).cpu().eval()
    config: Any = body.config
    kinds = getattr(config, "layer_types", None)
    for name in find_stacks(body):
        around, _, own = name.rpartition(".")
        stack = body.get_submodule(name)
        assert isinstance(stack, nn.ModuleList)
        setattr(body.get_submodule(around), own, nn.ModuleList(stack[layer] for layer in layers))
    config.num_hidden_layers = len(layers)
    if kinds is not None:
        config.layer_types = [kinds[layer] for layer in layers]
    student = Network(body, network.pooling, intents=0, sentiments=0, tags=0)
    save_encoder(student, source, folder)
    try:
        again, _ = load_encoder(folder)
        same = torch.allclose(_read(body), _read(again.eval()), atol=1e-4)
    except (ReleaseError, RuntimeError):
        same = False
    if not same:
        raise ReleaseError(f"{source}: no layers can be taken out of an encoder of this kind.")


@torch.inference_mode()
def _read(encoder: nn.Module) -> torch.Tensor:
    config: Any = encoder.config
    ids = torch.arange(MADE_UP).unsqueeze(0) % config.vocab_size
    read = encoder(input_ids=ids, attention_mask=torch.ones_like(ids), output_hidden_states=True)
    if len(read.hidden_states) <= config.num_hidden_layers:
        raise ReleaseError("a layer is missing")
    state: torch.Tensor = read.last_hidden_state
    return state
