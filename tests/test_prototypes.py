"""Prototypes measure how far a vector lies from the intents, in units of how vectors spread."""

from pathlib import Path

import numpy as np
import torch

from finetune.batches import find_labels, number
from finetune.build import build_network
from finetune.prototypes import fit_prototypes
from index.network import Prototypes, run
from index.spans import IGNORED
from index.tokens import Tokenizer
from tiny import make_encoder, make_rows, tiny_recipe


def test_the_nearest_centre_counts_and_the_spread_is_the_unit() -> None:
    prototypes = Prototypes(intents=2, hidden=2)
    prototypes.whitening.copy_(torch.diag(torch.tensor([1.0, 0.5])))
    prototypes.centres.copy_(torch.tensor([[0.0, 0.0], [4.0, 0.0]]))
    vectors = torch.tensor([[0.0, 2.0], [3.0, 0.0], [4.0, 4.0]])
    assert prototypes(vectors).tolist() == [1.0, 1.0, 2.0]


def test_fitted_centres_are_the_means_and_distances_agree_with_the_textbook(
    tmp_path: Path,
) -> None:
    encoder = make_encoder(tmp_path)
    rows = make_rows()[::2]
    labels = find_labels(rows)
    dataset = number(rows, labels, Tokenizer.load(encoder))
    device = torch.device("cpu")
    network = build_network(encoder, labels, tiny_recipe(encoder)).eval()
    fit_prototypes(network, dataset, device)
    raw = run(network, dataset.tokens, device)

    known = dataset.intents != IGNORED
    vectors, intents = raw.vectors[known].astype(np.float64), dataset.intents[known]
    means = np.stack([vectors[intents == n].mean(axis=0) for n in range(len(labels.intents))])
    apart = vectors - means[intents]
    covariance = apart.T @ apart / len(apart)
    covariance += 0.1 * np.trace(covariance) / len(covariance) * np.eye(len(covariance))
    steps = raw.vectors[:, None, :] - means[None]
    textbook = np.einsum("nkh,hi,nki->nk", steps, np.linalg.inv(covariance), steps).min(axis=1)
    np.testing.assert_allclose(raw.distances**2, textbook, rtol=1e-2)


def test_one_row_an_intent_is_enough(tmp_path: Path) -> None:
    encoder = make_encoder(tmp_path)
    rows = {row.intent: row for row in make_rows() if row.intent != "out_of_scope"}
    chosen = [row for intent, row in rows.items() if intent]
    labels = find_labels(chosen)
    dataset = number(chosen, labels, Tokenizer.load(encoder))
    network = build_network(encoder, labels, tiny_recipe(encoder)).eval()
    fit_prototypes(network, dataset, torch.device("cpu"))
    assert np.isfinite(run(network, dataset.tokens, torch.device("cpu")).distances).all()
