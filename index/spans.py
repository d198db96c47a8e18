"""BIO tags of tokens to labelled spans of the text, and back.

The reader decodes with it, training encodes with it. A word (what the tokenizer splits before it
makes subwords) is one unit: its first token carries the tag, the others follow.
Tag 0 is outside; label ``i`` begins with tag ``1 + 2 i`` and goes on with tag ``2 + 2 i``.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from index.records import Entity
from index.tokens import Tokens

OUTSIDE = 0
IGNORED = -100


def tag_count(labels: Sequence[str]) -> int:
    """How many tags there are for these labels; 0 for none."""
    return 1 + 2 * len(labels) if labels else 0


def encode(tokens: Tokens, spans: Sequence[tuple[int, int, int]]) -> NDArray[np.int64]:
    """Tags ``(length,)`` of spans ``(start, end, label number)``; ``IGNORED`` where none counts."""
    tags = np.full(len(tokens.ids), IGNORED, np.int64)
    for place in tokens.starts():
        start, end = _word(tokens, place)
        tags[place] = OUTSIDE
        for span_start, span_end, label in spans:
            if start < span_end and span_start < end:
                tags[place] = (1 if start <= span_start else 2) + 2 * label
                break
    return tags


def decode(
    text: str, tokens: Tokens, tags: NDArray[np.int64], labels: Sequence[str]
) -> tuple[Entity, ...]:
    """The entities that tags ``(length,)`` speak of, in order of the text.

    A word that goes on with a label that did not begin begins it, so no tag sequence is an error.
    """
    spans: list[tuple[int, int, int]] = []
    for place in tokens.starts():
        tag = int(tags[place])
        if tag == OUTSIDE:
            continue
        start, end = _word(tokens, place)
        label, inside = (tag - 1) // 2, tag % 2 == 0
        if inside and spans and spans[-1][2] == label and _adjoins(text, spans[-1][1], start):
            spans[-1] = (spans[-1][0], end, label)
        else:
            spans.append((start, end, label))
    return tuple(
        Entity(start, end, labels[label], text[start:end], text[start:end])
        for start, end, label in spans
        if text[start:end].strip()
    )


def _word(tokens: Tokens, place: int) -> tuple[int, int]:
    last = place
    while last + 1 < len(tokens.words) and tokens.words[last + 1] == tokens.words[place]:
        last += 1
    return tokens.spans[place][0], tokens.spans[last][1]


def _adjoins(text: str, end: int, start: int) -> bool:
    return start - end <= 3 and (not text[end:start].strip() or start <= end)
