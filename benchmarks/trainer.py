"""Our training loop against the Hugging Face Trainer with its defaults: ``python -m
benchmarks.trainer``.

Both fine-tune the same encoder on the same rows for as many epochs, one after the other in one
process, on intents alone; both are measured on the same held-out rows. The Trainer is given
``AutoModelForSequenceClassification``, a tokenizer and the number of epochs; all else is its
default. It needs accelerate (the `bench` extra). ``--save`` appends to benchmarks/results/
trainer.jsonl. Figures of a machine that does other work at the same time mean nothing.
"""

import argparse
import json
import os
import platform
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch

from finetune.batches import find_labels, number
from finetune.encoders import find_encoder
from finetune.recipe import Recipe
from finetune.rows import Row, read_rows
from finetune.train import train
from index.network import choose_device, run
from index.records import OUT_OF_SCOPE
from index.tokens import Tokenizer

RESULTS = Path(__file__).parent / "results" / "trainer.jsonl"
DATA = Path(__file__).parents[2] / "shared" / "data" / "clinc150.jsonl"


def measure_ours(
    rows: Sequence[Row], held_out: Sequence[Row], encoder: Path, recipe: Recipe, device: str
) -> dict[str, float]:
    """Rows a second, stopping rows not counted, and accuracy after the last epoch."""
    place = choose_device(device)
    tokenizer = Tokenizer.load(encoder)
    labels = find_labels(rows)
    started = time.perf_counter()
    dataset = number(rows, labels, tokenizer)
    network, epochs = train(
        [dataset], number([], labels, tokenizer), labels, encoder, recipe, place
    )
    took = time.perf_counter() - started
    test = number(held_out, labels, tokenizer)
    right = run(network, test.tokens, place).intents.argmax(1) == test.intents
    return {
        "rows_per_second": len(rows) * len(epochs) / took,
        "seconds": took,
        "accuracy": float(right.mean()),
    }


def measure_trainer(
    rows: Sequence[Row], held_out: Sequence[Row], encoder: Path, epochs: int, seed: int, device: str
) -> dict[str, float]:
    """The same of transformers' Trainer; loading and making the tokens count, as for ours."""
    from transformers import (
        AutoModelForSequenceClassification,
        AutoTokenizer,
        Trainer,
        TrainingArguments,
    )

    names = find_labels(rows).intents
    tokenizer = AutoTokenizer.from_pretrained(encoder)

    def tokens_of(part: Sequence[Row]) -> list[dict[str, Any]]:
        return [
            {**tokenizer(row.text, truncation=True), "labels": names.index(row.intent or "")}
            for row in part
        ]

    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder,
            num_train_epochs=epochs,
            seed=seed,
            report_to=[],
            disable_tqdm=True,
            use_cpu=choose_device(device).type == "cpu",
        )
        started = time.perf_counter()
        model = AutoModelForSequenceClassification.from_pretrained(encoder, num_labels=len(names))
        trainer = Trainer(
            model=model,
            args=arguments,
            train_dataset=tokens_of(rows),  # type: ignore[arg-type]
            processing_class=tokenizer,
        )
        trainer.train()
        took = time.perf_counter() - started
        found = trainer.predict(tokens_of(held_out))  # type: ignore[arg-type]
    right = np.argmax(found.predictions, axis=1) == found.label_ids
    return {
        "rows_per_second": len(rows) * epochs / took,
        "seconds": took,
        "accuracy": float(right.mean()),
        "batch_size": arguments.per_device_train_batch_size,
    }


def read_parts(path: Path, limit: int) -> tuple[list[Row], list[Row]]:
    """Training and test rows with an intent in scope, at most ``limit`` of each unless it is 0."""
    rows = [row for row in read_rows([path]) if row.intent and row.intent != OUT_OF_SCOPE]
    train_rows = _some([row for row in rows if row.split == "train"], limit)
    known = {row.intent for row in train_rows}
    return train_rows, _some([r for r in rows if r.split == "test" and r.intent in known], limit)


def _some(rows: list[Row], limit: int) -> list[Row]:
    order = np.random.default_rng(0).permutation(len(rows))
    return [rows[place] for place in sorted(order[: limit or None])]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--data", type=Path, default=DATA, help="labelled rows with splits")
    parser.add_argument("--encoder", default=Recipe().encoder)
    parser.add_argument("--epochs", type=int, default=Recipe().epochs)
    parser.add_argument("--rows", type=int, default=0, help="at most so many rows of each part")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--seed", type=int, default=Recipe().seed)
    parser.add_argument("--save", action="store_true", help=f"append to {RESULTS}")
    options = parser.parse_args()
    if not options.data.is_file():
        parser.error(f"there is no {options.data}: give --data FILE, rows with train and test")
    rows, held_out = read_parts(options.data, options.rows)
    if not rows or not held_out:
        parser.error(f"{options.data} has no intents in rows marked train and test")
    encoder = find_encoder(options.encoder)
    recipe = replace(
        Recipe(encoder=options.encoder, epochs=options.epochs, seed=options.seed),
        min_steps=0,
        patience=options.epochs,
    )
    ours = measure_ours(rows, held_out, encoder, recipe, options.device)
    print(f"frontdesk: {ours}", flush=True)
    theirs = measure_trainer(rows, held_out, encoder, options.epochs, options.seed, options.device)
    print(f"Trainer: {theirs}", flush=True)
    result = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "threads": torch.get_num_threads(),
        "rows": len(rows),
        "held_out": len(held_out),
        "epochs": options.epochs,
        "encoder": options.encoder,
        "frontdesk": ours,
        "trainer": theirs,
        "times_as_fast": ours["rows_per_second"] / theirs["rows_per_second"],
    }
    print(json.dumps(result, indent=2))
    if options.save:
        RESULTS.parent.mkdir(exist_ok=True)
        with RESULTS.open("a", encoding="utf-8") as file:
            file.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
