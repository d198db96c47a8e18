"""Proxies: a learned point for each intent that draws the vectors of its texts together.

Part of the training loop, and gone when that ends. What it leaves behind is vectors that lie nearer
to those of their intent and further from all others, which the intent head, the distances to the
intents and the search all read.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize

from finetune.recipe import Recipe
from index.network import Network
from index.spans import IGNORED

TEMPERATURE = 0.1
NAME = "proxies"


class Proxies(nn.Module):
    """One proxy for each of ``intents``, among vectors of ``hidden`` numbers."""

    def __init__(self, intents: int, hidden: int) -> None:
        super().__init__()
        self.points = nn.Parameter(torch.empty(intents, hidden))
        nn.init.normal_(self.points, std=hidden**-0.5)

    def forward(self, vectors: Tensor, truth: Tensor, weights: Tensor) -> Tensor:
        """The loss of unit ``vectors``, ``(batch, hidden)``, with intents ``truth``, ``(batch,)``,
        each multiplied by its weight, ``(batch,)``.

        The cross entropy of the cosines to all proxies, divided by ``TEMPERATURE``: normalised
        softmax (Zhai & Wu 2019, "Classification is a Strong Baseline for Deep Metric Learning").
        Summed over the rows that have an intent, divided by all rows.
        """
        known = truth != IGNORED
        if not known.any():
            return vectors.new_zeros(())
        cosines = vectors[known] @ normalize(self.points, dim=-1).T
        losses = cross_entropy(cosines / TEMPERATURE, truth[known], reduction="none")
        return (losses * weights[known]).sum() / len(truth)


def add_proxies(network: Network, recipe: Recipe) -> None:
    """Give the network a proxy for each intent, if it has intents and the recipe wants them."""
    if recipe.proxy_weight and network.intents is not None:
        network.add_module(NAME, Proxies(network.intents.out_features, network.hidden))


def find_proxies(network: Network) -> Proxies | None:
    """The network's proxies, if it has any."""
    found = dict(network.named_children()).get(NAME)
    return found if isinstance(found, Proxies) else None


def drop_proxies(network: Network) -> None:
    """Take the proxies off the network again."""
    if find_proxies(network) is not None:
        delattr(network, NAME)
