"""The chain of tags against every path there is, on small random chains."""

from itertools import pairwise, product

import numpy as np
import pytest
import torch
from torch import Tensor

from index.crf import Crf
from index.spans import IGNORED

TAGS = 3


def make_crf(seed: int) -> Crf:
    crf = Crf(TAGS)
    torch.manual_seed(seed)
    for parameter in crf.parameters():
        torch.nn.init.normal_(parameter)
    return crf.requires_grad_(False)


def score(crf: Crf, logits: Tensor, path: tuple[int, ...]) -> float:
    """The score of one path over ``logits``, ``(words, tags)``, by the definition."""
    steps = sum(float(crf.follows[a, b]) for a, b in pairwise(path))
    chosen = sum(float(logits[place, tag]) for place, tag in enumerate(path))
    return float(crf.first[path[0]]) + steps + chosen


def every_path(words: int) -> list[tuple[int, ...]]:
    return list(product(range(TAGS), repeat=words))


@pytest.mark.parametrize("seed", range(5))
def test_the_loss_is_that_of_the_definition(seed: int) -> None:
    crf, logits = make_crf(seed), torch.randn(3, 6, TAGS)
    # Words begin where the truth says; the second text is not annotated.
    truth = torch.full((3, 6), IGNORED)
    truth[0, [1, 2, 4]] = torch.tensor([0, 2, 1])
    truth[2, [0, 3, 4, 5]] = torch.tensor([1, 1, 0, 2])
    expected = 0.0
    for row, places in ((0, [1, 2, 4]), (2, [0, 3, 4, 5])):
        words = logits[row, places]
        scores = [score(crf, words, path) for path in every_path(len(places))]
        right = tuple(int(tag) for tag in truth[row, places])
        expected += float(np.logaddexp.reduce(scores)) - score(crf, words, right)
    assert float(crf(logits, truth, torch.ones(len(truth)))) == pytest.approx(expected, rel=1e-5)


def test_texts_without_annotation_cost_nothing_and_teach_nothing() -> None:
    logits = torch.randn(2, 4, TAGS, requires_grad=True)
    loss = make_crf(0)(logits, torch.full((2, 4), IGNORED), torch.ones(2))
    assert float(loss) == 0.0
    assert not loss.requires_grad


def test_parts_of_a_batch_add_up_to_its_loss() -> None:
    crf, logits = make_crf(1), torch.randn(4, 5, TAGS)
    truth = torch.randint(0, TAGS, (4, 5))
    truth[1, 2:] = IGNORED
    parts = sum(
        float(crf(a, b, torch.ones(len(b))))
        for a, b in zip(logits.chunk(2), truth.chunk(2), strict=True)
    )
    assert parts == pytest.approx(float(crf(logits, truth, torch.ones(len(truth)))), rel=1e-5)


@pytest.mark.parametrize("seed", range(5))
def test_the_best_paths_are_the_best_of_all(seed: int) -> None:
    crf, logits = make_crf(seed), torch.randn(5, 6, TAGS)
    words = [[1, 2, 4], [0], [], [0, 1, 2, 3, 5], [3, 4]]
    at = [[row * 6 + place for place in places] for row, places in enumerate(words)]
    for row, path in enumerate(crf.transitions().find_paths(logits.flatten(0, 1).numpy(), at)):
        places = words[row]
        assert len(path) == len(places)
        if places:
            best = max(every_path(len(places)), key=lambda p: score(crf, logits[row, places], p))
            assert tuple(path) == best


def test_an_untrained_chain_takes_the_likeliest_tag_of_every_word() -> None:
    logits = torch.randn(2, 4, TAGS)
    flat = logits.flatten(0, 1).numpy()
    paths = Crf(TAGS).transitions().find_paths(flat, [[0, 1, 2, 3], [5, 7]])
    assert paths[0].tolist() == logits[0].argmax(-1).tolist()
    assert paths[1].tolist() == logits[1, [1, 3]].argmax(-1).tolist()


def test_no_texts_have_no_paths() -> None:
    chain = Crf(TAGS).transitions()
    assert chain.find_paths(np.zeros((0, TAGS), np.float32), []) == []
    paths = chain.find_paths(np.zeros((6, TAGS), np.float32), [[], []])
    assert [len(path) for path in paths] == [0, 0]


def test_a_chain_learns_what_may_follow_what() -> None:
    """Tags that the logits cannot tell apart, but that always alternate."""
    crf = Crf(2)
    truth = torch.tensor([[0, 1, 0, 1, 0, 1]]).repeat(8, 1)
    logits = torch.zeros(8, 6, 2)
    logits[:, 0, 0] = 1.0  # only the first word shows its tag
    optimizer = torch.optim.Adam(crf.parameters(), 0.1)
    for _ in range(60):
        optimizer.zero_grad()
        crf(logits, truth, torch.ones(len(truth))).backward()
        optimizer.step()
    found = crf.transitions().find_paths(logits[0].numpy(), [[0, 1, 2, 3, 4, 5]])[0]
    assert found.tolist() == truth[0].tolist()


def test_weights_multiply_the_loss_of_their_text() -> None:
    crf, logits = make_crf(1), torch.randn(2, 5, TAGS)
    truth = torch.randint(0, TAGS, (2, 5))
    one, two = (float(crf(logits[n : n + 1], truth[n : n + 1], torch.ones(1))) for n in (0, 1))
    weighed = float(crf(logits, truth, torch.tensor([0.5, 2.0])))
    assert weighed == pytest.approx(0.5 * one + 2 * two, rel=1e-5)
