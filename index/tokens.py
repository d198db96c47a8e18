"""Text to token ids with their place in the text; never fails on any text.

Called by the reader and by training, so that both see the same tokens. A long message keeps its
beginning and its end: customers open with the subject and close with the question.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer as FastTokenizer

from index.errors import ReleaseError

MAX_TOKENS = 128
TAIL = 48


@dataclass(frozen=True, slots=True)
class Tokens:
    """One text, special tokens included; all three have the same length, at most ``MAX_TOKENS``.

    ``spans`` are characters of the text, ``words`` number its words and are None at special tokens.
    """

    ids: list[int]
    spans: list[tuple[int, int]]
    words: list[int | None]

    def starts(self) -> list[int]:
        """The places where words begin."""
        return [
            place
            for place, word in enumerate(self.words)
            if word is not None and (place == 0 or self.words[place - 1] != word)
        ]


class Tokenizer:
    """The tokenizer of an encoder folder."""

    def __init__(self, fast: FastTokenizer) -> None:
        self._fast = fast
        self._fast.no_padding()
        self._fast.no_truncation()

    @classmethod
    def load(cls, folder: Path) -> "Tokenizer":
        """Read ``tokenizer.json``, or make one from the files of an older tokenizer.

        Raises ``ReleaseError`` when there is none, or a damaged one.
        """
        path = folder / "tokenizer.json"
        try:
            if path.is_file():
                return cls(FastTokenizer.from_file(str(path)))
            return cls(FastTokenizer.from_str(convert(folder).to_str()))
        except ReleaseError:
            raise
        except Exception as error:  # the Rust side raises nothing narrower
            raise ReleaseError(f"{path} cannot be read: {error}") from None

    def split(self, texts: Sequence[str]) -> list[Tokens]:
        """Tokens of each text. Characters that are no text (lone surrogates) count as "?"."""
        clean = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
        tokens = []
        for text, encoding in zip(clean, self._fast.encode_batch(clean), strict=True):
            keep = list(range(len(encoding.ids)))
            if len(keep) > MAX_TOKENS:
                keep = keep[: MAX_TOKENS - TAIL] + keep[-TAIL:]
            ids, words = encoding.ids, encoding.word_ids
            spans = [_without_space(text, encoding.offsets[i]) for i in keep]
            tokens.append(Tokens([ids[i] for i in keep], spans, [words[i] for i in keep]))
        return tokens


def _without_space(text: str, span: tuple[int, int]) -> tuple[int, int]:
    """The span after the space that some tokenizers count to the word behind it."""
    start, end = span
    while start < end and text[start].isspace():
        start += 1
    return start, end


def convert(folder: Path) -> FastTokenizer:
    """The fast tokenizer of a folder that has only the files of an older one, such as vocab.txt.

    Raises ``ReleaseError`` when transformers cannot make one of them.
    """
    from transformers import AutoTokenizer

    problem = f"The encoder {folder} has no tokenizer.json, and none can be made of its files"
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (ImportError, KeyError, OSError, TypeError, ValueError) as error:
        raise ReleaseError(f"{problem}: {error}") from None
    if not tokenizer.is_fast or tokenizer.backend_tokenizer.get_vocab_size() < 10:
        raise ReleaseError(f"{problem}: its tokenizer has no fast version.")
    fast: FastTokenizer = tokenizer.backend_tokenizer
    return fast


def pad(batch: Sequence[Tokens]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Ids and mask, both ``(batch, length)``; padding has id 0 and mask 0."""
    length = max(len(tokens.ids) for tokens in batch)
    ids = np.zeros((len(batch), length), np.int64)
    mask = np.zeros((len(batch), length), np.int64)
    for row, tokens in enumerate(batch):
        ids[row, : len(tokens.ids)] = tokens.ids
        mask[row, : len(tokens.ids)] = 1
    return ids, mask


def bucket(lengths: Sequence[int], budget: int) -> list[list[int]]:
    """Rows in batches of similar length, so that little is spent on padding.

    ``budget`` bounds the tokens of a batch, padding included.
    """
    batches: list[list[int]] = []
    for row in sorted(range(len(lengths)), key=lengths.__getitem__, reverse=True):
        if batches and (len(batches[-1]) + 1) * lengths[batches[-1][0]] <= budget:
            batches[-1].append(row)
        else:
            batches.append([row])
    return batches
