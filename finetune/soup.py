"""A soup: the mean of the weights of networks that began with the same weights.

Wortsman et al. 2022, "Model soups: averaging weights of multiple fine-tuned models improves
accuracy without increasing inference time". Called by `finetune.fit`.
"""

import torch

from index.network import Network


class Soup:
    """Begins with the weights of ``network``, which gets the mean of all that are added.

    ``count`` says of how many."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._sums = {name: value.double() for name, value in network.named_parameters()}
        self.count = 1

    @torch.no_grad()
    def add(self, network: Network) -> None:
        """Add the weights of a network of the same shape."""
        for name, value in network.named_parameters():
            self._sums[name] += value
        self.count += 1

    @torch.no_grad()
    def pour(self) -> None:
        """Give the first network the mean of all weights."""
        for name, value in self._network.named_parameters():
            value.copy_(self._sums[name] / self.count)
