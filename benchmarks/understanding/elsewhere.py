"""Figures that other benchmarks measure and this table shows: retrieval and the speed of training.

This is the one place that calls them. A module that is not there leaves a note in the table, and
a goal that its answer says nothing of stands there as not measured.

`benchmarks.retrieval` has ``base_encode()`` and ``measure(encode, data)``, which maps tasks to
methods to "map" and "recall_at_1". `benchmarks.trainer` has ``read_parts(path, limit)``, and
``measure_ours`` and ``measure_trainer`` with "rows_per_second" and "accuracy".
"""

from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec

from benchmarks.understanding.accuracy import bitext_release
from benchmarks.understanding.bench import Bench
from benchmarks.understanding.figures import Figure
from finetune.encoders import find_encoder
from index.reader import Reader

RETRIEVAL = "benchmarks.retrieval"
TRAINER = "benchmarks.trainer"
TASK, METHOD, MAP = "StackFAQ, question and answer", "hybrid", 0.765
SPEED = 1.5
SAMPLE = 200  # rows of a part that a sample compares the speed on


def is_there(module: str) -> bool:
    """Whether this version has the module."""
    return find_spec(module) is not None


def measure_retrieval(bench: Bench) -> list[Figure]:
    """With the encoder as it comes, and with that of a desk trained on another set (Bitext)."""
    retrieval = import_module(RETRIEVAL)
    trained = Reader.load(bitext_release(bench), bench.device)
    untrained = retrieval.measure(retrieval.base_encode(), bench.data)
    return [
        *name_ranks(untrained, "encoder as it comes", MAP),
        *name_ranks(retrieval.measure(trained.encode, bench.data), "trained on Bitext", None),
    ]


def measure_trainer(bench: Bench) -> list[Figure]:
    """Both trainings on the same rows of CLINC150, one after the other, for as many epochs."""
    trainer = import_module(TRAINER)
    limit = 0 if bench.share == 1 else SAMPLE
    rows, held_out = trainer.read_parts(bench.data / "clinc150.jsonl", limit)
    recipe = replace(bench.recipe, min_steps=0, patience=bench.recipe.epochs)
    encoder = find_encoder(recipe.encoder)
    both = rows, held_out, encoder
    ours = trainer.measure_ours(*both, recipe, bench.device)
    theirs = trainer.measure_trainer(*both, recipe.epochs, recipe.seed, bench.device)
    return name_speed(ours, theirs)


def name_ranks(
    tasks: Mapping[str, Mapping[str, Mapping[str, float]]], encoder: str, goal: float | None
) -> list[Figure]:
    """MAP and recall@1 of every task and method; the goal is for how the desk searches an FAQ."""
    first = tasks.get(TASK, {}).get(METHOD, {})
    figures = [Figure(f"{TASK}, {METHOD}: MAP", first.get("map"), goal, note=encoder)]
    for task, methods in tasks.items():
        for method, found in methods.items():
            for name, value in found.items():
                if (task, method, name) != (TASK, METHOD, "map"):
                    word = {"map": "MAP", "recall_at_1": "recall@1"}.get(name, name)
                    figures.append(Figure(f"{task}, {method}: {word}", value, note=encoder))
    return figures


def name_speed(ours: Mapping[str, float], theirs: Mapping[str, float]) -> list[Figure]:
    """How many times as fast, and whether as accurate."""
    fast, slow = ours["rows_per_second"], theirs["rows_per_second"]
    gap = 100 * (ours["accuracy"] - theirs["accuracy"])
    speed = f"{fast:.1f} and {slow:.1f} rows a second"
    accuracy = f"{100 * ours['accuracy']:.2f} and {100 * theirs['accuracy']:.2f}"
    parts = {"ours": dict(ours), "trainer": dict(theirs)}
    what = "rows a second, by those of the HF Trainer"
    return [
        Figure(what, fast / slow, SPEED, "times", note=speed, parts=parts),
        Figure("accuracy, less the HF Trainer's", gap, 0.0, "points", note=accuracy),
    ]
