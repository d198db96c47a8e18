"""A training keeps the moving average of its weights, and goes on with the weights themselves."""

from pathlib import Path

import pytest
import torch

from finetune.batches import find_labels, number
from finetune.build import build_network
from finetune.recipe import Recipe
from finetune.state import State
from finetune.train import train
from index.network import Network
from index.tokens import Tokenizer
from tiny import make_rows, tiny_recipe

pytestmark = pytest.mark.usefixtures("one_thread")

CPU = torch.device("cpu")
LABELS = find_labels(make_rows())
STEPS = 40


def start(encoder: Path, recipe: Recipe) -> State:
    return State(build_network(encoder, LABELS, recipe), recipe, STEPS, CPU)


def walk(state: State, values: list[float]) -> torch.Tensor:
    """Let one bias take these values, one a step; the bias."""
    assert state.network.intents is not None
    bias = state.network.intents.bias
    for value in values:
        with torch.no_grad():
            bias.fill_(value)
        state.end_step(torch.zeros(()))
    return bias


def test_mean_follows_at_first_fast_and_then_over_its_share_of_the_steps(encoder: Path) -> None:
    state = start(encoder, tiny_recipe(encoder, ema=0.1))  # over 4 of the 40 steps
    values = [float(n % 7) for n in range(STEPS)]
    bias = walk(state, values)
    mean = 0.0
    for step, value in enumerate(values, start=1):
        kept = min((1 + step) / (10 + step), 0.75)
        mean = kept * mean + (1 - kept) * value
    with state.averaged():
        assert bias.tolist() == pytest.approx([mean] * len(bias))
        state.end_epoch(1.0)
    assert set(bias.tolist()) == {values[-1]}, "the training goes on with the weights themselves"
    state.take_best()
    assert bias.tolist() == pytest.approx([mean] * len(bias))


@pytest.mark.parametrize("ema", [0, 0.02])
def test_no_mean_without_steps_to_average(ema: float, encoder: Path) -> None:
    state = start(encoder, tiny_recipe(encoder, ema=ema))
    bias = walk(state, [1.0, 2.0])
    assert state.mean == {}
    with state.averaged():
        assert set(bias.tolist()) == {2.0}


def test_mean_holds_what_is_trained_and_nothing_else(encoder: Path) -> None:
    state = start(encoder, tiny_recipe(encoder, freeze_words=True, freeze_layers=1))
    named = state.network.named_parameters()
    assert set(state.mean) == {name for name, value in named if value.requires_grad}
    assert not any("word_embeddings" in name for name in state.mean)


def test_epochs_are_scored_with_the_mean(encoder: Path) -> None:
    """A rate that throws the weights about: their mean is another network, with other scores."""
    rows = number(make_rows(), LABELS, Tokenizer.load(encoder))

    def run(ema: float) -> tuple[Network, list[float | None]]:
        recipe = tiny_recipe(encoder, ema=ema, epochs=2, learning_rate=0.05)
        network, epochs = train([rows], rows, LABELS, encoder, recipe, CPU)
        return network, [epoch.score for epoch in epochs]

    (last, scores), (mean, others) = run(0), run(0.5)
    assert scores != others
    assert last.intents is not None
    assert mean.intents is not None
    assert not torch.equal(last.intents.weight, mean.intents.weight)
