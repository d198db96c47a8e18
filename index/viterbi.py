"""The likeliest tags of a text by what tags say about each other: Viterbi's algorithm.

What `index.crf` learned, without torch. Called for each batch that a backend has passed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Transitions:
    """``first[i]`` is added to the score of a text that begins with tag i, ``follows[i, j]`` for
    each j right after an i."""

    first: NDArray[np.float32]
    follows: NDArray[np.float32]

    def find_paths(
        self, logits: NDArray[np.float32], words: Sequence[Sequence[int] | NDArray[np.int64]]
    ) -> list[NDArray[np.int64]]:
        """The likeliest tags of each text, ``(words,)``.

        ``logits`` are ``(tokens, tags)``; ``words`` are the places where words begin, text by text.
        """
        lengths = np.array([len(places) for places in words])
        order = np.argsort(-lengths, kind="stable")  # so that those still going on come first
        steps = int(lengths.max(initial=0))
        aligned = np.zeros((len(order), steps, len(self.first)), np.float32)
        for line, row in enumerate(order):
            aligned[line, : lengths[row]] = logits[words[row]]
        came = np.zeros(aligned.shape, np.int64)
        reached = self.first + aligned[:, 0] if steps else aligned[:, :0].sum(axis=1)
        for step in range(1, steps):
            going = int((lengths > step).sum())
            ways = reached[:going, :, None] + self.follows
            came[:going, step] = ways.argmax(axis=1)
            reached[:going] = ways.max(axis=1) + aligned[:going, step]
        paths = [np.zeros(length, np.int64) for length in lengths]
        for line, row in enumerate(order):
            tag = int(reached[line].argmax()) if lengths[row] else 0
            for step in range(int(lengths[row]) - 1, -1, -1):
                paths[row][step] = tag
                tag = int(came[line, step, tag])
        return paths
