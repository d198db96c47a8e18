"""Train, valid and test by group of like texts, so that nothing leaks from one to another.

Deterministic without a seed: a group's place follows from the hash of its text, so adding rows to
a desk moves few others, and figures of two trainings compare. Called before every training.
"""

import hashlib
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

import numpy as np

from finetune.rows import SPLITS, Row, Split
from index.alike import trigrams, words_of
from index.seen import normalise

VALID_SHARE = 0.2
DEAL = (1, 0, 1, 0, 1)  # which part the groups of valid rows go to, in turn
TEST_SHARE = 0.1
SIMILAR = 0.8
BLOCK = 1024


def split(rows: Sequence[Row]) -> list[Row]:
    """The rows, each with a split: 70/20/10 of the groups of every intent.

    Rows that came with a split keep it. When some came as valid or test, rows without one train,
    and valid rows are carved from the training rows if there are none. Every intent of four groups
    or more has some in each split. Rows without an intent are spread by sentiment. Support rows
    always train.
    """
    support = [replace(row, split="train") for row in rows if row.support]
    return _split([row for row in rows if not row.support]) + support


def _split(rows: Sequence[Row]) -> list[Row]:
    placed = [replace(row, split=row.split or "train") for row in rows]
    given = {row.split for row in rows}
    if None in given and given <= {None, "train"}:
        free = [g for g in group_rows(rows) if all(rows[row].split is None for row in g)]
        return _place(placed, free, {"test": TEST_SHARE, "valid": VALID_SHARE})
    if any(row.split == "valid" for row in placed):
        return placed
    free = [g for g in group_rows(rows) if all(placed[row].split == "train" for row in g)]
    return _place(placed, free, {"valid": VALID_SHARE / (1 - TEST_SHARE)})


def set_aside(rows: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """Two parts, about two fifths and three fifths, by group and spread over the intents.

    The first is for tuning, the second for the promise, which needs more: the fewer rows certify
    it, the more cautious it must be.
    """
    parts: tuple[list[Row], list[Row]] = ([], [])
    for turn, group in enumerate(_in_turn(rows)):
        parts[DEAL[turn % len(DEAL)]].extend(rows[number] for number in group)
    return parts


def deal(rows: Sequence[Row], parts: int) -> list[int]:
    """The part, from 0, of each row: by group, and every intent spread over as many as it can."""
    dealt = [0] * len(rows)
    for turn, group in enumerate(_in_turn(rows)):
        for number in group:
            dealt[number] = turn % parts
    return dealt


def group_rows(rows: Sequence[Row]) -> list[list[int]]:
    """Row numbers in groups of like texts: the same words in any order, or, within one intent (or
    sentiment), character trigrams whose Jaccard similarity is above ``SIMILAR``."""
    parent = list(range(len(rows)))

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = parent[row]
        return row

    by_words: dict[tuple[str, ...], int] = {}
    by_label: dict[str, list[int]] = defaultdict(list)
    for number, row in enumerate(rows):
        words = tuple(sorted(set(words_of(row.text)))) or (row.text,)
        parent[number] = root(by_words.setdefault(words, number))
        by_label[stratum_of(row)].append(number)
    for numbers in by_label.values():
        for first, second in _similar([rows[number].text for number in numbers]):
            parent[root(numbers[second])] = root(numbers[first])
    members: dict[int, list[int]] = defaultdict(list)
    for number in range(len(rows)):
        members[root(number)].append(number)
    return list(members.values())


def stratum_of(row: Row) -> str:
    """What rows are spread by: the intent, or the sentiment of a row without one."""
    return f"intent {row.intent}" if row.intent is not None else f"sentiment {row.sentiment}"


def place_of(row: Row) -> str:
    """The hash of a row's text; rows that are taken in its order are the same ones next time."""
    return hashlib.sha256(normalise(row.text).encode("utf-8", "replace")).hexdigest()


def _in_turn(rows: Sequence[Row]) -> list[Sequence[int]]:
    """Groups of like texts, those of an intent one after the other in the order of their hashes."""
    strata: dict[str, list[tuple[str, Sequence[int]]]] = defaultdict(list)
    for group in group_rows(rows):
        strata[stratum_of(rows[group[0]])].append((min(place_of(rows[n]) for n in group), group))
    return [
        group
        for name in sorted(strata)
        for _, group in sorted(strata[name], key=lambda pair: pair[0])
    ]


def _place(
    rows: Sequence[Row], groups: Sequence[Sequence[int]], shares: dict[Split, float]
) -> list[Row]:
    """Give each share of the groups of every stratum to its split, and the rest to train."""
    strata: dict[str, list[tuple[str, Sequence[int]]]] = defaultdict(list)
    for group in groups:
        strata[stratum_of(rows[group[0]])].append((min(place_of(rows[n]) for n in group), group))
    placed = list(rows)
    for keyed in strata.values():
        ordered = [group for _, group in sorted(keyed, key=lambda pair: pair[0])]
        for name, share in shares.items():
            take = _portion(share, len(keyed))
            for number in chain(*ordered[:take]):
                placed[number] = replace(placed[number], split=name)
            ordered = ordered[take:]
        for number in chain(*ordered):
            placed[number] = replace(placed[number], split="train")
    return placed


def _portion(share: float, groups: int) -> int:
    return max(1, math.floor(share * groups + 0.5)) if groups >= len(SPLITS) + 1 else 0


def _similar(texts: Sequence[str]) -> list[tuple[int, int]]:
    """Pairs of texts that are alike. Trigrams are hashed into columns, so that counting
    those in common is a matrix product; of texts sorted by size only near sizes are compared."""
    shapes = trigrams(texts)
    sizes = shapes.sum(axis=1)
    order = np.argsort(sizes, kind="stable")
    shapes, sizes = shapes[order], sizes[order]
    pairs = []
    for start in range(0, len(texts), BLOCK):
        block = slice(start, start + BLOCK)
        stop = int(np.searchsorted(sizes, sizes[block][-1] / SIMILAR, side="right"))
        common = shapes[block] @ shapes[start:stop].T
        union = sizes[block][:, None] + sizes[None, start:stop] - common
        for first, second in np.argwhere(common > SIMILAR * union):
            if first < second:
                pairs.append((int(order[start + first]), int(order[start + second])))
    return pairs
