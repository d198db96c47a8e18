"""Entity spans survive the way to token tags and back."""

from collections.abc import Callable

import numpy as np
import pytest
from tokenizers import Tokenizer as FastTokenizer

from families import byte_level, unigram
from index.spans import IGNORED, decode, encode, tag_count
from index.tokens import MAX_TOKENS, Tokenizer, bucket
from tiny import make_encoder

LABELS = ("city", "product")


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    return Tokenizer.load(make_encoder(tmp_path_factory.mktemp("encoder")))


@pytest.mark.parametrize("make", [byte_level, unigram])
def test_spans_survive_tokens_that_begin_with_a_space(make: Callable[[], FastTokenizer]) -> None:
    text = "track the  green hat order to Ω now"
    spans = [(6, 9, 0), (11, 20, 1), (30, 31, 0)]
    (tokens,) = Tokenizer(make()).split([text])
    found = decode(text, tokens, np.maximum(encode(tokens, spans), 0), LABELS)
    assert [(e.start, e.end, LABELS.index(e.label)) for e in found] == spans


@pytest.mark.parametrize(
    "spans",
    [[], [(4, 15, 1)], [(0, 3, 0), (4, 8, 1)], [(4, 8, 1), (9, 15, 1)], [(0, 15, 1), (16, 20, 0)]],
)
def test_spans_survive(tokenizer: Tokenizer, spans: list[tuple[int, int, int]]) -> None:
    text = "the skye jacket sent (today)!"
    (tokens,) = tokenizer.split([text])
    found = decode(text, tokens, np.maximum(encode(tokens, spans), 0), LABELS)
    assert [(e.start, e.end, LABELS.index(e.label)) for e in found] == spans
    assert all(e.text == text[e.start : e.end] and not e.exact for e in found)


def test_special_tokens_carry_no_tag(tokenizer: Tokenizer) -> None:
    (tokens,) = tokenizer.split(["jackets"])
    tags = encode(tokens, [(0, 7, 0)])
    assert (tags[0], tags[1], tags[-1]) == (IGNORED, 1, IGNORED)
    assert (tags == 1).sum() == 1


def test_inside_without_begin_begins(tokenizer: Tokenizer) -> None:
    (tokens,) = tokenizer.split(["a b"])
    found = decode("a b", tokens, np.array([0, 2, 4, 0]), LABELS)
    assert [(e.text, e.label) for e in found] == [("a", "city"), ("b", "product")]


def test_long_text_keeps_head_and_tail_without_joining_them(tokenizer: Tokenizer) -> None:
    text = "hello " + "x " * 500 + "today"
    (tokens,) = tokenizer.split([text])
    assert len(tokens.ids) == MAX_TOKENS
    assert text[slice(*tokens.spans[1])] == "hello"
    assert tokens.spans[-2][1] == len(text)
    found = decode(text, tokens, np.full(MAX_TOKENS, 2), LABELS)
    assert [len(e.text) < 250 for e in found] == [True, True]


@pytest.mark.parametrize("text", ["", " ", "\ud800", "😀" * 50, "x" * 10_000, "\x00\u200d", "نص"])
def test_any_text_has_tokens(tokenizer: Tokenizer, text: str) -> None:
    (tokens,) = tokenizer.split([text])
    assert 2 <= len(tokens.ids) <= MAX_TOKENS
    assert all(0 <= start <= end <= len(text) for start, end in tokens.spans)


def test_no_labels_no_tags() -> None:
    assert (tag_count(()), tag_count(LABELS)) == (0, 5)


def test_buckets_hold_every_row_once_within_budget() -> None:
    lengths = [3, 120, 5, 5, 128, 9, 2]
    batches = bucket(lengths, 130)
    assert sorted(row for batch in batches for row in batch) == list(range(7))
    assert all(len(b) == 1 or len(b) * max(lengths[r] for r in b) <= 130 for b in batches)
