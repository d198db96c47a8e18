"""What a message and a text have in common by their letters: BM25 over pieces of words.

Built and asked by the search index, beside the vectors: a fine-tuned encoder may no longer tell
apart what its training never spoke of, letters always do. Pieces of words need no stemmer and no
list of words for any language, and a typo costs only some of them. It never sees a vector.
"""

import itertools
import re
import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

K1, B = 1.5, 0.75  # how soon repetition stops to count, how much long texts lose
PIECE = 4  # characters, the spaces around a word included
DENSE_PIECE = 2  # for scripts that write a word in one or two characters
# Japanese, Chinese and Korean letters.
DENSE = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
WORD = re.compile(rf"([{DENSE}]+)|[^\W{DENSE}]+")
REMEMBERED = 20_000  # words of messages, of which most come again,
WORD_LENGTH = 24  # of so many letters at most
BEGINNING, END = 600, 300  # characters of a long message that are searched for, as in index.tokens


class LexicalIndex:
    """Texts that can be found by their letters. Threads may share it: once built, it changes only
    in what it remembers of words.

    Texts that an index ``before`` has, too, need not be cut into pieces again.
    """

    def __init__(self, texts: Sequence[str], before: "LexicalIndex | None" = None) -> None:
        self._count = len(texts)
        if before and 2 * before._living() < len(before._numbers):
            before = None  # most of its pieces are of texts that are gone
        self._numbers: dict[str, int] = dict(before._numbers) if before else {}
        known = before._found if before else {}
        words: dict[str, list[int]] = {}
        self._found: dict[str, NDArray[np.int32]] = {
            text: known[text] if text in known else self._number(text, words) for text in texts
        }
        found = [self._found[text] for text in texts]
        lengths = np.array([len(numbers) for numbers in found], np.int64)
        pairs, counts = _count_pairs(found, lengths)
        columns = pairs >> 32
        # A column a piece: from one bound to the next lie its texts and what it adds to each.
        bounds = np.searchsorted(columns, np.arange(len(self._numbers) + 1))
        self._bounds = bounds
        self._texts = pairs.astype(np.int32)  # keeps the lower half
        self._weights = _rarity(np.diff(bounds), self._count)
        mean = max(1, lengths.sum()) / max(1, self._count)
        loss = np.asarray(K1 * (1 - B + B * lengths / mean), np.float32)
        self._scores = self._weights[columns] * counts / (counts + loss[self._texts])
        self._rarest = float(_rarity(np.zeros(1), self._count)[0])
        self._asked: dict[str, tuple[list[int], list[str]]] = {}

    def _number(self, text: str, words: dict[str, list[int]]) -> NDArray[np.int32]:
        """The numbers of a text's pieces. ``words`` are those met so far: most come again."""
        number, found = self._numbers, list[int]()
        for word in _words(text):
            if word not in words:
                words[word] = [number.setdefault(piece, len(number)) for piece in _cut(word)]
            found += words[word]
        return np.array(found, np.int32)

    def __len__(self) -> int:
        return self._count

    def _living(self) -> int:
        """How many pieces a text has still."""
        return int(np.count_nonzero(np.diff(self._bounds)))

    def scores(self, message: str) -> NDArray[np.float32]:
        """``scores_all`` of one message, ``(texts,)``."""
        shares: NDArray[np.float32] = self.scores_all([message])[0]
        return shares

    def scores_all(self, messages: Sequence[str]) -> NDArray[np.float32]:
        """How much of each message each text shares, ``(messages, texts)``, from 0.

        1 is a text of mean length that has every piece of the message once; rare pieces weigh more,
        those that no text has most. Shorter texts that have all come to more, 2.5 at most. This is
        BM25 (Robertson & Zaragoza 2009, "The Probabilistic Relevance Framework") divided by the
        summed weights of the message's pieces, so that a message's length does not matter.
        """
        known, strange = zip(*map(self._look_up, messages), strict=True) if messages else ((), ())
        columns = np.fromiter(itertools.chain(*known), np.int64)
        rows = np.repeat(np.arange(len(messages)), [len(numbers) for numbers in known])
        most = self._rarest * np.array(strange, np.float64)
        most += np.bincount(rows, self._weights[columns], len(messages)).astype(np.float64)
        # What all those columns hold, one after the other, each with the row that asked for it.
        begins = self._bounds[columns]
        counts = self._bounds[columns + 1] - begins
        at = np.repeat(begins - np.cumsum(counts) + counts, counts) + np.arange(counts.sum())
        cells = np.repeat(rows * self._count, counts) + self._texts[at]
        total = np.bincount(cells, self._scores[at], len(messages) * self._count)
        scale = (K1 + 1) / np.maximum(most, np.finfo(np.float32).tiny)
        return np.asarray(scale[:, None] * total.reshape(len(messages), self._count), np.float32)

    def _look_up(self, message: str) -> tuple[set[int], int]:
        """The numbers of a message's pieces, and how many it has that are in no text."""
        if len(message) > BEGINNING + END:
            message = f"{message[:BEGINNING]} {message[-END:]}"
        known, strange = set[int](), set[str]()
        for word in _words(message):
            numbers, others = self._asked.get(word) or self._cut_known(word)
            known.update(numbers)
            strange.update(others)
        return known, len(strange)

    def _cut_known(self, word: str) -> tuple[list[int], list[str]]:
        """The numbers of a word's pieces, and the pieces that have none; kept if it is short, so
        that nobody can fill the memory with what no word is."""
        found = _cut(word)
        numbers = [self._numbers[piece] for piece in found if piece in self._numbers]
        cut = numbers, [piece for piece in found if piece not in self._numbers]
        if len(word) <= WORD_LENGTH:
            if len(self._asked) >= REMEMBERED:
                self._asked = {}
            self._asked[word] = cut
        return cut


def pieces(text: str) -> list[str]:
    """The overlapping pieces of a text's words, case and width of the letters aside."""
    return [piece for word in _words(text) for piece in _cut(word)]


def _words(text: str) -> list[str]:
    """A text's words, a space around each, and runs of letters that need none."""
    found = WORD.finditer(unicodedata.normalize("NFKC", text).casefold())
    return [f" {word[0]} " if word[1] is None else word[0] for word in found]


def _cut(word: str) -> list[str]:
    length = PIECE if word[0] == " " else DENSE_PIECE
    return [word[at : at + length] for at in range(max(1, len(word) - length + 1))]


def _count_pairs(
    found: Sequence[NDArray[np.int32]], lengths: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The pairs of a piece and a text that has it, and how often, each ``(pairs,)``.

    A pair is one number, the piece's in its upper half, so that NumPy sorts and counts them without
    Python's lock.
    """
    pairs = np.concatenate([*found, np.zeros(0, np.int32)]).astype(np.int64) << 32
    pairs |= np.repeat(np.arange(len(found)), lengths)
    pairs.sort()
    first = np.flatnonzero(np.diff(pairs, prepend=-1))
    return pairs[first], np.diff(first, append=len(pairs)).astype(np.float32)


def _rarity(containing: NDArray[Any], texts: int) -> NDArray[np.float32]:
    """Lucene's inverse document frequency of pieces that so many of the texts contain."""
    return np.asarray(np.log1p((texts - containing + 0.5) / (containing + 0.5)), np.float32)
