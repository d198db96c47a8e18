"""Texts lie in the network's input so that none is lost, none is split and little is padded."""

import random

import numpy as np
import pytest

from index.layout import COUNTS, FULL, LONG, SHAPES, Laid, Layout, Packed, Padded
from index.tokens import MAX_TOKENS, Tokens


def text_of(length: int, first: int = 1) -> Tokens:
    return Tokens(list(range(first, first + length)), [(0, 0)] * length, [None] * length)


def line_of(laid: Laid, name: str = "ids") -> np.ndarray:
    return laid.inputs[name].reshape(-1)


def some_lengths(seed: int, most: int) -> list[int]:
    draw = random.Random(seed)
    return [draw.randint(1, most) for _ in range(draw.randint(1, 200))]


@pytest.mark.parametrize("layout", [Padded(), Packed("mean")], ids=["padded", "packed"])
@pytest.mark.parametrize("most", [1, 20, LONG, MAX_TOKENS])
def test_every_text_lies_whole_where_it_begins(layout: Layout, most: int) -> None:
    for seed in range(10):
        lengths = some_lengths(seed, most)
        batches = layout.divide(lengths)
        assert sorted(row for rows in batches for row in rows) == list(range(len(lengths)))
        for rows in batches:
            texts = [text_of(lengths[row], 1000 * row + 1) for row in rows]
            laid = layout.lay(texts)
            assert tuple(laid.inputs) == layout.inputs
            line = line_of(laid)
            for text, begin in zip(texts, laid.begins, strict=True):
                assert line[begin : begin + len(text.ids)].tolist() == text.ids
            assert np.count_nonzero(line) == sum(len(text.ids) for text in texts)


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_packed_texts_have_own_places_and_shares(pooling: str) -> None:
    laid = Packed(pooling).lay([text_of(5), text_of(9), text_of(2)])
    for number, (begin, length) in enumerate(zip(laid.begins, (5, 9, 2), strict=True)):
        inside = slice(begin, begin + length)
        assert line_of(laid, "places")[inside].tolist() == list(range(length))
        assert set(line_of(laid, "texts")[inside].tolist()) == {number + 1}
        share = laid.inputs["shares"][number]
        assert share.sum() == pytest.approx(1)
        assert share[begin] == pytest.approx(1 if pooling == "cls" else 1 / length)
        assert share[inside].sum() == pytest.approx(1)
    assert laid.inputs["shares"].shape == (3, laid.inputs["ids"].size)


def test_no_text_crosses_the_end_of_a_row() -> None:
    for seed in range(50):
        lengths = some_lengths(seed, MAX_TOKENS)
        for rows in Packed("mean").divide(lengths):
            texts = [text_of(lengths[row]) for row in rows]
            laid = Packed("mean").lay(texts)
            columns = laid.inputs["ids"].shape[1]
            for text, begin in zip(texts, laid.begins, strict=True):
                assert begin // columns == (begin + len(text.ids) - 1) // columns


def test_packing_wastes_little() -> None:
    draw = random.Random(1)
    for count in (1, 2, 4, 8, 16, 32, 300):
        real = used = 0
        for _ in range(20):
            lengths = [min(60, max(4, round(draw.gauss(13, 5)))) for _ in range(count)]
            for rows in Packed("mean").divide(lengths):
                laid = Packed("mean").lay([text_of(lengths[row]) for row in rows])
                used += laid.inputs["ids"].size
            real += sum(lengths)
        assert used < 1.2 * real


@pytest.mark.parametrize("layout", [Padded(), Packed("mean")], ids=["padded", "packed"])
def test_shapes_of_usual_batches_were_all_met(layout: Layout) -> None:
    """So that no customer waits for code to be made."""
    met = {shapes_of(layout, lengths) for lengths in layout.samples()}
    encoders = {shapes[0] for shapes in met}
    for seed in range(200):
        draw = random.Random(seed)
        lengths = [draw.randint(3, 40) for _ in range(draw.randint(1, 64))]
        for rows in layout.divide(lengths):
            shapes = shapes_of(layout, [lengths[row] for row in rows])
            assert shapes[0] in encoders
            assert len(rows) <= COUNTS[-1]


def shapes_of(layout: Layout, lengths: list[int]) -> tuple[tuple[int, ...], ...]:
    laid = layout.lay([text_of(length) for length in lengths])
    return tuple(values.shape for values in laid.inputs.values())


def test_a_full_batch_has_a_shape() -> None:
    assert max(rows * length for rows, length in SHAPES) >= FULL
    assert max(length for _, length in SHAPES) == MAX_TOKENS
