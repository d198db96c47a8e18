"""From labelled rows to a release: clean, split, train, calibrate, evaluate, write, in this order.

Called by the commands and by the nightly job. The folder appears whole or not at all.
"""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from finetune.batches import find_labels, number
from finetune.calibrate import find_thresholds, fit, judge
from finetune.clean import clean
from finetune.encoders import find_encoder
from finetune.evaluate import Metrics, evaluate
from finetune.recipe import Recipe
from finetune.rows import Row, digest
from finetune.split import halve, split
from finetune.train import train
from index.calibration import Calibration
from index.network import Network, run, save_heads
from index.reader import Reader, choose_device
from index.release import ENCODER, HEADS, Labels, Manifest, draft, publish, seal, write_json
from index.tokens import MAX_TOKENS, Tokenizer
from service.errors import ContentError

PROMISE = 0.95
RISK = 0.1

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Trained:
    """A new release: where it is, what it is, how good it is."""

    path: Path
    manifest: Manifest
    metrics: Mapping[str, Any]


def train_release(
    rows: Sequence[Row],
    recipe: Recipe,
    *,
    out: Path | None = None,
    releases: Path | None = None,
    promise: float = PROMISE,
    risk: float = RISK,
    device: str = "auto",
    progress: Progress | None = None,
) -> Trained:
    """Train a release into the folder ``out``, or into ``releases`` under its own id.

    ``promise`` is the share of answers that must be right, ``risk`` the chance that calibration
    fails to keep it. ``progress(stage, done, whole)`` tells how far it is. Raises ``ContentError``
    when the rows cannot train anything and ``ReleaseError`` when the encoder, the device or the
    place for the release is missing.
    """
    if (out is None) == (releases is None):
        raise ValueError("give one of out and releases")
    tell = progress or (lambda stage, done, whole: None)
    place = choose_device(device)
    encoder = find_encoder(recipe.encoder)
    kept, cleaning = clean(rows)
    placed = split(kept)
    train_rows = [row for row in placed if row.split == "train"]
    labels = find_labels(train_rows)
    if not (labels.intents or labels.sentiments or labels.entities):
        raise ContentError("There is nothing to train on: no training row carries a label.")
    tuning_rows, promise_rows = halve([row for row in placed if row.split == "valid"])
    tokenizer = Tokenizer.load(encoder)
    tuning, promised = (number(part, labels, tokenizer) for part in (tuning_rows, promise_rows))
    network, epochs = train(
        number(train_rows, labels, tokenizer),
        tuning,
        labels,
        encoder,
        recipe,
        place,
        lambda step, steps, note: tell(note, step, steps),
    )
    raw = run(network, tuning.tokens, place)
    calibration = fit(raw, tuning)
    thresholds = find_thresholds(
        judge(raw, tuning, calibration),
        judge(run(network, promised.tokens, place), promised, calibration),
        promise,
        risk,
    )
    calibration = replace(calibration, thresholds=thresholds)
    test_rows = [row for row in placed if row.split == "test"]
    measured = ("test", test_rows) if test_rows else ("valid", [*tuning_rows, *promise_rows])
    with draft(out.absolute().parent if out else releases or Path()) as folder:
        _write(folder, network, labels, calibration, recipe, encoder)
        reader = Reader.assemble(folder, network, labels, calibration, place)
        metrics: Metrics = {
            "measured_on": measured[0],
            **evaluate(reader, measured[1], lambda n: tell("evaluate", n, len(measured[1]))),
            "splits": {"train": len(train_rows), "tuning": len(tuning), "promise": len(promised)}
            | {"test": len(test_rows)},
            "cleaning": cleaning.to_json(),
            "epochs": [{"number": e.number, "loss": e.loss, "score": e.score} for e in epochs],
        }
        write_json(folder / "metrics.json", metrics)
        manifest = seal(folder, encoder=recipe.encoder, dataset=digest(placed))
        target = out if out is not None else (releases or Path()) / manifest.id
        publish(folder, target)
    return Trained(target, manifest, metrics)


def evaluate_release(
    path: Path,
    rows: Sequence[Row],
    *,
    device: str = "auto",
    progress: Callable[[int], None] | None = None,
) -> Metrics:
    """Metrics of the release at ``path`` on labelled rows: those marked test, if any are, else all.

    ``measured_on`` says which. Raises ``ReleaseError`` when the release is incomplete or damaged.
    """
    reader = Reader.load(path, device)
    test = [row for row in rows if row.split == "test"]
    return {
        "release": reader.release.id,
        "measured_on": "test" if test else "all given",
        **evaluate(reader, test or rows, progress),
    }


def _write(
    folder: Path,
    network: Network,
    labels: Labels,
    calibration: Calibration,
    recipe: Recipe,
    encoder: Path,
) -> None:
    write_json(folder / "recipe.json", recipe.to_json())
    write_json(
        folder / "labels.json",
        {"intents": labels.intents, "sentiments": labels.sentiments, "entities": labels.entities},
    )
    write_json(folder / "calibration.json", calibration.to_json())
    save_heads(network, folder / HEADS)
    save_encoder(network, encoder, folder / ENCODER)


def save_encoder(network: Network, source: Path, folder: Path) -> None:
    """Write the encoder as a folder that ``AutoModel`` and ``SentenceTransformer`` load as it is.

    The tokenizer's files come from ``source``, the folder that the training started from.
    """
    network.encoder.save_pretrained(folder)  # type: ignore[operator]
    for name in TOKENIZER_FILES:
        if (source / name).is_file():
            shutil.copyfile(source / name, folder / name)
    modules = [
        {"idx": 0, "name": "0", "path": "", "type": f"{MODULES}.Transformer"},
        {"idx": 1, "name": "1", "path": "1_Pooling", "type": f"{MODULES}.Pooling"},
        {"idx": 2, "name": "2", "path": "2_Normalize", "type": f"{MODULES}.Normalize"},
    ]
    (folder / "modules.json").write_text(json.dumps(modules, indent=2))
    (folder / "1_Pooling").mkdir()
    (folder / "2_Normalize").mkdir()
    pooling = {
        "word_embedding_dimension": network.hidden,
        "pooling_mode_cls_token": network.pooling == "cls",
        "pooling_mode_mean_tokens": network.pooling == "mean",
    }
    write_json(folder / "1_Pooling" / "config.json", pooling)
    write_json(
        folder / "sentence_bert_config.json",
        {"max_seq_length": MAX_TOKENS, "do_lower_case": False},
    )
    write_json(
        folder / "config_sentence_transformers.json",
        {"prompts": {}, "default_prompt_name": None, "similarity_fn_name": "cosine"},
    )


MODULES = "sentence_transformers.models"
TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    "sentencepiece.bpe.model",
    "spiece.model",
)
