"""Low-rank adapters for big encoders, through peft, which is imported only when a recipe asks.

Called by `finetune.build` and by the training loop. A release never holds adapters: they are merged
into the weights that they adapt before anything is written.
"""

import warnings
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

from torch import nn

from finetune.recipe import Recipe
from index.errors import ReleaseError
from index.network import Network

INSTALL = "pip install 'frontdesk[lora]'"


def add_adapters(encoder: nn.Module, names: Sequence[str], recipe: Recipe) -> nn.Module:
    """The encoder with adapters in the modules of these names, which alone are trained.

    Hu et al. 2021, "LoRA: Low-Rank Adaptation of Large Language Models". Raises ``ReleaseError``
    when peft is missing or there is nothing to adapt.
    """
    if find_spec("peft") is None:
        raise ReleaseError(f"lora_rank needs peft: run `{INSTALL}`, or set lora_rank to 0.")
    if not names:
        raise ReleaseError(
            f"{recipe.encoder} has no linear layers above the {recipe.freeze_layers} frozen ones "
            "that adapters could go into: lower freeze_layers, or set lora_rank to 0."
        )
    from peft import LoraConfig, get_peft_model

    whole: Any = encoder  # peft asks for a transformers model
    config = LoraConfig(
        r=recipe.lora_rank,
        lora_alpha=recipe.lora_alpha,
        lora_dropout=recipe.lora_dropout,
        target_modules=list(names),
    )
    with warnings.catch_warnings():
        # peft asks transformers 5 by a name that it is about to drop.
        warnings.simplefilter("ignore", FutureWarning)
        return get_peft_model(whole, config)


def merge_adapters(network: Network) -> None:
    """Add the adapters to the weights beneath, so that the encoder is a plain model again."""
    adapted: Any = network.encoder
    network.encoder = adapted.merge_and_unload(safe_merge=True)
