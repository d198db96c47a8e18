"""Proxies: what the loss is, that it counts labelled rows only, and that nothing of it is left."""

from pathlib import Path

import pytest
import torch
from torch.nn.functional import normalize

from finetune.batches import find_labels, number
from finetune.build import build_network
from finetune.proxies import TEMPERATURE, Proxies, add_proxies, drop_proxies, find_proxies
from finetune.train import train
from index.network import Network, run
from index.release import Labels
from index.spans import IGNORED
from index.tokens import Tokenizer
from tiny import make_rows, tiny_recipe

CPU = torch.device("cpu")
LABELS = Labels(intents=("a", "b"), sentiments=(), entities=())


def test_loss_is_the_cross_entropy_of_the_cosines() -> None:
    proxies = Proxies(2, 2)
    proxies.points.data = torch.tensor([[3.0, 0.0], [0.0, 0.5]])
    loss = proxies(torch.tensor([[1.0, 0.0]]), torch.tensor([0]), torch.ones(1)).detach()
    expected = -torch.tensor([1.0, 0.0]).div(TEMPERATURE).log_softmax(0)[0]
    assert float(loss) == pytest.approx(float(expected), abs=1e-5)


def test_rows_without_an_intent_add_nothing() -> None:
    proxies = Proxies(3, 4)
    vectors = normalize(torch.randn(2, 4), dim=-1)
    whole = proxies(vectors, torch.tensor([1, IGNORED]), torch.tensor([1.0, 9.0])).detach()
    alone = proxies(vectors[:1], torch.tensor([1]), torch.ones(1)).detach()
    assert float(whole) == pytest.approx(float(alone) / 2)
    assert float(proxies(vectors, torch.tensor([IGNORED, IGNORED]), torch.ones(2))) == 0


def test_network_has_proxies_only_when_the_recipe_and_its_heads_ask_for_them(encoder: Path) -> None:
    assert find_proxies(build_network(encoder, LABELS, tiny_recipe(encoder, proxy_weight=0.5)))
    assert not find_proxies(build_network(encoder, LABELS, tiny_recipe(encoder, proxy_weight=0)))
    moods = Labels(intents=(), sentiments=("negative", "neutral", "positive"), entities=())
    assert not find_proxies(build_network(encoder, moods, tiny_recipe(encoder, proxy_weight=0.5)))


def test_dropped_proxies_leave_no_weights(encoder: Path) -> None:
    network = build_network(encoder, LABELS, tiny_recipe(encoder, proxy_weight=0))
    before = list(network.state_dict())
    add_proxies(network, tiny_recipe(encoder, proxy_weight=1))
    assert list(network.state_dict()) != before
    drop_proxies(network)
    drop_proxies(network)
    assert list(network.state_dict()) == before


def test_proxies_alone_draw_the_vectors_of_an_intent_together(encoder: Path) -> None:
    rows = [row for row in make_rows() if row.intent not in (None, "out_of_scope")]
    labels = find_labels(rows)
    dataset = number(rows, labels, Tokenizer.load(encoder))
    recipe = tiny_recipe(encoder, proxy_weight=1.0, intent_weight=0.0, epochs=4)

    def margin(network: Network) -> float:
        vectors = torch.from_numpy(run(network, dataset.tokens, CPU).vectors)
        same = torch.from_numpy(dataset.intents[:, None] == dataset.intents[None])
        cosines = vectors @ vectors.T
        return float(cosines[same].mean() - cosines[~same].mean())

    trained, _ = train([dataset], dataset, labels, encoder, recipe, CPU)
    assert find_proxies(trained) is None
    assert margin(trained) > margin(build_network(encoder, labels, recipe).eval()) + 0.2
