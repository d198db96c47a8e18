"""Texts as hurried people type them: what training adds, so that a misspelt message is understood.

Called before each training by `finetune.fit`. Changes texts only, never labels; a row whose
entities are annotated stays as it is, because its spans would no longer fit.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from finetune.rows import Row

KEYBOARD = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
NEIGHBOURS = {
    letter: line[max(0, place - 1) : place] + line[place + 1 : place + 2]
    for line in KEYBOARD
    for place, letter in enumerate(line)
}
SHORTEST = 4  # letters of a word that may get a typo
PLAIN = 0.5  # share of the misspelt texts that lose capitals and punctuation, too


def with_typos(rows: Sequence[Row], share: float, random: np.random.Generator) -> list[Row]:
    """The rows, about ``share`` of them (0 to 1) with one or two typos in their text."""
    return [
        replace(row, text=misspell(row.text, random))
        if row.entities is None and random.random() < share
        else row
        for row in rows
    ]


def misspell(text: str, random: np.random.Generator) -> str:
    """The text with a typo in one or two of its longer words, if it has any."""
    words = text.split()
    places = [n for n, word in enumerate(words) if word.isalpha() and len(word) >= SHORTEST]
    if not places:
        return text
    count = min(len(places), 1 + int(len(places) > 4))
    for place in random.choice(places, size=count, replace=False):
        words[place] = _slip(words[place], random)
    if random.random() < PLAIN:
        words = [word.strip(".,!?;:").lower() or word for word in words]
    return " ".join(words)


def _slip(word: str, random: np.random.Generator) -> str:
    """One slip after the first letter: a letter dropped, doubled, swapped or its neighbour hit."""
    at = int(random.integers(1, len(word)))
    kind = int(random.integers(4))
    if kind == 0:
        return word[:at] + word[at + 1 :]
    if kind == 1:
        return word[:at] + word[at] + word[at:]
    if kind == 2:
        return word[: at - 1] + word[at] + word[at - 1] + word[at + 1 :]
    near = NEIGHBOURS.get(word[at].lower(), word[at])
    return word[:at] + near[int(random.integers(len(near)))] + word[at + 1 :]
