"""Questions that want the same are found by what was asked and by what was answered."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from finetune.grouping import SMALLEST, cluster, group_vectors
from finetune.history import group_pairs
from service.config import Config
from service.errors import Conflict
from tiny import WORDS, make_rows

pytestmark = pytest.mark.usefixtures("one_thread")
EACH = 30
WIDTH = 24


def scattered(middles: NDArray[np.float32], spread: float, each: int = EACH) -> NDArray[np.float32]:
    """``each`` unit vectors around every middle."""
    chance = np.random.default_rng(3)
    around = np.repeat(middles, each, axis=0)
    around = around + spread * chance.standard_normal(around.shape).astype(np.float32)
    unit: NDArray[np.float32] = around / np.linalg.norm(around, axis=1, keepdims=True)
    return unit


@pytest.fixture(scope="module")
def topics() -> NDArray[np.float32]:
    return scattered(np.eye(4, WIDTH, dtype=np.float32), 0.05)


def test_what_lies_together_is_a_group_and_a_loner_is_in_none(topics: NDArray[np.float32]) -> None:
    loners = np.eye(4, WIDTH, 8, dtype=np.float32)
    everything = np.vstack([topics, loners])
    groups = group_vectors(everything, everything, range(len(everything)))
    found = {tuple(sorted(group.questions)) for group in groups}
    assert found == {tuple(range(k * EACH, (k + 1) * EACH)) for k in range(4)}


def test_the_most_typical_comes_first(topics: NDArray[np.float32]) -> None:
    group = group_vectors(topics, topics, range(len(topics)))[0]
    members = topics[list(group.questions)]
    nearness = members @ members.mean(axis=0)
    assert list(nearness) == sorted(nearness, reverse=True)


def test_answers_tell_apart_what_is_asked_alike(topics: NDArray[np.float32]) -> None:
    asked = scattered(np.eye(1, WIDTH, 20, dtype=np.float32), 0.05, len(topics))
    assert len(group_vectors(asked, topics, range(len(topics)))) == 4
    assert len(group_vectors(asked, asked, range(len(topics)))) < 4


def test_a_question_that_comes_often_counts_often(topics: NDArray[np.float32]) -> None:
    owners = [*range(len(topics)), *[EACH] * 7]
    biggest = group_vectors(topics, topics, owners)[0]
    assert len(biggest.questions) == EACH + 7
    assert {EACH, *range(len(topics), len(owners))} <= set(biggest.questions)


@pytest.mark.parametrize("rows", [1, 2, SMALLEST, 2 * SMALLEST - 1])
def test_few_questions_make_no_group(rows: int, topics: NDArray[np.float32]) -> None:
    assert group_vectors(topics[:rows], topics[:rows], range(rows)) == []


def test_nothing_but_loners_makes_no_group() -> None:
    assert set(cluster(np.eye(40, dtype=np.float32))) == {-1}


def test_equal_vectors_are_no_trouble(topics: NDArray[np.float32]) -> None:
    assert set(cluster(np.repeat(topics[:1], 40, axis=0))) <= {-1, 0}


def test_an_encoder_groups_pairs(encoder: Path, tmp_path: Path) -> None:
    rows = [row for row in make_rows() if row.intent in WORDS and not row.entities]
    questions = [row.text for row in rows] * 2
    answers = [f"this is about the {row.intent}" for row in rows] * 2
    groups = group_pairs(Config(home=tmp_path, encoder=str(encoder)), questions, answers)
    assert groups
    for group in groups:
        assert sorted(group.questions) == sorted(group.answers)
        texts = {questions[place] for place in group.questions}
        assert len(group.questions) == 2 * len(texts)  # equal pairs stay together
    places = [place for group in groups for place in group.questions]
    assert len(places) == len(set(places))


def test_without_an_encoder_it_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(Conflict, match=r"config\.json"):
        group_pairs(Config(home=tmp_path, encoder=str(tmp_path)), ["a b"], ["c d"])
