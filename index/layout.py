"""How the texts of a batch lie in the input of a compiled network, and which texts go together.

Packed, several texts share a row, each with its own mask and positions: hardly a token is spent on
padding. Encoders that tell positions by the distance between tokens cannot be packed; theirs are
padded to the longest. Both round up to a few shapes, for a shape that was not met before costs as
much as several passes: code is made for it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from index.tokens import MAX_TOKENS, Tokens, bucket, pad

COUNTS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)
BUDGET = 256  # tokens of a padded batch; more of them would be padded more and gain nothing
FULL = 232  # tokens of a packed batch, for which there is nearly always room in 256 places
LONG = 64
PADDED_LENGTHS = (*range(8, 33, 4), *range(48, MAX_TOKENS + 1, 16))
ONE_ROW = (*range(8, 33, 4), *range(40, 65, 8), *range(80, MAX_TOKENS + 1, 16))
MORE_ROWS = {2: (40, 48, 56, 64, 80, 96, 112, 128), 3: (48, 56, 64, 80, 128), 4: (56, 64), 5: (64,)}
# By what they cost.
SHAPES = sorted(
    [(1, length) for length in ONE_ROW]
    + [(rows, length) for rows, lengths in MORE_ROWS.items() for length in lengths],
    key=lambda shape: (shape[0] * shape[1], shape[1]),
)


@dataclass(frozen=True, slots=True)
class Laid:
    """A batch as a network takes it: its ``inputs`` by name. The tokens of a text lie side by side;
    with all rows in one line, text i begins at ``begins[i]``."""

    inputs: dict[str, NDArray[np.generic]]
    begins: NDArray[np.int64]


class Layout(Protocol):
    """A way of laying texts; ``inputs`` are the names of what a network for it takes."""

    inputs: tuple[str, ...]

    def divide(self, lengths: Sequence[int]) -> list[list[int]]:
        """Which texts of these lengths go into a batch with which: their numbers."""

    def lay(self, tokens: Sequence[Tokens]) -> Laid:
        """The texts as one batch."""

    def samples(self) -> Iterator[list[int]]:
        """Lengths of texts for batches that have every shape that there is."""


class Padded:
    """One text a row, the shorter ones padded. ``ids`` and ``mask`` are ``(batch, length)``."""

    inputs: tuple[str, ...] = ("ids", "mask")

    def divide(self, lengths: Sequence[int]) -> list[list[int]]:
        """Texts of similar length."""
        return bucket(lengths, BUDGET)

    def lay(self, tokens: Sequence[Tokens]) -> Laid:
        """The texts and, to fill up a shape, rows of one token that belong to none."""
        ids, mask = pad(tokens)
        count, length = ids.shape
        rows, columns = _fitting(COUNTS, count), _fitting(PADDED_LENGTHS, length)
        around = ((0, rows - count), (0, columns - length))
        ids, mask = np.pad(ids, around), np.pad(mask, around)
        mask[count:, 0] = 1
        return Laid({"ids": ids, "mask": mask}, columns * np.arange(count))

    def samples(self) -> Iterator[list[int]]:
        """The smallest first."""
        sizes = (
            (rows, length) for rows in range(1, COUNTS[-1] + 1) for length in range(1, MAX_TOKENS)
        )
        shapes = {
            (_fitting(COUNTS, rows), _fitting(PADDED_LENGTHS, length))
            for rows, length in sizes
            if rows == 1 or rows * length <= BUDGET
        }
        for rows, length in sorted(shapes):
            yield [length] * rows


class Packed:
    """Several texts a row, as in Krell et al. 2021, "Efficient Sequence Packing without
    Cross-contamination".

    ``ids`` are ``(rows, length)``, as are ``places``, of the tokens in their texts, and ``texts``,
    which text a token belongs to, from 1; 0 belongs to none. ``shares`` ``(count, rows * length)``
    is how much of each token a text's pooled vector takes: of all the same, or all of the first
    (``pooling`` "mean" or "cls"); more of them than texts are there to fill up a shape.
    """

    inputs: tuple[str, ...] = ("ids", "places", "texts", "shares")

    def __init__(self, pooling: str) -> None:
        self._pools_first = pooling == "cls"

    def divide(self, lengths: Sequence[int]) -> list[list[int]]:
        """Long and short ones together, which fills rows best, but for the longest of many."""
        order = sorted(range(len(lengths)), key=lengths.__getitem__, reverse=True)
        if sum(lengths) <= FULL:
            return _deal(order, lengths)
        long = sum(length > LONG for length in lengths)
        return _deal(order[:long], lengths) + _deal(order[long:], lengths)

    def lay(self, tokens: Sequence[Tokens]) -> Laid:
        """The texts, in the smallest shape that has room for them."""
        lengths = [len(text.ids) for text in tokens]
        (rows, length), begins = _arrange(lengths)
        ids, places, texts = np.zeros((3, rows * length), np.int64)
        shares = np.zeros((_fitting(COUNTS, len(tokens)), rows * length), np.float32)
        for number, (text, begin) in enumerate(zip(tokens, begins, strict=True)):
            end = begin + lengths[number]
            ids[begin:end] = text.ids
            places[begin:end] = range(lengths[number])
            texts[begin:end] = number + 1
            pooled = begin + 1 if self._pools_first else end
            if begin < end:  # else a text of no tokens, whose vector is nothing
                shares[number, begin:pooled] = 1 / (pooled - begin)
        shape = (rows, length)
        inputs = {"ids": ids, "places": places, "texts": texts}
        laid = {name: values.reshape(shape) for name, values in inputs.items()}
        return Laid({**laid, "shares": shares}, np.array(begins))

    def samples(self) -> Iterator[list[int]]:
        """The smallest first, then every number of texts."""
        for rows, length in SHAPES:
            yield [length] * rows
        for count in COUNTS:
            yield [FULL // COUNTS[-1]] * count


def _deal(order: Sequence[int], lengths: Sequence[int]) -> list[list[int]]:
    """As few batches as will do, dealt in turn, so that they have much the same to do."""
    total = sum(lengths[number] for number in order)
    count = max(-(-total // FULL), -(-len(order) // COUNTS[-1]))
    return [list(order[first::count]) for first in range(count)]


def _arrange(lengths: Sequence[int]) -> tuple[tuple[int, int], list[int]]:
    """The smallest shape in which the first place that fits, longest first, holds all texts; and
    where each begins."""
    order = sorted(range(len(lengths)), key=lengths.__getitem__, reverse=True)
    total, longest = sum(lengths), max(lengths)
    for rows, length in SHAPES:
        if rows * length >= total and length >= longest:
            begins, used = _fill(lengths, order, length)
            if used <= rows:
                return (rows, length), begins
    length = _fitting(ONE_ROW, max(longest, LONG))
    begins, used = _fill(lengths, order, length)
    return (used, length), begins


def _fill(lengths: Sequence[int], order: Sequence[int], length: int) -> tuple[list[int], int]:
    """Where each text begins in rows of this length, and how many rows that takes."""
    begins = [0] * len(lengths)
    filled: list[int] = []
    for number in order:
        size = lengths[number]
        row = next((row for row, end in enumerate(filled) if end + size <= length), len(filled))
        if row == len(filled):
            filled.append(0)
        begins[number] = row * length + filled[row]
        filled[row] += size
    return begins, len(filled)


def _fitting(sizes: Sequence[int], size: int) -> int:
    """The smallest of the sizes that holds this one, or the size itself if none does."""
    return next((each for each in sizes if each >= size), size)
