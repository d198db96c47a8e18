"""From an encoder's folder to a network that is ready to train: heads, dropout, what is frozen.

Called by the training loop. It works by the shape of the encoder, not by its family: the layers are
the list of modules that is as long as the encoder is deep. An encoder that cannot work is refused
before the training starts.
"""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from finetune.lora import add_adapters
from finetune.proxies import add_proxies
from finetune.recipe import Recipe
from index.errors import ReleaseError
from index.network import Network, load_encoder
from index.release import Labels
from index.spans import tag_count
from index.tokens import MAX_TOKENS


def build_network(encoder: Path, labels: Labels, recipe: Recipe) -> Network:
    """The pretrained encoder with fresh heads for these labels.

    Raises ``ReleaseError`` when the encoder cannot be loaded or is of a kind that cannot work.
    """
    body, pooling = load_encoder(encoder)
    check_encoder(body, str(encoder))
    network = Network(
        body,
        pooling,
        intents=len(labels.intents),
        sentiments=len(labels.sentiments),
        tags=tag_count(labels.entities),
    )
    network.dropout.p = recipe.dropout
    for head in (network.intents, network.sentiments, network.tags):
        if head is not None:
            nn.init.normal_(head.weight, std=0.02)
            nn.init.zeros_(head.bias)
    add_proxies(network, recipe)
    _replace_dropout(body, recipe.encoder_dropout)
    _freeze(body, recipe)
    if recipe.lora_rank:
        network.encoder = add_adapters(body, adaptable(body, recipe.freeze_layers), recipe)
    if recipe.gradient_checkpointing:
        _recompute_layers(body, recipe.encoder)
    return network


@torch.inference_mode()
def check_encoder(encoder: nn.Module, name: str) -> None:
    """Let the encoder read two made-up texts that differ in their second token.

    Raises ``ReleaseError`` when it cannot read ids and a mask of ``MAX_TOKENS`` tokens, does not
    give the states of every layer, or reads from left to right only: then the first token knows
    nothing of the second.
    """
    config: Any = encoder.config
    if getattr(config, "is_encoder_decoder", False):
        raise ReleaseError(f"{name} is an encoder with a decoder; a desk needs an encoder alone.")
    encoder.eval()
    try:
        hidden, depth, words = config.hidden_size, config.num_hidden_layers, config.vocab_size
        ids = torch.full((2, MAX_TOKENS), words // 2)
        ids[1, 1] = words - 1
        read = encoder(
            input_ids=ids, attention_mask=torch.ones_like(ids), output_hidden_states=True
        )
        states, last = read.hidden_states, read.last_hidden_state
    except (AttributeError, IndexError, RuntimeError, TypeError, ValueError) as error:
        raise ReleaseError(
            f"{name} does not work as a text encoder for {MAX_TOKENS} tokens: "
            f"{type(error).__name__}: {error}"
        ) from None
    shape = (2, MAX_TOKENS, hidden)
    if len(states) <= depth or any(state.shape != shape for state in (*states[-depth:], last)):
        raise ReleaseError(f"{name} does not give a state of each token in every layer.")
    if (last[0, 0] - last[1, 0]).abs().max() < 1e-7:
        raise ReleaseError(
            f"{name} reads from left to right only, as decoders do; a desk needs an encoder that "
            "reads in both directions."
        )


def parameter_groups(network: Network, recipe: Recipe) -> list[dict[str, object]]:
    """Parameters with their learning rates: lower for lower layers, highest for the heads.

    Layer-wise decay as in Howard & Ruder 2018 (ULMFiT) and Clark et al. 2020 (ELECTRA).
    """
    depth = _depth(network.encoder)
    layers = number_layers(network.encoder)
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        if not parameter.requires_grad:
            continue
        layer = layers.get(name.removeprefix("encoder."))
        if layer is None:
            rate = recipe.head_learning_rate
        else:
            rate = recipe.learning_rate * recipe.layer_decay ** (depth - layer)
        decay = recipe.weight_decay if parameter.ndim > 1 else 0.0
        groups.setdefault((rate, decay), []).append(parameter)
    return [
        {"params": parameters, "lr": rate, "weight_decay": decay}
        for (rate, decay), parameters in groups.items()
    ]


def number_layers(encoder: nn.Module) -> dict[str, int]:
    """The layer of each parameter by its name: 0 for embeddings, 1 to the encoder's depth.

    What is neither, or is shared by all layers (ALBERT), counts as the highest layer.
    """
    depth = _depth(encoder)
    stacks = [f"{name}." for name in find_stacks(encoder)]
    layers = {}
    for name, _ in encoder.named_parameters():
        stack = next((stack for stack in stacks if name.startswith(stack)), None)
        if stack is not None:
            layers[name] = 1 + int(name.removeprefix(stack).split(".", 1)[0])
        else:
            layers[name] = 0 if "embed" in name else depth
    return layers


def find_stacks(encoder: nn.Module) -> list[str]:
    """Names of the lists of modules that are as long as the encoder is deep; shared layers are in
    none."""
    depth = _depth(encoder)
    return [
        name
        for name, module in encoder.named_modules()
        if isinstance(module, nn.ModuleList) and len(module) == depth
    ]


def adaptable(encoder: nn.Module, frozen: int) -> list[str]:
    """Names of the linear modules of the layers above ``frozen``: what adapters go into."""
    layers = number_layers(encoder)
    own = {name for name, layer in layers.items() if layer > frozen and "pooler" not in name}
    return [
        name
        for name, module in encoder.named_modules()
        if isinstance(module, nn.Linear) and f"{name}.weight" in own
    ]


class SharedDropout(nn.Dropout):
    """Dropout with one mask for all tokens of a text, ``(batch, length, hidden)``.

    After Gal & Ghahramani 2016, "A Theoretically Grounded Application of Dropout in Recurrent
    Neural Networks". Far fewer random numbers: on a CPU these cost an eighth of the training.
    """

    def forward(self, states: Tensor) -> Tensor:
        """The states with the same features missing from every token."""
        if not self.training or not self.p or states.ndim != 3:
            return super().forward(states)
        keep = torch.rand(len(states), 1, states.shape[-1], device=states.device) >= self.p
        return states * (keep.to(states.dtype) / (1 - self.p))


def _replace_dropout(encoder: nn.Module, share: float) -> None:
    """Drop out ``share`` of the features, and nothing within the attention."""
    for module in list(encoder.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, nn.Dropout):
                within = type(module).__name__.endswith("SelfAttention") or "att" in name
                setattr(module, name, SharedDropout(0.0 if within else share))


def _freeze(encoder: nn.Module, recipe: Recipe) -> None:
    layers = number_layers(encoder)
    for name, parameter in encoder.named_parameters():
        if recipe.freeze_layers and layers[name] <= recipe.freeze_layers:
            parameter.requires_grad_(False)
    if recipe.freeze_words:
        encoder.get_input_embeddings().requires_grad_(False)  # type: ignore[operator]


def _recompute_layers(encoder: nn.Module, name: str) -> None:
    """Keep no states within the layers; the backward pass computes them once more."""
    if not getattr(encoder, "supports_gradient_checkpointing", False):
        raise ReleaseError(f"{name} does not support gradient_checkpointing; set it to false.")
    # transformers 5 renamed it on its way; the old name warns.
    new: Any = getattr(encoder, "activation_checkpointing_enable", None)
    enable: Any = new or encoder.gradient_checkpointing_enable
    enable({"use_reentrant": False})


def _depth(encoder: nn.Module) -> int:
    config: Any = encoder.config
    return int(config.num_hidden_layers)
