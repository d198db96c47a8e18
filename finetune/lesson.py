"""What a student learns beside labels: what its teacher says, and where it puts a text's vector.

Part of the training loop. After Hinton, Vinyals & Dean 2015, "Distilling the Knowledge in a Neural
Network", and for the vector Reimers & Gurevych 2020, "Making Monolingual Sentence Embeddings
Multilingual using Knowledge Distillation". It makes no labels: a text without one trains the
student towards its teacher, and counts nowhere as an example.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import kl_div

from finetune.batches import Batch
from finetune.recipe import Recipe
from finetune.rows import Row
from index.network import Network, Output


@dataclass(frozen=True, slots=True)
class Lesson:
    """A trained ``teacher``, the ``encoder`` that its student begins with, and ``rows`` without
    labels that both read in training."""

    teacher: Network
    encoder: Path
    rows: list[Row]


@torch.no_grad()
def ask(teacher: Network, batch: Batch) -> Output:
    """What the teacher says to a batch."""
    return teacher(batch.ids, batch.mask)  # type: ignore[no-any-return]


def compute_lesson(student: Output, teacher: Output, mask: Tensor, recipe: Recipe) -> Tensor:
    """How far a student is from its teacher, over all rows and tokens.

    The divergence of each head's softened probabilities, weighted as the head's loss is, and the
    cosine distance of the vectors. The rows' weights do not count: they are those of labels.
    """
    apart = (1 - (student.vectors * teacher.vectors).sum(-1)).mean()
    loss = recipe.distil_vector_weight * apart
    heads = (
        (recipe.intent_weight, student.intents, teacher.intents),
        (recipe.sentiment_weight, student.sentiments, teacher.sentiments),
        (recipe.entity_weight, student.tags, teacher.tags),
    )
    for weight, guess, truth in heads:
        if guess is not None and truth is not None:
            surprise = _diverge(guess, truth, recipe.distil_temperature)
            surprise = surprise if surprise.ndim == 1 else surprise * mask
            loss = loss + recipe.distil_weight * weight * surprise.mean()
    return loss


def _diverge(guess: Tensor, truth: Tensor, temperature: float) -> Tensor:
    """The Kullback-Leibler divergence of logits, the last dimension summed, times the temperature
    squared, which keeps the gradients of one size."""
    said, wanted = ((logits.float() / temperature).log_softmax(-1) for logits in (guess, truth))
    return kl_div(said, wanted, reduction="none", log_target=True).sum(-1) * temperature**2
