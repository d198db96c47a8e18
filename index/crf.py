"""A linear-chain conditional random field: the tags of a text are judged as a whole.

On the logits of the token head, so that a tag also follows from its neighbours (Lafferty, McCallum
& Pereira 2001, "Conditional Random Fields"; on a neural encoder as in Lample et al. 2016). Training
takes its loss, reading its best paths (`index.viterbi`). A step of the chain is a word, no token.
"""

import torch
from torch import Tensor, nn

from index.spans import IGNORED
from index.viterbi import Transitions


class Crf(nn.Module):
    """What the tags say about each other: ``first[i]`` is added to the score of a text that begins
    with tag i, ``follows[i, j]`` for each j right after an i. Before training both are 0."""

    def __init__(self, tags: int) -> None:
        super().__init__()
        self.first = nn.Parameter(torch.zeros(tags))
        self.follows = nn.Parameter(torch.zeros(tags, tags))

    def forward(self, logits: Tensor, truth: Tensor, weights: Tensor) -> Tensor:
        """The negative log likelihood of the true tags, summed over the texts, each multiplied by
        its weight, ``(batch,)``; 0 without any.

        ``logits`` are ``(batch, length, tags)``, ``truth`` ``(batch, length)`` with ``IGNORED``
        wherever a word does not begin, and all along a text that is not annotated.
        """
        known = truth != IGNORED
        rows = known.any(dim=1)
        if not rows.any():
            return logits.new_zeros(())
        logits, truth, known = logits[rows].float(), truth[rows], known[rows]
        words = torch.argsort(known.int(), dim=1, descending=True, stable=True)
        words = words[:, : int(known.sum(dim=1).max())]  # the places of words, the others after
        known, truth = known.gather(1, words), truth.gather(1, words).clamp(min=0)
        logits = logits.gather(1, words.unsqueeze(-1).expand(-1, -1, logits.shape[-1]))
        chosen = logits.gather(2, truth.unsqueeze(-1)).squeeze(-1) * known
        steps = self.follows[truth[:, :-1], truth[:, 1:]] * known[:, 1:]
        score = self.first[truth[:, 0]] + chosen.sum(dim=1) + steps.sum(dim=1)
        reached = self.first + logits[:, 0]
        for place in range(1, logits.shape[1]):
            onward = torch.logsumexp(reached.unsqueeze(2) + self.follows, dim=1) + logits[:, place]
            reached = torch.where(known[:, place].unsqueeze(1), onward, reached)
        loss: Tensor = ((torch.logsumexp(reached, dim=1) - score) * weights[rows]).sum()
        return loss

    def transitions(self) -> Transitions:
        """What was learned, as arrays: the best paths are found without torch."""
        first, follows = self.first.detach(), self.follows.detach()
        return Transitions(first.float().cpu().numpy(), follows.float().cpu().numpy())
