"""The training loop: one encoder, three heads, one loss, read from top to bottom.

Called by `finetune.run`. Deterministic by the recipe's seed on one machine. It sees training rows
and the held-out rows that stop it, never the ones that calibrate or test.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import cross_entropy

from finetune.batches import Batch, Dataset, assemble, shuffle
from finetune.recipe import Recipe
from index.network import Network, Output, load_encoder, run
from index.release import Labels
from index.spans import IGNORED, tag_count

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Epoch:
    """One pass over the training rows; ``score`` is measured on the stopping rows, 0 to 1."""

    number: int
    loss: float
    score: float


class Watch(Protocol):
    """Who looks on while a network trains, and may end it by raising an error of its own."""

    def step(self, step: int, loss: Tensor, rate: float) -> None:
        """After step ``step``, from 1: its loss ``()``, still on the device, and the highest rate.

        Reading the loss waits for the device, so look at one step in many.
        """

    def epoch(self, epoch: Epoch, step: int) -> None:
        """After an epoch and its ``step``."""


def train(
    train_rows: Sequence[Dataset],
    stop_rows: Dataset,
    labels: Labels,
    encoder: Path,
    recipe: Recipe,
    device: torch.device,
    progress: Progress | None = None,
    watch: Watch | None = None,
) -> tuple[Network, list[Epoch]]:
    """Fine-tune the encoder in folder ``encoder`` with new heads.

    ``train_rows`` are variants of the same rows; the epochs take them in turn.
    Returns the network in evaluation mode with the weights of the epoch that scored best on
    ``stop_rows`` (of the last one when these are empty), and what every epoch came to.
    ``progress(step, steps, note)`` is called after every step, ``watch`` after steps and epochs.
    """
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(recipe.seed)
        random = np.random.default_rng(recipe.seed)
        network = build_network(encoder, labels, recipe).to(device)
        epochs, steps = recipe.plan(len(train_rows[0]))
        optimizer = torch.optim.AdamW(parameter_groups(network, recipe), fused=True)
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: _slope(step, steps, recipe.warmup)
        )
        bf16 = uses_bf16(recipe, device)
        history: list[Epoch] = []
        best: dict[str, Tensor] = {}
        step = 0
        for number in range(1, epochs + 1):
            network.train()
            losses = []
            rows = train_rows[(number - 1) % len(train_rows)]
            for batch in assemble(rows, shuffle(rows, recipe.batch_size, random), device):
                if step == steps:
                    break
                with _precision(device, bf16), _attention(device):
                    output = network(batch.ids, batch.mask)
                loss = compute_loss(output, batch, recipe)
                loss.backward()  # type: ignore[no-untyped-call]
                nn.utils.clip_grad_norm_(network.parameters(), 1.0)
                optimizer.step()
                schedule.step()
                optimizer.zero_grad()
                losses.append(loss.detach())
                step += 1
                if watch:
                    watch.step(step, losses[-1], float(max(schedule.get_last_lr())))
                if progress:
                    progress(step, steps, f"epoch {number}/{epochs}")
            score = score_heads(network.eval(), stop_rows, device)
            history.append(
                Epoch(number, float(torch.stack(losses).mean()) if losses else 0.0, score)
            )
            if score >= max(epoch.score for epoch in history):
                best = {name: value.clone() for name, value in network.state_dict().items()}
                best_epoch = number
            if watch:
                watch.epoch(history[-1], step)
            if number - best_epoch >= recipe.patience or step == steps:
                break
        network.load_state_dict(best)
    return network.eval(), history


def build_network(encoder: Path, labels: Labels, recipe: Recipe) -> Network:
    """The pretrained encoder with fresh heads for these labels."""
    body, pooling = load_encoder(encoder)
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
    _replace_dropout(body, recipe.encoder_dropout)
    for name, parameter in body.named_parameters():
        if recipe.freeze_layers and _layer(name, 99) <= recipe.freeze_layers:
            parameter.requires_grad_(False)
    if recipe.freeze_words:
        body.get_input_embeddings().requires_grad_(False)  # type: ignore[operator]
    return network


def compute_loss(output: Output, batch: Batch, recipe: Recipe) -> Tensor:
    """The weighted sum of the heads' losses; a row without a label adds nothing for that head.

    Out-of-scope rows pull the intents towards no intent at all: outlier exposure (Hendrycks et al.
    2019, "Deep Anomaly Detection with Outlier Exposure"), the cross entropy to the uniform
    distribution.
    """
    loss = output.vectors.new_zeros(())
    if output.intents is not None:
        loss = loss + recipe.intent_weight * _masked(
            output.intents, batch.intents, recipe.label_smoothing
        )
        if batch.outliers.any():
            surprise = -output.intents[batch.outliers].float().log_softmax(-1).mean()
            share = batch.outliers.float().mean()
            loss = loss + recipe.outlier_weight * share * surprise
    if output.sentiments is not None:
        loss = loss + recipe.sentiment_weight * _masked(
            output.sentiments, batch.sentiments, recipe.label_smoothing
        )
    if output.tags is not None:
        loss = loss + recipe.entity_weight * _masked(
            output.tags.flatten(0, 1), batch.tags.flatten(), 0.0
        )
    return loss


def score_heads(network: Network, rows: Dataset, device: torch.device) -> float:
    """How well the heads do on rows, 0 to 1: the mean of their accuracies."""
    raw = run(network, rows.tokens, device)
    scores = []
    for logits, truth in ((raw.intents, rows.intents), (raw.sentiments, rows.sentiments)):
        known = truth != IGNORED
        if known.any() and logits.shape[1]:
            scores.append(float((logits[known].argmax(1) == truth[known]).mean()))
    if network.tags is not None:
        truth = np.concatenate([*rows.tags, np.zeros(0, np.int64)])
        known = truth != IGNORED
        if known.any():
            scores.append(float((np.concatenate(raw.tags)[known] == truth[known]).mean()))
    return float(np.mean(scores)) if scores else 0.0


def parameter_groups(network: Network, recipe: Recipe) -> list[dict[str, object]]:
    """Parameters with their learning rates: lower for lower layers, highest for the heads.

    Layer-wise decay as in Howard & Ruder 2018 (ULMFiT) and Clark et al. 2020 (ELECTRA).
    """
    depth = int(network.encoder.config.num_hidden_layers)  # type: ignore[union-attr, arg-type]
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        if not parameter.requires_grad:
            continue
        if name.startswith("encoder."):
            below = depth - _layer(name, depth)
            rate = recipe.learning_rate * recipe.layer_decay**below
        else:
            rate = recipe.head_learning_rate
        decay = recipe.weight_decay if parameter.ndim > 1 else 0.0
        groups.setdefault((rate, decay), []).append(parameter)
    return [
        {"params": parameters, "lr": rate, "weight_decay": decay}
        for (rate, decay), parameters in groups.items()
    ]


def uses_bf16(recipe: Recipe, device: torch.device) -> bool:
    """Whether to multiply in bfloat16: as the recipe says, else where that is fast."""
    if recipe.precision != "auto":
        return recipe.precision == "bf16"
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    return bool(torch.cpu._is_avx512_bf16_supported())


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
                within = type(module).__name__.endswith("SelfAttention")
                setattr(module, name, SharedDropout(0.0 if within else share))


def _precision(device: torch.device, bf16: bool) -> AbstractContextManager[None]:
    return torch.autocast(device.type, torch.bfloat16, enabled=bf16)


def _attention(device: torch.device) -> AbstractContextManager[None]:
    """The attention to train with: on a CPU the plain one, whose backward pass is the faster."""
    return sdpa_kernel(SDPBackend.MATH) if device.type == "cpu" else nullcontext()


def _masked(logits: Tensor, truth: Tensor, smoothing: float) -> Tensor:
    """Mean cross entropy over the labelled rows, weighted by their share; 0 without any."""
    known = truth != IGNORED
    if not known.any():
        return logits.new_zeros(())
    loss = cross_entropy(logits[known].float(), truth[known], label_smoothing=smoothing)
    return loss * known.float().mean()


def _layer(name: str, depth: int) -> int:
    """0 for embeddings, 1 to ``depth`` for layers, ``depth`` for what stands above them."""
    parts = name.split(".")
    for before, part in pairwise(parts):
        if before in ("layer", "layers", "h", "block") and part.isdigit():
            return int(part) + 1
    return 0 if "embeddings" in name else depth


def _slope(step: int, steps: int, warmup: float) -> float:
    """Linear warm-up to 1, then linearly down to 0."""
    rise = max(1, int(warmup * steps))
    return (step + 1) / rise if step < rise else max(0.0, (steps - step) / max(1, steps - rise))
