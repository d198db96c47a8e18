"""Rows as numbers, and rows in batches: what the training loop iterates over.

Labels become the numbers of the heads' outputs, texts become tokens, once and for all epochs.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import chain
from typing import Any, TypeVar, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from finetune.rows import Row
from index.network import to_tensors
from index.records import OUT_OF_SCOPE, SENTIMENTS
from index.release import Labels
from index.spans import IGNORED, encode
from index.tokens import Tokenizer, Tokens, pad

Record = TypeVar("Record", bound=Any)
POOL = 128  # batches that are sorted by length together


@dataclass(frozen=True, slots=True)
class Dataset:
    """``n`` rows in the order that they were given.

    ``intents`` and ``sentiments`` are label numbers ``(n,)``, ``tags`` one array ``(length,)`` a
    row; ``IGNORED`` where there is no label. ``outliers`` ``(n,)`` marks out-of-scope rows, and
    ``weights`` ``(n,)`` multiply the losses of the rows' labels, and ``counts`` ``(n,)`` is for how
    many rows each counts in calibration. ``then`` ``(n, 2)`` is certainty and in-scope probability
    of rows whose intent the desk did not know when they came; not a number for others.
    """

    tokens: list[Tokens]
    intents: NDArray[np.int64]
    sentiments: NDArray[np.int64]
    tags: list[NDArray[np.int64]]
    outliers: NDArray[np.bool_]
    weights: NDArray[np.float32]
    counts: NDArray[np.float32]
    then: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.tokens)


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch of a ``Dataset`` as tensors; ids, mask and tags are ``(batch, length)``."""

    ids: Tensor
    mask: Tensor
    intents: Tensor
    sentiments: Tensor
    tags: Tensor
    outliers: Tensor
    weights: Tensor

    def parts(self, count: int) -> list["Batch"]:
        """The batch cut into at most ``count`` parts that are as long, padding included."""
        tensors = {field.name: getattr(self, field.name).chunk(count) for field in fields(self)}
        number = len(tensors["ids"])
        return [
            Batch(**{name: cut[place] for name, cut in tensors.items()}) for place in range(number)
        ]


def find_labels(rows: Sequence[Row]) -> Labels:
    """The labels that these rows teach, in alphabetical order; sentiments all three or none."""
    spans = [span for row in rows for span in row.entities or ()]
    return Labels(
        intents=tuple(sorted({row.intent for row in rows if row.intent} - {OUT_OF_SCOPE})),
        sentiments=SENTIMENTS if any(row.sentiment for row in rows) else (),
        entities=tuple(sorted({span.label for span in spans})),
    )


def number(rows: Sequence[Row], labels: Labels, tokenizer: Tokenizer) -> Dataset:
    """Rows as a dataset; a label that ``labels`` does not know counts as missing."""
    intents = {label: place for place, label in enumerate(labels.intents)}
    sentiments = {label: place for place, label in enumerate(labels.sentiments)}
    entities = {label: place for place, label in enumerate(labels.entities)}
    tokens = tokenizer.split([row.text for row in rows])
    tags = []
    for row, text in zip(rows, tokens, strict=True):
        if row.entities is None or not entities:
            tags.append(np.full(len(text.ids), IGNORED, np.int64))
            continue
        known = [span for span in row.entities if span.label in entities]
        tags.append(encode(text, [(s.start, s.end, entities[s.label]) for s in known]))
    return Dataset(
        tokens=tokens,
        intents=np.array([intents.get(row.intent or "", IGNORED) for row in rows], np.int64),
        sentiments=np.array(
            [sentiments.get(row.sentiment or "", IGNORED) for row in rows], np.int64
        ),
        tags=tags,
        outliers=np.array([row.intent == OUT_OF_SCOPE for row in rows], np.bool_),
        weights=np.array([row.weight * row.share for row in rows], np.float32),
        counts=np.array([1.0 if row.stands is None else row.stands for row in rows], np.float32),
        then=np.array([row.then or (np.nan, np.nan) for row in rows], np.float32).reshape(-1, 2),
    )


def shuffle(dataset: Dataset, size: int, random: np.random.Generator) -> list[NDArray[np.int64]]:
    """Row numbers of one epoch's batches: random, but of similar length within a batch."""
    order = random.permutation(len(dataset))
    lengths = np.array([len(text.ids) for text in dataset.tokens])
    batches: list[NDArray[np.int64]] = []
    for start in range(0, len(order), size * POOL):
        pool = order[start : start + size * POOL]
        pool = pool[np.argsort(lengths[pool], kind="stable")]
        batches.extend(pool[place : place + size] for place in range(0, len(pool), size))
    return [batches[place] for place in random.permutation(len(batches))]


def assemble(
    dataset: Dataset, batches: Sequence[NDArray[np.int64]], device: torch.device
) -> Iterator[Batch]:
    """The batches as tensors on ``device``, one at a time."""
    for rows in batches:
        ids, mask = to_tensors(*pad([dataset.tokens[row] for row in rows]), device)
        tags = torch.full(ids.shape, IGNORED, dtype=torch.long)
        for line, row in enumerate(rows):
            tags[line, : len(dataset.tags[row])] = torch.from_numpy(dataset.tags[row])
        yield Batch(
            ids=ids,
            mask=mask,
            intents=torch.from_numpy(dataset.intents[rows]).to(device),
            sentiments=torch.from_numpy(dataset.sentiments[rows]).to(device),
            tags=tags.to(device),
            outliers=torch.from_numpy(dataset.outliers[rows]).to(device),
            weights=torch.from_numpy(dataset.weights[rows]).to(device),
        )


def pick(record: Record, rows: NDArray[np.int64]) -> Record:
    """The given rows of a dataclass whose every field has one entry a row."""
    picked = {}
    for column in fields(record):
        values = getattr(record, column.name)
        many = [values[row] for row in rows] if isinstance(values, list) else values[rows]
        picked[column.name] = many
    return cast(Record, type(record)(**picked))


def join(records: Sequence[Record]) -> Record:
    """One dataclass of the rows of all; every field of each has one entry a row."""
    joined = {}
    for column in fields(records[0]):
        values: list[Any] = [getattr(record, column.name) for record in records]
        lists = isinstance(values[0], list)
        joined[column.name] = list(chain(*values)) if lists else np.concatenate(values)
    return cast(Record, type(records[0])(**joined))
