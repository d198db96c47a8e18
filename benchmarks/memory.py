"""How much GPU memory a step on a big encoder takes: ``python -m benchmarks.memory``.

Counts bytes on fake tensors, which have shapes and no content, so that no GPU and no memory is
needed: weights, gradients, Adam's two moments, and all that autograd keeps for the backward pass of
32 messages of 128 tokens, the longest there are, in bfloat16. The allocator's own waste, CUDA's
context and what a kernel needs for a moment are not in it.
"""

import json
from dataclasses import replace
from pathlib import Path

import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from transformers import BertConfig, BertModel

from finetune import build
from finetune.recipe import Recipe
from finetune.state import trainable
from index.release import Labels
from index.tokens import MAX_TOKENS

# The shape of BERT large: 335 million parameters.
LARGE = {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16}
LARGE |= {"intermediate_size": 4096}
LABELS = Labels(tuple(map(str, range(150))), ("negative", "neutral", "positive"), ("product",))
GIB = 2**30
RECIPES = {
    "defaults": {},
    "nothing frozen": {"freeze_words": False, "freeze_layers": 0},
    "accumulate: 4": {"accumulate": 4},
    "gradient_checkpointing: true": {"gradient_checkpointing": True},
    "lora_rank: 16": {"lora_rank": 16},
    "lora_rank: 16, gradient_checkpointing: true": {
        "lora_rank": 16,
        "gradient_checkpointing": True,
    },
}


def measure(recipe: Recipe) -> dict[str, float]:
    """GiB that one step keeps at its peak, by what for."""
    with torch.device("meta"):
        body = BertModel(BertConfig(**LARGE))
    body.to_empty(device="cpu")  # memory that nobody writes to is not taken
    build.load_encoder = lambda folder: (body, "mean")  # type: ignore[assignment]
    build.check_encoder = lambda encoder, name: None
    network = build.build_network(Path("large"), LABELS, recipe).train()
    with FakeTensorMode(allow_non_fake_inputs=True):
        rows = recipe.batch_size // recipe.accumulate
        shape = (rows, MAX_TOKENS)
        ids = torch.ones(shape, dtype=torch.long)
        mask = torch.ones(shape, dtype=torch.long)
        weights = {value.untyped_storage()._cdata for value in network.parameters()}
        kept: dict[int, int] = {}

        def count(tensor: torch.Tensor) -> torch.Tensor:
            storage = tensor.untyped_storage()
            if storage._cdata not in weights:
                kept[storage._cdata] = storage.nbytes()
                alive.append(tensor)
            return tensor

        alive: list[torch.Tensor] = []
        with (
            torch.autocast("cpu", torch.bfloat16),
            torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor),
        ):
            network(ids, mask)
        trained = sum(value.numel() for value in trainable(network))
        every = sum(value.numel() for value in network.parameters())
    parts = {
        "weights": 4 * every,
        "gradients": 4 * trained,
        "optimizer": 8 * trained,
        "mean": 4 * trained if recipe.ema else 0,
        "activations": sum(kept.values()),
    }
    return {name: size / GIB for name, size in {**parts, "sum": sum(parts.values())}.items()}


def main() -> None:
    for name, changes in RECIPES.items():
        figures = measure(replace(Recipe(), **changes))  # type: ignore[arg-type]
        print(json.dumps({"recipe": name, **{k: round(v, 2) for k, v in figures.items()}}))


if __name__ == "__main__":
    main()
