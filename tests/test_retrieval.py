"""The retrieval benchmark counts what it says it counts."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from benchmarks.retrieval import FILES, judge, measure, missing, table
from fakes import vector_of

FAQ = [
    {"id": "a", "question": "lost tent", "answers": ["Call the shop.", "Look in the van."]},
    {"id": "b", "question": "wet boots", "answers": ["Dry them slowly."]},
]
ASKED = [{"text": "tent lost", "id": "a"}, {"text": "boots wet again", "id": "b"}]
BITEXT = [
    {"question": "where is my parcel", "answer": "parcel one is on the road", "intent": "track"},
    {"question": "parcel where", "answer": "parcel two is on the road", "intent": "track"},
    {"question": "money back", "answer": "money comes back soon", "intent": "refund"},
    {"question": "refund money", "answer": "money is sent back", "intent": "refund"},
]


def encode(texts: Sequence[str]) -> np.ndarray:
    return np.array([vector_of(text) for text in texts])


def write(folder: Path) -> None:
    for name, rows in zip(FILES, (FAQ, ASKED, BITEXT), strict=True):
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_average_precision_of_one_relevant_is_one_over_its_rank() -> None:
    assert judge(["b", "b", "c", "a", "a"], "a", once=True) == (pytest.approx(1 / 3), False)
    assert judge(["a", "b", "a"], "a", once=True) == (1, True)


def test_average_precision_of_many_is_the_mean_over_their_ranks() -> None:
    precision, first = judge(["a", "b", "a", "c"], "a", once=False)
    assert precision == pytest.approx((1 + 2 / 3) / 2)
    assert first


def test_figures_come_from_every_method(tmp_path: Path) -> None:
    assert len(missing(tmp_path)) == 3
    write(tmp_path)
    assert missing(tmp_path) == []
    figures = measure(encode, tmp_path)
    faq = figures["StackFAQ, question and answer"]
    assert faq["dense"] == faq["lexical"] == faq["hybrid"] == {"map": 1, "recall_at_1": 1}
    alone = figures["StackFAQ, answer alone"]  # no letter of a query is in an answer
    assert alone["hybrid"] == alone["dense"]
    assert "| StackFAQ, question and answer | 100.0 / 100.0 | 100.0 / 100.0 |" in table(figures)


def test_the_answer_that_a_query_came_with_is_left_out(tmp_path: Path) -> None:
    write(tmp_path)
    with_twin = measure(encode, tmp_path)["Bitext, answer alone"]
    assert with_twin["lexical"] == {"map": 1, "recall_at_1": 1}
    lonely = [*BITEXT[:2], {**BITEXT[2]}, {**BITEXT[3], "answer": "parcel where"}]
    (tmp_path / FILES[2]).write_text("".join(json.dumps(row) + "\n" for row in lonely))
    without = measure(encode, tmp_path)["Bitext, answer alone"]
    assert without["lexical"]["recall_at_1"] < 1
