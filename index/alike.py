"""Whether texts say the same, by their letters alone: a key for those that surely do, and trigrams
for how near others are."""

import hashlib
import re
import unicodedata
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from index.seen import normalise

WORD = r"[^\W_]+"
PLURAL = 4  # letters from which a word may lose an s at its end
APOSTROPHES = re.compile(r"['’`´]")
BUCKETS = 1024


def words_of(text: str) -> list[str]:
    """The words of a text in normalised form: no punctuation, no case."""
    return re.findall(WORD, normalise(text))


def alike_key(text: str) -> str:
    """A hash that texts have in common when they are the same but for case, accents, punctuation,
    numbers and a plural's s; 16 hexadecimal digits.

    Strict on purpose: "turn it on" and "turn it off" share most letters and mean the contrary.
    """
    folded = unicodedata.normalize("NFKD", APOSTROPHES.sub("", normalise(text)))
    plain = "".join(letter for letter in folded if not unicodedata.combining(letter))
    words = [_bare(word) for word in re.findall(WORD, plain)]
    said = " ".join(words) or normalise(text)  # signs alone, as in "??", are themselves
    return hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()[:16]


def trigrams(texts: Sequence[str]) -> NDArray[np.float32]:
    """Which trigrams of letters each text has, ``(texts, BUCKETS)`` of 0 and 1: hashed, so that a
    matrix product counts those in common."""
    shapes = np.zeros((len(texts), BUCKETS), np.float32)
    columns: dict[str, int] = {}
    for number, text in enumerate(texts):
        padded = f" {' '.join(words_of(text))} "
        for place in range(max(1, len(padded) - 2)):
            gram = padded[place : place + 3]
            if gram not in columns:
                digest = hashlib.blake2b(gram.encode("utf-8", "replace"), digest_size=4).digest()
                columns[gram] = int.from_bytes(digest, "big") % BUCKETS
            shapes[number, columns[gram]] = 1
    return shapes


def _bare(word: str) -> str:
    if any(letter.isdigit() for letter in word):
        return "0"
    return word[:-1] if len(word) >= PLURAL and word.endswith("s") else word
