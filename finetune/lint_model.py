"""Lint with an encoder: one pass of it over the rows, then what that lets ``finetune.doubts`` see.

Called by `frontdesk lint`. It never trains the encoder: one that has learned the labels repeats
their mistakes.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from finetune.clean import clean
from finetune.crossval import cross_validate, make_folds
from finetune.doubts import Head, Sample, judge
from finetune.findings import Finding, ordered
from finetune.lint import FEW_GROUPS
from finetune.rows import Row
from finetune.split import group_rows
from index.network import Network, load_encoder, to_tensors
from index.tokens import MAX_TOKENS, TAIL, Tokenizer, Tokens, bucket, pad

Told = Callable[[str, int, int], None]

HEADS: tuple[Head, ...] = ("intent", "sentiment")
BUDGET = 1024  # tokens of a batch, padding included


def find_with_model(
    rows: Sequence[Row],
    encoder: Path,
    device: torch.device,
    tell: Told = lambda stage, done, whole: None,
) -> list[Finding]:
    """What takes an encoder to see, most severe first.

    ``encoder`` is its folder. Raises ``ReleaseError`` when it cannot be loaded.
    """
    kept = [row for row in clean(rows)[0] if not row.own]
    tokens = Tokenizer.load(encoder).split([row.text for row in kept])
    features, vectors = encode(tokens, encoder, device, tell)
    findings = list(find_cut(kept, tokens))
    for head in HEADS:
        sample = take_sample(head, kept, features, vectors, tell)
        if sample is not None:
            findings += judge(sample)
    return ordered(findings)


@torch.inference_mode()
def encode(
    tokens: Sequence[Tokens], folder: Path, device: torch.device, tell: Told
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What heads would see of each text, ``(n, layers * hidden)``, and unit vectors, ``(n,
    hidden)``."""
    network = Network(*load_encoder(folder), intents=0, sentiments=0, tags=0).eval().to(device)
    features = np.zeros((len(tokens), network.layers * network.hidden), np.float32)
    done = 0
    for batch in bucket([len(text.ids) for text in tokens], BUDGET):
        seen, _ = network.features(*to_tensors(*pad([tokens[row] for row in batch]), device))
        features[batch] = seen.cpu().numpy()
        done += len(batch)
        tell("encode", done, len(tokens))
    last = features[:, -network.hidden :]
    lengths = np.linalg.norm(last, axis=1, keepdims=True)
    return features, last / np.maximum(lengths, 1e-9)


def find_cut(rows: Sequence[Row], tokens: Sequence[Tokens]) -> Iterator[Finding]:
    """Texts of more tokens than the encoder reads, with what is not read."""
    for row, text in zip(rows, tokens, strict=True):
        if len(text.ids) < MAX_TOKENS:
            continue
        start, end = text.spans[MAX_TOKENS - TAIL - 1][1], text.spans[MAX_TOKENS - TAIL][0]
        unread = row.text[start:end].strip()
        if unread:
            shown = unread if len(unread) <= 60 else f"{unread[:40]} … {unread[-17:]}"
            message = f'{len(unread)} of {len(row.text)} characters are not read: "{shown}"'
            yield Finding("cut", message, (row,), len(unread))


def take_sample(
    head: Head,
    rows: Sequence[Row],
    features: NDArray[np.float32],
    vectors: NDArray[np.float32],
    tell: Told = lambda stage, done, whole: None,
) -> Sample | None:
    """The rows whose label has ``FEW_GROUPS`` different texts or more; None without two labels.

    Fewer leave nothing to judge by: such an intent is a finding of the rules.
    """
    chosen = np.array([n for n, row in enumerate(rows) if getattr(row, head)], np.int64)
    given = np.array([getattr(rows[number], head) for number in chosen], np.str_)
    groups = np.zeros(len(chosen), np.int64)
    for place, numbers in enumerate(group_rows([rows[number] for number in chosen])):
        groups[numbers] = place
    texts = {str(label): len(np.unique(groups[given == label])) for label in np.unique(given)}
    labels = [label for label, count in texts.items() if count >= FEW_GROUPS]
    if len(labels) < 2:
        return None
    judged = np.isin(given, labels)
    chosen, groups = chosen[judged], groups[judged]
    truth = np.searchsorted(labels, given[judged])
    chances = cross_validate(
        features[chosen],
        truth,
        make_folds(truth, groups),
        lambda done, whole: tell(f"judge {head}s", done, whole),
    )
    taken = [rows[number] for number in chosen]
    return Sample(head, taken, labels, truth, vectors[chosen], groups, chances)
