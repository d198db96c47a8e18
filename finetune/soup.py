"""A soup: the mean of the weights of networks that began with the same weights.

Wortsman et al. 2022, "Model soups: averaging weights of multiple fine-tuned models improves
accuracy without increasing inference time". Called by `finetune.fit`.
"""

import torch

from index.network import Network


@torch.no_grad()
def stir_in(network: Network, other: Network, count: int) -> None:
    """Make ``network``, the mean of ``count - 1`` networks, that of ``count`` with ``other``.

    Weights that are the same in all, as frozen ones are, stay as they are.
    """
    for mean, new in zip(network.parameters(), other.parameters(), strict=True):
        mean.lerp_(new, 1 / count)
