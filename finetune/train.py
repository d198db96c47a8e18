"""The training loop: one encoder, its heads and proxies, one loss, read from top to bottom.

Called by `finetune.fit`. Deterministic by the recipe's seed on one machine. It sees training rows
and the held-out rows that stop it, never the ones that certify or test it.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import cross_entropy

from finetune.batches import Batch, Dataset, assemble
from finetune.build import build_network
from finetune.checkpoint import Checkpoint
from finetune.lesson import ask, compute_lesson
from finetune.lora import merge_adapters
from finetune.precision import multiply_in
from finetune.proxies import drop_proxies, find_proxies
from finetune.recipe import Recipe
from finetune.state import Epoch, State, trainable
from index.crf import Crf
from index.network import Network, Output, run
from index.release import Labels
from index.spans import IGNORED

Progress = Callable[[int, int, str], None]


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
    checkpoint: Checkpoint | None = None,
    course: int = 0,
    teacher: Network | None = None,
) -> tuple[Network, list[Epoch]]:
    """Fine-tune the encoder in folder ``encoder`` with new heads.

    ``train_rows`` are variants of the same rows; the epochs take them in turn.
    Returns the network in evaluation mode with the weights of the epoch that scored best on
    ``stop_rows`` (of the last one when these are empty), and what every epoch came to.
    ``progress(step, steps, note)`` is called after every step, ``watch`` after steps and epochs.
    With a ``checkpoint`` the training goes on where an interrupted one stopped. Trainings that
    differ in ``course`` alone begin with the same weights and see other batches: those of a soup.
    With a ``teacher``, on the same device, the network learns from what that says, too.
    """
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(recipe.seed)
        network = build_network(encoder, labels, recipe).to(device)
        if course:
            torch.manual_seed(recipe.seed + course)
        epochs, steps = recipe.plan(len(train_rows[0]))
        state = State(network, recipe, steps, device, course)
        if checkpoint:
            checkpoint.resume(state)
        for number in range(state.epoch, epochs + 1):
            network.train()
            rows = train_rows[(number - 1) % len(train_rows)]
            for batch in assemble(rows, state.begin_epoch(rows, recipe.batch_size), device):
                if state.step == steps:
                    break
                state.end_step(take_step(state, batch, recipe, teacher))
                if checkpoint:
                    checkpoint.save_when_due(state)
                if watch:
                    rate = float(max(state.schedule.get_last_lr()))
                    watch.step(state.step, state.losses[-1], rate)
                if progress:
                    progress(state.step, steps, f"epoch {number}/{epochs}")
            with state.averaged():
                state.end_epoch(score_heads(network.eval(), stop_rows, device))
            if watch:
                watch.epoch(state.history[-1], state.step)
            if number - state.best_epoch >= recipe.patience or state.step == steps:
                break
        state.take_best()
        drop_proxies(network)
        if recipe.lora_rank:
            merge_adapters(network)
    return network.eval(), state.history


def take_step(state: State, batch: Batch, recipe: Recipe, teacher: Network | None = None) -> Tensor:
    """Move the weights by one batch, ``recipe.accumulate`` parts of it at a time; its loss.

    The losses are sums over rows or padded tokens, divided by their number. So parts of a batch,
    weighted by their rows, add up to the gradient of the whole.
    """
    whole = torch.zeros((), device=state.device)
    proxies = find_proxies(state.network)
    for part in batch.parts(recipe.accumulate):
        with _attention(state.device):
            with multiply_in(state.dtype, state.device):
                output = state.network(part.ids, part.mask)
            loss = compute_loss(output, part, recipe, state.network.crf)
            if proxies:
                drawn = proxies(output.vectors, part.intents, part.weights)
                loss = loss + recipe.proxy_weight * drawn
            if teacher is not None:
                with multiply_in(state.dtype, state.device):
                    said = ask(teacher, part)
                loss = loss + compute_lesson(output, said, part.mask, recipe)
            loss = loss * (len(part.ids) / len(batch.ids))
            if loss.requires_grad:  # else no row of the part has a label
                state.scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        whole += loss.detach()
    state.scaler.unscale_(state.optimizer)
    nn.utils.clip_grad_norm_(trainable(state.network), 1.0)
    state.scaler.step(state.optimizer)
    state.scaler.update()
    state.schedule.step()
    state.optimizer.zero_grad()
    return whole


def compute_loss(output: Output, batch: Batch, recipe: Recipe, crf: Crf | None) -> Tensor:
    """The weighted sum of the heads' losses; a row without a label adds nothing for that head.

    Every row's is multiplied by its weight; the sum is divided by the number of rows, not by their
    weights, so that a batch of light rows moves little. That of the tags is the CRF's, divided by
    the tokens.

    Out-of-scope rows pull the intents towards no intent at all: outlier exposure (Hendrycks et al.
    2019, "Deep Anomaly Detection with Outlier Exposure"), the cross entropy to the uniform
    distribution.
    """
    loss = output.vectors.new_zeros(())
    if output.intents is not None:
        loss = loss + recipe.intent_weight * _masked(
            output.intents, batch.intents, batch.weights, recipe.label_smoothing
        )
        if batch.outliers.any():
            surprise = -output.intents[batch.outliers].float().log_softmax(-1).mean(-1)
            surprise = (surprise * batch.weights[batch.outliers]).sum() / len(batch.outliers)
            loss = loss + recipe.outlier_weight * surprise
    if output.sentiments is not None:
        loss = loss + recipe.sentiment_weight * _masked(
            output.sentiments, batch.sentiments, batch.weights, recipe.label_smoothing
        )
    if output.tags is not None and crf is not None:
        unlikely: Tensor = crf(output.tags, batch.tags, batch.weights)
        loss = loss + recipe.entity_weight * unlikely / batch.tags.numel()
    return loss


def score_heads(network: Network, rows: Dataset, device: torch.device) -> float | None:
    """How well the heads do on rows, 0 to 1: the mean of their accuracies; None without labels."""
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
    return float(np.mean(scores)) if scores else None


def _attention(device: torch.device) -> AbstractContextManager[None]:
    """The attention to train with: on a CPU the plain one, whose backward pass is the faster."""
    return sdpa_kernel(SDPBackend.MATH) if device.type == "cpu" else nullcontext()


def _masked(logits: Tensor, truth: Tensor, weights: Tensor, smoothing: float) -> Tensor:
    """The weighted cross entropies of the labelled rows, divided by all rows; 0 without any."""
    known = truth != IGNORED
    if not known.any():
        return logits.new_zeros(())
    losses = cross_entropy(
        logits[known].float(), truth[known], label_smoothing=smoothing, reduction="none"
    )
    return (losses * weights[known]).sum() / len(truth)
