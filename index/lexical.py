"""What a message and a text have in common by their letters: BM25 over pieces of words.

Built and asked by the search index, beside the vectors: a fine-tuned encoder may no longer tell
apart what its training never spoke of, letters always do. Pieces of words need no stemmer and no
list of words for any language, and a typo costs only some of them. It never sees a vector.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

import bm25s
import numpy as np
from numpy.typing import NDArray

K1, B = 1.5, 0.75  # how soon repetition stops to count, how much long texts lose
PIECE = 4  # characters, the spaces around a word included
DENSE_PIECE = 2  # for scripts that write a word in one or two characters
# Japanese, Chinese and Korean letters.
DENSE = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
WORD = re.compile(rf"([{DENSE}]+)|[^\W{DENSE}]+")
BEGINNING, END = 600, 300  # characters of a long message that are searched for, as in index.tokens


class LexicalIndex:
    """Texts that can be found by their letters. Read-only once built, so threads may share it."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._numbers: dict[str, int] = {}
        number = self._numbers
        rows = [[number.setdefault(piece, len(number)) for piece in pieces(t)] for t in texts]
        self._count = len(texts)
        self._weights = np.zeros(0, np.float32)
        if number:
            index = bm25s.BM25(k1=K1, b=B, method="lucene", backend="numpy", csc_backend="numpy")
            index.index((rows, number), create_empty_token=False, show_progress=False)
            # A column a piece: from one bound to the next lie its texts and what it adds to each.
            self._bounds = index.scores["indptr"].tolist()
            self._texts = np.asarray(index.scores["indices"], np.int64)
            self._scores = np.asarray(index.scores["data"], np.float64)
            self._weights = _rarity(np.diff(index.scores["indptr"]), self._count)

    def __len__(self) -> int:
        return self._count

    def scores(self, message: str) -> NDArray[np.float32]:
        """How much of the message each text shares, ``(texts,)``, from 0.

        1 is a text of mean length that has every piece of the message once; rare pieces weigh more,
        those that no text has most. Shorter texts that have all come to more, 2.5 at most. This is
        BM25 (Robertson & Zaragoza 2009, "The Probabilistic Relevance Framework") divided by the
        summed weights of the message's pieces, so that a message's length does not matter.
        """
        if len(message) > BEGINNING + END:
            message = f"{message[:BEGINNING]} {message[-END:]}"
        found = dict.fromkeys(pieces(message))
        known = [self._numbers[piece] for piece in found if piece in self._numbers]
        if not known:
            return np.zeros(self._count, np.float32)
        rarest = float(_rarity(np.zeros(1), self._count)[0])
        most = float(self._weights[known].sum()) + rarest * (len(found) - len(known))
        columns = [slice(*self._bounds[piece : piece + 2]) for piece in known]
        texts = np.concatenate([self._texts[column] for column in columns])
        scores = np.concatenate([self._scores[column] for column in columns])
        total = np.bincount(texts, weights=scores, minlength=self._count)
        return np.asarray((K1 + 1) / most * total, np.float32)


def pieces(text: str) -> list[str]:
    """The overlapping pieces of a text's words, case and width of the letters aside."""
    found = []
    for word in WORD.finditer(unicodedata.normalize("NFKC", text).casefold()):
        dense = word[1] is not None
        length, padded = (DENSE_PIECE, word[0]) if dense else (PIECE, f" {word[0]} ")
        found += [padded[at : at + length] for at in range(max(1, len(padded) - length + 1))]
    return found


def _rarity(containing: NDArray[Any], texts: int) -> NDArray[np.float32]:
    """Lucene's inverse document frequency of pieces that so many of the texts contain."""
    return np.asarray(np.log1p((texts - containing + 0.5) / (containing + 0.5)), np.float32)
